//! What STANDBY checks: whether a takeover would work now. It reads one page of Argus, and looks at
//! the connection to Zino and whether the primary can be asked. Never writes anything, and never
//! ends the program.

use super::Job;
use super::component::{Component, Reset, Situation};
use super::context::{Answer, Context};
use super::health::TOKEN_ADVICE;
use super::periodic::Periodic;
use crate::argus::ArgusError;
use log::{info, warn};
use std::time::Duration;

/// The time between two reads of Argus while a takeover would work.
const EVERY: Duration = Duration::from_secs(3600);
/// The same while it would fail.
const RETRY: Duration = Duration::from_secs(60);
/// Grace period for the first snapshot of our own Zino before a warning is logged.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct TakeoverCheck {
    /// The reading of a page of Argus.
    task: Periodic,
    /// Until when Zino may be connected for the first time.
    patient_until: Option<Duration>,
    /// What came of the last page; `None` before the first.
    argus: Option<Answer<()>>,
    /// What is wrong, as logged; `None` if nothing was logged yet.
    logged: Option<Wrong>,
}

/// What is wrong, as far as a change of it is logged.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Wrong {
    zino: bool,
    argus: bool,
    token: bool,
    primary: bool,
}

impl TakeoverCheck {
    /// Asks for a page of Argus if that is due, and logs what is known. `unasked`: why the primary
    /// cannot be asked.
    pub(super) fn check(&mut self, ctx: &mut Context, at: &Situation, page: usize, unasked: Option<&str>) {
        let now = ctx.now.mono;
        let patient_until = *self.patient_until.get_or_insert(now + PATIENCE);
        if !at.ever_read && now < patient_until {
            return;
        }
        if !at.is_looking && self.task.is_due(now) {
            self.task.start(now, EVERY);
            ctx.outbox.argus(Job::Prove(page));
        }
        self.log(at, unasked);
    }

    /// Takes what came of the page. After a takeover it says nothing new.
    pub(super) fn take(&mut self, ctx: &mut Context, is_active: bool, result: Answer<()>) {
        self.task.stop();
        if is_active {
            return;
        }
        self.task.due_at(ctx.now.mono + if result.is_ok() { EVERY } else { RETRY });
        match &result {
            Ok(()) => ctx.status.argus_answered(),
            Err(error) => ctx.status.argus_failed(ctx.now, error),
        }
        self.argus = Some(result);
    }

    /// Whether the last try read Argus with our token.
    pub(super) fn is_argus_read(&self) -> bool {
        matches!(self.argus, Some(Ok(())))
    }

    /// Whether a takeover would work, as the log says.
    pub(super) fn is_ready(&self) -> bool {
        self.logged == Some(Wrong::default())
    }

    /// Logs one line when a takeover becomes impossible, one when it is possible again, and one
    /// when the reason changes.
    fn log(&mut self, at: &Situation, unasked: Option<&str>) {
        let token = matches!(self.argus, Some(Err(ArgusError::Unauthorized(_))));
        let argus = matches!(self.argus, Some(Err(_)));
        let wrong = Wrong { zino: !at.is_read, argus, token, primary: unasked.is_some() };
        let fine = wrong == Wrong::default();
        if self.logged == Some(wrong) || fine && self.argus.is_none() {
            return;
        }
        if !fine {
            warn!("a takeover would fail now: {}", self.obstacles(at, unasked));
        } else if self.logged.is_some() {
            warn!("a takeover would work again");
        } else {
            info!("a takeover would work: our own Zino is read, and Argus takes our token");
        }
        self.logged = Some(wrong);
    }

    fn obstacles(&self, at: &Situation, unasked: Option<&str>) -> String {
        let zino = match (at.is_connected, at.is_read) {
            (_, true) => None,
            (true, false) => Some("our own Zino is connected but not yet read".to_owned()),
            (false, false) => Some("our own Zino is not connected".to_owned()),
        };
        let argus = match &self.argus {
            Some(Err(ArgusError::Unauthorized(why))) => {
                Some(format!("Argus refuses our token ({why}). {TOKEN_ADVICE}"))
            }
            Some(Err(error)) => Some(format!("Argus {error}")),
            Some(Ok(())) | None => None,
        };
        let primary = unasked.map(|why| format!("the primary cannot be asked: {why}"));
        zino.into_iter().chain(argus).chain(primary).collect::<Vec<_>>().join("; ")
    }
}

impl Component for TakeoverCheck {
    fn next_wake(&self, at: &Situation) -> Option<Duration> {
        let due_at = self.task.next_wake().filter(|_| !at.is_active && !at.is_looking)?;
        let patient_until = self.patient_until.filter(|_| !at.ever_read);
        Some(due_at.max(patient_until.unwrap_or_default()))
    }

    fn reset(&mut self, _why: Reset) {
        let mut task = std::mem::take(&mut self.task);
        task.due_at(Duration::ZERO);
        *self = Self { task, ..Self::default() };
    }
}
