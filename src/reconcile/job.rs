//! The work on one problem, in straight-line blocking code against [`ArgusServer`]: look, plan,
//! write, look again. How a case gets an incident is in `creation.rs`, how one write is made in
//! `writing.rs`.
//!
//! One thing that fails stops no other: a refused write is left out, after a failed one everything
//! is still read, and what people did is reported all the same. Keeps nothing between jobs and
//! never talks to Zino; what people did is not carried here.

use super::carry::UserAction;
use super::evidence::{Evidence, duplicate_text};
use super::identity::{Home, assign, exact, same_problem};
use super::mapping::closing;
use super::plan::{View, plan};
use super::rules::Rules;
pub use super::work::{CaseWork, Chance, Deeds, Outcome, ProblemJob, ProblemReport, Setbacks, WriteKey};
use crate::argus::models::{Event, EventKind, Incident, IncidentPk, NewEvent};
use crate::argus::{ArgusError, ArgusServer};
use crate::zino::case::{Case, CaseId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How far back ended incidents are listed: Zino keeps a closed case for eight hours and a half.
pub const ENDED_WINDOW_SECS: i64 = 9 * 3600;
/// How often one job looks again after a write before it gives way to others.
pub(super) const MAX_ROUNDS: usize = 4;
/// How much one job writes before it gives way to others: a case with a long history must not hold up new ones.
const MAX_STEPS: usize = 25;
/// How many ended incidents are looked at to find the one that lived during a case's life.
const MAX_PERHAPS: usize = 5;

/// Why a job stops early.
pub(super) enum Stop {
    /// What the assignment went by is no longer so.
    Stale,
    Failed(ArgusError),
    /// Argus does not let us read something: this incident, or where one is.
    Forbidden {
        incident: Option<IncidentPk>,
        status: u16,
        why: String,
    },
    Doubtful(WriteKey),
    Fresh,
    /// It has written as much as it may.
    Enough,
}

impl From<ArgusError> for Stop {
    fn from(error: ArgusError) -> Self {
        match error {
            ArgusError::Request { status, why } => Self::Forbidden { incident: None, status, why },
            error => Self::Failed(error),
        }
    }
}

/// A job under way.
pub(super) struct Runner<'a, A: ArgusServer + ?Sized> {
    pub(super) argus: &'a A,
    pub(super) rules: &'a Rules,
    pub(super) job: &'a ProblemJob,
    /// The incidents about the problem, as last seen.
    pub(super) known: BTreeMap<IncidentPk, Incident>,
    /// What Argus refuses of each case, or accepts without effect.
    pub(super) setbacks: BTreeMap<CaseId, Setbacks>,
    /// Why nothing more is written. Everything is read all the same.
    pub(super) held: Option<Stop>,
    /// What could not be read although Argus answers; the first such failure.
    pub(super) failed: Option<ArgusError>,
    /// Incidents that this job has looked at, or tried to.
    pub(super) looked_at: BTreeSet<IncidentPk>,
    /// How much may still be written.
    pub(super) steps_left: usize,
    /// Incidents that this job itself has ended or reopened.
    pub(super) turned: BTreeSet<IncidentPk>,
    /// Another incident was found ended or reopened, so that the assignment went by what is no longer so.
    pub(super) moved: bool,
    pub(super) report: ProblemReport,
}

/// Brings one problem up to date.
pub fn run<A: ArgusServer + ?Sized>(argus: &A, rules: &Rules, job: &ProblemJob) -> ProblemReport {
    let mut runner = Runner {
        argus,
        rules,
        job,
        known: job.incidents.iter().map(|i| (i.pk, i.clone())).collect(),
        setbacks: job.cases.iter().map(|work| (work.case.id, work.setbacks.clone())).collect(),
        held: None,
        failed: None,
        looked_at: BTreeSet::new(),
        steps_left: MAX_STEPS,
        turned: BTreeSet::new(),
        moved: false,
        report: ProblemReport::of(job.problem.clone()),
    };
    let result = runner.everything();
    let outcome = match result.err().or(runner.held).or(runner.failed.map(Stop::Failed)) {
        None => Outcome::Done,
        Some(Stop::Failed(error)) => Outcome::Failed(error),
        Some(Stop::Forbidden { status, why, .. }) => Outcome::Failed(ArgusError::Request { status, why }),
        Some(Stop::Doubtful(key)) => Outcome::Doubtful(key),
        Some(Stop::Fresh) => Outcome::Fresh,
        Some(Stop::Enough) => Outcome::Unfinished,
        Some(Stop::Stale) => Outcome::Failed(ArgusError::Busy("its incidents keep changing".to_owned())),
    };
    let mut report = ProblemReport { outcome, ..runner.report };
    for work in &job.cases {
        let mut now = runner.setbacks.remove(&work.case.id).unwrap_or_default();
        now.trust();
        if now != work.setbacks {
            report.setbacks.push((Arc::clone(&work.case), now));
        }
    }
    report
}

