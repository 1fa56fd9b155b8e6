//! The loop around `decide`: it asks what the decision lacks, makes the proposed writes and decides
//! again, within a budget. Never decides anything itself.

use super::facts::{Answer, ask};
use super::writes::{Outcome as Written, write};
use crate::argus::models::{EventPk, Incident, IncidentPk, incident_name};
use crate::argus::{ArgusError, ArgusServer};
use crate::log::WRITTEN;
use crate::reconcile::decide::{decide, progress};
use crate::reconcile::rules::Rules;
use crate::reconcile::setbacks::{Cause, WriteKey};
use crate::reconcile::view::{Action, Next, Question, Rule, View, Wait, Write};
use crate::reconcile::work::{Changes, Outcome, ProblemJob, ProblemReport};
use crate::zino::case::{Case, CaseId};
use log::info;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most questions between two writes of a run: then other problems have their turn.
const MAX_QUESTIONS: usize = 12;
/// The most writes of a run: a long history must not hold up a new case.
const MAX_WRITES: usize = 25;

/// Brings one problem up to date, as far as one run does.
/// Rule: DECIDE-6.
pub fn run<A: ArgusServer + ?Sized>(argus: &A, rules: &Rules, job: &ProblemJob) -> ProblemReport {
    run_observed(argus, rules, job, &mut |_, _| {})
}

/// Like [`run`], for tests that record each view and the decision about it.
pub fn run_observed<A: ArgusServer + ?Sized>(
    argus: &A,
    rules: &Rules,
    job: &ProblemJob,
    observe: &mut dyn FnMut(&View, &Next),
) -> ProblemReport {
    let mut run = Run {
        argus,
        rules,
        view: View::of(job),
        asked: BTreeSet::new(),
        writes_left: MAX_WRITES,
        stop: None,
        failed: None,
        seen: BTreeMap::new(),
        tried: BTreeSet::new(),
        posted: Vec::new(),
        changes: Changes::default(),
    };
    let outcome = loop {
        let next = decide(&run.view, rules);
        observe(&run.view, &next);
        let step = match next {
            Next::Done => break None,
            Next::Wait(wait) => break Some(run.wait(wait)),
            Next::Ask(case, question) => run.ask(case, question),
            Next::Write(writes) => run.write(&writes),
        };
        if let Err(outcome) = step {
            break Some(outcome);
        }
    };
    run.report(job, outcome)
}

/// A run in progress.
struct Run<'a, A: ArgusServer + ?Sized> {
    argus: &'a A,
    rules: &'a Rules,
    view: View,
    /// The questions since the last write.
    asked: BTreeSet<Question>,
    writes_left: usize,
    /// How the run ends after everything was read, because a write failed.
    stop: Option<Outcome>,
    /// The first question that Argus failed to answer.
    failed: Option<ArgusError>,
    /// The incidents as Argus had them last.
    seen: BTreeMap<IncidentPk, Incident>,
    tried: BTreeSet<CaseId>,
    posted: Vec<EventPk>,
    changes: Changes,
}

