//! What a run about one problem is given, and what it reports. Never decides and never asks.

pub use super::setbacks::{Chance, Setbacks, WriteKey};
use super::user_actions::UserAction;
use crate::argus::ArgusError;
use crate::argus::models::{EventPk, Incident, IncidentPk};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseId, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A case of the problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseWork {
    /// The case as Zino had it last.
    pub case: Arc<Case>,
    /// Whether it is to be synchronised. Otherwise it only counts for the matching.
    pub due: bool,
    /// Whether it gets no incident, and none of its ended ones is reopened (FAILOVER-9).
    pub exempt: bool,
    /// Whether its incident may be on no list: the outcome of its creation is unknown, or it was
    /// found by its number.
    pub tried: bool,
    /// Its writes that Argus refused or accepted without effect.
    pub setbacks: Setbacks,
    /// A setback of another chance is tried again.
    pub chance: Chance,
}

/// One problem to be synchronised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProblemJob {
    /// The problem.
    pub problem: Problem,
    /// All its known cases, by number.
    pub cases: Vec<CaseWork>,
    /// All known incidents that may be about it.
    pub incidents: Vec<Incident>,
    /// Whether these are all open incidents about it.
    pub lists_all_open: bool,
    /// Argus was not listed yet: an incident may be created, and nothing else is written.
    #[serde(default)]
    pub is_early: bool,
    /// A write of unknown outcome, and whether it may be repeated if it is still lacking.
    pub doubt: Option<(WriteKey, bool)>,
    /// The time now.
    pub now: Stamp,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is lacking, except for the setbacks.
    Done,
    /// The budget was spent: another run goes on.
    Unfinished,
    /// Argus failed: another run tries again.
    Failed(ArgusError),
    /// The outcome of this write is unknown: another run looks for its effect.
    Doubtful(WriteKey),
    /// Another process created the incident moments ago and may still write to it: another run
    /// follows a little later.
    Fresh,
}

/// What a run found and did.
#[derive(Debug, Clone)]
pub struct ProblemReport {
    /// The problem.
    pub problem: Problem,
    /// How the run ended.
    pub outcome: Outcome,
    /// The incidents that it saw, as it saw them last.
    pub incidents: Vec<Incident>,
    /// The incidents that do not exist.
    pub gone: Vec<IncidentPk>,
    /// The incident of each case.
    pub owners: Vec<(Arc<Case>, IncidentPk)>,
    /// The user actions on the incidents of each case.
    pub actions: Vec<(Arc<Case>, Vec<UserAction>)>,
    /// The events that it posted.
    pub posted: Vec<EventPk>,
    /// The cases whose incident may be on no list.
    pub tried: Vec<Arc<Case>>,
    /// The setbacks of each case, if they changed.
    pub setbacks: Vec<(Arc<Case>, Setbacks)>,
    /// The cases of which nothing is lacking, also if the run did not finish.
    pub settled: Vec<CaseId>,
    /// What it changed.
    pub changes: Changes,
}

impl ProblemReport {
    /// The report of a run that did nothing and found nothing lacking.
    #[must_use]
    pub fn of(problem: Problem) -> Self {
        Self {
            problem,
            outcome: Outcome::Done,
            incidents: Vec::new(),
            gone: Vec::new(),
            owners: Vec::new(),
            actions: Vec::new(),
            posted: Vec::new(),
            tried: Vec::new(),
            setbacks: Vec::new(),
            settled: Vec::new(),
            changes: Changes::default(),
        }
    }
}

/// What a run changed in Argus.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The cases whose incident was created.
    pub created: BTreeSet<CaseId>,
    /// The cases whose incident was written to, except for an END.
    pub updated: BTreeSet<CaseId>,
    /// The incidents that were ended.
    pub ended: BTreeSet<IncidentPk>,
}
