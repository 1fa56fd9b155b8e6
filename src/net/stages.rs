//! Decides what a look-up asks next, and when it has enough. Pure: reads no clock, asks nothing.
//!
//! The first stage asks the C library for both families together, because only the library applies
//! the rules of this host (`/etc/hosts`, nsswitch, the search list). If that fails or hangs, each
//! possible name is asked for one family at a time, and one answer is enough: a name server that
//! fails the question for one family may answer the other.

use super::library::{Answer, Failure};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The most addresses of a name that are used, of both families together.
pub const MAX_ADDRESSES: usize = 16;
/// The wait for the library's own answer before the families are asked one at a time.
const LIBRARY_PATIENCE: Duration = Duration::from_millis(100);
/// How long one name of the search list is waited for before the next is asked. Longer, because the
/// next is another host.
const CANDIDATE_PATIENCE: Duration = Duration::from_secs(1);
/// How long the second family is waited for once the first has answered (RFC 8305, section 3).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// Questions that are asked together: for both families at once, or for IPv6 and IPv4.
#[derive(Debug, Clone, Default)]
pub(super) struct Stage {
    /// When its questions were asked; `None`: not yet.
    pub began: Option<Instant>,
    /// The answer to each question, and when it arrived; `None`: none yet.
    pub answers: Vec<Option<(Instant, Answer)>>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Stop: these are the addresses.
    Take(Vec<SocketAddr>),
    /// Ask the questions of the stage with this number.
    Ask(usize),
    /// Wait for an answer, at most until this time; `None`: as long as the caller waits.
    Wait(Option<Instant>),
    /// Every question found nothing.
    GiveUp,
}

/// What to do next at this time.
pub(super) fn next(stages: &[Stage], now: Instant) -> Step {
    for (n, stage) in stages.iter().enumerate() {
        let Some(began) = stage.began else { return Step::Ask(n) };
        let found = together(stage.found());
        let newest = stage.answers.iter().flatten().map(|(at, _)| *at).max();
        let until = match newest {
            Some(at) if !found.is_empty() => at + RESOLUTION_DELAY,
            _ => began + if n == 0 { LIBRARY_PATIENCE } else { CANDIDATE_PATIENCE },
        };
        if stage.is_pending() && now < until {
            return Step::Wait(Some(until));
        }
        if !found.is_empty() {
            return Step::Take(found);
        }
    }
    if stages.iter().any(Stage::is_pending) { Step::Wait(None) } else { Step::GiveUp }
}

/// Why there is no address, as far as is known; `None`: the answer may still come.
pub(super) fn failure(stages: &[Stage]) -> Option<Failure> {
    let failures =
        stages.iter().flat_map(|stage| &stage.answers).flatten().filter_map(|(_, answer)| answer.as_ref().err());
    let unanswered = failures.clone().find(|failure| matches!(failure, Failure::Unanswered(_)));
    if unanswered.is_none() && stages.iter().any(Stage::is_pending) {
        return None;
    }
    Some(unanswered.cloned().unwrap_or(Failure::NoAddress))
}

impl Stage {
    fn is_pending(&self) -> bool {
        self.began.is_some() && self.answers.iter().any(Option::is_none)
    }

    fn found(&self) -> impl Iterator<Item = &[SocketAddr]> {
        self.answers.iter().flatten().filter_map(|(_, answer)| answer.as_deref().ok())
    }
}

/// Several lists in turns, so that no family comes only after all of another (RFC 8305, section 4),
/// each address once.
pub(super) fn together<'a>(lists: impl Iterator<Item = &'a [SocketAddr]>) -> Vec<SocketAddr> {
    let lists: Vec<&[SocketAddr]> = lists.collect();
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
    let mut all = Vec::new();
    for address in (0..longest).flat_map(|n| lists.iter().filter_map(move |list| list.get(n))) {
        if !all.contains(address) && all.len() < MAX_ADDRESSES {
            all.push(*address);
        }
    }
    all
}

#[cfg(test)]
#[path = "stages_tests.rs"]
mod tests;
