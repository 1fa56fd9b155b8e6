//! The writes of a job: what is left out, what a failure stops, and whether a write had its effect.
//! Part of a job; never decides what is lacking.

use super::evidence::Evidence;
use super::job::{Runner, Stop};
use super::plan::{Plan, Step};
use super::setbacks::{Cause, Chance, Setbacks, WriteKey};
use crate::argus::models::{EventKind, IncidentPk, NewEvent};
use crate::argus::{ArgusError, ArgusServer};
use crate::zino::case::Case;
use log::{info, warn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stepped {
    /// Argus accepted it; so often, if its effect was missed before.
    Made(u32),
    /// Argus has refused it, now or before, or nothing more is written in this job.
    Left,
    /// Argus says that there is no such incident.
    Missing,
}

impl<A: ArgusServer + ?Sized> Runner<'_, A> {
    /// Carries a plan's steps out, each whatever became of the one before; true if the result must
    /// be looked at, because Argus can lose an update there.
    pub(super) fn write(&mut self, case: &Arc<Case>, pk: IncidentPk, plan: &Plan) -> bool {
        let mut look_again = false;
        let mut made = BTreeSet::new();
        for step in &plan.steps {
            // Equal entries need equal events: that is no repetition.
            let is_first = made.insert(step.fingerprint());
            let times = match self.step(case, pk, step, is_first) {
                Stepped::Made(times) => times,
                Stepped::Left => continue,
                Stepped::Missing => {
                    look_again = true;
                    continue;
                }
            };
            let deeds = &mut self.report.deeds;
            let ends = matches!(step, Step::Post(NewEvent { kind: EventKind::End, .. }));
            let _ = if ends { deeds.ended.insert(pk) } else { deeds.updated.insert(case.id) };
            info!("{}: {}", case.name(), step.told(pk));
            look_again |= step.must_be_looked_for() || times > 1;
        }
        look_again
    }

    /// Makes one write, unless it is to be left out. A failure is held, so that everything is still
    /// read and nothing more written.
    pub(super) fn step(&mut self, case: &Arc<Case>, pk: IncidentPk, step: &Step, counts: bool) -> Stepped {
        let key = WriteKey { incident: Some(pk), what: step.fingerprint() };
        let chance = self.chance(case);
        if self.held.is_some() || self.setbacks(case).leaves_out(&key, chance) {
            return Stepped::Left;
        }
        if self.job.doubt.as_ref().is_some_and(|(doubt, ripe)| *doubt == key && !ripe) {
            self.held = Some(Stop::Doubtful(key));
            return Stepped::Left;
        }
        let Some(left) = self.steps_left.checked_sub(1) else {
            self.held = Some(Stop::Enough);
            return Stepped::Left;
        };
        self.steps_left = left;
        if matches!(step, Step::Post(NewEvent { kind: EventKind::End | EventKind::Restart, .. })) {
            self.turned.insert(pk);
        }
        let result = match step {
            Step::Post(event) => self.argus.post_event(pk, event).map(|event| self.report.posted.push(event.pk)),
            Step::Patch(patch) => self.argus.patch(pk, patch).map(|incident| self.saw(incident)),
        };
        match result {
            Ok(()) if !counts => Stepped::Made(1),
            Ok(()) => {
                let looked_for = step.must_be_looked_for();
                Stepped::Made(self.setbacks(case).accepted(key, &step.shown(pk), looked_for, chance))
            }
            Err(ArgusError::Request { status, why }) => {
                self.setbacks(case).failed(key, &step.shown(pk), Cause::Refused { status, why }, chance);
                if status == 404 { Stepped::Missing } else { Stepped::Left }
            }
            Err(ArgusError::Unknown { why, .. }) => {
                warn!("incident {pk}: outcome of a write is unknown ({why}); looking before it is repeated");
                self.held = Some(Stop::Doubtful(key));
                Stepped::Left
            }
            Err(error) => {
                self.held = Some(Stop::Failed(error));
                Stepped::Left
            }
        }
    }

    /// An incident was looked at, and of all writes to it these are lacking: what is known of its
    /// setbacks is brought up to date.
    pub(super) fn weigh(&mut self, case: &Arc<Case>, pk: IncidentPk, steps: &[Step], evidence: &Evidence<'_>) {
        let chance = self.chance(case);
        let setbacks = self.setbacks(case);
        if setbacks.is_empty() {
            return;
        }
        let lacking: BTreeSet<String> = steps.iter().map(Step::fingerprint).collect();
        setbacks.lacks_only(pk, |what| lacking.contains(what));
        let turn = evidence.newest_turn().filter(|e| evidence.is_ours(e)).map(|e| &e.kind);
        for step in steps {
            let Step::Post(NewEvent { kind: kind @ (EventKind::End | EventKind::Restart), .. }) = step else {
                continue;
            };
            let key = WriteKey { incident: Some(pk), what: step.fingerprint() };
            if turn != Some(kind) {
                setbacks.had_effect(&key);
            } else if setbacks.leaves_out(&key, chance) {
                self.report.deeds.ended.remove(&pk);
                return;
            }
        }
    }

    /// What a case's setbacks are tried again at.
    pub(super) fn chance(&self, case: &Case) -> Chance {
        self.job.cases.iter().find(|work| work.case.id == case.id).map(|work| work.chance).unwrap_or_default()
    }

    /// What Argus refused of a case, or accepted without effect.
    pub(super) fn setbacks(&mut self, case: &Case) -> &mut Setbacks {
        self.setbacks.entry(case.id).or_default()
    }
}
