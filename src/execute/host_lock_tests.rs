//! Tests of `host_lock.rs`. Never part of the program.

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
    assert_eq!(last(every(0.5, 20.0)), Next::TimedOut);
    assert_eq!(last(every(1.5, 21.0)), Next::TimedOut, "with the pauses between two tries");
    assert_eq!(last(every(30.0, 300.0)), Next::TimedOut, "nobody waits for ever");
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
