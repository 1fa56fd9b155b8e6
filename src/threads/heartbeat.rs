//! The heartbeat: asks the primary at every interval and reports the answer. Keeps nothing but the pinger, never decides
//! anything about the mode.

use super::Wake;
use crate::engine::Input;
use crate::failover::heartbeat::{Pinger, Target};
use crate::failover::{Answer, Ping};
use crate::progress;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use log::debug;
use std::time::{Duration, Instant};

/// What may pass between two signs of this thread's life besides the one question that is under way.
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

/// Asks until nobody can give another setup, or nobody listens to `wakes`. A new setup is used at once; the answer to a
/// question of the old one is dropped. Times are counted from `start`.
pub fn run(mut setup: Setup, start: Instant, setups: &Receiver<Setup>, wakes: &Sender<Wake>) {
    let mut pinger = Pinger::new(setup.target.clone());
    loop {
        progress::within(setup.bound());
        progress::beat();
        let (asked_at, next) = (start.elapsed(), Instant::now() + setup.interval);
        let answer = pinger.ping();
        progress::rest();
        let change = match setups.try_recv() {
            Ok(changed) => Some(changed),
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {
                match &answer {
                    Answer::Uptime(_) => {}
                    Answer::Silence(why) => debug!("no answer from the primary: {why}"),
                    Answer::Unasked(why) => debug!("the primary was not asked: {why}"),
                }
                if wakes.send(Wake::Input(Input::Ping(Ping { asked_at, answer }))).is_err() {
                    return;
                }
                // An answer that took longer than the interval is followed by the next question at once, never by several.
                match setups.recv_deadline(next) {
                    Ok(changed) => Some(changed),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        if let Some(changed) = change {
            if changed.target != setup.target {
                pinger = Pinger::new(changed.target.clone());
            }
            setup = changed;
        }
    }
}
