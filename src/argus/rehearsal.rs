//! An Argus server for a dry run: reads go to the real one, writes only to memory, and what is read
//! shows them. Never sends a request that writes.

use super::models::{
    Ack, Acks, EndTime, Event, EventKind, EventPk, Incident, IncidentPk, ListQuery, MadeFor, Mark, NewEvent,
    NewIncident, Page, Patch, Tag, UserPk,
};
use super::{ArgusError, ArgusServer};
use crate::time::Stamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The events that were never sent have keys from here on: they are newer than all real ones.
const FIRST_EVENT: EventPk = EventPk::MAX / 2;

/// A server whose writes are only remembered.
pub struct Rehearsal<A> {
    real: Arc<A>,
    written: Mutex<Written>,
}

/// What would have been written.
#[derive(Default)]
struct Written {
    /// Incidents as they would be now. Those that would have been created have negative keys.
    rows: BTreeMap<IncidentPk, Incident>,
    /// The events that would have been posted, in order.
    events: Vec<Event>,
    /// The ends that acknowledgements would have.
    expirations: BTreeMap<EventPk, Stamp>,
    /// The user of our source, once an incident has shown it.
    us: UserPk,
}

impl Written {
    fn event(&mut self, pk: IncidentPk, kind: EventKind, timestamp: Stamp, description: &str) -> Event {
        let number = EventPk::try_from(self.events.len()).unwrap_or_default();
        let event = Event {
            pk: FIRST_EVENT.saturating_add(number),
            incident: pk,
            actor: self.us,
            actor_name: String::new(),
            timestamp,
            received: timestamp,
            kind,
            description: description.trim().to_owned(),
        };
        self.events.push(event.clone());
        event
    }

    fn of(&self, pk: IncidentPk) -> impl Iterator<Item = Event> + '_ {
        self.events.iter().filter(move |event| event.incident == pk).cloned()
    }

    /// The incidents that would have been created.
    fn created(&self) -> impl Iterator<Item = &Incident> {
        self.rows.range(..0).map(|(_, row)| row)
    }

    /// A page as it would be. Real incidents as they would be now, and those that would be there,
    /// too, where they belong into this page.
    fn page(&mut self, mut page: Page<Incident>, query: &ListQuery, until: Option<Stamp>) -> Page<Incident> {
        if let Some(row) = page.items.first() {
            self.us = row.source_user;
        }
        let oldest = page.items.last().map(|row| row.start_time).filter(|_| page.more);
        for row in &mut page.items {
            if let Some(now) = self.rows.get(&row.pk) {
                *row = now.clone();
            }
        }
        let belongs = |row: &&Incident| {
            until.is_none_or(|until| row.start_time <= until) && oldest.is_none_or(|oldest| row.start_time >= oldest)
        };
        page.items.extend(self.created().filter(belongs).cloned());
        page.items.retain(|row| fits(row, query));
        page.items.sort_by_key(|row| std::cmp::Reverse(row.start_time));
        page
    }
}

/// Whether a list that asks so shows an incident.
fn fits(row: &Incident, query: &ListQuery) -> bool {
    match query {
        ListQuery::Open => row.is_open(),
        ListQuery::EndedSince(since) => matches!(row.end_time, EndTime::At(at) if at >= *since),
        ListQuery::Number(number) => *row.source_incident_id == **number,
        ListQuery::OpenTagged(tags) => row.is_open() && super::client::has_tags(row, tags),
        ListQuery::OpenMarked(mark) => mark.is_on(row),
    }
}

fn gone() -> ArgusError {
    ArgusError::Request { status: 404, why: "there is no such incident".to_owned() }
}

impl<A: ArgusServer> Rehearsal<A> {
    /// Nothing has been written.
    pub fn new(real: Arc<A>) -> Self {
        Self { real, written: Mutex::default() }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An incident as it would be now.
    fn row(&self, pk: IncidentPk) -> Result<Incident, ArgusError> {
        self.incident(pk)?.ok_or_else(gone)
    }
}

impl<A: ArgusServer> ArgusServer for Rehearsal<A> {
    fn list(&self, query: &ListQuery, until: Option<Stamp>, most: usize) -> Result<Page<Incident>, ArgusError> {
        let page = self.real.list(query, until, most)?;
        Ok(self.written().page(page, query, until))
    }

