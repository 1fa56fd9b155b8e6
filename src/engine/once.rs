//! A single run (`--once`): the same engine, over when every component is idle. Says how it ended
//! and what it did. Never decides what is done.

use super::argus_watch::ArgusWatch;
use super::argus_watch::{Failing, Look};
use super::component::{Component, Situation, TRIES};
use super::context::{Answer, Context};
use super::deliveries::Deliveries;
use super::health::Health;
use super::problems::KnownCase;
use super::problems::{Problems, lines_of};
use super::zino_view::ZinoView;
use crate::argus::ArgusError;
use crate::argus::models::{Incident, IncidentPk};
use crate::reconcile::filter::cannot_be_judged;
use crate::reconcile::work::Changes;
use crate::zino::case::{CaseId, Problem};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many problems that were not synchronised in time are named one by one.
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
    /// Cases to which user actions in Argus were delivered.
    pub to_zino: usize,
    /// Cases whose incident was right already.
    pub unchanged: usize,
    /// What could not be done, one line each.
    pub failed: Vec<String>,
}

/// What a single run looks at to know whether it is over.
pub(super) struct Parts<'a> {
    pub(super) ctx: &'a Context,
    pub(super) zino: &'a ZinoView,
    pub(super) problems: &'a Problems,
    pub(super) argus: &'a ArgusWatch,
    pub(super) health: &'a Health,
    pub(super) deliveries: &'a Deliveries,
    /// Every component is idle.
    pub(super) is_idle: bool,
}

/// How a single run goes on.
pub(super) enum Next {
    /// There is something to do or to wait for.
    GoOn,
    /// What people did while it ran is to be looked for, once.
    LookAgain,
    /// It is over.
    Over(Box<RunEnd>),
}

/// What a single run has done so far.
#[derive(Debug)]
pub(super) struct SingleRun {
    once: Once,
    until: Option<Duration>,
    is_over: bool,
    changed: Changes,
    orphans: BTreeMap<IncidentPk, Ending>,
    delivered: BTreeSet<CaseId>,
    /// What people did while it ran was looked for.
    looked_again: bool,
}

/// How far the END of an incident without a case has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Argus failed so often.
    Failed(u32),
    /// It has ended.
    Ended,
    /// Left open because a user or another Zino reopened it, or not found.
    Left,
}

impl SingleRun {
    pub(super) fn new(once: Once) -> Self {
        Self {
            once,
            until: None,
            is_over: false,
            changed: Changes::default(),
            orphans: BTreeMap::new(),
            delivered: BTreeSet::new(),
            looked_again: false,
        }
    }

    /// Notes what a job did.
    pub(super) fn did(&mut self, by_job: &Changes) {
        self.changed.created.extend(&by_job.created);
        self.changed.updated.extend(&by_job.updated);
        self.changed.ended.extend(&by_job.ended);
    }

    /// Notes what became of an END of an incident without a case.
    pub(super) fn tried_orphan(&mut self, pk: IncidentPk, result: &Answer<Option<Incident>>) {
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

    /// Whether an incident without a case is not tried again.
    pub(super) fn leaves_orphan(&self, pk: IncidentPk) -> bool {
        self.orphans.get(&pk).is_some_and(|ending| !matches!(ending, Ending::Failed(times) if *times < TRIES))
    }

    /// Notes that a case has all user actions.
    pub(super) fn delivered(&mut self, id: CaseId) {
        self.delivered.insert(id);
    }

    /// Says how it goes on: it is over when everything is done, cannot be done, or took too long.
    pub(super) fn next(&mut self, parts: &Parts<'_>) -> Next {
        if self.is_over {
            return Next::GoOn;
        }
        let now = parts.ctx.now.mono;
        let late = now >= *self.until.get_or_insert(now + self.once.longest);
        let hopeless = self.hopeless(parts, late);
        if hopeless.is_none() && !late {
            if !parts.is_idle {
                return Next::GoOn;
            }
            if !std::mem::replace(&mut self.looked_again, true) {
                return Next::LookAgain;
            }
        }
        self.is_over = true;
        Next::Over(Box::new(self.end(parts, hopeless, late)))
    }

    /// A server that did not answer before everything was read will not do so for this run. An
    /// outage of Zino is no reason to be silent about Argus, so Argus is asked first.
    fn hopeless(&self, parts: &Parts<'_>, late: bool) -> Option<Hopeless> {
        if parts.argus.is_ready() {
            return None;
        }
        let status = &parts.ctx.status;
        if let Some(outage) = status.zino().filter(|_| !parts.zino.ever_read()) {
            let is_known = late || parts.is_argus_known();
            return is_known.then(|| Hopeless::Unreachable(parts.beside(format!("Zino cannot be used: {outage}"))));
        }
        if let Some(outage) = status.argus() {
            return Some(Hopeless::Unreachable(format!("Argus cannot be used: {outage}")));
        }
        match parts.argus.failing().next() {
            Some((_, Failing { what, error: error @ ArgusError::Request { status: 403, .. }, .. })) => {
                Some(Hopeless::Refused(format!("cannot {what}: {error}; may the user of our token do that in Argus?")))
            }
            Some((_, Failing { what, error, .. })) => {
                Some(Hopeless::Unreachable(format!("Argus cannot be used: cannot {what}: {error}")))
            }
            None if late => self.silent_server(parts),
            None => None,
        }
    }

    /// The server that had not answered when the time was over.
    fn silent_server(&self, parts: &Parts<'_>) -> Option<Hopeless> {
        let names = &parts.ctx.settings.names;
        let secs = self.once.given.as_secs_f64();
        let time = format!("when the time was over ({secs} s, --timeout)");
        if !parts.zino.is_read() {
            let what = if parts.zino.is_connected() { "been read" } else { "answered" };
            return Some(Hopeless::Unreachable(parts.beside(format!("Zino {} had not {what} {time}", names.zino))));
        }
        let what = if parts.argus.has_baseline() { "been read" } else { "answered" };
        let is_read = parts.argus.lists().is_complete();
        (!is_read).then(|| Hopeless::Unreachable(format!("Argus {} had not {what} {time}", names.argus)))
    }

    fn end(&self, parts: &Parts<'_>, hopeless: Option<Hopeless>, late: bool) -> RunEnd {
        let changed = &self.changed;
        let mut failed = parts.failures(hopeless.is_some());
        let unended = self.orphans_that(|how| matches!(how, Ending::Failed(_)));
        failed.extend(unended.map(|pk| format!("incident {pk}, whose case is gone: it could not be ended")));
        if late && hopeless.is_none() {
            failed.extend(parts.unfinished());
        }
        let is_untouched = |known: &&KnownCase| {
            known.incident.is_some_and(|pk| !changed.ended.contains(&pk))
                && !changed.created.contains(&known.case.id)
                && !changed.updated.contains(&known.case.id)
        };
        RunEnd {
            hopeless,
            created: changed.created.len(),
            updated: changed.updated.difference(&changed.created).count(),
            closed: changed.ended.len() + self.orphans_that(|how| how == Ending::Ended).count(),
            to_zino: self.delivered.len(),
            unchanged: parts.problems.cases().all().filter(is_untouched).count(),
            failed,
        }
    }

    fn orphans_that(&self, ending: impl Fn(Ending) -> bool) -> impl Iterator<Item = IncidentPk> {
        self.orphans.iter().filter(move |(_, how)| ending(**how)).map(|(pk, _)| *pk)
    }
}

impl Component for Option<SingleRun> {
    fn next_wake(&self, _at: &Situation) -> Option<Duration> {
        self.as_ref().filter(|run| !run.is_over)?.until
    }
}

impl Parts<'_> {
    /// Whether anything is known of Argus, good or bad.
    fn is_argus_known(&self) -> bool {
        self.argus.is_heard() || self.health.answers() || self.ctx.status.argus().is_some()
    }

