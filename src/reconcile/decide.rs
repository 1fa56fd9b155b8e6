//! What happens next about one problem: the only place that decides it. Pure and total; never asks
//! a server, never reads a clock, and remembers nothing between two calls.

use super::deliver::reopened_by_zino;
use super::evidence::{Evidence, duplicate_text, lost_close_text};
use super::filter::{Verdict, verdict};
use super::identity::number;
use super::lacking::lacking;
use super::matching::{Matching, Owned};
use super::render::{closing, new_incident, plain_number, restart, second_number};
use super::rules::Rules;
use super::setbacks::{Cause, Setbacks, WriteKey};
use super::text::tag_value;
use super::user_actions::{UserAction, user_actions};
use super::view::{Action, Next, Rule, Stop, View, Wait, Write};
use super::work::CaseWork;
use crate::argus::models::{IncidentPk, NewEvent};
use crate::zino::case::{Case, CaseId};
use std::collections::{BTreeMap, BTreeSet};

/// What happens next about a problem.
/// Rules: DECIDE-1, PRINCIPLE-1, PRINCIPLE-8.
#[must_use]
pub fn decide(view: &View, rules: &Rules) -> Next {
    Decision::about(view, rules).next()
}

/// What a view shows besides the next step. It is valid however the run ended, so that the runs of
/// a problem together reach [`Next::Done`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Cases of which nothing is lacking.
    pub settled: Vec<CaseId>,
    /// The incident of each case.
    pub owners: Vec<(CaseId, IncidentPk)>,
    /// The user actions on the incidents of a case, if all of these were read.
    pub actions: Vec<(CaseId, Vec<UserAction>)>,
    /// The setbacks of each case that still matter.
    pub setbacks: BTreeMap<CaseId, Setbacks>,
}

/// What a view shows about its problem.
#[must_use]
pub fn progress(view: &View, rules: &Rules) -> Progress {
    let decision = Decision::about(view, rules);
    let is_done = decision.next.is_none() && decision.wait.is_none() && decision.pending.is_empty();
    let mut progress = decision.progress;
    progress.settled.retain(|case| !decision.pending.contains(case));
    let read = view.argus.asked_for();
    for work in &view.cases {
        if let Some(setbacks) = progress.setbacks.get_mut(&work.case.id) {
            if is_done && work.due {
                setbacks.concerns_only(&read);
            }
            setbacks.trust();
        }
    }
    progress
}

/// A decision in the making. It covers every case, for the progress; the first step that it finds
/// is the next one.
struct Decision<'v> {
    view: &'v View,
    rules: &'v Rules,
    matching: Matching<'v>,
    next: Option<Next>,
    /// It applies if nothing else is to be done.
    wait: Option<Wait>,
    /// The cases about which something is still to be done, in this run or another one.
    pending: BTreeSet<CaseId>,
    progress: Progress,
}

impl<'v> Decision<'v> {
    fn about(view: &'v View, rules: &'v Rules) -> Self {
        let setbacks = view.cases.iter().map(|work| (work.case.id, work.setbacks.clone())).collect();
        let mut decision = Self {
            view,
            rules,
            matching: Matching::of(view, &rules.filter),
            next: None,
            wait: None,
            pending: BTreeSet::new(),
            progress: Progress { setbacks, ..Progress::default() },
        };
        for work in view.cases.iter().filter(|work| work.due) {
            decision.about_case(work);
        }
        decision.about_other_incidents();
        decision
    }

    fn next(self) -> Next {
        self.next.or(self.wait.map(Next::Wait)).unwrap_or(Next::Done)
    }

    /// One case with all its incidents.
    /// Rule: USER-13.
    fn about_case(&mut self, work: &'v CaseWork) {
        let id = work.case.id;
        let mut actions = Vec::new();
        let mut owner = None;
        let result = self.bring_up_to_date(work, &mut owner, &mut actions);
        let mut all_read = self.take(id, result);
        for pk in self.matching.exact_pks(&work.case).into_iter().filter(|pk| owner != Some(*pk)) {
            let read = self.view.read(id, pk);
            let result = read.map(|found| actions.extend(found.iter().flat_map(|e| self.actions_on(&work.case, e))));
            all_read &= self.take(id, result);
        }
        if all_read {
            // An incident can be both a duplicate and exactly the case's.
            actions.sort_by_key(|action| action.pk);
            actions.dedup_by_key(|action| action.pk);
            self.progress.actions.push((id, actions));
        }
        self.progress.settled.push(id);
    }

