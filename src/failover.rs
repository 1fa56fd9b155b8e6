//! When a secondary takes over and hands back (design section 6). Pure: never pings and never reads a clock.

use std::fmt;

/// Whether this instance writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Follows its own Zino and writes nothing, anywhere.
    Standby,
    /// Synchronises.
    Active,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standby => "STANDBY",
            Self::Active => "ACTIVE",
        })
    }
}

/// Mode and counters. Nothing but the answers to pings changes them: not a reconnect, not an outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failover {
    threshold: u32,
    mode: Mode,
    count: u32,
}

impl Failover {
    /// In STANDBY; `threshold` equal answers in a row change the mode (at least one).
    #[must_use]
    pub fn new(threshold: u32) -> Self {
        Self { threshold: threshold.max(1), mode: Mode::Standby, count: 0 }
    }

    /// The mode now.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// From now on so many equal answers in a row change the mode; those that were counted stay counted.
    pub fn set_threshold(&mut self, threshold: u32) {
        self.threshold = threshold.max(1);
    }

    /// The answers counted until now were another server's.
    pub fn forget_count(&mut self) {
        self.count = 0;
    }

    /// Takes the answer to one ping (`Err`: why there was none); returns the line to log if the mode changes.
    ///
    /// ```text
    ///              threshold failures in a row
    ///   STANDBY  ------------------------------>  ACTIVE
    ///            <------------------------------
    ///              threshold answers in a row
    /// ```
    pub fn ping(&mut self, answer: &Result<u64, String>) -> Option<String> {
        let (against, to) = match (self.mode, answer) {
            (Mode::Standby, Err(why)) => (format!("consecutive failures, last: {why}"), Mode::Active),
            (Mode::Active, Ok(uptime)) => {
                (format!("consecutive answers, last: primary up for {uptime} s"), Mode::Standby)
            }
            // An answer that speaks for the mode as it is.
            (Mode::Standby, Ok(_)) | (Mode::Active, Err(_)) => {
                self.count = 0;
                return None;
            }
        };
        self.count += 1;
        if self.count < self.threshold {
            return None;
        }
        let line = format!("mode {} -> {to}: {} {against}", self.mode, self.count);
        self.mode = to;
        self.count = 0;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds pings (`true`: answered) and returns the mode after each.
    fn modes(threshold: u32, pings: &[bool]) -> Vec<Mode> {
        let mut failover = Failover::new(threshold);
        pings
            .iter()
            .map(|up| {
                failover.ping(&if *up { Ok(5) } else { Err("timed out".into()) });
                failover.mode()
            })
            .collect()
    }

    use Mode::{Active, Standby};

    #[test]
    fn it_takes_over_after_threshold_failures_in_a_row() {
        assert_eq!(modes(3, &[false, false, false]), [Standby, Standby, Active]);
        assert_eq!(modes(1, &[false]), [Active]);
    }

    #[test]
    fn it_hands_back_after_threshold_answers_in_a_row() {
        assert_eq!(modes(2, &[false, false, true, true]), [Standby, Active, Active, Standby]);
    }

    #[test]
    fn one_opposite_answer_starts_the_count_again() {
        assert_eq!(modes(2, &[false, true, false, true, false]), [Standby; 5]);
        assert_eq!(modes(2, &[false, false, true, false, true]), [Standby, Active, Active, Active, Active]);
    }

    #[test]
    fn the_line_says_what_changed_and_why() {
        let mut failover = Failover::new(1);
        let line = failover.ping(&Err("no answer within 5 s".into())).unwrap();
        assert_eq!(line, "mode STANDBY -> ACTIVE: 1 consecutive failures, last: no answer within 5 s");
        let line = failover.ping(&Ok(17)).unwrap();
        assert_eq!(line, "mode ACTIVE -> STANDBY: 1 consecutive answers, last: primary up for 17 s");
    }
}
