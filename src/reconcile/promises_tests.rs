//! What every decision keeps to, whatever its view. Never part of the program.

use super::decide::{decide, progress};
use super::testing::{ALICE, OPENED, US, case, case_work, closed, entry, event, incident, port_case, rules, view_of};
use super::view::{Action, IncidentRead, Next, Question, View};
use crate::argus::models::{EndTime, Event, EventKind, Incident, IncidentPk};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseState};
use std::collections::BTreeSet;

/// The incidents of an imagined Argus, with their events.
type Argus = Vec<(Incident, Vec<Event>)>;

fn ended(mut incident: Incident) -> Incident {
    incident.end_time = EndTime::At(Stamp::from_secs(OPENED + 500));
    incident.open = false;
    incident
}

/// Open and closed cases with history, alone and two of one problem.
fn cases() -> Vec<Vec<Case>> {
    let mut open = case(1);
    open.priority = 600;
    open.history.push(entry(60, "ford", &["Looking into it."]));
    let over = closed(open.clone(), 400);
    let mut later = Case { id: 2, opened: Stamp::from_secs(OPENED + 450), ..open.clone() };
    later.history.clear();
    vec![vec![open.clone()], vec![over.clone()], vec![over, later], vec![]]
        .into_iter()
        .filter(|c| !c.is_empty())
        .collect()
}

/// Events that say each thing that the turns of an incident depend on.
fn events() -> Vec<Vec<Event>> {
    let kinds = [(US, EventKind::End), (ALICE, EventKind::Close), (ALICE, EventKind::Reopen), (US, EventKind::Restart)];
    let one = |pk: i64, (actor, kind): &(i64, EventKind)| event(pk, *actor, kind.clone(), 400 + pk, "words");
    let mut all = vec![Vec::new()];
    for first in &kinds {
        all.push(vec![one(1, first)]);
        all.extend(kinds.iter().map(|second| vec![one(1, first), one(2, second)]));
    }
    all
}

/// Everything that Argus may hold about the first case: nothing, one incident, or two.
fn worlds(first: &Case) -> Vec<Argus> {
    let mut worlds = vec![Vec::new()];
    for events in events() {
        let mut adopted = incident(5, first);
        (adopted.source_incident_id, adopted.start_time) = ("99".into(), Stamp::from_secs(OPENED - 900));
        for row in [incident(1, first), ended(incident(1, first)), adopted.clone(), ended(adopted.clone())] {
            worlds.push(vec![(row.clone(), events.clone())]);
            if row.pk == 1 {
                worlds.push(vec![(row, events.clone()), (adopted.clone(), Vec::new())]);
            }
        }
    }
    worlds
}

/// Answers a question as that Argus does. False if its answer is known already.
fn answer(view: &mut View, argus: &Argus, id: u64, question: &Question) -> bool {
    let by = |is_it: &dyn Fn(&Incident) -> bool| argus.iter().find(|(row, _)| is_it(row)).cloned();
    match question {
        Question::Incident(pk) => {
            let read = by(&|row| row.pk == *pk).map(|(incident, events)| IncidentRead { incident, events });
            !view.argus.read.contains_key(pk) && view.take_incident(*pk, read)
        }
        Question::Number(number) => {
            let found = by(&|row| *row.source_incident_id == **number).map(|(row, _)| row);
            !view.argus.numbers.contains_key(number) && view.take_number(id, number, found)
        }
        Question::Acks(_) => false,
        Question::OpenAboutProblem(_) => {
            let is_news = !view.argus.lists_all_open;
            view.take_open(argus.iter().filter(|(row, _)| row.is_open()).map(|(row, _)| row.clone()));
            is_news
        }
    }
}

/// Follows the decisions about every view up to the first writes or to the end. `check` gets what
/// was decided last, and the view that it rests on.
fn for_every_view(check: impl Fn(&View, &Next)) {
    let mut seen = 0;
    for cases in cases() {
        for argus in worlds(&cases[0]) {
            for lists_all_open in [true, false] {
                let rows: Vec<&Incident> = argus.iter().map(|(row, _)| row).filter(|_| lists_all_open).collect();
                let mut view = view_of(cases.iter().map(case_work), rows);
                view.argus.lists_all_open = lists_all_open;
                let mut questions = 0;
                let last = loop {
                    let next = decide(&view, &rules());
                    let Next::Ask(id, question) = &next else { break next };
                    questions += 1;
                    assert!(questions <= 12, "no end of questions: {view:#?}");
                    assert!(answer(&mut view, &argus, *id, question), "{question:?} is known: {view:#?}");
                };
                check(&view, &last);
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn a_decision_asks_for_nothing_that_is_known_and_comes_to_an_end() {
    for_every_view(|view, last| {
        assert_eq!(decide(view, &rules()), *last, "the same view, the same answer");
        if *last == Next::Done {
            let settled: BTreeSet<_> = progress(view, &rules()).settled.into_iter().collect();
            assert!(view.cases.iter().all(|work| settled.contains(&work.case.id)), "{view:#?}");
        }
    });
}

#[test]
fn only_an_incident_that_was_read_is_written_to() {
    for_every_view(|view, last| {
        let Next::Write(writes) = last else { return };
        for pk in writes.iter().filter_map(super::view::Write::incident) {
            let is_read = |pk: IncidentPk| view.argus.read.get(&pk).is_some_and(Option::is_some);
            assert!(is_read(pk), "{writes:?} on {view:#?}");
        }
    });
}

#[test]
fn nothing_is_created_while_an_open_incident_may_be_about_the_problem() {
    for_every_view(|view, last| {
        let Next::Write(writes) = last else { return };
        if writes.iter().any(|write| matches!(write.action, Action::Create(_))) {
            assert!(view.argus.lists_all_open, "{view:#?}");
        }
    });
}

#[test]
fn a_write_that_changes_the_state_is_the_last_of_its_batch() {
    for_every_view(|_, last| {
        let Next::Write(writes) = last else { return };
        let first = writes.iter().position(super::view::Write::makes_uncertain);
        assert!(first.is_none_or(|at| at + 1 == writes.len()), "{writes:?}");
    });
}

#[test]
fn a_case_that_has_an_incident_keeps_it_whatever_its_attributes_become() {
    let made = port_case(1);
    let row = incident(1, &made);
    let unwanted = [
        Case { state: CaseState::Ignored, ..made.clone() },
        Case { descr: Some("no production port".into()), ..made.clone() },
        Case { log_says_down: Some(false), ..made.clone() },
        Case { portstate: None, ..made.clone() },
    ];
    for mut case in unwanted {
        assert_eq!(decide(&view_of([case_work(&case)], []), &rules()), Next::Done, "no new incident for {case:?}");
        case.history.push(entry(60, "ford", &["Looking into it."]));
        let mut view = view_of([case_work(&case)], [&row]);
        assert!(view.take_incident(1, Some(IncidentRead { incident: row.clone(), events: Vec::new() })));
        let Next::Write(writes) = decide(&view, &rules()) else { panic!("nothing is done about {case:?}") };
        let posts = |action: &Action| matches!(action, Action::Post(1, event) if event.kind == EventKind::Other);
        assert!(writes.iter().any(|write| posts(&write.action)), "{writes:?}");
    }
}