    fn count_open(&self, mark: Option<Mark>) -> Result<usize, ArgusError> {
        let real = self.real.count_open(mark)?;
        if mark.is_some() {
            // A dry run makes no marks that a refresh would have to know.
            return Ok(real);
        }
        let written = self.written();
        let created = written.created().filter(|row| row.is_open()).count();
        let turned = |kind: EventKind| {
            let last = |pk: &IncidentPk| {
                let turns = [EventKind::End, EventKind::Restart];
                written.events.iter().rev().find(|e| e.incident == *pk && turns.contains(&e.kind)).map(|e| &e.kind)
            };
            written.rows.range(0..).filter(|(pk, _)| last(pk) == Some(&kind)).count()
        };
        let more = created + turned(EventKind::Restart);
        Ok(real.saturating_add(more).saturating_sub(turned(EventKind::End)))
    }

    fn newest_events(&self, most: usize, times: u32) -> Result<Page<Event>, ArgusError> {
        self.real.newest_events(most, times)
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        if let Some(row) = self.written().rows.get(&pk) {
            return Ok(Some(row.clone()));
        }
        let row = self.real.incident(pk)?;
        if let Some(row) = &row {
            self.written().us = row.source_user;
        }
        Ok(row)
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        let real = if pk < 0 { Some(Vec::new()) } else { self.real.events(pk)? };
        Ok(real.map(|real| real.into_iter().chain(self.written().of(pk)).collect()))
    }

    fn acks(&self, pk: IncidentPk) -> Result<Option<Acks>, ArgusError> {
        let real = if pk < 0 { Some(Acks::default()) } else { self.real.acks(pk)? };
        let written = self.written();
        Ok(real.map(|mut acks| {
            let ours = written.of(pk).filter(|event| event.kind == EventKind::Acknowledge);
            acks.all.extend(ours.map(|event| Ack { event, expiration: None }));
            for ack in &mut acks.all {
                ack.expiration = written.expirations.get(&ack.event.pk).copied().or(ack.expiration);
            }
            acks
        }))
    }

    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError> {
        let number = ListQuery::Number(new.source_incident_id.clone());
        if !self.list(&number, None, 1)?.items.is_empty() {
            return Err(ArgusError::Request { status: 400, why: "this number is taken".to_owned() });
        }
        let mut written = self.written();
        let pk = written.rows.first_key_value().map_or(0, |(lowest, _)| *lowest).min(0) - 1;
        let row = new.made(pk, written.us);
        written.rows.insert(row.pk, row.clone());
        written.event(row.pk, EventKind::Start, new.start_time, &new.description);
        Ok(row)
    }

    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError> {
        let mut row = self.row(pk)?;
        if let Some(tags) = &patch.tags {
            let before = row.tags.clone();
            let maker = |text: &str| before.iter().find(|tag| tag.text == text).map_or(row.source_user, |t| t.added_by);
            row.tags = tags.iter().map(|text| Tag { text, added_by: maker(text) }).collect();
        }
        if let Some(description) = &patch.description {
            row.description = description.as_str().into();
        }
        if let Some(url) = &patch.details_url {
            row.details_url = url.as_str().into();
        }
        if let Some(metadata) = &patch.metadata {
            row.made_for = MadeFor::read(&metadata.to_string());
        }
        row.level = patch.level.unwrap_or(row.level);
        self.written().rows.insert(pk, row.clone());
        Ok(row)
    }

    fn post_event(&self, pk: IncidentPk, new: &NewEvent) -> Result<Event, ArgusError> {
        let mut row = self.row(pk)?;
        let mut written = self.written();
        match new.kind {
            EventKind::End if row.is_open() => (row.end_time, row.open) = (EndTime::At(new.timestamp), false),
            EventKind::Restart => (row.end_time, row.open) = (EndTime::Open, true),
            EventKind::Acknowledge => row.acked = true,
            _ => {}
        }
        written.rows.insert(pk, row);
        Ok(written.event(pk, new.kind.clone(), new.timestamp, &new.description))
    }

    fn expire(&self, _: IncidentPk, ack: EventPk, at: Stamp) -> Result<(), ArgusError> {
        self.written().expirations.insert(ack, at);
        Ok(())
    }

    fn sign_of_life(&self) -> Result<(), ArgusError> {
        Ok(())
    }

    fn check_token(&self) -> Result<(), ArgusError> {
        self.real.check_token()
    }

    fn reach(&self) -> Result<(), ArgusError> {
        self.real.reach()
    }
}

#[cfg(test)]
#[path = "rehearsal_tests.rs"]
mod tests;
