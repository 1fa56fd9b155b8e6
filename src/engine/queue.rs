//! Waiting work: one entry per problem, live work before bulk work, with back-off. Never knows what the work is.

use super::backoff::backoff;
use super::bulk::{BulkLine, Rank};
use super::cases::Goal;
use crate::reconcile::job::WriteKey;
use crate::zino::case::{CaseId, Problem};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How urgent a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Found by a full look; after everything else.
    Bulk,
    /// Just happened.
    Live,
}

/// How many reasons of one trouble are told.
const MAX_TOLD: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long after an unknown outcome a write may be repeated: Argus may still be executing it.
const DOUBT_LASTS: Duration = Duration::from_secs(5);

/// A write of unknown outcome.
#[derive(Debug, Clone)]
struct Doubted {
    doubt: WriteKey,
    since: Duration,
    looks: u32,
}

#[derive(Debug, Default)]
struct Entry {
    lane: Option<Lane>,
    /// How urgent it is while it is in no line: work that waits comes back to the line that it left.
    urgency: Option<Lane>,
    /// How much it matters in the line of bulk work, and how many turns there were not enough for
    /// it.
    rank: Rank,
    turns: u32,
    running: Option<Vec<(CaseId, Goal)>>,
    again: Option<Lane>,
    retry_at: Option<Duration>,
    attempts: u32,
    doubted: Option<Doubted>,
    trouble: Option<Trouble>,
}

/// Why a problem could not be brought up to date.
#[derive(Debug)]
struct Trouble {
    why: String,
    /// How often people were told of it, each time for another reason.
    told: u32,
    /// Whether they were told of this reason.
    is_news: bool,
}

/// All waiting and running work.
#[derive(Debug, Default)]
pub struct Queue {
    entries: BTreeMap<Arc<Problem>, Entry>,
    live: VecDeque<Arc<Problem>>,
    bulk: BulkLine,
    timers: BTreeSet<(Duration, Arc<Problem>)>,
}

impl Queue {
    /// Puts a problem in line, unless it is there already; while it runs, it is to run again.
    pub fn add(&mut self, problem: &Arc<Problem>, lane: Lane, rank: Rank) {
        self.entries.entry(Arc::clone(problem)).or_default().rank = rank;
        self.line_up(problem, lane);
    }

    fn line_up(&mut self, problem: &Arc<Problem>, lane: Lane) {
        let entry = self.entries.entry(Arc::clone(problem)).or_default();
        if entry.running.is_some() {
            entry.again = entry.again.max(Some(lane));
        } else if entry.retry_at.is_some() {
            entry.urgency = entry.urgency.max(Some(lane));
        } else if entry.lane < Some(lane) {
            // A bulk entry that becomes live stays in both lines; `next` skips the one that comes second.
            entry.lane = Some(lane);
            match lane {
                Lane::Live => self.live.push_back(Arc::clone(problem)),
                Lane::Bulk => self.bulk.add(entry.turns, entry.rank, problem),
            }
        }
    }

    /// The next problem in line.
    pub fn next(&mut self) -> Option<Arc<Problem>> {
        loop {
            let (problem, lane) = match self.live.pop_front() {
                Some(problem) => (problem, Lane::Live),
                None => (self.bulk.next()?, Lane::Bulk),
            };
            if let Some(entry) = self.entries.get_mut(&problem).filter(|e| e.lane == Some(lane)) {
                entry.lane = None;
                entry.urgency = Some(lane);
                return Some(problem);
            }
        }
    }

    /// The problem is being worked on, to bring these cases to these goals.
    pub fn start(&mut self, problem: &Arc<Problem>, cases: Vec<(CaseId, Goal)>) {
        self.entries.entry(Arc::clone(problem)).or_default().running = Some(cases);
    }

    /// Whether the problem is being worked on.
    #[must_use]
    pub fn is_running(&self, problem: &Problem) -> bool {
        self.entries.get(problem).is_some_and(|e| e.running.is_some())
    }

