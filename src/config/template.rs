//! `[incident]`: templates for the link and the tags of an incident, checked when the file is read.
//! Never fills one in: `reconcile/link.rs` does.

use super::value::{List, Text};
use serde::{Deserialize, Serialize, Serializer};

/// The tags that every incident has by itself.
const OUR_TAGS: [&str; 8] =
    ["host", "event_type", "priority", "interface", "description", "remote_as", "remote_addr", "alarm_type"];
/// The longest template, in bytes.
const LONGEST: usize = 1000;

/// What an incident carries besides what every one does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct IncidentConfig {
    /// The link to more about the case; empty for none.
    pub details_url: Link,
    /// More tags.
    pub tags: List<TagTemplate>,
}

/// A name in braces, which stands for something of the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// The case number.
    Case,
    /// The router's name in Zino.
    Router,
    /// The same with the default domain.
    Host,
    /// Zino's word for the type of the case.
    Type,
    /// The name of the port.
    Port,
    /// The index of the interface.
    Ifindex,
    /// The neighbour's address.
    RemoteAddr,
    /// The type of the alarm.
    AlarmType,
    /// `zino.server`.
    Server,
}

/// All placeholders, by their names.
const PLACEHOLDERS: [(&str, Placeholder); 9] = [
    ("case", Placeholder::Case),
    ("router", Placeholder::Router),
    ("host", Placeholder::Host),
    ("type", Placeholder::Type),
    ("port", Placeholder::Port),
    ("ifindex", Placeholder::Ifindex),
    ("remote_addr", Placeholder::RemoteAddr),
    ("alarm_type", Placeholder::AlarmType),
    ("server", Placeholder::Server),
];

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// Something of the case.
    Of(Placeholder),
}

/// A text with placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    written: String,
    parts: Vec<Part>,
}

impl Template {
    /// Its pieces, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Reads a template. `{{` and `}}` stand for braces.
    fn read(written: &str) -> Result<Self, String> {
        if written.len() > LONGEST || written.contains(char::is_control) {
            return Err(format!("must be one line of at most {LONGEST} letters"));
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = written;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            text.push_str(before);
            if let Some(after) = ["{{", "}}"].iter().find_map(|brace| from_brace.strip_prefix(brace)) {
                text.push_str(from_brace.get(..1).unwrap_or_default());
                rest = after;
                continue;
            }
            let name = from_brace.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let (name, after) = name.ok_or("has a brace without its partner; write {{ or }} for a brace itself")?;
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(Part::Of(placeholder(name)?));
            rest = after;
        }
        text.push_str(rest);
        parts.push(Part::Text(text));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self { written: written.to_owned(), parts })
    }

    /// Its text, with `x` in place of every placeholder.
    fn outline(&self) -> String {
        let word = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Of(_) => "x".to_owned(),
        };
        self.parts.iter().map(word).collect()
    }
}

fn placeholder(name: &str) -> Result<Placeholder, String> {
    if let Some((_, found)) = PLACEHOLDERS.iter().find(|(known, _)| *known == name) {
        return Ok(*found);
    }
    let names = PLACEHOLDERS.map(|(known, _)| format!("{{{known}}}")).join(" ");
    let distance = |known: &str| strsim::osa_distance(known, &name.to_ascii_lowercase());
    let near = PLACEHOLDERS.iter().map(|(known, _)| *known).min_by_key(|known| distance(known));
    let hint = near.filter(|known| distance(known) <= 3).map(|known| format!("; did you mean {{{known}}}?"));
    Err(format!("has an unknown placeholder; there are {names}{}", hint.unwrap_or_default()))
}

/// A link: http or https, or relative to the address of the source in Argus.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Text")]
pub struct Link(pub Template);

impl TryFrom<Text> for Link {
    type Error = String;

    fn try_from(Text(text): Text) -> Result<Self, String> {
        let template = Template::read(&text)?;
        let outline = template.outline();
        let is_absolute = ["http://", "https://"].iter().any(|scheme| outline.starts_with(scheme));
        let path = outline.split(['?', '#']).next().unwrap_or_default();
        let fault = if outline.contains(char::is_whitespace) {
            "must have no blanks; write %20"
        } else if !is_absolute && path.contains(':') {
            "must begin with http:// or https://, or be relative to the address of the source in Argus"
        } else if !is_absolute && (path.starts_with("//") || path.split('/').any(|piece| matches!(piece, "." | ".."))) {
            "must be a relative address without //, . and .."
        } else {
            return Ok(Self(template));
        };
        Err(fault.to_owned())
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.written)
    }
}

/// A tag: a key of our own, and a template for its value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Text")]
pub struct TagTemplate {
    /// What stands before the first `=`.
    pub key: String,
    /// What stands behind it.
    pub value: Template,
}

impl TryFrom<Text> for TagTemplate {
    type Error = String;

    fn try_from(Text(text): Text) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
        let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if key.is_empty() || !key.chars().all(is_key) {
            return Err("must have a key of a to z, 0 to 9 and _ before its =".to_owned());
        }
        if OUR_TAGS.contains(&key) {
            return Err(format!("must have another key: every incident can have {} by itself", OUR_TAGS.join(", ")));
        }
        if value.trim().is_empty() {
            return Err("must have a value behind its =".to_owned());
        }
        Ok(Self { key: key.to_owned(), value: Template::read(value)? })
    }
}

impl Serialize for TagTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}={}", self.key, self.value.written))
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
