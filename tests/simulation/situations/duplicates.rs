//! What people do on an incident that was ended as a duplicate.

use super::{SOON, Scene, ack, close};
use zinoargus::argus::models::{EventKind, IncidentPk};
use zinoargus::zino::case::{CaseId, CaseState};

const CLOSED: CaseId = 23;
const HOUR: i64 = 3600;

/// Two Zinos on one source: the incident that the other instance made is kept, and that of our case
/// 23 was ended as its duplicate. Case 23 has closed, and case 30 is open about the same problem.
/// Gives the ended duplicate.
fn ended_duplicate(opened: i64) -> (Scene, IncidentPk) {
    let scene = Scene::new("alone");
    let kept = scene.incident(&scene.case(517, 0, opened), "another");
    let case = scene.case(CLOSED, 0, opened + 10);
    let duplicate = scene.incident(&case, "zino0");
    scene.ours(duplicate, EventKind::End, opened + 60, &format!("Duplicate of incident {kept}"));
    scene.put(0, scene.closed(case, -HOUR));
    scene.open_case(30, 0, -HOUR / 2);
    (scene, duplicate)
}

#[test]
fn what_a_person_does_on_an_ended_duplicate_reaches_its_own_case_after_that_has_closed() {
    let (mut scene, duplicate) = ended_duplicate(-2 * HOUR);
    scene.play();
    scene.alice_now(duplicate, &ack("still broken"));
    scene.play();
    assert_eq!(scene.entries(CLOSED), ["still broken (user7)"]);
    assert_eq!((scene.entries(30), scene.state(30)), (vec![], CaseState::Open), "it was not done to the new case");
    assert!(!scene.is_open(duplicate));
    scene.is_still();
}

/// As before, but the one that is kept is exactly that of an earlier case of ours, and open because
/// the other Zino's case lives.
#[test]
fn also_where_the_closed_case_lived_on_in_what_is_kept() {
    for open_for in [0, 12 * HOUR] {
        let mut scene = Scene::new("alone");
        let earlier = scene.case(20, 0, -2 * HOUR);
        let kept = scene.incident(&earlier, "zino0");
        scene.put(0, scene.closed(earlier, -HOUR));
        scene.ours(kept, EventKind::End, -HOUR, "state change open -> closed (ford)");
        scene.ours(kept, EventKind::Restart, -HOUR + 10, "Case 517 is open in Zino another");
        let duplicate = scene.incident(&scene.open_case(CLOSED, 0, -HOUR / 2), "zino0");
        scene.play();
        assert!(!scene.is_open(duplicate) && scene.is_open(kept));
        scene.driver.still(open_for);
        scene.close_now(CLOSED);
        scene.play();
        scene.open_now(0);
        scene.play();
        scene.alice_now(duplicate, &ack("still broken"));
        scene.play();
        assert_eq!(scene.entries(CLOSED), ["still broken (user7)"], "open for {open_for}");
        scene.is_still();
    }
}

/// A case that has been open for long lives in another incident than its own, which ended before
/// those that are listed.
#[test]
fn also_where_the_program_was_started_after_the_duplicate_had_left_the_lists() {
    let mut scene = Scene::new("alone");
    let kept = scene.incident(&scene.case(517, 0, -20 * HOUR), "another");
    let duplicate = scene.incident(&scene.open_case(CLOSED, 0, -19 * HOUR), "zino0");
    scene.ours(duplicate, EventKind::End, -18 * HOUR, &format!("Duplicate of incident {kept}"));
    scene.play();
    scene.alice_now(duplicate, &ack("still broken"));
    scene.play();
    assert_eq!((scene.entries(CLOSED).len(), scene.state(CLOSED)), (1, CaseState::Working));
    scene.is_still();
}

#[test]
fn also_where_the_duplicate_ended_longer_ago_than_incidents_are_listed() {
    let (mut scene, duplicate) = ended_duplicate(-20 * HOUR);
    scene.play();
    scene.driver.still(2000);
    scene.alice_now(duplicate, &ack("still broken"));
    scene.play();
    assert_eq!(scene.entries(CLOSED), ["still broken (user7)"]);
    scene.is_still();
}

#[test]
fn also_where_it_was_done_while_the_program_did_not_run() {
    let (mut scene, duplicate) = ended_duplicate(-2 * HOUR);
    scene.alice(duplicate, -100, &ack("still broken"));
    scene.play();
    assert_eq!(scene.entries(CLOSED), ["still broken (user7)"]);
    scene.is_still();
}

#[test]
fn what_a_person_does_on_an_ended_duplicate_of_an_open_case_reaches_that_case() {
    let mut scene = Scene::new("alone");
    let kept = scene.incident(&scene.case(517, 0, -500), "another");
    let case = scene.open_case(CLOSED, 0, -400);
    let duplicate = scene.incident(&case, "zino0");
    scene.play();
    assert_eq!(scene.posted(duplicate).iter().map(|(kind, ..)| kind.clone()).collect::<Vec<_>>(), [EventKind::End]);
    scene.alice_now(duplicate, &ack("on it"));
    scene.play();
    assert_eq!((scene.entries(CLOSED), scene.state(CLOSED)), (vec!["on it (user7)".to_owned()], CaseState::Working));
    scene.alice_now(kept, &close("fixed"));
    scene.driver.still(SOON);
    assert_eq!(scene.entries(CLOSED), ["on it (user7)", "fixed (user7)"]);
    assert_eq!(scene.state(CLOSED), CaseState::Closed);
    scene.is_still();
}