    /// What is wrong with Zino, with how Argus is.
    fn beside(&self, zino: String) -> String {
        match self.ctx.status.argus() {
            Some(outage) => {
                let end = if zino.ends_with('?') { "" } else { "." };
                format!("{zino}{end} And Argus cannot be used: {outage}")
            }
            None if self.health.answers() => format!("{zino} (Argus answers)"),
            None => zino,
        }
    }

    /// What could not be done, one line each.
    fn failures(&self, is_hopeless: bool) -> Vec<String> {
        let cases = self.problems.cases();
        let problems = self.problems.queue().failures().map(|(problem, why)| format!("{problem}: {why}"));
        let setbacks = cases.all().flat_map(lines_of);
        let undelivered = self.deliveries.cases().filter_map(|id| cases.get(id));
        let undelivered =
            undelivered.map(|known| format!("{}: what people did in Argus did not reach Zino", known.case.name()));
        let mut lines: Vec<String> = problems.chain(setbacks).collect();
        lines.extend(self.unjudged().take(MAX_NAMED));
        lines.extend(undelivered);
        if !is_hopeless {
            // Others are about single problems or incidents, which have lines of their own.
            let reads = [Look::List, Look::Events, Look::Incident];
            let failing = self.argus.failing().filter(|(look, _)| reads.contains(look));
            lines.extend(failing.map(|(_, failing)| format!("cannot {}: {}", failing.what, failing.error)));
        }
        lines
    }

    /// Cases that were not synchronised because Zino does not show them, or does not show what
    /// decides whether they need an incident.
    fn unjudged(&self) -> impl Iterator<Item = String> {
        let unreadable = self.zino.unreadable().map(|(id, why)| {
            format!("case {id}: cannot decode the reply of Zino ({why}); its incident is not updated")
        });
        let lacks_log = |known: &&KnownCase| {
            cannot_be_judged(&known.case, &self.ctx.settings.rules.filter)
                && known.incident.is_none()
                && !known.exempt
                && !known.gone
        };
        let unlogged = self.problems.cases().all().filter(lacks_log).map(|known| known.case.name());
        unreadable
            .chain(unlogged.map(|case| format!("{case}: its log breaks off; whether it needs an incident is unknown")))
    }

    /// The problems still queued at the deadline, at most `MAX_NAMED` of them by name.
    fn unfinished(&self) -> Vec<String> {
        if !self.argus.is_ready() {
            return vec![format!("the time was over before {} cases were read from Zino", self.zino.awaited())];
        }
        let waiting: Vec<&Problem> = self.problems.queue().without_failure().collect();
        let named = waiting.iter().take(MAX_NAMED);
        let mut lines: Vec<String> =
            named.map(|problem| format!("{problem}: the time was over before its turn")).collect();
        match waiting.len().saturating_sub(lines.len()) {
            0 if lines.is_empty() => lines.push("the time was over before everything was looked at".to_owned()),
            0 => {}
            more => lines.push(format!("{more} more problems: the time was over before their turn")),
        }
        lines
    }
}
