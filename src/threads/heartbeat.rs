//! The heartbeat: asks the primary at every interval and reports the answer. Keeps nothing but the
//! pinger, never decides anything about the mode.

use super::Never;
use crate::engine::Input;
use crate::failover::heartbeat::{Pinger, Target};
use crate::failover::{Answer, Ping};
use crate::metrics::{Pinged, metrics};
use crate::progress;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use log::debug;
use std::time::{Duration, Instant};

/// What may pass between two signs of this thread's life besides the one question that is under
/// way.
const SLACK: Duration = Duration::from_secs(60);

/// Whom to ask, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Whom to ask, and how.
    pub target: Target,
    /// From one question to the next.
    pub interval: Duration,
}

impl Setup {
    /// How long this thread may be silent while it asks.
    #[must_use]
    pub fn bound(&self) -> Duration {
        self.target.longest().saturating_add(SLACK)
    }
}

/// Asks until it is stopped. The first question is asked an interval after the last one of an
/// earlier generation, so that reloads do not make the answers come faster. Times in the reports
/// are counted from `start`. Returns when the last question was asked.
pub fn run(
    setup: &Setup,
    start: Instant,
    mut asked: Option<Instant>,
    stop_receiver: &Receiver<Never>,
    input_sender: &Sender<Input>,
) -> Option<Instant> {
    let mut pinger = Pinger::new(setup.target.clone());
    loop {
        progress::rest();
        // An answer that took longer than the interval is followed by the next question at once,
        // never by several.
        let next = asked.map_or_else(Instant::now, |asked| asked + setup.interval);
        if stop_receiver.recv_deadline(next) == Err(RecvTimeoutError::Disconnected) {
            return asked;
        }
        progress::beat();
        let asked_at = start.elapsed();
        asked = Some(Instant::now());
        let answer = pinger.ping();
        progress::rest();
        metrics().pinged(match &answer {
            Answer::Uptime(_) => Pinged::Answered,
            Answer::Silence(why) => {
                debug!("no answer from the primary: {why}");
                Pinged::Silent
            }
            Answer::Unasked(why) => {
                debug!("the primary was not asked: {why}");
                Pinged::Unasked
            }
        });
        if input_sender.send(Input::Ping(Ping { asked_at, answer })).is_err() {
            return asked;
        }
    }
}
