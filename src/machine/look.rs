//! Looking at Argus page by page: walks through lists, and the feed of newest events. Never sends anything itself.
//!
//! Pages are asked for one at a time, so that a long list never holds up live work.

use crate::argus::models::{Event, EventPk, Incident, IncidentPk, ListQuery, Page};
use crate::stamp::Stamp;
use std::collections::BTreeSet;

/// How far behind the newest event a deep reading of the feed goes: people's programs date an event by their own clock, and
/// the feed is in the order of those dates. Between two deep readings it is read until a page brings nothing new and something known.
const DEEP_WINDOW_SECS: i64 = 900;
/// How far an event may be dated after it was received, and still show that what lies behind it in the feed is older. Anybody can date
/// an event into the future, and a page full of such hides all that happens now.
const AHEAD_SECS: i64 = 60;
/// How many pages of the feed are read in one refresh before every incident is looked at instead.
const MAX_FEED_PAGES: usize = 100;
/// How many events are remembered as seen.
const MAX_SEEN: usize = 20_000;
/// How many incidents one walk may bring before the list is given up.
const MAX_WALK: usize = 200_000;

/// How many incidents a page has; a list costs Argus about 5 ms for each, so a larger page would run into time-outs.
const INCIDENTS_PER_PAGE: usize = 100;
/// How many events the first page of the newest has: mostly it brings nothing new, and each event on it costs Argus half a millisecond.
const EVENTS_AT_FIRST: usize = 25;
/// What a page that could not be had is divided by.
const SHRINKS_BY: usize = 4;

/// How much is asked for at a time. A page can take too long or hold too much, and one incident or event never does.
#[derive(Debug)]
pub struct PageSize(usize);

impl Default for PageSize {
    fn default() -> Self {
        Self(INCIDENTS_PER_PAGE)
    }
}

impl PageSize {
    /// Of a list.
    #[must_use]
    pub fn incidents(&self) -> usize {
        self.0
    }

    /// Of the newest events.
    #[must_use]
    pub fn events(&self, first: bool) -> usize {
        if first { self.0.min(EVENTS_AT_FIRST) } else { self.0 }
    }

    /// A page was not to be had although Argus answers.
    pub fn shrink(&mut self) {
        self.0 = (self.0 / SHRINKS_BY).max(1);
    }

    /// A list was read to its end.
    pub fn grow(&mut self) {
        self.0 = self.0.saturating_mul(2).min(INCIDENTS_PER_PAGE);
    }
}

/// A walk through a list of incidents.
#[derive(Debug)]
pub struct Walk {
    /// What is listed.
    pub query: ListQuery,
    /// The mark of the incident store when it began.
    pub began: u64,
    /// What was listed until now.
    pub items: BTreeSet<IncidentPk>,
    /// Where to go on.
    pub cursor: Option<String>,
}

/// How a walk goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is another page.
    More,
    /// That was all.
    Complete,
    /// The server's list does not end (more than 1000 incidents with one start time do that).
    Endless,
}

impl Walk {
    /// At its beginning.
    #[must_use]
    pub fn new(query: ListQuery, began: u64) -> Self {
        Self { query, began, items: BTreeSet::new(), cursor: None }
    }

    /// Notes what is on a page.
    pub fn take(&mut self, page: &Page<Incident>) -> Progress {
        let before = self.items.len();
        self.items.extend(page.items.iter().map(|i| i.pk));
        if page.next.is_none() {
            return Progress::Complete;
        }
        if self.items.len() == before || self.items.len() > MAX_WALK {
            return Progress::Endless;
        }
        self.cursor.clone_from(&page.next);
        Progress::More
    }
}

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
    pages: usize,
    deep: bool,
    /// A reading has begun and not come to its end.
    unfinished: bool,
}

