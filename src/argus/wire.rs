//! The JSON of the Argus API v2 <-> the models (`list.rs`: many of them). Never talks to a server,
//! and never leaves out an item of a list that it cannot understand.

use super::event_kind::{WireKind, code, kind_of};
use super::limits::{MAX_TAG_VALUE, clean};
use super::list::all;
use super::models::{
    EndTime, Event, EventKind, Incident, IncidentPk, MadeFor, NewEvent, NewIncident, Page, Patch, UserPk,
};
use super::text::sanitised;
use crate::time::Stamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct WirePage<'a> {
    /// A link whose text is never used: its scheme, host and path may be wrong behind a proxy, and
    /// its cursor skips items of one time.
    #[serde(default)]
    next: Option<IgnoredAny>,
    #[serde(borrow)]
    results: &'a RawValue,
}

#[derive(Deserialize)]
struct WireIncident<'a> {
    pk: IncidentPk,
    start_time: String,
    /// A missing end time is an error; `null` means stateless.
    #[serde(default, deserialize_with = "given")]
    end_time: Option<Option<String>>,
    source: WireSource,
    source_incident_id: Option<String>,
    description: Option<String>,
    level: Option<u8>,
    details_url: Option<String>,
    ticket_url: Option<String>,
    /// People can put anything here, also JSON deeper than a parser goes.
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    tags: Option<Vec<WireTag>>,
    open: Option<bool>,
    acked: Option<bool>,
}

#[derive(Deserialize)]
struct WireSource {
    user: UserPk,
}

#[derive(Deserialize)]
struct WireTag {
    tag: String,
    added_by: Option<UserPk>,
}

#[derive(Deserialize)]
pub(super) struct WireEvent {
    pk: i64,
    incident: IncidentPk,
    actor: Option<WireActor>,
    timestamp: String,
    received: String,
    #[serde(rename = "type")]
    kind: WireKind,
    description: Option<String>,
}

#[derive(Deserialize)]
struct WireActor {
    pk: UserPk,
    username: Option<String>,
}

#[derive(Serialize)]
struct WireTagOut {
    tag: String,
}

#[derive(Serialize)]
struct WireNewIncident {
    start_time: String,
    end_time: String,
    source_incident_id: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details_url: Option<String>,
    level: u8,
    tags: Vec<WireTagOut>,
    metadata: Value,
}

#[derive(Serialize)]
struct WirePatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<WireTagOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
}

#[derive(Serialize)]
struct WireNewEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    description: String,
}

fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Reads one incident.
pub(super) fn incident(body: &[u8]) -> Result<Incident, String> {
    decode::<WireIncident>(body)?.try_into()
}

/// Reads one event.
pub(super) fn event(body: &[u8]) -> Result<Event, String> {
    decode::<WireEvent>(body)?.try_into()
}

/// Reads the events of one incident: a plain list.
pub(super) fn events(body: &[u8]) -> Result<Vec<Event>, String> {
    all(body, event)
}

/// Reads a count; `None` where there is none.
pub(super) fn count(body: &[u8]) -> Result<Option<usize>, String> {
    #[derive(Deserialize)]
    struct WireCount {
        count: Option<usize>,
    }
    decode::<WireCount>(body).map(|answer| answer.count)
}

/// Reads a page of incidents.
pub(super) fn incident_page(body: &[u8]) -> Result<Page<Incident>, String> {
    page(body, incident)
}

/// Reads a page of events.
pub(super) fn event_page(body: &[u8]) -> Result<Page<Event>, String> {
    page(body, event)
}

/// The JSON that creates an incident.
pub(super) fn new_incident(new: &NewIncident) -> Result<Vec<u8>, String> {
    encode(&WireNewIncident {
        start_time: new.start_time.to_string(),
        // Leaving it out would mean open, too, but the documentation of the API says otherwise.
        end_time: new.end_time.map_or_else(|| "infinity".to_owned(), |at| at.to_string()),
        source_incident_id: clean(&new.source_incident_id),
        description: clean(&new.description),
        details_url: new.details_url.as_deref().map(clean),
        level: new.level,
        tags: new.tags.iter().map(|tag| WireTagOut { tag: bounded_tag(&clean(tag)) }).collect(),
        metadata: clean_value(&new.metadata),
    })
}

