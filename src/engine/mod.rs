//! The engine: the only owner of state, and the only one that says what is done next.
//!
//! [`Engine::step`] is pure: it takes an input and the time and returns what to do. It never
//! does I/O (but for log lines), never reads a clock and never blocks. This module routes inputs to
//! the components, and what one component has for another one; it decides nothing itself.

mod admission;
mod argus_watch;
pub mod backoff;
mod component;
mod components;
mod context;
mod deliveries;
mod health;
mod heartbeat;
mod kept;
mod mode;
mod once;
mod periodic;
mod problems;
mod renewal;
mod status;
mod takeover_check;
#[cfg(test)]
mod tests;
mod traffic;
mod work;
mod zino_view;

pub use argus_watch::{cannot_be_had, is_costly};
pub use kept::Kept;
pub use once::{Hopeless, Once, RunEnd};
pub use problems::Waiting;
pub use status::{Side, Summary};
pub use traffic::{Input, Job, Names, Now, Output, Report, Server, Settings, ZinoCommand, ZinoEvent};

use crate::failover::{Mode, Ping};
use crate::reconcile::work::ProblemReport;
use crate::zino::ZinoError;
use crate::zino::case::{Case, CaseId};
use argus_watch::Listed;
use component::{Reset, Situation};
use components::Components;
use context::{Answer, Context, Effect};
use health::Probed;
use once::Next;
use std::time::Duration;

/// How long after a start no event is posted to an incident that was there before: Argus may still
/// be executing a request of the previous process. An incident that another process just made is
/// left alone for the same time.
const SETTLE: Duration = Duration::from_secs(5);

/// The engine.
#[derive(Debug)]
pub struct Engine {
    ctx: Context,
    all: Components,
}

