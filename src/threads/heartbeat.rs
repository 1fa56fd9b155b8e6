//! The heartbeat: asks the primary at every interval and reports the answer. Keeps nothing but the pinger, never decides
//! anything about the mode.

use super::Wake;
use crate::heartbeat::Pinger;
use crate::machine::Input;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use log::debug;
use std::time::{Duration, Instant};

/// Asks until the machine has ended: then nobody listens to `wakes`, and `over` has lost its other end.
pub fn run(mut pinger: Pinger, interval: Duration, wakes: &Sender<Wake>, over: &Receiver<()>) {
    loop {
        let next = Instant::now() + interval;
        let answer = pinger.ping();
        if let Err(why) = &answer {
            debug!("no answer from the primary: {why}");
        }
        if wakes.send(Wake::Input(Input::Ping(answer))).is_err() {
            return;
        }
        // An answer that took longer than the interval is followed by the next question at once, never by several.
        if over.recv_deadline(next) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}