    /// Every branch about one case, in the order in which its rules apply.
    fn bring_up_to_date(
        &mut self,
        work: &'v CaseWork,
        owner: &mut Option<IncidentPk>,
        actions: &mut Vec<UserAction>,
    ) -> Result<(), Stop> {
        let (case, view, rules) = (&*work.case, self.view, self.rules);
        self.matching.ask_for_open(case, rules)?;
        // IDENT: the incident of the case.
        let (evidence, exact) = match self.matching.owned(work, rules)? {
            Owned::Incident { evidence, exact, duplicates } => {
                // User actions on a duplicate count too.
                actions.extend(duplicates.iter().flat_map(|duplicate| self.actions_on(case, duplicate)));
                (evidence, exact)
            }
            Owned::LeftAlone(pk) => {
                *owner = Some(pk);
                return Ok(());
            }
            Owned::Covered => {
                self.needs_no_creation(case);
                return Ok(());
            }
            Owned::None => return self.create(work),
        };
        let pk = evidence.pk();
        *owner = Some(pk);
        if !exact && case.is_closed() && evidence.is_open() && !view.all_closed() {
            // It belongs to the open case of the problem.
            return Ok(());
        }
        self.needs_no_creation(case);
        self.progress.owners.push((case.id, pk));
        let done_there = user_actions(&evidence, rules, (!exact).then_some(case.opened));
        let turn = match (closing(case), evidence.standing_close()) {
            // CLOSE-1, CASE-5: a closed case ends its incident, also one that was created closed,
            // unless somebody wants it open (CLOSE-4).
            (Some(_), _) if !evidence.is_open() && evidence.newest_turn().is_some() => None,
            (Some(closing), _) if evidence.is_wanted_open(closing.at, &rules.server) => None,
            (Some(closing), _) => Some((Rule::CaseClosed, NewEvent::end(closing.at, closing.text))),
            // USER-7: a person's close stands, unless Zino reopened the case after it was delivered
            // (USER-8).
            (None, Some(close)) if !done_there.iter().any(|action| action.pk == close.pk) => None,
            (None, Some(_)) if reopened_by_zino(case, &done_there, rules) => {
                Some((Rule::CaseOpen, restart(case, view.now, rules)))
            }
            (None, Some(close)) if evidence.is_open() => {
                let text = lost_close_text(&tag_value(&close.actor_name));
                Some((Rule::CloseStands, NewEvent::end(close.timestamp, text)))
            }
            (None, Some(_)) => None,
            // USER-5: the incident of an open case is open.
            (None, None) if !evidence.is_open() => Some((Rule::CaseOpen, restart(case, view.now, rules))),
            (None, None) => None,
        };
        // HISTORY-4, TAGS: history and attributes come first.
        let (lacking, unknown) = lacking(view, case, &evidence, turn, rules);
        self.take(case.id, unknown);
        actions.extend(done_there);
        self.write(case, pk, lacking)
    }

    /// Creates the incident of a case that the filter wants, under its number (CREATE-5) or, if
    /// another life has that, under its second one (CREATE-6). Also before Argus was listed
    /// (CREATE-10).
    fn create(&mut self, work: &CaseWork) -> Result<(), Stop> {
        let (case, facts) = (&*work.case, &self.view.argus);
        let creation = WriteKey::creation();
        let is_wanted = verdict(case, &self.rules.filter) == Verdict::Wanted;
        if !is_wanted || work.tried {
            self.matching.ask_for_own(work)?;
        }
        if !is_wanted {
            self.needs_no_creation(case);
            return Ok(());
        }
        for number in [plain_number(case), second_number(case)] {
            let listed = facts.listed.values().find(|incident| *incident.source_incident_id == *number);
            let is_taken = match (facts.numbers.get(&number), listed) {
                (Some(found), _) => found.is_some(),
                (None, Some(incident)) => self.view.read(case.id, incident.pk)?.is_some(),
                (None, None) => false,
            };
            if is_taken {
                continue;
            }
            if self.view.writes_nothing {
                return Err(Stop::WritesNothing);
            }
            if work.setbacks.leaves_out(&creation, work.chance) {
                return Ok(());
            }
            if work.setbacks.get(&creation).is_some() || facts.denied.contains_key(&number) {
                self.view.number(case.id, &number)?;
            }
            let action = Action::Create(new_incident(case, self.rules, number));
            return Err(Stop::Next(Next::Write(vec![Write { case: case.id, action, rule: Rule::NewCase }])));
        }
        if let Some(setbacks) = self.progress.setbacks.get_mut(&case.id) {
            setbacks.failed(creation, "its incident", Cause::NumbersTaken, work.chance);
        }
        Ok(())
    }

