//! How often a question is asked that costs Argus much: so rarely that it takes a small share of
//! Argus' time. Never asks it.

use std::collections::VecDeque;
use std::time::Duration;

/// The share of Argus' time that one kind of question may take: one part in so many.
const SHARE: u32 = 100;
/// What costs less is asked as often as the configuration says.
const QUICK: Duration = Duration::from_millis(300);
/// The longest time between two askings.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// How many of the last askings are compared at least, and all those of so long.
const REMEMBERED: usize = 3;
const LATELY: Duration = Duration::from_secs(90);
/// Over how long they must be spread to tell something: a busy minute is over then.
const SPREAD: Duration = Duration::from_secs(60);

/// What the last askings have cost, and when they were.
#[derive(Debug, Default)]
pub(super) struct Cost(VecDeque<(Duration, Duration)>);

impl Cost {
    /// Notes how long Argus took.
    pub(super) fn note(&mut self, now: Duration, took: Duration) {
        self.0.push_back((now, took));
        while self.0.len() > REMEMBERED && self.0.front().is_some_and(|(at, _)| *at + LATELY < now) {
            self.0.pop_front();
        }
    }

    /// The least of the last askings, because what a busy minute adds is no cost of the question.
    pub(super) fn least(&self) -> Duration {
        self.0.iter().map(|(_, took)| *took).min().unwrap_or_default()
    }

    /// Whether so many askings are known, over so long, that the least of them tells something.
    pub(super) fn is_known(&self) -> bool {
        let spread = self.0.back().zip(self.0.front()).map(|((last, _), (first, _))| last.saturating_sub(*first));
        self.0.len() >= REMEMBERED && spread >= Some(SPREAD)
    }

    /// How long to wait between two askings, where the configuration says so long.
    pub(super) fn interval(&self, configured: Duration) -> Duration {
        configured.max(interval(self.least()))
    }
}

/// How long to wait after an asking that took so long; nothing after a quick one.
pub(super) fn interval(took: Duration) -> Duration {
    if took < QUICK { Duration::ZERO } else { took.saturating_mul(SHARE).min(LONGEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_argus_much_is_asked_so_rarely_that_it_takes_a_hundredth_of_its_time() {
        let (millis, secs) = (Duration::from_millis, Duration::from_secs);
        let mut cost = Cost::default();
        assert_eq!(cost.interval(secs(30)), secs(30));
        let took = [2000, 299, 5000, 900, 400, 7000, 7000, 7000];
        for ((n, took), wait) in (0..).zip(took).zip([200, 30, 30, 30, 40, 40, 40, 700]) {
            cost.note(secs(100 * n), millis(took));
            assert_eq!(cost.interval(secs(30)), secs(wait), "after {took} ms");
        }
        (8..11).for_each(|n| cost.note(secs(100 * n), secs(3600)));
        assert_eq!(cost.interval(secs(30)), secs(24 * 3600), "at most a day");
    }

    #[test]
    fn a_busy_minute_of_argus_tells_nothing_of_what_a_question_costs() {
        let secs = Duration::from_secs;
        let mut cost = Cost::default();
        (0..60).for_each(|n| cost.note(secs(n), secs(5)));
        assert!(!cost.is_known(), "all of it within a minute");
        (60..140).for_each(|n| cost.note(secs(n), if n == 70 { Duration::from_millis(20) } else { secs(5) }));
        assert!(cost.is_known());
        assert_eq!(cost.interval(secs(1)), secs(1), "one of them was quick");
    }
}
