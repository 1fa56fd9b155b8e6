//! The cases of our Zino as last seen, by number and by problem. Never decides anything about them.

use crate::argus::models::{Incident, IncidentPk};
use crate::reconcile::filter::fault_is_over;
use crate::reconcile::identity::{About, about, label};
use crate::reconcile::render::fingerprint;
use crate::reconcile::rules::Rules;
use crate::reconcile::work::{Chance, Setbacks};
use crate::zino::case::{Case, CaseId, CaseKind, Problem};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// The generation of a case: a hash of everything that shows in Argus, plus a counter of re-check
/// requests. A job that started before the latest request does not complete it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    fingerprint: u64,
    rechecks: u64,
}

/// A case, and what is known about it.
#[derive(Debug)]
pub struct KnownCase {
    /// The case as last seen.
    pub case: Arc<Case>,
    /// The problem that it is about.
    pub problem: Arc<Problem>,
    /// The generation that Argus is to have.
    pub desired: Generation,
    /// The generation that Argus is known to have.
    pub observed: Option<Generation>,
    /// Its incident.
    pub incident: Option<IncidentPk>,
    /// Zino does not know it any more; kept until its last state is delivered.
    pub gone: bool,
    /// A secondary's case whose fault was over at the takeover, or that had closed before it was
    /// seen: gets no incident until its fault comes again or its state changes.
    pub exempt: bool,
    /// The outcome of a create request is unknown, or it was found by its number: the incident may
    /// exist and be on no list.
    pub may_be_unlisted: bool,
    /// What Argus refused of it or accepted without effect.
    pub setbacks: Setbacks,
    /// When it was notified, while it waits for its incident.
    pub notified_at: Option<Duration>,
}

impl KnownCase {
    /// Whether this is still the case that was looked at: a number can come to mean another one.
    #[must_use]
    pub fn is(&self, case: &Case) -> bool {
        self.case.opened == case.opened && *self.problem == case.problem()
    }

    /// Whether it is to be compared with Argus.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.observed != Some(self.desired)
    }

    /// The chance that it has after so many complete readings. A setback is tried again at another
    /// chance than it was tried at.
    #[must_use]
    pub fn chance(&self, look: u64) -> Chance {
        Chance { fingerprint: self.desired.fingerprint, look, last: self.gone }
    }

    /// Argus is known to have this generation.
    pub fn settle(&mut self, generation: Generation) {
        self.observed = Some(generation);
        if !self.is_due() {
            // A case that needs no incident waits for none.
            self.notified_at = None;
        }
    }

    /// A notification of this time is about it.
    pub fn note_notified(&mut self, at: Duration) {
        if self.incident.is_none() && !self.exempt && self.is_due() {
            self.notified_at.get_or_insert(at);
        }
    }

    /// Has it compared again, also if that is under way.
    pub fn recheck(&mut self) {
        self.desired.rechecks += 1;
    }
}

/// What a fresh view of a case changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that matters.
    Nothing,
    /// It is to be brought up to date.
    Due(Arc<Problem>),
    /// Its number had meant another case, about this problem.
    Replaced {
        /// The problem of the case that had the number before.
        before: Arc<Problem>,
        /// The problem of the case that has it now.
        now: Arc<Problem>,
    },
}

/// All cases that are known.
#[derive(Debug, Default)]
pub struct Cases {
    /// Each on its own, because the nodes of a map that grows at its end stay half empty.
    cases: BTreeMap<CaseId, Box<KnownCase>>,
    /// In order. Most have one case, and a set takes ten times the room for it.
    problems: HashMap<Arc<Problem>, Vec<CaseId>>,
    areas: HashMap<(String, CaseKind), BTreeSet<Arc<Problem>>>,
}

fn area_of(problem: &Problem) -> (String, CaseKind) {
    (label(&problem.router).to_owned(), problem.kind.clone())
}

impl Cases {
    /// One case.
    #[must_use]
    pub fn get(&self, id: CaseId) -> Option<&KnownCase> {
        self.cases.get(&id).map(|known| &**known)
    }

