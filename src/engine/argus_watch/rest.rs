//! When the watch on Argus has something to do next, when it has nothing to do, and what a reset
//! leaves of it. Never asks anything.

use super::ArgusWatch;
use super::look::Look;
use crate::engine::component::{Component, Reset, Situation, TRIES};
use std::time::Duration;

impl Component for ArgusWatch {
    fn next_wake(&self, at: &Situation) -> Option<Duration> {
        if !at.is_connected || !at.is_active || self.is_looking {
            return None;
        }
        let periodic = [self.events.next_wake(), self.lists.next_wake()];
        self.tries.wakes().chain(periodic.into_iter().flatten()).filter(|due| *due > at.now).min()
    }

    fn is_idle(&self) -> bool {
        // What has failed so often is left to the next run.
        let done = |look, idle: bool| idle || self.tries.attempts(look) >= TRIES;
        self.is_ready
            && !self.is_looking
            && done(Look::List, !self.lists.is_reading())
            && done(Look::Events, !self.events.is_reading())
            && done(Look::Incident, self.wanted.is_empty())
    }

    fn reset(&mut self, _why: Reset) {
        self.count.reset();
        let (is_looking, count) = (self.is_looking, std::mem::take(&mut self.count));
        let page_size = std::mem::take(&mut self.page_size);
        *self = Self { is_looking, count, page_size, ..Self::default() };
    }
}
