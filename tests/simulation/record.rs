//! Views and what was decided about them: recorded from the scenarios with `RECORD=FILE`, and kept
//! in `corpus.jsonl`, one a line: the shortest ones of each answer. Never decides anything.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex};
use zinoargus::argus::models::EventKind;
use zinoargus::reconcile::decide::decide;
use zinoargus::reconcile::rules::Rules;
use zinoargus::reconcile::view::{Action, Next, Question, View};

/// What was recorded, by what is typical of it.
static CORPUS: &str = include_str!("corpus.jsonl");
/// The same of examples.
static EXAMPLES: &str = include_str!("examples.jsonl");

/// A view, and the answer.
#[derive(Debug, Serialize, Deserialize)]
struct Recorded {
    /// What it is about, for people.
    name: String,
    /// `None`: those of the simulation with one instance.
    rules: Option<Rules>,
    view: View,
    next: Next,
}

/// The shortest line of each kind so far.
type Shortest = Mutex<BTreeMap<String, String>>;

/// The file that views are recorded in, and what it holds.
static RECORDED: LazyLock<Option<(String, Shortest)>> = LazyLock::new(|| {
    let file = std::env::var("RECORD").ok()?;
    let lines = std::fs::read_to_string(&file).unwrap_or_default();
    let known = lines.lines().filter_map(|line| Some((read(line)?.name, line.to_owned())));
    Some((file, Mutex::new(known.collect())))
});

fn read(line: &str) -> Option<Recorded> {
    serde_json::from_str(line).ok()
}

/// One line, without the attributes that are not there.
fn line(recorded: &Recorded) -> String {
    let mut value = serde_json::to_value(recorded).expect("it can be written");
    drop_nulls(&mut value, "");
    value.to_string()
}

/// Of numbers and incidents that were asked for, "it is not there" is an answer.
fn drop_nulls(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null() || matches!(name, "numbers" | "read"));
            fields.iter_mut().for_each(|(name, field)| drop_nulls(field, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_nulls(item, "")),
        _ => {}
    }
}

fn usual_rules() -> Rules {
    crate::driver::rules(0, crate::scenarios::ALONE)
}

/// Keeps a view with its answer, with `RECORD` only: the shortest of its kind, or all those of an
/// example.
pub fn record(example: Option<&str>, rules: &Rules, view: &View, next: &Next) {
    let Some((file, known)) = &*RECORDED else { return };
    let mut known = known.lock().expect("nobody panicked here");
    let name = match example {
        Some(example) => format!("{example} #{:03}", known.len()),
        None => kind(view, next),
    };
    let rules = Some(rules.clone()).filter(|rules| *rules != usual_rules());
    let recorded = Recorded { name, rules, view: view.clone(), next: next.clone() };
    let line = line(&recorded);
    if known.get(&recorded.name).is_none_or(|other| line.len() < other.len()) {
        known.insert(recorded.name, line);
        let lines: Vec<&str> = known.values().map(String::as_str).collect();
        std::fs::write(file, lines.join("\n") + "\n").expect("RECORD can be written");
    }
}

/// What is typical of a view and its answer: the answer, the cases, and what was read.
fn kind(view: &View, next: &Next) -> String {
    let answer = match next {
        Next::Ask(_, Question::Incident(_)) => "reads an incident".to_owned(),
        Next::Ask(_, Question::Number(_)) => "looks a number up".to_owned(),
        Next::Ask(_, Question::Acks(_)) => "looks at acknowledgements".to_owned(),
        Next::Ask(_, Question::OpenAboutProblem(_)) => "looks the problem up".to_owned(),
        Next::Wait(wait) => format!("waits ({})", format!("{wait:?}").split('(').next().unwrap_or_default()),
        Next::Done => "has nothing to do".to_owned(),
        Next::Write(writes) => {
            let shown = |action: &Action| match action {
                Action::Create(new) if new.end_time.is_some() => "a closed incident".to_owned(),
                Action::Create(new) if new.source_incident_id.contains('-') => "a second number".to_owned(),
                Action::Create(_) => "an incident".to_owned(),
                Action::Post(_, event) => format!("{:?}", event.kind),
                Action::Patch(..) => "a change".to_owned(),
                Action::Expire(..) => "the end of ours".to_owned(),
            };
            let all: BTreeSet<String> =
                writes.iter().map(|write| format!("{:?} {}", write.rule, shown(&write.action))).collect();
            format!("writes {}", all.into_iter().collect::<Vec<_>>().join(", "))
        }
    };
    let cases: Vec<&str> = view.cases.iter().map(|w| if w.case.is_closed() { "closed" } else { "open" }).collect();
    let turns = view.argus.read.values().map(|read| {
        let Some(read) = read else { return "none" };
        let turn = read.events.iter().rev().map(|event| &event.kind).find(|kind| is_turn(kind));
        match (turn, read.incident.is_open()) {
            (Some(EventKind::End), false) => "ended",
            (Some(EventKind::Close), false) => "closed",
            (Some(EventKind::Reopen), true) => "reopened",
            (Some(EventKind::Restart), true) => "restarted",
            (Some(EventKind::End | EventKind::Close), true) => "lost",
            (_, open) => {
                if open {
                    "open"
                } else {
                    "on record"
                }
            }
        }
    });
    let turns: BTreeSet<&str> = turns.collect();
    let more = [
        (view.in_doubt.is_some(), " in doubt"),
        (view.writes_nothing, " after a failure"),
        (view.cases.iter().any(|work| work.exempt), " exempt"),
        (view.cases.iter().any(|work| work.tried), " tried"),
        (view.cases.iter().any(|work| work.setbacks != Default::default()), " refused"),
    ];
    let more: String = more.into_iter().filter(|(is_so, _)| *is_so).map(|(_, text)| text).collect();
    format!("{answer}: cases {cases:?}, incidents {turns:?}{more}")
}

fn is_turn(kind: &EventKind) -> bool {
    matches!(kind, EventKind::End | EventKind::Close | EventKind::Reopen | EventKind::Restart)
}

/// Where an answer changed on purpose, `RECORD_AGAIN=tests/simulation` writes the new ones.
fn check(text: &str, file: &str, least: usize) {
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let recorded = read(line).unwrap_or_else(|| panic!("not a recorded view: {line}"));
        let next = decide(&recorded.view, recorded.rules.as_ref().unwrap_or(&usual_rules()));
        if next != recorded.next {
            wrong.push(format!("{}\n  was {:?}\n  is  {next:?}", recorded.name, recorded.next));
        }
        lines.push(self::line(&Recorded { next, ..recorded }));
    }
    if let Ok(folder) = std::env::var("RECORD_AGAIN") {
        std::fs::write(format!("{folder}/{file}"), lines.join("\n") + "\n").expect("RECORD_AGAIN can be written");
        return;
    }
    assert!(wrong.is_empty(), "{} answers have changed:\n{}", wrong.len(), wrong.join("\n"));
    assert!(lines.len() >= least, "there are {} views", lines.len());
}

#[test]
fn decide_answers_every_recorded_view_as_recorded() {
    check(CORPUS, "corpus.jsonl", 70);
}

#[test]
fn decide_answers_the_views_of_the_examples_as_recorded() {
    check(EXAMPLES, "examples.jsonl", 140);
}
