//! Readings of the newest events, page by page, each from the top. Never part of the program.

use super::*;
use crate::argus::models::EventKind;
use crate::argus::models::{Event, Page};
use crate::reconcile::testing::{OPENED, event};
use crate::time::Stamp;

/// An acknowledgement with this key, so many seconds after the case opened.
fn e(pk: EventPk, at: i64) -> Event {
    event(pk, 7, EventKind::Acknowledge, at, "")
}

/// One whose date is far ahead of when it was received.
fn ahead(pk: EventPk) -> Event {
    Event { timestamp: Stamp::from_secs(OPENED + 1_000_000), ..event(pk, 7, EventKind::Other, 0, "") }
}

/// A feed of which one page was read.
fn read(items: Vec<Event>) -> Feed {
    let mut feed = Feed::default();
    feed.begin(false);
    feed.turns(items, true);
    assert!(!feed.is_reading(), "the first page ever is enough");
    feed
}

impl Feed {
    /// A page of the reading under way; gives what it brought.
    fn turn(&mut self, items: Vec<Event>, more: bool) -> News {
        self.ask(USUAL_PAGE);
        self.take(Page { items, more })
    }

    /// The same; gives the keys of what is new.
    fn turns(&mut self, items: Vec<Event>, more: bool) -> Vec<EventPk> {
        self.turn(items, more).events.iter().map(|e| e.pk).collect()
    }
}

#[test]
fn a_quiet_feed_costs_one_page_and_a_busy_one_is_followed_to_what_was_seen() {
    let mut feed = read(vec![e(3, 3), e(2, 2), e(1, 1)]);
    feed.begin(false);
    assert_eq!(feed.ask(USUAL_PAGE), Some(EVENTS_AT_FIRST));
    assert_eq!((feed.turns(vec![e(3, 3), e(2, 2)], true), feed.is_reading()), (vec![], false));
    feed.begin(false);
    assert_eq!((feed.turns(vec![e(9, 9), e(8, 8)], true), feed.is_reading()), (vec![9, 8], true));
    assert_eq!(feed.ask(USUAL_PAGE), Some(100), "the same again and what lies behind it");
    let all = vec![e(9, 9), e(8, 8), e(7, 7), e(3, 3)];
    assert_eq!((feed.turns(all.clone(), true), feed.is_reading()), (vec![7], true));
    let all = [all, vec![e(2, 2), e(1, 1)]].concat();
    assert_eq!((feed.turns(all, true), feed.is_reading()), (vec![], false));
}

#[test]
fn what_happens_after_a_reading_that_found_no_event_at_all_is_read_whole() {
    let mut feed = Feed::default();
    feed.begin(false);
    feed.turns(Vec::new(), false);
    feed.begin(false);
    assert_eq!(feed.turns(vec![e(9, 9), e(8, 8)], true), [9, 8]);
    assert_eq!((feed.turns(vec![e(9, 9), e(8, 8), e(7, 7)], false), feed.is_reading()), (vec![7], false));
}

#[test]
fn a_persons_act_of_the_second_in_which_a_page_ends_is_found() {
    let burst = |pks: std::ops::Range<i64>| pks.map(|pk| e(pk, 50)).collect::<Vec<_>>();
    let mut feed = read(burst(1..26));
    feed.begin(false);
    assert!(feed.turns(burst(1..26), true).is_empty());
    assert!(feed.is_reading(), "all are known, and yet not all of that second");
    let all = [burst(1..27), (30..54).map(|pk| e(pk, 40)).collect()].concat();
    assert_eq!(feed.turns(all.clone(), true).len(), 25);
    assert!(feed.turns([all, (60..90).map(|pk| e(pk, 30)).collect()].concat(), true).len() == 30);
    feed.turns(vec![e(99, 50); 400], false);
    assert!(!feed.is_reading());
    feed.begin(false);
    assert!(feed.ask(USUAL_PAGE).is_some_and(|most| most > 26), "the next reading begins with enough");
}

#[test]
fn events_that_cannot_all_be_read_end_in_a_look_at_everything() {
    let news = |count: i64| (0..count).map(|pk| e(10 + pk, 10_000 - pk)).collect::<Vec<_>>();
    let mut feed = read(vec![e(1, 0)]);
    feed.begin(false);
    assert!(!feed.turn(news(25), true).overflow);
    feed.ask(USUAL_PAGE);
    assert_eq!(feed.fail(), Failed::Again, "once says little");
    assert_eq!(feed.ask(USUAL_PAGE), Some(100));
    assert_eq!((feed.fail(), feed.is_reading()), (Failed::End, false));

    let mut feed = read(vec![e(1, 0)]);
    feed.begin(false);
    feed.turn(news(25), true);
    assert!(feed.turn(news(25), true).overflow, "a server that gives no more however much is asked for");

    let mut feed = read(vec![e(1, 0)]);
    feed.begin(false);
    let mut asked = 0;
    let overflow = loop {
        let most = feed.ask(USUAL_PAGE).unwrap();
        asked += most;
        let news = feed.take(Page { items: news(i64::try_from(most).unwrap()), more: true });
        if !feed.is_reading() {
            break news.overflow;
        }
    };
    assert!(overflow && asked < 2 * MAX_EVENTS, "{asked} events");
}

