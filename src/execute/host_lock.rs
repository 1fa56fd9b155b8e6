//! One process of this host at a time works on one problem or case: looking and writing are one
//! step for the others. Never decides what is written, and never keeps anybody waiting for ever:
//! identity and evidence hold without it, it only closes the moment between a look and a write in
//! which two processes would find the same thing lacking.
//!
//! The lock is a name of an abstract Unix socket: it needs no file and no right to write anywhere,
//! and the system frees it whatever becomes of its holder. Nothing is ever sent through it.

use crate::progress;
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
/// How long nobody is waited for any more after the patience was over once: a process that hangs
/// has many things in hand, and one that only wants to hold others up has all.
const DONE_WAITING: Duration = Duration::from_secs(300);
/// From one try of [`HostLock::enter_soon`] to the next at most so much counts as waiting: whoever
/// still has something to do comes back sooner.
const LONGEST_GAP: Duration = Duration::from_secs(2);
/// A wait without a try for so long is over: the other process has done the work, and nobody comes
/// back for it.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// Where all processes that share a server meet.
#[derive(Debug)]
pub struct HostLock {
    /// What they share: the address of the server, and who they are there.
    place: String,
    /// The longest that one waits for another.
    patience: Duration,
    waits: Mutex<Waits>,
}

/// Who was waited for.
#[derive(Debug, Default)]
struct Waits {
    /// What another process holds.
    held: HashMap<String, Wait>,
    /// When the patience was over last.
    in_vain: Option<Instant>,
    /// It is told once: it is about the host, not about one thing.
    told: bool,
}

/// A wait for one thing.
#[derive(Debug, Clone, Copy)]
struct Wait {
    /// How long it has lasted.
    lasted: Duration,
    /// When the thing was found held last.
    seen: Instant,
}

/// What to do about a thing that another process holds.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Wait on.
    Wait,
    /// Go on beside the other process, because nobody is waited for now.
    GoOn,
    /// Go on beside the other process, because the patience is over.
    LosePatience,
}

impl Waits {
    /// Another process holds the thing now.
    fn is_held(&mut self, thing: &str, now: Instant, patience: Duration) -> Next {
        self.held.retain(|_, wait| now.duration_since(wait.seen) < FORGOTTEN);
        let wait = self.held.entry(thing.to_owned()).or_insert(Wait { lasted: Duration::ZERO, seen: now });
        wait.lasted += now.duration_since(wait.seen).min(LONGEST_GAP);
        wait.seen = now;
        let in_vain = self.in_vain.is_some_and(|since| now.duration_since(since) < DONE_WAITING);
        if !in_vain && wait.lasted < patience {
            return Next::Wait;
        }
        self.held.remove(thing);
        if in_vain {
            return Next::GoOn;
        }
        self.in_vain = Some(now);
        Next::LosePatience
    }

    /// The wait for a thing is over.
    fn is_free(&mut self, thing: &str) {
        self.held.remove(thing);
    }
}

/// Somebody's turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _held: Option<UnixDatagram>,
}

impl HostLock {
    /// For all who name the same place.
    #[must_use]
    pub fn new(place: String, patience: Duration) -> Self {
        Self { place, patience, waits: Mutex::default() }
    }

    /// Waits until no other process of this host works on the same thing. After the patience it is
    /// one's turn all the same: the other one hangs, or somebody else has taken the name.
    pub fn enter(&self, thing: &str) -> Turn {
        loop {
            if let Some(turn) = self.enter_soon(thing) {
                return turn;
            }
        }
    }

