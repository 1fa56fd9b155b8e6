//! The inputs and outputs of the engine, and its settings. Never decides anything.

use super::once::{Once, RunEnd};
use crate::execute::zino_reads::{Found, Snapshot};
use crate::failover::Ping;
use crate::reconcile::deliver::Delivery;
use crate::reconcile::rules::Rules;
use crate::time::Stamp;
use crate::zino::ZinoError;
use crate::zino::case::{Case, CaseId};
use std::time::Duration;

pub use crate::execute::job::{Job, Report};
pub use crate::metrics::Server;

/// The time of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since some fixed point; for waiting.
    pub mono: Duration,
    /// Wall-clock time, for timestamps in Argus and in the log.
    pub wall: Stamp,
}

/// Where the servers are, for messages.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Zino's address and port.
    pub zino: String,
    /// The address of Argus' API.
    pub argus: String,
}

/// The settings of the engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What decisions depend on.
    pub rules: Rules,
    /// How many jobs may be under way at once (at least one).
    pub connections: usize,
    /// How often Argus is asked what changed.
    pub refresh_interval: Duration,
    /// How often both servers are read completely.
    pub full_interval: Duration,
    /// How long an incident must have been unknown to Zino before it may be ended.
    pub orphan_grace: Duration,
    /// How many pings change the mode; `None` without failover: always active.
    pub failover_threshold: Option<u32>,
    /// A single run, and what it is bound by; `None`: until the program is stopped.
    pub once: Option<Once>,
    /// Whether Argus gets a heartbeat every minute.
    pub signs_of_life: bool,
    /// Whether the token is kept alive.
    pub renews_token: bool,
    /// What the servers are called in messages.
    pub names: Names,
}

/// Events that the Zino poller sends to the engine.
#[derive(Debug)]
pub enum ZinoEvent {
    /// Logged in, and the notification channel tied.
    Connected,
    /// Cases of a complete reading that goes on.
    Part(Vec<Case>),
    /// The end of a complete reading, with the rest of the cases.
    Snapshot(Snapshot),
    /// Cases that were asked for, or that a notification was about.
    Found(Found),
    /// Zino has deleted a closed case.
    Scavenged(CaseId),
    /// A delivery is over: the case as it is after, `None` if Zino does not know it.
    Carried(CaseId, Result<Option<Box<Case>>, ZinoError>),
    /// Another process writes to this case, so that its delivery was not begun.
    Postponed(CaseId),
    /// The connection has ended.
    Disconnected,
    /// Why there is no connection now; another attempt follows.
    Unusable(String),
    /// Zino refuses our user or secret, in its words; another attempt follows.
    LoginRefused(String),
}

/// The inputs of the engine.
#[derive(Debug)]
pub enum Input {
    /// From the Zino poller.
    Zino(ZinoEvent),
    /// From the Argus writer.
    Argus(Report),
    /// From the heartbeat.
    Ping(Ping),
    /// A server has not answered for so long, or, with `None`, it has answered or was given up.
    Silent(Server, Option<Duration>),
    /// Time has passed.
    Tick,
}

/// Commands for the Zino poller.
#[derive(Debug)]
pub enum ZinoCommand {
    /// Read these cases.
    Read(Vec<CaseId>),
    /// Read everything again.
    Reread,
    /// Deliver user actions to a case.
    Deliver(Box<Delivery>),
}

/// What is to be done.
#[derive(Debug)]
pub enum Output {
    /// For the writer.
    Argus(Job),
    /// For the poller.
    Zino(ZinoCommand),
    /// The program cannot start: a server refuses our token or secret. Exit 77 with this message.
    Refused(String),
    /// A single run is over.
    Finished(Box<RunEnd>),
}
