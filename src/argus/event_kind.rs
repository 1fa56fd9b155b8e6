//! The kind of an event, as the Argus API writes it <-> as the models have it. Never decides what a
//! kind means.

use super::models::EventKind;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Answers have an object, requests a bare text; either is understood.
pub(super) struct WireKind(pub String);

impl<'de> Deserialize<'de> for WireKind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // An untagged enum of serde would keep a copy of any value in memory.
        from.deserialize_any(KindVisitor).map(Self)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text, or an object with a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
        #[derive(Deserialize)]
        struct Object {
            value: String,
        }
        Object::deserialize(MapAccessDeserializer::new(map)).map(|object| object.value)
    }
}

/// The kind that a code of Argus means.
pub(super) fn kind_of(code: String) -> EventKind {
    match code.as_str() {
        "STA" => EventKind::Start,
        "END" => EventKind::End,
        "RES" => EventKind::Restart,
        "CLO" => EventKind::Close,
        "REO" => EventKind::Reopen,
        "ACK" => EventKind::Acknowledge,
        "OTH" => EventKind::Other,
        "CHI" => EventKind::Change,
        _ => EventKind::Unknown(code),
    }
}

/// Argus' code of a kind.
pub(super) fn code(kind: &EventKind) -> &str {
    match kind {
        EventKind::Start => "STA",
        EventKind::End => "END",
        EventKind::Restart => "RES",
        EventKind::Close => "CLO",
        EventKind::Reopen => "REO",
        EventKind::Acknowledge => "ACK",
        EventKind::Other => "OTH",
        EventKind::Change => "CHI",
        EventKind::Unknown(code) => code,
    }
}
