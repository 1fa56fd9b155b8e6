//! The Zino server: the commands that the rest of the program can send, and their errors. Never
//! decides what to do about a case.
//!
//! The model of a case is `case.rs`. `wire.rs` sends and receives lines, `reply.rs` classifies a
//! reply, `decode.rs` decodes it (`text.rs`: its bytes), `entry.rs` encodes a history entry.
//! `session.rs` is the command connection, `reads.rs` its reading of cases (`pace.rs`: the size of
//! a batch), `notify.rs` the notification channel, `port.rs` the reason why a connection failed.

pub mod case;
pub mod decode;
pub mod entry;
pub mod measured;
pub mod notify;
pub mod pace;
mod port;
mod reads;
pub mod rehearsal;
mod reply;
pub mod session;
mod text;
mod wire;

pub use wire::Timeouts;

use case::{Case, CaseId, CaseState};

/// Says of a case whether its log must be read.
pub type WantsLog<'a> = &'a dyn Fn(&Case) -> bool;

/// The commands of synchronisation to a Zino server. The real session and the model of the
/// simulation implement it. One call is one exchange, which is never repeated.
pub trait ZinoServer {
    /// CASEIDS: the numbers of all cases that are not closed, ascending.
    ///
    /// # Errors
    /// See [`ZinoError`].
    fn case_ids(&mut self) -> Result<Vec<CaseId>, ZinoError>;

    /// GETATTRS (then GETHIST, and GETLOG where `wants_log` says that a decision needs it) of one
    /// case, sent alone. `None` if Zino does not know the case. Attributes are read before history.
    /// If the history ends in a change to `closed` that the attributes do not have yet, the
    /// attributes are read again.
    ///
    /// # Errors
    /// See [`ZinoError`].
    fn case(&mut self, id: CaseId, wants_log: WantsLog<'_>) -> Result<Option<Case>, ZinoError>;

    /// Like [`ZinoServer::case`] for many, pipelined. Unknown cases are left out. So is a case that
    /// cannot be decoded; [`ZinoServer::case`] gives its error.
    ///
    /// # Errors
    /// See [`ZinoError`].
    fn cases(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<Vec<Case>, ZinoError> {
        self.look_up(ids, wants_log).map(|found| found.cases)
    }

    /// [`ZinoServer::cases`], and which of the cases Zino certainly does not know. A case that is
    /// neither read nor unknown can be read alone.
    ///
    /// # Errors
    /// See [`ZinoError`].
    fn look_up(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<LookedUp, ZinoError>;

    /// ADDHIST: adds one entry under our user's name. `text` is text of a person; whatever it
    /// holds, it becomes the text of this one entry and nothing else.
    ///
    /// # Errors
    /// See [`ZinoError`]; after anything but [`ZinoError::Refused`] the outcome is unknown.
    fn add_history(&mut self, id: CaseId, text: &str) -> Result<(), ZinoError>;

    /// SETSTATE.
    ///
    /// # Errors
    /// See [`ZinoError`]; after anything but [`ZinoError::Refused`] the outcome is unknown.
    fn set_state(&mut self, id: CaseId, state: &CaseState) -> Result<(), ZinoError>;
}

/// The answer to a request for many cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookedUp {
    /// Those that could be read.
    pub cases: Vec<Case>,
    /// Those that Zino does not know.
    pub unknown: Vec<CaseId>,
}

/// What can go wrong with Zino.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZinoError {
    /// There is no connection, it ended, or a reply made no progress for too long. Connect again
    /// later.
    Connection(String),
    /// The server answered something that is not its protocol (or too much of it). Connect again
    /// later.
    Protocol(String),
    /// The server refused the login. Fatal only before the first successful login.
    Login(String),
    /// The server refused this one command with a 500, or its reply about this one case cannot be
    /// decoded, also the second time. The connection is usable.
    Refused(String),
}

impl std::fmt::Display for ZinoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connection(why) => f.write_str(why),
            Self::Protocol(why) => write!(f, "unexpected answer: {why}"),
            Self::Login(why) => write!(f, "login refused: {why}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

impl std::error::Error for ZinoError {}

impl ZinoError {
    /// The same error with the server's address in front. A refusal stays as it is.
    #[must_use]
    pub fn at(self, server: &str) -> Self {
        match self {
            Self::Connection(why) => Self::Connection(format!("{server}: {why}")),
            Self::Protocol(why) => Self::Protocol(format!("{server}: {why}")),
            refusal @ (Self::Login(_) | Self::Refused(_)) => refusal,
        }
    }
}

/// Reads these bytes as everything that Zino can say; gives the case, if it is one. For
/// `tests/fuzz`.
#[cfg(fuzzing)]
#[must_use]
pub fn read_anything(data: &[u8]) -> Option<case::Case> {
    let lines: Vec<Vec<u8>> = data.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for line in &lines {
        let _ = (decode::notice(line), reply::header(line), text::sanitised(line));
    }
    let _ = (decode::case_ids(&lines), decode::log_says_down(&lines));
    let history = decode::history(&lines);
    let case = decode::case(&lines).ok()?;
    Some(case::Case { history, ..case })
}
