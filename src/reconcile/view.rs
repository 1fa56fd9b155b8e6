//! What is known about one problem, and what may be done next about it: the words that `decide` and
//! the executor share. Never decides anything and never asks a server.

use super::evidence::Evidence;
use super::identity::exact;
use super::setbacks::{Setbacks, WriteKey};
use super::work::{CaseWork, ProblemJob};
use crate::argus::models::{Acks, Event, EventKind, EventPk, Incident, IncidentPk, NewEvent, NewIncident, Patch};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseId, Problem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The number that an incident has at its source: `source_incident_id`.
pub type IncidentNumber = String;

/// All that is known about one problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The problem.
    pub problem: Problem,
    /// Its cases, by number. Only those that are due may cause a question of their own.
    pub cases: Vec<CaseWork>,
    /// What is known of Argus.
    pub argus: Facts,
    /// A write of unknown outcome, and whether it may be repeated if it is still lacking.
    pub in_doubt: Option<(WriteKey, bool)>,
    /// A write failed in this run, so that nothing more is written. Everything is read all the
    /// same.
    pub writes_nothing: bool,
    /// Argus was not listed yet: an incident may be created, and nothing else is written.
    #[serde(default)]
    pub is_early: bool,
    /// The time of the decision.
    pub now: Stamp,
}

/// What is known of Argus. A listed incident is only a candidate: what changes the state of an
/// incident rests on one that was read in this run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Incidents from lists, perhaps minutes old.
    pub listed: BTreeMap<IncidentPk, Incident>,
    /// Whether `listed` holds every open incident about the problem. Without that a missing one
    /// proves nothing, and nothing is created.
    pub lists_all_open: bool,
    /// Incidents that were read in this run with all their events. `None`: Argus answered 404.
    pub read: BTreeMap<IncidentPk, Option<IncidentRead>>,
    /// The acknowledgements of incidents that were asked for in this run.
    #[serde(default)]
    pub acks: BTreeMap<IncidentPk, Acks>,
    /// The incident that has a number, where the number was looked up. `None`: the number is free.
    pub numbers: BTreeMap<IncidentNumber, Option<Incident>>,
    /// Numbers under which Argus refused an incident in this run (400), and its reason.
    pub denied: BTreeMap<IncidentNumber, String>,
    /// Questions that Argus refused to answer in this run (4xx).
    pub refused: BTreeSet<Question>,
    /// Questions that Argus failed to answer in this run: they are asked again in another one.
    pub failed: BTreeSet<Question>,
    /// Writes that Argus accepted since it was asked last whether they had an effect.
    pub accepted: BTreeSet<WriteKey>,
}

/// An incident with its events, as they were at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentRead {
    /// The row, read after the events.
    pub incident: Incident,
    /// All its events.
    pub events: Vec<Event>,
}

impl IncidentRead {
    /// What the events prove.
    #[must_use]
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence::of(&self.incident, &self.events)
    }
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Next {
    /// The decision about this case lacks a fact: read it, then decide again.
    Ask(CaseId, Question),
    /// Execute these in order up to the first failure, then decide again. Only the last one may
    /// change the state of an incident.
    Write(Vec<Write>),
    /// Nothing now.
    Wait(Wait),
    /// Both servers agree, as far as this view shows.
    Done,
}

/// Why nothing is done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wait {
    /// Argus may still be executing this write.
    InDoubt(WriteKey),
    /// Another process made the incident of this case, and may still be writing to it.
    JustMade(CaseId),
}

/// A question to Argus: at most two requests, four where the answers contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Question {
    /// The incident with all its events.
    Incident(IncidentPk),
    /// Which incident has this number.
    Number(IncidentNumber),
    /// The acknowledgements of the incident.
    Acks(IncidentPk),
    /// The open incidents about the problem, by these tags.
    OpenAboutProblem(Vec<String>),
}

/// One write, and the rule that asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// The case on whose behalf it is made.
    pub case: CaseId,
    /// What it does.
    pub action: Action,
    /// Why.
    pub rule: Rule,
}

/// What a write does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Create an incident.
    Create(NewIncident),
    /// Post an event on an incident, or an acknowledgement.
    Post(IncidentPk, NewEvent),
    /// Change an incident.
    Patch(IncidentPk, Patch),
    /// Give an acknowledgement of ours an end at this time.
    Expire(IncidentPk, EventPk, Stamp),
}

/// The rule that asks for a write, with its name in `src/design.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rule {
    /// CREATE-1: a case that the filter wants has an incident.
    NewCase,
    /// HISTORY-1: every history entry is an event.
    History,
    /// TAGS-1: tags, description and level are the case's.
    Attributes,
    /// CLOSE-1: the incident of a closed case has ended.
    CaseClosed,
    /// USER-5: the incident of an open case is open, unless a person closed it.
    CaseOpen,
    /// USER-12: a person's close stands also where Argus lost it.
    CloseStands,
    /// IDENT-3: of several open incidents the lowest primary key stays.
    Duplicate,
    /// ACK-1: a case in one of `from_states` is acknowledged in Argus.
    StateEntered,
    /// ACK-3: our acknowledgement ends when the case leaves those states.
    StateLeft,
    /// IDENT-5: an incident of no case ends with the last case of its problem.
    LeftBehind,
}

impl Write {
    /// What makes it the same write when it is proposed again.
    #[must_use]
    pub fn key(&self) -> WriteKey {
        match &self.action {
            Action::Create(_) => WriteKey::creation(),
            Action::Post(pk, event) => WriteKey::event(*pk, event),
            Action::Patch(pk, _) => WriteKey::patch(*pk),
            Action::Expire(pk, ack, _) => WriteKey::expire(*pk, *ack),
        }
    }

