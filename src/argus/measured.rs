//! Counts and measures the requests to an Argus server, by what they are for. Never changes one,
//! and never decides anything.

use super::models::{
    Acks, Event, EventKind, EventPk, Incident, IncidentPk, ListQuery, Mark, NewEvent, NewIncident, Page, Patch,
};
use super::{ArgusError, ArgusServer};
use crate::metrics::{Outcome, Server, Write, metrics};
use crate::time::Stamp;
use std::sync::Arc;
use std::time::Instant;

/// A server whose requests are counted.
pub struct Measured<A: ?Sized>(pub Arc<A>);

impl<A: ArgusServer + ?Sized> Measured<A> {
    fn ask<T>(
        &self,
        operation: &'static str,
        request: impl FnOnce(&A) -> Result<T, ArgusError>,
    ) -> Result<T, ArgusError> {
        let began = Instant::now();
        let result = request(&self.0);
        let outcome = result.as_ref().map_or_else(outcome, |_| Outcome::Ok);
        metrics().request(Server::Argus, operation, outcome, began.elapsed());
        result
    }

    fn write<T>(
        &self,
        operation: &'static str,
        kind: Option<Write>,
        request: impl FnOnce(&A) -> Result<T, ArgusError>,
    ) -> Result<T, ArgusError> {
        let result = self.ask(operation, request);
        if let (Ok(_), Some(kind)) = (&result, kind) {
            metrics().wrote(kind);
        }
        result
    }
}

/// How a request ended that failed.
fn outcome(error: &ArgusError) -> Outcome {
    match error {
        ArgusError::Refused(_) => Outcome::Unreachable,
        ArgusError::Unknown { status: None, .. } => Outcome::Unanswered,
        ArgusError::Unknown { .. } | ArgusError::Busy(_) => Outcome::Error,
        ArgusError::Request { .. } | ArgusError::Unauthorized(_) => Outcome::Refused,
    }
}

/// What an event is that we post; `None` for those that we never post.
fn written(kind: &EventKind) -> Option<Write> {
    match kind {
        EventKind::End => Some(Write::End),
        EventKind::Restart => Some(Write::Reopen),
        EventKind::Other => Some(Write::Event),
        EventKind::Acknowledge => Some(Write::Acknowledge),
        _ => None,
    }
}

impl<A: ArgusServer + ?Sized> ArgusServer for Measured<A> {
    fn list(&self, query: &ListQuery, until: Option<Stamp>, most: usize) -> Result<Page<Incident>, ArgusError> {
        self.ask("list", |argus| argus.list(query, until, most))
    }

    fn count_open(&self, mark: Option<Mark>) -> Result<usize, ArgusError> {
        self.ask("count", |argus| argus.count_open(mark))
    }

    fn newest_events(&self, most: usize, times: u32) -> Result<Page<Event>, ArgusError> {
        self.ask("newest_events", |argus| argus.newest_events(most, times))
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        self.ask("incident", |argus| argus.incident(pk))
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        self.ask("events", |argus| argus.events(pk))
    }

    fn acks(&self, pk: IncidentPk) -> Result<Option<Acks>, ArgusError> {
        self.ask("acks", |argus| argus.acks(pk))
    }

    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError> {
        self.write("create", Some(Write::Create), |argus| argus.create(new))
    }

    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError> {
        self.write("change", Some(Write::Change), |argus| argus.patch(pk, patch))
    }

    fn post_event(&self, pk: IncidentPk, event: &NewEvent) -> Result<Event, ArgusError> {
        self.write("post_event", written(&event.kind), |argus| argus.post_event(pk, event))
    }

    fn expire(&self, pk: IncidentPk, ack: EventPk, at: Stamp) -> Result<(), ArgusError> {
        self.write("expire", Some(Write::Expire), |argus| argus.expire(pk, ack, at))
    }

    fn sign_of_life(&self) -> Result<(), ArgusError> {
        self.ask("heartbeat", A::sign_of_life)
    }

    fn check_token(&self) -> Result<(), ArgusError> {
        self.ask("check_token", A::check_token)
    }

    fn reach(&self) -> Result<(), ArgusError> {
        self.ask("reach", A::reach)
    }
}