/// The JSON that changes an incident. Tags are not cut here: some belong to others, and must stay
/// as they are.
pub(super) fn patch(patch: &Patch) -> Result<Vec<u8>, String> {
    let tags = |tags: &Vec<String>| tags.iter().map(|tag| WireTagOut { tag: clean(tag) }).collect();
    encode(&WirePatch {
        tags: patch.tags.as_ref().map(tags),
        description: patch.description.as_deref().map(clean),
        details_url: patch.details_url.as_deref().map(clean),
        level: patch.level,
        metadata: patch.metadata.as_ref().map(clean_value),
    })
}

/// The JSON that posts an event.
pub(super) fn new_event(new: &NewEvent) -> Result<Vec<u8>, String> {
    debug_assert!(
        matches!(new.kind, EventKind::Other | EventKind::End | EventKind::Restart),
        "the other kinds are made by Argus or by users"
    );
    encode(&WireNewEvent {
        kind: code(&new.kind),
        timestamp: new.timestamp.to_string(),
        description: clean(&new.description),
    })
}

pub(super) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| sanitised(&error.to_string()))
}

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

fn page<T>(body: &[u8], item: fn(&[u8]) -> Result<T, String>) -> Result<Page<T>, String> {
    let page = decode::<WirePage>(body)?;
    Ok(Page { items: all(page.results.get().as_bytes(), item)?, more: page.next.is_some() })
}

impl TryFrom<WireIncident<'_>> for Incident {
    type Error = String;

    fn try_from(wire: WireIncident<'_>) -> Result<Self, String> {
        // No user has the key 0, so a tag without a user is not ours.
        let tags = wire.tags.unwrap_or_default().into_iter().map(|tag| (tag.tag, tag.added_by.unwrap_or(0))).collect();
        Ok(Self {
            pk: wire.pk,
            start_time: instant("start_time", &wire.start_time)?,
            end_time: end_time(wire.end_time)?,
            source_user: wire.source.user,
            source_incident_id: wire.source_incident_id.unwrap_or_default().into(),
            description: wire.description.unwrap_or_default().into(),
            level: wire.level.unwrap_or(5),
            details_url: wire.details_url.unwrap_or_default().into(),
            ticket_url: wire.ticket_url.unwrap_or_default().into(),
            made_for: wire.metadata.and_then(|raw| MadeFor::read(raw.get())),
            tags,
            open: wire.open.unwrap_or(false),
            acked: wire.acked.unwrap_or(false),
        })
    }
}

impl TryFrom<WireEvent> for Event {
    type Error = String;

    fn try_from(wire: WireEvent) -> Result<Self, String> {
        let (actor, actor_name) = wire.actor.map_or((0, None), |actor| (actor.pk, actor.username));
        let WireKind(kind) = wire.kind;
        Ok(Self {
            pk: wire.pk,
            incident: wire.incident,
            actor,
            actor_name: actor_name.unwrap_or_default(),
            timestamp: instant("timestamp", &wire.timestamp)?,
            received: instant("received", &wire.received)?,
            kind: kind_of(kind),
            description: wire.description.unwrap_or_default(),
        })
    }
}

fn end_time(wire: Option<Option<String>>) -> Result<EndTime, String> {
    match wire {
        None => Err("missing field `end_time`".to_owned()),
        Some(None) => Ok(EndTime::Stateless),
        // Some clients, and some versions of Argus, write infinity as the last day of the calendar.
        Some(Some(text)) if text == "infinity" || text.starts_with("9999-12-31") => Ok(EndTime::Open),
        Some(Some(text)) => instant("end_time", &text).map(EndTime::At),
    }
}

/// A time. Before zones were whole minutes, Python writes their seconds too (`+00:53:28`): those
/// are cut off, because one event that somebody dated 1850 must not make a list unreadable.
pub(super) fn instant(field: &str, text: &str) -> Result<Stamp, String> {
    let without_seconds = || {
        let (head, tail) = text.split_at_checked(text.len().checked_sub(9)?)?;
        let zone = tail.strip_prefix(['+', '-'])?;
        let short = tail.get(..6).filter(|_| zone.matches(':').count() == 2)?;
        Stamp::parse(&format!("{head}{short}"))
    };
    Stamp::parse(text).or_else(without_seconds).ok_or_else(|| format!("{field} is no time: {}", sanitised(text)))
}

fn clean_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(items) => items.iter().map(clean_value).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (clean(key), clean_value(value))).collect(),
        other => other.clone(),
    }
}

/// The mapping cuts its values already; this is a second bound.
fn bounded_tag(tag: &str) -> String {
    let start = tag.find('=').map_or(0, |at| at + 1);
    let mut end = tag.len().min(start + MAX_TAG_VALUE);
    while !tag.is_char_boundary(end) {
        end -= 1;
    }
    tag.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
