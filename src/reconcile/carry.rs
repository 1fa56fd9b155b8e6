//! What people did in Argus and what of it a case still lacks in Zino (USER). Pure; never
//! writes.
//!
//! Delivery is proved by counting equal entries, never by comparing the two servers' clocks: the
//! k-th act with a text belongs to the k-th entry of our user with that text.

use super::evidence::Evidence;
use super::rules::Rules;
use super::text::{normal, persons_text, tag_value};
use crate::argus::models::{Event, EventKind, EventPk};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseState, HistoryEntry};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionKind {
    /// Closed the incident; `stands` if nobody reopened it since.
    Close {
        /// Whether it is still that person's will.
        stands: bool,
    },
    /// Acknowledged it.
    Acknowledge,
    /// Set a ticket URL.
    Ticket,
}

/// What a person did in Argus, as an entry in the history of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAction {
    /// The event that recorded it.
    pub pk: EventPk,
    /// What it was.
    pub kind: ActionKind,
    /// The entry for Zino, bounded.
    pub text: String,
}

/// One write to Zino.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// ADDHIST.
    History(String),
    /// SETSTATE.
    State(CaseState),
}

/// The user actions on an incident that concern its case. If a case adopted the incident that
/// opened at `adopted_by`, only those of the life of that case.
/// Rules: USER-10, USER-11.
#[must_use]
pub fn actions(evidence: &Evidence<'_>, rules: &Rules, adopted_by: Option<Stamp>) -> Vec<UserAction> {
    let in_its_life = |e: &Event| adopted_by.is_none_or(|opened| evidence.concerns(e, opened));
    let concerns = |e: &Event| !evidence.is_ours(e) && in_its_life(e);
    let standing = evidence.standing_close().map(|e| e.pk);
    let mut out: Vec<UserAction> = evidence
        .all()
        .filter(|e| concerns(e))
        .filter_map(|e| {
            let kind = if evidence.is_persons_close(e) {
                ActionKind::Close { stands: standing.is_some_and(|pk| pk == e.pk) }
            } else if e.kind == EventKind::Acknowledge && rules.acknowledged_state.is_some() {
                ActionKind::Acknowledge
            } else {
                return None;
            };
            Some(UserAction { pk: e.pk, kind, text: persons_text(&e.description, &e.actor_name) })
        })
        .collect();
    if rules.tickets {
        out.extend(ticket(evidence));
    }
    out
}

/// The ticket that the incident has now, with the person who set it. Without the CHI event the
/// person is unknown. A guess would add a second entry later, so the ticket waits.
/// Rule: USER-3.
fn ticket(evidence: &Evidence<'_>) -> Option<UserAction> {
    let url = normal(&evidence.incident.ticket_url);
    if url.is_empty() {
        return None;
    }
    let change = evidence.all().rev().find(|e| e.kind == EventKind::Change && sets_ticket(e, &url));
    let change = change.filter(|e| !evidence.is_ours(e))?;
    let text = format!("Ticket {} added by Argus user {}", tag_value(&url), tag_value(&change.actor_name));
    Some(UserAction { pk: change.pk, kind: ActionKind::Ticket, text })
}

/// Whether a change event turned the ticket URL from something else into this one.
fn sets_ticket(event: &Event, url: &str) -> bool {
    let text = normal(&event.description);
    let Some(change) = text.strip_prefix("Change: \"ticket_url\":") else {
        return false;
    };
    let Some(before) = change.strip_suffix(url) else {
        return false;
    };
    before.trim_end().strip_suffix('→').is_some_and(|old| old.trim() != url)
}

/// The positions of the entries of our own user in the history of a case, by normal form.
fn our_entries(case: &Case, rules: &Rules) -> HashMap<String, Vec<usize>> {
    let mut entries: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, entry) in case.history.iter().enumerate() {
        if let Some(text) = entry.text_by(&rules.user) {
            entries.entry(normal(&text)).or_default().push(position);
        }
    }
    entries
}

/// For each user action the position of its entry in the history of the case.
/// Rules: USER-4, TEXT-2.
fn positions(case: &Case, actions: &[UserAction], rules: &Rules) -> Vec<Option<usize>> {
    let entries = our_entries(case, rules);
    let mut used: HashMap<String, usize> = HashMap::new();
    actions
        .iter()
        .map(|action| {
            let text = normal(&action.text);
            let equal = entries.get(&text)?;
            if action.kind == ActionKind::Ticket {
                return equal.first().copied();
            }
            let nth = used.entry(text).or_default();
            *nth += 1;
            equal.get(*nth - 1).copied()
        })
        .collect()
}

/// The position of the last state change in the history of a case, to `to` or to any state.
fn last_change(case: &Case, to: Option<&str>) -> Option<usize> {
    let matches = |entry: &HistoryEntry| entry.state_change().is_some_and(|change| to.is_none_or(|to| change.to == to));
    case.history.iter().rposition(matches)
}

/// The writes that the case still lacks, in order. Empty: every user action has arrived.
/// Rules: USER-1, USER-2, USER-9, DECIDE-9.
#[must_use]
pub fn writes(case: &Case, actions: &[UserAction], rules: &Rules) -> Vec<Write> {
    let positions = positions(case, actions, rules);
    let mut out: Vec<Write> = Vec::new();
    for (action, _) in actions.iter().zip(&positions).filter(|(_, position)| position.is_none()) {
        let write = Write::History(action.text.clone());
        // One ticket can be set on several incidents of a case. One entry is enough.
        if action.kind != ActionKind::Ticket || !out.contains(&write) {
            out.push(write);
        }
    }
    if case.is_closed() {
        return out;
    }
    let placed = || actions.iter().zip(&positions);
    let standing = placed().find(|(action, _)| matches!(action.kind, ActionKind::Close { stands: true }));
    if let Some((_, position)) = standing {
        let closed = last_change(case, Some("closed"));
        if !position.is_some_and(|entry| closed >= Some(entry)) {
            out.push(Write::State(CaseState::Closed));
        }
    } else if let Some(wanted) = rules.acknowledged_state.as_ref().filter(|s| **s != case.state) {
        let changed = last_change(case, None);
        let lacking = placed()
            .filter(|(action, _)| action.kind == ActionKind::Acknowledge)
            .any(|(_, position)| !position.is_some_and(|entry| changed >= Some(entry)));
        if lacking {
            out.push(Write::State(wanted.clone()));
        }
    }
    out
}

/// Whether Zino reopened the case after a standing close had arrived: its entry and its state
/// change are there, and the case is open. The end of a planned maintenance does that.
/// Rule: USER-8.
#[must_use]
pub fn reopened_by_zino(case: &Case, actions: &[UserAction], rules: &Rules) -> bool {
    let stands = actions.iter().any(|action| matches!(action.kind, ActionKind::Close { stands: true }));
    stands && !case.is_closed() && writes(case, actions, rules).is_empty()
}

#[cfg(test)]
#[path = "carry_tests.rs"]
mod tests;