    /// The incident, unless it is created.
    #[must_use]
    pub fn incident(&self) -> Option<IncidentPk> {
        match self.action {
            Action::Create(_) => None,
            Action::Post(pk, _) | Action::Patch(pk, _) | Action::Expire(pk, ..) => Some(pk),
        }
    }

    /// Whether it ends an incident.
    #[must_use]
    pub fn ends(&self) -> bool {
        matches!(&self.action, Action::Post(_, event) if event.kind == EventKind::End)
    }

    /// Whether Argus can lose an update there, so that its effect must be asked for. Such a write
    /// is the last of its batch.
    #[must_use]
    pub fn makes_uncertain(&self) -> bool {
        match &self.action {
            Action::Create(_) | Action::Expire(..) => false,
            Action::Post(_, event) => !matches!(event.kind, EventKind::Other | EventKind::Acknowledge),
            Action::Patch(..) => true,
        }
    }
}

impl View {
    /// The view of a job, before Argus was asked anything.
    #[must_use]
    pub fn of(job: &ProblemJob) -> Self {
        let mut cases = job.cases.clone();
        for work in cases.iter_mut().filter(|work| work.due) {
            work.setbacks.is_over(&WriteKey::reading(None));
        }
        Self {
            problem: job.problem.clone(),
            cases,
            argus: Facts {
                listed: job.incidents.iter().map(|incident| (incident.pk, incident.clone())).collect(),
                lists_all_open: job.lists_all_open,
                ..Facts::default()
            },
            in_doubt: job.doubt.clone(),
            writes_nothing: false,
            is_early: job.is_early,
            now: job.now,
        }
    }

    /// One case of the problem.
    #[must_use]
    pub fn case(&self, id: CaseId) -> Option<&CaseWork> {
        self.cases.iter().find(|work| work.case.id == id)
    }

    /// The setbacks of one case.
    pub fn setbacks(&mut self, id: CaseId) -> Option<&mut Setbacks> {
        self.cases.iter_mut().find(|work| work.case.id == id).map(|work| &mut work.setbacks)
    }

    /// Whether no case of the problem is open.
    #[must_use]
    pub fn all_closed(&self) -> bool {
        self.cases.iter().all(|work| work.case.is_closed())
    }

    /// The open case of the problem. Zino has one at a time; of two that we see the newer counts.
    #[must_use]
    pub fn open_case(&self) -> Option<&Arc<Case>> {
        self.cases
            .iter()
            .map(|work| &work.case)
            .filter(|case| !case.is_closed())
            .max_by_key(|case| (case.opened, case.id))
    }

    /// Whether an incident is exactly that of another case than this one.
    #[must_use]
    pub fn is_anothers(&self, case: &Case, incident: &Incident) -> bool {
        self.cases.iter().any(|work| work.case.id != case.id && exact(&work.case, incident))
    }
}

/// Why a part of a decision ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something else comes first.
    Next(Next),
    /// Argus refused to answer what this part depends on.
    Refused,
    /// Argus failed to answer what this part depends on.
    Failed,
    /// Something is to be written, and nothing more is written in this run.
    WritesNothing,
}

impl View {
    /// The incident with its events, as it was read in this run; `None` if it is not there.
    pub(super) fn read(&self, case: CaseId, pk: IncidentPk) -> Result<Option<Evidence<'_>>, Stop> {
        match self.argus.read.get(&pk) {
            Some(found) => Ok(found.as_ref().map(IncidentRead::evidence)),
            None => Err(self.ask(case, Question::Incident(pk))),
        }
    }

    /// The incident that has a number; `None` if the number is free.
    pub(super) fn number(&self, case: CaseId, number: &str) -> Result<Option<&Incident>, Stop> {
        match self.argus.numbers.get(number) {
            Some(found) => Ok(found.as_ref()),
            None => Err(self.ask(case, Question::Number(number.to_owned()))),
        }
    }

    /// The acknowledgements of an incident.
    pub(super) fn acks(&self, case: CaseId, pk: IncidentPk) -> Result<&Acks, Stop> {
        self.argus.acks.get(&pk).ok_or_else(|| self.ask(case, Question::Acks(pk)))
    }

    /// A fact is missing.
    pub(super) fn ask(&self, case: CaseId, question: Question) -> Stop {
        if self.argus.refused.contains(&question) {
            return Stop::Refused;
        }
        if self.argus.failed.contains(&question) {
            return Stop::Failed;
        }
        Stop::Next(Next::Ask(case, question))
    }
}

impl Facts {
    /// Every incident that was read in this run, or that could not be read.
    #[must_use]
    pub fn asked_for(&self) -> BTreeSet<IncidentPk> {
        let unanswered = self.refused.iter().chain(&self.failed).filter_map(|question| match question {
            Question::Incident(pk) => Some(*pk),
            Question::Number(_) | Question::Acks(_) | Question::OpenAboutProblem(_) => None,
        });
        self.read.keys().copied().chain(unanswered).collect()
    }

    /// Every incident that is known to be there, each as it was seen last.
    #[must_use]
    pub fn known(&self) -> BTreeMap<IncidentPk, &Incident> {
        let mut known: BTreeMap<IncidentPk, &Incident> = self.listed.iter().map(|(pk, i)| (*pk, i)).collect();
        known.extend(self.numbers.values().flatten().map(|incident| (incident.pk, incident)));
        for (pk, read) in &self.read {
            match read {
                Some(read) => drop(known.insert(*pk, &read.incident)),
                None => drop(known.remove(pk)),
            }
        }
        known
    }
}
