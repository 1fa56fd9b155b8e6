//! What Argus refuses of each case, or accepts without effect: told of once, and tried again when
//! the case changes or at the next full look. Kept with the case, so that nothing clears it but its
//! own success or the case's end. Never writes.

use super::cases::Slot;
use super::entry::Priority;
use super::{Carrying, Engine, Now};
use crate::reconcile::setbacks::{Setback, TRIES};
use crate::reconcile::work::{Chance, Setbacks, WriteKey};
use crate::zino::ZinoError;
use crate::zino::case::{Case, CaseId, Problem};
use log::{debug, info, warn};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// How many of these warnings are logged between two full looks.
const MAX_LOGGED: u32 = 20;

/// When what was given up is tried again.
#[derive(Debug, Default)]
pub(super) struct Chances {
    /// How many full looks have given a chance.
    look: u64,
    /// When the last one did.
    at: Option<Duration>,
    logged: u32,
}

/// One line for each incident of a case: its first setback, and how many more are like it.
fn lines<'a>(setbacks: impl Iterator<Item = (&'a WriteKey, &'a Setback)>) -> Vec<String> {
    let mut groups: BTreeMap<_, Vec<&Setback>> = BTreeMap::new();
    for (key, setback) in setbacks {
        groups.entry(key.incident).or_default().push(setback);
    }
    let line = |group: &Vec<&Setback>| {
        let first = group.first()?;
        Some(match group.len() {
            1 => first.to_string(),
            n => format!("{first}, and {} more", n - 1),
        })
    };
    groups.values().filter_map(line).collect()
}

impl Engine {
    /// A job has changed what is known of these cases' setbacks.
    pub(super) fn take_setbacks(&mut self, now: Now, changed: Vec<(Arc<Case>, Setbacks)>) {
        for (case, setbacks) in changed {
            let Some(slot) = self.cases.get_mut(case.id).filter(|slot| slot.is(&case)) else {
                continue;
            };
            let before = std::mem::replace(&mut slot.setbacks, setbacks.clone());
            let is_told =
                |(key, setback): &(&WriteKey, &Setback)| before.get(key).is_some_and(|old| old.is_like(setback));
            let (told, news): (Vec<_>, Vec<_>) = setbacks.given_up().partition(is_told);
            for line in lines(told.into_iter()) {
                debug!("{}: {line}, again", case.name());
            }
            for line in lines(news.into_iter()) {
                self.told.failed(now, format!("{}: {line}", case.name()));
                self.tell_setback(&case, &line);
            }
            for line in lines(before.given_up().filter(|(key, _)| setbacks.get(key).is_none())) {
                info!("{}: went through, or is needed no more: {line}", case.name());
            }
        }
    }

    fn tell_setback(&mut self, case: &Case, line: &str) {
        self.chances.logged = self.chances.logged.saturating_add(1);
        match self.chances.logged {
            n if n < MAX_LOGGED => {
                warn!("{}: {line}; left out until the case changes or the next full look", case.name());
            }
            MAX_LOGGED => warn!("many cases have such setbacks; further ones are not logged before the next full look"),
            _ => {}
        }
    }

    /// A full look gives what was given up another chance; looks that come one after the other do
    /// not.
    pub(super) fn retry_setbacks(&mut self, now: Now) {
        if self.chances.at.is_some_and(|at| now.mono < at + self.settings.full_interval / 2) {
            return;
        }
        self.chances = Chances { look: self.chances.look.wrapping_add(1), at: Some(now.mono), logged: 0 };
        self.look_at_setbacks();
    }

    /// Zino refused what a person did, or took it and has nothing of it: two tries, and then one
    /// whenever there is another chance.
    pub(super) fn carried_in_vain(&mut self, now: Now, id: CaseId, refusal: Option<&ZinoError>) {
        let chance = self.delivery_chance(id);
        let (Some(slot), Some(carrying)) = (self.cases.get(id), self.deliveries.get_mut(&id)) else {
            return;
        };
        carrying.in_vain = carrying.in_vain.saturating_add(1);
        if carrying.in_vain < TRIES {
            return;
        }
        carrying.given_up = Some(chance);
        if carrying.in_vain > TRIES {
            return;
        }
        let line = match refusal {
            Some(error) => format!("{}: Zino refuses what a person did in Argus ({error})", slot.case.name()),
            None => format!("{}: Zino accepts what a person did in Argus, and does not show it", slot.case.name()),
        };
        warn!("{line}; left out until the case changes or the next full look");
        self.told.failed(now, line);
    }

    /// What people did on a case is tried again when this is another one. What we write ourselves
    /// is no change of a case.
    fn delivery_chance(&self, id: CaseId) -> Chance {
        let mut hasher = DefaultHasher::new();
        if let Some(slot) = self.cases.get(id) {
            slot.case.state.hash(&mut hasher);
            let others = slot.case.history.iter().filter(|e| e.text_by(&self.settings.rules.user).is_none());
            others.for_each(|entry| entry.hash(&mut hasher));
        }
        Chance { fingerprint: hasher.finish(), look: self.chances.look, last: false }
    }

    /// Whether an delivery waits for another chance.
    pub(super) fn leaves_delivery(&self, id: CaseId, carrying: &Carrying) -> bool {
        carrying.given_up.is_some_and(|given_up| given_up == self.delivery_chance(id))
    }

    /// How many full looks have given what was given up another chance.
    pub(super) fn full_looks(&self) -> u64 {
        self.chances.look
    }

    fn look_at_setbacks(&mut self) {
        let cases: Vec<CaseId> = self.cases.all().filter(|s| !s.setbacks.is_empty()).map(|s| s.case.id).collect();
        for id in cases {
            self.make_due(id);
            if let Some(problem) = self.cases.get(id).map(|slot| Arc::clone(&slot.problem)) {
                self.line_up(&problem, Priority::Bulk);
            }
        }
    }

    /// What Argus took is compared anew, and so is what it did not take.
    pub(super) fn forget_setbacks(&mut self) {
        self.chances.at = None;
        self.cases.all_mut().for_each(|slot| slot.setbacks = Setbacks::default());
    }

    /// A case of which Zino has deleted the last trace is forgotten, and with it what Argus refused
    /// of it.
    pub(super) fn tell_undelivered(slot: &Slot) {
        for line in lines(slot.setbacks.given_up()) {
            warn!("{}: Zino has deleted this case, and something of it is not in Argus: {line}", slot.case.name());
        }
    }

    /// What could not be done, one line each.
    pub(super) fn setback_lines(&self) -> impl Iterator<Item = String> {
        self.cases.all().flat_map(|slot| {
            let lines = lines(slot.setbacks.given_up());
            lines.into_iter().map(|line| format!("{}: {line}", slot.case.name()))
        })
    }

    /// The problems that are in trouble: a server refuses something of them, or Argus fails over
    /// them.
    pub(super) fn troubled(&self) -> BTreeSet<&Problem> {
        let set_back = self.cases.all().filter(|slot| slot.setbacks.given_up().next().is_some());
        let given_up = self.deliveries.iter().filter(|(_, carrying)| carrying.given_up.is_some());
        let uncarried = given_up.filter_map(|(id, _)| self.cases.get(*id));
        let failing = self.queue.failures().map(|(problem, _)| problem);
        set_back.chain(uncarried).map(|slot| &*slot.problem).chain(failing).collect()
    }
}
