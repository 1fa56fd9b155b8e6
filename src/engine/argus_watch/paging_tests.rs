//! Walks through lists of a server that orders them as badly as Argus may. Never part of the
//! program.

use super::*;
use crate::time::Stamp;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A list of items, each of a second and with a key of its own, and how the server gives it out.
struct Server {
    items: Vec<(i64, usize)>,
    /// The most that it gives at once, however much is asked for.
    gives_at_most: usize,
    /// What is larger cannot be had.
    bears: usize,
    heeds_the_time: bool,
    requests: usize,
}

impl Server {
    /// With groups of so many items, each group of another second.
    fn new(groups: &[usize]) -> Self {
        let all = groups.iter().enumerate().flat_map(|(second, count)| vec![second; *count]);
        let items = all.enumerate().map(|(key, second)| (i64::try_from(second).unwrap() + 1000, key)).collect();
        Self { items, gives_at_most: usize::MAX, bears: usize::MAX, heeds_the_time: true, requests: 0 }
    }

    /// A page: items of one second are in another order each time.
    fn page(&mut self, until: Option<Stamp>, most: usize) -> Option<(Vec<(i64, usize)>, bool)> {
        self.requests += 1;
        if most > self.bears {
            return None;
        }
        let within = |(second, _): &&(i64, usize)| until.is_none_or(|until| Stamp::from_secs(*second) <= until);
        let mut items: Vec<_> =
            self.items.iter().filter(|item| !self.heeds_the_time || within(item)).copied().collect();
        let turn = self.requests.wrapping_mul(7919);
        items.sort_by_key(|(second, key)| (-second, key.wrapping_mul(2_654_435_761).wrapping_add(turn) % 1009));
        let count = most.min(self.gives_at_most);
        let more = items.len() > count;
        items.truncate(count);
        Some((items, more))
    }

    /// Reads the list to its end; gives the keys that were seen, and how the reading ended.
    fn walk(&mut self) -> (BTreeSet<usize>, Paging) {
        let (mut paging, mut size, mut seen) = (Paging::default(), PageSize::default(), BTreeSet::new());
        loop {
            assert!(self.requests < 20_000, "the walk does not end");
            let (until, most) = paging.ask(size.items());
            let progress = match self.page(until, most) {
                Some((items, more)) => {
                    seen.extend(items.iter().map(|(_, key)| *key));
                    let times: Vec<Stamp> = items.iter().map(|(second, _)| Stamp::from_secs(*second)).collect();
                    paging.take(&times, more)
                }
                None => match paging.fail() {
                    Failed::Shrink => {
                        size.shrink();
                        Progress::More
                    }
                    Failed::Again => Progress::More,
                    Failed::End => Progress::End,
                },
            };
            if progress == Progress::End {
                return (seen, paging);
            }
        }
    }

    /// Reads it; everything must be seen, in so many requests at most.
    fn check(mut self, requests: usize) {
        let (seen, paging) = self.walk();
        assert_eq!(seen.len(), self.items.len());
        assert!(paging.left_out().is_empty());
        assert!(self.requests <= requests, "{} requests", self.requests);
    }
}

#[test]
fn pages_shrink_to_one_item_and_grow_again() {
    let mut size = PageSize::default();
    size.shrink();
    size.shrink();
    assert_eq!(size.items(), 6);
    (0..9).for_each(|_| size.shrink());
    assert_eq!(size.items(), 1);
    (0..9).for_each(|_| size.grow());
    assert_eq!(size.items(), 100);
}

#[test]
fn every_item_is_seen_however_many_have_one_time() {
    Server::new(&[]).check(1);
    Server::new(&[1; 1500]).check(16);
    Server::new(&[50; 30]).check(30);
    Server::new(&[250; 6]).check(10);
    Server::new(&[1500]).check(5);
    Server::new(&[3, 1, 700, 2, 2, 300, 1]).check(16);
    Server::new(&[100]).check(1);
    Server::new(&[100, 100]).check(4);
}

