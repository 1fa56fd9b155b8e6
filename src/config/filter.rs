//! `[filter]`: which cases get an incident, as the configuration says it. Never judges a case.

use super::value::{List, Priority, Text, Whole, one_of};
use crate::zino::case::CaseKind;
use serde::{Deserialize, Serialize, Serializer};

/// The types that can be asked for, in Zino's words.
const TYPES: [&str; 5] = ["reachability", "portstate", "bgp", "alarm", "bfd"];

/// Which cases get an incident.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// The types of the cases that get one.
    pub types: List<Type>,
    /// What the description of a port must contain; empty for every port.
    pub port_description_contains: Text,
    /// The lowest priority.
    pub min_priority: Priority,
    /// The routers whose cases get none, by their names in Zino.
    pub ignore_routers: List<Pattern>,
}

impl Default for Filter {
    fn default() -> Self {
        let types = [CaseKind::Reachability, CaseKind::Portstate, CaseKind::Bgp, CaseKind::Alarm];
        Self {
            types: List(types.map(Type).into()),
            port_description_contains: Self::USUAL_MARK.into(),
            min_priority: Whole(0),
            ignore_routers: List(Vec::new()),
        }
    }
}

impl Filter {
    /// What marks a production port without `port_description_contains`.
    pub const USUAL_MARK: &str = ",";

    /// What differs from the defaults, for people; `None` if nothing does.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let usual = Self::default();
        let mut parts = Vec::new();
        if self.types != usual.types {
            let words: Vec<&str> = self.types.0.iter().map(|kind| kind.0.word()).collect();
            parts.push(format!("of the types {}", words.join(", ")));
        }
        if self.port_description_contains != usual.port_description_contains {
            parts.push(match self.port_description_contains.0.as_str() {
                "" => "of every port".to_owned(),
                text => format!("of ports with {text:?} in the description"),
            });
        }
        if self.min_priority != usual.min_priority {
            parts.push(format!("from priority {} on", self.min_priority.0));
        }
        if !self.ignore_routers.0.is_empty() {
            let patterns: Vec<&str> = self.ignore_routers.0.iter().map(|pattern| pattern.0.as_str()).collect();
            parts.push(format!("not of routers like {}", patterns.join(", ")));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// The type of a case, in Zino's word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Text")]
pub struct Type(pub CaseKind);

impl TryFrom<Text> for Type {
    type Error = String;

    fn try_from(Text(text): Text) -> Result<Self, String> {
        if TYPES.contains(&text.as_str()) {
            return Ok(Self(CaseKind::from_word(&text)));
        }
        Err(one_of(&TYPES, &text))
    }
}

impl Serialize for Type {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

/// The type of an alarm, in Zino's word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Text")]
pub struct AlarmType(pub String);

impl TryFrom<Text> for AlarmType {
    type Error = String;

    fn try_from(Text(text): Text) -> Result<Self, String> {
        match text.as_str() {
            "red" | "yellow" => Ok(Self(text)),
            _ => Err("must be \"red\" or \"yellow\"".to_owned()),
        }
    }
}

/// A shell pattern for the name of a router: `*`, `?` and `[a-z]`. Case does not count, as in DNS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Text")]
pub struct Pattern(glob::Pattern);

impl Pattern {
    /// A pattern that a test is sure of.
    ///
    /// # Panics
    /// If it is none.
    #[cfg(test)]
    #[must_use]
    pub fn of(text: &str) -> Self {
        Text(text.to_owned()).try_into().unwrap()
    }

    /// Whether it stands for this router.
    #[must_use]
    pub fn matches(&self, router: &str) -> bool {
        let options = glob::MatchOptions { case_sensitive: false, ..glob::MatchOptions::default() };
        self.0.matches_with(router, options)
    }
}

impl TryFrom<Text> for Pattern {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let text = text.not_empty()?;
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("must be one pattern for the name of a router, without blanks".to_owned());
        }
        glob::Pattern::new(&text).map(Self).map_err(|fault| {
            format!("is no shell pattern (*, ? and [a-z]): at its letter {}: {}", fault.pos + 1, fault.msg)
        })
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
