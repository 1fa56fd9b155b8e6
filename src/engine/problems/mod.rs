//! What is known about each problem, and which problems are to be compared again: its cases, its
//! incidents, and the queue. Never asks a server, and never decides what a problem needs.

mod bulk;
mod cases;
mod delays;
mod entry;
mod incidents;
mod queue;
mod setbacks;

pub(super) use cases::{Cases, KnownCase};
pub use delays::Waiting;
pub(super) use entry::{Ended, Generations, Priority};
pub(super) use incidents::Incidents;
pub(super) use queue::Queue;
pub(super) use setbacks::{FullLooks, lines_of};

use super::component::{Component, Reset, Situation, TRIES};
use super::context::{Context, Effect};
use crate::argus::models::{Incident, IncidentPk, UserPk};
use crate::reconcile::filter::fault_is_over;
use crate::reconcile::identity::{exact, number, same_problem};
use crate::reconcile::matching::{ENDED_WINDOW_SECS, may_have_an_old_incident};
use crate::reconcile::rules::Rules;
use crate::reconcile::work::Setbacks;
use crate::time::Stamp;
use crate::zino::case::{Case, CaseId, Problem};
use bulk::Rank;
use cases::Change;
use log::debug;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// All problems.
#[derive(Debug, Default)]
pub(super) struct Problems {
    cases: Cases,
    incidents: Incidents,
    queue: Queue,
}

impl Problems {
    pub(super) fn cases(&self) -> &Cases {
        &self.cases
    }

