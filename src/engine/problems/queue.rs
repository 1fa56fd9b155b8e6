//! The work queue: one entry for each problem, in exactly one state. Live work goes before bulk
//! work. Never knows what the work is.

use super::bulk::{BulkOrder, Rank};
use super::entry::{Ended, Entry, Generations, Parked, Priority, State};
use crate::reconcile::work::WriteKey;
use crate::zino::case::Problem;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// All waiting and running work.
#[derive(Debug, Default)]
pub struct Queue {
    entries: BTreeMap<Arc<Problem>, Entry>,
    /// The lines. A problem may also stand where it does not belong any more; its state decides.
    live: VecDeque<Arc<Problem>>,
    bulk: BulkOrder,
    delayed: BTreeSet<(Duration, Arc<Problem>)>,
    /// The time of this step.
    now: Duration,
}

impl Queue {
    /// A step begins.
    pub fn begin(&mut self, now: Duration) {
        self.now = now;
    }

    /// Puts a problem in line, unless it is there already. One that waits for a time goes on
    /// waiting; one that runs is to run again.
    pub fn add(&mut self, problem: &Arc<Problem>, priority: Priority, rank: Rank) {
        let entry = self.entries.entry(Arc::clone(problem)).or_default();
        if matches!(entry.state, State::Parked { .. }) {
            entry.since = self.now;
        }
        entry.rank = rank;
        match &mut entry.state {
            State::Running { again, .. } => *again = (*again).max(Some(priority)),
            State::Delayed { then, .. } => *then = (*then).max(priority),
            State::Ready(before) if *before >= priority => {}
            State::Ready(_) | State::Parked { .. } => self.line_up(problem, priority),
        }
    }

    /// Makes an entry ready.
    fn line_up(&mut self, problem: &Arc<Problem>, priority: Priority) {
        let entry = self.entries.entry(Arc::clone(problem)).or_default();
        if let State::Delayed { until, .. } = entry.state {
            self.delayed.remove(&(until, Arc::clone(problem)));
        }
        entry.state = State::Ready(priority);
        match priority {
            Priority::Live => self.live.push_back(Arc::clone(problem)),
            Priority::Bulk => self.bulk.add(entry.turns, entry.rank, problem),
        }
    }

    /// Takes the next problem from the line. The caller then calls [`Queue::start`],
    /// [`Queue::delay`], [`Queue::park`] or [`Queue::forget`].
    pub fn take(&mut self) -> Option<Arc<Problem>> {
        loop {
            let (problem, priority) = match self.live.pop_front() {
                Some(problem) => (problem, Priority::Live),
                None => (self.bulk.next()?, Priority::Bulk),
            };
            let entry = self.entries.get_mut(&problem);
            if let Some(entry) = entry.filter(|e| matches!(e.state, State::Ready(ready) if ready == priority)) {
                entry.state = State::Parked { why: Parked::Taken(priority) };
                return Some(problem);
            }
        }
    }

    /// The problems in the live line, first come first.
    pub fn live(&self) -> impl Iterator<Item = &Arc<Problem>> {
        let is_ready = |entry: &Entry| matches!(entry.state, State::Ready(Priority::Live));
        self.live.iter().filter(move |problem| self.entries.get(*problem).is_some_and(is_ready))
    }

    /// The problems in the line of bulk work, the highest priority first.
    pub fn bulk(&self) -> impl Iterator<Item = &Arc<Problem>> {
        let is_ready = |entry: &Entry| matches!(entry.state, State::Ready(Priority::Bulk));
        self.bulk.iter().filter(move |problem| self.entries.get(*problem).is_some_and(is_ready))
    }

    /// Takes this problem from its line, as [`Queue::take`] does.
    pub fn take_out(&mut self, problem: &Arc<Problem>) {
        if let Some(entry) = self.entries.get_mut(problem)
            && let State::Ready(priority) = entry.state
        {
            entry.state = State::Parked { why: Parked::Taken(priority) };
        }
    }

