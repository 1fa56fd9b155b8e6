//! Incidents whose case Zino does not know: what shows that Zino has forgotten cases, and what is done about one incident. Never
//! decides which cases are scavenged.

use super::evidence::{Evidence, FORGOTTEN};
use super::identity::SURELY_AFTER_SECS;
use super::rules::Rules;
use crate::argus::models::{Event, EventKind, Incident, IncidentPk, NewEvent};
use crate::argus::{ArgusError, ArgusServer};
use crate::stamp::Stamp;
use crate::zino::case::CaseId;

/// When a Zino last gave out a number that it had given out before, as far as the numbers and openings of cases show it: it had lost
/// its newest state then, and may have forgotten any case that opened before. `None`: nothing shows that it ever did.
///
/// Numbers rise. So it went back to a lower one where one number has two openings, or a lower number opened well after a higher.
#[must_use]
pub fn last_setback(known: impl Iterator<Item = (CaseId, Stamp)>) -> Option<Stamp> {
    let mut known: Vec<(CaseId, Stamp)> = known.collect();
    known.sort_unstable();
    let mut last = None;
    let mut earliest_above: Option<Stamp> = None;
    for same in known.chunk_by(|a, b| a.0 == b.0).rev() {
        let [(_, first), ..] = same else { continue };
        let newest = same.last().map_or(*first, |(_, opened)| *opened);
        // Two cases that open at the same time may get their numbers the other way round.
        let after_higher = earliest_above.is_some_and(|above| newest > above.plus_secs(SURELY_AFTER_SECS));
        if newest.secs() > first.secs() || after_higher {
            last = last.max(Some(newest));
        }
        earliest_above = Some(earliest_above.map_or(*first, |above| above.min(*first)));
    }
    last
}

/// An incident and its events as they are now; `None` if it is not there.
fn look<A: ArgusServer + ?Sized>(argus: &A, pk: IncidentPk) -> Result<Option<(Incident, Vec<Event>)>, ArgusError> {
    match argus.incident(pk)? {
        Some(incident) => Ok(argus.events(pk)?.map(|events| (incident, events))),
        None => Ok(None),
    }
}

/// Ends an incident whose case Zino has deleted, unless it has ended, somebody or another Zino has reopened it, or it is on record that
/// Zino may have forgotten the case; returns the incident as it is after.
///
/// # Errors
/// See [`ArgusError`].
pub fn end<A: ArgusServer + ?Sized>(
    argus: &A,
    rules: &Rules,
    pk: IncidentPk,
    end: &NewEvent,
) -> Result<Option<Incident>, ArgusError> {
    let Some((incident, events)) = look(argus, pk)? else {
        return Ok(None);
    };
    let evidence = Evidence::new(&events, incident.source_user);
    let wanted = evidence.newest_turn().is_some_and(|e| evidence.is_others_reopening(e, &rules.server));
    if !incident.is_open() || wanted || evidence.tells_of_forgetting() {
        return Ok(Some(incident));
    }
    argus.post_event(pk, end)?;
    argus.incident(pk)
}

/// Puts on an open incident's record that Zino may have forgotten its case, unless it is there: what shows it will be gone from both
/// servers when nobody remembers it any more. Returns the incident.
///
/// # Errors
/// See [`ArgusError`].
pub fn mark_forgotten<A: ArgusServer + ?Sized>(
    argus: &A,
    pk: IncidentPk,
    now: Stamp,
) -> Result<Option<Incident>, ArgusError> {
    let Some((incident, events)) = look(argus, pk)? else {
        return Ok(None);
    };
    if incident.is_open() && !Evidence::new(&events, incident.source_user).tells_of_forgetting() {
        let description = format!("{FORGOTTEN}: it gave out case numbers again. A person must close this incident.");
        argus.post_event(pk, &NewEvent { kind: EventKind::Other, timestamp: now, description })?;
    }
    Ok(Some(incident))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_given_out_before_shows_that_zino_lost_its_newest_state() {
        let setback = |known: &[(CaseId, i64)]| {
            last_setback(known.iter().map(|(id, at)| (*id, Stamp::from_secs(*at)))).map(|at| at.secs())
        };
        assert_eq!(setback(&[]), None);
        assert_eq!(setback(&[(1, 100), (2, 200), (2, 200), (3, 170)]), None, "3 and 2 opened at the same time");
        assert_eq!(setback(&[(1, 100), (2, 200), (2, 210)]), Some(210), "two lives of one number");
        assert_eq!(setback(&[(5, 100), (3, 500), (7, 600)]), Some(500), "3 after 5");
        assert_eq!(setback(&[(5, 100), (3, 500), (9, 900), (8, 1000)]), Some(1000));
    }
}
