//! What of the newest events in Argus was seen, and how far a reading of them goes. Never decides what an event means.

use super::paging::{Failed, Paging, Progress, USUAL_PAGE};
use crate::argus::models::{Event, EventPk, Page};
use crate::stamp::Stamp;
use std::collections::BTreeSet;

/// How far behind the newest event a deep reading of the feed goes: people's programs date an event by their own clock, and
/// the feed is in the order of those dates. Between two deep readings it is read until a page brings nothing new and something known.
const DEEP_WINDOW_SECS: i64 = 900;
/// How far an event may be dated after it was received, and still show that what lies behind it in the feed is older. Anybody can date
/// an event into the future, and a page full of such hides all that happens now.
const AHEAD_SECS: i64 = 60;
/// How many usual pages of the feed are read in one refresh before every incident is looked at instead.
const MAX_FEED_PAGES: usize = 100;
/// How many events are remembered as seen.
const MAX_SEEN: usize = 20_000;
/// How many events the first page of the newest has: mostly it brings nothing new, and each event on it costs Argus half a millisecond.
const EVENTS_AT_FIRST: usize = 25;

/// What of the newest events was seen.
#[derive(Debug, Default)]
pub struct Feed {
    seen: BTreeSet<EventPk>,
    /// Of these: what we made ourselves and have not met in a reading. It is no news, and yet says nothing of what lies behind it.
    made: BTreeSet<EventPk>,
    /// Of these: what the reading under way has met first.
    met: BTreeSet<EventPk>,
    /// The newest event of the last reading that came to its end, and of the one under way.
    newest: Option<Stamp>,
    coming: Option<Stamp>,
    /// The reading under way.
    reading: Option<Paging>,
    /// What it has cost, in usual pages.
    pages: usize,
    deep: bool,
    /// How many events the first page must have to get past those of the newest time.
    first: usize,
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

    /// A reading begins; a deep one goes back over what was seen. So does one after a reading that was broken off: what that
    /// one saw says nothing of what lies behind it.
    pub fn begin(&mut self, deep: bool) {
        self.pages = 0;
        self.coming = None;
        self.met.clear();
        self.deep = deep || self.reading.is_some();
        self.reading = Some(Paging::new(self.first));
    }

    /// Whether a reading is under way.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// The next page of the reading under way: dated at which time or before, and how many events, usually so many.
    pub fn ask(&mut self, usual: usize) -> Option<(Option<Stamp>, usize)> {
        let paging = self.reading.as_mut()?;
        Some(paging.ask(if paging.is_at_its_beginning() { usual.min(EVENTS_AT_FIRST) } else { usual }))
    }

    /// Takes a page.
    pub fn take(&mut self, page: Page<Event>) -> News {
        let Some(mut paging) = self.reading.take() else {
            return News::default();
        };
        let first_ever = self.newest.is_none();
        let times: Vec<Stamp> = page.items.iter().map(|e| e.timestamp).collect();
        let oldest = times.iter().min().copied();
        let received = page.items.iter().map(|e| e.received).max();
        let is_dated_ahead = |e: &Event| e.timestamp > e.received.plus_secs(AHEAD_SECS);
        // Of the oldest time on the page others may come with the next one.
        let is_passed = |e: &Event| !page.more || Some(e.timestamp) > oldest;
        let known = |e: &Event| {
            is_passed(e)
                && self.seen.contains(&e.pk)
                && !self.made.contains(&e.pk)
                && !self.met.contains(&e.pk)
                && !is_dated_ahead(e)
        };
        let reached = page.items.iter().any(known);
        for event in &page.items {
            if self.made.remove(&event.pk) || !self.seen.contains(&event.pk) {
                self.met.insert(event.pk);
            }
        }
        let events: Vec<Event> = page.items.into_iter().filter(|e| self.seen.insert(e.pk)).collect();
        self.coming = self.coming.max(received);
        for set in [&mut self.seen, &mut self.made] {
            while set.len() > MAX_SEEN {
                set.pop_first();
            }
        }
        self.pages += paging.asked().div_ceil(USUAL_PAGE);
        if paging.is_at_its_beginning() {
            self.first = paging.to_pass(times.iter().filter(|time| Some(**time) == times.iter().max().copied()).count(), times.len());
        }
        // From the end of the reading before, however long ago that was.
        let since = self.newest.map(|t| t.plus_secs(-DEEP_WINDOW_SECS));
        // What was before the first page ever is found by the complete look at the start.
        let wanted = page.more && !first_ever && oldest >= since && (self.deep || !reached || !events.is_empty());
        let goes_on = wanted && paging.take(&times, page.more) == Progress::More && paging.left_out().is_empty();
        if goes_on && self.pages < MAX_FEED_PAGES {
            self.reading = Some(paging);
            return News { events, ..News::default() };
        }
        let read_back = self.deep.then_some(self.pages);
        self.end();
        News { events, overflow: wanted, read_back }
    }

    /// The page that was asked for could not be had. At [`Failed::End`] every incident must be looked at.
    pub fn fail(&mut self) -> Failed {
        let failed = self.reading.as_mut().map_or(Failed::Again, Paging::fail);
        if self.reading.as_ref().is_some_and(|paging| !paging.left_out().is_empty()) {
            self.end();
            return Failed::End;
        }
        failed
    }

    /// Argus refuses the page: if it is not the first one, the reading is over, and every incident must be looked at.
    pub fn give_up_behind_first_page(&mut self) -> bool {
        let behind = self.reading.as_ref().is_some_and(|paging| !paging.is_at_its_beginning());
        if behind {
            self.end();
        }
        behind
    }

    /// The reading under way is over.
    fn end(&mut self) {
        self.reading = None;
        // Not the newest of all readings: if Argus' clock was once ahead, every later reading would end at once.
        self.newest = self.coming.or(self.newest);
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
