//! The deliveries of user actions to Zino: which there are, what became of each, and when it is
//! tried again. Never decides what a user action becomes in Zino.

use super::ZinoCommand;
use super::backoff::{Backoff, FIRST_WAIT};
use super::component::{Component, Reset, Situation, TRIES};
use super::context::Context;
use super::problems::Problems;
use crate::reconcile::deliver::Delivery;
use crate::reconcile::setbacks::TRIES as TRIES_IN_VAIN;
use crate::reconcile::user_actions::UserAction;
use crate::reconcile::work::Chance;
use crate::zino::ZinoError;
use crate::zino::case::{Case, CaseId};
use log::{debug, warn};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// The longest time between two tries of a delivery.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A refusal counts as so many failures: the next try would be refused again.
const REFUSAL_COUNTS: u32 = 4;

/// One case's delivery.
#[derive(Debug)]
struct Pending {
    delivery: Delivery,
    /// How many writes the case lacked when it was compared last.
    lacking: usize,
    retry: Backoff,
    /// How often Zino refused something of it, or nothing came of it.
    in_vain: u32,
    /// The chance at which it was given up; it is tried again at another one.
    given_up: Option<Chance>,
}

/// All deliveries. One is under way at a time, so that a hand-back leaves at most one to finish.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    pending: BTreeMap<CaseId, Pending>,
    under_way: Option<CaseId>,
}

impl Deliveries {
    /// Compares what people did with what the case has, and plans to deliver the rest.
    pub(super) fn plan(&mut self, ctx: &Context, problems: &Problems, case: &Case, actions: Vec<UserAction>) {
        let id = case.id;
        // Zino may have reused the number. These user actions belong to the previous case.
        let Some(known) = problems.cases().get(id).filter(|known| known.is(case)) else {
            return;
        };
        let delivery = Delivery { case: id, problem: (*known.problem).clone(), opened: known.case.opened, actions };
        let lacking = delivery.lacking(&known.case, &ctx.settings.rules).len();
        if known.gone || lacking == 0 {
            self.pending.remove(&id);
            return;
        }
        if let Some(pending) = self.pending.get_mut(&id) {
            if pending.delivery != delivery {
                (pending.in_vain, pending.given_up) = (0, None);
            }
            (pending.delivery, pending.lacking) = (delivery, lacking);
            return;
        }
        let mut retry = Backoff::default();
        retry.retry_at(ctx.now.mono);
        self.pending.insert(id, Pending { delivery, lacking, retry, in_vain: 0, given_up: None });
    }

    /// Zino does not know this case any more.
    pub(super) fn forget(&mut self, id: CaseId) {
        self.pending.remove(&id);
    }

    /// The connection to Zino is lost.
    pub(super) fn interrupt(&mut self) {
        self.under_way = None;
    }

    /// Sends the next delivery, if none is under way.
    pub(super) fn send(&mut self, ctx: &mut Context, at: &Situation, problems: &Problems) {
        if !at.may_write || !at.is_read || self.under_way.is_some() {
            return;
        }
        let due = self.pending.iter().filter(|(id, pending)| {
            pending.retry.is_due(ctx.now.mono)
                && pending.given_up.is_none_or(|given_up| given_up != chance(ctx, at, problems, **id))
        });
        let Some((id, pending)) = due.min_by_key(|(_, pending)| pending.retry.next_wake()) else {
            return;
        };
        self.under_way = Some(*id);
        ctx.outbox.zino(ZinoCommand::Deliver(Box::new(pending.delivery.clone())));
    }

