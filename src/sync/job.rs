//! The work on one problem, in straight-line blocking code against [`ArgusServer`]: look, plan, write, look again. How a case gets an
//! incident is in `creation.rs`.
//!
//! Keeps nothing between jobs and never talks to Zino; what people did is reported, not carried.

use super::carry::Act;
use super::evidence::{Evidence, duplicate_text};
use super::identity::{self, Home, assign, exact, same_problem};
use super::mapping::closing;
use super::plan::{Plan, Step, View, plan};
use super::rules::Rules;
pub use super::work::{CaseWork, Deeds, Doubt, Outcome, ProblemJob, ProblemReport};
use crate::argus::models::{Event, EventKind, Incident, IncidentPk, NewEvent};
use crate::argus::{ArgusError, ArgusServer};
use crate::zino::case::Case;
use log::{info, warn};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How far back ended incidents are listed: Zino keeps a closed case for eight hours and a half.
pub const ENDED_WINDOW_SECS: i64 = 9 * 3600;
/// How often one job looks again after a write before it gives way to others.
const MAX_ROUNDS: usize = 4;
/// How much one job writes before it gives way to others: a case with a long history must not hold up new ones.
const MAX_STEPS: usize = 25;
/// How many ended incidents are looked at to find the one that lived during a case's life.
const MAX_PERHAPS: usize = 5;

/// Why a job stops early.
pub(super) enum Stop {
    /// What the assignment went by is no longer so.
    Stale,
    Failed(ArgusError),
    Doubtful(Doubt),
    Fresh,
    /// It has written as much as it may.
    Enough,
}

impl From<ArgusError> for Stop {
    fn from(error: ArgusError) -> Self {
        Self::Failed(error)
    }
}

/// A job under way.
pub(super) struct Runner<'a, A: ArgusServer + ?Sized> {
    pub(super) argus: &'a A,
    pub(super) rules: &'a Rules,
    pub(super) job: &'a ProblemJob,
    /// The incidents about the problem, as last seen.
    pub(super) known: BTreeMap<IncidentPk, Incident>,
    /// What Argus refuses, where the rest went well.
    pub(super) refused: Option<String>,
    /// How much may still be written.
    steps_left: usize,
    /// Incidents that this job itself has ended or reopened.
    turned: BTreeSet<IncidentPk>,
    /// Another incident was found ended or reopened, so that the assignment went by what is no longer so.
    moved: bool,
    pub(super) report: ProblemReport,
}

/// Brings one problem up to date.
pub fn run<A: ArgusServer + ?Sized>(argus: &A, rules: &Rules, job: &ProblemJob) -> ProblemReport {
    let mut runner = Runner {
        argus,
        rules,
        job,
        known: job.incidents.iter().map(|i| (i.pk, i.clone())).collect(),
        refused: None,
        steps_left: MAX_STEPS,
        turned: BTreeSet::new(),
        moved: false,
        report: ProblemReport {
            problem: job.problem.clone(),
            outcome: Outcome::Done,
            incidents: Vec::new(),
            gone: Vec::new(),
            homes: Vec::new(),
            acts: Vec::new(),
            posted: Vec::new(),
            tried: None,
            deeds: Deeds::default(),
        },
    };
    let result = runner.everything();
    let mut report = runner.report;
    report.outcome = match (result, runner.refused) {
        (Err(Stop::Failed(ArgusError::Request { status, why })), _) => Outcome::Refused(format!("{status}: {why}")),
        (Err(Stop::Failed(error)), _) => Outcome::Failed(error),
        (Err(Stop::Doubtful(doubt)), _) => Outcome::Doubtful(doubt),
        (Err(Stop::Fresh), _) => Outcome::Fresh,
        (Err(Stop::Enough), _) => Outcome::Unfinished,
        (Err(Stop::Stale), _) => Outcome::Failed(ArgusError::Busy("its incidents keep changing".to_owned())),
        (Ok(()), Some(why)) => Outcome::Refused(why),
        (Ok(()), None) => Outcome::Done,
    };
    report
}

