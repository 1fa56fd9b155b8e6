//! The mode of a secondary: when it takes over and hands back, and from when on it may write. Never
//! asks the primary itself.
//!
//! A secondary that was cut off itself must not write when its network returns, although it took
//! over meanwhile. So it asks Argus, too, while the primary is silent, and writes nothing before
//! one question that it asked after Argus had answered has gone unanswered ([`Contact`]).

use super::Job;
use super::component::{Component, Reset};
use super::context::Context;
use crate::argus::ArgusError;
use crate::failover::{Answer, Contact, Failover, Mode, Ping};
use log::{debug, info, warn};

/// The mode, and what it depends on. Without `[failover]` it is always ACTIVE.
#[derive(Debug, Default)]
pub(super) struct ModeControl {
    failover: Option<Failover>,
    contact: Contact,
    /// Argus is to be asked whether it is there.
    is_reach_wanted: bool,
    /// It is being asked.
    is_reaching: bool,
    /// The log says that nothing is written yet.
    is_hold_logged: bool,
    /// Why the last question to the primary never left this host; `None` if it did.
    unasked: Option<String>,
}

fn begin_in_standby(threshold: u32) -> Failover {
    warn!("mode STANDBY: this is a secondary; it writes nothing until the primary stops answering");
    Failover::new(threshold)
}

/// What an engine hands on at a reload, because no server holds it.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptMode {
    /// The mode with its count.
    failover: Option<Failover>,
    /// What shows that this host was not cut off.
    contact: Contact,
}

impl KeptMode {
    /// The next engine asks another primary: the answers of this one do not count.
    pub(super) fn forget_primary(&mut self) {
        self.forget_contact();
        if let Some(failover) = &mut self.failover {
            failover.forget_count();
        }
    }

    /// The next engine talks to another Argus: the answers of this one show nothing.
    pub(super) fn forget_contact(&mut self) {
        self.contact = Contact::default();
    }
}

impl ModeControl {
    /// At a start.
    pub(super) fn new(threshold: Option<u32>, is_single_run: bool) -> Self {
        let begin = if is_single_run { Failover::new } else { begin_in_standby };
        Self { failover: threshold.map(begin), ..Self::default() }
    }

    /// At a reload.
    pub(super) fn after_reload(threshold: Option<u32>, kept: KeptMode) -> Self {
        let failover = match (kept.failover, threshold) {
            (Some(mut failover), Some(threshold)) => {
                failover.set_threshold(threshold);
                Some(failover)
            }
            (None, threshold) => threshold.map(begin_in_standby),
            (Some(failover), None) => {
                if failover.mode() == Mode::Standby {
                    warn!("mode STANDBY -> ACTIVE: there is no [failover] in the configuration any more");
                }
                None
            }
        };
        Self { failover, contact: kept.contact, ..Self::default() }
    }

    /// What the next engine goes on with.
    pub(super) fn keep(self) -> KeptMode {
        KeptMode { failover: self.failover, contact: self.contact }
    }

    pub(super) fn mode(&self) -> Mode {
        self.failover.as_ref().map_or(Mode::Active, Failover::mode)
    }

    pub(super) fn is_active(&self) -> bool {
        self.mode() == Mode::Active
    }

    /// Whether this is a secondary, and ACTIVE.
    pub(super) fn is_active_secondary(&self) -> bool {
        self.failover.is_some() && self.is_active()
    }

    /// Whether there is a primary.
    pub(super) fn has_primary(&self) -> bool {
        self.failover.is_some()
    }

    /// Whether this instance may write to Argus and to Zino now.
    pub(super) fn may_write(&self) -> bool {
        !self.has_primary() || self.is_active() && self.contact.is_proved() && !self.is_asking()
    }

    /// Whether it is not known yet whether Argus is there.
    fn is_asking(&self) -> bool {
        self.is_reach_wanted || self.is_reaching
    }

    /// Why the last question to the primary never left this host; `None` if it did.
    pub(super) fn unasked(&self) -> Option<&str> {
        self.unasked.as_deref()
    }

