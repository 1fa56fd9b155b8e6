//! The heartbeat to Argus, which can be set to raise an alarm when a source falls silent. Sent only
//! while this instance synchronises; never in STANDBY, without Zino, or by a single run.

use super::Job;
use super::component::{Component, Situation};
use super::context::{Answer, Context};
use super::periodic::Periodic;
use crate::argus::ArgusError;
use log::{debug, info};
use std::time::Duration;

/// The time between two heartbeats.
const EVERY: Duration = Duration::from_secs(60);

/// The heartbeat to Argus.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    /// The settings ask for it.
    is_wanted: bool,
    task: Periodic,
    /// Argus does not accept it.
    refused: bool,
}

impl Heartbeat {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, ..Self::default() }
    }

    fn is_sent(&self, at: &Situation) -> bool {
        self.is_wanted && at.may_write && at.is_read && at.is_ready && !self.refused
    }

    /// The next heartbeat, if it is due. It comes after all other work, which shows as well that
    /// this instance is alive.
    pub(super) fn next_job(&mut self, ctx: &Context, at: &Situation) -> Option<Job> {
        if !self.is_sent(at) || !self.task.is_due(ctx.now.mono) {
            return None;
        }
        self.task.start(ctx.now.mono, EVERY);
        Some(Job::SignOfLife)
    }

    pub(super) fn take(&mut self, result: Answer<()>) {
        self.task.stop();
        match result {
            Ok(()) => {}
            Err(ArgusError::Request { status, .. }) => {
                self.refused = true;
                info!("Argus takes no heartbeat of sources ({status}): none is sent any more");
            }
            // The next one comes in time. Other requests find out whether Argus is away.
            Err(error) => debug!("no heartbeat to Argus: {error}"),
        }
    }
}

impl Component for Heartbeat {
    fn next_wake(&self, at: &Situation) -> Option<Duration> {
        self.task.next_wake().filter(|_| self.is_sent(at))
    }
}

#[cfg(test)]
#[path = "heartbeat_tests.rs"]
mod tests;
