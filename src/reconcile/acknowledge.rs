//! Shows the state of a case in Argus as an acknowledgement of ours (ACK). Pure; never touches the
//! acknowledgements of people.

use super::evidence::{Evidence, restart_text};
use super::render::entry_text;
use super::rules::Rules;
use super::setbacks::WriteKey;
use super::text::normal;
use super::view::{Action, Rule, Stop, View};
use crate::argus::models::{Ack, Acks, Event, EventKind, NewEvent};
use crate::time::Stamp;
use crate::zino::case::{Case, HistoryEntry};

/// How far ahead an acknowledgement's end is set. Argus takes no end that has passed when it gets
/// it.
const AHEAD_SECS: i64 = 15;

/// The acknowledgement that the incident of a case lacks, or the ends that ours on it lack.
pub(super) fn acknowledgement(
    view: &View,
    case: &Case,
    evidence: &Evidence<'_>,
    rules: &Rules,
) -> Result<Vec<(Rule, Action)>, Stop> {
    if rules.acknowledge_from.is_empty() {
        Ok(Vec::new())
    } else if rules.acknowledge_from.contains(&case.state) {
        let lacking = entered(view, case, evidence, rules)?;
        Ok(lacking.map(|ack| (Rule::StateEntered, Action::Post(evidence.pk(), ack))).into_iter().collect())
    } else {
        left(view, case, evidence, rules)
    }
}

/// The acknowledgement of a case that is in one of the states, unless one of ours for this stay is
/// in force.
/// Rules: ACK-1, ACK-2, ACK-4, ACK-5.
fn entered(view: &View, case: &Case, evidence: &Evidence<'_>, rules: &Rules) -> Result<Option<NewEvent>, Stop> {
    if !evidence.is_open() || evidence.standing_close().is_some() {
        return Ok(None);
    }
    let stay = Stay::of(case, rules);
    let shows = |event: &Event| evidence.is_ours(event) && stay.is_acknowledged_by(event);
    let acks = || evidence.all().filter(|event| event.kind == EventKind::Acknowledge);
    let is_there = if !acks().any(shows) {
        false
    } else if rules.secondary || evidence.incident.acked && acks().all(shows) {
        true
    } else if evidence.incident.acked {
        let acks = view.acks(case.id, evidence.pk())?;
        acks.all.iter().any(|ack| shows(&ack.event) && holds(ack, ahead(view, acks)))
    } else {
        false
    };
    let new = NewEvent { kind: EventKind::Acknowledge, timestamp: stay.began, description: stay.text };
    // The answer about acknowledgements can come after ours, and without it where Argus lost it.
    let is_accepted = view.argus.accepted.contains(&WriteKey::event(evidence.pk(), &new));
    Ok((!is_there && !is_accepted).then_some(new))
}

/// The ends of our acknowledgements on the incident of a case that is in none of the states. One
/// that is newer than the last state change shows what this view of the case does not know yet, or
/// what another Zino knows.
/// Rules: ACK-3, ACK-5.
fn left(view: &View, case: &Case, evidence: &Evidence<'_>, rules: &Rules) -> Result<Vec<(Rule, Action)>, Stop> {
    let changed = last_change(case).secs();
    let concerns =
        |event: &Event| event.timestamp.secs() <= changed && (!rules.secondary || is_about(case, event, rules));
    let ours = |event: &Event| event.kind == EventKind::Acknowledge && evidence.is_ours(event) && concerns(event);
    if !evidence.incident.acked || !evidence.all().any(ours) {
        return Ok(Vec::new());
    }
    let acks = view.acks(case.id, evidence.pk())?;
    let end = ahead(view, acks);
    let to_end = |ack: &&Ack| ours(&ack.event) && holds(ack, end);
    let expire = |ack: &Ack| (Rule::StateLeft, Action::Expire(evidence.pk(), ack.event.pk, end));
    Ok(acks.all.iter().filter(to_end).map(expire).collect())
}

/// A time that Argus takes as the end of an acknowledgement, by its own clock where it shows it.
fn ahead(view: &View, acks: &Acks) -> Stamp {
    acks.at.unwrap_or(view.now).plus_secs(AHEAD_SECS)
}

/// Whether an acknowledgement is in force and has no end before this time.
fn holds(ack: &Ack, until: Stamp) -> bool {
    ack.expiration.is_none_or(|end| end > until)
}

/// Whether an acknowledgement shows a state of this very case.
fn is_about(case: &Case, event: &Event, rules: &Rules) -> bool {
    let is_unrecorded = event.description.starts_with(&format!("Case {} is ", case.id))
        && event.description.ends_with(&format!(" in Zino {}", rules.server));
    is_unrecorded || case.history.iter().any(|entry| Stay::from(entry).is_acknowledged_by(event))
}

/// When the state of a case changed last, as far as its history says it.
fn last_change(case: &Case) -> Stamp {
    let changes = case.history.iter().rev().find(|entry| entry.state_change().is_some());
    changes.map_or(case.opened, |entry| entry.at)
}

/// An unbroken time in which a case is in one of the states.
struct Stay {
    /// What the acknowledgement says.
    text: String,
    /// Its time.
    began: Stamp,
}

impl From<&HistoryEntry> for Stay {
    fn from(entry: &HistoryEntry) -> Self {
        Self { text: entry_text(entry), began: entry.at }
    }
}

impl Stay {
    /// The stay of a case that is in one of the states now.
    fn of(case: &Case, rules: &Rules) -> Self {
        let is_in = |word: &str| rules.acknowledge_from.iter().any(|state| state.word() == word);
        let mut began = None;
        let changes = case.history.iter().rev().filter_map(|entry| Some((entry, entry.state_change()?)));
        for (entry, change) in changes.take_while(|(_, change)| is_in(change.to)) {
            began = Some(entry);
            if !is_in(change.from) {
                break;
            }
        }
        // A planned maintenance in Zino leaves no entry.
        let unrecorded = || Self { text: restart_text(case.id, &case.state, &rules.server), began: last_change(case) };
        began.map_or_else(unrecorded, Self::from)
    }

    /// Whether this event of ours is its acknowledgement.
    fn is_acknowledged_by(&self, event: &Event) -> bool {
        event.timestamp.secs() == self.began.secs() && normal(&event.description) == normal(&self.text)
    }
}

#[cfg(test)]
#[path = "acknowledge_tests.rs"]
mod tests;
