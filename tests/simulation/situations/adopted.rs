//! What people did on an incident that a case of another number adopts: Zino lost its newest state
//! and gave the case anew.

use super::{Scene, ack, close};
use zinoargus::argus::models::{EndTime, EventKind, IncidentPk};
use zinoargus::zino::case::{CaseId, CaseState};

const OPENED: i64 = -7200;
const CASE: CaseId = 23;

/// An open incident of an earlier life, and the case that adopts it.
fn adopted() -> (Scene, IncidentPk) {
    let scene = Scene::new("alone");
    let pk = scene.incident(&scene.case(17, 0, OPENED - 1800), "zino0");
    scene.open_case(CASE, 0, OPENED);
    (scene, pk)
}

#[test]
fn what_a_person_did_on_an_open_incident_is_carried_to_the_case_that_adopts_it_whenever_it_was() {
    for at in [OPENED - 900, OPENED, OPENED + 30, OPENED + 300] {
        let (mut scene, pk) = adopted();
        scene.alice(pk, at, &ack("on it"));
        scene.play();
        assert_eq!(scene.entries(CASE), ["on it (user7)"], "done at {at}");
        assert_eq!(scene.state(CASE), CaseState::Working);
        scene.is_still();
    }
}

#[test]
fn a_close_that_argus_lost_before_the_case_opened_or_in_its_first_minute_is_carried_and_ends_the_incident() {
    for at in [OPENED - 900, OPENED + 50] {
        let (mut scene, pk) = adopted();
        scene.alice(pk, at, &close("fixed"));
        scene.change(pk, |incident| (incident.end_time, incident.open) = (EndTime::Open, true));
        scene.play();
        assert_eq!(scene.entries(CASE), ["fixed (user7)"], "closed at {at}");
        assert_eq!(scene.state(CASE), CaseState::Closed);
        let ends = scene.posted(pk).into_iter().filter(|(kind, ..)| *kind == EventKind::End).collect::<Vec<_>>();
        assert_eq!(ends, [(EventKind::End, at, "Closed in Argus by user7".to_owned())]);
        assert!(!scene.is_open(pk) && scene.created().is_empty());
        scene.is_still();
    }
}

#[test]
fn also_where_all_that_happens_in_the_cases_first_minute() {
    let (mut scene, pk) = adopted();
    scene.driver.still(40);
    scene.zino_of(0, |zino| zino.cases.clear());
    let case = scene.open_now(0);
    scene.alice_now(pk, &close("fixed"));
    scene.change(pk, |incident| (incident.end_time, incident.open) = (EndTime::Open, true));
    scene.restart();
    scene.play();
    assert_eq!((scene.entries(case), scene.state(case)), (vec!["fixed (user7)".to_owned()], CaseState::Closed));
    assert!(!scene.is_open(pk));
    scene.is_still();
    scene.world(|world| assert_eq!(world.argus.incidents.len(), 1));
}

#[test]
fn what_was_done_before_the_incident_was_reopened_belongs_to_an_earlier_case() {
    for reopened_by_us in [true, false] {
        let (mut scene, pk) = adopted();
        scene.alice(pk, OPENED - 900, &ack("on it"));
        scene.ours(pk, EventKind::End, OPENED - 700, "state change open -> closed (ford)");
        if reopened_by_us {
            scene.ours(pk, EventKind::Restart, OPENED - 600, "Case 17 is open in Zino zino0");
        } else {
            scene.alice(pk, OPENED - 600, &crate::argus::ByPerson::Reopen);
        }
        scene.play();
        assert_eq!((scene.entries(CASE), scene.state(CASE)), (vec![], CaseState::Open));
        scene.alice_now(pk, &ack("on it"));
        scene.play();
        assert_eq!(scene.entries(CASE), ["on it (user7)"]);
        scene.is_still();
    }
}

#[test]
fn who_looks_only_after_the_person_has_closed_carries_what_was_done_before_too() {
    let (mut scene, pk) = adopted();
    scene.alice(pk, OPENED + 30, &ack("on it"));
    scene.alice(pk, OPENED + 3000, &close("fixed"));
    scene.play();
    assert_eq!(scene.entries(CASE), ["on it (user7)", "fixed (user7)"]);
    assert_eq!(scene.state(CASE), CaseState::Closed);
    assert!(scene.created().is_empty());
    scene.is_still();
}

#[test]
fn a_close_that_ended_the_incident_before_the_case_was_surely_open_is_not_the_cases() {
    for at in [OPENED - 900, OPENED + 50] {
        let (mut scene, pk) = adopted();
        scene.alice(pk, at, &close("fixed"));
        scene.play();
        assert_eq!((scene.entries(CASE), scene.state(CASE)), (vec![], CaseState::Open));
        assert_eq!(scene.created().into_iter().collect::<Vec<_>>(), [CASE.to_string()]);
        assert!(!scene.is_open(pk));
        scene.is_still();
    }
}
