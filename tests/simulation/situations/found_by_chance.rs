//! What seeds of the simulation once found, each as a story of a few lines: the order of requests
//! may change, and these stay what they are. The seed that found it is named.

use super::{Scene, ack, close};
use crate::argus::ByPerson;
use crate::unwilling::Does;
use crate::world::OUR_USER;
use zinoargus::argus::models::{EventKind, IncidentPk};
use zinoargus::zino::case::{Case, CaseId, CaseState};

pub const CASE: CaseId = 17;
pub const HOUR: i64 = 3600;
pub const CLOSING: &str = "state change open -> closed (ford)";

/// An open case with its incident, both as old as this.
pub fn one(age: i64) -> (Scene, Case, IncidentPk) {
    let scene = Scene::new("alone");
    let case = scene.open_case(CASE, 0, -age);
    let pk = scene.incident(&case, "zino0");
    (scene, case, pk)
}

/// What the program posted, but for the times.
pub fn posted(scene: &Scene, pk: IncidentPk) -> Vec<(EventKind, String)> {
    scene.posted(pk).into_iter().map(|(kind, _, text)| (kind, text)).collect()
}

/// alone 70, 508.
#[test]
fn words_on_a_case_that_closed_while_nobody_looked_are_posted() {
    let (mut scene, case, pk) = one(7200);
    scene.put(0, scene.closed(case, -600));
    scene.entry(CASE, -500, "ford", &["an afterthought"]);
    scene.play();
    let wanted = [(EventKind::Other, "ford\nan afterthought".to_owned()), (EventKind::End, CLOSING.to_owned())];
    assert_eq!(posted(&scene, pk), wanted);
    scene.is_still();
}

/// alone 24: events have the time that the person gives them.
#[test]
fn an_acknowledgement_that_is_dated_before_the_case_counts() {
    let (mut scene, _, pk) = one(600);
    scene.play();
    let long_ago = scene.stamp(-5000);
    scene.world(|world| world.argus.person(world.now, pk, &ack("on it"), long_ago));
    scene.play();
    assert_eq!((scene.entries(CASE), scene.state(CASE)), (vec!["on it (user7)".to_owned()], CaseState::Working));
    scene.is_still();
}

/// twins 88: the other instance on the same Zino had not heard of the closing.
#[test]
fn an_outdated_restart_of_our_own_zino_keeps_no_incident_open() {
    let (mut scene, case, pk) = one(7200);
    scene.put(0, scene.closed(case, -600));
    scene.ours(pk, EventKind::End, -600, CLOSING);
    scene.ours(pk, EventKind::Restart, -590, "Case 17 is open in Zino zino0");
    scene.play();
    assert_eq!(posted(&scene, pk), [(EventKind::End, CLOSING.to_owned())]);
    assert!(!scene.is_open(pk));
    scene.is_still();
}

/// alone 2870, 2782: the incident is on no list any more.
#[test]
fn a_case_that_closes_long_after_its_incident_has_no_second_one() {
    let (mut scene, case, pk) = one(20 * HOUR);
    scene.alice(pk, -15 * HOUR, &close("fixed"));
    scene.entry(CASE, -15 * HOUR + 10, OUR_USER, &["fixed (user7)"]);
    scene.entry(CASE, -15 * HOUR + 10, "state change open -> closed (argus)", &[]);
    let history = scene.zino_of(0, |zino| zino.cases[&CASE].case.history.clone());
    scene.put(0, scene.closed(Case { history, ..case }, -600));
    scene.play();
    assert_eq!(posted(&scene, pk), [(EventKind::Other, CLOSING.to_owned())]);
    assert!(scene.created().is_empty());
    scene.is_still();
}

/// alone 4897.
#[test]
fn what_people_did_during_a_long_pause_reaches_zino() {
    let (mut scene, _, pk) = one(30 * HOUR);
    scene.alice(pk, -20 * HOUR, &ack("on it"));
    scene.alice(pk, -2 * HOUR, &ack("still on it"));
    scene.play();
    assert_eq!(scene.entries(CASE), ["on it (user7)", "still on it (user7)"]);
    scene.is_still();
}

/// failover 931, amnesia 7987: both the case's own incident and the one that it lives in show it.
#[test]
fn what_a_person_did_twice_on_two_incidents_of_a_case_is_written_twice_and_no_more() {
    let scene = Scene::new("alone");
    let kept = scene.incident(&scene.case(517, 0, -7000), "another");
    let duplicate = scene.incident(&scene.open_case(CASE, 0, -6990), "zino0");
    let mut scene = scene;
    scene.play();
    for pk in [kept, duplicate] {
        scene.alice_now(pk, &ack("on it"));
    }
    scene.play();
    assert_eq!(scene.entries(CASE), ["on it (user7)", "on it (user7)"]);
    scene.is_still();
}

