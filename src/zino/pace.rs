//! The size of a batch of commands to Zino: large where Zino is fast, small where it is slow or
//! where a batch failed. Outlives the connection. Never reads a clock.

use std::time::Duration;

/// The most commands of a batch. They fit into any socket buffer, so writing them never waits for a
/// server that itself waits until we read.
const MOST: usize = 100;
/// The commands of the first batch, when the speed of the server is not known yet.
const FIRST: usize = 10;
/// After a batch that took less, the next one is twice as large.
const QUICK: Duration = Duration::from_secs(2);
/// After a batch that took longer, the next one is half as large, because the poller does nothing
/// else meanwhile.
const SLOW: Duration = Duration::from_secs(10);

/// The size of the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    size: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { size: FIRST }
    }
}

impl Pace {
    /// The most commands of the next batch, at least one.
    #[must_use]
    pub fn size(self) -> usize {
        self.size
    }

    /// A batch of this many commands was answered in this time.
    pub(super) fn took(&mut self, commands: usize, time: Duration) {
        if time > SLOW {
            self.size = (self.size / 2).max(1);
        } else if time < QUICK && commands >= self.size {
            self.size = (self.size * 2).min(MOST);
        }
    }

    /// The connection was lost in the middle of a batch, which may have been too large.
    pub(super) fn failed(&mut self) {
        self.size = (self.size / 4).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes of the batches that read so many cases of a server that needs so long for each.
    fn sizes(pace: &mut Pace, cases: usize, each: Duration) -> Vec<usize> {
        let (mut sizes, mut left) = (Vec::new(), cases);
        while left > 0 {
            let size = pace.size().min(left);
            pace.took(size, each * u32::try_from(size).unwrap());
            sizes.push(size);
            left -= size;
        }
        sizes
    }

    #[test]
    fn a_fast_server_gets_large_batches_soon() {
        let mut pace = Pace::default();
        assert_eq!(sizes(&mut pace, 400, Duration::from_millis(1)), [10, 20, 40, 80, 100, 100, 50]);
        assert_eq!(sizes(&mut pace, 3, Duration::from_millis(1)), [3], "which says nothing about larger ones");
        assert_eq!(pace.size(), MOST);
    }

    #[test]
    fn a_slow_server_gets_batches_of_seconds_and_never_larger_and_smaller_ones_by_turns() {
        for (millis, largest) in [(700, 10), (3000, 3), (60_000, 1), (150, 40), (50, 100)] {
            let mut pace = Pace::default();
            sizes(&mut pace, 1000, Duration::from_millis(millis));
            let then = sizes(&mut pace, 1000, Duration::from_millis(millis));
            let steady = then.iter().rev().skip(1).all(|size| Some(size) == then.first());
            assert!(steady && pace.size() <= largest, "{millis} ms: {then:?}");
            let size = u64::try_from(pace.size()).unwrap();
            assert!(size * millis <= 10_000 || size == 1);
        }
    }

    #[test]
    fn after_a_failure_batches_are_smaller_and_grow_again() {
        let mut pace = Pace::default();
        sizes(&mut pace, 400, Duration::from_millis(1));
        pace.failed();
        assert_eq!(sizes(&mut pace, 300, Duration::from_millis(1)), [25, 50, 100, 100, 25]);
        (0..10).for_each(|_| pace.failed());
        assert_eq!(pace.size(), 1);
        pace.took(1, Duration::from_secs(60));
        assert_eq!(pace.size(), 1);
    }
}
