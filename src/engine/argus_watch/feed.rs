//! What of the newest events in Argus was seen, and how far a reading of them goes. Never decides
//! what an event means.
//!
//! The list has no filter (asked of Argus 2.10), and its cursor skips events of one time, so that
//! every page begins at the top: one that does not show enough is asked for again, larger. What
//! costs Argus most of the time is finding the newest among all events, not their number.

use super::paging::{Failed, USUAL_PAGE};
use crate::argus::models::{Event, EventPk, Page};
use crate::time::Stamp;
use std::collections::BTreeSet;

/// How far behind the newest event a deep reading of the feed goes: people's programs date an event
/// by their own clock, and the feed is in the order of those dates. Between two deep readings it is
/// read until a page brings nothing new and something known.
const DEEP_WINDOW_SECS: i64 = 900;
/// How far an event may be dated after it was received, and still show that what lies behind it in
/// the feed is older. Anybody can date an event into the future, and a page full of such hides all
/// that happens now.
const AHEAD_SECS: i64 = 60;
/// How many events are read in one reading before every incident is looked at instead.
const MAX_EVENTS: usize = 10_000;
/// How many events are remembered as seen.
const MAX_SEEN: usize = 20_000;
/// How many events the first page of the newest has: mostly it brings nothing new, and each event
/// on it costs Argus half a millisecond.
const EVENTS_AT_FIRST: usize = 25;
/// By what a page grows that did not show enough.
const GROWS_BY: usize = 4;
/// How often a page is asked for that was to show more than the one before, before every incident
/// is looked at instead.
const TRIES: u32 = 2;

/// What of the newest events was seen.
#[derive(Debug, Default)]
pub struct Feed {
    seen: BTreeSet<EventPk>,
    /// Of these: what we made ourselves and have not met in a reading. It is no news, and yet says
    /// nothing of what lies behind it.
    made: BTreeSet<EventPk>,
    /// Of these: what the reading under way has met first.
    met: BTreeSet<EventPk>,
    /// A reading has come to its end, perhaps of a feed without any event.
    ever_read: bool,
    /// The newest event of the last reading that came to its end, and of the one under way.
    newest: Option<Stamp>,
    coming: Option<Stamp>,
    /// How many events the next page of the reading under way is to have; `None`: there is none.
    wanted: Option<usize>,
    /// How many the last page was asked to have, and how many it had.
    asked: usize,
    had: usize,
    /// How often a page of this size could not be had.
    failed: u32,
    /// What the reading under way has cost, in events.
    cost: usize,
    deep: bool,
    /// How many events the first page must have to get past those of the newest time, and in a deep
    /// reading to reach its end.
    first: usize,
    first_deep: usize,
}

/// What a page of the feed brought.
#[derive(Debug, Default)]
pub struct News {
    /// Events that were not seen before.
    pub events: Vec<Event>,
    /// There was more than can be read: every incident must be looked at.
    pub overflow: bool,
    /// It ends a reading that went back over what was seen, and that cost so many usual pages.
    pub read_back: Option<usize>,
}

impl Feed {
    /// Notes events that we made ourselves.
    pub fn made(&mut self, pks: &[EventPk]) {
        self.seen.extend(pks);
        self.made.extend(pks);
    }

    /// A reading begins; a deep one goes back over what was seen. So does one after a reading that
    /// was broken off: what that one saw says nothing of what lies behind it.
    pub fn begin(&mut self, deep: bool) {
        self.deep = deep || self.wanted.is_some();
        self.wanted = Some(if self.deep { self.first_deep } else { self.first });
        (self.asked, self.had, self.failed, self.cost, self.coming) = (0, 0, 0, 0, None);
        self.met.clear();
    }