impl<A: ArgusServer + ?Sized> Run<'_, A> {
    fn wait(&mut self, wait: Wait) -> Outcome {
        match wait {
            Wait::InDoubt(write) => Outcome::Doubtful(write),
            Wait::JustMade(case) => {
                self.tried.insert(case);
                Outcome::Fresh
            }
        }
    }

    fn ask(&mut self, case: CaseId, question: Question) -> Result<(), Outcome> {
        if self.asked.len() == MAX_QUESTIONS {
            return Err(Outcome::Unfinished);
        }
        debug_assert!(!self.asked.contains(&question), "a fact that is known: {question:?}");
        self.asked.insert(question.clone());
        match ask(self.argus, &question) {
            Ok(answer) => self.take(case, question, answer),
            Err(ArgusError::Request { status, why }) => self.is_refused(case, question, Cause::Refused { status, why }),
            Err(error @ (ArgusError::Unknown { status: Some(_), .. } | ArgusError::Busy(_))) => {
                self.is_unanswered(question, error);
            }
            Err(error) => return Err(Outcome::Failed(error)),
        }
        Ok(())
    }

    fn take(&mut self, case: CaseId, question: Question, answer: Answer) {
        for incident in answer.rows() {
            self.seen.insert(incident.pk, incident.clone());
        }
        let found = answer.rows().next().map(|incident| incident.pk);
        let is_taken = match (&question, answer) {
            (Question::Incident(pk), Answer::Incident(found)) => {
                let pk = *pk;
                if found.is_none() {
                    self.seen.remove(&pk);
                }
                self.view.take_incident(pk, found.map(|read| *read))
            }
            (Question::Number(number), Answer::Number(found)) => {
                self.view.take_number(case, number, found.map(|incident| *incident))
            }
            (Question::Acks(pk), Answer::Acks(found)) => {
                self.view.take_acks(*pk, found);
                true
            }
            (_, Answer::Open(found)) => {
                self.view.take_open(found);
                true
            }
            _ => false,
        };
        if !is_taken {
            // The incident exists. The next run looks for it before it creates another one.
            self.tried.insert(case);
            if let Some(setbacks) = self.view.setbacks(case) {
                setbacks.is_over(&WriteKey::creation());
            }
            let pk = if let Question::Incident(pk) = question { pk } else { found.unwrap_or_default() };
            let why = format!("incident {pk} is found by its number, and then Argus says that there is none (404)");
            self.is_unanswered(question, ArgusError::Busy(why));
        }
    }

    /// Argus refuses to answer. Everything else goes on.
    fn is_refused(&mut self, case: CaseId, question: Question, cause: Cause) {
        let (key, name) = match &question {
            Question::Incident(pk) => (WriteKey::reading(Some(*pk)), format!("the reading of incident {pk}")),
            Question::Number(_) => (WriteKey::reading(None), "the search for its incident".to_owned()),
            Question::Acks(pk) => {
                (WriteKey::reading_acks(*pk), format!("the reading of the acknowledgements of incident {pk}"))
            }
            // The incident is created without this search, once the list is there.
            Question::OpenAboutProblem(_) => {
                self.view.writes_nothing |= self.view.is_early;
                return self.view.take_open([]);
            }
        };
        if let Some(work) = self.view.cases.iter_mut().find(|work| work.case.id == case) {
            work.setbacks.failed(key, &name, cause, work.chance);
        }
        self.view.argus.refused.insert(question);
    }

    fn is_unanswered(&mut self, question: Question, error: ArgusError) {
        self.failed.get_or_insert(error);
        self.view.argus.failed.insert(question);
    }

    fn write(&mut self, writes: &[Write]) -> Result<(), Outcome> {
        let uncertain = writes.iter().position(Write::makes_uncertain);
        debug_assert!(
            uncertain.is_none_or(|at| at + 1 == writes.len()),
            "what makes uncertain is the last: {writes:?}"
        );
        debug_assert!(!writes.iter().any(|one| self.is_given_up(one)), "Argus refused one of {writes:?}");
        let is_of_acks = |one: &Write| matches!(&one.action, Action::Expire(..)) || one.rule == Rule::StateEntered;
        let accepted = &self.view.argus.accepted;
        debug_assert!(!writes.iter().any(|one| is_of_acks(one) && accepted.contains(&one.key())), "again: {writes:?}");
        for one in writes {
            let Some(left) = self.writes_left.checked_sub(1) else {
                return Err(Outcome::Unfinished);
            };
            self.writes_left = left;
            self.asked.clear();
            match write(self.argus, &mut self.view, one) {
                Written::Created(incident) => self.made_incident(one, *incident),
                Written::Posted(event) => {
                    self.posted.push(event);
                    self.changed(one);
                }
                Written::Patched(incident) => {
                    self.seen.insert(incident.pk, *incident);
                    self.changed(one);
                }
                Written::Expired => self.changed(one),
                Written::Refused => return Ok(()),
                Written::Failed(stop) => {
                    if matches!((&one.incident(), &stop), (None, Outcome::Failed(ArgusError::Unknown { .. }))) {
                        self.tried.insert(one.case);
                    }
                    self.stop = Some(stop);
                    self.view.writes_nothing = true;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn is_given_up(&self, write: &Write) -> bool {
        self.view.case(write.case).is_some_and(|work| work.setbacks.leaves_out(&write.key(), work.chance))
    }

    fn made_incident(&mut self, write: &Write, incident: Incident) {
        if let Some(work) = self.view.case(write.case) {
            let closed = if work.case.is_closed() { ", already closed" } else { "" };
            info!(target: WRITTEN, "{}: created {}{closed}", work.case.name(), incident_name(incident.pk));
        }
        self.changes.created.insert(write.case);
        self.seen.insert(incident.pk, incident.clone());
        self.view.take_created(write.case, incident);
    }

    fn changed(&mut self, write: &Write) {
        match (write.incident(), write.ends()) {
            (Some(pk), true) => drop(self.changes.ended.insert(pk)),
            _ => drop(self.changes.updated.insert(write.case)),
        }
    }

    fn report(mut self, job: &ProblemJob, outcome: Option<Outcome>) -> ProblemReport {
        let mut progress = progress(&self.view, self.rules);
        if job.is_early && self.seen.len() > self.changes.created.len() {
            // What else there is about the problem is known only when Argus is listed.
            (progress.settled, progress.owners, progress.actions) = (Vec::new(), Vec::new(), Vec::new());
        }
        let outcome = outcome.filter(|outcome| !matches!(outcome, Outcome::Unfinished) || self.stop.is_none());
        // The next run would ask the same questions again at once.
        let is_stuck = self.writes_left == MAX_WRITES && progress.settled.is_empty();
        let outcome = outcome.map(|outcome| match outcome {
            Outcome::Unfinished if is_stuck => {
                Outcome::Failed(ArgusError::Busy("too much to ask in one run".to_owned()))
            }
            outcome => outcome,
        });
        let is_all_done = job.cases.iter().all(|work| !work.due || progress.settled.contains(&work.case.id));
        let at_the_end = if job.is_early && !is_all_done { Outcome::Fresh } else { Outcome::Done };
        let outcome = outcome.or(self.stop).or(self.failed.map(Outcome::Failed)).unwrap_or(at_the_end);
        let case = |id: &CaseId| job.cases.iter().map(|work| &work.case).find(|case| case.id == *id).map(Arc::clone);
        let of = |id: CaseId| case(&id);
        let read = &self.view.argus.read;
        // An END without effect ended nothing.
        let is_open = |pk: &IncidentPk| read.get(pk).is_some_and(|r| r.as_ref().is_some_and(|r| r.incident.is_open()));
        self.changes.ended.retain(|pk| !is_open(pk));
        let gone = read.iter().filter(|(_, found)| found.is_none()).map(|(pk, _)| *pk).collect();
        let changed = |work: &&crate::reconcile::work::CaseWork| {
            let now = progress.setbacks.get(&work.case.id);
            now.filter(|now| **now != work.setbacks).map(|now| (Arc::clone(&work.case), now.clone()))
        };
        let setbacks = job.cases.iter().filter_map(|work| changed(&work)).collect();
        ProblemReport {
            problem: job.problem.clone(),
            outcome,
            incidents: self.seen.into_values().collect(),
            gone,
            owners: progress.owners.into_iter().filter_map(|(id, pk)| Some((of(id)?, pk))).collect(),
            actions: progress.actions.into_iter().filter_map(|(id, actions)| Some((of(id)?, actions))).collect(),
            posted: self.posted,
            tried: self.tried.iter().filter_map(case).collect::<Vec<Arc<Case>>>(),
            setbacks,
            settled: progress.settled,
            changes: self.changes,
        }
    }
}

#[cfg(test)]
#[path = "early_tests.rs"]
mod early_tests;
#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
