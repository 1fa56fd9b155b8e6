//! The back-off after failures: how often something failed in a row, and when it is tried again.
//! Never reads a clock.

use std::time::Duration;

/// The wait after a first failure.
pub const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The wait after this many failures in a row: one second, doubled with each failure, at most
/// `longest`.
#[must_use]
pub fn wait(failures: u32, longest: Duration) -> Duration {
    FIRST_WAIT.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(20))).min(longest)
}

/// The failures of one thing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
    retry_at: Duration,
}

impl Backoff {
    /// Counts a failure. Returns when to try again.
    pub(super) fn failed(&mut self, now: Duration, longest: Duration) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now + wait(self.failures, longest);
        self.retry_at
    }

    /// Counts a failure as at least this many, so that the next try comes late.
    pub(super) fn failed_badly(&mut self, now: Duration, longest: Duration, at_least: u32) {
        self.failures = self.failures.max(at_least.saturating_sub(1));
        self.failed(now, longest);
    }

    /// The next failure is the first one again.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Sets the time of the next try; the failures still count.
    pub(super) fn retry_at(&mut self, at: Duration) {
        self.retry_at = at;
    }

    /// Moves the next try forward, if it would come later than this.
    pub(super) fn retry_by(&mut self, at: Duration) {
        self.retry_at = self.retry_at.min(at);
    }

    /// Whether the next try is due.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        now >= self.retry_at
    }

    /// When the next try is due.
    pub(super) fn next_wake(&self) -> Duration {
        self.retry_at
    }

    /// How many failures there were in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn waits_double_up_to_their_bound_and_never_overflow() {
        let wait = |n| wait(n, secs(60)).as_secs();
        assert_eq!([wait(0), wait(1), wait(2), wait(3), wait(7), wait(u32::MAX)], [1, 1, 2, 4, 60, 60]);
    }

    #[test]
    fn a_success_begins_the_waits_anew() {
        let mut backoff = Backoff::default();
        assert!(backoff.is_due(secs(0)));
        assert_eq!(backoff.failed(secs(10), secs(60)), secs(11));
        assert_eq!(backoff.failed(secs(11), secs(60)), secs(13));
        assert!(!backoff.is_due(secs(12)) && backoff.is_due(secs(13)));
        backoff.succeeded();
        assert_eq!((backoff.failed(secs(20), secs(60)), backoff.failures()), (secs(21), 1));
        backoff.failed_badly(secs(21), secs(60), 4);
        assert_eq!((backoff.next_wake(), backoff.failures()), (secs(29), 4));
    }
}