    /// Whether a reading is under way.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.wanted.is_some()
    }

    /// Whether the reading under way waits for its first page.
    #[must_use]
    pub fn is_at_first(&self) -> bool {
        self.had == 0
    }

    /// The reading under way is given up: it has shown nothing.
    pub fn give_up(&mut self) {
        self.wanted = None;
    }

    /// The next page of the reading under way: how many events, at the beginning so many or fewer.
    pub fn ask(&mut self, usual: usize) -> Option<usize> {
        self.asked = self.wanted?.max(usual.min(EVENTS_AT_FIRST)).min(MAX_EVENTS);
        Some(self.asked)
    }

    /// Takes a page.
    pub fn take(&mut self, page: Page<Event>) -> News {
        if !self.is_reading() {
            return News::default();
        }
        let times = || page.items.iter().map(|e| e.timestamp);
        let (newest, oldest, had) = (times().max(), times().min(), page.items.len());
        let received = page.items.iter().map(|e| e.received).max();
        // From the end of the reading before, however long ago that was.
        let since = self.newest.map(|t| t.plus_secs(-DEEP_WINDOW_SECS));
        let is_dated_ahead = |e: &Event| e.timestamp > e.received.plus_secs(AHEAD_SECS);
        // Of the oldest time on the page there may be others behind it.
        let is_passed = |e: &Event| !page.more || Some(e.timestamp) > oldest;
        let known = |e: &Event| {
            is_passed(e)
                && self.seen.contains(&e.pk)
                && !self.made.contains(&e.pk)
                && !self.met.contains(&e.pk)
                && !is_dated_ahead(e)
        };
        let meets_known = page.items.iter().any(known);
        self.first = self.enough(times().filter(|time| Some(*time) == newest).count(), had);
        if self.deep {
            self.first_deep = self.enough(times().filter(|time| Some(*time) >= since).count(), had);
        }
        self.cost = self.cost.saturating_add(self.asked);
        self.coming = self.coming.max(received);
        // What was before the first page ever is found by the complete look at the start.
        let goes_back = page.more && self.ever_read && oldest >= since;
        let events = self.note(page.items);
        let wanted = goes_back && (self.deep || !meets_known || !events.is_empty());
        let bounded = self.asked >= MAX_EVENTS || self.had >= had;
        if wanted && !bounded {
            self.had = had;
            self.wanted = Some(self.asked.saturating_mul(GROWS_BY));
            self.failed = 0;
            return News { events, ..News::default() };
        }
        let read_back = self.deep.then(|| self.cost.div_ceil(USUAL_PAGE));
        self.end();
        News { events, overflow: wanted, read_back }
    }

    /// Notes what is on a page; gives what was not seen before.
    fn note(&mut self, items: Vec<Event>) -> Vec<Event> {
        for event in &items {
            if self.made.remove(&event.pk) || !self.seen.contains(&event.pk) {
                self.met.insert(event.pk);
            }
        }
        let events = items.into_iter().filter(|e| self.seen.insert(e.pk)).collect();
        for set in [&mut self.seen, &mut self.made] {
            while set.len() > MAX_SEEN {
                set.pop_first();
            }
        }
        events
    }

    /// How many events to ask for at first next time, if so many of those on this page had to be
    /// passed. A server with a bound of its own gives fewer than it is asked for.
    fn enough(&self, passed: usize, had: usize) -> usize {
        let passed = passed.saturating_mul(self.asked).div_ceil(had.max(1));
        (passed + passed / 4 + 1).min(self.asked)
    }

    /// The page that was asked for could not be had. At [`Failed::End`] every incident must be
    /// looked at.
    pub fn fail(&mut self) -> Failed {
        if self.had == 0 {
            // What was enough the last time is too much now.
            (self.first, self.first_deep) = (0, 0);
            self.wanted = self.wanted.map(|_| 0);
            return if self.asked > EVENTS_AT_FIRST { Failed::Again } else { Failed::Shrink };
        }
        self.failed = self.failed.saturating_add(1);
        if self.failed < TRIES {
            return Failed::Again;
        }
        self.end();
        Failed::End
    }

    /// Argus was away: what failed meanwhile says nothing of what it can give.
    pub fn forget_failures(&mut self) {
        self.failed = 0;
    }

    /// The reading under way is over.
    fn end(&mut self) {
        self.wanted = None;
        self.ever_read = true;
        // Not the newest of all readings: if Argus' clock was once ahead, every later reading would
        // end at once.
        self.newest = self.coming.or(self.newest);
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
