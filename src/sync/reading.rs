//! One incident with its events, as they are at one time. Never decides what they mean for a case.

use super::evidence::Evidence;
use crate::argus::models::{Event, EventKind, Incident, IncidentPk};
use crate::argus::{ArgusError, ArgusServer};

/// Reads an incident and its events; `None` if it is not there.
///
/// The row is read after the events, so that it is the newer of the two. Where it contradicts their last turn a person acted
/// between the two requests, or Argus lost an update: both are read once more before anybody goes by them.
///
/// # Errors
/// See [`ArgusError`].
pub fn read<A: ArgusServer + ?Sized>(argus: &A, pk: IncidentPk) -> Result<Option<(Incident, Vec<Event>)>, ArgusError> {
    let first = read_once(argus, pk)?;
    if first.as_ref().is_some_and(|(incident, events)| contradicts(incident, events)) {
        return read_once(argus, pk);
    }
    Ok(first)
}

fn read_once<A: ArgusServer + ?Sized>(argus: &A, pk: IncidentPk) -> Result<Option<(Incident, Vec<Event>)>, ArgusError> {
    let Some(events) = argus.events(pk)? else {
        return Ok(None);
    };
    Ok(argus.incident(pk)?.map(|incident| (incident, events)))
}

/// Whether the row says otherwise than the last event that opened or ended the incident. Without such an event it should be open;
/// one that was created closed is read twice for nothing, until its END is there.
fn contradicts(incident: &Incident, events: &[Event]) -> bool {
    let turn = Evidence::new(events, incident.source_user).newest_turn().map(|e| &e.kind);
    let ended = matches!(turn, Some(EventKind::Close | EventKind::End));
    ended == incident.is_open()
}
