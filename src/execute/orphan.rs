//! The two loops about one incident whose case Zino does not know: its END, or the record that Zino
//! may have forgotten the case. Never decides which of the two applies.

use super::facts::read;
use crate::argus::models::{Incident, IncidentPk, NewEvent};
use crate::argus::{ArgusError, ArgusServer};
use crate::log::WRITTEN;
use crate::reconcile::orphan::{is_without_effect, lacking_record, lacks_end};
use crate::reconcile::rules::Rules;
use crate::reconcile::setbacks::TRIES;
use crate::reconcile::text::normal;
use crate::time::Stamp;
use log::info;

/// Ends an incident whose case Zino deleted, if it lacks that. Returns the incident as it is after.
/// Argus can lose an END, so there are two tries.
///
/// # Errors
/// See [`ArgusError`]; [`ArgusError::Request`] also if Argus accepts the END and the incident stays
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
        if !lacks_end(&read.evidence(), rules) {
            return Ok(Some(read.incident));
        }
        if round > 0 && is_without_effect(&read.evidence(), end) {
            break;
        }
        argus.post_event(pk, end)?;
        info!(target: WRITTEN, "incident {pk}: ended, its case is no longer in Zino");
    }
    Err(ArgusError::Request { status: 201, why: "accepted without effect".to_owned() })
}

/// Records on an open incident that Zino may have forgotten its case, unless that is recorded.
/// Returns the incident.
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
    if let Some(record) = lacking_record(&read.evidence(), now) {
        argus.post_event(pk, &record)?;
        info!(target: WRITTEN, "to the record of incident {pk}: {}", normal(&record.description));
    }
    Ok(Some(read.incident))
}