#[test]
fn an_argus_that_does_not_know_the_filter_is_read_from_the_top_in_larger_pages() {
    Server { heeds_the_time: false, ..Server::new(&[30; 20]) }.check(6);
}

#[test]
fn an_argus_that_bears_only_small_pages_is_read_in_small_pages() {
    Server { bears: 20, ..Server::new(&[1; 300]) }.check(70);
}

#[test]
fn a_time_with_more_items_than_can_be_had_at_once_is_left_out_and_the_rest_is_read() {
    for (bears, gives_at_most) in [(350, usize::MAX), (usize::MAX, 350)] {
        let mut server = Server { bears, gives_at_most, ..Server::new(&[10, 800, 20, 700, 150, 5]) };
        let (seen, paging) = server.walk();
        assert_eq!(paging.left_out().to_string(), "at 1970-01-01T00:16:43Z, at 1970-01-01T00:16:41Z");
        let missing: BTreeSet<i64> = server.items.iter().filter(|(_, key)| !seen.contains(key)).map(|i| i.0).collect();
        assert_eq!(missing, [1001, 1003].into());
        assert!(server.requests < 40, "{} requests", server.requests);
    }
}

#[test]
fn a_server_whose_pages_lead_nowhere_is_given_up() {
    let mut server = Server { heeds_the_time: false, gives_at_most: 100, ..Server::new(&[30; 20]) };
    let (_, paging) = server.walk();
    assert!(!paging.left_out().is_empty() && server.requests < 10, "{} requests", server.requests);
    let mut paging = Paging::default();
    assert_eq!(paging.take(&[], true), Progress::End);
    assert!(paging.left_out().contains(Stamp::from_secs(5)));
}

#[test]
fn a_page_that_fails_once_is_no_reason_to_leave_anything_out() {
    let mut paging = Paging::default();
    assert_eq!(paging.ask(100), (None, 100));
    assert_eq!(paging.take(&[Stamp::from_secs(5); 100], true), Progress::More);
    assert_eq!(paging.ask(100), (None, 200));
    assert_eq!(paging.fail(), Failed::Again);
    assert_eq!(paging.ask(100), (None, 200));
    paging.forget_failures();
    assert_eq!(paging.fail(), Failed::Again, "Argus was away meanwhile");
    assert_eq!(paging.ask(100), (None, 200));
    assert_eq!(paging.take(&[Stamp::from_secs(5); 150], false), Progress::End);
    assert!(paging.left_out().is_empty());
}

#[test]
fn times_at_either_end_of_the_calendar_end_the_list_too() {
    for time in [Stamp::from_secs(0), Stamp::from_secs(i64::MAX)] {
        let mut paging = Paging::default();
        let mut pages = 0;
        loop {
            paging.ask(100);
            pages += 1;
            if paging.take(&[time; 100], true) == Progress::End {
                break;
            }
            assert!(pages < 1000);
        }
    }
}

proptest! {
    #[test]
    fn any_list_is_read_whole(groups in prop::collection::vec(1usize..400, 0..12), gives in 500usize..900) {
        let mut server = Server { gives_at_most: gives, ..Server::new(&groups) };
        let (seen, paging) = server.walk();
        prop_assert_eq!(seen.len(), server.items.len());
        prop_assert!(paging.left_out().is_empty());
    }

    #[test]
    fn whatever_cannot_be_had_the_reading_ends_and_says_what_it_left_out(
        groups in prop::collection::vec(1usize..400, 0..12),
        bears in 1usize..500,
        gives in 1usize..500,
        heeds_the_time in any::<bool>(),
    ) {
        let mut server = Server { bears, gives_at_most: gives, heeds_the_time, ..Server::new(&groups) };
        let (seen, paging) = server.walk();
        for (second, _) in server.items.iter().filter(|(_, key)| !seen.contains(key)) {
            prop_assert!(paging.left_out().contains(Stamp::from_secs(*second)), "{second}: {}", paging.left_out());
        }
    }
}
