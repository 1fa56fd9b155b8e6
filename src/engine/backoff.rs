//! How long to wait before something that failed is tried again. Never reads a clock.

use std::time::Duration;

/// The wait before attempt `attempts + 1`: `first`, doubled with each failure, at most `most`.
#[must_use]
pub fn backoff(attempts: u32, first: Duration, most: Duration) -> Duration {
    first.saturating_mul(2u32.saturating_pow(attempts.saturating_sub(1).min(20))).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_bound_and_never_overflow() {
        let wait = |n| backoff(n, Duration::from_secs(1), Duration::from_secs(60)).as_secs();
        assert_eq!([wait(0), wait(1), wait(2), wait(3), wait(7), wait(u32::MAX)], [1, 1, 2, 4, 60, 60]);
    }
}
