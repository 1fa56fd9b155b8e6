//! Lists the keys and sections of the configuration, and finds the one that a misspelled name may
//! mean. Never keeps a list of its own: it asks the structs.

use super::Config;
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::iter::once;
use std::sync::OnceLock;

/// What can stand in the file under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A section.
    Section,
    /// A section that may stand there several times.
    Sections,
    /// A text, which must stand in quotes.
    Text,
    /// A value of another kind.
    Value,
}

/// A key or section.
#[derive(Debug)]
struct Entry {
    /// With its sections: `zino.port`.
    path: String,
    kind: Kind,
}

/// All keys, with their sections.
pub fn keys() -> impl Iterator<Item = &'static str> {
    let is_key = |entry: &&Entry| matches!(entry.kind, Kind::Text | Kind::Value);
    entries().iter().filter(is_key).map(|entry| entry.path.as_str())
}

/// What a path stands for; `None` if there is no such key or section.
pub fn kind(path: &str) -> Option<Kind> {
    entries().iter().find(|entry| entry.path == path).map(|entry| entry.kind)
}

/// A path as it stands in a file: a section in brackets.
pub fn written(path: &str) -> String {
    match kind(path) {
        Some(Kind::Sections) => format!("[[{path}]]"),
        Some(Kind::Section) => format!("[{path}]"),
        _ => path.to_owned(),
    }
}

/// What `name` in `section` (empty: the top of the file) may have to be, as the end of a sentence.
pub fn hint(section: &str, name: &str) -> String {
    let split = |path: &'static str| path.rsplit_once('.').unwrap_or(("", path));
    let paths = || entries().iter().map(|entry| entry.path.as_str());
    let siblings = || paths().filter(|path| split(path).0 == section);
    let near = |path: &&'static str| distance(split(path).1, name) <= tolerance(name);
    let by_distance = |path: &&'static str| distance(split(path).1, name);
    if let Some(path) = siblings().filter(near).min_by_key(by_distance) {
        return format!("did you mean {}?", written(path));
    }
    if let Some(path) = paths().filter(near).min_by_key(by_distance) {
        return format!("did you mean {}, in another section?", written(path));
    }
    format!("there are {}", siblings().map(written).collect::<Vec<_>>().join(", "))
}

/// How many typing errors a word of this length may have.
fn tolerance(name: &str) -> usize {
    (name.chars().count() / 3).clamp(1, 3)
}

/// The number of letters to insert, delete, replace or swap. Case does not count, nor `-` for `_`.
fn distance(left: &str, right: &str) -> usize {
    let normal = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    strsim::osa_distance(&normal(left), &normal(right))
}

/// All keys and sections, in the order of the structs.
fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(explore)
}

/// Asks the structs for their fields, one struct after the other.
fn explore() -> Vec<Entry> {
    let mut waiting: Vec<Vec<&'static str>> = vec![Vec::new()];
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        let mut answer = None;
        // The result is always an error, because there is no value to read.
        let _ = Config::deserialize(Question { path: &path, is_in_list: false, answer: &mut answer });
        let Some((kind, fields)) = answer else { continue };
        waiting.extend(fields.iter().rev().map(|field| [path.as_slice(), &[*field]].concat()));
        found.push(Entry { path: path.join("."), kind });
    }
    // The first entry is the file as a whole.
    found.split_off(found.len().min(1))
}

/// A deserializer without data. It leads a struct along a path of fields, and notes what the struct
/// wants at the end of it.
struct Question<'a> {
    path: &'a [&'static str],
    is_in_list: bool,
    /// What is at the end of the path: its kind, and its fields if it is a section.
    answer: &'a mut Option<(Kind, &'static [&'static str])>,
}

impl Question<'_> {
    fn ends<T>(self, kind: Kind, fields: &'static [&'static str]) -> Result<T, Error> {
        *self.answer = Some((kind, fields));
        Err(Error::custom("asked"))
    }
}

impl<'de> Deserializer<'de> for Question<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.path.split_first() {
            Some((field, path)) => {
                let rest = Question { path, is_in_list: false, ..self };
                visitor.visit_map(MapDeserializer::new(once((*field, rest))))
            }
            None if self.is_in_list => self.ends(Kind::Sections, fields),
            None => self.ends(Kind::Section, fields),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(once(Question { is_in_list: true, ..self })))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, _: V) -> Result<V::Value, Error> {
        self.ends(if name == "Text" { Kind::Text } else { Kind::Value }, &[])
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.ends(Kind::Value, &[])
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Question<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structs_know_their_keys_and_sections() {
        assert_eq!(keys().count(), 44);
        assert_eq!(keys().next(), Some("argus.url"));
        assert_eq!(keys().last(), Some("failover.threshold"));
        for (path, expected) in [
            ("argus", Some(Kind::Section)),
            ("argus.url", Some(Kind::Text)),
            ("argus.renew_token", Some(Kind::Value)),
            ("failover.snmp_community", Some(Kind::Text)),
            ("sync.severity", Some(Kind::Section)),
            ("sync.severity.thresholds", Some(Kind::Sections)),
            ("sync.severity.thresholds.level", Some(Kind::Value)),
            ("argus.nonsense", None),
            ("", None),
        ] {
            assert_eq!(kind(path), expected, "{path}");
        }
    }

    #[test]
    fn the_nearest_key_is_offered() {
        for (section, name, expected) in [
            ("argus", "urll", "did you mean argus.url?"),
            ("argus", "Token-File", "did you mean argus.token_file?"),
            ("argus", "tokne", "did you mean argus.token?"),
            ("argus", "TOKEN", "did you mean argus.token?"),
            ("argus", "tokenfile", "did you mean argus.token_file?"),
            ("zino", "prot", "did you mean zino.port?"),
            ("", "agrus", "did you mean [argus]?"),
            ("sync", "severty", "did you mean [sync.severity]?"),
            ("sync.severity", "treshold", "did you mean [[sync.severity.thresholds]]?"),
            ("zino", "timeout", "did you mean argus.timeout, in another section?"),
            ("", "refresh_interval", "did you mean sync.refresh_interval, in another section?"),
            ("metadata", "zzzzzz", "there are metadata.ports_url"),
        ] {
            assert_eq!(hint(section, name), expected, "{section} {name}");
        }
    }
}
