//! What a case in Zino still lacks of the user actions in Argus (USER). Pure; never writes.
//!
//! Counting equal entries proves a delivery, never a comparison of the two servers' clocks: the
//! k-th action with a text belongs to the k-th entry of our user with that text.

use super::rules::Rules;
use super::text::normal;
use super::user_actions::{ActionKind, UserAction};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseId, CaseState, HistoryEntry, Problem};
use std::collections::HashMap;

/// One write to Zino.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZinoWrite {
    /// ADDHIST.
    History(String),
    /// SETSTATE.
    State(CaseState),
}

/// User actions to be delivered to one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The case number.
    pub case: CaseId,
    /// The problem it is about: a number alone is not identity.
    pub problem: Problem,
    /// When that case opened.
    pub opened: Stamp,
    /// All user actions, delivered or not.
    pub actions: Vec<UserAction>,
}

impl Delivery {
    /// Whether this is still the case that people acted on.
    #[must_use]
    pub fn is_about(&self, case: &Case) -> bool {
        case.problem() == self.problem && case.opened == self.opened
    }

    /// The writes that the case still lacks, in order; none if its number means another case now.
    #[must_use]
    pub fn lacking(&self, case: &Case, rules: &Rules) -> Vec<ZinoWrite> {
        if self.is_about(case) { deliver(case, &self.actions, rules) } else { Vec::new() }
    }
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

/// The writes that a case still lacks of the user actions, in order. Empty: all have arrived.
/// Rules: USER-1, USER-2, USER-9, DECIDE-9.
#[must_use]
pub fn deliver(case: &Case, actions: &[UserAction], rules: &Rules) -> Vec<ZinoWrite> {
    let positions = positions(case, actions, rules);
    let mut out: Vec<ZinoWrite> = Vec::new();
    for (action, _) in actions.iter().zip(&positions).filter(|(_, position)| position.is_none()) {
        let write = ZinoWrite::History(action.text.clone());
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
            out.push(ZinoWrite::State(CaseState::Closed));
        }
    } else if let Some(wanted) = rules.acknowledged_state.as_ref().filter(|s| **s != case.state) {
        let changed = last_change(case, None);
        let lacking = placed()
            .filter(|(action, _)| action.kind == ActionKind::Acknowledge)
            .any(|(_, position)| !position.is_some_and(|entry| changed >= Some(entry)));
        if lacking {
            out.push(ZinoWrite::State(wanted.clone()));
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
    stands && !case.is_closed() && deliver(case, actions, rules).is_empty()
}

#[cfg(test)]
#[path = "deliver_tests.rs"]
mod tests;
