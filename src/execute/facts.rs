//! Asks Argus one question. A read is consistent: where a row contradicts its events, both are read
//! once more. Never decides what an answer means for a case.

use crate::argus::models::{Acks, EventKind, Incident, IncidentPk, ListQuery};
use crate::argus::{ArgusError, ArgusServer};
use crate::reconcile::user_actions::lacks_an_event;
use crate::reconcile::view::{IncidentRead, Question};

/// How many incidents a look-up by number may bring; there is one at the most.
const MOST_BY_NUMBER: usize = 10;
/// How many open incidents about one problem are asked for; there is one, as a rule.
const MOST_ABOUT_PROBLEM: usize = 100;

/// What Argus answered.
pub(super) enum Answer {
    /// To [`Question::Incident`]; `None` if it is not there.
    Incident(Option<Box<IncidentRead>>),
    /// To [`Question::Number`]; `None` if the number is free.
    Number(Option<Box<Incident>>),
    /// To [`Question::Acks`]; of an incident that is not there, none.
    Acks(Acks),
    /// To [`Question::OpenAboutProblem`].
    Open(Vec<Incident>),
}

impl Answer {
    /// The incidents that it shows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Incident> {
        let (one, many): (Option<&Incident>, &[Incident]) = match self {
            Self::Incident(found) => (found.as_ref().map(|read| &read.incident), &[]),
            Self::Number(found) => (found.as_deref(), &[]),
            Self::Acks(_) => (None, &[]),
            Self::Open(found) => (None, found),
        };
        one.into_iter().chain(many)
    }
}

/// Asks one question.
///
/// # Errors
/// See [`ArgusError`].
pub(super) fn ask<A: ArgusServer + ?Sized>(argus: &A, question: &Question) -> Result<Answer, ArgusError> {
    Ok(match question {
        Question::Incident(pk) => Answer::Incident(read(argus, *pk)?.map(Box::new)),
        Question::Number(number) => {
            let page = argus.list(&ListQuery::Number(number.clone()), None, MOST_BY_NUMBER)?;
            let found = page.items.into_iter().find(|incident| *incident.source_incident_id == **number);
            Answer::Number(found.map(Box::new))
        }
        Question::Acks(pk) => Answer::Acks(argus.acks(*pk)?.unwrap_or_default()),
        Question::OpenAboutProblem(tags) => {
            Answer::Open(argus.list(&ListQuery::OpenTagged(tags.clone()), None, MOST_ABOUT_PROBLEM)?.items)
        }
    })
}

/// Reads an incident and its events; `None` if it is not there.
///
/// The row is read after the events, so that it is the newer of the two. Where it contradicts them
/// a person acted between the two requests, or Argus lost an update: both are read once
/// more before anything rests on them.
///
/// # Errors
/// See [`ArgusError`].
/// Rule: DECIDE-3.
pub(super) fn read<A: ArgusServer + ?Sized>(argus: &A, pk: IncidentPk) -> Result<Option<IncidentRead>, ArgusError> {
    let first = read_once(argus, pk)?;
    if first.as_ref().is_some_and(contradicts_itself) {
        return read_once(argus, pk);
    }
    Ok(first)
}

fn read_once<A: ArgusServer + ?Sized>(argus: &A, pk: IncidentPk) -> Result<Option<IncidentRead>, ArgusError> {
    let Some(events) = argus.events(pk)? else {
        return Ok(None);
    };
    Ok(argus.incident(pk)?.map(|incident| IncidentRead { incident, events }))
}

/// Whether the row says otherwise than the last event that opened or ended the incident, or shows
/// an acknowledgement or a ticket that no event is about. Without an event that opened or ended it,
/// it should be open: one that was created closed is read twice until its END is there.
fn contradicts_itself(read: &IncidentRead) -> bool {
    let evidence = read.evidence();
    let turn = evidence.newest_turn().map(|event| &event.kind);
    let ended = matches!(turn, Some(EventKind::Close | EventKind::End));
    ended == read.incident.is_open() || lacks_an_event(&evidence)
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