    /// One case, to be changed.
    pub fn get_mut(&mut self, id: CaseId) -> Option<&mut KnownCase> {
        self.cases.get_mut(&id).map(|known| &mut **known)
    }

    /// All cases, by number.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &KnownCase> {
        self.cases.values().map(|known| &**known)
    }

    /// All cases, by number, to be changed.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut KnownCase> {
        self.cases.values_mut().map(|known| &mut **known)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// The cases of a problem, by number.
    pub fn of<'a>(&'a self, problem: &Problem) -> impl DoubleEndedIterator<Item = &'a KnownCase> {
        self.problems.get(problem).into_iter().flatten().filter_map(|id| self.get(*id))
    }

    /// The problems that an incident may be about.
    pub fn near<'a>(&'a self, incident: &Incident) -> impl Iterator<Item = &'a Arc<Problem>> {
        let (exact, area) = match about(incident) {
            About::Named { problem, .. } => (self.problems.get_key_value(&problem).map(|(known, _)| known), None),
            About::Tagged { host, kind, .. } => (None, self.areas.get(&(label(&host).to_owned(), kind))),
            About::Unclear => (None, None),
        };
        exact.into_iter().chain(area.into_iter().flatten())
    }

    /// Takes a fresh view of a case.
    pub fn put(&mut self, case: Case, rules: &Rules) -> Change {
        let id = case.id;
        match self.cases.get(&id) {
            Some(known) if known.is(&case) => self.renew(case, rules),
            Some(known) => {
                let before = Arc::clone(&known.problem);
                self.remove(id);
                Change::Replaced { before, now: self.insert(case, rules) }
            }
            None => Change::Due(self.insert(case, rules)),
        }
    }

    /// Takes a fresh view of a case that is held.
    fn renew(&mut self, case: Case, rules: &Rules) -> Change {
        let Some(known) = self.cases.get_mut(&case.id) else {
            return Change::Nothing;
        };
        known.gone = false;
        if !case.history.starts_with(&known.case.history) {
            // A Zino that lost its newest state may lack what people did, too.
            known.recheck();
        }
        let closes = case.is_closed() && !known.case.is_closed();
        let fingerprint = fingerprint(&case, rules);
        let says_the_same =
            |before: &Case| (&before.state, fault_is_over(before)) == (&case.state, fault_is_over(&case));
        known.exempt &= says_the_same(&known.case);
        known.desired.fingerprint = fingerprint;
        if *known.case != case {
            known.case = Arc::new(case);
        }
        let change = if known.is_due() { Change::Due(Arc::clone(&known.problem)) } else { Change::Nothing };
        if closes {
            let problem = Arc::clone(&known.problem);
            self.recheck_open_ones(&problem);
        }
        change
    }

    /// Re-checks the open cases of a problem after another of its cases opened or closed, because
    /// that can change which incident they own. There can be two open ones for a moment: the old
    /// one is seen reopened before the new one is seen closed.
    fn recheck_open_ones(&mut self, problem: &Problem) {
        for id in self.problems.get(problem).into_iter().flatten() {
            if let Some(known) = self.cases.get_mut(id).filter(|known| !known.case.is_closed()) {
                known.recheck();
            }
        }
    }

    /// Takes a case that is not held.
    fn insert(&mut self, case: Case, rules: &Rules) -> Arc<Problem> {
        let id = case.id;
        let problem = case.problem();
        let problem = self.problems.get_key_value(&problem).map_or_else(|| Arc::new(problem), |(p, _)| Arc::clone(p));
        let ids = self.problems.entry(Arc::clone(&problem)).or_default();
        if let Err(at) = ids.binary_search(&id) {
            ids.reserve_exact(1);
            ids.insert(at, id);
        }
        self.areas.entry(area_of(&problem)).or_default().insert(Arc::clone(&problem));
        let exempt = rules.secondary && case.is_closed();
        let known = KnownCase {
            desired: Generation { fingerprint: fingerprint(&case, rules), rechecks: 0 },
            case: Arc::new(case),
            problem: Arc::clone(&problem),
            observed: None,
            incident: None,
            gone: false,
            exempt,
            may_be_unlisted: false,
            setbacks: Setbacks::default(),
            notified_at: None,
        };
        self.cases.insert(id, Box::new(known));
        self.recheck_open_ones(&problem);
        problem
    }

    /// Forgets a case.
    pub fn remove(&mut self, id: CaseId) {
        let Some(known) = self.cases.remove(&id) else {
            return;
        };
        let emptied = self.problems.get_mut(&known.problem).is_some_and(|ids| {
            ids.retain(|one| *one != id);
            ids.is_empty()
        });
        if emptied {
            self.problems.remove(&known.problem);
            let area = area_of(&known.problem);
            if let Some(problems) = self.areas.get_mut(&area) {
                problems.remove(&known.problem);
                if problems.is_empty() {
                    self.areas.remove(&area);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::testing::{OPENED, case, closed, entry, incident, port_case, rules};
    use crate::time::Stamp;

    #[test]
    fn a_change_that_nobody_sees_in_argus_is_no_work() {
        let mut cases = Cases::default();
        assert!(matches!(cases.put(port_case(1), &rules()), Change::Due(_)));
        let known = cases.get_mut(1).unwrap();
        known.observed = Some(known.desired);
        assert_eq!(
            cases.put(Case { portstate: Some("lowerLayerDown".into()), ..port_case(1) }, &rules()),
            Change::Nothing
        );
        let mut commented = port_case(1);
        commented.history.push(entry(5, "ford", &["hello"]));
        assert!(matches!(cases.put(commented, &rules()), Change::Due(_)));
    }

    #[test]
    fn a_case_that_stood_behind_another_is_looked_at_when_that_one_closes() {
        let mut cases = Cases::default();
        cases.put(case(1), &rules());
        cases.put(Case { router: "gw1".into(), ..case(2) }, &rules());
        cases.all_mut().for_each(|known| known.observed = Some(known.desired));
        let two = closed(Case { router: "gw1".into(), ..case(2) }, 60);
        assert!(matches!(cases.put(two.clone(), &rules()), Change::Due(_)));
        assert!(cases.get(1).unwrap().is_due());
        cases.all_mut().for_each(|known| known.observed = Some(known.desired));
        assert_eq!(cases.put(two, &rules()), Change::Nothing, "once");
        assert!(!cases.get(1).unwrap().is_due());
    }

    #[test]
    fn an_open_case_is_looked_at_when_an_earlier_one_of_its_problem_becomes_known() {
        let mut cases = Cases::default();
        cases.put(Case { router: "gw1".into(), ..case(2) }, &rules());
        cases.all_mut().for_each(|known| known.observed = Some(known.desired));
        cases.put(closed(case(1), 60), &rules());
        assert!(cases.get(2).unwrap().is_due());
    }

    #[test]
    fn a_look_that_began_before_the_latest_asking_settles_nothing() {
        let mut cases = Cases::default();
        cases.put(case(1), &rules());
        let known = cases.get_mut(1).unwrap();
        let under_way = known.desired;
        known.recheck();
        known.observed = Some(under_way);
        assert!(known.is_due());
    }

    #[test]
    fn a_number_that_means_another_case_now_drops_what_was_known_of_it() {
        let mut cases = Cases::default();
        cases.put(case(1), &rules());
        cases.get_mut(1).unwrap().incident = Some(9);
        let other = Case { router: "other".into(), opened: Stamp::from_secs(OPENED + 5), ..case(1) };
        assert!(matches!(cases.put(other, &rules()), Change::Replaced { .. }));
        assert_eq!(cases.get(1).unwrap().incident, None);
        assert_eq!(cases.of(&case(1).problem()).count(), 0);
        assert_eq!(cases.near(&incident(9, &case(1))).count(), 0);
    }
}
