//! The JSON of acknowledgements <-> the models. Never talks to a server.

use super::limits::clean;
use super::list::all;
use super::models::{Ack, NewEvent};
use super::wire::{WireEvent, decode, encode, instant};
use crate::time::Stamp;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct WireAck {
    event: WireEvent,
    expiration: Option<String>,
}

#[derive(Serialize)]
struct WireNewAck {
    timestamp: String,
    description: String,
}

#[derive(Serialize)]
struct WireExpiration {
    expiration: String,
}

/// Reads one acknowledgement.
pub(super) fn ack(body: &[u8]) -> Result<Ack, String> {
    let wire = decode::<WireAck>(body)?;
    let expiration = wire.expiration.map(|text| instant("expiration", &text)).transpose()?;
    Ok(Ack { event: wire.event.try_into()?, expiration })
}

/// Reads the acknowledgements of one incident: a plain list.
pub(super) fn acks(body: &[u8]) -> Result<Vec<Ack>, String> {
    all(body, ack)
}

/// The JSON that acknowledges an incident without an end.
pub(super) fn new_ack(new: &NewEvent) -> Result<Vec<u8>, String> {
    encode(&WireNewAck { timestamp: new.timestamp.to_string(), description: clean(&new.description) })
}

/// The JSON that gives an acknowledgement an end.
pub(super) fn expiration(at: Stamp) -> Result<Vec<u8>, String> {
    encode(&WireExpiration { expiration: at.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argus::models::EventKind;

    /// As argus-server 2.10 answers.
    const ONE: &str = r#"{"pk":143,"event":{"pk":143,"incident":7,"actor":{"pk":3,"username":"zino-a"},
        "timestamp":"2026-11-22T20:51:18+01:00","received":"2026-11-22T20:51:19.5+01:00",
        "type":{"value":"ACK","display":"Acknowledge"},"description":"on it"},"expiration":EXPIRATION}"#;

    fn one(expiration: &str) -> String {
        ONE.replace("EXPIRATION", expiration)
    }

    #[test]
    fn an_acknowledgement_is_its_event_and_its_end() {
        let never = ack(one("null").as_bytes()).unwrap();
        assert_eq!((never.event.pk, never.event.actor, never.expiration), (143, 3, None));
        assert_eq!(never.event.kind, EventKind::Acknowledge);
        let list = format!("[{},{}]", one("null"), one("\"2026-11-22T21:51:18+01:00\""));
        let all = acks(list.as_bytes()).unwrap();
        assert_eq!(
            all.iter().map(|ack| ack.expiration).collect::<Vec<_>>(),
            [None, Stamp::parse("2026-11-22T20:51:18Z")]
        );
    }

    #[test]
    fn an_end_that_is_no_time_makes_the_list_an_error() {
        let list = format!("[{}]", one("\"soon\""));
        assert_eq!(acks(list.as_bytes()), Err("item 1 of the list (pk 143): expiration is no time: soon".to_owned()));
    }

    #[test]
    fn what_is_sent_has_the_time_and_the_text_and_no_nul() {
        let at = Stamp::parse("2026-11-22T20:51:18Z").unwrap();
        let new = NewEvent { kind: EventKind::Acknowledge, timestamp: at, description: "on\0it".into() };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(
            text(new_ack(&new).unwrap()),
            "{\"timestamp\":\"2026-11-22T20:51:18Z\",\"description\":\"on\u{fffd}it\"}"
        );
        assert_eq!(text(expiration(at).unwrap()), r#"{"expiration":"2026-11-22T20:51:18Z"}"#);
    }
}
