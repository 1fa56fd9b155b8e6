//! The inputs and outputs of the engine, and its settings. Never decides anything.

use super::once::{Once, RunEnd};
use crate::argus::ArgusError;
use crate::argus::models::{Event, Incident, IncidentPk, ListQuery, NewEvent, Page};
use crate::failover::Ping;
use crate::reconcile::delivery::{Delivery, Found, Snapshot};
use crate::reconcile::rules::Rules;
use crate::reconcile::work::{Outcome, ProblemJob, ProblemReport};
use crate::time::Stamp;
use crate::zino::ZinoError;
use crate::zino::case::{Case, CaseId};
use std::time::Duration;

/// The time of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since some fixed point; for waiting.
    pub mono: Duration,
    /// Wall-clock time, for timestamps in Argus and in the log.
    pub wall: Stamp,
}

/// One of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Our Zino.
    Zino,
    /// Argus.
    Argus,
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Zino => "Zino",
            Self::Argus => "Argus",
        })
    }
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

/// What the Argus writer reports, one for each job.
#[derive(Debug)]
pub enum Report {
    /// A [`Job::Problem`].
    Problem(Box<ProblemReport>),
    /// A [`Job::Page`].
    Page(Result<Page<Incident>, ArgusError>),
    /// A [`Job::Newest`].
    Newest(Result<Page<Event>, ArgusError>),
    /// A [`Job::Incident`].
    Incident(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::EndOrphan`]: the incident as it is after.
    EndOrphan(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::MarkForgotten`]: the incident as it was before.
    MarkForgotten(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::CountOpen`].
    OpenCount(Result<usize, ArgusError>),
    /// A [`Job::SignOfLife`].
    SignOfLife(Result<(), ArgusError>),
    /// A [`Job::Renew`]; an error says what a person may have to do.
    Renewed(Result<(), String>),
    /// A [`Job::Probe`].
    Probe(Result<(), ArgusError>),
    /// A [`Job::Prove`].
    Proved(Result<(), ArgusError>),
    /// A [`Job::Reach`].
    Reached(Result<(), ArgusError>),
}

impl Report {
    /// Whether Argus has answered what the job asked.
    pub(super) fn is_answered(&self) -> bool {
        match self {
            Self::Problem(report) => !matches!(report.outcome, Outcome::Failed(_) | Outcome::Doubtful(_)),
            Self::Page(result) => result.is_ok(),
            Self::Newest(result) => result.is_ok(),
            Self::Incident(_, result) | Self::EndOrphan(_, result) | Self::MarkForgotten(_, result) => result.is_ok(),
            Self::OpenCount(result) => result.is_ok(),
            Self::Proved(result) | Self::Reached(result) | Self::SignOfLife(result) | Self::Probe(result) => {
                result.is_ok()
            }
            // It is so also where the token is too young to be renewed, which nobody is asked for.
            Self::Renewed(_) => false,
        }
    }
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

/// Jobs for the Argus writer.
#[derive(Debug)]
pub enum Job {
    /// Bring a problem up to date.
    Problem(Box<ProblemJob>),
    /// Read one page of a list: of what began at this time or before, at most so many incidents.
    Page(ListQuery, Option<Stamp>, usize),
    /// Read the newest events, at most so many.
    Newest(usize),
    /// Read one incident.
    Incident(IncidentPk),
    /// End an incident whose case Zino has deleted, unless somebody has reopened it.
    EndOrphan(IncidentPk, NewEvent),
    /// Put on an incident's record, at this time, that Zino may have forgotten its case.
    MarkForgotten(IncidentPk, Stamp),
    /// Ask how many open incidents there are.
    CountOpen,
    /// Send the heartbeat of this source.
    SignOfLife,
    /// Renew the token, if it is old enough.
    Renew,
    /// See whether Argus answers at all.
    Probe,
    /// In STANDBY: see whether Argus takes our token, as it stands in its file now; at most so many
    /// incidents are read.
    Prove(usize),
    /// See whether Argus can be reached, without the token: it is no sign of life.
    Reach,
}

/// Commands for the Zino poller.
#[derive(Debug)]
pub enum ZinoCommand {
    /// Read these cases.
    Read(Vec<CaseId>),
    /// Read everything again.
    Reread,
    /// Deliver user actions to a case.
    Carry(Box<Delivery>),
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
