//! What an incident still lacks to tell the truth about its case (design 4.4 to 4.7). Pure: a function of what both servers
//! say now; never remembers and never writes.

use super::carry::{self, UserAction};
use super::evidence::{Evidence, Telling, lost_close_text, restart_text};
use super::filter;
use super::identity::{IDENTITY_TAGS, server};
use super::mapping::{self, closing, entry_text};
use super::rules::Rules;
use super::text::{cut, normal, one_line, tag_value};
use crate::argus::models::{Event, EventKind, Incident, IncidentPk, NewEvent, Patch, Tag};
use crate::time::Stamp;
use crate::zino::case::{Case, HistoryEntry};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How much of an event's text is shown where the write is named, in bytes.
const MAX_SHOWN: usize = 60;

/// One write to an incident.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Post an event.
    Post(NewEvent),
    /// Change the incident's fields.
    Patch(Patch),
}

impl Step {
    /// What it does to an incident, in the words of a log line.
    #[must_use]
    pub fn told(&self, pk: IncidentPk) -> String {
        match self {
            Self::Patch(_) => format!("changed incident {pk} to match"),
            Self::Post(event) => match event.kind {
                EventKind::End => format!("ended incident {pk}: {}", normal(&event.description)),
                EventKind::Restart => format!("reopened incident {pk}"),
                _ => format!("history to incident {pk}: {}", normal(&event.description)),
            },
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn shown(&self, pk: IncidentPk) -> String {
        match self {
            Self::Patch(_) => format!("a change of incident {pk}"),
            Self::Post(event) => match event.kind {
                EventKind::End => format!("END on incident {pk}"),
                EventKind::Restart => format!("RES on incident {pk}"),
                _ => format!("the event \"{}\" on incident {pk}", one_line(&cut(&event.description, MAX_SHOWN))),
            },
        }
    }

    /// What makes a write the same write when it is planned again; a RES and the END of a spare carry the time of planning.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Post(event) if event.kind == EventKind::Other => {
                // A long text is known as well by its hash.
                let mut hasher = DefaultHasher::new();
                normal(&event.description).hash(&mut hasher);
                format!("OTH {} {:016x}", event.timestamp, hasher.finish())
            }
            Self::Post(event) => format!("{:?}", event.kind),
            Self::Patch(_) => "PATCH".to_owned(),
        }
    }

    /// Whether its effect must be looked for, because Argus can lose an update there.
    #[must_use]
    pub fn must_be_looked_for(&self) -> bool {
        !matches!(self, Self::Post(NewEvent { kind: EventKind::Other, .. }))
    }
}

/// What two servers lack of each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Writes to the incident, in order.
    pub steps: Vec<Step>,
    /// What people did on the incident and the case may still lack.
    pub actions: Vec<UserAction>,
}

/// A case, the incident that is its home, and everything that bears on the two.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The case.
    pub case: &'a Case,
    /// Its incident as Argus has it now.
    pub incident: &'a Incident,
    /// All the incident's events.
    pub events: &'a [Event],
    /// Whether the incident is this very case's, and not adopted.
    pub exact: bool,
    /// The time now, for events that tell of no other time.
    pub now: Stamp,
}

/// Works out what is lacking.
#[must_use]
pub fn plan(view: &View<'_>, rules: &Rules) -> Plan {
    let evidence = Evidence::of(view.incident, view.events);
    let adopted_by = (!view.exact).then_some(view.case.opened);
    let actions = carry::actions(&evidence, view.incident, rules, adopted_by);
    let turn = turn(view, &evidence, &actions, rules);
    let ends = turn.as_ref().is_some_and(|event| event.kind == EventKind::End);
    let mut steps: Vec<Step> = missing_history(view.case, ends, &evidence, rules).into_iter().map(Step::Post).collect();
    steps.extend(attributes(view.case, view.incident, rules).map(Step::Patch));
    steps.extend(turn.map(Step::Post));
    Plan { steps, actions }
}

/// History entries that the incident has no event of, in order (4.4). The closing is told by the END where one is due now, and
/// by an ordinary event where the incident has ended already: an END there could only undo somebody's reopening.
fn missing_history(case: &Case, ends: bool, evidence: &Evidence<'_>, rules: &Rules) -> Vec<NewEvent> {
    let carried_by_end = closing(case).and_then(|c| c.entry).filter(|_| ends);
    let is_due =
        |(position, entry): &(usize, &HistoryEntry)| Some(*position) != carried_by_end && is_told(entry, rules);
    let due: Vec<&HistoryEntry> = case.history.iter().enumerate().filter(is_due).map(|(_, entry)| entry).collect();
    let tellings: Vec<Telling> = due.iter().map(|entry| telling(entry)).collect();
    let untold = due.into_iter().zip(evidence.are_told(&tellings)).filter(|(_, told)| !told);
    let post =
        |entry: &HistoryEntry| NewEvent { kind: EventKind::Other, timestamp: entry.at, description: entry_text(entry) };
    untold.map(|(entry, _)| post(entry)).collect()
}

fn telling(entry: &HistoryEntry) -> Telling {
    let closes = entry.state_change().is_some_and(|change| change.to == "closed");
    Telling { at: entry.at.secs(), text: normal(&entry_text(entry)), closes }
}

/// Whether a history entry is told in Argus: not the opening, and nothing that our own user wrote.
fn is_told(entry: &HistoryEntry, rules: &Rules) -> bool {
    match entry.state_change() {
        Some(change) => change.from != "embryonic" && change.user != rules.user,
        None => entry.text_by(&rules.user).is_none(),
    }
}

