//! What STANDBY proves: that a takeover would work if it came now. Reads one page of Argus, looks
//! at the connection to Zino, and whether the primary can be asked at all; never writes anything,
//! and never ends the program.

use super::argus_side::TOKEN_ADVICE;
use super::periodic::Periodic;
use super::{Engine, Job, Now};
use crate::argus::ArgusError;
use log::{info, warn};
use std::time::Duration;

/// How often Argus is read while everything is well.
const EVERY: Duration = Duration::from_secs(3600);
/// How often while a takeover would fail.
const RETRY: Duration = Duration::from_secs(60);
/// How long after the start our own Zino may take to be read, before that is worth a word.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// A page of Argus was asked for.
    task: Periodic,
    /// Until when Zino may be connected for the first time.
    patient_until: Option<Duration>,
    /// What came of the last page; `None`: there was none yet.
    argus: Option<Result<(), ArgusError>>,
    /// What is wrong, as told in the log; `None`: nothing was told yet.
    told: Option<Wrong>,
}

/// What is wrong, as far as a change of it is worth a line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Wrong {
    zino: bool,
    argus: bool,
    token: bool,
    primary: bool,
}

impl Engine {
    /// Asks for a page of Argus if that is due, and tells what is known.
    pub(super) fn prove_takeover(&mut self, now: Now) {
        let patient_until = *self.proof.patient_until.get_or_insert(now.mono + PATIENCE);
        let settled = self.link.ever_read || now.mono >= patient_until;
        if settled && !self.looking.busy && self.proof.task.is_due(now.mono) {
            self.proof.task.start(now.mono, EVERY);
            self.send(Job::Prove(self.page_size.items()));
        }
        if settled {
            self.tell_proof();
        }
    }

    /// What came of the page of Argus that was asked for. After a takeover it says nothing new.
    pub(super) fn take_proof(&mut self, now: Now, result: Result<(), ArgusError>) {
        self.proof.task.stop();
        if let Err(error) = &result {
            self.note_no_answer(error);
        }
        if self.is_active() {
            return;
        }
        self.proof.task.due_at(now.mono + if result.is_ok() { EVERY } else { RETRY });
        match &result {
            Ok(_) => self.told.argus = None,
            Err(error) => self.told.argus_fails(now, error),
        }
        self.proof.argus = Some(result);
    }

    /// The mode has changed: what was proved before is of no interest.
    pub(super) fn forget_proof(&mut self) {
        self.told.argus = None;
        let mut task = std::mem::take(&mut self.proof.task);
        task.due_at(Duration::ZERO);
        self.proof = Proof { task, ..Proof::default() };
    }

    /// Whether Argus was read with our token at the last try.
    pub(super) fn is_argus_proved(&self) -> bool {
        matches!(self.proof.argus, Some(Ok(())))
    }

    /// When Argus is to be read next.
    pub(super) fn next_proof(&self) -> Option<Duration> {
        let patient_until = self.proof.patient_until.filter(|_| !self.link.ever_read);
        let due_at = self.proof.task.next_wake().filter(|_| !self.looking.busy)?;
        Some(due_at.max(patient_until.unwrap_or_default()))
    }

    /// One line when a takeover begins to be impossible, one when it is possible again, and one when the reason changes.
    fn tell_proof(&mut self) {
        let token = matches!(self.proof.argus, Some(Err(ArgusError::Unauthorized(_))));
        let (argus, primary) = (matches!(self.proof.argus, Some(Err(_))), self.watch.unasked.is_some());
        let wrong = Wrong { zino: !self.link.read, argus, token, primary };
        let fine = wrong == Wrong::default();
        if self.proof.told == Some(wrong) || fine && self.proof.argus.is_none() {
            return;
        }
        if !fine {
            warn!("a takeover would fail now: {}", self.obstacles());
        } else if self.proof.told.is_some() {
            warn!("a takeover would work again");
        } else {
            info!("a takeover would work: our own Zino is read, and Argus takes our token");
        }
        self.proof.told = Some(wrong);
    }

    fn obstacles(&self) -> String {
        let zino = match (self.link.connected, self.link.read) {
            (_, true) => None,
            (true, false) => Some("our own Zino is connected but not yet read".to_owned()),
            (false, false) => Some("our own Zino is not connected".to_owned()),
        };
        let argus = match &self.proof.argus {
            Some(Err(ArgusError::Unauthorized(why))) => {
                Some(format!("Argus refuses our token ({why}). {TOKEN_ADVICE}"))
            }
            Some(Err(error)) => Some(format!("Argus {error}")),
            Some(Ok(())) | None => None,
        };
        let primary = self.watch.unasked.as_ref().map(|why| format!("the primary cannot be asked: {why}"));
        zino.into_iter().chain(argus).chain(primary).collect::<Vec<_>>().join("; ")
    }
}
