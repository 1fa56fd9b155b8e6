//! What is being looked at in Argus, and what of it failed: the lists, the newest events, single
//! incidents. Never asks for anything itself; `watch.rs` does.

use super::backoff::Backoff;
use super::feed::Feed;
use super::paging::{Failed, LeftOut, Paging, Progress};
use crate::argus::ArgusError;
use crate::argus::models::{Incident, IncidentPk, ListQuery, Page};
use crate::time::Stamp;
use crate::zino::case::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How far the looking at Argus has got.
#[derive(Debug, Default)]
pub(super) struct Looking {
    /// A look is under way; at most one is.
    pub(super) busy: bool,
    pub(super) walk: Option<Walk>,
    pub(super) feed: Feed,
    /// The feed was read at least once since the start or the takeover.
    pub(super) baseline: bool,
    /// The open incidents were listed since the start or the takeover.
    pub(super) open_listed: bool,
    /// So were the ended ones that may matter.
    pub(super) ended_listed: bool,
    /// What the newest list of open incidents does not tell.
    pub(super) left_out: LeftOut,
    /// Problems whose open incidents are looked for by their tags, because no list tells of them.
    pub(super) sought: Sought,
    /// Enough is known to create and to end.
    pub(super) ready: bool,
    pub(super) deep_at: Duration,
    pub(super) refresh_at: Duration,
    pub(super) full_at: Duration,
    /// Incidents to be looked at one by one.
    pub(super) wanted: Wanted,
    pub(super) tries: Tries,
}

impl Looking {
    /// Argus is back: all that failed is tried again now.
    pub(super) fn come_back(&mut self, now: Duration) {
        self.tries.retry_now(now);
        self.refresh_at = now;
        self.feed.forget_failures();
        if let Some(walk) = &mut self.walk {
            walk.forget_failures();
        }
    }
}

/// The problems that are looked for one by one.
#[derive(Debug, Default)]
pub(super) struct Sought {
    pub(super) waiting: BTreeSet<Arc<Problem>>,
    pub(super) under_way: Option<Arc<Problem>>,
    /// Since the newest list of open incidents.
    pub(super) done: BTreeSet<Arc<Problem>>,
}

/// What a look is after. Each fails, and is tried again, by itself: that one of them works says
/// nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Look {
    /// A list of incidents.
    List,
    /// The newest events.
    Events,
    /// The open incidents of one problem.
    Problem,
    /// One incident.
    Incident,
    /// An incident whose case is gone.
    Orphan,
    /// How many incidents are open.
    Count,
}

/// A look that failed when it was tried last.
#[derive(Debug)]
pub(super) struct Failing {
    retry: Backoff,
    /// What could not be done.
    pub(super) what: String,
    /// Why.
    pub(super) error: ArgusError,
}

/// The looks that fail.
#[derive(Debug, Default)]
pub(super) struct Tries(BTreeMap<Look, Failing>);

impl Tries {
    /// Whether it may be tried now.
    pub(super) fn may(&self, look: Look, now: Duration) -> bool {
        self.0.get(&look).is_none_or(|failing| failing.retry.is_due(now))
    }

    pub(super) fn succeeded(&mut self, look: Look) {
        self.0.remove(&look);
    }

    /// Notes a failure; gives how many there were in a row.
    pub(super) fn failed(&mut self, look: Look, now: Duration, what: &str, error: &ArgusError) -> u32 {
        let mut retry = self.0.remove(&look).map(|failing| failing.retry).unwrap_or_default();
        retry.failed(now, LONGEST_WAIT);
        let attempts = retry.failures();
        self.0.insert(look, Failing { retry, what: what.to_owned(), error: error.clone() });
        attempts
    }

    /// How often it has failed in a row.
    pub(super) fn attempts(&self, look: Look) -> u32 {
        self.0.get(&look).map_or(0, |failing| failing.retry.failures())
    }

    /// What has failed so often in a row.
    pub(super) fn failing(&self, times: u32) -> impl Iterator<Item = (Look, &Failing)> {
        self.0
            .iter()
            .map(|(look, failing)| (*look, failing))
            .filter(move |(_, failing)| failing.retry.failures() >= times)
    }

    fn retry_now(&mut self, now: Duration) {
        self.0.values_mut().for_each(|failing| failing.retry.retry_at(now));
    }

