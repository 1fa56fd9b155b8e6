//! Tests of `deliver.rs` and `user_actions.rs`. Never part of the program.

use super::*;
use crate::argus::models::Incident;
use crate::argus::models::{Event, EventKind};
use crate::reconcile::evidence::Evidence;
use crate::reconcile::testing::{ALICE, US, case, closed, entry, event, incident, rules};
use crate::reconcile::user_actions::user_actions;

/// The writes that a case lacks after these events.
fn lacking(case: &Case, events: &[Event]) -> Vec<ZinoWrite> {
    let i = incident(1, case);
    deliver(case, &user_actions(&Evidence::of(&i, events), &rules(), None), &rules())
}

fn with_entries(mut c: Case, entries: &[(&str, &[&str])]) -> Case {
    for (n, (header, lines)) in entries.iter().enumerate() {
        c.history.push(entry(100 + i64::try_from(n).unwrap(), header, lines));
    }
    c
}

fn history(text: &str) -> ZinoWrite {
    ZinoWrite::History(text.into())
}

#[test]
fn a_persons_close_becomes_an_entry_and_then_the_state() {
    let clo = [event(5, ALICE, EventKind::Close, 60, "fixed")];
    assert_eq!(lacking(&case(1), &clo), [history("fixed (alice)"), ZinoWrite::State(CaseState::Closed)]);
    let half = with_entries(case(1), &[("argus", &["fixed (alice)"])]);
    assert_eq!(lacking(&half, &clo), [ZinoWrite::State(CaseState::Closed)]);
    assert_eq!(lacking(&closed(half, 200), &clo), []);
}

#[test]
fn equal_acts_are_counted() {
    let twice = [event(5, ALICE, EventKind::Acknowledge, 60, ""), event(6, ALICE, EventKind::Acknowledge, 61, "")];
    let one =
        with_entries(case(1), &[("argus", &["(alice)"]), ("x", &[]), ("state change open -> working (argus)", &[])]);
    assert_eq!(lacking(&one, &twice), [history("(alice)"), ZinoWrite::State(CaseState::Working)]);
    let one = Case { state: CaseState::Working, ..one };
    assert_eq!(lacking(&one, &twice), [history("(alice)")]);
}

#[test]
fn an_acknowledgement_leaves_a_state_that_somebody_set_after_it() {
    let ack = [event(5, ALICE, EventKind::Acknowledge, 60, "on it")];
    let c = with_entries(
        case(1),
        &[
            ("argus", &["on it (alice)"]),
            ("state change open -> working (argus)", &[]),
            ("state change working -> waiting (ford)", &[]),
        ],
    );
    assert_eq!(lacking(&Case { state: CaseState::Waiting, ..c }, &ack), []);
}

#[test]
fn a_close_that_was_taken_back_closes_nothing_but_is_told() {
    let events = [event(5, ALICE, EventKind::Close, 60, "oops"), event(6, ALICE, EventKind::Reopen, 70, "")];
    assert_eq!(lacking(&case(1), &events), [history("oops (alice)")]);
}

#[test]
fn an_older_equal_entry_does_not_prove_a_later_close() {
    let events = [
        event(5, ALICE, EventKind::Close, 60, ""),
        event(6, ALICE, EventKind::Reopen, 70, ""),
        event(7, ALICE, EventKind::Close, 80, ""),
    ];
    let c = with_entries(case(1), &[("argus", &["(alice)"]), ("state change open -> closed (argus)", &[])]);
    assert_eq!(lacking(&c, &events), [history("(alice)"), ZinoWrite::State(CaseState::Closed)]);
}

#[test]
fn acknowledgements_stay_in_argus_where_the_configuration_says_so() {
    let quiet = Rules { acknowledged_state: None, ..rules() };
    let events = [event(5, ALICE, EventKind::Acknowledge, 60, "")];
    assert_eq!(user_actions(&Evidence::of(&incident(1, &case(1)), &events), &quiet, None), []);
}

#[test]
fn what_our_own_source_did_is_no_act_of_a_person() {
    let url = "https://t.example.org/1";
    let kinds = [EventKind::Acknowledge, EventKind::Close, EventKind::End];
    let mut events: Vec<Event> = (5..).zip(kinds).map(|(pk, kind)| event(pk, US, kind, 60, "by a script")).collect();
    events.push(event(9, US, EventKind::Change, 70, &format!("Change: \"ticket_url\":  → {url}")));
    let i = Incident { ticket_url: url.into(), ..incident(1, &case(1)) };
    assert_eq!(user_actions(&Evidence::of(&i, &events), &rules(), None), []);
}

#[test]
fn a_ticket_is_told_once_with_the_name_of_the_person_who_brought_it() {
    let url = "https://t.example.org/1";
    let mut i = incident(1, &case(1));
    i.ticket_url = url.into();
    let brought = event(5, ALICE, EventKind::Change, 60, &format!("Change: \"ticket_url\":  → {url}"));
    let again = Event {
        pk: 6,
        actor_name: "bob".into(),
        description: format!("Change: \"ticket_url\": {url} → {url}"),
        ..brought.clone()
    };
    let got = |events: &[Event]| user_actions(&Evidence::of(&i, events), &rules(), None);
    let action = got(&[brought, again]).pop().unwrap();
    assert_eq!(action.text, "Ticket https://t.example.org/1 added by Argus user alice");
    assert_eq!(got(&[]), [], "nobody knows yet who set it");
    let told = with_entries(case(1), &[("argus", &[action.text.as_str()])]);
    assert_eq!(deliver(&told, &[action], &rules()), []);
}

#[test]
fn a_case_that_zino_reopened_after_a_delivered_close_is_recognised() {
    let clo = [event(5, ALICE, EventKind::Close, 60, "")];
    let c = with_entries(case(1), &[("argus", &["(alice)"]), ("state change open -> closed (argus)", &[])]);
    let told = user_actions(&Evidence::of(&incident(1, &c), &clo), &rules(), None);
    assert!(reopened_by_zino(&c, &told, &rules()));
    assert!(!reopened_by_zino(&case(1), &told, &rules()));
}