    /// A question to the primary was answered, or was not. Returns what a change of the mode means.
    pub(super) fn take_ping(&mut self, ctx: &mut Context, ping: &Ping, is_connected: bool) -> Option<Reset> {
        ctx.status.note_ping();
        self.note_unasked(ctx, &ping.answer);
        let before = self.mode();
        let is_asking = self.is_asking();
        let failover = self.failover.as_mut()?;
        if matches!(ping.answer, Answer::Uptime(_)) && is_asking {
            // The primary answers first: that Argus answers later shows nothing about the question
            // before.
            self.contact.doubt();
        }
        let was_proved = self.contact.is_proved();
        self.contact.ping(ping, before, failover.threshold());
        // An ACTIVE one that is connected to its Zino reads Argus anyway. But the question that
        // would be the proof is none if Argus cannot be reached after it either.
        let reads = before == Mode::Active && is_connected && was_proved;
        self.is_reach_wanted = matches!(ping.answer, Answer::Silence(_)) && !reads;
        let line = failover.ping(&ping.answer)?;
        warn!("{line}");
        Some(match before {
            Mode::Standby => Reset::Takeover,
            Mode::Active => Reset::HandBack,
        })
    }

    /// A single run of a secondary whose primary does not answer acts as soon as it knows its own
    /// Zino. Returns whether it begins to.
    pub(super) fn act_at_once(&mut self, ctx: &Context) -> bool {
        let begins = ctx.is_single_run() && self.failover.take().is_some();
        if begins {
            info!("mode STANDBY -> ACTIVE for this run");
        }
        begins
    }

    /// Asks whether Argus is there, if that is wanted.
    pub(super) fn reach_argus(&mut self, ctx: &mut Context) {
        if self.is_reach_wanted && !self.is_reaching {
            (self.is_reach_wanted, self.is_reaching) = (false, true);
            ctx.outbox.argus(Job::Reach);
        }
    }

    pub(super) fn take_reach(&mut self, result: Result<(), ArgusError>) {
        self.is_reaching = false;
        if let Err(error) = result {
            debug!("while the primary is silent, Argus {error}");
            self.note_no_answer(&error);
        }
    }

    /// Argus was asked only to see whether it answers, and this came of it.
    pub(super) fn note_no_answer(&mut self, error: &ArgusError) {
        let is_unreachable = match error {
            ArgusError::Refused(_) | ArgusError::Unknown { status: None, .. } => true,
            // A proxy says so, which may be as cut off as this host.
            ArgusError::Unknown { status: Some(status), .. } => *status >= 500,
            // Something answers, although not as it should; other requests may get an answer.
            ArgusError::Busy(_) | ArgusError::Request { .. } | ArgusError::Unauthorized(_) => false,
        };
        if is_unreachable {
            self.contact.argus_is_away();
        }
    }

    /// Argus has answered, whatever was asked.
    pub(super) fn note_answer(&mut self, ctx: &Context) {
        self.contact.argus_answered(ctx.now.mono);
    }

    /// Logs one line when an ACTIVE secondary has to wait before it writes, and one when it may.
    pub(super) fn log_hold(&mut self) {
        let is_active = self.is_active_secondary();
        let holds = is_active && !self.contact.is_proved();
        if std::mem::replace(&mut self.is_hold_logged, holds) == holds || !is_active {
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

    /// In STANDBY the check of a takeover logs the same.
    fn note_unasked(&mut self, ctx: &mut Context, answer: &Answer) {
        let unasked = match answer {
            Answer::Unasked(why) => Some(why.clone()),
            Answer::Uptime(_) | Answer::Silence(_) => None,
        };
        let was_unasked = self.unasked.is_some();
        match &unasked {
            Some(why) if !was_unasked => {
                ctx.status.failed(ctx.now, format!("the primary cannot be asked: {why}"));
                if self.is_active() {
                    warn!("the primary cannot be asked, so that this instance stays ACTIVE: {why}");
                }
            }
            None if was_unasked && self.is_active() => warn!("the primary can be asked again"),
            _ => {}
        }
        self.unasked = unasked;
    }
}

impl Component for ModeControl {
    fn reset(&mut self, why: Reset) {
        if why == Reset::HandBack {
            self.contact = Contact::default();
        }
    }
}