/// What a page of the feed brought.
#[derive(Debug, Default)]
pub struct News {
    /// Events that were not seen before.
    pub events: Vec<Event>,
    /// The next page, if it may bring more.
    pub next: Option<String>,
    /// There was more than can be read: every incident must be looked at.
    pub overflow: bool,
    /// It ends a reading that went back over what was seen, and that had so many pages.
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
        self.deep = deep || self.unfinished;
        self.unfinished = true;
    }

    /// Takes a page.
    pub fn take(&mut self, page: Page<Event>) -> News {
        let first_ever = self.newest.is_none();
        let oldest = page.items.iter().map(|e| e.timestamp).min();
        let received = page.items.iter().map(|e| e.received).max();
        let is_dated_ahead = |e: &Event| e.timestamp > e.received.plus_secs(AHEAD_SECS);
        let known = |e: &Event| {
            self.seen.contains(&e.pk) && !self.made.contains(&e.pk) && !self.met.contains(&e.pk) && !is_dated_ahead(e)
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
        self.pages += 1;
        // From the end of the reading before, however long ago that was.
        let since = self.newest.map(|t| t.plus_secs(-DEEP_WINDOW_SECS));
        // What was before the first page ever is found by the complete look at the start.
        let more = !first_ever && oldest >= since && (self.deep || !reached || !events.is_empty());
        let overflow = more && page.next.is_some() && self.pages >= MAX_FEED_PAGES;
        let next = page.next.filter(|_| more && !overflow);
        if next.is_none() {
            // Not the newest of all readings: if Argus' clock was once ahead, every later reading would end at once.
            self.newest = self.coming.or(self.newest);
            self.unfinished = false;
        }
        let read_back = (self.deep && next.is_none()).then_some(self.pages);
        News { events, next, overflow, read_back }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argus::models::EventKind;
    use crate::sync::testing::{OPENED, case, event, incident};

    fn page<T>(items: Vec<T>, next: Option<&str>) -> Page<T> {
        Page { items, next: next.map(str::to_owned) }
    }

    #[test]
    fn pages_shrink_to_one_item_and_grow_again() {
        let mut size = PageSize::default();
        assert_eq!((size.incidents(), size.events(true), size.events(false)), (100, 25, 100));
        size.shrink();
        size.shrink();
        assert_eq!((size.incidents(), size.events(true)), (6, 6));
        (0..9).for_each(|_| size.shrink());
        assert_eq!(size.incidents(), 1);
        (0..9).for_each(|_| size.grow());
        assert_eq!(size.incidents(), 100);
    }

    #[test]
    fn a_list_that_never_ends_is_left() {
        let mut walk = Walk::new(ListQuery::Open, 0);
        let item = |pk| incident(pk, &case(1));
        assert_eq!(walk.take(&page(vec![item(1)], Some("a"))), Progress::More);
        assert_eq!(walk.take(&page(vec![item(1)], Some("b"))), Progress::Endless);
        assert_eq!(walk.take(&page(vec![item(2)], None)), Progress::Complete);
    }

    #[test]
    fn a_quiet_feed_costs_one_page_and_a_busy_one_is_followed_to_what_was_seen() {
        let mut feed = Feed::default();
        let e = |pk| event(pk, 7, EventKind::Acknowledge, pk, "");
        assert_eq!(feed.take(page(vec![e(3), e(2), e(1)], Some("n"))).next, None);
        feed.begin(false);
        let news = feed.take(page(vec![e(3), e(2)], Some("n")));
        assert!(news.events.is_empty() && news.next.is_none());
        feed.begin(false);
        let news = feed.take(page(vec![e(9), e(8)], Some("n")));
        assert_eq!((news.events.len(), news.next.as_deref()), (2, Some("n")));
        assert_eq!(feed.take(page(vec![e(8), e(3)], Some("n"))).next, None);
    }

    #[test]
    fn an_act_that_was_dated_back_is_found_by_a_deep_reading() {
        let mut feed = Feed::default();
        let e = |pk, at| event(pk, 7, EventKind::Acknowledge, at, "");
        feed.take(page(vec![e(3, 1000), e(2, 999)], Some("n")));
        feed.begin(true);
        assert_eq!(feed.take(page(vec![e(3, 1000), e(2, 999)], Some("n"))).next.as_deref(), Some("n"));
        let news = feed.take(page(vec![e(9, 500), e(1, 50)], Some("m")));
        assert_eq!((news.events.len(), news.next, news.read_back), (2, None, Some(2)));
    }

    #[test]
    fn a_reading_after_a_long_pause_goes_back_to_the_one_before() {
        let mut feed = Feed::default();
        let e = |pk, at| event(pk, 7, EventKind::Acknowledge, at, "");
        feed.begin(false);
        feed.take(page(vec![e(1, 0)], Some("n")));
        feed.begin(false);
        assert_eq!(feed.take(page(vec![e(9, 30_000), e(8, 100)], Some("n"))).next.as_deref(), Some("n"));
        assert_eq!(feed.take(page(vec![e(7, 99), e(1, 0)], Some("m"))).events.len(), 1);
    }

    #[test]
    fn a_page_of_events_that_are_dated_ahead_hides_nothing() {
        let mut feed = Feed::default();
        let ahead =
            |pk| Event { timestamp: Stamp::from_secs(OPENED + 1_000_000), ..event(pk, 7, EventKind::Other, 0, "") };
        let e = |pk, at| event(pk, 7, EventKind::Acknowledge, at, "");
        feed.begin(false);
        feed.take(page(vec![ahead(1), ahead(2)], Some("n")));
        feed.begin(false);
        assert_eq!(feed.take(page(vec![ahead(1), ahead(2)], Some("n"))).next.as_deref(), Some("n"));
        assert_eq!(feed.take(page(vec![e(3, 10)], None)).events.len(), 1);
        feed.begin(false);
        assert_eq!(feed.take(page(vec![ahead(1), ahead(2)], Some("n"))).next.as_deref(), Some("n"));
        assert_eq!(feed.take(page(vec![e(3, 10)], Some("m"))).next, None, "this one was seen before");
    }

    #[test]
    fn a_clock_of_argus_that_was_ahead_once_does_not_end_every_later_reading() {
        let mut feed = Feed::default();
        let e = |pk, at| event(pk, 7, EventKind::Acknowledge, at, "");
        feed.begin(false);
        feed.take(page(vec![e(1, 5_000_000)], Some("n")));
        for round in 0..2 {
            feed.begin(false);
            let pk = 10 + round * 10;
            let at = 100 + round * 10;
            let found = feed.take(page(vec![e(pk + 2, at + 2), e(pk + 1, at + 1)], Some("n")));
            assert_eq!(found.next.is_some(), round > 0, "the first one afterwards learns how late it is");
        }
    }

    #[test]
    fn a_reading_that_was_broken_off_is_made_up_for() {
        let mut feed = Feed::default();
        let e = |pk, at| event(pk, 7, EventKind::Acknowledge, at, "");
        feed.begin(false);
        feed.take(page(vec![e(1, 0)], Some("n")));
        feed.begin(false);
        assert!(feed.take(page(vec![e(9, 30_000), e(8, 29_000)], Some("n"))).next.is_some());
        feed.begin(false);
        assert!(
            feed.take(page(vec![e(9, 30_000), e(8, 29_000)], Some("n"))).next.is_some(),
            "nothing new, and yet not all"
        );
        assert_eq!(feed.take(page(vec![e(7, 100), e(1, 0)], Some("m"))).events.len(), 1);
    }

    #[test]
    fn our_own_events_are_no_news() {
        let mut feed = Feed::default();
        feed.made(&[5]);
        assert!(feed.take(page(vec![event(5, 3, EventKind::Other, 0, "")], None)).events.is_empty());
    }

    #[test]
    fn a_persons_act_is_found_behind_a_page_of_our_own_events() {
        let mut feed = Feed::default();
        let e = |pk| event(pk, 7, EventKind::Acknowledge, pk, "");
        feed.begin(false);
        feed.take(page(vec![e(1)], Some("n")));
        feed.made(&[3, 4]);
        feed.begin(false);
        assert_eq!(feed.take(page(vec![e(4), e(3)], Some("n"))).next.as_deref(), Some("n"));
        let news = feed.take(page(vec![e(2), e(1)], None));
        assert_eq!(news.events.iter().map(|e| e.pk).collect::<Vec<_>>(), [2]);
        feed.begin(false);
        assert_eq!(feed.take(page(vec![e(4), e(3)], Some("n"))).next, None, "they have been met by now");
    }

    #[test]
    fn a_flood_of_events_ends_in_a_look_at_everything() {
        let mut feed = Feed::default();
        feed.take(page(vec![event(1, 7, EventKind::Other, 0, "")], None));
        let overflows =
            (2..200).any(|pk| feed.take(page(vec![event(pk, 7, EventKind::Other, 0, "")], Some("n"))).overflow);
        assert!(overflows);
    }
}