impl<A: ArgusServer + ?Sized> Runner<'_, A> {
    fn everything(&mut self) -> Result<(), Stop> {
        for _ in 0..MAX_ROUNDS {
            match self.round() {
                Err(Stop::Stale) => self.report.acts.clear(),
                result => return result,
            }
        }
        Err(Stop::Failed(ArgusError::Busy("its incidents keep changing".to_owned())))
    }

    fn round(&mut self) -> Result<(), Stop> {
        let cases: Vec<&Case> = self.job.cases.iter().map(|w| w.case.as_ref()).collect();
        let incidents: Vec<Incident> = self.known.values().cloned().collect();
        let assignment = assign(&cases, &incidents.iter().collect::<Vec<_>>());
        for work in self.job.cases.iter().filter(|w| w.due) {
            let home = assignment.homes.iter().find(|(id, _)| *id == work.case.id).map(|(_, home)| home);
            let mut acts = self.settle(work, home.unwrap_or(&Home::Covered))?;
            acts.extend(self.give_way(work)?);
            for (pk, _) in assignment.also_exact.iter().filter(|(_, id)| *id == work.case.id) {
                acts.extend(self.acts_on(&work.case, *pk)?);
            }
            // One incident can be looked at both as the home and as the case's own.
            acts.sort_by_key(|act| act.pk);
            acts.dedup_by_key(|act| act.pk);
            self.report.acts.push((Arc::clone(&work.case), acts));
        }
        for (duplicate, kept) in &assignment.duplicates {
            let text = duplicate_text(*kept);
            self.end_spare(
                *duplicate,
                Some(*kept),
                &NewEvent { kind: EventKind::End, timestamp: self.job.now, description: text },
            )?;
        }
        for (pk, id) in &assignment.left_behind {
            if let Some(closing) = cases.iter().find(|c| c.id == *id).and_then(|c| closing(c)) {
                let end = NewEvent { kind: EventKind::End, timestamp: closing.at, description: closing.text };
                self.end_spare(*pk, None, &end)?;
            }
        }
        if std::mem::take(&mut self.moved) { Err(Stop::Stale) } else { Ok(()) }
    }

    /// Brings one case up to date and returns what people did on its incident.
    fn settle(&mut self, work: &CaseWork, home: &Home) -> Result<Vec<Act>, Stop> {
        let case = &work.case;
        match home {
            Home::Incident { pk, .. } if work.excused && !self.is_open(*pk) => Ok(Vec::new()),
            // Its own, which ended too long ago to be listed, tells already what another incident would be told, and people may
            // have done something there.
            Home::Covered | Home::Incident { exact: false, .. }
                if case.is_closed() && self.find_old(case)?.is_some() =>
            {
                Err(Stop::Stale)
            }
            Home::Covered => Ok(Vec::new()),
            Home::Incident { pk, exact } => self.reconcile(case, *pk, *exact),
            _ if work.excused => Ok(Vec::new()),
            Home::None => self.create(case),
            Home::Perhaps(candidates) => {
                for pk in candidates.iter().take(MAX_PERHAPS) {
                    if self.look(*pk)?.is_some_and(|(i, events)| lived_during(case, &i, &events)) {
                        return self.reconcile(case, *pk, false);
                    }
                }
                self.create(case)
            }
        }
    }

    /// There is one open incident per problem, and of several the lowest pk stays: also where one is exactly a closed case's and yet
    /// open on behalf of another Zino. Ends those that an open case has where such an older one stands, else the younger such ones.
    /// Returns what people did on the older one.
    fn give_way(&mut self, work: &CaseWork) -> Result<Vec<Act>, Stop> {
        let case = &work.case;
        if case.is_closed() {
            return Ok(Vec::new());
        }
        let open = self.known.values().filter(|i| i.is_open() && same_problem(case, i));
        let (others, own): (Vec<&Incident>, Vec<&Incident>) = open.partition(|i| self.is_anothers(case, i));
        let others: Vec<IncidentPk> = others.iter().map(|i| i.pk).collect();
        let own: Vec<IncidentPk> = own.iter().map(|i| i.pk).collect();
        let Some(&lowest) = own.iter().min() else {
            return Ok(Vec::new());
        };
        let mut elsewhere = Vec::new();
        for pk in others {
            if self.lives_elsewhere(pk)? {
                elsewhere.push(pk);
            }
        }
        let kept = elsewhere.iter().copied().min().map_or(lowest, |other| other.min(lowest));
        let end = NewEvent { kind: EventKind::End, timestamp: self.job.now, description: duplicate_text(kept) };
        // Its own beside the lowest are ended as the assignment says.
        let own = own.into_iter().filter(|_| kept != lowest);
        for pk in own.chain(elsewhere).filter(|pk| *pk != kept) {
            self.end_spare(pk, Some(kept), &end)?;
        }
        if kept == lowest { Ok(Vec::new()) } else { self.reconcile(case, kept, false) }
    }

    /// Whether an incident is open on behalf of another Zino, as it is now.
    fn lives_elsewhere(&mut self, pk: IncidentPk) -> Result<bool, Stop> {
        let found = self.look(pk)?;
        Ok(found.is_some_and(|(incident, events)| {
            incident.is_open() && Evidence::new(&events, incident.source_user).lives_elsewhere(&self.rules.server)
        }))
    }

    fn is_open(&self, pk: IncidentPk) -> bool {
        self.known.get(&pk).is_some_and(Incident::is_open)
    }

    /// Looks at an incident and its events; `None` if it is not there.
    pub(super) fn look(&mut self, pk: IncidentPk) -> Result<Option<(Incident, Vec<Event>)>, Stop> {
        let found = match self.argus.incident(pk)? {
            Some(incident) => self.argus.events(pk)?.map(|events| (incident, events)),
            None => None,
        };
        match &found {
            Some((incident, _)) => {
                let was_open = self.known.get(&pk).map(Incident::is_open);
                self.moved |= !self.turned.contains(&pk) && was_open.is_some_and(|was| was != incident.is_open());
                self.saw(incident.clone());
            }
            None => {
                self.known.remove(&pk);
                self.report.incidents.retain(|i| i.pk != pk);
                self.report.gone.push(pk);
            }
        }
        Ok(found)
    }

    pub(super) fn saw(&mut self, incident: Incident) {
        self.report.incidents.retain(|i| i.pk != incident.pk);
        self.report.incidents.push(incident.clone());
        self.known.insert(incident.pk, incident);
    }

    /// Looks, plans and writes until nothing is lacking.
    pub(super) fn reconcile(&mut self, case: &Arc<Case>, pk: IncidentPk, exact: bool) -> Result<Vec<Act>, Stop> {
        let (mut pk, mut exact) = (pk, exact);
        let mut seen = BTreeSet::from([pk]);
        let mut acts = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let Some((incident, events)) = self.look(pk)? else {
                return self.create(case);
            };
            if let Some(kept) = self.stands_for(case, &incident, &events)?
                && seen.insert(kept)
            {
                // What people did on the duplicate while it was the case's counts too.
                acts.extend(self.acts_of(case, &incident, &events));
                (pk, exact) = (kept, false);
                continue;
            }
            if !exact && !case.is_closed() && !lived_during(case, &incident, &events) {
                // It has ended since it was adopted, and not for anything that this case tells.
                return Err(Stop::Stale);
            }
            if !exact && case.is_closed() && incident.is_open() && !self.all_closed() {
                // It lives for the problem's open case.
                return Ok(acts);
            }
            let view = View { case, incident: &incident, events: &events, exact, now: self.job.now };
            let plan = plan(&view, self.rules);
            let look_again = self.write(case, pk, &plan)?;
            self.report.homes.push((Arc::clone(case), pk));
            if !look_again {
                acts.extend(plan.acts);
                return Ok(acts);
            }
        }
        Err(Stop::Failed(ArgusError::Busy(format!("incident {pk} keeps changing"))))
    }

    /// The incident that this one was ended for as a duplicate, if that one still stands for the case's problem. A closed case
    /// ends it only where no case is open and no other rule would: one that is exactly an earlier case's.
    fn stands_for(
        &mut self,
        case: &Arc<Case>,
        incident: &Incident,
        events: &[Event],
    ) -> Result<Option<IncidentPk>, Stop> {
        let evidence = Evidence::new(events, incident.source_user);
        let Some(kept) = evidence.duplicate_of().filter(|kept| *kept < incident.pk) else {
            return Ok(None);
        };
        let stands = match self.look(kept)? {
            // Once it has ended for the case that it is exactly of, it stands for no other.
            Some((other, events)) => {
                let (open, anothers) = (other.is_open(), self.is_anothers(case, &other));
                let stands = if case.is_closed() { self.all_closed() && open && anothers } else { open || !anothers };
                stands && lived_during(case, &other, &events)
            }
            None => false,
        };
        Ok(stands.then_some(kept))
    }

    /// Carries a plan's steps out; true if the result must be looked at, because Argus can lose an update there.
    pub(super) fn write(&mut self, case: &Arc<Case>, pk: IncidentPk, plan: &Plan) -> Result<bool, Stop> {
        let mut look_again = false;
        for step in &plan.steps {
            self.step(pk, step)?;
            let deeds = &mut self.report.deeds;
            let ends = matches!(step, Step::Post(NewEvent { kind: EventKind::End, .. }));
            let _ = if ends { deeds.ended.insert(pk) } else { deeds.updated.insert(case.id) };
            info!("{}: {}", case.name(), step.told(pk));
            look_again |= !matches!(step, Step::Post(NewEvent { kind: EventKind::Other, .. }));
        }
        Ok(look_again)
    }

    fn step(&mut self, pk: IncidentPk, step: &Step) -> Result<(), Stop> {
        let doubt = Doubt { incident: pk, what: step.fingerprint() };
        if self.job.doubt.as_ref().is_some_and(|(d, ripe)| *d == doubt && !ripe) {
            return Err(Stop::Doubtful(doubt));
        }
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Stop::Enough)?;
        if matches!(step, Step::Post(NewEvent { kind: EventKind::End | EventKind::Restart, .. })) {
            self.turned.insert(pk);
        }
        let result = match step {
            Step::Post(event) => self.argus.post_event(pk, event).map(|event| self.report.posted.push(event.pk)),
            Step::Patch(patch) => self.argus.patch(pk, patch).map(|incident| self.saw(incident)),
        };
        result.map_err(|error| match error {
            ArgusError::Unknown { why, .. } => {
                warn!("incident {pk}: outcome of a write is unknown ({why}); looking before it is repeated");
                Stop::Doubtful(doubt)
            }
            other => Stop::Failed(other),
        })
    }

    fn all_closed(&self) -> bool {
        self.job.cases.iter().all(|work| work.case.is_closed())
    }

    pub(super) fn is_anothers(&self, case: &Case, incident: &Incident) -> bool {
        self.job.cases.iter().any(|w| w.case.id != case.id && exact(&w.case, incident))
    }

    /// What people did on an incident that is the case's own beside its home.
    fn acts_on(&mut self, case: &Case, pk: IncidentPk) -> Result<Vec<Act>, Stop> {
        let found = self.look(pk)?;
        Ok(found.map(|(incident, events)| self.acts_of(case, &incident, &events)).unwrap_or_default())
    }

    fn acts_of(&self, case: &Case, incident: &Incident, events: &[Event]) -> Vec<Act> {
        let evidence = Evidence::new(events, incident.source_user);
        let adopted_by = (!exact(case, incident)).then_some(case.opened);
        super::carry::acts(&evidence, incident, self.rules, adopted_by)
    }

    /// Ends an open incident that is no case's home, if it is still open and nobody wants it so.
    fn end_spare(&mut self, pk: IncidentPk, kept: Option<IncidentPk>, end: &NewEvent) -> Result<(), Stop> {
        for _ in 0..MAX_ROUNDS {
            let Some((incident, events)) = self.look(pk)? else {
                return Ok(());
            };
            if !incident.is_open() || identity::number(&incident).is_none() {
                return Ok(());
            }
            if let Some(kept) = kept
                && !self.look(kept)?.is_some_and(|(i, _)| i.is_open())
            {
                return Ok(());
            }
            let evidence = Evidence::of(&incident, &events);
            // A duplicate is ended now, by our clock, which says nothing of when somebody reopened it by Argus' clock.
            let reopened_since =
                |e: &Event| kept.is_none() && e.kind == EventKind::Reopen && e.received > end.timestamp;
            let before = if kept.is_some() {
                evidence.our_end_saying(&end.description)
            } else {
                evidence.our_end_at(end.timestamp)
            };
            if evidence.newest_turn().is_some_and(reopened_since)
                || before.is_some_and(|e| evidence.reopened_after(e, &self.rules.server))
            {
                return Ok(());
            }
            let step = Step::Post(end.clone());
            self.step(pk, &step)?;
            self.report.deeds.ended.insert(pk);
            info!("{}: {}", self.job.problem, step.told(pk));
        }
        Err(Stop::Failed(ArgusError::Busy(format!("incident {pk} keeps changing"))))
    }
}

/// Whether an incident is about the problem of a case, and open, or was open well after the case opened: then what ended it
/// was about this case. A duplicate stands for another incident.
fn lived_during(case: &Case, incident: &Incident, events: &[Event]) -> bool {
    let evidence = Evidence::new(events, incident.source_user);
    let ended_later = evidence.duplicate_of().is_none() && evidence.ended_after(case.opened);
    same_problem(case, incident) && (incident.is_open() || ended_later)
}
