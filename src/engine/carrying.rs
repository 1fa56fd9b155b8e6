//! The deliveries that carry user actions to Zino: which there are, what became of each, and when it
//! is tried again. Never decides what an act becomes in Zino.

use super::backoff::{Backoff, FIRST_WAIT};
use super::entry::Priority;
use super::{Carrying, Engine, Now};
use crate::reconcile::carry::{UserAction, writes};
use crate::reconcile::delivery::Delivery;
use crate::zino::ZinoError;
use crate::zino::case::{Case, CaseId};
use log::debug;
use std::time::Duration;

/// The longest time between two tries of a delivery.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Engine {
    /// Compares what people did with what the case has, and has the rest carried.
    pub(super) fn plan_delivery(&mut self, now: Now, case: &Case, actions: Vec<UserAction>) {
        let id = case.id;
        // The number may mean another case by now, and nobody did anything to that one.
        let Some(slot) = self.cases.get(id).filter(|slot| slot.is(case)) else {
            return;
        };
        let lacking = writes(&slot.case, &actions, &self.settings.rules).len();
        if slot.gone || lacking == 0 {
            self.deliveries.remove(&id);
            return;
        }
        let delivery = Delivery { case: id, problem: (*slot.problem).clone(), opened: slot.case.opened, actions };
        match self.deliveries.get_mut(&id) {
            Some(carrying) => {
                if carrying.delivery != delivery {
                    (carrying.in_vain, carrying.given_up) = (0, None);
                }
                (carrying.delivery, carrying.lacking) = (delivery, lacking);
            }
            None => {
                let mut retry = Backoff::default();
                retry.retry_at(now.mono);
                let carrying = Carrying { delivery, lacking, retry, in_vain: 0, given_up: None };
                self.deliveries.insert(id, carrying);
            }
        }
    }

    pub(super) fn take_carried(&mut self, now: Now, id: CaseId, result: Result<Option<Box<Case>>, ZinoError>) {
        if self.delivery_under_way == Some(id) {
            self.delivery_under_way = None;
        }
        if result.is_ok() {
            self.link.reading.newer.insert(id);
        }
        let refused = matches!(result, Err(ZinoError::Refused(_)));
        if let (Err(error), true) = (&result, refused) {
            self.told.failed(now, format!("case {id}: {error}"));
        }
        match result {
            Ok(Some(case)) => {
                let rules = &self.settings.rules;
                let lacking = self.deliveries.get(&id).map_or(0, |carrying| {
                    let delivery = &carrying.delivery;
                    let same = case.problem() == delivery.problem && case.opened == delivery.opened;
                    if same { writes(&case, &delivery.actions, rules).len() } else { 0 }
                });
                self.put_case(*case, Priority::Live);
                if lacking == 0 {
                    if let Some(run) = &mut self.run {
                        run.carried(id);
                    }
                    self.deliveries.remove(&id);
                } else if self.deliveries.get(&id).is_some_and(|carrying| lacking < carrying.lacking) {
                    self.go_on_carrying(now, id, lacking);
                } else {
                    self.carried_in_vain(now, id, None);
                    self.carry_later(now, id, false);
                }
            }
            Ok(None) => {
                self.forget_case(id);
                self.deliveries.remove(&id);
            }
            Err(error) => {
                debug!("case {id}: {error}");
                if refused {
                    self.carried_in_vain(now, id, Some(&error));
                }
                self.carry_later(now, id, refused);
            }
        }
    }

    pub(super) fn take_postponed(&mut self, now: Now, id: CaseId) {
        self.delivery_under_way = self.delivery_under_way.filter(|under_way| *under_way != id);
        if let Some(carrying) = self.deliveries.get_mut(&id) {
            carrying.retry.retry_at(now.mono + FIRST_WAIT);
        }
    }

    /// There was more to write than one delivery does.
    fn go_on_carrying(&mut self, now: Now, id: CaseId, lacking: usize) {
        if let Some(carrying) = self.deliveries.get_mut(&id) {
            carrying.lacking = lacking;
            carrying.retry.succeeded();
            carrying.retry.retry_at(now.mono);
            (carrying.in_vain, carrying.given_up) = (0, None);
        }
    }

    fn carry_later(&mut self, now: Now, id: CaseId, refused: bool) {
        if let Some(carrying) = self.deliveries.get_mut(&id) {
            // A lost connection is repeated as soon as there is another; a refusal would only be
            // refused again.
            carrying.retry.failed_badly(now.mono, LONGEST_WAIT, if refused { 4 } else { 1 });
        }
    }
}