/// failover 399: an END and a RES by turns.
#[test]
fn a_closed_case_does_not_end_what_the_open_case_of_its_problem_has() {
    let mut scene = Scene::new("alone");
    let pk = scene.incident(&scene.case(517, 0, -7200), "another");
    scene.put(0, scene.closed(scene.case(16, 0, -7100), -3600));
    scene.open_case(CASE, 0, -3000);
    scene.play();
    assert!(scene.is_open(pk) && scene.created().is_empty());
    let turns = posted(&scene, pk).into_iter().filter(|(kind, _)| *kind != EventKind::Other);
    assert_eq!(turns.count(), 0);
    scene.is_still();
}

/// alone 7884: the answer was lost, and the program was killed.
#[test]
fn an_incident_whose_creation_nobody_heard_of_is_found_after_a_start() {
    let mut scene = Scene::new("alone");
    scene.world(|world| world.unwilling.rule(&["POST incident"], Does::LoseReply, Some(1)));
    scene.driver.still(30);
    let id = scene.open_now(0);
    scene.driver.still(2);
    scene.restart();
    scene.note(0, id, "seen");
    scene.play();
    let pks: Vec<IncidentPk> = scene.world(|world| world.argus.incidents.keys().copied().collect());
    assert_eq!(pks.len(), 1);
    assert!(posted(&scene, pks[0]).contains(&(EventKind::Other, "ford\nseen".to_owned())));
    scene.is_still();
}

/// alone 22378: it ended before those that are listed.
#[test]
fn a_long_ended_incident_that_a_person_reopens_stays_open() {
    let (mut scene, case, pk) = one(12 * HOUR);
    scene.put(0, scene.closed(case, -8 * HOUR));
    scene.ours(pk, EventKind::End, -8 * HOUR, CLOSING);
    scene.play();
    scene.driver.still(HOUR + 300);
    scene.alice_now(pk, &ByPerson::Reopen);
    scene.play();
    assert!(scene.is_open(pk));
    scene.is_still();
}

/// failover 15319.
#[test]
fn history_that_the_cases_own_long_ended_incident_has_is_not_posted_beside_it() {
    let (mut scene, case, pk) = one(20 * HOUR);
    scene.ours(pk, EventKind::End, -15 * HOUR, "Duplicate of incident 99");
    let other = scene.incident(&scene.case(517, 0, -14 * HOUR), "another");
    scene.ours(other, EventKind::End, -HOUR, "state change open -> closed (monitor)");
    scene.put(0, scene.closed(case, -HOUR));
    scene.play();
    assert_eq!(scene.posted(other), []);
    assert!(scene.created().is_empty());
    scene.is_still();
}

/// cron 178, 999.
#[test]
fn an_old_closed_case_is_put_on_record_once_and_not_by_every_run() {
    let mut scene = Scene::new("cron");
    scene.put(0, scene.closed(scene.case(CASE, 0, -30 * HOUR), -7 * HOUR));
    scene.one_run();
    assert_eq!(scene.created().into_iter().collect::<Vec<_>>(), [CASE.to_string()]);
    let (_, writes) = scene.driver.still(1000);
    assert_eq!(writes, 0);
}

/// alone 1150: Zino is read in parts, and work on the first ones must wait for nothing else, but
/// nothing is ended or made because a case was not read yet.
#[test]
fn nothing_is_written_while_a_slow_zino_is_read_and_everything_is_well() {
    let mut scene = Scene::new("slow");
    for n in 0..8 {
        scene.incident(&scene.open_case(10 + n, n, -7200 - 10 * n as i64), "zino0");
    }
    let (_, writes) = scene.driver.still(2000);
    assert_eq!(writes, 0);
}

/// failover 1042: that of the closed case is open because another Zino's case lives.
#[test]
fn what_another_zino_keeps_open_is_the_one_incident_of_the_problem() {
    let mut scene = Scene::new("alone");
    let case = scene.case(16, 0, -7200);
    let kept = scene.incident(&case, "zino0");
    scene.put(0, scene.closed(case, -3600));
    scene.ours(kept, EventKind::End, -3600, CLOSING);
    scene.ours(kept, EventKind::Restart, -3500, "Case 517 is open in Zino another");
    scene.open_case(CASE, 0, -3000);
    scene.world(|world| world.note_lives());
    scene.play();
    scene.driver.still(1000);
    assert_eq!(open(&scene), [kept]);
    scene.is_still();
}