    /// The work has come back; returns what it was to bring where.
    pub fn finish(&mut self, problem: &Arc<Problem>) -> Vec<(CaseId, Goal)> {
        let Some(entry) = self.entries.get_mut(problem) else {
            return Vec::new();
        };
        let cases = entry.running.take().unwrap_or_default();
        if let Some(lane) = entry.again.take() {
            self.line_up(problem, lane);
        }
        cases
    }

    /// It went well: troubles are over. Returns the trouble that it was in.
    pub fn succeeded(&mut self, problem: &Problem) -> Option<String> {
        let entry = self.entries.get_mut(problem)?;
        (entry.attempts, entry.turns) = (0, 0);
        entry.doubted = None;
        let trouble = entry.trouble.take().filter(|t| t.told > 0).map(|t| t.why);
        self.idle(problem);
        trouble
    }

    /// There turned out to be nothing to do.
    pub fn idle(&mut self, problem: &Problem) {
        let idle = self.entries.get(problem).is_some_and(|e| {
            e.lane.is_none()
                && e.running.is_none()
                && e.retry_at.is_none()
                && e.trouble.is_none()
                && e.doubted.is_none()
        });
        if idle {
            self.entries.remove(problem);
        }
    }

    /// There is nothing left to work on. What runs reports in its time.
    pub fn forget(&mut self, problem: &Arc<Problem>) {
        let Some(mut entry) = self.entries.remove(problem) else {
            return;
        };
        if let Some(at) = entry.retry_at {
            self.timers.remove(&(at, Arc::clone(problem)));
        }
        if let Some(running) = entry.running.take() {
            self.entries.insert(Arc::clone(problem), Entry { running: Some(running), ..Entry::default() });
        }
    }

    /// Not all of it was done at a time: the rest has its turn after what waits in the same line.
    pub fn go_on(&mut self, problem: &Arc<Problem>) {
        let urgency = self.entries.get_mut(problem).and_then(|entry| {
            (entry.attempts, entry.doubted) = (0, None);
            entry.turns = entry.turns.saturating_add(1);
            entry.urgency
        });
        self.line_up(problem, urgency.unwrap_or(Lane::Live));
    }

    /// It failed: to be tried again later. Returns true if this trouble is new.
    pub fn failed(&mut self, problem: &Arc<Problem>, now: Duration, why: &str) -> bool {
        let entry = self.entries.entry(Arc::clone(problem)).or_default();
        entry.attempts = entry.attempts.saturating_add(1);
        let wait = backoff(entry.attempts, FIRST_WAIT, LONGEST_WAIT);
        let new = entry.trouble.is_none();
        let told = entry.trouble.as_ref().map_or(0, |trouble| trouble.told);
        let is_news = entry.trouble.as_ref().is_none_or(|trouble| trouble.is_news || trouble.why != why);
        entry.trouble = Some(Trouble { why: why.to_owned(), told, is_news });
        self.wait_until(problem, now + wait);
        new
    }

    /// A write's outcome is unknown: to be looked at again.
    pub fn doubtful(&mut self, problem: &Arc<Problem>, now: Duration, doubt: WriteKey) {
        let entry = self.entries.entry(Arc::clone(problem)).or_default();
        let at = match &mut entry.doubted {
            Some(doubted) if doubted.doubt == doubt => {
                doubted.looks += 1;
                if now >= doubted.since + DOUBT_LASTS && doubted.looks > 1 {
                    // The repeated write failed in the same way: a new doubt.
                    (doubted.since, doubted.looks) = (now, 0);
                    now + FIRST_WAIT
                } else {
                    doubted.since + DOUBT_LASTS
                }
            }
            _ => {
                entry.doubted = Some(Doubted { doubt, since: now, looks: 0 });
                now + FIRST_WAIT
            }
        };
        self.wait_until(problem, at);
    }

