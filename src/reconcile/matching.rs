//! Which incident belongs to which case of a problem (IDENT): its own one, adoption, duplicates,
//! and giving way to another Zino's incident. Pure; never decides what an incident lacks.

use super::evidence::Evidence;
use super::filter::{Verdict, may_have_been_wanted, verdict};
use super::identity::{exact, same_problem};
use super::render::{closing, plain_number, second_number, tags_of_problem};
use super::rules::Rules;
use super::view::{Next, Question, Stop, View, Wait};
use super::work::CaseWork;
use crate::argus::models::{EndTime, Incident, IncidentPk};
use crate::config::Filter;
use crate::time::Stamp;
use crate::zino::case::{Case, CaseId};
use std::cmp::Reverse;

/// How far back ended incidents are listed: Zino keeps a closed case for eight hours and a half.
pub const ENDED_WINDOW_SECS: i64 = 9 * 3600;
/// How many ended incidents are read to find the one that was open during the life of a case.
const MAX_CANDIDATES: usize = 5;

/// Whether a case may have an incident that ended before those that are listed: it opened before
/// them, too.
#[must_use]
pub fn may_have_an_old_incident(case: &Case, filter: &Filter, now: Stamp) -> bool {
    may_have_been_wanted(case, filter) && case.opened < now.plus_secs(-ENDED_WINDOW_SECS)
}

/// The incident of a case.
#[derive(Debug)]
pub(super) enum Owned<'v> {
    /// It has this one.
    Incident {
        /// What its events prove.
        evidence: Evidence<'v>,
        /// Whether it is this very case's, and not adopted from another life or another Zino.
        exact: bool,
        /// The incidents that were ended as duplicates of it.
        duplicates: Vec<Evidence<'v>>,
    },
    /// It has this ended one, and it is left alone (FAILOVER-9).
    LeftAlone(IncidentPk),
    /// It needs none: it is exempt, or an open incident that another case has covers it.
    Covered,
    /// It has none.
    None,
}

/// Where the incident of a case may be, as far as rows show it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Candidate {
    /// It is this one.
    Incident { pk: IncidentPk, exact: bool },
    /// It is one of these ended ones, if its events show that it was open during the life of the
    /// case. The one that ended last comes first.
    Perhaps(Vec<IncidentPk>),
    /// An open incident that another case has covers it.
    Covered,
    /// There is none.
    None,
}

/// The incidents about one problem, sorted for its cases.
pub(super) struct Matching<'v> {
    view: &'v View,
    filter: &'v Filter,
    /// Those about the problem, by primary key.
    about: Vec<&'v Incident>,
    /// The open ones that no case owns exactly, by primary key.
    free_open: Vec<&'v Incident>,
    /// The ended ones that no case owns exactly; the one that ended last comes first.
    free_ended: Vec<&'v Incident>,
    open_case: Option<CaseId>,
    last_closed: Option<CaseId>,
}

impl<'v> Matching<'v> {
    /// Sorts what is known.
    pub(super) fn of(view: &'v View, filter: &'v Filter) -> Self {
        let cases = || view.cases.iter().map(|work| &*work.case);
        let is_ours = |i: &Incident| i.end_time != EndTime::Stateless && cases().any(|case| same_problem(case, i));
        let about: Vec<&Incident> = view.argus.known().into_values().filter(|i| is_ours(i)).collect();
        let open_case = view.open_case().map(|case| case.id);
        // Zino has one open case of a problem: an older one is of a life that has just ended.
        let owners = || cases().filter(|case| case.is_closed() || Some(case.id) == open_case);
        let free = about.iter().copied().filter(|i| !owners().any(|case| exact(case, i)));
        let (free_open, mut free_ended): (Vec<_>, Vec<_>) = free.partition(|incident| incident.is_open());
        free_ended.sort_by_key(|incident| Reverse((ended_at(incident), incident.pk)));
        let closed = cases().filter(|case| case.is_closed());
        let last_closed = closed.max_by_key(|case| (closing(case).map(|c| c.at), case.id)).map(|case| case.id);
        Self { view, filter, about, free_open, free_ended, open_case, last_closed }
    }