    /// Takes what became of a delivery, with the case as it is after. Returns whether the case
    /// lacks nothing now.
    pub(super) fn take_result(
        &mut self,
        ctx: &mut Context,
        at: &Situation,
        problems: &Problems,
        id: CaseId,
        result: &Result<Option<Box<Case>>, ZinoError>,
    ) -> bool {
        self.end(id);
        let Some(pending) = self.pending.get_mut(&id) else {
            return matches!(result, Ok(Some(_)));
        };
        match result {
            Ok(Some(case)) => {
                let lacking = pending.delivery.lacking(case, &ctx.settings.rules).len();
                if lacking == 0 {
                    self.pending.remove(&id);
                    return true;
                }
                if lacking < pending.lacking {
                    // There was more to write than one delivery does.
                    pending.lacking = lacking;
                    pending.retry.succeeded();
                    pending.retry.retry_at(ctx.now.mono);
                    (pending.in_vain, pending.given_up) = (0, None);
                } else {
                    pending.fail_in_vain(ctx, at, problems, None);
                    pending.retry.failed(ctx.now.mono, LONGEST_WAIT);
                }
            }
            Ok(None) => drop(self.pending.remove(&id)),
            Err(error @ ZinoError::Refused(_)) => {
                ctx.status.failed(ctx.now, format!("case {id}: {error}"));
                debug!("case {id}: {error}");
                pending.fail_in_vain(ctx, at, problems, Some(error));
                pending.retry.failed_badly(ctx.now.mono, LONGEST_WAIT, REFUSAL_COUNTS);
            }
            Err(error) => {
                // A delivery that lost its connection is repeated soon after there is another one.
                debug!("case {id}: {error}");
                pending.retry.failed(ctx.now.mono, LONGEST_WAIT);
            }
        }
        false
    }

    /// Another process writes to this case, so that the delivery was not begun.
    pub(super) fn take_postponed(&mut self, ctx: &Context, id: CaseId) {
        self.end(id);
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.retry.retry_at(ctx.now.mono + FIRST_WAIT);
        }
    }

    fn end(&mut self, id: CaseId) {
        self.under_way = self.under_way.filter(|under_way| *under_way != id);
    }

    /// The cases with a delivery that is not done.
    pub(super) fn cases(&self) -> impl Iterator<Item = CaseId> {
        self.pending.keys().copied()
    }

    /// The cases with a delivery that was given up.
    pub(super) fn given_up(&self) -> impl Iterator<Item = CaseId> {
        self.pending.iter().filter(|(_, pending)| pending.given_up.is_some()).map(|(id, _)| *id)
    }
}

impl Pending {
    /// Zino refused what a person did, or accepted it and does not show it: it is tried twice, and
    /// then once at each chance.
    fn fail_in_vain(&mut self, ctx: &mut Context, at: &Situation, problems: &Problems, refusal: Option<&ZinoError>) {
        let id = self.delivery.case;
        let Some(known) = problems.cases().get(id) else {
            return;
        };
        self.in_vain = self.in_vain.saturating_add(1);
        if self.in_vain < TRIES_IN_VAIN {
            return;
        }
        self.given_up = Some(chance(ctx, at, problems, id));
        if self.in_vain > TRIES_IN_VAIN {
            return;
        }
        let line = match refusal {
            Some(error) => format!("{}: Zino refuses what a person did in Argus ({error})", known.case.name()),
            None => format!("{}: Zino accepts what a person did in Argus, and does not show it", known.case.name()),
        };
        warn!("{line}; left out until the case changes or the next full look");
        ctx.status.failed(ctx.now, line);
    }
}

/// What a delivery that was given up is tried again at, if it is another one: the case without our
/// own writes, and the complete readings.
fn chance(ctx: &Context, at: &Situation, problems: &Problems, id: CaseId) -> Chance {
    let mut hasher = DefaultHasher::new();
    if let Some(known) = problems.cases().get(id) {
        known.case.state.hash(&mut hasher);
        let others = known.case.history.iter().filter(|e| e.text_by(&ctx.settings.rules.user).is_none());
        others.for_each(|entry| entry.hash(&mut hasher));
    }
    Chance { fingerprint: hasher.finish(), look: at.full_looks, last: false }
}

impl Component for Deliveries {
    fn next_wake(&self, at: &Situation) -> Option<Duration> {
        let is_free = at.is_connected && self.under_way.is_none();
        let due = self.pending.values().map(|pending| pending.retry.next_wake());
        due.filter(|due| is_free && *due > at.now).min()
    }

    fn is_idle(&self) -> bool {
        let is_left = |pending: &Pending| pending.retry.failures() >= TRIES || pending.given_up.is_some();
        self.under_way.is_none() && self.pending.values().all(is_left)
    }

    fn reset(&mut self, why: Reset) {
        if why == Reset::HandBack {
            self.pending.clear();
        }
    }
}
