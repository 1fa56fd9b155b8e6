//! When the age of the token is checked, and what is logged about it. The writer thread does the
//! renewal. No other request runs meanwhile: the old token dies before the new one is known.

use super::Job;
use super::component::{Component, Situation};
use super::context::Context;
use super::periodic::Periodic;
use log::{error, warn};
use std::time::Duration;

/// How often the age is checked; the date of the token's file says whether it is to be renewed.
const EVERY: Duration = Duration::from_secs(3600);

/// The renewal of the token.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// The settings ask for it.
    is_wanted: bool,
    task: Periodic,
    /// Why the last one failed, as logged.
    failure: Option<String>,
}

impl Renewal {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, ..Self::default() }
    }

    /// At a reload. The end of a failure is logged by the next engine.
    pub(super) fn after_reload(is_wanted: bool, failure: Option<String>) -> Self {
        Self { failure, ..Self::new(is_wanted) }
    }

    /// Why the last renewal failed, for the next engine.
    pub(super) fn keep(self) -> Option<String> {
        self.failure
    }

    /// Argus is back: a renewal that failed is tried again at once.
    pub(super) fn retry(&mut self, now: Duration) {
        if self.failure.is_some() {
            self.task.due_by(now);
        }
    }

    /// Sends the job as soon as no other one is under way. Returns whether all else has to wait.
    pub(super) fn claims_all(&mut self, ctx: &mut Context) -> bool {
        let due = self.is_wanted && self.task.is_due(ctx.now.mono);
        if due && ctx.outbox.busy() == 0 {
            self.task.start(ctx.now.mono, EVERY);
            ctx.outbox.argus(Job::Renew);
        }
        due || self.task.is_running()
    }

    pub(super) fn take(&mut self, ctx: &mut Context, result: Result<(), String>) {
        self.task.stop();
        match result {
            Ok(()) => {
                if self.failure.take().is_some() {
                    warn!("the Argus token can be renewed again");
                }
            }
            Err(why) if self.failure.as_ref() != Some(&why) => {
                let again = if ctx.is_single_run() { "" } else { "; trying again every hour" };
                error!("the Argus token was not renewed: {why}{again}");
                ctx.status.failed(ctx.now, format!("the Argus token was not renewed: {why}"));
                self.failure = Some(why);
            }
            Err(_) => {}
        }
    }
}

impl Component for Renewal {
    fn next_wake(&self, _at: &Situation) -> Option<Duration> {
        self.task.next_wake().filter(|_| self.is_wanted)
    }
}
