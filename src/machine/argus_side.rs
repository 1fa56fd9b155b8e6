//! What the machine makes of what comes from Argus.

use super::cases::{Goal, Slot};
use super::look::{Progress, Walk};
use super::queue::Lane;
use super::{Carrying, Machine, Now, Output, Report};
use crate::argus::ArgusError;
use crate::argus::models::{Event, EventKind, Incident, IncidentPk, ListQuery, Page, UserPk};
use crate::sync::carry::{Act, writes};
use crate::sync::creation::may_have_an_old_incident;
use crate::sync::errand::Errand;
use crate::sync::identity::{exact, number, same_problem};
use crate::sync::job::{ENDED_WINDOW_SECS, Outcome, ProblemReport};
use crate::zino::case::{Case, CaseId, Problem};
use log::{debug, info, warn};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How many problems' own troubles are logged one by one before it gets too much.
const MAX_TROUBLES_LOGGED: u32 = 20;
/// How many incidents of other instances may wait for a look.
const MAX_WANTED: usize = 1000;
const LOOK_FIRST_WAIT: Duration = Duration::from_secs(1);
const LOOK_LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What a refused token means, and what helps.
pub(super) const TOKEN_ADVICE: &str = "Argus deletes a token 14 days after it was made, used or not: make a new one for \
    the source system in Argus' admin pages, and put it into the configuration";

