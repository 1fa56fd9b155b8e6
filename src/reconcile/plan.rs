//! What an incident lacks of its case besides its state: history entries (HISTORY) and
//! attributes (TAGS). Pure; never decides whether an incident is open.

use super::evidence::{EntryText, Evidence};
use super::filter;
use super::identity::{IDENTITY_TAGS, server};
use super::mapping::{self, closing, entry_text};
use super::rules::Rules;
use super::text::{normal, tag_value};
use crate::argus::models::{EventKind, Incident, NewEvent, Patch, Tag};
use crate::zino::case::{Case, HistoryEntry};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The events that carry the missing history entries. An END that is due carries the
/// closing entry. Where the incident has ended already an ordinary event carries it, because an
/// END there could only undo a reopening.
/// Rules: HISTORY-1, HISTORY-5.
pub(super) fn missing_history(case: &Case, ends: bool, evidence: &Evidence<'_>, rules: &Rules) -> Vec<NewEvent> {
    let sent_by_end = closing(case).and_then(|c| c.entry).filter(|_| ends);
    let is_due = |(position, entry): &(usize, &HistoryEntry)| Some(*position) != sent_by_end && is_sent(entry, rules);
    let due: Vec<&HistoryEntry> = case.history.iter().enumerate().filter(is_due).map(|(_, entry)| entry).collect();
    let texts: Vec<EntryText> = due.iter().map(|entry| entry_text_of(entry)).collect();
    let missing = due.into_iter().zip(evidence.are_delivered(&texts)).filter(|(_, delivered)| !delivered);
    let post =
        |entry: &HistoryEntry| NewEvent { kind: EventKind::Other, timestamp: entry.at, description: entry_text(entry) };
    missing.map(|(entry, _)| post(entry)).collect()
}

fn entry_text_of(entry: &HistoryEntry) -> EntryText {
    let closes = entry.state_change().is_some_and(|change| change.to == "closed");
    EntryText { at: entry.at.secs(), text: normal(&entry_text(entry)), closes }
}

/// Whether a history entry becomes an event: not the opening entry, and no entry of our own Zino
/// user.
/// Rule: HISTORY-2.
fn is_sent(entry: &HistoryEntry, rules: &Rules) -> bool {
    match entry.state_change() {
        Some(change) => change.from != "embryonic" && change.user != rules.user,
        None => entry.text_by(&rules.user).is_none(),
    }
}

/// The change of tags, description and perhaps level that the incident lacks (TAGS).
/// Rules: TAGS-1, TAGS-2, TAGS-4, TAGS-5.
pub(super) fn attributes(case: &Case, incident: &Incident, rules: &Rules) -> Option<Patch> {
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
        .partition(|t| identifies(incident, t, &wanted, &others));
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
        // Claims the incident. The other instance then leaves the tags alone; otherwise both would
        // overwrite each other.
        metadata: maker.map(|_| mapping::metadata(case, rules)),
    })
}

/// Whether an outdated tag of ours has to stay. Our own tags alone identify an incident of the
/// Python program, and somebody else added the tag that would replace this one.
fn identifies(incident: &Incident, tag: &Tag<'_>, wanted: &[String], others: &[&str]) -> bool {
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

/// Whether the priority in our tag is outdated: only then does the level change.
/// Rule: TAGS-3.
fn priority_changed(case: &Case, incident: &Incident) -> bool {
    incident
        .tags
        .iter()
        .filter(|t| t.added_by == incident.source_user)
        .filter_map(|t| t.text.strip_prefix("priority="))
        .next()
        .is_some_and(|tagged| tagged.trim() != case.priority.to_string())
}

/// A hash of everything of a case that shows in Argus. A case that changes without changing it
/// needs no run.
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
