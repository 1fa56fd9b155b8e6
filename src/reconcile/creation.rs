//! How a case that has no known incident gets one: the number it should have is asked for, or found taken. Part of a job; never
//! decides which case an incident belongs to.

use super::carry::UserAction;
use super::filter::{Verdict, may_have_been_wanted, verdict};
use super::identity::{exact, same_problem};
use super::job::{ENDED_WINDOW_SECS, Runner, Stop, WriteKey};
use super::mapping::{new_incident, plain_number, second_number};
use super::plan::{View, plan};
use super::setbacks::Cause;
use crate::argus::models::{Incident, IncidentPk, ListQuery};
use crate::argus::{ArgusError, ArgusServer};
use crate::time::Stamp;
use crate::zino::case::Case;
use log::info;
use std::sync::Arc;

/// Whether a case may have an incident that ended before those that are listed began to be: it opened before, too.
#[must_use]
pub fn may_have_an_old_incident(case: &Case, now: Stamp) -> bool {
    may_have_been_wanted(case) && case.opened < now.plus_secs(-ENDED_WINDOW_SECS)
}

/// How many incidents a look-up by number may bring; there is one at the most.
const LOOK_UP: usize = 10;

/// What became of a number that was asked for.
enum Asked {
    /// The case's incident has it.
    Made(Incident),
    /// It belongs to this incident.
    Taken(Incident),
    /// Argus refuses the incident for another reason, or failed, or is not asked now.
    Left,
}

