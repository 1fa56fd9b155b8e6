//! A single run (`--once`): when it is over, and what it did. Never decides what is done; that is the same as in the daemon.

use super::cases::Slot;
use super::look::{Failing, Look};
use super::{Engine, Now, Output};
use crate::argus::ArgusError;
use crate::argus::models::{Incident, IncidentPk};
use crate::reconcile::filter::cannot_be_judged;
use crate::reconcile::work::Deeds;
use crate::zino::case::{CaseId, Problem};
use log::info;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often something that fails is tried before the run ends without it.
const TRIES: u32 = 3;
/// How many problems that were not reached are named one by one.
const MAX_NAMED: usize = 50;

/// What a single run is bound by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The longest that it may take from its first step; then nothing new is begun.
    pub longest: Duration,
    /// The time that it was given, for messages.
    pub given: Duration,
}

/// Why nothing at all could be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hopeless {
    /// A server cannot be reached, or has not let us read what must be known first.
    Unreachable(String),
    /// Argus refuses to let us read what must be known first.
    Refused(String),
}

/// How a single run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunEnd {
    /// Nothing was done, and why.
    pub hopeless: Option<Hopeless>,
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
    orphans: BTreeMap<IncidentPk, Ending>,
    carried: BTreeSet<CaseId>,
    /// What people did while it ran was looked for.
    looked_again: bool,
}

/// How far the ending of an incident whose case is gone has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Argus failed so often.
    Failed(u32),
    /// It has ended.
    Ended,
    /// It is open for somebody's sake, or not there.
    Left,
}

impl Run {
    pub(super) fn new(once: Once) -> Self {
        let (deeds, orphans, carried) = (Deeds::default(), BTreeMap::new(), BTreeSet::new());
        Self { once, until: None, over: false, deeds, orphans, carried, looked_again: false }
    }

    pub(super) fn did(&mut self, deeds: Deeds) {
        self.deeds.created.extend(deeds.created);
        self.deeds.updated.extend(deeds.updated);
        self.deeds.ended.extend(deeds.ended);
    }

    pub(super) fn tried_orphan(&mut self, pk: IncidentPk, result: &Result<Option<Incident>, ArgusError>) {
        let failed = match self.orphans.get(&pk) {
            Some(Ending::Failed(times)) => *times,
            _ => 0,
        };
        let ending = match result {
            Ok(Some(incident)) if !incident.is_open() => Ending::Ended,
            Ok(_) => Ending::Left,
            Err(_) => Ending::Failed(failed.saturating_add(1)),
        };
        self.orphans.insert(pk, ending);
    }

    /// Whether nothing more is tried about an incident whose case is gone: each is looked at once.
    pub(super) fn leaves_orphan(&self, pk: IncidentPk) -> bool {
        self.orphans.get(&pk).is_some_and(|ending| !matches!(ending, Ending::Failed(times) if *times < TRIES))
    }

    fn orphans_that(&self, ending: impl Fn(Ending) -> bool) -> impl Iterator<Item = IncidentPk> {
        self.orphans.iter().filter(move |(_, how)| ending(**how)).map(|(pk, _)| *pk)
    }

    pub(super) fn carried(&mut self, id: CaseId) {
        self.carried.insert(id);
    }

    /// When it ends at the latest.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.until.filter(|_| !self.over)
    }
}

impl Engine {
    /// A single run of a secondary whose primary does not answer acts as soon as it knows its own Zino.
    pub(super) fn act_at_once(&mut self, now: Now) {
        if self.run.is_some() && self.failover.take().is_some() {
            info!("mode STANDBY -> ACTIVE for this run");
            self.take_over(now);
        }
    }

