//! A JSON list, read item by item, so that an answer takes no more memory than its text and its
//! models. Never leaves out an item: a list is complete or an error, because an incident that is
//! missing on a list counts as gone.

use super::text::sanitised;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Reads each item of a list with `item`.
///
/// # Errors
/// Which item makes no sense, or why this is no list.
pub(super) fn all<T>(json: &[u8], item: fn(&[u8]) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut fault = None;
    let mut from = serde_json::Deserializer::from_slice(json);
    let list = List { item, fault: &mut fault }.deserialize(&mut from);
    let list = list.and_then(|list| from.end().map(|()| list));
    list.map_err(|error| fault.unwrap_or_else(|| sanitised(&error.to_string())))
}

struct List<'a, T> {
    item: fn(&[u8]) -> Result<T, String>,
    /// The error in our words. An error of serde's cannot hold them.
    fault: &'a mut Option<String>,
}

impl<'de, T> DeserializeSeed<'de> for List<'_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Vec<T>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, T> Visitor<'de> for List<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut read = Vec::new();
        while let Some(raw) = items.next_element::<&RawValue>()? {
            match (self.item)(raw.get().as_bytes()) {
                Ok(item) => read.push(item),
                Err(why) => {
                    let number = read.len() + 1;
                    *self.fault = Some(format!("item {number} of the list{}: {why}", pk_of(raw)));
                    return Err(A::Error::custom("an item makes no sense"));
                }
            }
        }
        Ok(read)
    }
}

fn pk_of(raw: &RawValue) -> String {
    #[derive(serde::Deserialize)]
    struct Keyed {
        pk: i64,
    }
    serde_json::from_str::<Keyed>(raw.get()).map(|keyed| format!(" (pk {})", keyed.pk)).unwrap_or_default()
}
