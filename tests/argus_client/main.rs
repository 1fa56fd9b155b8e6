//! What the Argus client does, seen from outside: against a scriptable server on loopback, and on
//! request against a real Argus.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod advice;
mod connections;
mod errors;
#[path = "../support/fake_argus.rs"]
mod fake_argus;
#[path = "../support/fake_proxy.rs"]
mod fake_proxy;
mod logging;
#[path = "../support/own_ca.rs"]
mod own_ca;
mod proxies;
mod questions;
mod real;
mod tls;

use fake_argus::FakeArgus;
use std::fmt::Debug;
use std::time::Duration;
use zinoargus::argus::ArgusError;
use zinoargus::argus::client::{Client, Settings};
use zinoargus::argus::models::{EventKind, NewEvent, NewIncident};
use zinoargus::argus::proxy::Environment;
use zinoargus::secret::Secret;
use zinoargus::time::Stamp;

const TOKEN: &str = "0123456789abcdef";

const INCIDENT: &str = r#"{"pk":1,"start_time":"2026-11-22T20:51:18+01:00","end_time":"infinity",
    "source":{"pk":2,"name":"zino-a","user":3},"source_incident_id":"77","description":"d","level":5,"ticket_url":"",
    "metadata":{},"tags":[],"open":true,"acked":false}"#;

const EVENT: &str = r#"{"pk":110,"incident":1,"actor":{"pk":3,"username":"zino-a"},
    "timestamp":"2026-11-22T20:53:15+01:00","received":"2026-11-22T20:53:15.5+01:00",
    "type":{"value":"OTH","display":"Other"},"description":"oth"}"#;

const EMPTY_PAGE: &str = r#"{"next":null,"previous":null,"results":[]}"#;

fn settings(url: &str) -> Settings {
    Settings {
        url: url.parse().unwrap(),
        token: Secret::new(TOKEN.to_owned()),
        // Generous: a test that wants a time-out says so.
        timeout: Duration::from_secs(20),
        ca_file: None,
        connections: 4,
        environment: Environment::default(),
    }
}

fn client(fake: &FakeArgus) -> Client {
    Client::new(&settings(&fake.url())).unwrap()
}

fn impatient(fake: &FakeArgus) -> Client {
    Client::new(&Settings { timeout: Duration::from_secs(1), ..settings(&fake.url()) }).unwrap()
}

fn new_incident() -> NewIncident {
    NewIncident {
        start_time: Stamp::from_secs(1_795_000_000),
        end_time: None,
        source_incident_id: "77".to_owned(),
        description: "gw1 is not reachable".to_owned(),
        details_url: Some("/case/77".into()),
        level: 3,
        tags: vec!["host=gw1".to_owned()],
        metadata: about("gw1"),
    }
}

fn about(router: &str) -> serde_json::Value {
    serde_json::json!({"zino": {"case": 77, "opened": 1_795_000_000, "router": router, "type": "reachability", "subindex": "",
        "server": "zino.example.org"}})
}

fn other_event(description: &str) -> NewEvent {
    let timestamp = Stamp::from_secs(1_795_000_100);
    NewEvent { kind: EventKind::Other, timestamp, description: description.to_owned() }
}

fn incident_page(items: &[&str], next: Option<&str>) -> String {
    let next = serde_json::to_string(&next).unwrap();
    format!(r#"{{"next":{next},"previous":null,"results":[{}]}}"#, items.join(","))
}

fn refused<T: Debug>(result: Result<T, ArgusError>) -> String {
    match result {
        Err(ArgusError::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

fn busy<T: Debug>(result: Result<T, ArgusError>) -> String {
    match result {
        Err(ArgusError::Busy(why)) => why,
        other => panic!("not busy: {other:?}"),
    }
}

fn unknown<T: Debug>(result: Result<T, ArgusError>) -> (String, Option<u16>) {
    match result {
        Err(ArgusError::Unknown { why, status }) => (why, status),
        other => panic!("not unknown: {other:?}"),
    }
}

fn request<T: Debug>(result: Result<T, ArgusError>) -> (u16, String) {
    match result {
        Err(ArgusError::Request { status, why }) => (status, why),
        other => panic!("not a wrong request: {other:?}"),
    }
}
