//! The components of an engine, listed once, and what all of them are asked. Never routes anything.

use super::argus_watch::ArgusWatch;
use super::component::{Component, Reset, Situation};
use super::context::Context;
use super::deliveries::Deliveries;
use super::health::Health;
use super::heartbeat::Heartbeat;
use super::kept::Kept;
use super::mode::ModeControl;
use super::once::{Next, Parts, SingleRun};
use super::problems::Problems;
use super::renewal::Renewal;
use super::takeover_check::TakeoverCheck;
use super::work::Work;
use super::zino_view::ZinoView;
use super::{Settings, Summary};
use std::sync::Arc;
use std::time::Duration;

/// All components. Each keeps its state in private fields.
#[derive(Debug, Default)]
pub(super) struct Components {
    pub(super) mode: ModeControl,
    pub(super) takeover_check: TakeoverCheck,
    pub(super) zino: ZinoView,
    pub(super) problems: Problems,
    pub(super) work: Work,
    pub(super) deliveries: Deliveries,
    pub(super) argus: ArgusWatch,
    pub(super) health: Health,
    pub(super) renewal: Renewal,
    pub(super) heartbeat: Heartbeat,
    pub(super) run: Option<SingleRun>,
}

/// The one list: `components!(self)` to ask all, `components!(self, mut)` to change all.
macro_rules! components {
    ($all:ident $(, $mut:ident)?) => {{
        let list: [&$($mut)? dyn Component; 11] = [
            &$($mut)? $all.mode,
            &$($mut)? $all.takeover_check,
            &$($mut)? $all.zino,
            &$($mut)? $all.problems,
            &$($mut)? $all.work,
            &$($mut)? $all.deliveries,
            &$($mut)? $all.argus,
            &$($mut)? $all.health,
            &$($mut)? $all.renewal,
            &$($mut)? $all.heartbeat,
            &$($mut)? $all.run,
        ];
        list.into_iter()
    }};
}

impl Components {
    /// At a start, knowing nothing.
    pub(super) fn new(settings: &Settings) -> Self {
        let mode = ModeControl::new(settings.failover_threshold, settings.once.is_some());
        Self { mode, ..Self::of(settings) }
    }

    fn of(settings: &Settings) -> Self {
        Self {
            renewal: Renewal::new(settings.renews_token),
            heartbeat: Heartbeat::new(settings.signs_of_life),
            run: settings.once.clone().map(SingleRun::new),
            ..Self::default()
        }
    }

    /// At a reload.
    pub(super) fn after_reload(settings: &Settings, kept: Kept) -> Self {
        let mut all = Self {
            mode: ModeControl::after_reload(settings.failover_threshold, kept.mode),
            work: Work::after_reload(kept.settled_at),
            health: Health::after_reload(kept.token),
            zino: ZinoView::after_reload(kept.login),
            renewal: Renewal::after_reload(settings.renews_token, kept.renewal_failure),
            ..Self::of(settings)
        };
        if all.mode.has_primary() {
            // No server knows which cases were over when this secondary took over.
            for (case, exempt) in kept.cases {
                all.problems.keep_case(&settings.rules, Arc::unwrap_or_clone(case), exempt);
            }
        }
        all
    }

    /// What the next engine goes on with. `is_busy`: a job is under way.
    pub(super) fn keep(self, is_busy: bool) -> Kept {
        let is_unsettled = is_busy || self.problems.queue().has_doubts();
        let cases = self.problems.cases().all().filter(|_| self.mode.is_active_secondary());
        Kept {
            cases: cases.map(|known| (Arc::clone(&known.case), known.exempt)).collect(),
            mode: self.mode.keep(),
            token: self.health.keep(),
            login: self.zino.keep(),
            renewal_failure: self.renewal.keep(),
            settled_at: self.work.settled_at().filter(|_| !is_unsettled),
        }
    }

    /// What one component may know of the others.
    pub(super) fn situation(&self, ctx: &Context) -> Situation {
        Situation {
            now: ctx.now.mono,
            is_single_run: ctx.is_single_run(),
            is_active: self.mode.is_active(),
            may_write: self.mode.may_write(),
            is_connected: self.zino.is_connected(),
            is_read: self.zino.is_read(),
            ever_read: self.zino.ever_read(),
            is_ready: self.argus.is_ready(),
            is_looking: self.argus.is_looking(),
            full_looks: self.work.full_looks(),
        }
    }

    /// The earliest wake-up of any component.
    pub(super) fn next_wake(&self, at: &Situation) -> Option<Duration> {
        components!(self).filter_map(|component| component.next_wake(at)).filter(|due| *due > at.now).min()
    }

    /// Drops what does not hold any more.
    pub(super) fn reset(&mut self, why: Reset) {
        components!(self, mut).for_each(|component| component.reset(why));
    }

    /// How a single run goes on; `None` in a daemon.
    pub(super) fn next_of_run(&mut self, ctx: &Context) -> Option<Next> {
        let is_idle = ctx.outbox.busy() == 0 && components!(self).all(Component::is_idle);
        let Self { zino, problems, argus, health, deliveries, run, .. } = self;
        let run = run.as_mut()?;
        Some(run.next(&Parts { ctx, zino, problems, argus, health, deliveries, is_idle }))
    }

    /// How things are now.
    pub(super) fn summary(&self, ctx: &Context) -> Summary {
        let status = &ctx.status;
        let is_active = self.mode.is_active();
        let is_argus_read = if is_active { self.argus.lists().has_open() } else { self.takeover_check.is_argus_read() };
        let refused_orphans = self.zino.orphans().refused();
        Summary {
            mode: self.mode.mode(),
            cases: self.problems.cases().len(),
            incidents: self.problems.incidents().open_count(),
            waiting: self.problems.queue().len(),
            troubled: self.problems.troubled(self.deliveries.given_up()).len() + refused_orphans,
            zino: status.zino_side(self.zino.is_connected(), self.zino.is_read()),
            argus: status.argus_side(is_argus_read, self.argus.has_baseline(), self.health.answers()),
            is_refused_at_start: self.health.is_refused_at_start() || self.zino.is_refused_at_start(),
            pinged: status.is_pinged(),
            is_takeover_ready: is_active || self.takeover_check.is_ready(),
            oldest: self.problems.oldest_waiting(ctx.now.mono),
            last_error: status.last_error(),
        }
    }
}