/// The change that brings tags, description and perhaps level up to date (4.5); `None` if nothing is to be changed.
fn attributes(case: &Case, incident: &Incident, rules: &Rules) -> Option<Patch> {
    if case.is_closed() || !incident.is_open() {
        return None;
    }
    let maker = server(incident).filter(|s| *s != rules.server);
    if rules.secondary && maker.is_some() {
        return None;
    }
    let wanted = mapping::tags(case, rules);
    let has = |text: &str| incident.tags.iter().any(|t| normal_tag(t.text) == text);
    let ours = |t: &Tag<'_>| t.added_by == incident.source_user;
    let others: Vec<&str> = incident.tags.iter().filter(|t| !ours(t)).map(|t| t.text).collect();
    let (stays, outdated): (Vec<Tag<'_>>, Vec<Tag<'_>>) = incident
        .tags
        .iter()
        .filter(|t| ours(t) && !wanted.contains(&normal_tag(t.text)))
        .partition(|t| says_alone(incident, t, &wanted, &others));
    if outdated.is_empty() && wanted.iter().all(|text| has(text)) {
        return None;
    }
    let kept = others.iter().copied().chain(stays.iter().map(|t| t.text));
    let mut tags: Vec<String> = kept.map(str::to_owned).collect();
    tags.extend(wanted.into_iter().filter(|text| !tags.contains(text)).collect::<Vec<_>>());
    let description = mapping::description(case);
    Some(Patch {
        tags: Some(tags),
        description: (normal(&description) != normal(&incident.description)).then_some(description),
        level: priority_changed(case, incident).then(|| rules.level(case.priority)).filter(|l| *l != incident.level),
        // The other instance goes by this and then leaves the tags to us, else the two would change them in turns.
        metadata: maker.map(|_| mapping::metadata(case, rules)),
    })
}

/// Whether an outdated tag of ours has to stay: an incident of the Python program is known by our
/// own tags alone, and the one that should take its place was added by somebody else.
fn says_alone(incident: &Incident, tag: &Tag<'_>, wanted: &[String], others: &[&str]) -> bool {
    let key = |text: &str| text.split_once('=').map(|(key, _)| key.trim().to_owned());
    let key_of_it = key(tag.text).filter(|key| incident.made_for.is_none() && IDENTITY_TAGS.contains(&key.as_str()));
    let anothers = others.iter().map(|text| normal_tag(text)).filter(|text| wanted.contains(text));
    key_of_it.is_some() && anothers.map(|text| key(&text)).any(|key| key == key_of_it)
}

fn normal_tag(text: &str) -> String {
    match text.split_once('=') {
        Some((key, value)) => format!("{}={}", key.trim(), tag_value(value)),
        None => text.to_owned(),
    }
}

/// Whether the priority that we tagged last is not the case's: only then is the level ours to set.
fn priority_changed(case: &Case, incident: &Incident) -> bool {
    incident
        .tags
        .iter()
        .filter(|t| t.added_by == incident.source_user)
        .filter_map(|t| t.text.strip_prefix("priority="))
        .next()
        .is_some_and(|tagged| tagged.trim() != case.priority.to_string())
}

/// The event that opens or ends the incident, if one is due (4.6, 4.7).
fn turn(view: &View<'_>, evidence: &Evidence<'_>, actions: &[UserAction], rules: &Rules) -> Option<NewEvent> {
    if view.case.is_closed() { end(view, evidence, rules) } else { restart(view, evidence, actions, rules) }
}

/// END for a closed case whose incident is open, unless somebody wants it so; and for one that was created closed, on record.
fn end(view: &View<'_>, evidence: &Evidence<'_>, rules: &Rules) -> Option<NewEvent> {
    let untold = view.incident.is_open() || evidence.newest_turn().is_none();
    let closing = closing(view.case).filter(|_| untold)?;
    let wanted_open = match evidence.our_end_at(closing.at) {
        // Open although our END is the last word: Argus lost it.
        Some(told) => evidence.reopened_after(told, &rules.server),
        None => evidence.newest_turn().is_some_and(|e| e.kind == EventKind::Reopen && e.received > closing.at),
    };
    (!wanted_open).then_some(NewEvent { kind: EventKind::End, timestamp: closing.at, description: closing.text })
}

/// RES for an open case whose incident has ended without a person's standing will; END where that will was lost.
fn restart(view: &View<'_>, evidence: &Evidence<'_>, actions: &[UserAction], rules: &Rules) -> Option<NewEvent> {
    if let Some(close) = evidence.standing_close() {
        let concerns = actions.iter().any(|action| action.pk == close.pk);
        if concerns && carry::reopened_by_zino(view.case, actions, rules) {
            return Some(restart_event(view, rules));
        }
        let lost = concerns && view.incident.is_open();
        return lost.then(|| NewEvent {
            kind: EventKind::End,
            timestamp: close.timestamp,
            description: lost_close_text(&tag_value(&close.actor_name)),
        });
    }
    (!view.incident.is_open()).then(|| restart_event(view, rules))
}

fn restart_event(view: &View<'_>, rules: &Rules) -> NewEvent {
    NewEvent {
        kind: EventKind::Restart,
        timestamp: view.now,
        description: restart_text(view.case.id, &view.case.state, &rules.server),
    }
}

/// What synchronisation makes of a case, as one number: a case that changes without changing this needs no look at Argus.
#[must_use]
pub fn fingerprint(case: &Case, rules: &Rules) -> u64 {
    let mut hasher = DefaultHasher::new();
    case.state.hash(&mut hasher);
    case.opened.hash(&mut hasher);
    case.history.hash(&mut hasher);
    filter::verdict(case).hash(&mut hasher);
    filter::fault_is_over(case).hash(&mut hasher);
    mapping::tags(case, rules).hash(&mut hasher);
    mapping::description(case).hash(&mut hasher);
    closing(case).map(|c| c.at).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
