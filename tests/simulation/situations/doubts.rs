//! What is not known for certain ends nothing: cases that Zino lists and that cannot be read, and
//! what a secondary that was just started has to find out.

use super::Scene;
use zinoargus::argus::models::{EventKind, IncidentPk};
use zinoargus::zino::case::{Case, CaseId};
use zinoargus::zino::decode::Happening;

const HOUR: i64 = 3600;
const UNREADABLE: CaseId = 17;

/// Zino lists case 17, whose attributes make no sense, between an older case of a lower and a
/// younger one of a higher number.
fn unreadable(scenario: &str) -> (Scene, IncidentPk) {
    let scene = Scene::new(scenario);
    for (id, problem, opened) in [(10, 1, -25), (30, 2, -1)] {
        scene.incident(&scene.open_case(id, problem, opened * HOUR), "zino0");
    }
    let pk = scene.incident(&scene.open_case(UNREADABLE, 0, -12 * HOUR), "zino0");
    scene.zino_of(0, |zino| zino.garbled.insert(UNREADABLE));
    (scene, pk)
}

#[test]
fn a_single_run_ends_soon_and_says_so_where_a_case_that_zino_lists_cannot_be_read() {
    let (mut scene, pk) = unreadable("cron");
    let end = scene.one_run();
    assert!(end.hopeless.is_none());
    assert_eq!(end.failed.len(), 1, "{:?}", end.failed);
    assert!(end.failed.iter().all(|line| line.contains("case 17")), "{:?}", end.failed);
    assert!(scene.is_open(pk));
    scene.zino_of(0, |zino| zino.garbled.clear());
    scene.entry(UNREADABLE, -100, "ford", &["legible again"]);
    let end = scene.one_run();
    assert!(end.failed.is_empty(), "{:?}", end.failed);
    assert_eq!(scene.posted(pk), [(EventKind::Other, -100, "ford\nlegible again".to_owned())]);
}

#[test]
fn the_daemon_ends_nothing_for_a_case_that_zino_lists_and_that_cannot_be_read() {
    let (mut scene, pk) = unreadable("alone");
    scene.play();
    scene.driver.still(4000);
    assert!(scene.is_open(pk));
    assert_eq!(scene.posted(pk), []);
    scene.zino_of(0, |zino| zino.garbled.clear());
    scene.entry(UNREADABLE, 0, "ford", &["legible again"]);
    scene.driver.still(1000);
    assert_eq!(scene.posted(pk), [(EventKind::Other, 0, "ford\nlegible again".to_owned())]);
}

#[test]
fn an_incident_without_a_case_waits_while_a_case_that_cannot_be_read_may_be_about_it() {
    let (mut scene, _) = unreadable("alone");
    let scavenged = scene.incident(&scene.case(16, 4, -13 * HOUR), "zino0");
    scene.play();
    scene.driver.still(4000);
    assert!(scene.is_open(scavenged));
    scene.zino_of(0, |zino| zino.garbled.clear());
    scene.driver.still(4000);
    assert!(!scene.is_open(scavenged));
}

/// A secondary alone with its own Zino, whose case has another number than that of the primary, and
/// has closed.
fn secondary() -> (Scene, IncidentPk) {
    let scene = Scene::new("failover");
    scene.zino_of(0, |zino| zino.down = true);
    let theirs = scene.incident(&scene.case(17, 0, -7200), "zino0");
    for (id, problem, opened) in [(516, 1, -9000), (524, 2, -6000)] {
        scene.incident(&scene.case(id, problem, opened), "zino0");
        scene.put(1, scene.case(id, problem, opened));
    }
    (scene, theirs)
}

#[test]
fn a_secondary_that_was_just_started_ends_the_incident_of_a_case_that_had_closed_under_another_number() {
    let (mut scene, theirs) = secondary();
    scene.put(1, scene.closed(scene.case(523, 0, -7190), -1000));
    scene.play();
    assert_eq!(scene.posted(theirs), [(EventKind::End, -1000, "state change open -> closed (ford)".to_owned())]);
    assert!(!scene.is_open(theirs));
    assert!(scene.created().is_empty());
}

#[test]
fn a_secondary_puts_no_case_on_record_that_had_closed_before_it_saw_it() {
    let (mut scene, theirs) = secondary();
    for id in [520, 530] {
        scene.put(1, scene.closed(scene.case(id, 4, -5000), -4000));
    }
    scene.play();
    assert!(scene.created().is_empty(), "{:?}", scene.created());
    assert!(scene.is_open(theirs));
    // A note in its history is no news of its fault.
    scene.note(1, 520, "an afterthought");
    scene.driver.still(2000);
    assert!(scene.created().is_empty(), "{:?}", scene.created());
}

#[test]
fn a_repaired_case_gets_its_incident_after_a_takeover_when_its_fault_comes_again_and_not_for_a_note() {
    let (mut scene, _) = secondary();
    let repaired = Case { reachability: Some("reachable".into()), ..scene.case(530, 0, -5000) };
    // Of another problem than that of the primary's incident.
    scene.put(1, Case { router: "r9".into(), ..repaired });
    scene.play();
    scene.note(1, 530, "it came back by itself");
    scene.driver.still(2000);
    assert!(scene.created().is_empty(), "{:?}", scene.created());
    scene.zino_of(1, |zino| {
        zino.cases.get_mut(&530).expect("a case").case.reachability = Some("no-response".into());
        zino.notify(530, &Happening::Other);
    });
    scene.driver.still(60);
    assert_eq!(scene.created().into_iter().collect::<Vec<_>>(), ["530"]);
}
