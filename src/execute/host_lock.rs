//! A lock for each problem or case between the processes of one host: reading and then writing is
//! one step for the other processes. Never decides what is written, and never blocks for ever:
//! identity and evidence hold without the lock. It closes the moment between a read and a write, in
//! which two processes would find the same thing lacking.
//!
//! The lock is a name that the system lets one process hold (`held.rs`).

use super::held::{Held, Refusal};
use crate::progress;
use log::{debug, warn};
use sha1::{Digest, Sha1};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Interval between two attempts to take a lock.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);
/// The longest time that one call of [`HostLock::enter_soon`] blocks.
const LONGEST_CALL: Duration = Duration::from_millis(500);
/// After one time-out no lock is waited for during this time: a hung process may hold many locks, a
/// hostile one all of them.
const WITHOUT_LOCKS: Duration = Duration::from_secs(300);
/// The time between two calls of [`HostLock::enter_soon`] counts as waiting up to this much: a
/// caller that still has work to do calls again sooner.
const LONGEST_GAP: Duration = Duration::from_secs(2);
/// A wait without an attempt for this long is over: the other process has done the work.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// The locks of all processes that share a server.
#[derive(Debug)]
pub struct HostLock {
    /// The address of the server, and the user there.
    server: String,
    /// The longest wait for another process.
    patience: Duration,
    waits: Mutex<Waits>,
}

/// The waits for other processes.
#[derive(Debug, Default)]
struct Waits {
    /// The locks that another process holds.
    held: HashMap<String, Wait>,
    /// The last time-out.
    timed_out: Option<Instant>,
    /// Whether a log line was written: one is enough, because it concerns the host.
    logged: bool,
}

/// A wait for one lock.
#[derive(Debug, Clone, Copy)]
struct Wait {
    /// How long it has lasted.
    lasted: Duration,
    /// The latest attempt.
    seen: Instant,
}

/// What to do about a lock that another process holds.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Wait on.
    Wait,
    /// Continue without the lock: an earlier wait timed out.
    Continue,
    /// Continue without the lock: this wait has timed out.
    TimedOut,
}

impl Waits {
    /// Another process holds the lock now.
    fn is_held(&mut self, thing: &str, now: Instant, patience: Duration) -> Next {
        self.held.retain(|_, wait| now.duration_since(wait.seen) < FORGOTTEN);
        let wait = self.held.entry(thing.to_owned()).or_insert(Wait { lasted: Duration::ZERO, seen: now });
        wait.lasted += now.duration_since(wait.seen).min(LONGEST_GAP);
        wait.seen = now;
        let timed_out = self.timed_out.is_some_and(|since| now.duration_since(since) < WITHOUT_LOCKS);
        if !timed_out && wait.lasted < patience {
            return Next::Wait;
        }
        self.held.remove(thing);
        if timed_out {
            return Next::Continue;
        }
        self.timed_out = Some(now);
        Next::TimedOut
    }

    /// The wait for a lock is over.
    fn is_free(&mut self, thing: &str) {
        self.held.remove(thing);
    }
}

/// A lock that this process holds until the value is dropped.
#[derive(Debug)]
pub struct Turn {
    _held: Option<Held>,
}

impl HostLock {
    /// The locks of one server.
    #[must_use]
    pub fn new(server: String, patience: Duration) -> Self {
        Self { server, patience, waits: Mutex::default() }
    }

    /// Takes the lock on a thing. Waits for another process of this host, at most as long as the
    /// patience lasts: then the other process hangs, or a stranger has taken the name.
    pub fn enter(&self, thing: &str) -> Turn {
        loop {
            if let Some(turn) = self.enter_soon(thing) {
                return turn;
            }
        }
    }

    /// Like [`HostLock::enter`], but returns `None` after [`LONGEST_CALL`]. The patience counts
    /// over all calls that follow one another.
    pub fn enter_soon(&self, thing: &str) -> Option<Turn> {
        let until = Instant::now() + LONGEST_CALL.min(self.patience);
        loop {
            match self.hold(thing) {
                Ok(held) => {
                    self.waits().is_free(thing);
                    return Some(Turn { _held: Some(held) });
                }
                Err(Refusal::Taken) => {
                    if self.is_timed_out(thing) {
                        return Some(Turn { _held: None });
                    }
                    if Instant::now() >= until {
                        return None;
                    }
                    thread::sleep(RETRY_INTERVAL);
                }
                Err(Refusal::Impossible(error)) => {
                    self.log_once(|| debug!("no locks between the processes of this host: {error}"));
                    return Some(Turn { _held: None });
                }
            }
            progress::beat();
        }
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_timed_out(&self, thing: &str) -> bool {
        let next = self.waits().is_held(thing, Instant::now(), self.patience);
        if next == Next::TimedOut {
            let seconds = self.patience.as_secs();
            self.log_once(|| {
                warn!(
                    "another process on this host has held the lock on {thing} for {seconds} s; continuing without \
                     locks for {} s",
                    WITHOUT_LOCKS.as_secs()
                );
            });
        }
        next != Next::Wait
    }

    fn log_once(&self, log: impl FnOnce()) {
        if !std::mem::replace(&mut self.waits().logged, true) {
            log();
        }
    }

    fn hold(&self, thing: &str) -> Result<Held, Refusal> {
        let digest = Sha1::digest(format!("{}\n{thing}", self.server));
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Held::take(&name)
    }
}

#[cfg(test)]
#[path = "host_lock_tests.rs"]
mod tests;