    /// Like [`HostLock::enter`], but gives up for now after a moment; the patience counts over all
    /// such tries that follow one another.
    pub fn enter_soon(&self, thing: &str) -> Option<Turn> {
        let until = Instant::now() + MOMENT.min(self.patience);
        loop {
            match self.hold(thing) {
                Ok(socket) => {
                    self.waits().is_free(thing);
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
            progress::beat();
        }
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_out_of_patience(&self, thing: &str) -> bool {
        let next = self.waits().is_held(thing, Instant::now(), self.patience);
        if next == Next::LosePatience {
            let seconds = self.patience.as_secs();
            self.tell(|| {
                warn!(
                    "another process of this host has been at {thing} for {seconds} s; going on beside it, and waiting for nobody for a while"
                );
            });
        }
        next != Next::Wait
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

    fn host_lock(name: &str) -> HostLock {
        HostLock::new(place(name), Duration::from_secs(20))
    }

    #[test]
    fn one_waits_until_the_other_has_done_the_same_thing() {
        let (one, other) = (host_lock("same"), host_lock("same"));
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
        let (here, there) = (host_lock("here"), host_lock("there"));
        let _turn = here.enter("case 1");
        assert!(here.enter("case 2")._held.is_some());
        assert!(there.enter("case 1")._held.is_some());
    }

    #[test]
    fn one_that_hangs_is_waited_for_once_and_not_for_each_thing_that_it_holds() {
        let other = host_lock("hangs");
        let _held = (other.enter("case 1"), other.enter("case 2"));
        let patient = HostLock::new(place("hangs"), Duration::from_millis(1200));
        assert!(patient.enter_soon("case 2").is_none());
        assert!(patient.enter("case 1")._held.is_none());
        assert!(patient.enter_soon("case 2").is_some_and(|turn| turn._held.is_none()));
        assert!(patient.enter("case 3")._held.is_some(), "what is free is still taken in turns");
    }

    /// The seconds, from the start of a wait, at which a thing is found held; what to do at the
    /// last of them. The patience is 20 s.
    fn last(seconds: impl IntoIterator<Item = f64>) -> Next {
        let (mut waits, start) = (Waits::default(), Instant::now());
        let found = seconds
            .into_iter()
            .map(|second| waits.is_held("case 1", start + Duration::from_secs_f64(second), Duration::from_secs(20)));
        found.last().unwrap()
    }

    fn every(step: f64, until: f64) -> impl Iterator<Item = f64> {
        (0_u32..).map(move |n| f64::from(n) * step).take_while(move |second| *second <= until)
    }

    #[test]
    fn the_patience_counts_over_tries_that_follow_one_another() {
        assert_eq!(last(every(0.5, 19.5)), Next::Wait);
        assert_eq!(last(every(0.5, 20.0)), Next::LosePatience);
        assert_eq!(last(every(1.5, 21.0)), Next::LosePatience, "with the pauses between two tries");
        assert_eq!(last(every(30.0, 300.0)), Next::LosePatience, "nobody waits for ever");
    }

    #[test]
    fn a_new_contention_has_its_own_patience_although_another_process_ended_the_one_before() {
        for later in [30.0, 3600.0] {
            assert_eq!(last([0.0, 0.5, later, later + 0.2]), Next::Wait);
            assert_eq!(last(every(0.5, 0.5).chain(every(0.5, 17.0).map(|second| second + later))), Next::Wait);
        }
    }

    #[test]
    fn what_nobody_comes_back_for_is_forgotten() {
        let (mut waits, start) = (Waits::default(), Instant::now());
        for n in 0..1000 {
            waits.is_held(&format!("case {n}"), start, Duration::from_secs(20));
        }
        waits.is_held("case 1", start + FORGOTTEN, Duration::from_secs(20));
        assert_eq!(waits.held.len(), 1);
    }

    #[test]
    fn one_who_has_other_things_to_do_comes_back_until_the_patience_is_over() {
        let other = host_lock("busy");
        let held = other.enter("case 1");
        let busy = HostLock::new(place("busy"), Duration::from_millis(1200));
        assert!(busy.enter_soon("case 1").is_none());
        drop(held);
        assert!(busy.enter_soon("case 1").is_some_and(|turn| turn._held.is_some()));
        let _held = other.enter("case 2");
        let tries = (0..20).position(|_| busy.enter_soon("case 2").is_some());
        assert!(tries.is_some_and(|tries| tries > 0), "{tries:?}");
    }
}
