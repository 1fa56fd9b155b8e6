//! An in-memory Argus that behaves as the API's facts say. Never knows about Zino.

mod acks;
mod client;

use crate::world::{ALICE, US};
pub use client::SimArgus;
use std::collections::{BTreeMap, BTreeSet};
use zinoargus::argus::ArgusError;
use zinoargus::argus::models::*;
use zinoargus::time::Stamp;

#[derive(Default)]
pub struct Argus {
    pub incidents: BTreeMap<IncidentPk, Incident>,
    pub events: Vec<Event>,
    pub next_pk: IncidentPk,
    pub next_event: EventPk,
    /// Clock offset to the true time, microseconds.
    pub offset: i64,
    pub away: bool,
    /// The acknowledgements by their events: the incident of each, and its end.
    pub acks: BTreeMap<EventPk, (IncidentPk, Option<Stamp>)>,
    /// Those that people ended.
    pub ended_by_people: BTreeSet<EventPk>,
    /// When each event arrived, on the true clock.
    pub arrived: BTreeMap<EventPk, i64>,
    /// The incidents of the Python program, and which case each was made for: the problem as text,
    /// number and opening.
    pub by_python: BTreeMap<IncidentPk, (String, u64, i64)>,
    /// How many incidents a page of the open ones has at the most, however many are asked for.
    pub bound: Option<usize>,
}

impl Argus {
    pub fn stamp(&self, now: i64) -> Stamp {
        Stamp::from_micros(now + self.offset)
    }

    pub fn event(&mut self, now: i64, pk: IncidentPk, actor: UserPk, kind: EventKind, at: Stamp, text: &str) -> Event {
        self.next_event += 1;
        let event = Event {
            pk: self.next_event,
            incident: pk,
            actor,
            actor_name: if actor == US { "zino".into() } else { format!("user{actor}") },
            timestamp: at,
            received: self.stamp(now),
            kind,
            description: text.trim().to_owned(),
        };
        self.arrived.insert(event.pk, now);
        self.events.push(event.clone());
        event
    }

    pub fn events_of(&self, pk: IncidentPk) -> Vec<Event> {
        self.events.iter().filter(|e| e.incident == pk).cloned().collect()
    }

    pub fn create(&mut self, now: i64, new: &NewIncident) -> Result<Incident, ArgusError> {
        if self.incidents.values().any(|i| *i.source_incident_id == *new.source_incident_id) {
            return Err(ArgusError::Request { status: 400, why: "duplicate key".into() });
        }
        self.next_pk += 1;
        let pk = self.next_pk;
        let incident = new.made(pk, US);
        self.incidents.insert(pk, incident.clone());
        self.event(now, pk, US, EventKind::Start, new.start_time, &new.description);
        Ok(incident)
    }

    /// Writes the whole row from what `row` was read as: whatever happened to it since is lost.
    pub fn patch(
        &mut self,
        now: i64,
        pk: IncidentPk,
        row: Option<Incident>,
        patch: &Patch,
    ) -> Result<Incident, ArgusError> {
        let Some(mut row) = row else {
            return Err(gone());
        };
        let stamp = self.stamp(now);
        let mut changes: Vec<String> = Vec::new();
        if let Some(tags) = &patch.tags {
            if row.tags.iter().any(|t| t.added_by != US && !tags.iter().any(|text| text == t.text)) {
                return Err(ArgusError::Request { status: 400, why: "Cannot remove this tag".into() });
            }
            let old = row.tags.clone();
            let keep = |text| old.iter().find(|t| t.text == text).unwrap_or(Tag { text, added_by: US });
            row.tags = tags.iter().map(|text| keep(text)).collect();
            changes.push("Change: \"tags\"".into());
        }
        if let Some(description) = &patch.description {
            row.description = description.as_str().into();
            changes.push("Change: \"description\"".into());
        }
        if let Some(url) = &patch.details_url {
            row.details_url = url.as_str().into();
            changes.push("Change: \"details_url\"".into());
        }
        if let Some(level) = patch.level {
            row.level = level;
            changes.push("Change: \"level\"".into());
        }
        if let Some(metadata) = &patch.metadata {
            row.made_for = MadeFor::read(&metadata.to_string());
            changes.push("Change: \"metadata\"".into());
        }
        for change in changes {
            self.event(now, pk, US, EventKind::Change, stamp, &change);
        }
        self.incidents.insert(pk, row.clone());
        Ok(row)
    }

    pub fn post(
        &mut self,
        now: i64,
        pk: IncidentPk,
        row: Option<Incident>,
        new: &NewEvent,
    ) -> Result<Event, ArgusError> {
        let Some(mut row) = row else {
            return Err(gone());
        };
        let event = self.event(now, pk, US, new.kind.clone(), new.timestamp, &new.description);
        match new.kind {
            EventKind::Acknowledge => self.acknowledge(&event, None),
            EventKind::End if row.is_open() => {
                row.end_time = EndTime::At(new.timestamp);
                row.open = false;
                self.incidents.insert(pk, row);
            }
            EventKind::Restart if !row.is_open() => {
                row.end_time = EndTime::Open;
                row.open = true;
                self.incidents.insert(pk, row);
            }
            _ => {}
        }
        Ok(event)
    }

