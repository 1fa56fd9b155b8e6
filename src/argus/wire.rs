//! The JSON of the Argus API, to and from the models. Never sends anything.
//!
//! A list with an item that cannot be understood is an error, naming the item: a half-understood list must never pass for a
//! complete one.

use super::models::{EndTime, Event, EventKind, Incident, ListQuery, NewEvent, NewIncident, Page, Patch, Tag};
use crate::stamp::Stamp;
use crate::sync::text::clean;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How many incidents a page of a list holds: 100 cost Argus about half a second, which must stay well under `argus.timeout`.
const PAGE_SIZE: usize = 100;

#[derive(Deserialize)]
struct WireSource {
    user: i64,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct WireTag {
    tag: String,
    added_by: Option<i64>,
}

#[derive(Deserialize)]
struct WireIncident {
    pk: i64,
    start_time: String,
    end_time: Option<String>,
    source: WireSource,
    #[serde(default)]
    source_incident_id: Option<String>,
    #[serde(default)]
    description: Option<String>,
    level: u8,
    #[serde(default)]
    ticket_url: Option<String>,
    #[serde(default)]
    metadata: Value,
    tags: Vec<WireTag>,
    open: bool,
    acked: bool,
}

#[derive(Deserialize)]
struct WireActor {
    pk: i64,
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
struct WireKind {
    value: String,
}

#[derive(Deserialize)]
struct WireEvent {
    pk: i64,
    incident: i64,
    actor: WireActor,
    timestamp: String,
    received: String,
    #[serde(rename = "type")]
    kind: WireKind,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Deserialize)]
struct WirePage {
    next: Option<String>,
    results: Vec<Value>,
}

fn stamp(text: &str) -> Result<Stamp, String> {
    Stamp::parse(text).ok_or_else(|| format!("\"{}\" is not a time", text.chars().take(40).collect::<String>()))
}

/// `"infinity"`, null, or a time; the last day of the year 9999 is how Python writes infinity.
fn end_time(text: Option<&str>) -> Result<EndTime, String> {
    match text {
        None => Ok(EndTime::Stateless),
        Some("infinity") => Ok(EndTime::Open),
        Some(text) if text.starts_with("9999-12-31") => Ok(EndTime::Open),
        Some(text) => stamp(text).map(EndTime::At),
    }
}

/// One incident.
///
/// # Errors
/// What of it cannot be understood.
pub fn incident(value: Value) -> Result<Incident, String> {
    let name = format!("incident {}", value.get("pk").unwrap_or(&Value::Null));
    let read = |value| -> Result<Incident, String> {
        let w: WireIncident = serde_json::from_value(value).map_err(|e| e.to_string())?;
        Ok(Incident {
            pk: w.pk,
            start_time: stamp(&w.start_time)?,
            end_time: end_time(w.end_time.as_deref())?,
            source_user: w.source.user,
            source_name: w.source.name,
            source_incident_id: w.source_incident_id.unwrap_or_default(),
            description: w.description.unwrap_or_default(),
            level: w.level,
            ticket_url: w.ticket_url.unwrap_or_default(),
            metadata: w.metadata,
            tags: w.tags.into_iter().map(|t| Tag { text: t.tag, added_by: t.added_by.unwrap_or(-1) }).collect(),
            open: w.open,
            acked: w.acked,
        })
    };
    read(value).map_err(|why| format!("{name}: {why}"))
}

fn event_kind(word: &str) -> EventKind {
    match word {
        "STA" => EventKind::Start,
        "END" => EventKind::End,
        "RES" => EventKind::Restart,
        "CLO" => EventKind::Close,
        "REO" => EventKind::Reopen,
        "ACK" => EventKind::Acknowledge,
        "OTH" => EventKind::Other,
        "CHI" => EventKind::Change,
        other => EventKind::Unknown(other.to_owned()),
    }
}

fn event_word(kind: &EventKind) -> &str {
    match kind {
        EventKind::Start => "STA",
        EventKind::End => "END",
        EventKind::Restart => "RES",
        EventKind::Close => "CLO",
        EventKind::Reopen => "REO",
        EventKind::Acknowledge => "ACK",
        EventKind::Other => "OTH",
        EventKind::Change => "CHI",
        EventKind::Unknown(word) => word,
    }
}

/// One event.
///
/// # Errors
/// What of it cannot be understood.
pub fn event(value: Value) -> Result<Event, String> {
    let name = format!("event {}", value.get("pk").unwrap_or(&Value::Null));
    let read = |value| -> Result<Event, String> {
        let w: WireEvent = serde_json::from_value(value).map_err(|e| e.to_string())?;
        Ok(Event {
            pk: w.pk,
            incident: w.incident,
            actor: w.actor.pk,
            actor_name: w.actor.username,
            timestamp: stamp(&w.timestamp)?,
            received: stamp(&w.received)?,
            kind: event_kind(&w.kind.value),
            description: w.description.unwrap_or_default(),
        })
    };
    read(value).map_err(|why| format!("{name}: {why}"))
}

/// A list that is not paged.
///
/// # Errors
/// What of it cannot be understood.
pub fn events(value: Value) -> Result<Vec<Event>, String> {
    match value {
        Value::Array(items) => items.into_iter().map(event).collect(),
        other => Err(format!("a list of events was expected, and not {}", kind_of(&other))),
    }
}

/// One page of a list.
///
/// # Errors
/// What of it cannot be understood.
pub fn page<T>(value: Value, item: fn(Value) -> Result<T, String>) -> Result<Page<T>, String> {
    let page: WirePage = serde_json::from_value(value).map_err(|e| format!("not a page of a list: {e}"))?;
    let items = page.results.into_iter().map(item).collect::<Result<_, _>>()?;
    // Host and path are whatever Argus believes it is called; only the question it asks next is taken.
    let next = page.next.map(|next| match next.split_once('?') {
        Some((_, query)) => Ok(query.split('#').next().unwrap_or_default().to_owned()),
        None => Err("the address of the next page has no query".to_owned()),
    });
    Ok(Page { items, next: next.transpose()? })
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The query of a list's first page.
#[must_use]
pub fn query(query: &ListQuery) -> String {
    match query {
        ListQuery::Open => format!("open=true&page_size={PAGE_SIZE}"),
        ListQuery::EndedSince(since) => format!("open=false&end_time__gte={since}&page_size={PAGE_SIZE}"),
        ListQuery::Number(number) => {
            // Our numbers are digits and a dash; anything else could only come from a bug, and must not become a second filter.
            let number: String = number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            format!("source_incident_id={number}")
        }
    }
}

fn tags<'a>(texts: impl IntoIterator<Item = &'a String>) -> Value {
    texts.into_iter().map(|text| json!({"tag": clean(text)})).collect()
}

/// The body that creates an incident.
#[must_use]
pub fn new_incident(new: &NewIncident) -> Value {
    let end = new.end_time.map_or_else(|| "infinity".to_owned(), |t| t.to_string());
    json!({
        "start_time": new.start_time.to_string(),
        "end_time": end,
        "source_incident_id": new.source_incident_id,
        "description": clean(&new.description),
        "level": new.level,
        "tags": tags(&new.tags),
        "metadata": new.metadata,
    })
}

/// The body that changes an incident.
#[must_use]
pub fn patch(patch: &Patch) -> Value {
    let mut body = Map::new();
    if let Some(texts) = &patch.tags {
        body.insert("tags".to_owned(), tags(texts));
    }
    if let Some(description) = &patch.description {
        body.insert("description".to_owned(), json!(clean(description)));
    }
    if let Some(level) = patch.level {
        body.insert("level".to_owned(), json!(level));
    }
    if let Some(metadata) = &patch.metadata {
        body.insert("metadata".to_owned(), metadata.clone());
    }
    Value::Object(body)
}

/// The body that posts an event.
#[must_use]
pub fn new_event(new: &NewEvent) -> Value {
    json!({
        "type": event_word(&new.kind),
        "timestamp": new.timestamp.to_string(),
        "description": clean(&new.description),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INCIDENT: &str = r#"{"pk":1,"start_time":"2026-11-22T20:51:18.254951+01:00","end_time":"infinity",
        "source":{"pk":2,"name":"zino-a","type":{"name":"zino"},"user":3,"base_url":""},"source_incident_id":"77",
        "details_url":"","description":"x","level":5,"ticket_url":"","metadata":{},
        "tags":[{"added_by":3,"added_time":"2026-11-22T20:51:57.472186+01:00","tag":"host=a"}],
        "stateful":true,"open":true,"acked":false}"#;

    fn with(key: &str, value: Value) -> Result<Incident, String> {
        let mut v: Value = serde_json::from_str(INCIDENT).unwrap();
        v[key] = value;
        incident(v)
    }

    #[test]
    fn an_incident_reads_as_argus_means_it() {
        let i = with("pk", json!(1)).unwrap();
        assert_eq!((i.pk, i.source_user, i.source_incident_id.as_str(), i.is_open()), (1, 3, "77", true));
        assert_eq!(with("end_time", Value::Null).unwrap().end_time, EndTime::Stateless);
        assert!(with("end_time", json!("9999-12-31T23:59:59.999999+01:00")).unwrap().is_open());
        assert!(!with("end_time", json!("2030-12-31T23:59:59+01:00")).unwrap().is_open());
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        assert!(with("start_time", json!("yesterday")).unwrap_err().starts_with("incident 1: "));
        assert!(with("level", json!("high")).is_err());
    }

    #[test]
    fn of_the_next_page_only_the_query_is_taken() {
        let list =
            json!({"next": "http://elsewhere.example/steal?cursor=abc&open=true#x", "previous": null, "results": []});
        assert_eq!(page(list, incident).unwrap().next.as_deref(), Some("cursor=abc&open=true"));
        let half = json!({"next": null, "results": [{"pk": 4}]});
        assert!(page(half, incident).unwrap_err().starts_with("incident 4: "));
    }

    #[test]
    fn nothing_that_argus_refuses_is_sent() {
        let new = NewEvent { kind: EventKind::Other, timestamp: Stamp::from_secs(5), description: "a\0b".into() };
        assert_eq!(
            new_event(&new),
            json!({"type": "OTH", "timestamp": "1970-01-01T00:00:05Z", "description": "a\u{fffd}b"})
        );
        assert_eq!(query(&ListQuery::Number("5&open=true".into())), "source_incident_id=5opentrue");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), pk in any::<i64>(), text in any::<String>()) {
            if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
                let _ = (incident(value.clone()), event(value.clone()), events(value.clone()), page(value, event));
            }
            for key in ["pk", "start_time", "end_time", "source", "tags", "level", "metadata", "ticket_url"] {
                let _ = with(key, json!(text));
                let _ = with(key, json!(pk));
            }
        }
    }
}
