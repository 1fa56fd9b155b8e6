//! Makes one write, and notes in the view what became of it. Never decides what is written.

use crate::argus::models::{Event, EventKind, EventPk, Incident, IncidentPk, incident_name};
use crate::argus::{ArgusError, ArgusServer};
use crate::log::WRITTEN;
use crate::reconcile::render::plain_number;
use crate::reconcile::setbacks::Cause;
use crate::reconcile::text::{cut, normal, one_line};
use crate::reconcile::view::{Action, Rule, View, Write};
use crate::reconcile::work;
use log::{Level, info, log};

/// The longest part of an event's text in the name of a write, in bytes.
const MAX_QUOTED: usize = 60;
/// The status by which Argus itself says that a request broke and is over. The other 5xx can come
/// from a proxy while Argus still executes the request.
const BROKE: u16 = 500;

/// What became of a write.
pub(super) enum Outcome {
    /// Argus made the incident.
    Created(Box<Incident>),
    /// Argus has the event.
    Posted(EventPk),
    /// Argus changed the incident, which is now so.
    Patched(Box<Incident>),
    /// Our acknowledgement has an end.
    Expired,
    /// Argus refuses it.
    Refused,
    /// Nothing more is written in this run.
    Failed(work::Outcome),
}

/// Makes one write.
/// Rules: FAIL-2, FAIL-4, FAIL-11.
pub(super) fn write<A: ArgusServer + ?Sized>(argus: &A, view: &mut View, write: &Write) -> Outcome {
    if let Action::Create(new) = &write.action {
        note_taken(view, write, &new.source_incident_id);
    }
    let result = match &write.action {
        Action::Create(new) => argus.create(new).map(|incident| Outcome::Created(Box::new(incident))),
        Action::Patch(pk, patch) => argus.patch(*pk, patch).map(|incident| Outcome::Patched(Box::new(incident))),
        Action::Expire(pk, ack, at) => argus.expire(*pk, *ack, *at).map(|()| {
            view.take_expired(*pk, *ack, *at);
            Outcome::Expired
        }),
        Action::Post(pk, new) => argus.post_event(*pk, new).map(|event| {
            let posted = event.pk;
            // As it was sent: the next decision compares that, whatever Argus made of it.
            let (kind, timestamp, description) = (new.kind.clone(), new.timestamp, new.description.clone());
            let actor = view.argus.known().get(pk).map_or(event.actor, |incident| incident.source_user);
            view.take_posted(Event { actor, kind, timestamp, description, ..event }, *pk);
            Outcome::Posted(posted)
        }),
    };
    match result {
        Ok(done) => {
            accepted(view, write);
            done
        }
        Err(ArgusError::Request { status, why }) => {
            refused(view, write, status, why);
            Outcome::Refused
        }
        Err(ArgusError::Unknown { status: Some(BROKE), why }) if is_repeated(view, write) => {
            refused(view, write, BROKE, why);
            Outcome::Refused
        }
        Err(ArgusError::Unknown { why, .. }) if write.incident().is_some() => {
            let pk = write.incident().unwrap_or_default();
            let is_known = view.case(write.case).is_some_and(|work| work.setbacks.get(&write.key()).is_some());
            let level = if is_known { Level::Debug } else { Level::Warn };
            log!(level, "incident {pk}: outcome of a write is unknown ({why}); looking before it is repeated");
            Outcome::Failed(work::Outcome::Doubtful(write.key()))
        }
        Err(error) => Outcome::Failed(work::Outcome::Failed(error)),
    }
}

fn accepted(view: &mut View, write: &Write) {
    let Some(pk) = write.incident() else {
        return;
    };
    let key = write.key();
    // Equal entries need equal events: that is no repetition.
    let is_first = view.argus.accepted.insert(key.clone());
    let problem = view.problem.to_string();
    if let Some(work) = view.cases.iter_mut().find(|work| work.case.id == write.case) {
        if is_first {
            work.setbacks.accepted(key, &name_of(write, pk), write.makes_uncertain(), work.chance);
        }
        let is_of_no_case = matches!(write.rule, Rule::Duplicate | Rule::LeftBehind);
        let name = if is_of_no_case { problem } else { work.case.name() };
        info!(target: WRITTEN, "{name}: {}", log_line(write, pk));
    }
    if write.makes_uncertain() {
        view.forget_read(pk);
    }
}

/// Whether this is the write that was in doubt, and two looks have shown that it is lacking.
fn is_repeated(view: &View, write: &Write) -> bool {
    view.in_doubt.as_ref().is_some_and(|(doubt, may_repeat)| *may_repeat && *doubt == write.key())
}

fn refused(view: &mut View, write: &Write, status: u16, why: String) {
    if let (Action::Create(new), 400) = (&write.action, status) {
        // The number may be taken.
        view.argus.numbers.remove(&new.source_incident_id);
        view.argus.denied.insert(new.source_incident_id.clone(), why);
        return;
    }
    let what = match &write.action {
        Action::Create(new) => format!("its incident, number {}", new.source_incident_id),
        Action::Post(pk, _) | Action::Patch(pk, _) | Action::Expire(pk, ..) => name_of(write, *pk),
    };
    if let Some(work) = view.cases.iter_mut().find(|work| work.case.id == write.case) {
        work.setbacks.failed(write.key(), &what, Cause::Refused { status, why }, work.chance);
    }
    // What broke may have had its effect all the same.
    if let Some(pk) = write.incident().filter(|_| matches!(status, 404 | BROKE)) {
        view.forget_read(pk);
    }
}

/// Logs why a case gets an incident under its second number.
fn note_taken(view: &View, write: &Write, number: &str) {
    let Some(case) = view.case(write.case).map(|work| &work.case).filter(|case| plain_number(case) != number) else {
        return;
    };
    let plain = plain_number(case);
    if let Some(taken) = view.argus.known().into_values().find(|incident| *incident.source_incident_id == *plain) {
        info!("{}: number {plain} belongs to incident {} about something else", case.name(), taken.pk);
    }
}

/// A write, as the log line about it says it.
fn log_line(write: &Write, pk: IncidentPk) -> String {
    let incident = incident_name(pk);
    match &write.action {
        Action::Create(_) => format!("created {incident}"),
        Action::Patch(..) => format!("changed {incident} to match"),
        Action::Expire(..) => format!("our acknowledgement of {incident} ends"),
        Action::Post(_, event) => match event.kind {
            EventKind::End => format!("ended {incident}: {}", normal(&event.description)),
            EventKind::Restart => format!("reopened {incident}"),
            EventKind::Acknowledge => format!("acknowledged {incident}: {}", normal(&event.description)),
            _ => format!("history to {incident}: {}", normal(&event.description)),
        },
    }
}

/// The name of a write in the log line about its setback.
fn name_of(write: &Write, pk: IncidentPk) -> String {
    let incident = incident_name(pk);
    match &write.action {
        Action::Create(_) => "its incident".to_owned(),
        Action::Patch(..) => format!("a change of {incident}"),
        Action::Expire(..) => format!("the end of our acknowledgement of {incident}"),
        Action::Post(_, event) => match event.kind {
            EventKind::End => format!("END on {incident}"),
            EventKind::Restart => format!("RES on {incident}"),
            EventKind::Acknowledge => format!("our acknowledgement of {incident}"),
            _ => format!("the event \"{}\" on {incident}", one_line(&cut(&event.description, MAX_QUOTED))),
        },
    }
}