    /// A job begins for a problem that was taken from the line, to bring its cases to these
    /// generations.
    pub fn start(&mut self, problem: &Arc<Problem>, generations: Generations) {
        let entry = self.entries.entry(Arc::clone(problem)).or_default();
        debug_assert!(entry.is_parked(), "a job begins only for what was taken from the line");
        entry.state = State::Running { priority: entry.priority(), again: None, generations };
    }

    /// Whether a job of the problem is under way.
    #[must_use]
    pub fn is_running(&self, problem: &Problem) -> bool {
        self.entries.get(problem).is_some_and(Entry::is_running)
    }

    /// What the job under way was started with.
    #[must_use]
    pub fn generations(&self, problem: &Problem) -> Generations {
        match self.entries.get(problem).map(|entry| &entry.state) {
            Some(State::Running { generations, .. }) => generations.clone(),
            _ => Vec::new(),
        }
    }

    /// Ends a run. Returns the earlier failure if it was logged and is over now, so that the
    /// recovery is logged too.
    pub fn finish(&mut self, problem: &Arc<Problem>, now: Duration, ended: Ended<'_>) -> Option<String> {
        let entry = self.entries.get_mut(problem)?;
        let priority = entry.priority();
        let again = match &entry.state {
            State::Running { again, .. } => *again,
            _ => None,
        };
        entry.state = State::Parked { why: Parked::Taken(priority) };
        match ended {
            Ended::Done => {
                entry.retry.succeeded();
                (entry.turns, entry.doubt) = (0, None);
                let failure = entry.failure.take();
                match again {
                    Some(again) => {
                        entry.since = now;
                        self.line_up(problem, again);
                    }
                    None => drop(self.entries.remove(problem)),
                }
                return failure.filter(|failure| failure.logged > 0).map(|failure| failure.why);
            }
            Ended::Unfinished => {
                // Its next turn comes after all that waits in the same line.
                entry.retry.succeeded();
                entry.doubt = None;
                entry.turns = entry.turns.saturating_add(1);
                self.line_up(problem, priority);
            }
            Ended::NotBefore(until) => self.delay(problem, until),
            Ended::InDoubt(write) => {
                let until = entry.doubt(now, write);
                self.delay(problem, until);
            }
            Ended::Failed(why) => {
                let until = entry.fail(now, why);
                self.delay(problem, until);
            }
        }
        None
    }

    /// Nothing turned out to be due.
    pub fn park(&mut self, problem: &Arc<Problem>) {
        let Some(entry) = self.entries.get_mut(problem).filter(|entry| entry.is_parked()) else {
            return;
        };
        entry.state = State::Parked { why: Parked::NothingToDo };
        if entry.failure.is_none() && entry.doubt.is_none() {
            self.entries.remove(problem);
        }
    }

    /// Drops an entry. A job under way reports in its time, and what it says of it is ignored.
    pub fn forget(&mut self, problem: &Arc<Problem>) {
        let Some(entry) = self.entries.remove(problem) else {
            return;
        };
        if let State::Delayed { until, .. } = entry.state {
            self.delayed.remove(&(until, Arc::clone(problem)));
        }
        if entry.is_running() {
            self.entries.insert(Arc::clone(problem), Self::only_running(entry));
        }
    }

    /// An entry of which nothing is left but the job under way.
    fn only_running(entry: Entry) -> Entry {
        let State::Running { priority, generations, .. } = entry.state else {
            return entry;
        };
        Entry { state: State::Running { priority, again: None, generations }, ..Entry::default() }
    }

    /// Whether the last run of a problem failed, perhaps with a write of unknown outcome.
    #[must_use]
    pub fn has_failed(&self, problem: &Problem) -> bool {
        self.entries.get(problem).is_some_and(|entry| entry.failure.is_some())
    }

    /// Whether any write is in doubt.
    #[must_use]
    pub fn has_doubts(&self) -> bool {
        self.entries.values().any(|entry| entry.doubt.is_some())
    }

    /// The write that is in doubt, and whether it may be repeated if it is not found.
    #[must_use]
    pub fn doubt(&self, problem: &Problem, now: Duration) -> Option<(WriteKey, bool)> {
        let doubt = self.entries.get(problem)?.doubt.as_ref()?;
        Some((doubt.write.clone(), doubt.may_repeat(now)))
    }