#[test]
fn a_first_page_that_is_too_much_is_asked_for_in_a_smaller_piece() {
    let mut feed = read((0..25).map(|pk| e(pk, 100 - pk)).collect());
    feed.begin(true);
    feed.turn((0..25).map(|pk| e(pk, 100 - pk)).collect(), true);
    feed.turn((0..100).map(|pk| e(pk, 100 - pk)).collect(), true);
    feed.turn((0..300).map(|pk| e(pk, 100 - 10 * pk)).collect(), true);
    assert!(!feed.is_reading());
    feed.begin(true);
    let learned = feed.ask(USUAL_PAGE).unwrap();
    assert!((100..400).contains(&learned), "{learned}");
    assert_eq!(feed.fail(), Failed::Again);
    assert_eq!(feed.ask(USUAL_PAGE), Some(25));
    assert_eq!(feed.fail(), Failed::Shrink);
    assert_eq!(feed.ask(6), Some(6));
}

#[test]
fn an_act_that_was_dated_back_is_found_by_a_deep_reading() {
    let mut feed = read(vec![e(3, 1000), e(2, 999)]);
    feed.begin(true);
    feed.turns(vec![e(3, 1000), e(2, 999)], true);
    assert!(feed.is_reading());
    let news = feed.turn(vec![e(3, 1000), e(2, 999), e(9, 500), e(1, 50)], true);
    assert_eq!((news.events.len(), feed.is_reading(), news.read_back), (2, false, Some(2)));
}

#[test]
fn a_reading_after_a_long_pause_goes_back_to_the_one_before() {
    let mut feed = read(vec![e(1, 0)]);
    feed.begin(false);
    feed.turns(vec![e(9, 30_000), e(8, 100)], true);
    assert!(feed.is_reading());
    assert_eq!(feed.turns(vec![e(9, 30_000), e(8, 100), e(7, 99), e(1, 0)], true), [7]);
}

#[test]
fn a_page_of_events_that_are_dated_ahead_hides_nothing() {
    let mut feed = read(vec![ahead(1), ahead(2)]);
    feed.begin(false);
    feed.turns(vec![ahead(1), ahead(2)], true);
    assert!(feed.is_reading());
    assert_eq!(feed.turns(vec![ahead(1), ahead(2), e(3, 10), e(4, 9)], false), [3, 4]);
    feed.begin(false);
    feed.turns(vec![ahead(1), ahead(2), e(3, 10), e(4, 9)], true);
    assert!(!feed.is_reading(), "all were seen before, and one of them is not dated ahead");
}

#[test]
fn a_clock_of_argus_that_was_ahead_once_does_not_end_every_later_reading() {
    let mut feed = read(vec![e(1, 5_000_000)]);
    for round in 0..2 {
        feed.begin(false);
        let (pk, at) = (10 + round * 10, 100 + round * 10);
        feed.turns(vec![e(pk + 2, at + 2), e(pk + 1, at + 1)], true);
        assert_eq!(feed.is_reading(), round > 0, "the first one afterwards learns how late it is");
    }
}

#[test]
fn a_reading_that_was_broken_off_is_made_up_for() {
    let mut feed = read(vec![e(1, 0)]);
    for why in ["there is news", "nothing new, and yet not all"] {
        feed.begin(false);
        feed.turns(vec![e(9, 30_000), e(8, 29_000)], true);
        assert!(feed.is_reading(), "{why}");
    }
    assert_eq!(feed.turns(vec![e(9, 30_000), e(8, 29_000), e(7, 100), e(1, 0)], true), [7]);
}

#[test]
fn our_own_events_are_no_news() {
    let mut feed = Feed::default();
    feed.made(&[5]);
    feed.begin(false);
    assert!(feed.turns(vec![e(5, 0)], false).is_empty());
}

#[test]
fn a_persons_act_is_found_behind_a_page_of_our_own_events() {
    let mut feed = read(vec![e(1, 1)]);
    feed.made(&[3, 4]);
    feed.begin(false);
    feed.turns(vec![e(4, 4), e(3, 3)], true);
    assert!(feed.is_reading());
    assert_eq!(feed.turns(vec![e(4, 4), e(3, 3), e(2, 2), e(1, 1)], false), [2]);
    feed.begin(false);
    feed.turns(vec![e(4, 4), e(3, 3)], true);
    assert!(!feed.is_reading(), "they have been met by now");
}
