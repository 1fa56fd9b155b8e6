//! What one engine hands to the next at a reload, because no server holds it. Never decides when
//! there is a reload.

use super::admission::Admission;
use super::{Engine, Settings};
use crate::failover::{Contact, Failover, Mode};
use crate::zino::case::Case;
use log::warn;
use std::sync::Arc;
use std::time::Duration;

/// What is carried over. Everything else is read from the servers again, as at a start.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The failover mode with its count.
    failover: Option<Failover>,
    /// What shows that this host was not cut off.
    contact: Contact,
    /// Of an ACTIVE secondary: its cases, and whether each is exempt since the takeover.
    cases: Vec<(Arc<Case>, bool)>,
    /// Whether Argus accepted our token before.
    token: Admission,
    /// Whether Zino accepted our login before.
    login: Admission,
    /// Until then a request of an earlier engine may still execute; `None`: one is under way now.
    settled_at: Option<Duration>,
}

impl Kept {
    /// The next engine asks another primary: the answers of this one do not count.
    pub fn forget_primary(&mut self) {
        self.forget_contact();
        if let Some(failover) = &mut self.failover {
            failover.forget_count();
        }
    }

    /// The next engine talks to another Argus: that this one answered shows nothing.
    pub fn forget_contact(&mut self) {
        self.contact = Contact::default();
    }
}

impl Engine {
    /// Ends this engine. What it does not hand on, the next one reads from the servers.
    #[must_use]
    pub fn end(self) -> Kept {
        let is_unsettled = self.busy > 0 || self.queue.has_doubts();
        let is_active_secondary = self.failover.as_ref().is_some_and(|failover| failover.mode() == Mode::Active);
        let cases = self.cases.all().filter(|_| is_active_secondary).map(|s| (Arc::clone(&s.case), s.exempt));
        Kept {
            cases: cases.collect(),
            failover: self.failover,
            contact: self.watch.contact,
            token: self.token,
            login: self.login,
            settled_at: self.settled_at.filter(|_| !is_unsettled),
        }
    }

    /// The engine that follows another one at a reload.
    #[must_use]
    pub fn after_reload(settings: Settings, kept: Kept) -> Self {
        let threshold = settings.failover_threshold;
        let failover = match (kept.failover, threshold) {
            (Some(mut failover), Some(threshold)) => {
                failover.set_threshold(threshold);
                Some(failover)
            }
            (None, threshold) => threshold.map(super::begin_in_standby),
            (Some(failover), None) => {
                if failover.mode() == Mode::Standby {
                    warn!("mode STANDBY -> ACTIVE: there is no [failover] in the configuration any more");
                }
                None
            }
        };
        let mut engine = Self { failover, ..Self::ready_to_begin(settings) };
        engine.watch.contact = kept.contact;
        engine.settled_at = kept.settled_at;
        engine.token = kept.token.after_reload();
        engine.login = kept.login.after_reload();
        if engine.token.is_refused() {
            // The probe says when Argus accepts the token again.
            engine.health.suspect("Argus refused the token before the configuration was read again");
        }
        if engine.failover.is_some() {
            engine.keep_cases(kept.cases);
        }
        engine
    }

    /// No server says which cases were over when this secondary took over.
    fn keep_cases(&mut self, cases: Vec<(Arc<Case>, bool)>) {
        for (case, exempt) in cases {
            let id = case.id;
            self.cases.put(Arc::unwrap_or_clone(case), &self.settings.rules);
            if let Some(slot) = self.cases.get_mut(id) {
                slot.exempt = exempt;
            }
        }
    }
}
