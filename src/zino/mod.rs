//! The Zino side: what the rest of the program may ask of a Zino server, and the errors that come
//! back.
//!
//! Owns the protocol and the case model (`case.rs`): `wire.rs` moves lines, `decode.rs` reads them
//! (`text.rs` their bytes), `entry.rs` makes history text harmless, `port.rs` says why there is no
//! conversation, `session.rs` and `reads.rs` hold the command conversation (`pace.rs`: the size of
//! a batch), `notify.rs` the notification channel. Never decides what to do about a case.

pub mod case;
pub mod decode;
pub mod entry;
pub mod notify;
pub mod pace;
mod port;
mod reads;
mod reply;
pub mod session;
mod text;
mod wire;

pub use wire::Timeouts;

use case::{Case, CaseId, CaseState};

/// Everything that synchronisation asks of a Zino server; implemented by the real session and by
/// the simulation's model. One call is one exchange; none is repeated behind the caller's back.
pub trait ZinoServer {
    /// CASEIDS: the numbers of all cases that are not closed, ascending.
    ///
    /// # Errors
    /// See [`ZinoError`].
    fn case_ids(&mut self) -> Result<Vec<CaseId>, ZinoError>;

    /// GETATTRS (then GETHIST, and GETLOG where `wants_log` says that a decision needs it) of one
    /// case, sent alone. `None` if Zino answers that it does not know the case. Attributes are read
    /// before history; if the history then ends in a change to `closed` that the attributes do not
    /// show, the attributes are read again.
    ///
    /// # Errors
    /// See [`ZinoError`].
    fn case(&mut self, id: CaseId, wants_log: fn(&Case) -> bool) -> Result<Option<Case>, ZinoError>;

    /// Like [`ZinoServer::case`] for many, pipelined; unknown ones are left out. A case that cannot
    /// be understood is left out, never fatal for the others; [`ZinoServer::case`] says what is the
    /// matter with it.
    ///
    /// # Errors
    /// See [`ZinoError`].
    fn cases(&mut self, ids: &[CaseId], wants_log: fn(&Case) -> bool) -> Result<Vec<Case>, ZinoError> {
        self.look_up(ids, wants_log).map(|found| found.cases)
    }

    /// The same, and which of them Zino certainly does not know. What is neither can be asked for
    /// alone.
    ///
    /// # Errors
    /// See [`ZinoError`].
    fn look_up(&mut self, ids: &[CaseId], wants_log: fn(&Case) -> bool) -> Result<LookedUp, ZinoError>;

    /// ADDHIST: adds one entry under our user's name. `text` may hold anything a person typed;
    /// whatever it holds, it becomes text of this one entry and nothing else.
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

/// What Zino has of many cases that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookedUp {
    /// Those that could be read.
    pub cases: Vec<Case>,
    /// Those that it does not know.
    pub unknown: Vec<CaseId>,
}

/// What can go wrong with Zino.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZinoError {
    /// The server could not be reached, the connection ended, or a reply stood still for too long.
    /// Connect again later.
    Connection(String),
    /// The server answered something that is not its protocol (or too much of it). Connect again
    /// later.
    Protocol(String),
    /// The server refused the login. Fatal only before the first successful login.
    Login(String),
    /// The server refused this one request with a 500, or what it answered about this one case
    /// makes no sense even when asked twice; the connection is usable.
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
    /// The same with the server where it happened in front; a refusal is the same everywhere.
    #[must_use]
    pub fn at(self, server: &str) -> Self {
        match self {
            Self::Connection(why) => Self::Connection(format!("{server}: {why}")),
            Self::Protocol(why) => Self::Protocol(format!("{server}: {why}")),
            refusal @ (Self::Login(_) | Self::Refused(_)) => refusal,
        }
    }
}