impl<A: ArgusServer + ?Sized> Runner<'_, A> {
    /// Creates a case's incident where the filter wants one.
    pub(super) fn create(&mut self, case: &Arc<Case>) -> Result<Vec<UserAction>, Stop> {
        // A closed one that is as old as that has probably had its incident, and asking is no write.
        let wanted = verdict(case) == Verdict::Wanted;
        if (!wanted || case.is_closed() || self.tried(case))
            && let Some(old) = self.find_old(case)?
        {
            return self.reconcile_found(case, old, true);
        }
        if !wanted {
            self.setbacks(case).is_over(&WriteKey::creation());
            return Ok(Vec::new());
        }
        for number in [plain_number(case), second_number(case)] {
            let there = match self.ask_for(case, &number)? {
                Asked::Made(incident) => return self.created(case, incident),
                Asked::Taken(there) => there,
                Asked::Left => return Ok(Vec::new()),
            };
            let pk = there.pk;
            let own = exact(case, &there);
            let adoptable = there.is_open() && same_problem(case, &there) && !self.is_anothers(case, &there);
            let news = !self.known.contains_key(&pk) && !self.tried(case);
            self.saw(there);
            if news && (own || adoptable) {
                // Once, whatever it turns out to be then.
                self.report.tried.push(Arc::clone(case));
                return Err(Stop::Fresh);
            }
            if own || adoptable {
                return self.reconcile_found(case, pk, own);
            }
            info!("{}: number {number} belongs to incident {pk} about something else", case.name());
        }
        let chance = self.chance(case);
        self.setbacks(case).failed(WriteKey::creation(), "its incident", Cause::NumbersTaken, chance);
        Ok(Vec::new())
    }

    /// A case's incident is not there any more, so that another is its own, or a new one. An Argus
    /// that says so again and again has none of those that it says it made.
    pub(super) fn lost(&mut self, case: &Arc<Case>) -> Stop {
        let chance = self.chance(case);
        let shown = format!("its incident, number {}", plain_number(case));
        self.setbacks(case).accepted(WriteKey::creation(), &shown, true, chance);
        Stop::Stale
    }

    /// Brings a case up to date whose incident was found by its number. Argus may say in the same
    /// breath that there is none.
    fn reconcile_found(&mut self, case: &Arc<Case>, pk: IncidentPk, exact: bool) -> Result<Vec<UserAction>, Stop> {
        match self.reconcile(case, pk, exact)? {
            Some(actions) => Ok(actions),
            None => Err(self.unreadable(case, pk)),
        }
    }

    fn unreadable(&mut self, case: &Arc<Case>, pk: IncidentPk) -> Stop {
        // It was made, so that the next job looks for it before it asks for another one.
        self.setbacks(case).is_over(&WriteKey::creation());
        self.report.tried.push(Arc::clone(case));
        let why = format!("incident {pk} is found by its number, and then Argus says that there is none (404)");
        Stop::Failed(ArgusError::Busy(why))
    }

    /// Has Argus make the incident with this number, unless it is known that it would refuse it.
    fn ask_for(&mut self, case: &Arc<Case>, number: &str) -> Result<Asked, Stop> {
        let known = self.known.values().find(|i| *i.source_incident_id == *number).map(|i| i.pk);
        if let Some(pk) = known
            && let Some((there, _)) = self.look(pk)?
        {
            return Ok(Asked::Taken(there));
        }
        let chance = self.chance(case);
        if self.held.is_some() || self.setbacks(case).leaves_out(&WriteKey::creation(), chance) {
            return Ok(Asked::Left);
        }
        // What went wrong once is no write before it is known to be one.
        if self.setbacks(case).get(&WriteKey::creation()).is_some()
            && let Some(taken) = self.taken(case, number)?
        {
            return Ok(taken);
        }
        let (status, why) = match self.argus.create(&new_incident(case, self.rules, number.to_owned())) {
            Ok(incident) => return Ok(Asked::Made(incident)),
            Err(ArgusError::Request { status, why }) => (status, why),
            Err(error) => {
                if matches!(error, ArgusError::Unknown { .. }) {
                    self.report.tried.push(Arc::clone(case));
                }
                self.held = Some(Stop::Failed(error));
                return Ok(Asked::Left);
            }
        };
        if status == 400
            && let Some(taken) = self.taken(case, number)?
        {
            return Ok(taken);
        }
        let shown = format!("its incident, number {number}");
        self.setbacks(case).failed(WriteKey::creation(), &shown, Cause::Refused { status, why }, chance);
        Ok(Asked::Left)
    }

    /// The incident that has this number, if one does.
    fn taken(&mut self, case: &Arc<Case>, number: &str) -> Result<Option<Asked>, Stop> {
        match self.look_up(number)? {
            Some(there) if self.report.gone.contains(&there.pk) => Err(self.unreadable(case, there.pk)),
            found => Ok(found.map(Asked::Taken)),
        }
    }

    /// The incident of a case that is not on the lists and may be there all the same: it ended too long ago, or nobody heard that
    /// it was made.
    pub(super) fn find_old(&mut self, case: &Arc<Case>) -> Result<Option<IncidentPk>, Stop> {
        if !self.tried(case) && !may_have_an_old_incident(case, self.job.now) {
            return Ok(None);
        }
        for number in [plain_number(case), second_number(case)] {
            let Some(there) = self.look_up(&number)? else {
                return Ok(None);
            };
            if exact(case, &there) {
                let pk = there.pk;
                if self.report.gone.contains(&pk) {
                    return Err(self.unreadable(case, pk));
                }
                self.saw(there);
                return Ok(Some(pk));
            }
        }
        Ok(None)
    }

    /// Whether a request of ours may have made the case's incident.
    fn tried(&self, case: &Case) -> bool {
        self.job.cases.iter().any(|work| work.tried && work.case.id == case.id)
    }

    fn look_up(&self, number: &str) -> Result<Option<Incident>, Stop> {
        let page = self.argus.list(&ListQuery::Number(number.to_owned()), None, LOOK_UP)?;
        Ok(page.items.into_iter().find(|i| *i.source_incident_id == *number))
    }

    /// Brings an incident that was just made up to date; nobody else can have touched it. A refusal
    /// of before is over with it.
    fn created(&mut self, case: &Arc<Case>, incident: Incident) -> Result<Vec<UserAction>, Stop> {
        let pk = incident.pk;
        info!("{}: created incident {pk}{}", case.name(), if case.is_closed() { ", already closed" } else { "" });
        self.looked_at.insert(pk);
        self.saw(incident.clone());
        self.report.deeds.created.insert(case.id);
        if self.setbacks(case).get(&WriteKey::creation()).is_some() {
            // Argus has said so before and had none.
            return self.reconcile_or_create(case, pk, true);
        }
        self.report.homes.push((Arc::clone(case), pk));
        let view = View { case, incident: &incident, events: &[], exact: true, now: self.job.now };
        let plan = plan(&view, self.rules);
        self.write(case, pk, &plan);
        Ok(plan.actions)
    }
}