/// reloads 85382: it was made before the hand-back.
#[test]
fn a_younger_incident_of_another_zino_beside_the_problems_own_is_ended() {
    let (mut scene, _, pk) = one(7200);
    let other = scene.incident(&scene.case(517, 0, -7000), "another");
    scene.play();
    assert!(scene.is_open(pk) && !scene.is_open(other));
    assert_eq!(posted(&scene, other), [(EventKind::End, format!("Duplicate of incident {pk}"))]);
    scene.is_still();
}

/// amnesia 764: the clock of Argus is wrong by as much as 20 seconds.
#[test]
fn a_close_in_the_first_seconds_of_a_case_counts_whatever_the_clock_of_argus_says() {
    for off in [-20, 0, 20] {
        let mut scene = Scene::new("alone");
        scene.world(|world| world.argus.offset = off * 1_000_000);
        scene.play();
        let id = scene.open_now(0);
        scene.driver.still(3);
        scene.world(|world| {
            let at = world.argus.stamp(world.now);
            world.argus.person(world.now, 1, &close("fixed"), at).expect("Argus takes it");
        });
        scene.play();
        assert_eq!((scene.entries(id), scene.state(id)), (vec!["fixed (user7)".to_owned()], CaseState::Closed));
        scene.is_still();
    }
}

/// cron 11927.
#[test]
fn a_number_that_is_taken_by_something_else_is_not_asked_for_by_every_run() {
    let mut scene = Scene::new("cron");
    let taken = scene.incident(&scene.case(CASE, 1, -30 * HOUR), "zino0");
    scene.ours(taken, EventKind::End, -29 * HOUR, CLOSING);
    scene.open_case(CASE, 0, -600);
    scene.one_run();
    assert!(scene.created().iter().all(|number| number.starts_with("17-")));
    let (_, writes) = scene.driver.still(1000);
    assert_eq!(writes, 0);
}

/// The open incidents.
fn open(scene: &Scene) -> Vec<IncidentPk> {
    scene.world(|world| world.argus.incidents.values().filter(|i| i.is_open()).map(|i| i.pk).collect())
}

/// failover 14508: each incident is exactly that of a closed case, and open for the other's case.
#[test]
fn two_instances_that_each_took_what_the_others_closed_case_had_keep_one_incident() {
    let mut scene = Scene::new("beside");
    let (ours, theirs) = (scene.case(16, 0, -7200), scene.case(516, 0, -7100));
    let (first, second) = (scene.incident(&ours, "zino0"), scene.incident(&theirs, "zino1 (secondary)"));
    for (z, case) in [(0, ours), (1, theirs)] {
        scene.put(z, scene.closed(case, -3600));
    }
    for (pk, text) in [(first, "Case 517 is open in Zino zino1"), (second, "Case 17 is open in Zino zino0")] {
        scene.ours(pk, EventKind::End, -3600, CLOSING);
        scene.ours(pk, EventKind::Restart, -3000, text);
    }
    scene.put(0, scene.case(CASE, 0, -3100));
    scene.put(1, scene.case(517, 0, -3090));
    scene.world(|world| world.note_lives());
    scene.play();
    scene.driver.still(4000);
    assert_eq!(open(&scene), [first]);
    let (_, writes) = scene.driver.still(4000);
    assert_eq!(writes, 0);
}

/// failover 24136: the earlier case is read only when something happens to it.
#[test]
fn what_an_earlier_closed_case_turns_out_to_own_is_not_kept_twice() {
    let mut scene = Scene::new("alone");
    let earlier = scene.case(9, 0, -7200);
    let pk = scene.incident(&earlier, "zino0");
    scene.open_case(CASE, 0, -3000);
    scene.play();
    assert_eq!(open(&scene), [pk]);
    scene.put(0, scene.closed(earlier, -3600));
    scene.world(|world| world.note_lives());
    scene.note(0, 9, "an afterthought");
    scene.play();
    scene.driver.still(1000);
    assert_eq!(open(&scene).len(), 1);
    scene.is_still();
}

/// amnesia 93784: a person reopens an older incident just as the case's own is read.
#[test]
fn an_incident_that_is_reopened_while_another_one_is_read_is_not_left_beside_it() {
    let mut scene = Scene::new("alone");
    let old = scene.incident(&scene.case(9, 0, -9000), "zino0");
    scene.ours(old, EventKind::End, -8000, CLOSING);
    let pk = scene.incident(&scene.open_case(CASE, 0, -3000), "zino0");
    scene.play();
    scene.world(|world| world.unwilling.between = Some((pk, ByPerson::Comment)));
    scene.note(0, CASE, "seen");
    scene.alice_now(old, &ByPerson::Reopen);
    scene.play();
    scene.driver.still(1000);
    assert_eq!(open(&scene), [old]);
    scene.is_still();
}
