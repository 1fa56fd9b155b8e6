//! Reads the sections of a parsed file into their structs, and puts what is wrong with them into
//! words. Never uses serde's own words, because they show the value.

use super::keys::{self, Kind};
use super::lines::Lines;
use super::problem::Problem;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Error, Segment};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// More faults than this are only counted: a file that is something else altogether has one in
/// every line.
const MOST: usize = 20;

/// A longer name is no misspelled key and may be a secret, so it is not put into a message.
const LONGEST_NAME: usize = 20;

/// A parsed file, and everything found wrong so far.
pub struct Reader<'a> {
    root: DeTable<'a>,
    lines: Lines,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// For a file that was parsed from this text.
    pub fn new(text: &str, root: DeTable<'a>) -> Self {
        Self { root, lines: Lines::of(text), problems: Vec::new() }
    }

    /// Everything found wrong, in the order of the lines; what belongs to no line comes last. Of
    /// very much only the beginning, and how much more there is.
    pub fn into_problems(mut self) -> Vec<Problem> {
        let rank = |problem: &Problem| problem.line.unwrap_or(usize::MAX);
        self.problems.sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| one.key.cmp(&other.key)));
        let more = self.problems.len().saturating_sub(MOST);
        self.problems.truncate(MOST);
        if more > 0 {
            let things = if more == 1 { "thing is" } else { "things are" };
            let text = format!("{more} more {things} wrong");
            self.problems.push(Problem { line: None, key: String::new(), text, may_pass: false });
        }
        self.problems
    }

    /// One section. A section that the file does not have is read as an empty one. `None`: it is
    /// wrong, and its first fault is reported.
    pub fn section<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let empty = || Spanned::new(0..0, DeValue::Table(DeTable::new()));
        let value = self.root.get(name).cloned().unwrap_or_else(empty);
        match serde_path_to_error::deserialize(ValueDeserializer::from(value)) {
            Ok(section) => Some(section),
            Err(error) => {
                self.add_error(name, &error);
                None
            }
        }
    }

    fn add_error(&mut self, section: &str, error: &Error<toml::de::Error>) {
        let (mut parent, mut name, mut path) = (String::new(), section, section.to_owned());
        for segment in error.path() {
            if let (Segment::Map { key }, None | Some(Kind::Section | Kind::Sections)) = (segment, keys::kind(&path)) {
                name = key;
                parent = std::mem::take(&mut path);
                path = format!("{parent}.{key}");
            }
        }
        let message = error.inner().message();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        let (key, text) = match (missing, keys::kind(&path)) {
            (Some(name), _) => (format!("{path}.{name}"), "is missing".to_owned()),
            (None, Some(Kind::Text | Kind::Value)) => (path, message.to_owned()),
            (None, Some(Kind::Section)) => (path.clone(), format!("must be a section: {}", keys::written(&path))),
            (None, Some(Kind::Sections)) => {
                (path.clone(), format!("must be a list of sections: {}", keys::written(&path)))
            }
            (None, None) => unknown(&parent, name),
        };
        let position = error.inner().span().filter(|_| self.root.contains_key(section)).map(|span| span.start);
        self.add_at(position, &key, text);
    }

    /// Reports every unknown section.
    pub fn check_sections(&mut self) {
        let names = self.root.keys().filter(|name| keys::kind(name.get_ref()).is_none());
        let mut names: Vec<(usize, String)> =
            names.map(|name| (name.span().start, name.get_ref().to_string())).collect();
        names.sort();
        for (index, (position, name)) in names.iter().enumerate() {
            // There may be thousands; those after the first ones are only counted.
            let (key, text) = if index < MOST { unknown("", name) } else { Default::default() };
            self.add_at(Some(*position), &key, text);
        }
    }

    /// The text of a key, if it has one.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.find(path).and_then(|(_, value)| value?.as_str())
    }

    /// Whether the file has a key or section.
    pub fn has(&self, path: &str) -> bool {
        self.find(path).is_some_and(|(_, value)| value.is_some())
    }

    /// The line of a key, or of its section if the key is not there, and its value.
    fn find(&self, path: &str) -> Option<(usize, Option<&DeValue<'a>>)> {
        let mut table = Some(&self.root);
        let mut found = None;
        for name in path.split('.') {
            let entry = table.and_then(|table| table.get_key_value(name));
            table = entry.and_then(|(_, value)| value.get_ref().as_table());
            found = match entry {
                Some((key, value)) => Some((key.span().start, Some(value.get_ref()))),
                None => found.map(|(position, _)| (position, None)),
            };
        }
        found
    }

    /// Reports something about a key: at its line, or at its section's if it is not there.
    pub fn add(&mut self, path: &str, text: impl Into<String>) {
        self.add_at(self.find(path).map(|(position, _)| position), path, text.into());
    }

    /// Reports what is wrong with the file that a key names.
    pub fn add_fault(&mut self, path: &str, fault: crate::file::Fault) {
        self.add(path, fault.text);
        if let Some(problem) = self.problems.last_mut() {
            problem.may_pass = fault.may_pass;
        }
    }

    /// Reports something at a position in the file.
    pub fn add_at(&mut self, position: Option<usize>, key: &str, text: String) {
        let line = position.map(|position| self.lines.number(position));
        self.problems.push(Problem { line, key: key.to_owned(), text, may_pass: false });
    }
}

/// The key and the words for an unknown name.
fn unknown(section: &str, name: &str) -> (String, String) {
    if name.chars().count() > LONGEST_NAME {
        let hint = keys::hint(section, "");
        return (section.to_owned(), format!("unknown key with a very long name; {hint}"));
    }
    let dot = if section.is_empty() { "" } else { "." };
    (format!("{section}{dot}{}", name.escape_debug()), format!("unknown key; {}", keys::hint(section, name)))
}
