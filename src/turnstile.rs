//! One process of this host at a time works on one problem or case: looking and writing are one step for the others. Never decides
//! what is written, and never keeps anybody waiting for ever: identity and evidence hold without it, it only closes the moment
//! between a look and a write in which two processes would find the same thing lacking.
//!
//! The lock is a name of an abstract Unix socket: it needs no file and no right to write anywhere, and the system frees it
//! whatever becomes of its holder. Nothing is ever sent through it.

use crate::pulse;
use log::{debug, warn};
use sha1::{Digest, Sha1};
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often somebody who waits looks whether it is his turn.
const GLANCE: Duration = Duration::from_millis(20);

/// Where all processes that share a server meet.
#[derive(Debug)]
pub struct Turnstile {
    /// What they share: the address of the server, and who they are there.
    place: String,
    /// The longest that one waits for another.
    patience: Duration,
    told: AtomicBool,
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
        Self { place, patience, told: AtomicBool::new(false) }
    }

    /// Waits until no other process of this host works on the same thing. After the patience it is one's turn all the same:
    /// the other one hangs, or somebody else has taken the name.
    pub fn enter(&self, thing: &str) -> Turn {
        let until = Instant::now() + self.patience;
        loop {
            match self.hold(thing) {
                Ok(socket) => return Turn { _held: Some(socket) },
                Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < until => thread::sleep(GLANCE),
                Err(error) => {
                    self.tell(thing, &error);
                    return Turn { _held: None };
                }
            }
            pulse::beat();
        }
    }

    fn hold(&self, thing: &str) -> std::io::Result<UnixDatagram> {
        let digest = Sha1::digest(format!("{}\n{thing}", self.place));
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(format!("zinoargus-{name}"))?)
    }

    /// Once: it is about the host, not about this thing.
    fn tell(&self, thing: &str, error: &std::io::Error) {
        if self.told.swap(true, Ordering::Relaxed) {
            return;
        }
        if error.kind() == ErrorKind::AddrInUse {
            let seconds = self.patience.as_secs();
            warn!("another zinoargus on this host has been at {thing} for {seconds} s; going on beside it");
        } else {
            debug!("no turns with other processes of this host: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process;

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
    fn one_that_hangs_is_not_waited_for_for_ever() {
        let hasty = Turnstile::new(place("hangs"), Duration::ZERO);
        let _hangs = hasty.enter("case 1");
        assert!(hasty.enter("case 1")._held.is_none());
    }
}