impl<A: ArgusServer + ?Sized> Runner<'_, A> {
    fn everything(&mut self) -> Result<(), Stop> {
        for _ in 0..MAX_ROUNDS {
            match self.round() {
                Err(Stop::Stale) => self.report.actions.clear(),
                Ok(()) if self.held.is_none() && self.failed.is_none() => {
                    for work in self.job.cases.iter().filter(|w| w.due) {
                        self.setbacks.entry(work.case.id).or_default().concerns_only(&self.looked_at);
                    }
                    return Ok(());
                }
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
            let case = &work.case;
            let home = assignment.homes.iter().find(|(id, _)| *id == case.id).map(|(_, home)| home);
            self.setbacks(case).is_over(&WriteKey::reading(None));
            let mut actions = Vec::new();
            let found = self.settle(work, home.unwrap_or(&Home::Covered));
            self.go_on_after(case, found, &mut actions)?;
            let found = self.give_way(work);
            self.go_on_after(case, found, &mut actions)?;
            for (pk, _) in assignment.also_exact.iter().filter(|(_, id)| *id == case.id) {
                let found = self.actions_on(case, *pk);
                self.go_on_after(case, found, &mut actions)?;
            }
            // One incident can be looked at both as the home and as the case's own.
            actions.sort_by_key(|action| action.pk);
            actions.dedup_by_key(|action| action.pk);
            self.report.actions.push((Arc::clone(case), actions));
        }
        let open_case = self.job.cases.iter().map(|w| &w.case).filter(|c| !c.is_closed()).max_by_key(|c| c.id);
        for ((duplicate, kept), case) in assignment.duplicates.iter().zip(open_case.into_iter().cycle()) {
            let text = duplicate_text(*kept);
            let end = NewEvent { kind: EventKind::End, timestamp: self.job.now, description: text };
            let found = self.end_spare(case, *duplicate, Some(*kept), &end);
            self.go_on_after(case, found.map(|()| Vec::new()), &mut Vec::new())?;
        }
        for (pk, id) in &assignment.left_behind {
            let case = self.job.cases.iter().map(|w| &w.case).find(|c| c.id == *id);
            if let Some((case, closing)) = case.and_then(|case| Some((case, closing(case)?))) {
                let end = NewEvent { kind: EventKind::End, timestamp: closing.at, description: closing.text };
                let found = self.end_spare(case, *pk, None, &end);
                self.go_on_after(case, found.map(|()| Vec::new()), &mut Vec::new())?;
            }
        }
        if std::mem::take(&mut self.moved) { Err(Stop::Stale) } else { Ok(()) }
    }

    /// Brings one case up to date and returns what people did on its incident.
    fn settle(&mut self, work: &CaseWork, home: &Home) -> Result<Vec<UserAction>, Stop> {
        let case = &work.case;
        match home {
            Home::Incident { pk, .. } if work.exempt && !self.is_open(*pk) => Ok(Vec::new()),
            // Its own, which ended too long ago to be listed, tells already what another incident would be told, and people may
            // have done something there.
            Home::Covered | Home::Perhaps(_) | Home::Incident { exact: false, .. }
                if case.is_closed() && self.find_old(case)?.is_some() =>
            {
                Err(Stop::Stale)
            }
            Home::Covered => {
                self.setbacks(case).is_over(&WriteKey::creation());
                Ok(Vec::new())
            }
            Home::Incident { pk, exact } => self.reconcile_or_create(case, *pk, *exact),
            _ if work.exempt => Ok(Vec::new()),
            Home::None => self.create(case),
            Home::Perhaps(candidates) => {
                for pk in candidates.iter().take(MAX_PERHAPS) {
                    if self.look(*pk)?.is_some_and(|(i, events)| lived_during(case, &i, &events)) {
                        return self.reconcile_or_create(case, *pk, false);
                    }
                }
                self.create(case)
            }
        }
    }

    /// Brings a case up to date whose incident this is. Where Argus does not have it, the case has
    /// none.
    pub(super) fn reconcile_or_create(
        &mut self,
        case: &Arc<Case>,
        pk: IncidentPk,
        exact: bool,
    ) -> Result<Vec<UserAction>, Stop> {
        match self.reconcile(case, pk, exact)? {
            Some(actions) => Ok(actions),
            None => Err(self.lost(case)),
        }
    }

    fn is_open(&self, pk: IncidentPk) -> bool {
        self.known.get(&pk).is_some_and(Incident::is_open)
    }

    /// Looks, plans and writes until nothing is lacking; `None` if there is no such incident.
    pub(super) fn reconcile(
        &mut self,
        case: &Arc<Case>,
        pk: IncidentPk,
        exact: bool,
    ) -> Result<Option<Vec<UserAction>>, Stop> {
        let (mut pk, mut exact) = (pk, exact);
        let mut seen = BTreeSet::from([pk]);
        let mut actions = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let Some((incident, events)) = self.look(pk)? else {
                return Ok(None);
            };
            if let Some(kept) = self.stands_for(case, &incident, &events)?
                && seen.insert(kept)
            {
                // What people did on the duplicate while it was the case's counts too.
                actions.extend(self.actions_of(case, &incident, &events));
                (pk, exact) = (kept, false);
                continue;
            }
            if !exact && !case.is_closed() && !lived_during(case, &incident, &events) {
                // It has ended since it was adopted, and not for anything that this case tells.
                return Err(Stop::Stale);
            }
            if !exact && case.is_closed() && incident.is_open() && !self.all_closed() {
                // It lives for the problem's open case.
                return Ok(Some(actions));
            }
            let view = View { case, incident: &incident, events: &events, exact, now: self.job.now };
            let plan = plan(&view, self.rules);
            self.setbacks(case).is_over(&WriteKey::creation());
            self.weigh(case, pk, &plan.steps, &Evidence::of(&incident, &events));
            let look_again = self.write(case, pk, &plan);
            self.report.homes.push((Arc::clone(case), pk));
            if !look_again {
                actions.extend(plan.actions);
                return Ok(Some(actions));
            }
        }
        Err(Stop::Failed(ArgusError::Busy(format!("incident {pk} keeps changing"))))
    }

    pub(super) fn all_closed(&self) -> bool {
        self.job.cases.iter().all(|work| work.case.is_closed())
    }

    pub(super) fn is_anothers(&self, case: &Case, incident: &Incident) -> bool {
        self.job.cases.iter().any(|w| w.case.id != case.id && exact(&w.case, incident))
    }

    /// What people did on an incident that is the case's own beside its home.
    fn actions_on(&mut self, case: &Case, pk: IncidentPk) -> Result<Vec<UserAction>, Stop> {
        let found = self.look(pk)?;
        Ok(found.map(|(incident, events)| self.actions_of(case, &incident, &events)).unwrap_or_default())
    }

    fn actions_of(&self, case: &Case, incident: &Incident, events: &[Event]) -> Vec<UserAction> {
        let evidence = Evidence::new(events, incident.source_user);
        let adopted_by = (!exact(case, incident)).then_some(case.opened);
        super::carry::actions(&evidence, incident, self.rules, adopted_by)
    }
}

/// Whether an incident is about the problem of a case, and open, or was open well after the case opened: then what ended it
/// was about this case. A duplicate stands for another incident.
pub(super) fn lived_during(case: &Case, incident: &Incident, events: &[Event]) -> bool {
    let evidence = Evidence::new(events, incident.source_user);
    let ended_later = evidence.duplicate_of().is_none() && evidence.ended_after(case.opened);
    same_problem(case, incident) && (incident.is_open() || ended_later)
}
