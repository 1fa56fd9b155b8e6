//! What is done about one incident whose case Zino does not know. Never decides which cases Zino
//! has deleted or forgotten.

use super::facts::read;
use crate::argus::models::{EventKind, Incident, IncidentPk, NewEvent};
use crate::argus::{ArgusError, ArgusServer};
use crate::reconcile::evidence::FORGOTTEN;
use crate::reconcile::rules::Rules;
use crate::reconcile::setbacks::TRIES;
use crate::time::Stamp;

/// Ends an incident whose case Zino has deleted, unless it has ended, somebody or another Zino has
/// reopened it, or it is on record that Zino may have forgotten the case; returns the incident as
/// it is after. Argus can lose an END, so that it has two tries.
///
/// # Errors
/// See [`ArgusError`]; [`ArgusError::Request`] also if Argus takes the END and the incident stays
/// open.
pub fn end<A: ArgusServer + ?Sized>(
    argus: &A,
    rules: &Rules,
    pk: IncidentPk,
    end: &NewEvent,
) -> Result<Option<Incident>, ArgusError> {
    for round in 0..=TRIES {
        let Some(read) = read(argus, pk)? else {
            return Ok(None);
        };
        let evidence = read.evidence();
        let wanted = evidence.newest_turn().is_some_and(|e| evidence.is_others_reopening(e, &rules.server));
        if !read.incident.is_open() || wanted || evidence.records_a_loss() {
            return Ok(Some(read.incident));
        }
        let earlier = evidence.all().filter(|e| e.kind == EventKind::End && evidence.is_ours(e));
        let in_vain = earlier.filter(|e| e.description == end.description).count();
        if round > 0 && in_vain >= TRIES as usize {
            break;
        }
        argus.post_event(pk, end)?;
    }
    Err(ArgusError::Request { status: 201, why: "accepted without effect".to_owned() })
}

/// Puts on an open incident's record that Zino may have forgotten its case, unless it is there:
/// what shows it will be gone from both servers when nobody remembers it any more. Returns the
/// incident.
///
/// # Errors
/// See [`ArgusError`].
pub fn mark_forgotten<A: ArgusServer + ?Sized>(
    argus: &A,
    pk: IncidentPk,
    now: Stamp,
) -> Result<Option<Incident>, ArgusError> {
    let Some(read) = read(argus, pk)? else {
        return Ok(None);
    };
    if read.incident.is_open() && !read.evidence().records_a_loss() {
        let description = format!("{FORGOTTEN}: it gave out case numbers again. A person must close this incident.");
        argus.post_event(pk, &NewEvent { kind: EventKind::Other, timestamp: now, description })?;
    }
    Ok(Some(read.incident))
}
