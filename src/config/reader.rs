//! Takes values out of a parsed file, and collects what is wrong with line and key. Never stops at the first fault,
//! and never puts a value of the file into a message: `value` decides which ones may be shown.

use super::keys::{self, THRESHOLDS};
use super::lines::Lines;
use super::problem::Problem;
use super::value;
use crate::file;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A section of the file, or the absence of one.
pub struct Section<'a> {
    path: &'static str,
    line: Option<usize>,
    table: Option<&'a DeTable<'a>>,
}

impl Section<'_> {
    /// Whether the file has it.
    pub fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the file has this key in it.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.get(key).is_some())
    }
}

/// More faults than this are only counted: a file that is something else altogether has one in
/// every line.
const MOST: usize = 20;

/// One thing that is wrong, before its words are wanted.
struct Fault {
    line: Option<usize>,
    key: String,
    text: Text,
    /// See [`Problem::may_pass`].
    may_pass: bool,
}

/// The words for a fault.
enum Text {
    Ready(String),
    /// Which key was meant takes a look at all that there are, which is too much for thousands of
    /// faults.
    UnknownKey {
        section: String,
        name: String,
    },
}

/// Where the lines of the file are, and everything found wrong so far.
pub struct Reader {
    lines: Lines,
    faults: Vec<Fault>,
}

impl Reader {
    /// For the text that the spans of the parsed file refer to.
    pub fn new(text: &str) -> Self {
        Self { lines: Lines::of(text), faults: Vec::new() }
    }

