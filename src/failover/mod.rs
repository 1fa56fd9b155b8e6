//! Decides when a secondary takes over and hands back, and from when on it may write. Pure: never
//! pings and never reads a clock.

pub mod heartbeat;

use std::fmt;
use std::time::Duration;

/// The result of one question to the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The primary is up, for this many seconds.
    Uptime(u64),
    /// The question left this host and was not answered, or the port is closed: why, for a log
    /// line.
    Silence(String),
    /// The question never left this host, so it says nothing about the primary: why, for a log
    /// line.
    Unasked(String),
}

/// One question to the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// When it was asked, on the engine's clock.
    pub asked_at: Duration,
    /// Its result.
    pub answer: Answer,
}

/// The failover mode: whether this instance writes.
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

/// Mode and counters. Nothing but the answers to pings changes them: not a reconnect, not an
/// outage, and not a question that never left this host.
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

    /// This many equal answers in a row change the mode.
    #[must_use]
    pub fn threshold(&self) -> u32 {
        self.threshold
    }

    /// Sets the threshold. The count stays.
    pub fn set_threshold(&mut self, threshold: u32) {
        self.threshold = threshold.max(1);
    }

    /// Resets the count: its answers were those of another server.
    pub fn forget_count(&mut self) {
        self.count = 0;
    }

    /// Takes the answer to one ping; returns the line to log if the mode changes.
    ///
    /// ```text
    ///              threshold failures in a row
    ///   STANDBY  ------------------------------>  ACTIVE
    ///            <------------------------------
    ///              threshold answers in a row
    /// ```
    pub fn ping(&mut self, answer: &Answer) -> Option<String> {
        let (against, to) = match (self.mode, answer) {
            (Mode::Standby, Answer::Silence(why)) => (format!("consecutive failures, last: {why}"), Mode::Active),
            (Mode::Active, Answer::Uptime(uptime)) => {
                (format!("consecutive answers, last: primary up for {uptime} s"), Mode::Standby)
            }
            // An answer that confirms the mode.
            (Mode::Standby, Answer::Uptime(_)) | (Mode::Active, Answer::Silence(_)) => {
                self.count = 0;
                return None;
            }
            (_, Answer::Unasked(_)) => return None,
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

/// Proves that this host itself was not cut off while the primary was silent. Before that, nothing
/// is written.
///
/// The proof is a question that was asked after Argus had answered, and that the primary did not
/// answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// When Argus answered first, since the doubt began.
    argus_answered_at: Option<Duration>,
    /// This many such questions must still remain unanswered.
    missing: u32,
}

impl Default for Contact {
    fn default() -> Self {
        Self { argus_answered_at: None, missing: 1 }
    }
}

impl Contact {
    /// Whether it is proved.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.missing == 0
    }

    /// Argus has answered, at this time or a little before.
    pub fn argus_answered(&mut self, now: Duration) {
        // Only the first answer counts: a later one would exclude the question that was asked
        // before it.
        self.argus_answered_at.get_or_insert(now);
    }

    /// Argus did not answer: this host may have been cut off since.
    pub fn argus_is_away(&mut self) {
        self.argus_answered_at = None;
        self.doubt();
    }

    /// What was proved is in doubt: one more question must remain unanswered.
    pub fn doubt(&mut self) {
        self.missing = self.missing.max(1);
    }

    /// Takes the answer to one ping that came in this mode, before a change of the mode that it
    /// causes.
    pub fn ping(&mut self, ping: &Ping, mode: Mode, threshold: u32) {
        match (&ping.answer, mode) {
            (Answer::Uptime(_), Mode::Standby) => *self = Self::default(),
            // The takeover was wrong. It now needs the same proof as another takeover.
            (Answer::Uptime(_), Mode::Active) if self.missing > 0 => self.missing = threshold.max(1),
            (Answer::Silence(_), _) if self.argus_answered_at.is_some_and(|at| ping.asked_at >= at) => {
                self.missing = self.missing.saturating_sub(1);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "mode_tests.rs"]
mod tests;
