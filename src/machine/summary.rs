//! How things are, in a few numbers and words for people. Never decides anything: what is noted here is read by nothing else.

use super::{Machine, Now};
use crate::argus::ArgusError;
use crate::failover::Mode;
use crate::stamp::Stamp;

/// A server, as far as people care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// It was not tried yet.
    NotYet,
    /// It answers, and is being read completely for the first time.
    Reading,
    /// It answers.
    Fine,
    /// It cannot be used.
    Away {
        /// Since when.
        since: Stamp,
        /// Why, in words that may be the server's.
        why: String,
    },
}

/// The state of the machine in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The mode.
    pub mode: Mode,
    /// Cases that are known.
    pub cases: usize,
    /// Open incidents of our source that are known.
    pub incidents: usize,
    /// Problems that wait or are worked on.
    pub waiting: usize,
    /// Problems that Argus refuses, or fails over.
    pub troubled: usize,
    /// Our Zino.
    pub zino: Side,
    /// Argus.
    pub argus: Side,
    /// A server has refused us since the start, which may yet end the program.
    pub is_refused_at_start: bool,
    /// A question to the primary was answered, or was not.
    pub pinged: bool,
    /// What went wrong last, and when. May hold foreign text.
    pub last_error: Option<(Stamp, String)>,
}

impl Summary {
    /// Whether both servers have had their first word, good or bad, or the primary in STANDBY. A server that is down when the
    /// program starts is no reason to call the start a failure: it is waited for, and both the log and this say so. A refusal
    /// is a failed start once it is confirmed, so the start goes on until then.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        if self.is_refused_at_start {
            return false;
        }
        let tried = |side: &Side| *side != Side::NotYet;
        let cut_off = matches!(self.zino, Side::Away { .. });
        match self.mode {
            Mode::Standby => self.pinged,
            // Argus is not looked at before there is a Zino.
            Mode::Active => tried(&self.zino) && (tried(&self.argus) || cut_off),
        }
    }
}

/// A server that cannot be used.
#[derive(Debug)]
pub(super) struct Failing {
    since: Stamp,
    why: String,
}

impl std::fmt::Display for Failing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

/// What was told to people and may be of interest later.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) zino: Option<Failing>,
    pub(super) argus: Option<Failing>,
    pub(super) pinged: bool,
    last_error: Option<(Stamp, String)>,
}

impl Told {
    /// Something went wrong that a person may have to look at.
    pub(super) fn failed(&mut self, now: Now, what: String) {
        self.last_error = Some((now.wall, what));
    }

    pub(super) fn zino_fails(&mut self, now: Now, why: String) {
        if self.zino.is_none() {
            self.failed(now, format!("Zino cannot be used: {why}"));
        }
        fail(&mut self.zino, now, why);
    }

    pub(super) fn argus_fails(&mut self, now: Now, error: &ArgusError) {
        if self.argus.is_none() {
            self.failed(now, format!("Argus cannot be used: {error}"));
        }
        fail(&mut self.argus, now, error.to_string());
    }
}

/// Since the first failure, for the newest reason.
fn fail(side: &mut Option<Failing>, now: Now, why: String) {
    let since = side.as_ref().map_or(now.wall, |failing| failing.since);
    *side = Some(Failing { since, why });
}

impl Machine {
    /// How things are now. Counts everything that is known, so it is not for every step.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let (cases, incidents) = self.known();
        Summary {
            mode: self.mode(),
            cases,
            incidents,
            waiting: self.waiting(),
            troubled: self.queue.in_trouble().len(),
            zino: self.zino_now(),
            argus: self.argus_now(),
            is_refused_at_start: self.token.confirmed_at().or(self.login.confirmed_at()).is_some(),
            pinged: self.told.pinged,
            last_error: self.told.last_error.clone(),
        }
    }

    fn zino_now(&self) -> Side {
        match (&self.told.zino, self.link.connected, self.link.read) {
            (Some(Failing { since, why }), _, _) => Side::Away { since: *since, why: why.clone() },
            (None, true, true) => Side::Fine,
            (None, true, false) => Side::Reading,
            (None, false, _) => Side::NotYet,
        }
    }

    fn argus_now(&self) -> Side {
        match &self.told.argus {
            Some(Failing { since, why }) => Side::Away { since: *since, why: why.clone() },
            None if !self.is_active() && self.is_argus_proved() || self.looking.open_listed => Side::Fine,
            None if self.looking.baseline => Side::Reading,
            None => Side::NotYet,
        }
    }
}
