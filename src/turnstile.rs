//! One process of this host at a time works on one problem or case: looking and writing are one step for the others. Never decides
//! what is written, and never keeps anybody waiting for ever: identity and evidence hold without it, it only closes the moment
//! between a look and a write in which two processes would find the same thing lacking.
//!
//! The lock is a name of an abstract Unix socket: it needs no file and no right to write anywhere, and the system frees it
//! whatever becomes of its holder. Nothing is ever sent through it.

use crate::pulse;
use log::{debug, warn};
use sha1::{Digest, Sha1};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often somebody who waits looks whether it is his turn.
const GLANCE: Duration = Duration::from_millis(20);
/// The longest that one who has other things to do waits at a time.
const MOMENT: Duration = Duration::from_millis(500);
/// How long nobody is waited for any more after the patience was over once: a process that hangs has many things in hand, and one that
/// only wants to hold others up has all.
const DONE_WAITING: Duration = Duration::from_secs(300);

/// Where all processes that share a server meet.
#[derive(Debug)]
pub struct Turnstile {
    /// What they share: the address of the server, and who they are there.
    place: String,
    /// The longest that one waits for another.
    patience: Duration,
    waits: Mutex<Waits>,
}

/// Who was waited for.
#[derive(Debug, Default)]
struct Waits {
    /// What was left to another for the moment, and since when.
    since: HashMap<String, Instant>,
    /// When the patience was over last.
    in_vain: Option<Instant>,
    /// It is told once: it is about the host, not about one thing.
    told: bool,
}

/// Somebody's turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _held: Option<UnixDatagram>,
}

impl Turnstile {
    /// For all who name the same place.
    #[must_use]
    pub fn new(place: String, patience: Duration) -> Self {
        Self { place, patience, waits: Mutex::default() }
    }

    /// Waits until no other process of this host works on the same thing. After the patience it is one's turn all the same:
    /// the other one hangs, or somebody else has taken the name.
    pub fn enter(&self, thing: &str) -> Turn {
        loop {
            if let Some(turn) = self.enter_soon(thing) {
                return turn;
            }
        }
    }

    /// Like [`Turnstile::enter`], but gives up for now after a moment; the patience counts from the first such try.
    pub fn enter_soon(&self, thing: &str) -> Option<Turn> {
        let until = Instant::now() + MOMENT.min(self.patience);
        loop {
            match self.hold(thing) {
                Ok(socket) => {
                    self.waits().since.remove(thing);
                    return Some(Turn { _held: Some(socket) });
                }
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    if self.is_out_of_patience(thing) {
                        return Some(Turn { _held: None });
                    }
                    if Instant::now() >= until {
                        return None;
                    }
                    thread::sleep(GLANCE);
                }
                Err(error) => {
                    self.tell(|| debug!("no turns with other processes of this host: {error}"));
                    return Some(Turn { _held: None });
                }
            }
            pulse::beat();
        }
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_out_of_patience(&self, thing: &str) -> bool {
        let mut waits = self.waits();
        let in_vain = waits.in_vain.is_some_and(|since| since.elapsed() < DONE_WAITING);
        let since = *waits.since.entry(thing.to_owned()).or_insert_with(Instant::now);
        if !in_vain && since.elapsed() < self.patience {
            return false;
        }
        waits.since.remove(thing);
        if !in_vain {
            waits.in_vain = Some(Instant::now());
            drop(waits);
            let seconds = self.patience.as_secs();
            self.tell(|| {
                warn!(
                    "another process of this host has been at {thing} for {seconds} s; going on beside it, and waiting for nobody for a while"
                );
            });
        }
        true
    }

    fn tell(&self, tell: impl FnOnce()) {
        if !std::mem::replace(&mut self.waits().told, true) {
            tell();
        }
    }

    fn hold(&self, thing: &str) -> std::io::Result<UnixDatagram> {
        let digest = Sha1::digest(format!("{}\n{thing}", self.place));
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(format!("zinoargus-{name}"))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn place(name: &str) -> String {
        format!("{name} of process {}", process::id())
    }

    fn turnstile(name: &str) -> Turnstile {
        Turnstile::new(place(name), Duration::from_secs(20))
    }

    #[test]
    fn one_waits_until_the_other_has_done_the_same_thing() {
        let (one, other) = (turnstile("same"), turnstile("same"));
        let done = AtomicBool::new(false);
        let turn = one.enter("case 1");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let _turn = other.enter("case 1");
                done.load(Ordering::SeqCst)
            });
            done.store(true, Ordering::SeqCst);
            drop(turn);
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn another_thing_or_another_server_is_not_waited_for() {
        let (here, there) = (turnstile("here"), turnstile("there"));
        let _turn = here.enter("case 1");
        assert!(here.enter("case 2")._held.is_some());
        assert!(there.enter("case 1")._held.is_some());
    }

    #[test]
    fn one_that_hangs_is_waited_for_once_and_not_for_each_thing_that_it_holds() {
        let other = turnstile("hangs");
        let _held = (other.enter("case 1"), other.enter("case 2"));
        let patient = Turnstile::new(place("hangs"), Duration::from_millis(1200));
        assert!(patient.enter_soon("case 2").is_none());
        assert!(patient.enter("case 1")._held.is_none());
        assert!(patient.enter_soon("case 2").is_some_and(|turn| turn._held.is_none()));
        assert!(patient.enter("case 3")._held.is_some(), "what is free is still taken in turns");
    }

    #[test]
    fn one_who_has_other_things_to_do_comes_back_until_the_patience_is_over() {
        let other = turnstile("busy");
        let held = other.enter("case 1");
        let busy = Turnstile::new(place("busy"), Duration::from_millis(1200));
        assert!(busy.enter_soon("case 1").is_none());
        drop(held);
        assert!(busy.enter_soon("case 1").is_some_and(|turn| turn._held.is_some()));
        let _held = other.enter("case 2");
        let tries = (0..20).position(|_| busy.enter_soon("case 2").is_some());
        assert!(tries.is_some_and(|tries| tries > 0), "{tries:?}");
    }
}
