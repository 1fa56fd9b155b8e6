//! What a job on one problem is given, and what it reports. Never does anything.

use super::carry::UserAction;
pub use super::setbacks::{Chance, Setbacks, WriteKey};
use crate::argus::ArgusError;
use crate::argus::models::{EventPk, Incident, IncidentPk};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseId, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A case in a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseWork {
    /// The case as last seen.
    pub case: Arc<Case>,
    /// Whether it is to be brought up to date; else it only takes part in the assignment.
    pub due: bool,
    /// Whether it shall get no incident, nor have an ended one reopened (design section 6,
    /// takeover).
    pub exempt: bool,
    /// Whether Argus may have an incident of its that is on no list: a creation of unknown outcome,
    /// or one that was found by its number.
    pub tried: bool,
    /// What Argus refused of it or accepted without effect.
    pub setbacks: Setbacks,
    /// What of that was tried at another one is tried again.
    pub chance: Chance,
}

/// One problem to be brought up to date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProblemJob {
    /// The problem.
    pub problem: Problem,
    /// All its cases that are known.
    pub cases: Vec<CaseWork>,
    /// All incidents that may be about it, as last seen.
    pub incidents: Vec<Incident>,
    /// Whether they are all open incidents about the problem.
    pub lists_all_open: bool,
    /// A write of unknown outcome, and whether it may be repeated if this look does not find it.
    pub doubt: Option<(WriteKey, bool)>,
    /// The time now.
    pub now: Stamp,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is as it should be, but for the setbacks.
    Done,
    /// There was more to write than one job does; to be gone on with.
    Unfinished,
    /// Argus failed; to be tried again.
    Failed(ArgusError),
    /// A write is of unknown outcome; to be looked at again.
    Doubtful(WriteKey),
    /// Another process has just made the incident and may be writing to it; to be looked at a
    /// little later.
    Fresh,
}

/// What a job found and did.
#[derive(Debug, Clone)]
pub struct ProblemReport {
    /// The problem.
    pub problem: Problem,
    /// How it ended.
    pub outcome: Outcome,
    /// Incidents as last seen by this job.
    pub incidents: Vec<Incident>,
    /// Incidents that are not there.
    pub gone: Vec<IncidentPk>,
    /// Which case has which incident.
    pub homes: Vec<(Arc<Case>, IncidentPk)>,
    /// What people did on a case's incidents.
    pub actions: Vec<(Arc<Case>, Vec<UserAction>)>,
    /// Events that this job made.
    pub posted: Vec<EventPk>,
    /// Cases that may have an incident which is on no list.
    pub tried: Vec<Arc<Case>>,
    /// Where it has changed: what Argus refuses of a case or accepts without effect.
    pub setbacks: Vec<(Arc<Case>, Setbacks)>,
    /// Cases of which nothing is lacking any more, whatever became of the others.
    pub settled: Vec<CaseId>,
    /// What it changed.
    pub deeds: Deeds,
}

impl ProblemReport {
    /// Of a job in which nothing was done and nothing was lacking.
    #[must_use]
    pub fn of(problem: Problem) -> Self {
        Self {
            problem,
            outcome: Outcome::Done,
            incidents: Vec::new(),
            gone: Vec::new(),
            homes: Vec::new(),
            actions: Vec::new(),
            posted: Vec::new(),
            tried: Vec::new(),
            setbacks: Vec::new(),
            settled: Vec::new(),
            deeds: Deeds::default(),
        }
    }
}

/// What a job changed in Argus.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deeds {
    /// Cases that got an incident.
    pub created: BTreeSet<CaseId>,
    /// Cases whose incident was written to, but for an END.
    pub updated: BTreeSet<CaseId>,
    /// Incidents that were ended.
    pub ended: BTreeSet<IncidentPk>,
}
