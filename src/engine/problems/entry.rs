//! An entry of the work queue: its one state, and what outlives the state. Never knows the lines.

use super::bulk::Rank;
use super::cases::Generation;
use crate::engine::backoff::{Backoff, FIRST_WAIT};
use crate::reconcile::work::WriteKey;
use crate::zino::case::CaseId;
use std::time::Duration;

/// How urgent a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Found by a complete reading; after everything else.
    Bulk,
    /// It just happened.
    Live,
}

/// How many reasons of one failure are logged.
const MAX_LOGGED: u32 = 3;
/// The longest time between two tries of one problem.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A write of unknown outcome may be repeated after this time: Argus may still be executing it.
const DOUBT_LASTS: Duration = Duration::from_secs(5);

/// The cases that a run works on, each with its desired generation at the start of the run.
pub type Generations = Vec<(CaseId, Generation)>;

/// The one state of an entry.
#[derive(Debug)]
pub(super) enum State {
    /// In line.
    Ready(Priority),
    /// Put aside until a time.
    Delayed { until: Duration, then: Priority },
    /// A job is under way, to be followed by another one if something changed meanwhile.
    Running { priority: Priority, again: Option<Priority>, generations: Generations },
    /// In no line.
    Parked { why: Parked },
}

/// Why an entry is in no line.
#[derive(Debug)]
pub(super) enum Parked {
    /// It was taken from the line, and the caller decides what becomes of it.
    Taken(Priority),
    /// Nothing is to be done. The entry is kept for its failure or its write in doubt.
    NothingToDo,
}

/// Why a run ended.
#[derive(Debug)]
pub enum Ended<'a> {
    /// The problem is synchronised.
    Done,
    /// There was more to do than one run does.
    Unfinished,
    /// The next run must not begin before this time.
    NotBefore(Duration),
    /// The outcome of this write is unknown.
    InDoubt(WriteKey),
    /// It failed, and why.
    Failed(&'a str),
}

/// A write of unknown outcome.
#[derive(Debug, Clone)]
pub(super) struct Doubt {
    pub(super) write: WriteKey,
    pub(super) since: Duration,
    pub(super) looks: u32,
}

/// Why a problem could not be synchronised.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) why: String,
    /// How many reasons were logged.
    pub(super) logged: u32,
    /// Whether this reason is still to be logged.
    pub(super) is_news: bool,
}

impl Doubt {
    /// Whether the write may be repeated: two looks did not find it.
    pub(super) fn may_repeat(&self, now: Duration) -> bool {
        self.looks >= 1 && now >= self.since + DOUBT_LASTS
    }
}

impl Failure {
    /// The reason, if it is to be logged; it counts as logged then.
    pub(super) fn take_unlogged(&mut self) -> Option<String> {
        if !self.is_news || self.logged >= MAX_LOGGED {
            return None;
        }
        (self.logged, self.is_news) = (self.logged + 1, false);
        Some(self.why.clone())
    }
}

/// A problem's entry. What it remembers outlives its state.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) state: State,
    /// How much it matters among bulk work, and how many runs were not enough for it.
    pub(super) rank: Rank,
    pub(super) turns: u32,
    pub(super) retry: Backoff,
    pub(super) doubt: Option<Doubt>,
    pub(super) failure: Option<Failure>,
    /// Since when it has been waiting for its synchronisation.
    pub(super) since: Duration,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            state: State::Parked { why: Parked::NothingToDo },
            rank: Rank::default(),
            turns: 0,
            retry: Backoff::default(),
            doubt: None,
            failure: None,
            since: Duration::ZERO,
        }
    }
}

impl Entry {
    /// The priority that it comes back with after a delay.
    pub(super) fn priority(&self) -> Priority {
        match self.state {
            State::Ready(priority) | State::Parked { why: Parked::Taken(priority) } => priority,
            State::Delayed { then, .. } => then,
            State::Running { priority, again, .. } => again.map_or(priority, |again| again.max(priority)),
            State::Parked { why: Parked::NothingToDo } => Priority::Live,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    pub(super) fn is_parked(&self) -> bool {
        matches!(self.state, State::Parked { .. })
    }

    /// Counts a failure. Returns when to try again.
    pub(super) fn fail(&mut self, now: Duration, why: &str) -> Duration {
        let logged = self.failure.as_ref().map_or(0, |failure| failure.logged);
        let is_news = self.failure.as_ref().is_none_or(|failure| failure.is_news || failure.why != why);
        self.failure = Some(Failure { why: why.to_owned(), logged, is_news });
        self.retry.failed(now, LONGEST_WAIT)
    }

    /// Notes that a write's outcome is unknown. Returns when to look for it again.
    pub(super) fn doubt(&mut self, now: Duration, write: WriteKey) -> Duration {
        let Some(doubt) = self.doubt.as_mut().filter(|doubt| doubt.write == write) else {
            self.doubt = Some(Doubt { write, since: now, looks: 0 });
            return now + FIRST_WAIT;
        };
        doubt.looks += 1;
        if now >= doubt.since + DOUBT_LASTS && doubt.looks > 1 {
            // The repeated write failed in the same way: a new doubt.
            (doubt.since, doubt.looks) = (now, 0);
            now + FIRST_WAIT
        } else {
            doubt.since + DOUBT_LASTS
        }
    }
}