    /// All problems that fail, and why.
    pub fn failures(&self) -> impl Iterator<Item = (&Problem, &str)> {
        self.entries.iter().filter_map(|(problem, e)| Some((&**problem, e.failure.as_ref()?.why.as_str())))
    }

    /// All problems that wait or run, since when, and why the last run failed.
    pub fn waiting(&self) -> impl Iterator<Item = (&Problem, Duration, Option<&str>)> {
        let waiting = self.entries.iter().filter(|(_, entry)| !entry.is_parked());
        waiting.map(|(problem, entry)| {
            (&**problem, entry.since, entry.failure.as_ref().map(|failure| failure.why.as_str()))
        })
    }

    /// All entries that did not fail.
    pub fn without_failure(&self) -> impl Iterator<Item = &Problem> {
        self.entries.iter().filter(|(_, e)| e.failure.is_none()).map(|(problem, _)| &**problem)
    }

    /// Whether nothing waits or runs but what failed at least so often.
    #[must_use]
    pub fn is_done(&self, tries: u32) -> bool {
        self.entries.values().all(|e| !e.is_running() && e.failure.is_some() && e.retry.failures() >= tries)
    }

    /// The server was away: what failed meanwhile was no failure of single problems.
    pub fn forget_unlogged_failures(&mut self) {
        for entry in self.entries.values_mut().filter(|e| e.failure.as_ref().is_some_and(|f| f.logged == 0)) {
            entry.failure = None;
            entry.retry.succeeded();
        }
    }

    /// Takes the failures that are not logged yet and marks them as logged.
    pub fn unlogged_failures(&mut self) -> Vec<(Arc<Problem>, String)> {
        self.entries
            .iter_mut()
            .filter_map(|(problem, entry)| {
                let why = entry.failure.as_mut()?.take_unlogged()?;
                Some((Arc::clone(problem), why))
            })
            .collect()
    }

    /// Puts a problem aside until a time. One that runs is to run again.
    pub fn delay(&mut self, problem: &Arc<Problem>, until: Duration) {
        let entry = self.entries.entry(Arc::clone(problem)).or_default();
        let then = entry.priority();
        if let State::Running { again, .. } = &mut entry.state {
            *again = Some(then);
            return;
        }
        let before = std::mem::replace(&mut entry.state, State::Delayed { until, then });
        if let State::Delayed { until, .. } = before {
            self.delayed.remove(&(until, Arc::clone(problem)));
        }
        self.delayed.insert((until, Arc::clone(problem)));
    }

    /// Makes every entry ready whose delay is over.
    pub fn wake(&mut self, now: Duration) {
        while let Some((_, problem)) = self.delayed.first().filter(|(until, _)| *until <= now).cloned() {
            self.resume(&problem);
        }
    }

    /// Argus is back: ends all delays but those that are about a write in doubt.
    pub fn wake_all(&mut self) {
        let waiting: Vec<Arc<Problem>> = self.delayed.iter().map(|(_, problem)| Arc::clone(problem)).collect();
        for problem in waiting {
            if self.entries.get(&problem).is_some_and(|e| e.doubt.is_none()) {
                self.resume(&problem);
            }
        }
    }

    fn resume(&mut self, problem: &Arc<Problem>) {
        let entry = self.entries.get(problem);
        debug_assert!(entry.is_some_and(|e| matches!(e.state, State::Delayed { .. })), "only a delay is over");
        let then = entry.map_or(Priority::Live, Entry::priority);
        self.line_up(problem, then);
    }

    /// When the next delay is over.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.delayed.first().map(|(until, _)| *until)
    }

    /// How many problems wait or run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.values().filter(|e| !e.is_parked()).count()
    }

    /// Drops everything that does not run.
    pub fn clear(&mut self) {
        self.live.clear();
        self.bulk.clear();
        self.delayed.clear();
        self.entries.retain(|_, entry| {
            *entry = Self::only_running(std::mem::take(entry));
            entry.is_running()
        });
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
