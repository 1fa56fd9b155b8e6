//! A task that runs once in a while: when it is due, and whether it is running. Never runs it.

use std::time::Duration;

/// A periodic task. It never runs twice at a time.
#[derive(Debug, Default)]
pub(super) struct Periodic {
    due_at: Duration,
    running_since: Option<Duration>,
}

impl Periodic {
    /// Whether it is to start now.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        !self.is_running() && now >= self.due_at
    }

    /// It starts; its next run is due after `interval`.
    pub(super) fn start(&mut self, now: Duration, interval: Duration) {
        self.due_at = now + interval;
        self.running_since = Some(now);
    }

    /// It starts out of turn; its next run stays due when it was.
    pub(super) fn start_out_of_turn(&mut self, now: Duration) {
        self.running_since = Some(now);
    }

    /// It is over. Returns how long it took, if it was running.
    pub(super) fn finish(&mut self, now: Duration) -> Option<Duration> {
        self.running_since.take().map(|since| now.saturating_sub(since))
    }

    /// It was broken off.
    pub(super) fn stop(&mut self) {
        self.running_since = None;
    }

    /// Whether it is running.
    pub(super) fn is_running(&self) -> bool {
        self.running_since.is_some()
    }

    /// Sets the time of its next run.
    pub(super) fn due_at(&mut self, at: Duration) {
        self.due_at = at;
    }

    /// Moves its next run forward, if that would come later than this.
    pub(super) fn due_by(&mut self, at: Duration) {
        self.due_at = self.due_at.min(at);
    }

    /// Puts off its next run, if that would come earlier than this.
    pub(super) fn not_before(&mut self, at: Duration) {
        self.due_at = self.due_at.max(at);
    }

    /// When it is to start next; `None` while it is running.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        (!self.is_running()).then_some(self.due_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_due_at_once_and_then_once_in_an_interval_unless_it_is_running() {
        let secs = Duration::from_secs;
        let mut task = Periodic::default();
        assert!(task.is_due(secs(0)));
        task.start(secs(5), secs(60));
        assert!(!task.is_due(secs(100)) && task.is_running() && task.next_wake().is_none());
        assert_eq!(task.finish(secs(12)), Some(secs(7)));
        assert_eq!((task.finish(secs(13)), task.next_wake()), (None, Some(secs(65))));
        assert!(!task.is_due(secs(64)) && task.is_due(secs(65)));
        task.start_out_of_turn(secs(20));
        assert!(task.is_running());
        task.stop();
        assert_eq!(task.next_wake(), Some(secs(65)));
        task.due_by(secs(30));
        task.due_by(secs(40));
        assert_eq!(task.next_wake(), Some(secs(30)));
        task.not_before(secs(50));
        task.not_before(secs(45));
        assert_eq!(task.next_wake(), Some(secs(50)));
    }
}
