//! One incident with its events, as they are at one time, and what a job makes of one that cannot
//! be read. Never decides what they mean for a case.

use super::carry::UserAction;
use super::evidence::Evidence;
use super::job::{Runner, Stop, WriteKey};
use super::setbacks::Cause;
use crate::argus::models::{Event, EventKind, Incident, IncidentPk};
use crate::argus::{ArgusError, ArgusServer};
use crate::zino::case::Case;

/// Reads an incident and its events; `None` if it is not there.
///
/// The row is read after the events, so that it is the newer of the two. Where it contradicts their
/// last turn a person acted between the two requests, or Argus lost an update: both are read once
/// more before anybody goes by them.
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

/// Whether the row says otherwise than the last event that opened or ended the incident. Without
/// such an event it should be open; one that was created closed is read twice for nothing, until
/// its END is there.
fn contradicts(incident: &Incident, events: &[Event]) -> bool {
    let turn = Evidence::new(events, incident.source_user).newest_turn().map(|e| &e.kind);
    let ended = matches!(turn, Some(EventKind::Close | EventKind::End));
    ended == incident.is_open()
}

impl<A: ArgusServer + ?Sized> Runner<'_, A> {
    /// Looks at an incident and its events; `None` if it is not there.
    pub(super) fn look(&mut self, pk: IncidentPk) -> Result<Option<(Incident, Vec<Event>)>, Stop> {
        self.looked_at.insert(pk);
        let found = read(self.argus, pk).map_err(|error| match Stop::from(error) {
            Stop::Forbidden { status, why, .. } => Stop::Forbidden { incident: Some(pk), status, why },
            stop => stop,
        })?;
        for setbacks in self.setbacks.values_mut().filter(|setbacks| !setbacks.is_empty()) {
            setbacks.is_over(&WriteKey::reading(Some(pk)));
            if found.is_none() {
                setbacks.forget_incident(pk);
            }
        }
        match &found {
            Some((incident, _)) => {
                let was_open = self.known.get(&pk).map(Incident::is_open);
                self.moved |= !self.turned.contains(&pk) && was_open.is_some_and(|was| was != incident.is_open());
                self.saw(incident.clone());
            }
            None => {
                self.known.remove(&pk);
                self.report.incidents.retain(|i| i.pk != pk);
                self.report.gone.push(pk);
            }
        }
        Ok(found)
    }

    pub(super) fn saw(&mut self, incident: Incident) {
        self.report.incidents.retain(|i| i.pk != incident.pk);
        self.report.incidents.push(incident.clone());
        self.known.insert(incident.pk, incident);
    }

    /// Takes what people did. Where Argus answers and one thing could not be read, the others are
    /// gone on with.
    pub(super) fn go_on_after(
        &mut self,
        case: &Case,
        found: Result<Vec<UserAction>, Stop>,
        actions: &mut Vec<UserAction>,
    ) -> Result<(), Stop> {
        match found {
            Ok(found) => actions.extend(found),
            Err(Stop::Forbidden { incident, status, why }) => self.may_not_read(case, incident, status, why),
            Err(Stop::Failed(error @ (ArgusError::Unknown { status: Some(_), .. } | ArgusError::Busy(_)))) => {
                self.failed.get_or_insert(error);
            }
            Err(stop) => return Err(stop),
        }
        Ok(())
    }

    /// Argus does not let us read something about a case.
    fn may_not_read(&mut self, case: &Case, incident: Option<IncidentPk>, status: u16, why: String) {
        let shown =
            incident.map_or("the search for its incident".to_owned(), |pk| format!("the reading of incident {pk}"));
        let chance = self.chance(case);
        self.setbacks(case).failed(WriteKey::reading(incident), &shown, Cause::Refused { status, why }, chance);
    }
}