    pub(super) fn wakes(&self) -> impl Iterator<Item = Duration> {
        self.0.values().map(|failing| failing.retry.next_wake())
    }
}

/// Incidents that wait for a look, taken in turn: one that cannot be read holds up no other.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pks: BTreeSet<IncidentPk>,
    last: IncidentPk,
}

impl Wanted {
    pub(super) fn insert(&mut self, pk: IncidentPk) {
        self.pks.insert(pk);
    }

    pub(super) fn len(&self) -> usize {
        self.pks.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pks.is_empty()
    }

    /// The next one, which waits no longer.
    pub(super) fn take(&mut self) -> Option<IncidentPk> {
        let after = self.last.checked_add(1).and_then(|from| self.pks.range(from..).next());
        let pk = *after.or_else(|| self.pks.first())?;
        self.last = pk;
        self.pks.remove(&pk);
        Some(pk)
    }
}

/// A walk through a list of incidents. It goes on where it failed, so that one bad page costs no
/// other.
#[derive(Debug)]
pub(super) struct Walk {
    /// What is listed.
    pub(super) query: ListQuery,
    /// The mark of the incident store when it began.
    pub(super) began: u64,
    /// What was listed until now.
    items: BTreeSet<IncidentPk>,
    pages: usize,
    paging: Paging,
}

/// How many incidents one walk may bring, and on how many pages, before the list is given up.
const MAX_WALK: usize = 200_000;
const MAX_PAGES: usize = 20_000;

impl Walk {
    /// At its beginning.
    pub(super) fn new(query: ListQuery, began: u64) -> Self {
        Self { query, began, items: BTreeSet::new(), pages: 0, paging: Paging::default() }
    }

    /// The next page: of what began when or before, and how many incidents, usually so many.
    pub(super) fn ask(&mut self, usual: usize) -> (Option<Stamp>, usize) {
        self.paging.ask(usual)
    }

    /// Notes what is on a page.
    pub(super) fn take(&mut self, page: &Page<Incident>) -> Progress {
        self.items.extend(page.items.iter().map(|i| i.pk));
        let times: Vec<Stamp> = page.items.iter().map(|i| i.start_time).collect();
        self.pages += 1;
        if self.items.len() > MAX_WALK || self.pages > MAX_PAGES {
            return self.paging.give_up(times.iter().max().copied().unwrap_or_default());
        }
        self.paging.take(&times, page.more)
    }

    /// The page could not be had although Argus answers.
    pub(super) fn fail(&mut self) -> Failed {
        self.paging.fail()
    }

    /// See [`Paging::forget_failures`].
    pub(super) fn forget_failures(&mut self) {
        self.paging.forget_failures();
    }

    /// How many were listed.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// What the list does not tell.
    pub(super) fn left_out(&self) -> &LeftOut {
        self.paging.left_out()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_that_cannot_be_read_holds_up_no_other() {
        let mut wanted = Wanted::default();
        [3, 1, 2].into_iter().for_each(|pk| wanted.insert(pk));
        let mut taken = Vec::new();
        for _ in 0..5 {
            let pk = wanted.take().unwrap();
            taken.push(pk);
            if pk == 1 {
                wanted.insert(pk);
            }
        }
        assert_eq!(taken, [1, 2, 3, 1, 1]);
    }

    #[test]
    fn that_one_kind_of_look_works_says_nothing_of_another() {
        let secs = Duration::from_secs;
        let mut tries = Tries::default();
        let error = ArgusError::Busy("no".to_owned());
        let mut at = 0;
        for attempts in 1..8 {
            assert!(tries.may(Look::List, secs(at)));
            assert_eq!(tries.failed(Look::List, secs(at), "list", &error), attempts);
            tries.succeeded(Look::Events);
            assert!(!tries.may(Look::List, secs(at)) && tries.may(Look::Events, secs(at)));
            at = tries.wakes().max().unwrap().as_secs();
        }
        assert_eq!(at, 1 + 2 + 4 + 8 + 16 + 30 + 30);
        assert_eq!(tries.failing(3).count(), 1);
        tries.succeeded(Look::List);
        assert!(tries.may(Look::List, secs(0)) && tries.failing(1).count() == 0);
    }
}
