//! How things are, in a few numbers and words for people: outages, servers that do not answer, and
//! the last error. Never decides what is done; a single run reads its outages to know when it is
//! hopeless.

use super::{Names, Now, Server, Waiting};
use crate::argus::ArgusError;
use crate::failover::Mode;
use crate::time::Stamp;
use log::{info, warn};
use std::time::Duration;

/// A server, as the status line shows it.
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

/// The state of the engine in short.
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
    /// Whether this instance acts, or could take over now.
    pub is_takeover_ready: bool,
    /// The problem that has been waiting longest.
    pub oldest: Option<Waiting>,
    /// What went wrong last, and when. May hold foreign text.
    pub last_error: Option<(Stamp, String)>,
}

impl Side {
    /// Whether the server can be used.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        matches!(self, Self::Fine | Self::Reading)
    }
}

impl Summary {
    /// Rule: PROCESS-19.
    ///
    /// Whether the program does its work: it synchronises, or a takeover would work.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        match self.mode {
            Mode::Active => self.zino.is_usable() && self.argus.is_usable(),
            Mode::Standby => self.is_takeover_ready,
        }
    }

    /// Whether both servers have answered or failed once, or the primary in STANDBY. A server that
    /// is down at the start does not fail the start: the program waits for it, and both the log and
    /// this line say so. A refusal fails the start once it is confirmed; until then the start goes
    /// on.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        if self.is_refused_at_start {
            return false;
        }
        let tried = |side: &Side| *side != Side::NotYet;
        let cut_off = matches!(self.zino, Side::Away { .. });
        match self.mode {
            Mode::Standby => self.pinged,
            // Argus is not read before Zino is connected.
            Mode::Active => tried(&self.zino) && (tried(&self.argus) || cut_off),
        }
    }
}

/// An outage.
#[derive(Debug)]
pub(super) struct Outage {
    since: Stamp,
    why: String,
}

impl Outage {
    fn side(&self) -> Side {
        Side::Away { since: self.since, why: self.why.clone() }
    }
}

impl std::fmt::Display for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

/// An outage that lasts is logged again after this time, for whoever reads only the last hour.
const REMIND: Duration = Duration::from_secs(600);

/// What people were or may be informed of.
#[derive(Debug, Default)]
pub(super) struct Status {
    zino: Option<Outage>,
    argus: Option<Outage>,
    /// What could not be read since the start, although Argus answers.
    unreadable: Option<Outage>,
    /// A server that has not answered yet, and whether the log says so.
    silent_zino: Option<(Outage, bool)>,
    silent_argus: Option<(Outage, bool)>,
    /// When an outage that lasts is logged again.
    remind_at: Duration,
    pinged: bool,
    last_error: Option<(Stamp, String)>,
}

impl Status {
    /// Something went wrong that a person may have to look at.
    pub(super) fn failed(&mut self, now: Now, what: String) {
        self.last_error = Some((now.wall, what));
    }

    /// An outage is logged now; it is logged again when it lasts.
    pub(super) fn logged(&mut self, now: Now) {
        self.remind_at = now.mono + REMIND;
    }

    /// Whether an outage that was logged has lasted long enough to be logged again, which the
    /// caller does now.
    pub(super) fn reminds(&mut self, now: Now) -> bool {
        let due = now.mono >= self.remind_at;
        if due {
            self.logged(now);
        }
        due
    }

    /// Argus answers, and this cannot be read.
    pub(super) fn reading_failed(&mut self, now: Now, why: String) {
        fail(&mut self.unreadable, now, why);
    }

    /// Everything of Argus can be read.
    pub(super) fn reading_succeeded(&mut self) {
        self.unreadable = None;
    }

    pub(super) fn zino_failed(&mut self, now: Now, why: String) {
        if self.zino.is_none() {
            self.failed(now, format!("Zino cannot be used: {why}"));
        }
        fail(&mut self.zino, now, why);
    }

    pub(super) fn zino_answered(&mut self) {
        self.zino = None;
    }

    pub(super) fn argus_failed(&mut self, now: Now, error: &ArgusError) {
        if self.argus.is_none() {
            self.failed(now, format!("Argus cannot be used: {error}"));
        }
        fail(&mut self.argus, now, error.to_string());
    }

    pub(super) fn argus_answered(&mut self) {
        self.argus = None;
    }

    /// The outage of Zino.
    pub(super) fn zino(&self) -> Option<&Outage> {
        self.zino.as_ref()
    }

    /// The outage of Argus.
    pub(super) fn argus(&self) -> Option<&Outage> {
        self.argus.as_ref()
    }

    /// Whether Zino is away, or has not answered for long.
    pub(super) fn lacks_zino(&self) -> bool {
        self.zino.is_some() || self.silent_zino.is_some()
    }

    pub(super) fn note_ping(&mut self) {
        self.pinged = true;
    }

    pub(super) fn is_pinged(&self) -> bool {
        self.pinged
    }

    pub(super) fn last_error(&self) -> Option<(Stamp, String)> {
        self.last_error.clone()
    }

    /// A server has not answered a thread for so long, or, with `None`, has answered now.
    /// `is_quiet`: nothing is logged, because cron reads only the end of a single run.
    pub(super) fn take_silence(
        &mut self,
        now: Now,
        names: &Names,
        server: Server,
        silent_for: Option<Duration>,
        is_quiet: bool,
    ) {
        let (name, is_away, silence) = match server {
            Server::Zino => (&names.zino, self.zino.is_some(), &mut self.silent_zino),
            Server::Argus => (&names.argus, self.argus.is_some(), &mut self.silent_argus),
        };
        match silent_for {
            Some(time) if silence.is_none() => {
                let secs = time.as_secs();
                let since = now.wall.plus_secs(-i64::try_from(secs).unwrap_or_default());
                // An outage is logged already.
                let is_news = !is_away && !is_quiet;
                if is_news {
                    warn!("{server} {name} has not answered for {secs} s; waiting for it");
                }
                let why = format!("{name} has not answered for {secs} s or longer");
                *silence = Some((Outage { since, why }, is_news));
            }
            Some(_) => {}
            None => {
                if let Some((_, true)) = silence.take().filter(|_| !is_away) {
                    info!("{server} {name} has answered");
                }
            }
        }
    }

    /// Zino, as the status line shows it.
    pub(super) fn zino_side(&self, is_connected: bool, is_read: bool) -> Side {
        let silent = self.silent_zino.as_ref().map(|(outage, _)| outage);
        match (self.zino.as_ref().or(silent), is_connected, is_read) {
            (Some(outage), _, _) => outage.side(),
            (None, true, true) => Side::Fine,
            (None, true, false) => Side::Reading,
            (None, false, _) => Side::NotYet,
        }
    }

    /// Argus, as the status line shows it: whether it was read, and whether it has answered.
    pub(super) fn argus_side(&self, is_read: bool, is_reading: bool, answers: bool) -> Side {
        let silent = self.silent_argus.as_ref().map(|(outage, _)| outage);
        match (self.argus.as_ref(), self.unreadable.as_ref().or(silent)) {
            (Some(outage), _) => outage.side(),
            (None, _) if is_read => Side::Fine,
            (None, Some(outage)) => outage.side(),
            (None, None) if is_reading => Side::Reading,
            (None, None) if answers => Side::Fine,
            (None, None) => Side::NotYet,
        }
    }
}

/// An outage lasts since its first failure, and has the newest reason.
fn fail(side: &mut Option<Outage>, now: Now, why: String) {
    let since = side.as_ref().map_or(now.wall, |outage| outage.since);
    *side = Some(Outage { since, why });
}
