//! What the machine makes of what comes from Argus.

use super::admission::Refusal;
use super::cases::Slot;
use super::entry::{Ended, Generations, Priority};
use super::{Engine, Now, Output, Report};
use crate::argus::ArgusError;
use crate::argus::models::{Event, EventKind, Incident, IncidentPk, UserPk};
use crate::reconcile::identity::{exact, number, same_problem};
use crate::reconcile::matching::ENDED_WINDOW_SECS;
use crate::reconcile::matching::may_have_an_old_incident;
use crate::reconcile::work::{Outcome, ProblemReport};
use crate::zino::case::{CaseId, Problem};
use log::{debug, error, info, warn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many problems' own troubles are logged one by one before it gets too much.
const MAX_TROUBLES_LOGGED: u32 = 20;
/// How many incidents may wait for a look.
const MAX_WANTED: usize = 1000;
/// What a refused token means, and what helps.
pub(super) const TOKEN_ADVICE: &str = "Argus deletes a token 14 days after it was made, used or not: make a new one for \
    the source system in Argus' admin pages, and put it into the configuration";

impl Engine {
    pub(super) fn take_report(&mut self, now: Now, report: Report) {
        self.busy = self.busy.saturating_sub(1);
        self.note_answer(now, &report);
        // Those two may have asked nothing, or without the token.
        if report.is_answered() && !matches!(report, Report::Problem(_) | Report::Reached(_)) {
            self.token.end_start();
        }
        match report {
            Report::Problem(report) => self.take_problem(now, *report),
            Report::Page(result) => self.take_page(now, result),
            Report::Newest(result) => self.take_newest(now, result),
            Report::Incident(pk, result) => self.take_incident(now, pk, result),
            Report::EndOrphan(pk, result) => self.take_orphan(now, pk, result),
            Report::MarkForgotten(pk, result) => self.take_mark(now, pk, result),
            Report::OpenCount(result) => self.take_count(now, result),
            Report::SignOfLife(result) => self.take_sign_of_life(result),
            Report::Renewed(result) => self.take_renewal(now, result),
            Report::Probe(result) => self.take_probe(now, result),
            Report::Proved(result) => self.take_proof(now, result),
            Report::Reached(result) => self.take_reached(result),
        }
        self.tell_to_hold();
    }

    fn take_problem(&mut self, now: Now, report: ProblemReport) {
        let problem = self.shared(&report.problem);
        self.looking.feed.made(&report.posted);
        if !self.is_active() {
            self.queue.finish(&problem, now.mono, Ended::Done);
            return;
        }
        for pk in report.gone {
            self.incidents.remove(pk);
        }
        if let Some(run) = &mut self.run {
            run.did(report.deeds);
        }
        for incident in report.incidents {
            let about_others = !self.cases.of(&problem).any(|s| same_problem(&s.case, &incident));
            let pk = incident.pk;
            if self.incidents.put(incident) && about_others {
                // Found by its number: what it turned out to be concerns another problem.
                self.touch(pk, Priority::Bulk);
            }
        }
        for (case, pk) in report.homes {
            if let Some(slot) = self.cases.get_mut(case.id).filter(|slot| slot.is(&case)) {
                slot.home = Some(pk);
                slot.tried = false;
            }
        }
        for case in report.tried {
            if let Some(slot) = self.cases.get_mut(case.id).filter(|slot| slot.is(&case)) {
                slot.tried = true;
            }
        }
        self.take_setbacks(now, report.setbacks);
        for (case, actions) in report.actions {
            self.plan_delivery(now, &case, actions);
        }
        if self.cases.of(&problem).next().is_none() {
            // Whatever became of it, there is nothing more to do.
            self.queue.finish(&problem, now.mono, Ended::Done);
            self.queue.forget(&problem);
            return;
        }
        let mut generations = self.queue.generations(&problem);
        if report.outcome != Outcome::Done {
            generations.retain(|(id, _)| report.settled.contains(id));
        }
        match report.outcome {
            Outcome::Done => {
                if let Some(trouble) = self.queue.finish(&problem, now.mono, Ended::Done) {
                    info!("{problem}: went through after trouble ({trouble})");
                }
            }
            Outcome::Doubtful(doubt) => {
                self.health.suspect("a request without a usable answer");
                self.queue.finish(&problem, now.mono, Ended::InDoubt(doubt));
            }
            Outcome::Unfinished => drop(self.queue.finish(&problem, now.mono, Ended::Unfinished)),
            Outcome::Fresh => {
                let until = now.mono + super::SETTLE;
                self.queue.finish(&problem, now.mono, Ended::NotBefore(until));
            }
            Outcome::Failed(error) => {
                self.note_failure(&error);
                debug!("{problem}: {error}");
                self.queue.finish(&problem, now.mono, Ended::Failed(&error.to_string()));
            }
        }
        self.settle_cases(generations);
    }

    /// The key that all share, so that every map holds one copy of it.
    fn shared(&self, problem: &Problem) -> Arc<Problem> {
        self.cases.of(problem).next().map_or_else(|| Arc::new(problem.clone()), |slot| Arc::clone(&slot.problem))
    }

    /// These cases were brought to where they should be, or cannot be.
    fn settle_cases(&mut self, generations: Generations) {
        for (id, goal) in &generations {
            if let Some(slot) = self.cases.get_mut(*id) {
                slot.observed = Some(*goal);
            }
        }
        for (id, _) in generations {
            let Some(slot) = self.cases.get(id) else {
                continue;
            };
            if slot.due() {
                let problem = Arc::clone(&slot.problem);
                self.line_up(&problem, Priority::Live);
            } else if slot.gone {
                self.drop_case(id);
            }
        }
    }

    pub(super) fn forget_old(&mut self, now: Now) {
        let homes: BTreeSet<IncidentPk> = self.cases.all().filter_map(|s| s.home).collect();
        let is_own = |i: &Incident| number(i).and_then(|id| self.cases.get(id)).is_some_and(|s| exact(&s.case, i));
        let keep = |i: &Incident| homes.contains(&i.pk) || is_own(i);
        self.incidents.forget_ended_before(now.wall.plus_secs(-ENDED_WINDOW_SECS), keep);
    }

    /// Has every case compared with its incident again.
    pub(super) fn look_at_all(&mut self) {
        let problems: BTreeSet<_> = self.cases.all().map(|slot| Arc::clone(&slot.problem)).collect();
        self.cases.all_mut().for_each(Slot::ask);
        for problem in problems {
            self.line_up(&problem, Priority::Bulk);
        }
    }

    /// An event that this process did not make.
    pub(super) fn take_news(&mut self, now: Now, event: &Event) {
        let Some(incident) = self.incidents.get(event.incident) else {
            return self.take_news_of_unknown(now, event);
        };
        // Text moves nothing, and an incident that another instance made is told by its place in the lists.
        let our_start = event.actor == incident.source_user && event.kind == EventKind::Start;
        if event.kind != EventKind::Other && !our_start {
            let reopened = matches!(event.kind, EventKind::Reopen | EventKind::Restart) && !incident.is_open();
            if reopened && self.looking.wanted.len() < MAX_WANTED {
                // Before a case of its problem gets another.
                self.looking.wanted.insert(event.incident);
            }
            self.touch(event.incident, Priority::Live);
        }
    }

    /// Perhaps another instance on our source made the incident, somebody has reopened one of ours
    /// that ended long ago, or has done something on one that was ended as a duplicate so long ago,
    /// or the list of the open ones does not tell everything.
    fn take_news_of_unknown(&mut self, now: Now, event: &Event) {
        let reopened = event.kind == EventKind::Reopen;
        match self.us() {
            Some(us) if self.looking.wanted.len() < MAX_WANTED => {
                let kinds = [EventKind::Acknowledge, EventKind::Close, EventKind::End, EventKind::Change];
                let may_be_ours = reopened || us == event.actor || !self.looking.left_out.is_empty();
                if may_be_ours || kinds.contains(&event.kind) && self.may_lack_an_own_incident(now) {
                    self.looking.wanted.insert(event.incident);
                }
            }
            // Whose it is, an incident alone does not say then. Only our own are listed, and the lists are nearly empty.
            None if reopened => {
                self.looking.full_at = now.mono;
                self.looking.ended_listed = false;
            }
            _ => {}
        }
    }

    /// Whether the own incident of a case that lives on in another one may have ended before those
    /// that are listed.
    fn may_lack_an_own_incident(&self, now: Now) -> bool {
        let lives_elsewhere = |s: &&Slot| {
            let home = s.home.and_then(|pk| self.incidents.get(pk));
            home.is_some_and(|home| !exact(&s.case, home))
        };
        self.cases.all().filter(lives_elsewhere).any(|s| may_have_an_old_incident(&s.case, now.wall))
    }

    /// The user of our source system; unknown as long as no incident of ours was seen.
    pub(super) fn us(&self) -> Option<UserPk> {
        self.incidents.all().next().map(|i| i.source_user)
    }

    /// Has the case of an incident looked at again; false if no case is about its problem.
    pub(super) fn touch(&mut self, pk: IncidentPk, priority: Priority) -> bool {
        let Some(incident) = self.incidents.get(pk) else {
            return false;
        };
        let mut concerned: Vec<CaseId> = Vec::new();
        let mut problems = Vec::new();
        for problem in self.cases.near(incident) {
            if self.cases.of(problem).any(|s| s.home == Some(pk) || same_problem(&s.case, incident)) {
                // Also a case that lives on in another incident because its own was ended as a
                // duplicate.
                let its_own = |s: &&Slot| s.home == Some(pk) || exact(&s.case, incident);
                let before = concerned.len();
                concerned.extend(self.cases.of(problem).filter(its_own).map(|s| s.case.id));
                // The open case, else the newest, may have to take it.
                let open = self.cases.of(problem).rev().find(|s| !s.case.is_closed());
                if open.is_some() || concerned.len() == before {
                    concerned.extend(open.or_else(|| self.cases.of(problem).next_back()).map(|s| s.case.id));
                }
                problems.push(Arc::clone(problem));
            }
        }
        for id in concerned {
            self.make_due(id);
        }
        for problem in &problems {
            self.line_up(problem, priority);
        }
        if problems.is_empty() {
            self.ask_for_case(pk);
        }
        !problems.is_empty()
    }

    /// Something happened to an incident of no case that is held: Zino may still have it, closed long ago.
    fn ask_for_case(&mut self, pk: IncidentPk) {
        let number = self.incidents.get(pk).and_then(number).filter(|id| self.cases.get(*id).is_none());
        if let Some(id) = number.filter(|_| self.link.read) {
            self.read_cases(std::collections::BTreeSet::from([id]));
        }
    }

    pub(super) fn note_failure(&mut self, error: &ArgusError) {
        match error {
            ArgusError::Request { .. } => {}
            _ => self.health.suspect(&error.to_string()),
        }
    }

    fn take_probe(&mut self, now: Now, result: Result<(), ArgusError>) {
        self.probing = false;
        match result {
            Ok(()) => {
                self.told.argus = None;
                let refused = self.token.admitted(now.mono);
                if !std::mem::replace(&mut self.unheard.argus_answers, true) && !self.link.connected {
                    info!("Argus answers and takes our token");
                }
                let Some(away) = self.health.answered(now.mono) else {
                    self.tell_troubles(now);
                    return;
                };
                let (is_back, lasted) = match refused {
                    Some(lasted) => ("takes our token again", lasted),
                    None => ("is back", away),
                };
                warn!("Argus {is_back} after {} s; problems that waited: {}", lasted.as_secs(), self.queue.len());
                if self.renewing.has_failed() {
                    self.renewing.look_at(now.mono);
                }
                self.queue.forget_unlogged_failures();
                self.queue.wake_all();
                self.looking.come_back(now.mono);
            }
            Err(ArgusError::Unauthorized(why)) if self.is_active() || self.run.is_some() => {
                self.take_refused_token(now, why);
            }
            Err(error) => {
                self.note_no_answer(&error);
                self.token.doubted();
                self.told.argus_fails(now, &error);
                let is_news = self.health.silent(now.mono);
                if (is_news || self.told.reminds(now)) && !self.is_hopeless_run() {
                    self.told.logged(now);
                    let waiting = self.queue.len();
                    let again = if self.run.is_some() { "" } else { "trying again; " };
                    warn!("Argus cannot be used: {error} ({again}{waiting} problems wait)");
                }
            }
        }
    }

    /// Argus itself does not take the token that is the newest that we have.
    fn take_refused_token(&mut self, now: Now, why: String) {
        match self.token.refused(now.mono, self.run.is_some()) {
            Refusal::Fatal => {
                let zino = self.told.zino.as_ref().filter(|_| self.run.is_some());
                let zino = zino.map(|failing| format!(". And Zino cannot be used: {failing}")).unwrap_or_default();
                self.out.push(Output::Refused(format!("Argus refuses our token ({why}). {TOKEN_ADVICE}{zino}")));
            }
            Refusal::News if self.token.is_at_start() => {
                warn!("Argus refuses our token ({why}); asking again for 10 s, then this program ends");
            }
            Refusal::News => error!("Argus refuses our token ({why}); trying again. {TOKEN_ADVICE}"),
            Refusal::Again => {}
        }
        self.told.argus_fails(now, &ArgusError::Unauthorized(why));
        self.health.silent(now.mono);
        if let Some(at) = self.token.confirmed_at() {
            self.health.probe_by(at);
        }
    }

    /// Argus answers, so what failed is the trouble of single problems.
    fn tell_troubles(&mut self, now: Now) {
        for (problem, why) in self.queue.unlogged_failures() {
            self.told.failed(now, format!("{problem}: Argus answers others but not this one ({why})"));
            self.troubles_logged += 1;
            match self.troubles_logged {
                n if n < MAX_TROUBLES_LOGGED => {
                    warn!("{problem}: Argus answers others but not this one ({why}){}", self.again());
                }
                MAX_TROUBLES_LOGGED => warn!("many problems have such troubles; further ones are not logged"),
                _ => {}
            }
        }
    }
}
