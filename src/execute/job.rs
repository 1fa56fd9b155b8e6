//! The jobs that Argus can be asked to do, what each of them means, and its report. Never decides
//! which job is next, and never repeats one.

use super::{orphan, run};
use crate::argus::models::{Event, Incident, IncidentPk, ListQuery, Mark, NewEvent, Page};
use crate::argus::{ArgusError, ArgusServer};
use crate::reconcile::rules::Rules;
use crate::reconcile::work::{Outcome, ProblemJob, ProblemReport};
use crate::time::Stamp;
use std::time::{Duration, Instant};

/// A job for the Argus writer.
#[derive(Debug)]
pub enum Job {
    /// Bring a problem up to date.
    Problem(Box<ProblemJob>),
    /// Read one page of a list: of what began at this time or before, at most so many incidents.
    Page(ListQuery, Option<Stamp>, usize),
    /// Read the newest events, at most so many, and for so many times the usual time-out.
    Newest(usize, u32),
    /// Read one incident.
    Incident(IncidentPk),
    /// End an incident whose case Zino has deleted, unless somebody has reopened it.
    EndOrphan(IncidentPk, NewEvent),
    /// Put on an incident's record, at this time, that Zino may have forgotten its case.
    MarkForgotten(IncidentPk, Stamp),
    /// Ask how many open incidents there are, or how many of them have this mark.
    CountOpen(Option<Mark>),
    /// Tell Argus that this source lives.
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

/// The report of a job.
#[derive(Debug)]
pub enum Report {
    /// A [`Job::Problem`].
    Problem(Box<ProblemReport>),
    /// A [`Job::Page`], and how long Argus took.
    Page(Result<Page<Incident>, ArgusError>, Duration),
    /// A [`Job::Newest`], and how long Argus took.
    Newest(Result<Page<Event>, ArgusError>, Duration),
    /// A [`Job::Incident`].
    Incident(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::EndOrphan`]: the incident as it is after.
    EndOrphan(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::MarkForgotten`]: the incident as it was before.
    MarkForgotten(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::CountOpen`], and how long Argus took.
    OpenCount(Result<usize, ArgusError>, Duration),
    /// A [`Job::SignOfLife`].
    SignOfLife(Result<(), ArgusError>),
    /// A [`Job::Renew`]; an error says what a person may have to do.
    Renewed(Result<(), String>),
    /// A [`Job::Probe`].
    Probe(Result<(), ArgusError>),
    /// A [`Job::Prove`].
    Proved(Result<(), ArgusError>),
    /// A [`Job::Reach`].
    Reach(Result<(), ArgusError>),
}

impl Report {
    /// Whether Argus has answered what the job asked.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        match self {
            Self::Problem(report) => !matches!(report.outcome, Outcome::Failed(_) | Outcome::Doubtful(_)),
            Self::Page(result, _) => result.is_ok(),
            Self::Newest(result, _) => result.is_ok(),
            Self::Incident(_, result) | Self::EndOrphan(_, result) | Self::MarkForgotten(_, result) => result.is_ok(),
            Self::OpenCount(result, _) => result.is_ok(),
            Self::Proved(result) | Self::Reach(result) | Self::SignOfLife(result) | Self::Probe(result) => {
                result.is_ok()
            }
            // It is so also where the token is too young to be renewed, which nobody is asked for.
            Self::Renewed(_) => false,
        }
    }
}

/// Does a job with any server: that of the writer threads, or the simulation's.
pub fn execute<A: ArgusServer + ?Sized>(argus: &A, rules: &Rules, job: Job) -> Report {
    match job {
        Job::Problem(job) => Report::Problem(Box::new(run::run(argus, rules, &job))),
        Job::Page(query, until, most) => {
            let (result, took) = timed(|| argus.list(&query, until, most));
            Report::Page(result, took)
        }
        Job::Newest(most, times) => {
            let (result, took) = timed(|| argus.newest_events(most, times));
            Report::Newest(result, took)
        }
        Job::CountOpen(mark) => {
            let (result, took) = timed(|| argus.count_open(mark));
            Report::OpenCount(result, took)
        }
        Job::Incident(pk) => Report::Incident(pk, argus.incident(pk)),
        Job::EndOrphan(pk, end) => Report::EndOrphan(pk, orphan::end(argus, rules, pk, &end)),
        Job::MarkForgotten(pk, now) => Report::MarkForgotten(pk, orphan::mark_forgotten(argus, pk, now)),
        Job::SignOfLife => Report::SignOfLife(argus.sign_of_life()),
        // The writer does it where there is a file to keep; elsewhere there is nothing to do.
        Job::Renew => Report::Renewed(Ok(())),
        Job::Probe => Report::Probe(argus.check_token()),
        Job::Prove(most) => Report::Proved(argus.list(&ListQuery::Open, None, most).map(drop)),
        Job::Reach => Report::Reach(argus.reach()),
    }
}

/// Does something, and tells how long it took.
fn timed<T>(something: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = something();
    (result, began.elapsed())
}
