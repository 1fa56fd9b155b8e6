//! What a secondary makes of its questions to the primary: when it takes over and hands back, and
//! from when on it may write. Never asks the primary itself.
//!
//! A secondary that was cut off itself must not write when its network returns, although it took
//! over meanwhile. So while the primary is silent Argus is asked, too, and nothing is written
//! before one question that was asked after Argus had answered has gone unanswered ([`Contact`]).

use super::{Engine, Job, Looking, Now, Report};
use crate::argus::ArgusError;
use crate::engine::orphans::Orphans;
use crate::failover::{Answer, Contact, Mode, Ping};
use crate::reconcile::filter::fault_is_over;
use log::{debug, warn};

/// What is known of the way to the primary and to Argus.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) contact: Contact,
    /// Argus is to be asked whether it is there.
    reach_wanted: bool,
    /// It is being asked.
    reaching: bool,
    /// The log says that nothing is written yet.
    told_to_hold: bool,
    /// Why the last question to the primary never left this host; `None` if it did.
    pub(super) unasked: Option<String>,
}

impl Engine {
    /// Whether this instance may write to Argus and to Zino now.
    pub(super) fn may_write(&self) -> bool {
        let Some(failover) = &self.failover else {
            return true;
        };
        let is_asking = self.watch.reach_wanted || self.watch.reaching;
        failover.mode() == Mode::Active && self.watch.contact.is_proved() && !is_asking
    }

    pub(super) fn take_ping(&mut self, now: Now, ping: &Ping) {
        self.told.pinged = true;
        self.note_unasked(now, &ping.answer);
        let before = self.mode();
        let Some(failover) = &mut self.failover else {
            return;
        };
        self.watch.contact.ping(ping, before, failover.threshold());
        // An ACTIVE one that is connected to its Zino looks at Argus anyway.
        let looks = before == Mode::Active && self.link.connected;
        self.watch.reach_wanted = matches!(ping.answer, Answer::Silence(_)) && !looks;
        if let Some(line) = failover.ping(&ping.answer) {
            warn!("{line}");
            self.forget_proof();
            match before {
                Mode::Standby => self.take_over(now),
                Mode::Active => self.hand_back(),
            }
        }
        self.tell_to_hold();
    }

    /// A takeover: everything is to be compared again, from what the poller already knows.
    pub(super) fn take_over(&mut self, now: Now) {
        self.forget_argus();
        // Whoever has waited in STANDBY for this moment does not give up over a token.
        self.token.end_start();
        self.looking.refresh_at = now.mono;
        for slot in self.cases.all_mut() {
            slot.home = None;
            // Operators close cases on the primary only, so the standby's Zino still has repaired
            // ones open.
            slot.exempt = slot.case.is_closed() || fault_is_over(&slot.case);
        }
        self.look_at_all();
    }

    /// Hand-back: drops all queued work. The running job finishes; nothing new is written.
    pub(super) fn hand_back(&mut self) {
        self.queue.clear();
        self.deliveries.clear();
        self.watch.contact = Contact::default();
        self.forget_argus();
    }

    pub(super) fn forget_argus(&mut self) {
        self.incidents.clear();
        self.orphans = Orphans::default();
        let busy = self.looking.busy;
        self.looking = Looking { busy, ..Looking::default() };
        self.told.unreadable = None;
        self.unheard.argus_answers = false;
        self.counting.forget();
        self.forget_setbacks();
    }

    /// Asks whether Argus is there, if that is wanted.
    pub(super) fn reach_argus(&mut self) {
        if self.watch.reach_wanted && !self.watch.reaching {
            self.watch.reach_wanted = false;
            self.watch.reaching = true;
            self.send(Job::Reach);
        }
    }

    pub(super) fn take_reached(&mut self, result: Result<(), ArgusError>) {
        self.watch.reaching = false;
        if let Err(error) = result {
            debug!("while the primary is silent, Argus {error}");
            self.note_no_answer(&error);
        }
    }

    /// Argus was asked something for no other reason than to see whether it answers.
    pub(super) fn note_no_answer(&mut self, error: &ArgusError) {
        let is_unreachable = match error {
            ArgusError::Refused(_) | ArgusError::Unknown { status: None, .. } => true,
            // A proxy says so that may be as cut off as we are.
            ArgusError::Unknown { status: Some(status), .. } => *status >= 500,
            // Something answers, although not what we wanted; other requests may get an answer.
            ArgusError::Busy(_) | ArgusError::Request { .. } | ArgusError::Unauthorized(_) => false,
        };
        if is_unreachable {
            self.watch.contact.argus_is_away();
        }
    }

    /// Notes that Argus has answered, whatever was asked.
    pub(super) fn note_answer(&mut self, now: Now, report: &Report) {
        if report.is_answered() {
            self.watch.contact.argus_answered(now.mono);
        }
    }

    /// One line when an ACTIVE secondary has to wait, and one when it may write.
    pub(super) fn tell_to_hold(&mut self) {
        let is_active = self.failover.is_some() && self.is_active();
        let holds = is_active && !self.watch.contact.is_proved();
        if std::mem::replace(&mut self.watch.told_to_hold, holds) == holds || !is_active {
            return;
        }
        if holds {
            warn!(
                "nothing is written yet, because this host may be cut off itself: first Argus must answer, and then the \
                 primary must leave one more question unanswered"
            );
        } else {
            warn!("Argus answers and the primary does not: writing from now on");
        }
    }

    /// In STANDBY what is told of a takeover says so, see `standby.rs`.
    fn note_unasked(&mut self, now: Now, answer: &Answer) {
        let unasked = match answer {
            Answer::Unasked(why) => Some(why.clone()),
            Answer::Uptime(_) | Answer::Silence(_) => None,
        };
        let was_unasked = self.watch.unasked.is_some();
        match &unasked {
            Some(why) if !was_unasked => {
                self.told.failed(now, format!("the primary cannot be asked: {why}"));
                if self.is_active() {
                    warn!("the primary cannot be asked, so that this instance stays ACTIVE: {why}");
                }
            }
            None if was_unasked && self.is_active() => warn!("the primary can be asked again"),
            _ => {}
        }
        self.watch.unasked = unasked;
    }
}
