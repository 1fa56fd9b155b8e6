//! When the token's age is looked at, and what people are told of it. The look itself is the writer's; while it is under way nothing
//! else is asked of Argus, because the old token dies before the new one is known.

use super::periodic::Periodic;
use super::{Engine, Job, Now, Output};
use log::{error, warn};
use std::time::Duration;

/// How often the age is looked at; the file's own date says whether there is anything to do.
const EVERY: Duration = Duration::from_secs(3600);

/// The looking at the token's age.
#[derive(Debug, Default)]
pub(super) struct Renewing {
    task: Periodic,
    told: Option<String>,
}

impl Renewing {
    /// The last attempt failed.
    pub(super) fn has_failed(&self) -> bool {
        self.told.is_some()
    }

    /// The age is to be looked at by then.
    pub(super) fn look_at(&mut self, at: Duration) {
        self.task.due_by(at);
    }
}

impl Engine {
    /// Whether everything else has to wait for a renewal. Gives the job as soon as nothing is under way.
    pub(super) fn renews(&mut self, now: Now) -> bool {
        if !self.settings.renews_token {
            return false;
        }
        let due = self.renewing.task.is_due(now.mono);
        if due && self.busy == 0 {
            self.renewing.task.start(now.mono, EVERY);
            self.busy += 1;
            self.out.push(Output::Argus(Job::Renew));
        }
        due || self.renewing.task.is_running()
    }

    /// When the age is looked at next.
    pub(super) fn renewal_at(&self) -> Option<Duration> {
        if self.settings.renews_token { self.renewing.task.next_wake() } else { None }
    }

    pub(super) fn take_renewal(&mut self, now: Now, result: Result<(), String>) {
        self.renewing.task.stop();
        match result {
            Ok(()) => {
                if self.renewing.told.take().is_some() {
                    warn!("the Argus token can be renewed again");
                }
            }
            Err(why) if self.renewing.told.as_ref() != Some(&why) => {
                let again = if self.run.is_some() { "" } else { "; trying again every hour" };
                error!("the Argus token was not renewed: {why}{again}");
                self.told.failed(now, format!("the Argus token was not renewed: {why}"));
                self.renewing.told = Some(why);
            }
            Err(_) => {}
        }
    }
}