    /// Everything found wrong, in the order of the lines; what belongs to no line comes last. Of
    /// very much only the beginning, and how much more there is.
    pub fn into_problems(mut self) -> Vec<Problem> {
        let rank = |fault: &Fault| fault.line.unwrap_or(usize::MAX);
        self.faults.sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| one.key.cmp(&other.key)));
        let more = self.faults.len().saturating_sub(MOST);
        let mut problems: Vec<Problem> = self.faults.into_iter().take(MOST).map(Fault::into_problem).collect();
        if more > 0 {
            let things = if more == 1 { "thing is" } else { "things are" };
            let text = format!("{more} more {things} wrong");
            problems.push(Problem { line: None, key: String::new(), text, may_pass: false });
        }
        problems
    }

    /// Reports every key that nobody knows, and everything but a section where a section belongs.
    pub fn check_keys(&mut self, table: &DeTable<'_>, section: &str) {
        for (name, value) in table {
            let path = join(section, name.get_ref());
            if path == THRESHOLDS {
                self.check_thresholds(value);
            } else if keys::is_section(&path) {
                match value.get_ref() {
                    DeValue::Table(table) => self.check_keys(table, &path),
                    other => {
                        let text = format!("must be a section, not {}", value::kind(other));
                        self.add_at(name.span().start, &path, text);
                    }
                }
            } else if !keys::KEYS.contains(&path.as_str()) {
                let (line, key) = (Some(self.lines.number(name.span().start)), join(section, &visible(name.get_ref())));
                // A longer name is none that anybody mistyped.
                let name = name.get_ref().chars().take(LONGEST_NAME).collect();
                let text = Text::UnknownKey { section: section.to_owned(), name };
                self.faults.push(Fault { line, key, text, may_pass: false });
            }
        }
    }

    fn check_thresholds(&mut self, value: &Spanned<DeValue<'_>>) {
        for table in self.tables(value) {
            self.check_keys(table, THRESHOLDS);
        }
    }

    /// The tables of `[[sync.severity.thresholds]]`. Whatever is none is passed over here, and reported by
    /// [`Reader::list`].
    fn tables<'t>(&self, value: &'t Spanned<DeValue<'t>>) -> Vec<&'t DeTable<'t>> {
        let entries = value.get_ref().as_array().into_iter().flatten();
        entries.filter_map(|entry| entry.get_ref().as_table()).collect()
    }

    /// A section at the top of the file.
    pub fn top<'t>(&self, root: &'t DeTable<'t>, path: &'static str) -> Section<'t> {
        self.section_in(Some(root), path, path)
    }

    /// A section within a section.
    pub fn sub<'t>(&self, parent: &Section<'t>, name: &str, path: &'static str) -> Section<'t> {
        self.section_in(parent.table, name, path)
    }

    fn section_in<'t>(&self, table: Option<&'t DeTable<'t>>, name: &str, path: &'static str) -> Section<'t> {
        let entry = table.and_then(|table| table.get_key_value(name));
        Section {
            path,
            line: entry.map(|(key, _)| self.lines.number(key.span().start)),
            table: entry.and_then(|(_, value)| value.get_ref().as_table()),
        }
    }

    /// The sections of `[[sync.severity.thresholds]]`.
    pub fn list<'t>(&mut self, parent: &Section<'t>, name: &str) -> Vec<Section<'t>> {
        let Some((key, value)) = parent.table.and_then(|table| table.get_key_value(name)) else {
            return Vec::new();
        };
        let Some(entries) = value.get_ref().as_array() else {
            let text = format!("must be a list of sections, not {}", value::kind(value.get_ref()));
            self.add_at(key.span().start, THRESHOLDS, text);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for entry in entries {
            match entry.get_ref().as_table() {
                Some(table) => sections.push(Section {
                    path: THRESHOLDS,
                    line: Some(self.lines.number(entry.span().start)),
                    table: Some(table),
                }),
                None => {
                    let text = format!("must hold sections, not {}", value::kind(entry.get_ref()));
                    self.add_at(entry.span().start, THRESHOLDS, text);
                }
            }
        }
        sections
    }

    /// The value of a key; `None` if the file does not have it or if it is wrong.
    pub fn take<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        convert: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let (name, value) = section.table?.get_key_value(key)?;
        match convert(value.get_ref()) {
            Ok(value) => Some(value),
            Err(text) => {
                self.add_at(name.span().start, &join(section.path, key), text);
                None
            }
        }
    }

    /// The value of a key that must be there; `None` has been reported.
    pub fn require<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        convert: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        if !section.has(key) {
            self.add(section, key, "is missing".to_owned());
        }
        self.take(section, key, convert)
    }

    /// The text of a key, if it has one.
    pub fn text<'t>(&self, section: &Section<'t>, key: &str) -> Option<&'t str> {
        section.table?.get(key)?.get_ref().as_str()
    }

    /// Reports something about a key: at its line, or at its section's if it is not there.
    pub fn add(&mut self, section: &Section<'_>, key: &str, text: String) {
        self.add_fault(section, key, file::Fault { text, may_pass: false });
    }

    /// Reports what is wrong with the file that a key names.
    pub fn add_fault(&mut self, section: &Section<'_>, key: &str, fault: file::Fault) {
        let at_key = section
            .table
            .and_then(|table| table.get_key_value(key))
            .map(|(name, _)| self.lines.number(name.span().start));
        self.faults.push(Fault {
            line: at_key.or(section.line),
            key: join(section.path, key),
            text: Text::Ready(fault.text),
            may_pass: fault.may_pass,
        });
    }

    /// Reports something at a position in the file.
    pub fn add_at(&mut self, position: usize, key: &str, text: String) {
        self.faults.push(Fault {
            line: Some(self.lines.number(position)),
            key: key.to_owned(),
            text: Text::Ready(text),
            may_pass: false,
        });
    }
}

impl Fault {
    fn into_problem(self) -> Problem {
        let text = match self.text {
            Text::Ready(text) => text,
            Text::UnknownKey { section, name } => format!("unknown key; {}", keys::hint(&section, &name)),
        };
        Problem { line: self.line, key: self.key, text, may_pass: self.may_pass }
    }
}

fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// So much of an unknown key is kept, in characters; no key is as long.
const LONGEST_NAME: usize = 64;

/// A name from the file in a form that can be printed: short, without control characters.
fn visible(name: &str) -> String {
    let mut text: String = name.chars().take(40).flat_map(char::escape_debug).collect();
    if name.chars().nth(40).is_some() {
        text.push('…');
    }
    text
}
