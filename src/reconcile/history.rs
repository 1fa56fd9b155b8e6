//! The history entries that an incident lacks (HISTORY). Pure; never decides whether an incident
//! is open.

use super::evidence::{EntryText, Evidence};
use super::render::{closing, entry_text};
use super::rules::Rules;
use super::text::normal;
use crate::argus::models::{EventKind, NewEvent};
use crate::zino::case::{Case, HistoryEntry};

/// The events that carry the missing history entries, in order. An END that is due carries
/// the closing entry. Where the incident has ended already an ordinary event carries it, because an
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