    pub(super) fn incidents(&self) -> &Incidents {
        &self.incidents
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(super) fn queue_mut(&mut self) -> &mut Queue {
        &mut self.queue
    }

    /// Puts a problem in the queue.
    pub(super) fn enqueue(&mut self, problem: &Arc<Problem>, priority: Priority) {
        let most = self.cases.of(problem).map(|known| (known.case.priority, known.case.opened)).max();
        let rank = most.map_or_else(Rank::default, |(priority, opened)| Rank::of(priority, opened));
        self.queue.add(problem, priority, rank);
    }

    /// The key that all share, so that every map holds one copy of it.
    pub(super) fn shared(&self, problem: &Problem) -> Arc<Problem> {
        self.cases.of(problem).next().map_or_else(|| Arc::new(problem.clone()), |known| Arc::clone(&known.problem))
    }

    /// Takes a case as Zino has it now.
    pub(super) fn put_case(&mut self, ctx: &Context, case: Case, priority: Priority) {
        match self.cases.put(case, &ctx.settings.rules) {
            Change::Nothing => {}
            Change::Due(problem) => self.enqueue(&problem, priority),
            Change::Replaced { before, now } => {
                debug!("a case number now means {now}, before {before}");
                self.recheck_cases_of(&before);
                self.enqueue(&before, priority);
                self.enqueue(&now, priority);
            }
        }
    }

    /// Takes a case that an earlier engine of this process knew, and whether it is exempt.
    pub(super) fn keep_case(&mut self, rules: &Rules, case: Case, exempt: bool) {
        let id = case.id;
        self.cases.put(case, rules);
        if let Some(known) = self.cases.get_mut(id) {
            known.exempt = exempt;
        }
    }

    /// A complete reading showed a case as it is known; returns false if it is not known any more.
    pub(super) fn confirm_case(&mut self, id: CaseId) -> bool {
        let Some(known) = self.cases.get_mut(id) else {
            return false;
        };
        known.gone = false;
        if known.is_due() {
            let problem = Arc::clone(&known.problem);
            self.enqueue(&problem, Priority::Bulk);
        }
        true
    }

    /// Zino does not know this number. A closed case is kept until its last state is delivered. An
    /// open one was forgotten by Zino; what that means for its incident is decided elsewhere.
    pub(super) fn forget_case(&mut self, ctx: &mut Context, id: CaseId) {
        let Some(known) = self.cases.get_mut(id) else {
            return;
        };
        ctx.outbox.effect(Effect::CaseForgotten(id));
        let is_closed = known.case.is_closed();
        if is_closed && (known.is_due() || self.queue.is_running(&known.problem)) {
            known.gone = true;
        } else if is_closed && !known.gone && !known.setbacks.is_empty() {
            // What Argus did not accept is tried for the last time.
            known.gone = true;
            known.recheck();
            let problem = Arc::clone(&known.problem);
            self.enqueue(&problem, Priority::Live);
        } else {
            self.drop_case(id);
        }
    }

    /// Drops a case. Other cases of the problem may adopt its incident.
    fn drop_case(&mut self, id: CaseId) {
        let Some(known) = self.cases.get(id) else {
            return;
        };
        let problem = Arc::clone(&known.problem);
        setbacks::log_undelivered(known);
        self.cases.remove(id);
        if self.has_cases(&problem) {
            self.recheck_cases_of(&problem);
            self.enqueue(&problem, Priority::Bulk);
        } else {
            self.queue.forget(&problem);
        }
    }

    /// Whether any case is about this problem.
    pub(super) fn has_cases(&self, problem: &Problem) -> bool {
        self.cases.of(problem).next().is_some()
    }

    fn recheck_cases_of(&mut self, problem: &Problem) {
        let ids: Vec<CaseId> = self.cases.of(problem).map(|known| known.case.id).collect();
        ids.into_iter().for_each(|id| self.recheck_case(id));
    }

    /// Has the open case of a problem compared again: it may have shared an incident that ended.
    pub(super) fn recheck_open_case(&mut self, problem: &Arc<Problem>) {
        let open = self.cases.of(problem).rev().find(|known| !known.case.is_closed());
        if let Some(id) = open.map(|known| known.case.id) {
            self.recheck_case(id);
            self.enqueue(problem, Priority::Live);
        }
    }

    fn recheck_case(&mut self, id: CaseId) {
        if let Some(known) = self.cases.get_mut(id) {
            known.recheck();
        }
    }

    /// Has every case compared with its incident again.
    pub(super) fn recheck_all(&mut self) {
        self.recheck_where(|_| true);
    }

    /// Has every case compared again of which Argus did not accept something.
    pub(super) fn recheck_setbacks(&mut self) {
        self.recheck_where(|known| !known.setbacks.is_empty());
    }

    fn recheck_where(&mut self, is_concerned: impl Fn(&KnownCase) -> bool) {
        let concerned = self.cases.all_mut().filter(|known| is_concerned(known));
        let problems = concerned.map(|known| {
            known.recheck();
            Arc::clone(&known.problem)
        });
        for problem in problems.collect::<BTreeSet<_>>() {
            self.enqueue(&problem, Priority::Bulk);
        }
    }

    /// The case that a report is about, unless its number means another one by now.
    pub(super) fn case_mut(&mut self, case: &Case) -> Option<&mut KnownCase> {
        self.cases.get_mut(case.id).filter(|known| known.is(case))
    }

    /// Takes an incident as Argus has it now, and has its cases compared again if it changed.
    pub(super) fn put_incident(&mut self, ctx: &mut Context, incident: Incident, priority: Priority) {
        let pk = incident.pk;
        if self.incidents.put(incident) {
            self.recheck_incident(ctx, pk, priority);
        }
    }

    /// Takes an incident as an own write left it. Its cases are compared again only if they are
    /// about another problem than the write was.
    pub(super) fn put_written(&mut self, ctx: &mut Context, incident: Incident, problem: &Problem) {
        let is_about_others = !self.cases.of(problem).any(|known| same_problem(&known.case, &incident));
        let pk = incident.pk;
        if self.incidents.put(incident) && is_about_others {
            self.recheck_incident(ctx, pk, Priority::Bulk);
        }
    }

    /// Takes an incident as Argus has it now; that is no reason to compare its cases.
    pub(super) fn note_incident(&mut self, incident: Incident) {
        self.incidents.put(incident);
    }

    pub(super) fn remove_incident(&mut self, pk: IncidentPk) {
        self.incidents.remove(pk);
    }

    /// Has the cases of an incident compared again; returns false if no case is about its problem.
    pub(super) fn recheck_incident(&mut self, ctx: &mut Context, pk: IncidentPk, priority: Priority) -> bool {
        let Some(incident) = self.incidents.get(pk) else {
            return false;
        };
        let mut concerned: Vec<CaseId> = Vec::new();
        let mut problems = Vec::new();
        for problem in self.cases.near(incident) {
            let cases = || self.cases.of(problem);
            if cases().any(|known| known.incident == Some(pk) || same_problem(&known.case, incident)) {
                // Also a case that took another incident because its own was ended as a duplicate.
                let its_own = |known: &&KnownCase| known.incident == Some(pk) || exact(&known.case, incident);
                let before = concerned.len();
                concerned.extend(cases().filter(its_own).map(|known| known.case.id));
                // The open case, or else the newest one, may adopt this incident.
                let open = cases().rev().find(|known| !known.case.is_closed());
                if open.is_some() || concerned.len() == before {
                    concerned.extend(open.or_else(|| cases().next_back()).map(|known| known.case.id));
                }
                problems.push(Arc::clone(problem));
            }
        }
        if problems.is_empty() {
            // Zino may still have its case, closed long ago.
            let unknown = number(incident).filter(|id| self.cases.get(*id).is_none());
            unknown.into_iter().for_each(|id| ctx.outbox.effect(Effect::ReadCase(id)));
            return false;
        }
        concerned.into_iter().for_each(|id| self.recheck_case(id));
        problems.iter().for_each(|problem| self.enqueue(problem, priority));
        true
    }

    /// The user of our source system; unknown as long as no incident of ours was seen.
    pub(super) fn our_user(&self) -> Option<UserPk> {
        self.incidents.all().next().map(|incident| incident.source_user)
    }

    /// Whether the own incident of a case that took another one may have ended before those that
    /// are listed.
    pub(super) fn may_lack_an_own_incident(&self, filter: &crate::config::Filter, now: Stamp) -> bool {
        let took_another = |known: &&KnownCase| {
            let incident = known.incident.and_then(|pk| self.incidents.get(pk));
            incident.is_some_and(|incident| !exact(&known.case, incident))
        };
        self.cases.all().filter(took_another).any(|known| may_have_an_old_incident(&known.case, filter, now))
    }

    /// A case turned out to need nothing.
    pub(super) fn settle_as_it_is(&mut self, id: CaseId) {
        if let Some(known) = self.cases.get_mut(id) {
            known.settle(known.desired);
        }
    }

    /// Marks the cases of a finished job as synchronised, also where Argus refused part of it.
    pub(super) fn settle(&mut self, generations: Generations) {
        for (id, generation) in &generations {
            if let Some(known) = self.cases.get_mut(*id) {
                known.settle(*generation);
            }
        }
        for (id, _) in generations {
            let Some(known) = self.cases.get(id) else {
                continue;
            };
            if known.is_due() {
                let problem = Arc::clone(&known.problem);
                self.enqueue(&problem, Priority::Live);
            } else if known.gone {
                self.drop_case(id);
            }
        }
    }

    /// Forgets the ended incidents that no case can need any more.
    pub(super) fn forget_old_incidents(&mut self, now: Stamp) {
        let owned: BTreeSet<IncidentPk> = self.cases.all().filter_map(|known| known.incident).collect();
        let is_own = |i: &Incident| number(i).and_then(|id| self.cases.get(id)).is_some_and(|s| exact(&s.case, i));
        let keep = |i: &Incident| owned.contains(&i.pk) || is_own(i);
        self.incidents.forget_ended_before(now.plus_secs(-ENDED_WINDOW_SECS), keep);
    }

    /// A job of before a hand-back has reported; nothing of it counts.
    pub(super) fn drop_run(&mut self, ctx: &Context, problem: &Problem) {
        let problem = self.shared(problem);
        self.queue.finish(&problem, ctx.now.mono, Ended::Done);
    }

    /// The problems of which a server refuses something, or over which Argus fails. `undelivered`:
    /// the cases with a delivery that was given up.
    pub(super) fn troubled(&self, undelivered: impl Iterator<Item = CaseId>) -> BTreeSet<&Problem> {
        let set_back = self.cases.all().filter(|known| known.setbacks.given_up().next().is_some());
        let undelivered = undelivered.filter_map(|id| self.cases.get(id));
        let failing = self.queue.failures().map(|(problem, _)| problem);
        set_back.chain(undelivered).map(|known| &*known.problem).chain(failing).collect()
    }
}

impl Component for Problems {
    fn next_wake(&self, _at: &Situation) -> Option<Duration> {
        self.queue.next_wake()
    }

    fn is_idle(&self) -> bool {
        self.queue.is_done(TRIES)
    }

    fn reset(&mut self, why: Reset) {
        self.incidents.clear();
        for known in self.cases.all_mut() {
            // What Argus accepted is compared anew, and so is what it did not accept.
            (known.setbacks, known.notified_at) = (Setbacks::default(), None);
        }
        match why {
            Reset::HandBack => self.queue.clear(),
            Reset::Takeover => {
                for known in self.cases.all_mut() {
                    known.incident = None;
                    // Operators close cases on the primary only: our Zino has repaired ones open.
                    known.exempt = known.case.is_closed() || fault_is_over(&known.case);
                }
                self.recheck_all();
            }
        }
    }
}