    /// The write that is in doubt, and whether it may be repeated if it is not found.
    #[must_use]
    pub fn doubt(&self, problem: &Problem, now: Duration) -> Option<(WriteKey, bool)> {
        let doubted = self.entries.get(problem)?.doubted.as_ref()?;
        let ripe = doubted.looks >= 1 && now >= doubted.since + DOUBT_LASTS;
        Some((doubted.doubt.clone(), ripe))
    }

    /// All troubles: the problem and why.
    pub fn troubles(&self) -> impl Iterator<Item = (&Problem, &str)> {
        self.entries.iter().filter_map(|(problem, e)| Some((&**problem, e.trouble.as_ref()?.why.as_str())))
    }

    /// What waits or runs and is in no trouble.
    pub fn untroubled(&self) -> impl Iterator<Item = &Problem> {
        self.entries.iter().filter(|(_, e)| e.trouble.is_none()).map(|(problem, _)| &**problem)
    }

    /// Whether nothing waits or runs but what failed at least so often.
    #[must_use]
    pub fn is_done(&self, tries: u32) -> bool {
        self.entries.values().all(|e| e.running.is_none() && e.trouble.is_some() && e.attempts >= tries)
    }

    /// The server was away: what failed meanwhile was no trouble of single problems.
    pub fn forget_untold_troubles(&mut self) {
        for entry in self.entries.values_mut().filter(|e| e.trouble.as_ref().is_some_and(|t| t.told == 0)) {
            (entry.trouble, entry.attempts) = (None, 0);
        }
    }

    /// Troubles of which nobody was told the reason; from now on they count as told.
    pub fn untold_troubles(&mut self) -> Vec<(Arc<Problem>, String)> {
        self.entries
            .iter_mut()
            .filter_map(|(problem, entry)| {
                let trouble = entry.trouble.as_mut().filter(|t| t.is_news && t.told < MAX_TOLD)?;
                (trouble.told, trouble.is_news) = (trouble.told + 1, false);
                Some((Arc::clone(problem), trouble.why.clone()))
            })
            .collect()
    }

    /// Puts a problem aside until a time.
    pub fn wait_until(&mut self, problem: &Arc<Problem>, at: Duration) {
        let entry = self.entries.entry(Arc::clone(problem)).or_default();
        if let Some(old) = entry.retry_at.replace(at) {
            self.timers.remove(&(old, Arc::clone(problem)));
        }
        // Both are set where what ran is to run again.
        entry.urgency = entry.urgency.max(entry.lane.take());
        self.timers.insert((at, Arc::clone(problem)));
    }

    /// Puts in line again whatever has waited long enough.
    pub fn wake(&mut self, now: Duration) {
        while let Some((at, problem)) = self.timers.first().cloned() {
            if at > now {
                break;
            }
            self.timers.remove(&(at, Arc::clone(&problem)));
            self.resume(&problem);
        }
    }

    /// Ends all waiting that is not about doubt: the server is back.
    pub fn wake_all(&mut self) {
        let waiting: Vec<(Duration, Arc<Problem>)> = self.timers.iter().cloned().collect();
        for (at, problem) in waiting {
            if self.entries.get(&problem).is_some_and(|e| e.doubted.is_none()) {
                self.timers.remove(&(at, Arc::clone(&problem)));
                self.resume(&problem);
            }
        }
    }

    fn resume(&mut self, problem: &Arc<Problem>) {
        let mut lane = Lane::Live;
        if let Some(entry) = self.entries.get_mut(problem) {
            entry.retry_at = None;
            lane = entry.urgency.unwrap_or(lane);
        }
        self.line_up(problem, lane);
    }

    /// When the next one that waits is due.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// How many problems wait or run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.values().filter(|e| e.lane.is_some() || e.running.is_some() || e.retry_at.is_some()).count()
    }

    /// Drops everything that does not run.
    pub fn clear(&mut self) {
        self.live.clear();
        self.bulk.clear();
        self.timers.clear();
        self.entries.retain(|_, entry| {
            *entry = Entry { running: entry.running.take(), ..Entry::default() };
            entry.running.is_some()
        });
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
