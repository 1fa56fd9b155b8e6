//! Several incidents about one problem: which of them gives way, and how it is ended. Part of a
//! job; never assigns incidents to cases.

use super::carry::UserAction;
use super::evidence::{Evidence, duplicate_text};
use super::identity::{self, same_problem};
use super::job::{CaseWork, MAX_ROUNDS, Runner, Stop, lived_during};
use super::plan::Step;
use super::writing::Stepped;
use crate::argus::models::{Event, EventKind, Incident, IncidentPk, NewEvent};
use crate::argus::{ArgusError, ArgusServer};
use crate::zino::case::Case;
use log::info;
use std::sync::Arc;

impl<A: ArgusServer + ?Sized> Runner<'_, A> {
    /// There is one open incident per problem, and of several the lowest pk stays: also where one
    /// is exactly a closed case's and yet open on behalf of another Zino. Ends those that an open
    /// case has where such an older one stands, else the younger such ones. Returns what people did
    /// on the older one.
    pub(super) fn give_way(&mut self, work: &CaseWork) -> Result<Vec<UserAction>, Stop> {
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
            self.end_spare(case, pk, Some(kept), &end)?;
        }
        if kept == lowest {
            return Ok(Vec::new());
        }
        self.reconcile(case, kept, false)?.ok_or(Stop::Stale)
    }

    /// Whether an incident is open on behalf of another Zino, as it is now.
    fn lives_elsewhere(&mut self, pk: IncidentPk) -> Result<bool, Stop> {
        let found = self.look(pk)?;
        Ok(found.is_some_and(|(incident, events)| {
            incident.is_open() && Evidence::new(&events, incident.source_user).lives_elsewhere(&self.rules.server)
        }))
    }

    /// The incident that this one was ended for as a duplicate, if that one still stands for the
    /// case's problem. A closed case ends it only where no case is open and no other rule would:
    /// one that is exactly an earlier case's.
    pub(super) fn stands_for(
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

    /// Ends an open incident that is no case's home, if it is still open and nobody wants it so.
    pub(super) fn end_spare(
        &mut self,
        case: &Arc<Case>,
        pk: IncidentPk,
        kept: Option<IncidentPk>,
        end: &NewEvent,
    ) -> Result<(), Stop> {
        for _ in 0..MAX_ROUNDS {
            let Some((incident, events)) = self.look(pk)? else {
                return Ok(());
            };
            let evidence = Evidence::of(&incident, &events);
            let step = Step::Post(end.clone());
            let lacking = if incident.is_open() { std::slice::from_ref(&step) } else { &[] };
            self.weigh(case, pk, lacking, &evidence);
            if !incident.is_open() || identity::number(&incident).is_none() {
                return Ok(());
            }
            if let Some(kept) = kept
                && !self.look(kept)?.is_some_and(|(i, _)| i.is_open())
            {
                return Ok(());
            }
            // A duplicate is ended now, by our clock, which says nothing of when somebody reopened
            // it by Argus' clock.
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
            match self.step(case, pk, &step, true) {
                Stepped::Made(_) => {
                    self.report.deeds.ended.insert(pk);
                    info!("{}: {}", self.job.problem, step.told(pk));
                }
                Stepped::Missing => {}
                Stepped::Left => return Ok(()),
            }
        }
        Err(Stop::Failed(ArgusError::Busy(format!("incident {pk} keeps changing"))))
    }
}