impl Machine {
    pub(super) fn take_report(&mut self, now: Now, report: Report) {
        self.busy = self.busy.saturating_sub(1);
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
        }
    }

    fn take_problem(&mut self, now: Now, report: ProblemReport) {
        let problem = self.shared(&report.problem);
        let brought = self.queue.finish(&problem);
        self.looking.feed.made(&report.posted);
        if !self.is_active() {
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
                self.touch(pk, Lane::Bulk);
            }
        }
        for (case, pk) in report.homes {
            if let Some(slot) = self.cases.get_mut(case.id).filter(|slot| slot.is(&case)) {
                slot.home = Some(pk);
                slot.tried = false;
            }
        }
        if let Some(case) = report.tried
            && let Some(slot) = self.cases.get_mut(case.id).filter(|slot| slot.is(&case))
        {
            slot.tried = true;
        }
        for (case, acts) in report.acts {
            self.plan_errand(now, &case, acts);
        }
        if self.cases.of(&problem).next().is_none() {
            // Whatever became of it, there is nothing more to do.
            self.queue.forget(&problem);
            return;
        }
        match report.outcome {
            Outcome::Done => {
                if let Some(trouble) = self.queue.succeeded(&problem) {
                    info!("{problem}: went through after trouble ({trouble})");
                }
                self.settle_cases(brought);
            }
            Outcome::Refused(why) => {
                if self.queue.refused(&problem, &why) {
                    self.told.failed(now, format!("{problem}: Argus refuses it ({why})"));
                    warn!("{problem}: Argus refuses it ({why}); left until the case changes or the next full look");
                }
                self.settle_cases(brought);
            }
            Outcome::Doubtful(doubt) => {
                self.health.suspect("a request without a usable answer");
                self.queue.doubtful(&problem, now.mono, doubt);
            }
            Outcome::Unfinished => self.queue.go_on(&problem),
            Outcome::Fresh => self.queue.wait_until(&problem, now.mono + super::SETTLE),
            Outcome::Failed(error) => {
                self.note_failure(&error);
                let news = self.queue.failed(&problem, now.mono, &error.to_string());
                debug!("{problem}: {error}{}", if news { "" } else { ", again" });
            }
        }
    }

    /// The key that all share, so that every map holds one copy of it.
    fn shared(&self, problem: &Problem) -> Arc<Problem> {
        self.cases.of(problem).next().map_or_else(|| Arc::new(problem.clone()), |slot| Arc::clone(&slot.problem))
    }

    /// These cases were brought to where they should be, or cannot be.
    fn settle_cases(&mut self, brought: Vec<(CaseId, Goal)>) {
        for (id, goal) in &brought {
            if let Some(slot) = self.cases.get_mut(*id) {
                slot.reached = Some(*goal);
            }
        }
        for (id, _) in brought {
            let Some(slot) = self.cases.get(id) else {
                continue;
            };
            if slot.due() {
                let problem = Arc::clone(&slot.problem);
                self.line_up(&problem, Lane::Live);
            } else if slot.gone {
                self.drop_case(id);
            }
        }
    }

    /// Compares what people did with what the case has, and has the rest carried.
    fn plan_errand(&mut self, now: Now, case: &Case, acts: Vec<Act>) {
        let id = case.id;
        // The number may mean another case by now, and nobody did anything to that one.
        let Some(slot) = self.cases.get(id).filter(|slot| slot.is(case)) else {
            return;
        };
        let lacking = writes(&slot.case, &acts, &self.settings.rules).len();
        if slot.gone || lacking == 0 {
            self.errands.remove(&id);
            return;
        }
        let errand = Errand { case: id, problem: (*slot.problem).clone(), opened: slot.case.opened, acts };
        match self.errands.get_mut(&id) {
            Some(carrying) => (carrying.errand, carrying.lacking) = (errand, lacking),
            None => {
                self.errands.insert(id, Carrying { errand, lacking, attempts: 0, retry_at: now.mono });
            }
        }
    }

    fn take_page(&mut self, now: Now, result: Result<Page<Incident>, ArgusError>) {
        self.looking.busy = false;
        if self.proof.asked {
            return self.take_proof(now, result);
        }
        let Some(mut walk) = self.looking.walk.take() else {
            return;
        };
        let page = match result {
            Ok(page) => page,
            Err(error) => {
                self.look_failed(now, "list the incidents", &error);
                return;
            }
        };
        self.look_succeeded();
        let progress = walk.take(&page);
        for incident in page.items {
            let pk = incident.pk;
            if self.incidents.put(incident) {
                self.touch(pk, Lane::Bulk);
            }
        }
        match progress {
            Progress::More => self.looking.walk = Some(walk),
            Progress::Complete => self.walked(now, &walk),
            Progress::Endless => {
                warn!(
                    "Argus' list of incidents does not end (too many with one start time?); going on with those it gave"
                );
                self.walked(now, &walk);
            }
        }
    }

    /// A list was read to its end.
    fn walked(&mut self, now: Now, walk: &Walk) {
        self.page_size.grow();
        match walk.query {
            ListQuery::Open => {
                self.looking.full_at = now.mono + self.settings.full_interval;
                let vanished: Vec<IncidentPk> = self
                    .incidents
                    .open()
                    .map(|i| i.pk)
                    .filter(|pk| self.incidents.unseen_since(*pk, walk.began))
                    .collect();
                for pk in vanished {
                    if !self.touch(pk, Lane::Live) {
                        self.looking.wanted.insert(pk);
                    }
                }
                if !self.looking.open_listed {
                    info!("{} open incidents in Argus", walk.items.len());
                }
                self.looking.open_listed = true;
                self.retry_refused();
                self.read_unheld_numbers(now);
                self.forget_old(now);
            }
            ListQuery::EndedSince(_) => {
                self.looking.ended_listed = true;
                self.read_unheld_numbers(now);
            }
            ListQuery::Number(_) => {}
        }
    }

    /// A full look gives what was refused another chance.
    fn retry_refused(&mut self) {
        for problem in self.queue.in_trouble() {
            for id in self.cases.of(&problem).map(|s| s.case.id).collect::<Vec<_>>() {
                self.make_due(id);
            }
            self.line_up(&problem, Lane::Bulk);
        }
    }

    fn forget_old(&mut self, now: Now) {
        let homes: BTreeSet<IncidentPk> = self.cases.all().filter_map(|s| s.home).collect();
        let is_own = |i: &Incident| number(i).and_then(|id| self.cases.get(id)).is_some_and(|s| exact(&s.case, i));
        let keep = |i: &Incident| homes.contains(&i.pk) || is_own(i);
        self.incidents.forget_ended_before(now.wall.plus_secs(-ENDED_WINDOW_SECS), keep);
    }

    fn take_newest(&mut self, now: Now, result: Result<Page<Event>, ArgusError>) {
        self.looking.busy = false;
        let page = match result {
            Ok(page) => page,
            Err(error) => {
                self.looking.feed_next = None;
                self.look_failed(now, "read the newest events", &error);
                return;
            }
        };
        self.look_succeeded();
        let news = self.looking.feed.take(page);
        if self.looking.baseline {
            for event in &news.events {
                self.take_news(now, event);
            }
        }
        if !self.looking.baseline {
            self.looking.baseline = true;
            self.looking.deep_at = now.mono + super::dispatch::DEEP_EVERY;
        }
        if let Some(pages) = news.read_back {
            let lasts = super::dispatch::DEEP_PAGE_LASTS.saturating_mul(u32::try_from(pages).unwrap_or(u32::MAX));
            self.looking.deep_at = now.mono + lasts.min(super::dispatch::DEEP_EVERY);
        }
        self.looking.feed_next = news.next;
        if news.overflow {
            info!("too many events in Argus to read them all: looking at every incident");
            self.looking.full_at = now.mono;
            self.look_at_all();
        }
    }

    /// Has every case compared with its incident again.
    pub(super) fn look_at_all(&mut self) {
        let problems: BTreeSet<_> = self.cases.all().map(|slot| Arc::clone(&slot.problem)).collect();
        self.cases.all_mut().for_each(Slot::ask);
        for problem in problems {
            self.line_up(&problem, Lane::Bulk);
        }
    }

    /// An event that this process did not make.
    fn take_news(&mut self, now: Now, event: &Event) {
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
            self.touch(event.incident, Lane::Live);
        }
    }

    /// Perhaps another instance on our source made the incident, somebody has reopened one of ours that ended long ago, or has done
    /// something on one that was ended as a duplicate so long ago.
    fn take_news_of_unknown(&mut self, now: Now, event: &Event) {
        let reopened = event.kind == EventKind::Reopen;
        match self.us() {
            Some(us) if self.looking.wanted.len() < MAX_WANTED => {
                let kinds = [EventKind::Acknowledge, EventKind::Close, EventKind::End, EventKind::Change];
                if reopened || us == event.actor || kinds.contains(&event.kind) && self.may_lack_an_own_incident(now) {
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

    /// Whether the own incident of a case that lives on in another one may have ended before those that are listed.
    fn may_lack_an_own_incident(&self, now: Now) -> bool {
        let lives_elsewhere = |s: &&Slot| {
            let home = s.home.and_then(|pk| self.incidents.get(pk));
            home.is_some_and(|home| !exact(&s.case, home))
        };
        self.cases.all().filter(lives_elsewhere).any(|s| may_have_an_old_incident(&s.case, now.wall))
    }

    /// The user of our source system; unknown as long as no incident of ours was seen.
    fn us(&self) -> Option<UserPk> {
        self.incidents.all().next().map(|i| i.source_user)
    }

    fn take_incident(&mut self, now: Now, pk: IncidentPk, result: Result<Option<Incident>, ArgusError>) {
        self.looking.busy = false;
        match result {
            Ok(Some(incident)) => {
                self.look_succeeded();
                let ours = self.us().is_none_or(|us| us == incident.source_user);
                if ours && self.incidents.put(incident) {
                    self.touch(pk, Lane::Live);
                }
            }
            Ok(None) => self.incidents.remove(pk),
            Err(error) => {
                self.looking.wanted.insert(pk);
                self.look_failed(now, "read an incident", &error);
            }
        }
    }

    /// Has the case of an incident looked at again; false if no case is about its problem.
    pub(super) fn touch(&mut self, pk: IncidentPk, lane: Lane) -> bool {
        let Some(incident) = self.incidents.get(pk) else {
            return false;
        };
        let mut concerned: Vec<CaseId> = Vec::new();
        let mut problems = Vec::new();
        for problem in self.cases.near(incident) {
            if self.cases.of(problem).any(|s| s.home == Some(pk) || same_problem(&s.case, incident)) {
                // Also a case that lives on in another incident because its own was ended as a duplicate.
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
            self.line_up(problem, lane);
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

    pub(super) fn look_succeeded(&mut self) {
        self.looking.attempts = 0;
        self.looking.failure = None;
    }

    pub(super) fn look_failed(&mut self, now: Now, what: &str, error: &ArgusError) {
        self.note_failure(error);
        self.looking.walk = None;
        self.looking.failure = Some((what.to_owned(), error.clone()));
        self.looking.attempts = self.looking.attempts.saturating_add(1);
        if matches!(error, ArgusError::Unknown { .. }) {
            self.page_size.shrink();
        }
        self.looking.retry_at =
            now.mono + super::backoff::backoff(self.looking.attempts, LOOK_FIRST_WAIT, LOOK_LONGEST_WAIT);
        // The first may be an outage, which is told once for all; the second came while Argus answered the probe.
        if self.looking.attempts == 2 {
            self.told.failed(now, format!("cannot {what}: {error}"));
            warn!("cannot {what}: {error}; trying again");
        }
    }

    fn note_failure(&mut self, error: &ArgusError) {
        match error {
            ArgusError::Request { .. } => {}
            ArgusError::Unauthorized(_) => {
                self.token_doubted = true;
                self.health.suspect(&error.to_string());
            }
            _ => self.health.suspect(&error.to_string()),
        }
    }

    fn take_probe(&mut self, now: Now, result: Result<(), ArgusError>) {
        self.probing = false;
        match result {
            Ok(()) => {
                self.token_doubted = false;
                self.told.argus = None;
                let Some(away) = self.health.answered(now.mono) else {
                    self.tell_troubles(now);
                    return;
                };
                warn!("Argus is back after {} s; problems that waited: {}", away.as_secs(), self.queue.len());
                self.queue.forget_untold_troubles();
                self.queue.wake_all();
                self.looking.retry_at = now.mono;
                self.looking.refresh_at = now.mono;
            }
            Err(ArgusError::Unauthorized(why)) if self.is_active() => {
                self.out.push(Output::Refused(format!("Argus refuses our token ({why}). {TOKEN_ADVICE}")));
            }
            Err(error) => {
                self.told.argus_fails(now, &error);
                if self.health.silent(now.mono) {
                    warn!("Argus cannot be used: {error}; trying again, problems that wait: {}", self.queue.len());
                }
            }
        }
    }

    /// Argus answers, so what failed is the trouble of single problems.
    fn tell_troubles(&mut self, now: Now) {
        for (problem, why) in self.queue.untold_troubles() {
            self.told.failed(now, format!("{problem}: Argus answers others but not this one ({why})"));
            self.troubles_logged += 1;
            match self.troubles_logged {
                n if n < MAX_TROUBLES_LOGGED => {
                    warn!("{problem}: Argus answers others but not this one ({why}); trying again later");
                }
                MAX_TROUBLES_LOGGED => warn!("many problems have such troubles; further ones are not logged"),
                _ => {}
            }
        }
    }
}
