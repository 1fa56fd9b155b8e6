//! Tests of `evidence.rs`. Never part of the program.

use super::*;
use crate::reconcile::testing::{ALICE, US, case, event, incident};

#[test]
fn a_close_stands_until_a_reopening_arrives_whatever_the_timestamps_say() {
    let clo = event(5, ALICE, EventKind::Close, 100, "");
    let back_dated = event(6, ALICE, EventKind::Reopen, -500, "");
    let end = event(7, US, EventKind::End, 101, "");
    let stands = |events: &[Event]| Evidence::of(&incident(1, &case(1)), events).standing_close().map(|e| e.pk);
    assert_eq!(stands(&[end.clone(), clo.clone()]), Some(5));
    assert_eq!(stands(&[back_dated, end, clo]), None);
    assert_eq!(stands(&[event(9, ALICE, EventKind::End, 5, "")]), Some(9));
}

#[test]
fn a_duplicate_is_one_only_while_nothing_happened_after() {
    let i = incident(1, &case(1));
    let end = event(5, US, EventKind::End, 100, &duplicate_text(3));
    assert_eq!(Evidence::of(&i, std::slice::from_ref(&end)).duplicate_of(), Some(3));
    let res = event(6, US, EventKind::Restart, 100, "");
    assert_eq!(Evidence::of(&i, &[end.clone(), res]).duplicate_of(), None);
    let typed = Event { actor: ALICE, ..end };
    assert_eq!(Evidence::of(&i, &[typed]).duplicate_of(), None);
}

#[test]
fn what_our_own_zino_said_before_does_not_outlast_what_it_says_now() {
    let i = incident(1, &case(1));
    let end = event(5, US, EventKind::End, 100, "");
    let res = |server| event(6, US, EventKind::Restart, 100, &restart_text(1, &CaseState::Open, server));
    let outlasts = |res: Event| Evidence::of(&i, &[end.clone(), res]).reopened_after(&end, "zino1");
    assert!(!outlasts(res("zino1")));
    assert!(outlasts(res("zino2")));
    assert!(outlasts(event(6, ALICE, EventKind::Reopen, 100, "")));
}
