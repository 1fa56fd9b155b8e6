//! Decodes the replies of Zino about cases: attributes, history, log, notifications. Never does
//! I/O, and never panics, whatever the bytes are.

use crate::time::Stamp;
use crate::zino::case::{Case, CaseId, CaseKind, CaseState, HistoryEntry};
use crate::zino::text::decode;
use std::collections::HashMap;
use std::fmt;

/// The priority that Zino gives a device which has none configured.
const DEFAULT_PRIORITY: i64 = 100;
/// What a log line of a portstate case says when the port went down.
const DOWN_WORDS: [&str; 3] = ["linkDown", "lowerLayerDown", "up to down"];

/// Why attribute lines do not make a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotACase {
    /// A required attribute is missing.
    Missing(&'static str),
    /// An attribute that must be a number is none, or one that makes no sense.
    NotANumber(&'static str),
    /// Two replies have run into one another.
    TwoInOne,
}

impl fmt::Display for NotACase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "it has no attribute {name}"),
            Self::NotANumber(name) => write!(f, "its attribute {name} is not a sensible number"),
            Self::TwoInOne => f.write_str("its attributes come twice"),
        }
    }
}

impl std::error::Error for NotACase {}

/// The attributes of one GETATTRS reply.
struct Attributes(HashMap<String, String>);

impl Attributes {
    /// Skips lines that are no `name: value` (Zino 1 can send such). Of a repeated name the first
    /// counts.
    fn read(lines: &[Vec<u8>]) -> Result<Self, NotACase> {
        let mut found = HashMap::new();
        for line in lines {
            let text = decode(line);
            let Some((name, value)) = split_attribute(&text) else {
                continue;
            };
            if name == "id" && found.contains_key("id") {
                return Err(NotACase::TwoInOne);
            }
            found.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        Ok(Self(found))
    }

    fn text(&self, name: &str) -> Option<Box<str>> {
        self.0.get(name).map(|value| value.as_str().into())
    }

    fn needed(&self, name: &'static str) -> Result<&str, NotACase> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).ok_or(NotACase::Missing(name))
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.trim().parse().ok()
    }

    fn time(&self, name: &str) -> Option<Stamp> {
        self.number(name).map(Stamp::from_secs)
    }
}

/// `name: value`, split at the first `: ` because values hold colons. The blank may be missing
/// where the value is.
fn split_attribute(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|name| (name, "")))?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    is_name.then_some((name, value))
}

/// The case that a GETATTRS reply describes; its history and log are still to be read.
///
/// # Errors
/// See [`NotACase`].
pub fn case(lines: &[Vec<u8>]) -> Result<Case, NotACase> {
    let attrs = Attributes::read(lines)?;
    let id = attrs.needed("id")?;
    attrs.needed("opened")?;
    Ok(Case {
        id: id.parse().map_err(|_| NotACase::NotANumber("id"))?,
        router: attrs.needed("router")?.into(),
        kind: CaseKind::from_word(attrs.needed("type")?),
        state: CaseState::from_word(attrs.needed("state")?),
        opened: attrs.time("opened").ok_or(NotACase::NotANumber("opened"))?,
        closed: attrs.time("closed"),
        priority: attrs.number("priority").unwrap_or(DEFAULT_PRIORITY),
        port: attrs.text("port"),
        ifindex: attrs.text("ifindex"),
        descr: attrs.text("descr"),
        portstate: attrs.text("portstate"),
        remote_addr: attrs.text("remote-addr"),
        remote_as: attrs.text("remote-AS"),
        bgp_os: attrs.text("bgpOS"),
        reachability: attrs.text("reachability"),
        alarm_type: attrs.text("alarm-type"),
        alarm_count: attrs.number("alarm-count"),
        bfd_addr: attrs.text("bfdAddr"),
        bfd_state: attrs.text("bfdState"),
        history: Vec::new(),
        log_says_down: None,
    })
}

/// The case numbers of a CASEIDS reply, ascending. `None` if a line is no number: a part of the
/// list must not count as the whole.
#[must_use]
pub fn case_ids(lines: &[Vec<u8>]) -> Option<Vec<CaseId>> {
    let numbers = lines.iter().map(|line| decode(line).trim().parse().ok());
    let mut ids = numbers.collect::<Option<Vec<CaseId>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

/// The entries of a GETHIST reply. A line that begins with a blank continues the entry before it. A
/// line that begins neither with a blank nor with a time is skipped.
#[must_use]
pub fn history(lines: &[Vec<u8>]) -> Vec<HistoryEntry> {
    let mut entries: Vec<HistoryEntry> = Vec::new();
    for line in lines {
        let text = decode(line);
        // Only inside an entry can there be a line break that is not the end of the line.
        let mut parts = text.split('\n');
        let first = parts.next().unwrap_or_default();
        match (first.strip_prefix([' ', '\t']), entries.last_mut()) {
            (Some(more), Some(entry)) => entry.lines.push(more.to_owned()),
            _ => match entry_header(first) {
                Some(entry) => entries.push(entry),
                None => continue,
            },
        }
        if let Some(entry) = entries.last_mut() {
            entry.lines.extend(parts.map(str::to_owned));
        }
    }
    // The history stays in memory as long as the case, and most have one entry.
    entries.shrink_to_fit();
    entries
}

fn entry_header(line: &str) -> Option<HistoryEntry> {
    let (time, header) = line.split_once(' ').unwrap_or((line, ""));
    Some(HistoryEntry { at: Stamp::from_secs(time.parse().ok()?), header: header.to_owned(), lines: Vec::new() })
}

/// Whether a GETLOG reply says that the port went down.
#[must_use]
pub fn log_says_down(lines: &[Vec<u8>]) -> bool {
    let says_down = |text: String| DOWN_WORDS.iter().any(|word| text.contains(word));
    lines.iter().map(|line| decode(line)).any(says_down)
}

/// One line of the notification channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The case to read again.
    pub id: CaseId,
    /// What happened to it.
    pub what: Happening,
}

/// What happened to a case, by its notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The state changed; `from` embryonic means that the case is new.
    State {
        /// The state before.
        from: CaseState,
        /// The state after.
        to: CaseState,
    },
    /// Zino has dropped the case. It sends no further notification about it.
    Scavenged,
    /// Any other type. The case is to be read again.
    Other,
}

/// Reads `id type value`; `None` for a line without a case number.
#[must_use]
pub fn notice(line: &[u8]) -> Option<Notice> {
    let text = decode(line);
    let mut words = text.split_whitespace();
    let id = words.next()?.parse().ok()?;
    let what = match (words.next()?, words.next(), words.next()) {
        ("state", Some(from), Some(to)) => {
            Happening::State { from: CaseState::from_word(from), to: CaseState::from_word(to) }
        }
        ("scavenged", _, _) => Happening::Scavenged,
        _ => Happening::Other,
    };
    Some(Notice { id, what })
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