    /// An END of ours, as a process before this one posted it.
    pub fn end_by_us(&mut self, now: i64, pk: IncidentPk, at: Stamp, text: &str) {
        let row = self.incidents.get(&pk).cloned();
        let end = NewEvent { kind: EventKind::End, timestamp: at, description: text.to_owned() };
        drop(self.post(now, pk, row, &end));
    }

    /// A user action; nothing happens where Argus would refuse it.
    pub fn person(&mut self, now: i64, pk: IncidentPk, action: &ByPerson, at: Stamp) -> Option<Event> {
        if matches!(action, ByPerson::EndAck) {
            self.person_ends_an_ack(now, pk);
            return None;
        }
        let incident = self.incidents.get_mut(&pk)?;
        let (kind, text) = match action {
            ByPerson::Acknowledge(text) | ByPerson::AcknowledgeFor(_, text) => {
                incident.acked = true;
                (EventKind::Acknowledge, text.clone())
            }
            ByPerson::EndAck => return None,
            ByPerson::Close(text) => {
                if !incident.is_open() {
                    return None;
                }
                incident.end_time = EndTime::At(at);
                incident.open = false;
                (EventKind::Close, text.clone())
            }
            ByPerson::Reopen => {
                if incident.is_open() {
                    return None;
                }
                incident.end_time = EndTime::Open;
                incident.open = true;
                (EventKind::Reopen, String::new())
            }
            ByPerson::Ticket(url) => {
                let text = format!("Change: \"ticket_url\": {} → {url}", incident.ticket_url);
                incident.ticket_url = url.as_str().into();
                (EventKind::Change, text)
            }
            ByPerson::Level(level) => {
                incident.level = *level;
                (EventKind::Change, "Change: \"level\"".into())
            }
            ByPerson::Comment => (EventKind::Other, "looking at it".into()),
            ByPerson::Tag(tag) => {
                let tag = Tag { text: tag, added_by: ALICE };
                incident.tags = incident.tags.iter().chain([tag]).collect();
                return None;
            }
            ByPerson::TagFirst(tag) => {
                if !incident.tags.iter().any(|t| t.text == tag) {
                    let tag = Tag { text: tag, added_by: ALICE };
                    incident.tags = [tag].into_iter().chain(incident.tags.iter()).collect();
                }
                return None;
            }
        };
        let event = self.event(now, pk, ALICE, kind, at, &text);
        if event.kind == EventKind::Acknowledge {
            let seconds = if let ByPerson::AcknowledgeFor(seconds, _) = action { Some(*seconds) } else { None };
            self.acknowledge(&event, seconds.map(|seconds| self.stamp(now).plus_secs(seconds)));
        }
        Some(event)
    }
}

fn gone() -> ArgusError {
    ArgusError::Unknown { why: "500".into(), status: Some(500) }
}

/// What a person does in Argus.
#[derive(Debug, Clone)]
pub enum ByPerson {
    Acknowledge(String),
    /// For so many seconds.
    AcknowledgeFor(i64, String),
    /// Ends an acknowledgement, whoever made it.
    EndAck,
    Close(String),
    Reopen,
    Ticket(String),
    Level(u8),
    Comment,
    Tag(String),
    /// Argus shows tags in no order.
    TagFirst(String),
}

/// A write that Argus executes later than anybody waited for it.
pub enum Late {
    Create(NewIncident),
    Patch(IncidentPk, Patch),
    Post(IncidentPk, NewEvent),
    Expire(EventPk, Stamp),
}

impl Argus {
    /// Answers a write as if it had been executed. What turns an incident is on record all the
    /// same.
    fn pretend<T>(&mut self, what: &str, run: impl FnOnce(&mut Self) -> T) -> T {
        let (incidents, events, acks) = (self.incidents.clone(), self.events.len(), self.acks.clone());
        let answer = run(self);
        (self.incidents, self.acks) = (incidents, acks);
        if !what.contains(" End ") && !what.contains(" Restart ") {
            self.events.truncate(events);
        }
        answer
    }

    pub fn execute(&mut self, now: i64, late: &Late) {
        let row = |argus: &Self, pk: &IncidentPk| argus.incidents.get(pk).cloned();
        match late {
            Late::Create(new) => drop(self.create(now, new)),
            Late::Expire(ack, end) => drop(self.expire(now, *ack, *end)),
            Late::Patch(pk, patch) => {
                let row = row(self, pk);
                drop(self.patch(now, *pk, row, patch));
            }
            Late::Post(pk, event) => {
                let row = row(self, pk);
                drop(self.post(now, *pk, row, event));
            }
        }
    }
}
