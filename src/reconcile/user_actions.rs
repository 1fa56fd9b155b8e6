//! What people did on an incident in Argus (USER). Pure; never decides what a case lacks of
//! it.

use super::evidence::Evidence;
use super::rules::Rules;
use super::text::{normal, persons_text, tag_value};
use crate::argus::models::{Event, EventKind, EventPk};
use crate::time::Stamp;
use serde::{Deserialize, Serialize};

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

/// The user actions on an incident that concern its case. If a case adopted the incident that
/// opened at `adopted_by`, only those of the life of that case.
/// Rules: USER-10, USER-11, ACK-6.
#[must_use]
pub fn user_actions(evidence: &Evidence<'_>, rules: &Rules, adopted_by: Option<Stamp>) -> Vec<UserAction> {
    let in_its_life = |e: &Event| adopted_by.is_none_or(|opened| evidence.concerns(e, opened));
    let concerns = |e: &Event| !evidence.is_ours(e) && in_its_life(e);
    let standing = evidence.standing_close().map(|e| e.pk);
    let mut out: Vec<UserAction> = evidence
        .all()
        .filter(|e| concerns(e))
        .filter_map(|e| {
            let kind = if evidence.is_persons_close(e) {
                ActionKind::Close { stands: standing.is_some_and(|pk| pk == e.pk) }
            } else if e.kind == EventKind::Acknowledge && rules.takes_acknowledgements() {
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
    let change = ticket_change(evidence).filter(|e| !evidence.is_ours(e))?;
    let url = normal(&evidence.incident.ticket_url);
    let text = format!("Ticket {} added by Argus user {}", tag_value(&url), tag_value(&change.actor_name));
    Some(UserAction { pk: change.pk, kind: ActionKind::Ticket, text })
}

/// The event that gave the incident the ticket that it has now.
fn ticket_change<'a>(evidence: &Evidence<'a>) -> Option<&'a Event> {
    let url = normal(&evidence.incident.ticket_url);
    let sets_it = |e: &&Event| e.kind == EventKind::Change && sets_ticket(e, &url);
    evidence.all().rev().find(sets_it).filter(|_| !url.is_empty())
}

/// Whether the incident shows what a person did without the event about it: an acknowledgement, or
/// a ticket.
#[must_use]
pub fn lacks_an_event(evidence: &Evidence<'_>) -> bool {
    let incident = evidence.incident;
    let is_acknowledged = || evidence.all().any(|e| e.kind == EventKind::Acknowledge);
    incident.acked && !is_acknowledged()
        || !normal(&incident.ticket_url).is_empty() && ticket_change(evidence).is_none()
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
