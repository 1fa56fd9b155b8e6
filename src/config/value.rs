//! The types of the values in the configuration: each checks itself when it is read. Never puts
//! text of the file into a message, because it may be a secret in the wrong key.

use crate::argus::api_url::ApiUrl;
use crate::secret::Secret;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;
use toml::Value;

/// A shorter time would be a busy loop; a longer one is a typing error.
const SHORTEST_SECS: f64 = 0.1;
const DAY: u32 = 24 * 3600;

/// A value of any kind. Reading one never fails for its kind: serde's words for that show the
/// value.
#[derive(Deserialize)]
struct Any(#[serde(deserialize_with = "any_kind")] Value);

/// The same where a text is wanted; `keys` knows it by its name.
#[derive(Deserialize)]
#[serde(rename = "Text")]
struct AnyForText(#[serde(deserialize_with = "any_kind")] Value);

fn any_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Value::deserialize(deserializer).map_err(|_| D::Error::custom("is a number with too many digits"))
}

/// The error about a value of another kind than expected.
fn must_be<E: Error>(expected: &str, value: &Value) -> E {
    let (kind, hint) = match value {
        Value::String(_) => ("text", " (write it without quotes)"),
        Value::Integer(_) => ("a whole number", ""),
        Value::Float(_) => ("a fractional number", ""),
        Value::Boolean(_) => ("true or false", ""),
        Value::Datetime(_) => ("a date or time", ""),
        Value::Array(_) => ("a list", ""),
        Value::Table(_) => ("a section", ""),
    };
    let hint = if expected == "text" { " (put it in quotes)" } else { hint };
    E::custom(format!("must be {expected}, not {kind}{hint}"))
}

/// Any text, also an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text(pub String);

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Text {
    pub(super) fn not_empty(self) -> Result<String, String> {
        if self.0.is_empty() { Err("must not be empty".to_owned()) } else { Ok(self.0) }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match AnyForText::deserialize(deserializer)?.0 {
            Value::String(text) => Ok(Self(text)),
            other => Err(must_be("text", &other)),
        }
    }
}

impl<'de> Deserialize<'de> for ApiUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?.not_empty();
        text.and_then(|text| text.parse()).map_err(D::Error::custom)
    }
}

impl Serialize for ApiUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer)?.not_empty().map(Self::new).map_err(D::Error::custom)
    }
}

/// What stands for a secret where a configuration is written down.
pub(super) const HIDDEN: &str = "(secret)";

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Values of one kind in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

/// Reads a [`List`]. Anything else is refused in words of our own, because serde's show the value.
struct ListVisitor<T>(PhantomData<T>);

impl<T> ListVisitor<T> {
    fn refuse<E: Error>(kind: &str, hint: &str) -> Result<List<T>, E> {
        Err(E::custom(format!("must be a list, not {kind}{hint}")))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(List(list))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<List<T>, E> {
        Self::refuse("text", " (put it in brackets)")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<List<T>, E> {
        Self::refuse("true or false", "")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<List<T>, E> {
        Self::refuse("a whole number", "")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<List<T>, E> {
        Self::refuse("a whole number", "")
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<List<T>, E> {
        Self::refuse("a number", "")
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<List<T>, E> {
        Self::refuse("a number", "")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<List<T>, E> {
        Self::refuse("a fractional number", "")
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<List<T>, A::Error> {
        Self::refuse("a section or a time", "")
    }
}

/// How many letters of a misspelled word may differ.
const TYPING_ERRORS: usize = 3;

/// The error about a text that must be one of these words, with the word that it may have to be.
pub(super) fn one_of(words: &[&str], text: &str) -> String {
    let text = text.to_ascii_lowercase();
    let near = words.iter().map(|word| (strsim::osa_distance(word, &text), word)).min();
    let hint = near.filter(|(distance, _)| *distance <= TYPING_ERRORS);
    let hint = hint.map(|(_, word)| format!("; did you mean \"{word}\"?")).unwrap_or_default();
    format!("must be of \"{}\"{hint}", words.join("\", \""))
}

/// True or false.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Any::deserialize(deserializer)?.0 {
            Value::Boolean(flag) => Ok(Self(flag)),
            other => Err(must_be("true or false", &other)),
        }
    }
}

/// A whole number between two bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Whole<T, const LOW: i64, const HIGH: i64>(pub T);

/// A port of TCP or UDP.
pub type Port = Whole<u16, 1, 65535>;
/// An Argus level.
pub type Level = Whole<u8, 1, 5>;
/// A priority in Zino, where none is as high as the upper bound.
pub type Priority = Whole<i64, 0, 1_000_000>;
/// How many requests may run side by side.
pub type Connections = Whole<usize, 1, 64>;
/// How many questions in a row. With more, a takeover would come too late.
pub type Questions = Whole<u32, 1, 1000>;

impl<T: From<u16>, const LOW: i64, const HIGH: i64> Whole<T, LOW, HIGH> {
    /// This number, as the default of a key.
    pub(super) fn of<const NUMBER: u16>() -> Self {
        Self(NUMBER.into())
    }
}

impl<'de, T: TryFrom<i64>, const LOW: i64, const HIGH: i64> Deserialize<'de> for Whole<T, LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Any::deserialize(deserializer)?.0 {
            Value::Integer(number) => number,
            other => return Err(must_be("a whole number", &other)),
        };
        let within = T::try_from(number).ok().filter(|_| (LOW..=HIGH).contains(&number));
        within.map(Self).ok_or_else(|| D::Error::custom(format!("must be between {LOW} and {HIGH}, not {number}")))
    }
}

/// A time in seconds, whole or fractional, of at most so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time<const LONGEST: u32>(pub Duration);

/// A time of at most a day.
pub type Seconds = Time<DAY>;
/// A time of at most thirty days.
pub type Grace = Time<{ 30 * DAY }>;

impl<const LONGEST: u32> Time<LONGEST> {
    /// So many seconds, as the default of a key.
    pub(super) fn of<const NUMBER: u64>() -> Self {
        Self(Duration::from_secs(NUMBER))
    }
}

impl<'de, const LONGEST: u32> Deserialize<'de> for Time<LONGEST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seconds, written) = match Any::deserialize(deserializer)?.0 {
            // Only a number that is far out of bounds loses digits.
            #[allow(clippy::cast_precision_loss)]
            Value::Integer(number) => (number as f64, number.to_string()),
            Value::Float(number) => (number, format!("{number:?}")),
            other => return Err(must_be("a number of seconds", &other)),
        };
        let is_within = (SHORTEST_SECS..=f64::from(LONGEST)).contains(&seconds);
        let time = Duration::try_from_secs_f64(seconds).ok().filter(|_| is_within);
        let days = if LONGEST == DAY { "a day".to_owned() } else { format!("{} days", LONGEST / DAY) };
        let bounds = format!("must be between {SHORTEST_SECS} and {LONGEST} seconds ({days})");
        time.map(Self).ok_or_else(|| D::Error::custom(format!("{bounds}, not {written}")))
    }
}

impl<const LONGEST: u32> Serialize for Time<LONGEST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

/// A secret that does not stand in the file.
pub(super) fn not_given() -> Secret {
    Secret::well_known(String::new())
}

/// Whether the file holds the secret. An empty one is refused when it is read.
pub(super) fn is_given(secret: &Secret) -> bool {
    !secret.reveal().is_empty()
}

#[cfg(test)]
#[path = "value_tests.rs"]
pub(super) mod tests;
