//! Takes new settings while the program runs. Never reads a file, and never changes anything while a job or an delivery that
//! was given under the old settings is under way: first a pause, then the change, then on.

use super::cases::Cases;
use super::health::Health;
use super::{Engine, Link, Looking, Now, Output, SETTLE, Settings, begin_in_standby};
use crate::failover::Mode;
use log::warn;

/// New settings, and what they mean for what is known.
#[derive(Debug)]
pub struct Change {
    /// All settings, changed or not.
    pub settings: Settings,
    /// They lead to another Argus: nothing that is known of the old one holds.
    pub another_argus: bool,
    /// We come to Argus with another token, or by another way.
    pub another_token: bool,
    /// They lead to another Zino: nothing that is known of the old one's cases holds. The number of this move, higher than any
    /// before; [`ZinoEvent::Moved`] tells that the poller has come there.
    ///
    /// [`ZinoEvent::Moved`]: super::ZinoEvent::Moved
    pub another_zino: Option<u64>,
    /// The heartbeat asks another agent: the answers of the old one do not count.
    pub another_primary: bool,
}

impl Engine {
    /// From now on no job and no delivery is given, while everything is taken in as before.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Whether nothing is under way that was given before a pause.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.busy == 0 && self.delivery_under_way.is_none()
    }

    /// Ends a pause: with new settings, and everything is compared anew. Without another Argus or Zino nothing that is known
    /// is lost, and the mode stays what it is unless `[failover]` comes or goes.
    pub fn resume(&mut self, now: Now, change: Change) -> Vec<Output> {
        self.paused = false;
        let was = self.mode();
        let rules_changed = self.settings.rules != change.settings.rules;
        self.settings = change.settings;
        self.change_failover(change.another_primary);
        self.cases.judge_again(&self.settings.rules);
        if let Some(number) = change.another_zino {
            self.forget_zino(number);
        }
        if change.another_argus || change.another_zino.is_some() {
            self.forget_all_of_argus(now);
        }
        if change.another_argus {
            self.health = Health::default();
            self.watch.forget();
            self.counting.forget(true);
            self.told.argus = None;
        }
        self.token.settings_changed();
        self.login.settings_changed();
        // The folder of the token may be another one, or the token.
        self.renewing.look_at(now.mono);
        if change.another_argus || change.another_token {
            self.offer_signs_of_life_again();
            self.retry_setbacks_now();
            self.health.hurry(now.mono);
            if was == Mode::Standby {
                self.forget_proof();
            }
        }
        match (was, self.mode()) {
            (Mode::Active, Mode::Standby) => {
                self.forget_proof();
                self.hand_back();
            }
            (Mode::Standby, Mode::Active) => {
                self.forget_proof();
                self.take_over(now);
            }
            (Mode::Active, Mode::Active) if rules_changed || change.another_argus => self.look_at_all(),
            _ => {}
        }
        if self.failover.is_none() {
            // There is no primary any more on which somebody could have closed them.
            self.cases.all_mut().for_each(|slot| slot.exempt = false);
        }
        self.come_forward(now);
        self.dispatch(now);
        std::mem::take(&mut self.out)
    }

    fn change_failover(&mut self, another_primary: bool) {
        match (&mut self.failover, self.settings.failover_threshold) {
            (None, None) => {}
            (Some(failover), Some(threshold)) => {
                failover.set_threshold(threshold);
                if another_primary {
                    failover.forget_count();
                    self.watch.forget();
                }
            }
            (None, Some(threshold)) => {
                self.watch.forget();
                self.failover = Some(begin_in_standby(threshold));
            }
            (Some(failover), None) => {
                if failover.mode() == Mode::Standby {
                    warn!("mode STANDBY -> ACTIVE: there is no [failover] in the configuration any more");
                }
                self.failover = None;
            }
        }
    }

    fn forget_zino(&mut self, number: u64) {
        self.cases = Cases::default();
        self.link = Link { moving_to: Some(number), ..Link::default() };
        self.told.zino = None;
    }

    /// As at a start. The address may be another name of the same server, so that a write in doubt is not repeated at once.
    fn forget_all_of_argus(&mut self, now: Now) {
        self.queue.clear();
        self.deliveries.clear();
        self.forget_argus();
        self.settled_at = Some(now.mono + SETTLE);
        self.cases.all_mut().for_each(|slot| slot.home = None);
    }

    /// What is due by the new intervals is not to wait for the old ones.
    fn come_forward(&mut self, now: Now) {
        let refresh_at = now.mono + self.settings.refresh_interval;
        let full_at = now.mono + self.settings.full_interval;
        let Looking { refresh_at: refresh, full_at: full, .. } = &mut self.looking;
        *refresh = (*refresh).min(refresh_at);
        *full = (*full).min(full_at);
        self.link.full_reading.due_by(full_at);
    }
}