impl Engine {
    /// At its start, knowing nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let all = Components::new(&settings);
        Self { ctx: Context::new(settings), all }
    }

    /// The engine that follows another one at a reload.
    #[must_use]
    pub fn after_reload(settings: Settings, kept: Kept) -> Self {
        let all = Components::after_reload(&settings, kept);
        Self { ctx: Context::new(settings), all }
    }

    /// Ends this engine. What it does not hand on, the next one reads from the servers.
    #[must_use]
    pub fn end(self) -> Kept {
        self.all.keep(self.ctx.outbox.busy() > 0)
    }

    /// Takes one input and says what is to be done.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Output> {
        self.ctx.begin(now);
        self.all.work.begin(&self.ctx);
        self.all.problems.queue_mut().begin(now.mono);
        match input {
            Input::Zino(event) => self.route_zino(event),
            Input::Argus(report) => self.route_report(report),
            Input::Ping(ping) => self.route_ping(&ping),
            Input::Silent(server, silent_for) => {
                let is_quiet = self.ctx.is_single_run();
                self.ctx.status.take_silence(now, &self.ctx.settings.names, server, silent_for, is_quiet);
            }
            Input::Tick => {}
        }
        self.route_effects();
        self.dispatch();
        self.end_run();
        self.ctx.outbox.take_outputs()
    }

    /// When [`Engine::step`] is to be called with a tick, if nothing else happens before. Wake-ups
    /// that are already overdue wait for the next input.
    #[must_use]
    pub fn next_wake(&self, now: Duration) -> Option<Duration> {
        self.all.next_wake(&Situation { now, ..self.all.situation(&self.ctx) })
    }

    /// The mode now.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.all.mode.mode()
    }

    /// How many problems wait or are worked on.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.all.problems.queue().len()
    }

    /// How many cases and open incidents are known.
    #[must_use]
    pub fn known(&self) -> (usize, usize) {
        (self.all.problems.cases().len(), self.all.problems.incidents().open_count())
    }

    /// How things are now. It counts everything that is known, so it is not for every step.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.all.summary(&self.ctx)
    }

    fn reset(&mut self, why: Reset) {
        self.all.reset(why);
        self.ctx.status.reading_succeeded();
    }

    fn route_zino(&mut self, event: ZinoEvent) {
        let (ctx, zino, problems) = (&mut self.ctx, &mut self.all.zino, &mut self.all.problems);
        match event {
            ZinoEvent::Connected => zino.connected(ctx),
            ZinoEvent::Part(cases) => zino.take_part(problems, cases),
            ZinoEvent::Snapshot(snapshot) => {
                zino.take_snapshot(ctx, problems, snapshot);
                if self.all.mode.act_at_once(ctx) {
                    self.reset(Reset::Takeover);
                }
                self.read_cases_of_incidents();
            }
            ZinoEvent::Found(found) => zino.take_found(ctx, problems, found),
            ZinoEvent::Scavenged(id) => zino.take_scavenged(ctx, problems, id),
            ZinoEvent::Carried(id, result) => self.route_delivered(id, &result),
            ZinoEvent::Postponed(id) => self.all.deliveries.take_postponed(ctx, id),
            ZinoEvent::Disconnected => {
                zino.disconnected();
                self.all.deliveries.interrupt();
            }
            ZinoEvent::Unusable(why) => zino.take_unusable(ctx, why),
            ZinoEvent::LoginRefused(why) => zino.take_refused_login(ctx, &why),
        }
    }

    fn route_delivered(&mut self, id: CaseId, result: &Result<Option<Box<Case>>, ZinoError>) {
        if let Ok(case) = result {
            let case = case.as_deref().cloned();
            self.all.zino.take_written(&mut self.ctx, &mut self.all.problems, id, case);
        }
        let at = self.all.situation(&self.ctx);
        let is_done = self.all.deliveries.take_result(&mut self.ctx, &at, &self.all.problems, id, result);
        if let Some(run) = self.all.run.as_mut().filter(|_| is_done) {
            run.delivered(id);
        }
    }

    fn read_cases_of_incidents(&mut self) {
        if self.all.argus.lists().has_open() && self.all.mode.is_active() {
            self.all.zino.read_cases_of_incidents(&mut self.ctx, &self.all.problems, self.all.argus.is_ready());
        }
    }

    fn route_ping(&mut self, ping: &Ping) {
        let change = self.all.mode.take_ping(&mut self.ctx, ping, self.all.zino.is_connected());
        change.into_iter().for_each(|why| self.reset(why));
        self.all.mode.log_hold();
    }

    fn route_report(&mut self, report: Report) {
        self.ctx.outbox.reported();
        if report.is_answered() {
            self.all.mode.note_answer(&self.ctx);
            // Those two may have asked nothing, or without the token.
            if !matches!(report, Report::Problem(_) | Report::Reach(_)) {
                self.all.health.end_start();
            }
        }
        let at = self.all.situation(&self.ctx);
        let (ctx, problems, argus) = (&mut self.ctx, &mut self.all.problems, &mut self.all.argus);
        match report {
            Report::Problem(report) => self.route_problem(*report),
            Report::Page(result, took) => {
                let listed = argus.take_page(ctx, problems, (result, took));
                listed.into_iter().for_each(|listed| self.route_listed(listed));
            }
            Report::Newest(result, took) => argus.take_newest(ctx, problems, (result, took)),
            Report::Incident(pk, result) => argus.take_incident(ctx, problems, pk, result),
            Report::EndOrphan(pk, result) => {
                if let Some(run) = &mut self.all.run {
                    run.tried_orphan(pk, &result);
                }
                let result = self.all.zino.orphans_mut().take_ended(ctx, &at, problems, pk, result);
                argus.take_orphan(ctx, "end an incident whose case is gone", result);
            }
            Report::MarkForgotten(pk, result) => {
                let result = self.all.zino.orphans_mut().take_marked(ctx, &at, pk, result.map(drop));
                argus.take_orphan(ctx, "put on an incident's record that its case may be forgotten", result);
            }
            Report::OpenCount(result, took) => argus.take_count(ctx, problems, (result, took)),
            Report::SignOfLife(result) => self.all.heartbeat.take(result),
            Report::Renewed(result) => self.all.renewal.take(ctx, result),
            Report::Probe(result) => self.route_probe(result),
            Report::Proved(result) => {
                result.as_ref().err().into_iter().for_each(|error| self.all.mode.note_no_answer(error));
                self.all.takeover_check.take(ctx, at.is_active, result);
            }
            Report::Reach(result) => self.all.mode.take_reach(result),
        }
        self.all.mode.log_hold();
    }

    fn route_problem(&mut self, mut report: ProblemReport) {
        let (ctx, problems) = (&mut self.ctx, &mut self.all.problems);
        self.all.argus.note_posted(&report.posted);
        if !self.all.mode.is_active() {
            return problems.drop_run(ctx, &report.problem);
        }
        if let Some(run) = &mut self.all.run {
            run.did(&report.changes);
        }
        for (case, actions) in std::mem::take(&mut report.actions) {
            self.all.deliveries.plan(ctx, problems, &case, actions);
        }
        self.all.work.take_report(ctx, problems, report);
    }

    fn route_listed(&mut self, listed: Listed) {
        if listed == Listed::Open {
            self.all.work.retry_setbacks(&self.ctx, &mut self.all.problems);
        }
        self.read_cases_of_incidents();
        if listed == Listed::Open {
            self.all.problems.forget_old_incidents(self.ctx.now.wall);
        }
    }

    fn route_probe(&mut self, result: Answer<()>) {
        let at = self.all.situation(&self.ctx);
        let (ctx, problems) = (&mut self.ctx, &mut self.all.problems);
        result.as_ref().err().into_iter().for_each(|error| self.all.mode.note_no_answer(error));
        match self.all.health.take_probe(ctx, &at, problems.queue().len(), result) {
            Probed::Fine => self.all.work.log_failures(ctx, problems),
            Probed::Back => {
                self.all.renewal.retry(ctx.now.mono);
                problems.queue_mut().forget_unlogged_failures();
                problems.queue_mut().wake_all();
                self.all.argus.come_back(ctx.now.mono);
            }
            Probed::Away => {}
        }
    }

    fn route_effects(&mut self) {
        for effect in self.ctx.outbox.take_effects() {
            match effect {
                Effect::ReadCase(id) => self.all.zino.read_case(&mut self.ctx, id),
                Effect::CaseForgotten(id) => self.all.deliveries.forget(id),
                Effect::ArgusFailed => self.all.health.suspect(),
            }
        }
    }

    /// Has done what is due: at most `connections` jobs at once; reads of Argus first, then live
    /// problems, then bulk problems.
    fn dispatch(&mut self) {
        self.all.problems.queue_mut().wake(self.ctx.now.mono);
        self.all.argus.note_ready(&self.all.zino);
        if self.all.renewal.claims_all(&mut self.ctx) {
            return;
        }
        self.all.zino.reread(&mut self.ctx);
        self.all.mode.reach_argus(&mut self.ctx);
        let at = self.all.situation(&self.ctx);
        let (ctx, problems) = (&mut self.ctx, &mut self.all.problems);
        if at.is_active {
            let leaves = |pk| self.all.run.as_ref().is_some_and(|run| run.leaves_orphan(pk));
            self.all.zino.check_orphans(ctx, &at, problems, leaves);
            self.all.deliveries.send(ctx, &at, problems);
        } else {
            self.all.takeover_check.check(ctx, &at, self.all.argus.page(), self.all.mode.unasked());
        }
        self.all.health.ask_alone(ctx, &at, self.all.argus.is_heard());
        self.all.health.probe(ctx);
        if !at.is_active || !self.all.health.is_fine() {
            return;
        }
        while self.ctx.outbox.busy() < self.ctx.settings.connections.max(1) {
            let Some(job) = self.next_job(&at) else {
                break;
            };
            self.ctx.outbox.argus(job);
        }
    }

    fn next_job(&mut self, at: &Situation) -> Option<Job> {
        let (ctx, zino, problems, argus) = (&self.ctx, &mut self.all.zino, &mut self.all.problems, &mut self.all.argus);
        if let Some(job) = argus.next_job(ctx, at, zino, problems) {
            return Some(job);
        }
        // A case that is being asked for may own an incident that another case would adopt.
        let may_work = at.may_write && at.is_ready && (!at.is_connected || zino.is_answered());
        // A new fault does not wait until everything is listed.
        let may_be_early = at.may_write && !at.is_single_run && at.is_connected && argus.has_baseline();
        let job = match may_work {
            true => self.all.work.next_job(ctx, problems, argus),
            false if may_be_early => self.all.work.next_early_job(ctx, problems, argus),
            false => None,
        };
        job.or_else(|| self.all.heartbeat.next_job(ctx, at))
    }

    /// Ends a single run that is over.
    fn end_run(&mut self) {
        match self.all.next_of_run(&self.ctx) {
            None | Some(Next::GoOn) => {}
            Some(Next::LookAgain) => {
                let now = self.ctx.now.mono;
                self.all.argus.refresh_now(now);
                self.all.zino.check_orphans_now(now);
                self.dispatch();
            }
            Some(Next::Over(end)) => self.ctx.outbox.push(Output::Finished(end)),
        }
    }
}
