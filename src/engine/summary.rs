//! How things are, in a few numbers and words for people. Never decides anything: what is noted here is read by nothing else.

use super::{Engine, Now};
use crate::argus::ArgusError;
use crate::failover::Mode;
use crate::time::Stamp;
use std::time::Duration;

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
    /// Whether both servers have had their first word, good or bad, or the primary in STANDBY. A
    /// server that is down when the program starts is no reason to call the start a failure: it is
    /// waited for, and both the log and this say so. A refusal is a failed start once it is
    /// confirmed, so the start goes on until then.
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

impl Failing {
    pub(super) fn new(since: Stamp, why: String) -> Self {
        Self { since, why }
    }

    fn side(&self) -> Side {
        Side::Away { since: self.since, why: self.why.clone() }
    }
}

impl std::fmt::Display for Failing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

/// Whoever reads the log from the last hour on is to find an outage that lasts.
const REMIND: Duration = Duration::from_secs(600);

/// What was told to people and may be of interest later.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) zino: Option<Failing>,
    pub(super) argus: Option<Failing>,
    /// What Argus has not let us read since the start, although it answers.
    pub(super) unreadable: Option<Failing>,
    /// When an outage that lasts is worth another line.
    remind_at: Duration,
    pub(super) pinged: bool,
    last_error: Option<(Stamp, String)>,
}

impl Told {
    /// Something went wrong that a person may have to look at.
    pub(super) fn failed(&mut self, now: Now, what: String) {
        self.last_error = Some((now.wall, what));
    }

    /// An outage is logged now; it is again when it lasts.
    pub(super) fn logged(&mut self, now: Now) {
        self.remind_at = now.mono + REMIND;
    }

    /// Whether an outage that was logged lasts so long that it is worth another line, which is
    /// logged now.
    pub(super) fn reminds(&mut self, now: Now) -> bool {
        let due = now.mono >= self.remind_at;
        if due {
            self.logged(now);
        }
        due
    }

    /// Argus answers, and does not let us read this.
    pub(super) fn reading_fails(&mut self, now: Now, why: String) {
        fail(&mut self.unreadable, now, why);
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

impl Engine {
    /// How things are now. Counts everything that is known, so it is not for every step.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let (cases, incidents) = self.known();
        Summary {
            mode: self.mode(),
            cases,
            incidents,
            waiting: self.waiting(),
            troubled: self.troubled().len() + self.refused_orphans(),
            zino: self.zino_now(),
            argus: self.argus_now(),
            is_refused_at_start: self.token.confirmed_at().or(self.login.confirmed_at()).is_some(),
            pinged: self.told.pinged,
            last_error: self.told.last_error.clone(),
        }
    }

    fn zino_now(&self) -> Side {
        let silent = self.unheard.zino.as_ref().map(|(failing, _)| failing);
        match (self.told.zino.as_ref().or(silent), self.link.connected, self.link.read) {
            (Some(failing), _, _) => failing.side(),
            (None, true, true) => Side::Fine,
            (None, true, false) => Side::Reading,
            (None, false, _) => Side::NotYet,
        }
    }

    fn argus_now(&self) -> Side {
        let silent = self.unheard.argus.as_ref().map(|(failing, _)| failing);
        let is_listed = if self.is_active() { self.looking.open_listed } else { self.is_argus_proved() };
        match self.told.argus.as_ref() {
            Some(failing) => failing.side(),
            None if is_listed => Side::Fine,
            None => match self.told.unreadable.as_ref().or(silent) {
                Some(failing) => failing.side(),
                None if self.looking.baseline => Side::Reading,
                None if self.unheard.argus_answers => Side::Fine,
                None => Side::NotYet,
            },
        }
    }
}
