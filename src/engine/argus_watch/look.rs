//! What is being looked at in Argus, and what of it failed: the lists, the newest events, single
//! incidents. Never asks for anything itself; `watch.rs` does.

use super::paging::{Failed, LeftOut, Paging, Progress};
use crate::argus::ArgusError;
use crate::argus::models::{Incident, IncidentPk, ListQuery, Page};
use crate::engine::backoff::Backoff;
use crate::engine::context::{Context, Effect};
use crate::time::Stamp;
use log::warn;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What a look is after. Each fails, and is tried again, by itself: that one of them works says
/// nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// A list of incidents.
    List,
    /// The newest events.
    Events,
    /// One incident.
    Incident,
    /// An incident whose case is gone.
    Orphan,
    /// How many incidents are open.
    Count,
}

/// Whether Argus began to answer a request and did not finish: it may have been too much.
pub(super) fn is_unfinished(error: &ArgusError) -> bool {
    matches!(error, ArgusError::Unknown { .. })
}

/// A look that failed when it was tried last.
#[derive(Debug)]
pub struct Failing {
    retry: Backoff,
    /// What could not be done.
    pub what: String,
    /// Why.
    pub error: ArgusError,
}

/// The looks that fail.
#[derive(Debug, Default)]
pub(super) struct Tries(BTreeMap<Look, Failing>);

impl Tries {
    /// Whether it may be tried now.
    pub(super) fn may(&self, look: Look, now: Duration) -> bool {
        self.0.get(&look).is_none_or(|failing| failing.retry.is_due(now))
    }

    /// A read succeeded.
    pub(super) fn succeeded(&mut self, ctx: &mut Context, look: Look) {
        self.0.remove(&look);
        if self.failing(2).next().is_none() {
            ctx.status.reading_succeeded();
        }
    }

    /// A read failed: it is tried again, later each time. `is_ready`: enough was read to work.
    pub(super) fn failed(&mut self, ctx: &mut Context, look: Look, what: &str, error: &ArgusError, is_ready: bool) {
        if !matches!(error, ArgusError::Request { .. }) {
            ctx.outbox.effect(Effect::ArgusFailed);
        }
        let mut retry = self.0.remove(&look).map(|failing| failing.retry).unwrap_or_default();
        retry.failed(ctx.now.mono, LONGEST_WAIT);
        let failures = retry.failures();
        self.0.insert(look, Failing { retry, what: what.to_owned(), error: error.clone() });
        // The first failure in a row may be an outage, which `Health` logs once. The second one
        // came after Argus had answered a probe.
        if failures < 2 {
            return;
        }
        let line = format!("cannot {what}: {error}");
        ctx.status.reading_failed(ctx.now, line.clone());
        // A single run that knows nothing ends over it and says so then.
        let is_logged = !ctx.is_single_run() || is_ready;
        if is_logged && (failures == 2 || ctx.status.reminds(ctx.now)) {
            ctx.status.logged(ctx.now);
            warn!("{line}{}", ctx.again());
        }
        if failures == 2 {
            ctx.status.failed(ctx.now, line);
        }
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

    pub(super) fn retry_now(&mut self, now: Duration) {
        self.0.values_mut().for_each(|failing| failing.retry.retry_at(now));
    }

    pub(super) fn wakes(&self) -> impl Iterator<Item = Duration> {
        self.0.values().map(|failing| failing.retry.next_wake())
    }
}

/// How many incidents may wait to be read one by one.
const MAX_WANTED: usize = 1000;

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

    /// Unless so many wait already that all are better listed.
    pub(super) fn insert_if_few(&mut self, pk: IncidentPk) {
        if self.pks.len() < MAX_WANTED {
            self.insert(pk);
        }
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
    /// The earliest beginning on the last page.
    oldest: Option<Stamp>,
    /// What all pages have cost Argus.
    cost: Duration,
}

/// How many incidents one walk may bring, and on how many pages, before the list is given up.
const MAX_WALK: usize = 200_000;
const MAX_PAGES: usize = 20_000;

impl Walk {
    /// At its beginning.
    pub(super) fn new(query: ListQuery, began: u64) -> Self {
        Self {
            query,
            began,
            items: BTreeSet::new(),
            pages: 0,
            paging: Paging::default(),
            oldest: None,
            cost: Duration::ZERO,
        }
    }

    /// The next page: of what began when or before, and how many incidents, usually so many.
    pub(super) fn ask(&mut self, usual: usize) -> (Option<Stamp>, usize) {
        self.paging.ask(usual)
    }

    /// Notes what is on a page, which took Argus so long.
    pub(super) fn take(&mut self, page: &Page<Incident>, took: Duration) -> Progress {
        self.cost += took;
        self.items.extend(page.items.iter().map(|i| i.pk));
        let times: Vec<Stamp> = page.items.iter().map(|i| i.start_time).collect();
        self.pages += 1;
        self.oldest = times.iter().min().copied();
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

    /// How long Argus took for all of it, without what failed.
    pub(super) fn cost(&self) -> Duration {
        self.cost
    }

    /// How many were listed.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether this one was listed.
    pub(super) fn has(&self, pk: IncidentPk) -> bool {
        self.items.contains(&pk)
    }

    /// Before when it has still to show anything.
    pub(super) fn oldest(&self) -> Option<Stamp> {
        self.oldest.filter(|_| self.left_out().is_empty())
    }

    /// What the list lacks.
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
        let mut ctx = Context::new(crate::engine::tests::settings());
        let mut tries = Tries::default();
        let error = ArgusError::Busy("no".to_owned());
        let mut at = 0;
        for failures in 1..8 {
            ctx.now.mono = secs(at);
            assert!(tries.may(Look::List, secs(at)));
            tries.failed(&mut ctx, Look::List, "list", &error, true);
            assert_eq!(tries.attempts(Look::List), failures);
            tries.succeeded(&mut ctx, Look::Events);
            assert!(!tries.may(Look::List, secs(at)) && tries.may(Look::Events, secs(at)));
            at = tries.wakes().max().unwrap().as_secs();
        }
        assert_eq!(at, 1 + 2 + 4 + 8 + 16 + 30 + 30);
        assert_eq!(tries.failing(3).count(), 1);
        tries.succeeded(&mut ctx, Look::List);
        assert!(tries.may(Look::List, secs(0)) && tries.failing(1).count() == 0);
    }
}