    /// IDENT-3, IDENT-5: ends open incidents that no case owns.
    fn about_other_incidents(&mut self) {
        for (pk, kept) in self.matching.duplicates(self.rules) {
            if let Some(case) = self.view.open_case() {
                let end = NewEvent::end(self.view.now, duplicate_text(kept));
                let result = self.end_duplicate(case, pk, kept, end);
                self.take(case.id, result);
            }
        }
        for (case, pk) in self.matching.left_behind() {
            if let Some(closing) = closing(case) {
                let end = NewEvent::end(closing.at, closing.text);
                let result = self.end_left_behind(case, pk, end);
                self.take(case.id, result);
            }
        }
    }

    fn end_duplicate(&mut self, case: &Case, pk: IncidentPk, kept: IncidentPk, end: NewEvent) -> Result<(), Stop> {
        let Some(evidence) = self.view.read(case.id, pk)?.filter(|e| number(e.incident).is_some()) else {
            return Ok(());
        };
        if !self.view.read(case.id, kept)?.is_some_and(|kept| kept.is_open()) {
            return Ok(());
        }
        let before = evidence.our_end_saying(&end.description);
        if before.is_some_and(|before| evidence.reopened_after(before, &self.rules.server)) {
            return Ok(());
        }
        self.end(case, Rule::Duplicate, &evidence, end)
    }

    fn end_left_behind(&mut self, case: &Case, pk: IncidentPk, end: NewEvent) -> Result<(), Stop> {
        match self.view.read(case.id, pk)?.filter(|e| number(e.incident).is_some()) {
            Some(e) if !e.is_wanted_open(end.timestamp, &self.rules.server) => {
                self.end(case, Rule::LeftBehind, &e, end)
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, case: &Case, rule: Rule, evidence: &Evidence<'_>, end: NewEvent) -> Result<(), Stop> {
        let lacking = evidence.is_open().then(|| (rule, Action::Post(evidence.pk(), end)));
        self.write(case, evidence.pk(), lacking.into_iter().collect())
    }

    /// Proposes the writes that an incident lacks, except for those that Argus refused. They end
    /// with the first one that makes the incident uncertain, or before the one in doubt.
    /// Rules: DECIDE-7, FAIL-7.
    fn write(&mut self, case: &Case, pk: IncidentPk, lacking: Vec<(Rule, Action)>) -> Result<(), Stop> {
        let lacking = lacking.into_iter().map(|(rule, action)| Write { case: case.id, action, rule });
        let mut writes: Vec<Write> = lacking.collect();
        let keys: BTreeSet<WriteKey> = writes.iter().map(Write::key).collect();
        if let Some(setbacks) = self.progress.setbacks.get_mut(&case.id) {
            setbacks.lacks_only(pk, &keys);
        }
        if let Some(work) = self.view.case(case.id) {
            writes.retain(|write| !work.setbacks.leaves_out(&write.key(), work.chance));
        }
        if let Some(last) = writes.iter().position(Write::makes_uncertain) {
            writes.truncate(last + 1);
        }
        if writes.is_empty() {
            return Ok(());
        }
        if self.view.writes_nothing || self.view.is_early || self.wait.is_some() {
            return Err(Stop::WritesNothing);
        }
        if let Some((doubt, false)) = &self.view.in_doubt
            && let Some(first) = writes.iter().position(|write| write.key() == *doubt)
        {
            writes.truncate(first);
            if writes.is_empty() {
                return Err(Stop::Next(Next::Wait(Wait::InDoubt(doubt.clone()))));
            }
        }
        Err(Stop::Next(Next::Write(writes)))
    }

    /// Takes the result of one part of the decision. False if a fact is missing that can be read.
    fn take(&mut self, case: CaseId, result: Result<(), Stop>) -> bool {
        let stop = match result {
            Ok(()) | Err(Stop::Refused) => return true,
            Err(stop) => stop,
        };
        self.pending.insert(case);
        let all_read = !matches!(stop, Stop::Next(Next::Ask(..) | Next::Wait(Wait::JustMade(_))));
        match stop {
            Stop::Next(Next::Wait(wait @ Wait::InDoubt(_))) => drop(self.wait.get_or_insert(wait)),
            Stop::Next(next) => drop(self.next.get_or_insert(next)),
            Stop::WritesNothing | Stop::Refused | Stop::Failed => {}
        }
        all_read
    }

    /// The case has an incident or needs none: a setback of its creation is over.
    fn needs_no_creation(&mut self, case: &Case) {
        if let Some(setbacks) = self.progress.setbacks.get_mut(&case.id) {
            setbacks.is_over(&WriteKey::creation());
        }
    }

    /// The user actions on an incident other than the one that the case owns.
    fn actions_on(&self, case: &Case, evidence: &Evidence<'_>) -> Vec<UserAction> {
        let is_own = super::identity::exact(case, evidence.incident);
        user_actions(evidence, self.rules, (!is_own).then_some(case.opened))
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
