//! A single run (`--once`): when it is over, and what it did. Never decides what is done; that is the same as in the daemon.

use super::{Machine, Now, Output};
use crate::argus::models::IncidentPk;
use crate::sync::job::Deeds;
use crate::zino::case::CaseId;
use log::info;
use std::collections::BTreeSet;
use std::time::Duration;

/// How often something that fails is tried before the run ends without it.
const TRIES: u32 = 3;

/// What a single run is bound by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The longest that it may take.
    pub longest: Duration,
}

/// How a single run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunEnd {
    /// A server could not be reached from the start; nothing was done.
    pub unreachable: Option<String>,
    /// Cases that got an incident.
    pub created: usize,
    /// Cases whose incident was changed.
    pub updated: usize,
    /// Incidents that were ended.
    pub closed: usize,
    /// Cases that were told what people did in Argus.
    pub to_zino: usize,
    /// Cases whose incident was right already.
    pub unchanged: usize,
    /// What could not be done, one line each.
    pub failed: Vec<String>,
}

/// What a single run has done so far.
#[derive(Debug)]
pub(super) struct Run {
    once: Once,
    until: Option<Duration>,
    over: bool,
    deeds: Deeds,
    orphans: BTreeSet<IncidentPk>,
    carried: BTreeSet<CaseId>,
}

impl Run {
    pub(super) fn new(once: Once) -> Self {
        let (deeds, orphans, carried) = (Deeds::default(), BTreeSet::new(), BTreeSet::new());
        Self { once, until: None, over: false, deeds, orphans, carried }
    }

    pub(super) fn did(&mut self, deeds: Deeds) {
        self.deeds.created.extend(deeds.created);
        self.deeds.updated.extend(deeds.updated);
        self.deeds.ended.extend(deeds.ended);
    }

    pub(super) fn ended_orphan(&mut self, pk: IncidentPk) {
        self.orphans.insert(pk);
    }

    pub(super) fn carried(&mut self, id: CaseId) {
        self.carried.insert(id);
    }

    /// When it ends at the latest.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.until.filter(|_| !self.over)
    }
}

impl Machine {
    /// A single run of a secondary whose primary does not answer acts as soon as it knows its own Zino.
    pub(super) fn act_at_once(&mut self, now: Now) {
        if self.run.is_some() && self.failover.take().is_some() {
            info!("mode STANDBY -> ACTIVE for this run");
            self.take_over(now);
        }
    }

    /// Says so once the run is over: everything is done, or cannot be done, or there is no time left.
    pub(super) fn end_run(&mut self, now: Now) {
        let Some(run) = &mut self.run else { return };
        let until = *run.until.get_or_insert(now.mono + run.once.longest);
        if run.over {
            return;
        }
        let unreachable = self.unreachable();
        let late = now.mono >= until;
        if unreachable.is_none() && !late && !self.is_settled() {
            return;
        }
        let end = self.run_end(unreachable, late);
        if let Some(run) = &mut self.run {
            run.over = true;
        }
        self.out.push(Output::Finished(Box::new(end)));
    }

    /// A server that did not answer before everything was read will not do so for this run.
    fn unreachable(&self) -> Option<String> {
        if self.is_ready() {
            return None;
        }
        let zino =
            self.told.zino.as_ref().filter(|_| !self.link.ever_read).map(|f| format!("Zino cannot be used: {f}"));
        zino.or_else(|| self.told.argus.as_ref().map(|f| format!("Argus cannot be used: {f}")))
    }

    /// Both servers were read, and nothing is under way or waits but what was tried often enough.
    fn is_settled(&self) -> bool {
        let looking = &self.looking;
        let looked =
            !looking.busy && looking.walk.is_none() && looking.feed_next.is_none() && looking.wanted.is_empty();
        let read = self.link.read && self.link.awaited.is_empty() && self.is_ready();
        let idle = self.busy == 0 && !self.probing && self.errand_under_way.is_none() && self.health.is_fine();
        let carried = self.errands.values().all(|carrying| carrying.attempts >= TRIES);
        looked && read && idle && carried && self.orphans.is_idle() && self.queue.is_done(TRIES)
    }

    fn run_end(&self, unreachable: Option<String>, late: bool) -> RunEnd {
        let Some(run) = &self.run else {
            return RunEnd::default();
        };
        let deeds = &run.deeds;
        let mut failed: Vec<String> = self.queue.troubles().map(|(problem, why)| format!("{problem}: {why}")).collect();
        let carrying = self.errands.keys().filter_map(|id| self.cases.get(*id));
        failed.extend(carrying.map(|s| format!("{}: what people did in Argus did not reach Zino", s.case.name())));
        if late && unreachable.is_none() {
            let waiting = self.waiting().saturating_sub(self.queue.troubles().count());
            failed.push(format!("the time is over; problems that still wait: {waiting}"));
        }
        let untouched = |s: &&super::cases::Slot| {
            s.home.is_some_and(|home| !deeds.ended.contains(&home))
                && !deeds.created.contains(&s.case.id)
                && !deeds.updated.contains(&s.case.id)
        };
        RunEnd {
            unreachable,
            created: deeds.created.len(),
            updated: deeds.updated.difference(&deeds.created).count(),
            closed: deeds.ended.len() + run.orphans.len(),
            to_zino: run.carried.len(),
            unchanged: self.cases.all().filter(untouched).count(),
            failed,
        }
    }
}
