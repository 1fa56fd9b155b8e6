//! A case as Zino has it: the domain type that the rest of the program works on.
//!
//! Never talks to a server and never decides anything: `decode.rs` reads the wire, `reconcile`
//! decides. Field meanings are those of the Zino protocol's GETATTRS and GETHIST replies.

use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A case number. Zino can use a number again, so it does not identify a problem: see [`Problem`].
pub type CaseId = u64;

/// What kind of thing failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CaseKind {
    /// A router port.
    Portstate,
    /// A BGP session.
    Bgp,
    /// A BFD session.
    Bfd,
    /// A router that does not answer.
    Reachability,
    /// A chassis alarm.
    Alarm,
    /// A type this program does not know.
    Other(Box<str>),
}

impl CaseKind {
    /// The kind for Zino's word; any unknown word is kept.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "portstate" => Self::Portstate,
            "bgp" => Self::Bgp,
            "bfd" => Self::Bfd,
            "reachability" => Self::Reachability,
            "alarm" => Self::Alarm,
            other => Self::Other(other.into()),
        }
    }

    /// Whether a router can have several problems of this kind, each with a sub-index.
    #[must_use]
    pub fn has_subindex(&self) -> bool {
        matches!(self, Self::Portstate | Self::Bgp | Self::Bfd | Self::Alarm)
    }

    /// Zino's word for it.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Portstate => "portstate",
            Self::Bgp => "bgp",
            Self::Bfd => "bfd",
            Self::Reachability => "reachability",
            Self::Alarm => "alarm",
            Self::Other(word) => word,
        }
    }
}

/// The state of a case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CaseState {
    /// Being made; never seen through the API of Zino 2.
    Embryonic,
    /// New; no user has taken it yet.
    Open,
    /// A user works on it.
    Working,
    /// Waiting for somebody else.
    Waiting,
    /// Waiting for a confirmation.
    ConfirmWait,
    /// To be disregarded, also by planned maintenance.
    Ignored,
    /// Over; can still be read for eight hours.
    Closed,
    /// A word that this program does not know; treated as "not closed".
    Other(Box<str>),
}

impl CaseState {
    /// The state for Zino's word; any unknown word is kept.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "embryonic" => Self::Embryonic,
            "open" => Self::Open,
            "working" => Self::Working,
            "waiting" => Self::Waiting,
            "confirm-wait" => Self::ConfirmWait,
            "ignored" => Self::Ignored,
            "closed" => Self::Closed,
            other => Self::Other(other.into()),
        }
    }

    /// Zino's word for it.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Embryonic => "embryonic",
            Self::Open => "open",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::ConfirmWait => "confirm-wait",
            Self::Ignored => "ignored",
            Self::Closed => "closed",
            Self::Other(word) => word,
        }
    }
}

/// What failed. Zino has at most one case about a problem that is not closed. A case that lacks the
/// sub-index of its type is a problem of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Problem {
    /// Router name, usually short.
    pub router: Box<str>,
    /// What kind of thing failed.
    pub kind: CaseKind,
    /// Interface index, peer address or alarm type as text; empty for reachability. The case's own
    /// where it lacks one, which is none of these.
    pub subindex: Box<str>,
}

impl Problem {
    /// The problem of the case with this number, whose sub-index may be empty.
    #[must_use]
    pub fn of(case: impl fmt::Display, router: &str, kind: CaseKind, subindex: &str) -> Self {
        let subindex =
            if subindex.is_empty() && kind.has_subindex() { format!("case {case}").into() } else { subindex.into() };
        Self { router: router.into(), kind, subindex }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.router)?;
        if !self.subindex.is_empty() {
            write!(f, " {}", self.subindex)?;
        }
        Ok(())
    }
}

/// One entry of a case's history.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When it was added, whole seconds on Zino's clock.
    pub at: Stamp,
    /// The rest of the first line: a lone user name, or the system's sentence.
    pub header: String,
    /// The further lines, without the blank that starts each on the wire.
    pub lines: Vec<String>,
}

/// A state change as a history entry records it: `state change FROM -> TO (USER)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange<'a> {
    /// The state before.
    pub from: &'a str,
    /// The state after.
    pub to: &'a str,
    /// Who changed it; `monitor` is Zino itself.
    pub user: &'a str,
}

impl HistoryEntry {
    /// The user who wrote this entry as text; `None` for an entry of the system (state changes
    /// among them).
    #[must_use]
    pub fn author(&self) -> Option<&str> {
        let header = self.header.trim();
        (!header.is_empty() && !header.contains(char::is_whitespace)).then_some(header)
    }

    /// The text that this user wrote in this entry; `None` if another user wrote it. Also reads the
    /// one-line form `user text` that the conversion of a Zino 1 state leaves.
    #[must_use]
    pub fn text_by(&self, user: &str) -> Option<String> {
        if self.author() == Some(user) {
            return Some(self.lines.join("\n"));
        }
        let rest =
            self.header.trim().strip_prefix(user).filter(|_| !user.is_empty() && self.state_change().is_none())?;
        let text = rest.strip_prefix(char::is_whitespace)?;
        let lines = std::iter::once(text.trim()).chain(self.lines.iter().map(String::as_str));
        Some(lines.collect::<Vec<_>>().join("\n"))
    }