    /// Says so once the run is over: everything is done, or cannot be done, or there is no time left.
    pub(super) fn end_run(&mut self, now: Now) {
        let Some(run) = self.run.as_mut().filter(|run| !run.over) else { return };
        let late = now.mono >= *run.until.get_or_insert(now.mono + run.once.longest);
        let hopeless = self.hopeless(late);
        if hopeless.is_none() && !late && !(self.is_settled() && self.looked_again(now)) {
            return;
        }
        let end = self.run_end(hopeless, late);
        if let Some(run) = &mut self.run {
            run.over = true;
        }
        self.out.push(Output::Finished(Box::new(end)));
    }

    /// Before it ends a run looks once for what people did while it was at work.
    fn looked_again(&mut self, now: Now) -> bool {
        let first = self.run.as_mut().is_some_and(|run| !std::mem::replace(&mut run.looked_again, true));
        if first {
            self.looking.refresh_at = now.mono;
            self.orphans.hurry(now.mono);
            self.dispatch(now);
        }
        !first
    }

    /// A server that did not answer before everything was read will not do so for this run. What is
    /// wrong with Zino is no reason to say nothing of Argus, so that it is asked first.
    fn hopeless(&self, late: bool) -> Option<Hopeless> {
        if self.is_ready() {
            return None;
        }
        if let Some(failing) = self.told.zino.as_ref().filter(|_| !self.link.ever_read) {
            let known = late || self.is_argus_heard();
            return known.then(|| Hopeless::Unreachable(self.beside(format!("Zino cannot be used: {failing}"))));
        }
        if let Some(failing) = &self.told.argus {
            return Some(Hopeless::Unreachable(format!("Argus cannot be used: {failing}")));
        }
        match self.looking.tries.failing(TRIES).next() {
            Some((_, Failing { what, error: error @ ArgusError::Request { status: 403, .. }, .. })) => {
                Some(Hopeless::Refused(format!("cannot {what}: {error}; may the user of our token do that in Argus?")))
            }
            Some((_, Failing { what, error, .. })) => {
                Some(Hopeless::Unreachable(format!("Argus cannot be used: cannot {what}: {error}")))
            }
            None if late => self.unheard_server(),
            None => None,
        }
    }

    /// The server that was waited for until the time was over.
    fn unheard_server(&self) -> Option<Hopeless> {
        let names = &self.settings.names;
        let secs = self.run.as_ref().map_or(0.0, |run| run.once.given.as_secs_f64());
        let time = format!("when the time was over ({secs} s, --timeout)");
        let looking = &self.looking;
        if !self.link.read {
            let what = if self.link.connected { "been read" } else { "answered" };
            return Some(Hopeless::Unreachable(self.beside(format!("Zino {} had not {what} {time}", names.zino))));
        }
        let read = looking.open_listed && looking.ended_listed;
        let what = if looking.baseline { "been read" } else { "answered" };
        (!read).then(|| Hopeless::Unreachable(format!("Argus {} had not {what} {time}", names.argus)))
    }

    /// What is wrong with Zino, with how Argus is.
    fn beside(&self, zino: String) -> String {
        match &self.told.argus {
            Some(failing) => {
                let end = if zino.ends_with('?') { "" } else { "." };
                format!("{zino}{end} And Argus cannot be used: {failing}")
            }
            None if self.unheard.argus_answers => format!("{zino} (Argus answers)"),
            None => zino,
        }
    }

    /// A run that ends over what is to be logged, and says so then.
    pub(super) fn is_hopeless_run(&self) -> bool {
        self.run.is_some() && !self.is_ready()
    }