    /// Asks for the open incidents about the problem, unless one of them or all are known.
    /// Rule: CREATE-4.
    pub(super) fn ask_for_open(&self, case: &Case, rules: &Rules) -> Result<(), Stop> {
        let is_known = self.view.argus.lists_all_open || self.about.iter().any(|incident| incident.is_open());
        match tags_of_problem(case, rules).filter(|_| !is_known) {
            Some(tags) => Err(self.view.ask(case.id, Question::OpenAboutProblem(tags))),
            None => Ok(()),
        }
    }

    /// Finds the incident of a case.
    pub(super) fn owned(&self, work: &CaseWork, rules: &Rules) -> Result<Owned<'v>, Stop> {
        let case = &*work.case;
        let candidate = self.candidate(case);
        let is_sure = matches!(candidate, Candidate::Incident { exact: true, .. });
        match candidate {
            Candidate::Incident { pk, .. } if work.exempt && !self.is_open(pk) => return Ok(Owned::LeftAlone(pk)),
            Candidate::None if work.exempt => return Ok(Owned::Covered),
            // Its own may have ended too long ago to be listed.
            _ if case.is_closed() && !is_sure => self.ask_for_own(work)?,
            _ => {}
        }
        match candidate {
            Candidate::Covered => Ok(Owned::Covered),
            Candidate::Incident { pk, .. } if self.is_news(work, pk) => {
                Err(Stop::Next(Next::Wait(Wait::JustMade(case.id))))
            }
            Candidate::Incident { pk, exact } if case.is_closed() || !self.is_open(pk) => self.follow(work, pk, exact),
            Candidate::Incident { pk, exact } => {
                self.read_of_other_zinos(case)?;
                let kept = self.elsewhere(case, rules).into_iter().fold(pk, IncidentPk::min);
                self.follow(work, kept, exact && kept == pk)
            }
            _ if work.exempt => Ok(Owned::Covered),
            Candidate::None | Candidate::Perhaps(_) => {
                if !case.is_closed() {
                    self.read_of_other_zinos(case)?;
                    // A second one would only have to give way to it.
                    if let Some(open) = self.elsewhere(case, rules).into_iter().min() {
                        return self.follow(work, open, false);
                    }
                }
                let Candidate::Perhaps(pks) = candidate else {
                    return Ok(Owned::None);
                };
                for pk in pks.into_iter().take(MAX_CANDIDATES) {
                    if self.view.read(case.id, pk)?.is_some_and(|evidence| lived_during(case, &evidence)) {
                        return self.follow(work, pk, false);
                    }
                }
                Ok(Owned::None)
            }
        }
    }

    /// Goes from an incident that was ended as a duplicate to the one that stands for it.
    fn follow(&self, work: &CaseWork, mut pk: IncidentPk, mut exact: bool) -> Result<Owned<'v>, Stop> {
        let mut duplicates = Vec::new();
        while let Some(evidence) = self.view.read(work.case.id, pk)? {
            let Some(kept) = self.stands_for(&work.case, &evidence)? else {
                return Ok(Owned::Incident { evidence, exact, duplicates });
            };
            duplicates.push(evidence);
            (pk, exact) = (kept, false);
        }
        Ok(Owned::None)
    }

    /// The incident that this one was ended for as a duplicate, if it still stands for the problem
    /// of the case. A closed case ends it only where no case is open and no other rule would: one
    /// that is exactly an earlier case's.
    fn stands_for(&self, case: &Case, evidence: &Evidence<'_>) -> Result<Option<IncidentPk>, Stop> {
        let Some(kept) = evidence.duplicate_of().filter(|kept| *kept < evidence.pk()) else {
            return Ok(None);
        };
        let Some(other) = self.view.read(case.id, kept)? else {
            return Ok(None);
        };
        // Once it has ended for the case that it is exactly of, it stands for no other.
        let (open, anothers) = (other.is_open(), self.view.is_anothers(case, other.incident));
        let stands = if case.is_closed() { self.view.all_closed() && open && anothers } else { open || !anothers };
        Ok((stands && lived_during(case, &other)).then_some(kept))
    }

    /// Asks for the incident of a case that is on no list: it ended too long ago, or the answer to
    /// its creation was lost. Once it is known it is the exact one.
    /// Rule: CREATE-8.
    pub(super) fn ask_for_own(&self, work: &CaseWork) -> Result<(), Stop> {
        let case = &work.case;
        if work.tried || may_have_an_old_incident(case, self.filter, self.view.now) {
            for number in [plain_number(case), second_number(case)] {
                if self.view.number(case.id, &number)?.is_none_or(|there| exact(case, there)) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether another process made an incident just now: our number turned out to be taken by it.
    fn is_news(&self, work: &CaseWork, pk: IncidentPk) -> bool {
        let facts = &self.view.argus;
        let by_number = facts.numbers.values().flatten().any(|incident| incident.pk == pk);
        let is_asked_for = work.case.is_closed() || verdict(&work.case, self.filter) != Verdict::Wanted;
        let was_sought = work.tried || is_asked_for && may_have_an_old_incident(&work.case, self.filter, self.view.now);
        by_number && !facts.listed.contains_key(&pk) && !was_sought
    }

    fn is_open(&self, pk: IncidentPk) -> bool {
        self.about.iter().any(|incident| incident.pk == pk && incident.is_open())
    }

    /// The incidents that are exactly a case's: the open ones first.
    fn exact_of(&self, case: &Case) -> Vec<&'v Incident> {
        let mut own: Vec<&Incident> = self.about.iter().copied().filter(|incident| exact(case, incident)).collect();
        own.sort_by_key(|incident| (!incident.is_open(), incident.pk));
        own
    }

    /// The same by their primary keys: what people did there counts too.
    pub(super) fn exact_pks(&self, case: &Case) -> Vec<IncidentPk> {
        self.exact_of(case).into_iter().map(|incident| incident.pk).collect()
    }

    /// Rules: IDENT-1, IDENT-2, IDENT-3, IDENT-6.
    fn candidate(&self, case: &Case) -> Candidate {
        let own = self.exact_of(case);
        if !case.is_closed() {
            let free =
                if self.open_case == Some(case.id) { self.free_open.as_slice() } else { return Candidate::Covered };
            let open = own.iter().chain(free).filter(|incident| incident.is_open()).min_by_key(|incident| incident.pk);
            return match open.or(own.first()) {
                Some(incident) => Candidate::Incident { pk: incident.pk, exact: exact(case, incident) },
                None => perhaps(self.free_ended.iter().copied()),
            };
        }
        if let Some(own) = own.first() {
            return Candidate::Incident { pk: own.pk, exact: true };
        }
        let record = || self.free_ended.iter().copied().find(|incident| covers(incident, case));
        if let Some(incident) = self.left_by(case).first().copied().or_else(record) {
            return Candidate::Incident { pk: incident.pk, exact: false };
        }
        if self.open_case.is_some() && self.free_open.iter().any(|incident| covers(incident, case)) {
            return Candidate::Covered;
        }
        let end = end_of(case);
        perhaps(self.free_ended.iter().copied().filter(|incident| incident.start_time <= end))
    }

    /// The open incidents of no case that a closed case ends, because it was the last one of the
    /// problem.
    /// Rule: IDENT-5.
    fn left_by(&self, case: &Case) -> Vec<&'v Incident> {
        if self.open_case.is_some() || self.last_closed != Some(case.id) {
            return Vec::new();
        }
        let end = end_of(case);
        self.free_open.iter().copied().filter(|incident| incident.start_time <= end).collect()
    }

    /// Those of them that are not the incident of that case.
    pub(super) fn left_behind(&self) -> Vec<(&'v Case, IncidentPk)> {
        let last = self.view.cases.iter().map(|work| &*work.case).find(|case| Some(case.id) == self.last_closed);
        let left_by = |case: &'v Case| {
            let own = self.candidate(case);
            let is_own = move |pk| matches!(own, Candidate::Incident { pk: own, .. } if own == pk);
            self.left_by(case).into_iter().filter(move |left| !is_own(left.pk)).map(move |left| (case, left.pk))
        };
        last.into_iter().flat_map(left_by).collect()
    }

    /// The open incidents to be ended because the problem's open case has another one: each with
    /// the one that stays. The lowest primary key is the one choice that two instances make alike.
    /// Rules: IDENT-3, FAILOVER-12.
    pub(super) fn duplicates(&self, rules: &Rules) -> Vec<(IncidentPk, IncidentPk)> {
        let Some(case) = self.view.open_case() else {
            return Vec::new();
        };
        let mut open: Vec<IncidentPk> = self.open_of(case, false).map(|incident| incident.pk).collect();
        if open.is_empty() {
            return Vec::new();
        }
        open.extend(self.elsewhere(case, rules));
        open.sort_unstable();
        let kept = open.remove(0);
        open.into_iter().map(|duplicate| (duplicate, kept)).collect()
    }

    /// The open incidents about the problem that are, or are not, exactly another case's.
    fn open_of(&self, case: &Case, anothers: bool) -> impl Iterator<Item = &'v Incident> {
        let is_wanted =
            move |i: &&Incident| i.is_open() && same_problem(case, i) && self.view.is_anothers(case, i) == anothers;
        self.about.iter().copied().filter(is_wanted)
    }

    /// Reads the open incidents that are exactly another case's, where that can be.
    fn read_of_other_zinos(&self, case: &Case) -> Result<(), Stop> {
        for incident in self.open_of(case, true) {
            match self.view.read(case.id, incident.pk) {
                Ok(_) | Err(Stop::Refused | Stop::Failed) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// Those of them that were read and are open on behalf of another Zino.
    fn elsewhere(&self, case: &Case, rules: &Rules) -> Vec<IncidentPk> {
        let lives_elsewhere = |pk: &IncidentPk| {
            let read = self.view.argus.read.get(pk).and_then(Option::as_ref);
            read.is_some_and(|read| read.incident.is_open() && read.evidence().lives_elsewhere(&rules.server))
        };
        self.open_of(case, true).map(|incident| incident.pk).filter(lives_elsewhere).collect()
    }
}

/// Whether an incident is about the problem of a case, and open, or was open well after the case
/// opened: then what ended it was about this case. A duplicate stands for another incident.
/// Rule: IDENT-4.
fn lived_during(case: &Case, evidence: &Evidence<'_>) -> bool {
    let ended_later = || evidence.duplicate_of().is_none() && evidence.ended_after(case.opened);
    same_problem(case, evidence.incident) && (evidence.is_open() || ended_later())
}

fn perhaps<'a>(ended: impl Iterator<Item = &'a Incident>) -> Candidate {
    let pks: Vec<IncidentPk> = ended.map(|incident| incident.pk).collect();
    if pks.is_empty() { Candidate::None } else { Candidate::Perhaps(pks) }
}

fn ended_at(incident: &Incident) -> Option<Stamp> {
    match incident.end_time {
        EndTime::At(time) => Some(time),
        EndTime::Open | EndTime::Stateless => None,
    }
}

fn end_of(case: &Case) -> Stamp {
    closing(case).map_or(case.opened, |closing| closing.at)
}

/// Whether the life of an incident and that of a closed case overlap.
/// Rule: IDENT-6.
fn covers(incident: &Incident, case: &Case) -> bool {
    incident.start_time <= end_of(case) && ended_at(incident).is_none_or(|end| end >= case.opened)
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
