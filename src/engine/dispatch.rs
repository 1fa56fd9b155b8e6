//! What the machine has done next: at most so many jobs at once, looks before work, live work before bulk work.

use super::bulk::Rank;
use super::entry::{Generations, Priority};
use super::{Engine, Job, Now, Output, ZinoCommand};
use crate::argus::models::{Incident, IncidentPk};
use crate::reconcile::identity::same_problem;
use crate::reconcile::work::{CaseWork, ProblemJob};
use crate::zino::case::Problem;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

impl Engine {
    /// Everything that must be known before anything is created or ended is known.
    pub(super) fn is_ready(&self) -> bool {
        self.looking.ready
    }

    /// Both servers have been read completely, and Zino has told of every case that Argus has an incident of. Once that was so, a
    /// lost connection to Zino does not undo it.
    fn note_ready(&mut self) {
        let looking = &mut self.looking;
        let link = &self.link;
        looking.ready |=
            link.connected && link.read && link.awaited.is_empty() && looking.open_listed && looking.ended_listed;
    }

    pub(super) fn dispatch(&mut self, now: Now) {
        self.queue.wake(now.mono);
        self.note_ready();
        if self.renews(now) {
            return;
        }
        let link = &mut self.link;
        if link.connected && link.read && link.full_reading.is_due(now.mono) {
            link.full_reading.start(now.mono, self.settings.full_interval);
            self.out.push(Output::Zino(ZinoCommand::Reread));
        }
        self.reach_argus();
        if self.is_active() {
            self.check_orphans(now);
            self.send_delivery(now);
        } else {
            self.prove_takeover(now);
        }
        self.ask_argus_alone(now);
        if self.health.wants_probe(now.mono) {
            // One probe while Argus is away or suspect; whatever is under way ends by itself.
            if !self.probing {
                self.probing = true;
                self.send(Job::Probe);
            }
            return;
        }
        if self.health.next_wake().is_some() || !self.is_active() {
            return;
        }
        while self.busy < self.settings.connections.max(1) {
            let job = self.next_look(now).or_else(|| self.next_work(now)).or_else(|| self.next_sign_of_life(now));
            let Some(job) = job else {
                break;
            };
            self.send(job);
        }
    }

    pub(super) fn send(&mut self, job: Job) {
        self.busy += 1;
        self.out.push(Output::Argus(job));
    }

    /// Puts a problem in line for work.
    pub(super) fn line_up(&mut self, problem: &Arc<Problem>, priority: Priority) {
        let most = self.cases.of(problem).map(|s| (s.case.priority, s.case.opened)).max();
        let rank = most.map_or_else(Rank::default, |(priority, opened)| Rank::of(priority, opened));
        self.queue.add(problem, priority, rank);
    }

    /// The next problem to work on.
    fn next_work(&mut self, now: Now) -> Option<Job> {
        // A case that is being asked for may own what another would adopt.
        if !self.may_write() || !self.is_ready() || (self.link.connected && !self.link.awaited.is_empty()) {
            return None;
        }
        loop {
            let problem = self.queue.take()?;
            if self.is_sought_first(&problem, now) {
                continue;
            }
            if let Some(job) = self.problem_job(&problem, now) {
                let generations: Generations =
                    self.cases.of(&problem).filter(|s| s.due()).map(|s| (s.case.id, s.desired)).collect();
                self.queue.start(&problem, generations);
                return Some(Job::Problem(Box::new(job)));
            }
        }
    }

    /// The job for a problem; `None` if there is nothing to do, or not yet.
    fn problem_job(&mut self, problem: &Arc<Problem>, now: Now) -> Option<ProblemJob> {
        for id in self.cases.of(problem).filter(|s| s.due()).map(|s| s.case.id).collect::<Vec<_>>() {
            if self.cases.get(id).is_some_and(|s| !s.tried && self.needs_nothing(&s.case, now))
                && let Some(slot) = self.cases.get_mut(id)
            {
                slot.observed = Some(slot.desired);
            }
        }
        let cases: Vec<CaseWork> = self
            .cases
            .of(problem)
            .map(|s| CaseWork {
                case: Arc::clone(&s.case),
                due: s.due(),
                exempt: s.exempt,
                tried: s.tried,
                setbacks: s.setbacks.clone(),
                chance: s.chance(self.full_looks()),
            })
            .collect();
        if cases.is_empty() {
            self.queue.forget(problem);
            return None;
        }
        if !cases.iter().any(|work| work.due) {
            self.queue.park(problem);
            return None;
        }
        let incidents = self.incidents_of(problem, &cases);
        let settled = self.settled_at.unwrap_or(Duration::ZERO);
        if now.mono < settled && !incidents.is_empty() {
            self.queue.delay(problem, settled);
            return None;
        }
        let doubt = self.queue.doubt(problem, now.mono);
        Some(ProblemJob { problem: (**problem).clone(), cases, incidents, lists_all_open: true, doubt, now: now.wall })
    }

    fn incidents_of(&self, problem: &Problem, cases: &[CaseWork]) -> Vec<Incident> {
        let mut found: BTreeMap<IncidentPk, &Incident> = BTreeMap::new();
        for work in cases {
            for incident in self.incidents.near(&work.case).filter(|i| same_problem(&work.case, i)) {
                found.insert(incident.pk, incident);
            }
        }
        for home in self.cases.of(problem).filter_map(|s| s.home) {
            if let Some(incident) = self.incidents.get(home) {
                found.insert(home, incident);
            }
        }
        found.into_values().cloned().collect()
    }

    /// One delivery at a time, so that a hand-back leaves at most one to finish.
    fn send_delivery(&mut self, now: Now) {
        if !self.may_write() || !self.link.read || self.delivery_under_way.is_some() {
            return;
        }
        let due = self.deliveries.iter().filter(|(id, c)| c.retry.is_due(now.mono) && !self.leaves_delivery(**id, c));
        let Some((id, carrying)) = due.min_by_key(|(_, c)| c.retry.next_wake()) else {
            return;
        };
        self.delivery_under_way = Some(*id);
        self.out.push(Output::Zino(ZinoCommand::Carry(Box::new(carrying.delivery.clone()))));
    }

    /// When [`Engine::step`] is to be called with a tick, if nothing else happens before. Whatever was due before `now` waits
    /// for something else to happen.
    #[must_use]
    pub fn next_wake(&self, now: Duration) -> Option<Duration> {
        let mut wakes = vec![self.queue.next_wake(), self.health.next_wake()];
        wakes.push(self.sign_of_life_at());
        wakes.push(self.renewal_at());
        wakes.push(self.next_alone());
        wakes.push(self.run.as_ref().and_then(super::once::Run::next_wake));
        if !self.is_active() {
            wakes.push(self.next_proof());
        }
        if self.link.connected {
            wakes.push(self.link.full_reading.next_wake());
            if self.is_active() && !self.looking.busy {
                let looking = &self.looking;
                wakes.extend(looking.tries.wakes().map(Some));
                wakes.push(Some(looking.refresh_at.min(looking.full_at)));
                wakes.push(self.orphans.next_wake());
            }
            if self.delivery_under_way.is_none() {
                wakes.extend(self.deliveries.values().map(|c| Some(c.retry.next_wake())));
            }
        }
        wakes.into_iter().flatten().filter(|at| *at > now).min()
    }
}