    /// The state change that this entry records, if it is one.
    #[must_use]
    pub fn state_change(&self) -> Option<StateChange<'_>> {
        let rest = self.header.trim().strip_prefix("state change ")?;
        let (from, rest) = rest.split_once(" -> ")?;
        let (to, user) = rest.split_once(" (")?;
        Some(StateChange { from, to: to.trim(), user: user.strip_suffix(')')? })
    }
}

/// A case as last read from Zino.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The case number.
    pub id: CaseId,
    /// Router name.
    pub router: Box<str>,
    /// What kind of thing failed.
    pub kind: CaseKind,
    /// Its state.
    pub state: CaseState,
    /// When it was opened.
    pub opened: Stamp,
    /// When it was closed, if Zino says so; can remain on a case that was reopened.
    pub closed: Option<Stamp>,
    /// Larger is more important.
    pub priority: i64,
    /// portstate: interface name (ifDescr), may be empty.
    pub port: Option<Box<str>>,
    /// portstate and bfd: interface index, as Zino writes it.
    pub ifindex: Option<Box<str>>,
    /// portstate: interface description (ifAlias); `None` if absent, often empty.
    pub descr: Option<Box<str>>,
    /// portstate: operational state of the port.
    pub portstate: Option<Box<str>>,
    /// bgp: peer address.
    pub remote_addr: Option<Box<str>>,
    /// bgp: peer AS number, as Zino writes it.
    pub remote_as: Option<Box<str>>,
    /// bgp: operational state of the session.
    pub bgp_os: Option<Box<str>>,
    /// reachability: `reachable` or `no-response`.
    pub reachability: Option<Box<str>>,
    /// alarm: `yellow` or `red`.
    pub alarm_type: Option<Box<str>>,
    /// alarm: number of alarms now.
    pub alarm_count: Option<i64>,
    /// bfd: address of the neighbour, or a word that it is unknown.
    #[serde(default)]
    pub bfd_addr: Option<Box<str>>,
    /// bfd: state of the session.
    #[serde(default)]
    pub bfd_state: Option<Box<str>>,
    /// History, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Whether a log line says that the link went down. `None` if the log was not read because no
    /// decision depends on it, or if Zino sent a part of it only, which does not say so.
    pub log_says_down: Option<bool>,
}

impl Case {
    /// The problem that this case is about.
    #[must_use]
    pub fn problem(&self) -> Problem {
        Problem::of(self.id, &self.router, self.kind.clone(), self.subindex())
    }

    /// Whether the sub-index is missing, so that it is unknown which problem of its kind this is.
    #[must_use]
    pub fn lacks_subindex(&self) -> bool {
        self.kind.has_subindex() && self.subindex().is_empty()
    }

    /// The sub-index, which distinguishes problems of one kind on one router; empty where there is
    /// only one, and where it is missing.
    #[must_use]
    pub fn subindex(&self) -> &str {
        let subindex = match self.kind {
            CaseKind::Portstate | CaseKind::Bfd => self.ifindex.as_deref(),
            CaseKind::Bgp => self.remote_addr.as_deref(),
            CaseKind::Alarm => self.alarm_type.as_deref(),
            CaseKind::Reachability | CaseKind::Other(_) => None,
        };
        subindex.unwrap_or_default().trim()
    }

    /// Whether the case is closed now.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == CaseState::Closed
    }

    /// The name of the case in a log line: `case 4711 (portstate r1-gw ge-0/0/1)`.
    #[must_use]
    pub fn name(&self) -> String {
        let what = match self.kind {
            CaseKind::Portstate => self.port.as_deref().or(self.ifindex.as_deref()),
            _ => Some(self.subindex()),
        }
        .filter(|w| !w.is_empty())
        .map(|w| format!(" {w}"))
        .unwrap_or_default();
        format!("case {} ({} {}{})", self.id, self.kind.word(), self.router, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(header: &str, lines: &[&str]) -> HistoryEntry {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        HistoryEntry { at: Stamp::default(), header: header.to_owned(), lines }
    }

    #[test]
    fn an_entry_is_known_as_its_users_also_on_one_line() {
        let text = |header: &str, lines: &[&str]| entry(header, lines).text_by("argus");
        assert_eq!(text("argus", &["a", "", "b"]).as_deref(), Some("a\n\nb"));
        assert_eq!(text("argus", &[]).as_deref(), Some(""));
        assert_eq!(text("argus  on it (alice) ", &[]).as_deref(), Some("on it (alice)"));
        assert_eq!(text("argus on it", &["and so on"]).as_deref(), Some("on it\nand so on"));
        for other in ["argus2", "argus2 on it", "ford argus", "state change open -> closed (argus)", ""] {
            assert_eq!(text(other, &[]), None, "{other:?}");
        }
        assert_eq!(entry("state change open -> closed (ford)", &[]).text_by("state"), None);
        assert_eq!(entry(" x", &[]).text_by(""), None);
    }
}