    /// What follows a failure: a single run makes no promise.
    pub(super) fn again(&self) -> &'static str {
        if self.run.is_some() { "" } else { "; trying again later" }
    }

    /// Both servers were read, and nothing is under way or waits but what was tried often enough.
    fn is_settled(&self) -> bool {
        let looking = &self.looking;
        // What has failed so often is left to the next run.
        let done = |look, idle: bool| idle || looking.tries.attempts(look) >= TRIES;
        let looked = !looking.busy
            && done(Look::List, looking.walk.is_none())
            && done(Look::Events, !looking.feed.is_reading())
            && done(Look::Incident, looking.wanted.is_empty());
        let read = self.link.read && self.link.awaited.is_empty() && self.is_ready();
        let idle = self.busy == 0 && !self.probing && self.delivery_under_way.is_none() && self.health.is_fine();
        let carried = self.deliveries.values().all(|c| c.retry.failures() >= TRIES || c.given_up.is_some());
        looked && read && idle && carried && self.orphans.is_idle() && self.queue.is_done(TRIES)
    }

    fn run_end(&self, hopeless: Option<Hopeless>, late: bool) -> RunEnd {
        let Some(run) = &self.run else {
            return RunEnd::default();
        };
        let deeds = &run.deeds;
        let mut failed: Vec<String> = self.queue.failures().map(|(problem, why)| format!("{problem}: {why}")).collect();
        failed.extend(self.setback_lines());
        failed.extend(self.unjudged().take(MAX_NAMED));
        let carrying = self.deliveries.keys().filter_map(|id| self.cases.get(*id));
        failed.extend(carrying.map(|s| format!("{}: what people did in Argus did not reach Zino", s.case.name())));
        let unended = run.orphans_that(|how| matches!(how, Ending::Failed(_)));
        failed.extend(unended.map(|pk| format!("incident {pk}, whose case is gone: it could not be ended")));
        if hopeless.is_none() {
            // Others are about single problems or incidents, which have lines of their own.
            let looks = [Look::List, Look::Events, Look::Incident];
            let failing = self.looking.tries.failing(TRIES).filter(|(look, _)| looks.contains(look));
            failed.extend(failing.map(|(_, it)| format!("cannot {}: {}", it.what, it.error)));
        }
        if late && hopeless.is_none() {
            failed.extend(self.not_reached());
        }
        let untouched = |s: &&Slot| {
            s.home.is_some_and(|home| !deeds.ended.contains(&home))
                && !deeds.created.contains(&s.case.id)
                && !deeds.updated.contains(&s.case.id)
        };
        RunEnd {
            hopeless,
            created: deeds.created.len(),
            updated: deeds.updated.difference(&deeds.created).count(),
            closed: deeds.ended.len() + run.orphans_that(|how| how == Ending::Ended).count(),
            to_zino: run.carried.len(),
            unchanged: self.cases.all().filter(untouched).count(),
            failed,
        }
    }

    /// Cases that were not synchronised because Zino does not show them, or does not show what
    /// decides whether they need an incident.
    fn unjudged(&self) -> impl Iterator<Item = String> {
        let unreadable = self.link.unreadable.all();
        let unreadable = unreadable.map(|(id, why)| {
            format!("case {id}: cannot decode the reply of Zino ({why}); its incident is not updated")
        });
        let lacks_log = |s: &&Slot| cannot_be_judged(&s.case) && s.home.is_none() && !s.exempt && !s.gone;
        let unlogged = self.cases.all().filter(lacks_log).map(|s| s.case.name());
        unreadable
            .chain(unlogged.map(|case| format!("{case}: its log breaks off; whether it needs an incident is unknown")))
    }

    /// What still waits when the time is over, by name as long as somebody may read it.
    fn not_reached(&self) -> Vec<String> {
        if !self.is_ready() {
            return vec![format!("the time was over before {} cases were read from Zino", self.link.awaited.len())];
        }
        let waiting: Vec<&Problem> = self.queue.without_failure().collect();
        let named =
            waiting.iter().take(MAX_NAMED).map(|problem| format!("{problem}: the time was over before its turn"));
        let mut lines: Vec<String> = named.collect();
        match waiting.len().saturating_sub(lines.len()) {
            0 if lines.is_empty() => lines.push("the time was over before everything was looked at".to_owned()),
            0 => {}
            more => lines.push(format!("{more} more problems: the time was over before their turn")),
        }
        lines
    }
}
