//! Incidents of the Python program: what they are about stands in the tags of our source's user,
//! and its times may be an hour off.

use super::{Scene, ack};
use zinoargus::argus::models::{EventKind, IncidentPk};
use zinoargus::zino::case::{Case, CaseId};

const HOUR: i64 = 3600;
const CASE: CaseId = 17;

/// An open case and the incident that the Python program made for it.
fn left_behind() -> (Scene, Case, IncidentPk) {
    let scene = Scene::new("alone");
    let case = scene.open_case(CASE, 0, -7200);
    let pk = scene.incident(&case, "");
    scene.by_python(pk);
    (scene, case, pk)
}

#[test]
fn a_tag_that_a_person_added_does_not_change_what_an_incident_is_about() {
    for foreign in ["host=r1.example.org", "event_type=bgp", "host=alias.example.org"] {
        let (mut scene, _, pk) = left_behind();
        scene.open_case(18, 1, -7100);
        scene.tag_of_alice(pk, foreign);
        scene.entry(CASE, -3000, "ford", &["about r0"]);
        scene.entry(18, -3000, "ford", &["about r1"]);
        scene.play();
        assert_eq!(scene.posted(pk), [(EventKind::Other, -3000, "ford\nabout r0".to_owned())], "with {foreign}");
        assert_eq!(scene.created().into_iter().collect::<Vec<_>>(), ["18"], "with {foreign}");
        scene.alice_now(pk, &ack("on it"));
        scene.play();
        assert_eq!((scene.entries(CASE).len(), scene.entries(18).len()), (1, 0));
        scene.is_still();
    }
}

#[test]
fn an_incident_whose_own_tags_a_person_only_imitates_says_nothing() {
    let (mut scene, _, pk) = left_behind();
    scene.change(pk, |incident| {
        incident.tags = incident.tags.iter().map(|t| (t.text, crate::world::ALICE)).collect();
    });
    scene.change(pk, |incident| incident.source_incident_id = "by-hand".into());
    scene.entry(CASE, -3000, "ford", &["about r0"]);
    scene.play();
    assert_eq!(scene.posted(pk), []);
    assert_eq!(scene.created().into_iter().collect::<Vec<_>>(), ["17"]);
    scene.is_still();
}

/// Argus stores a tag once, and it stays that of who added it first.
#[test]
fn an_incident_is_known_by_our_outdated_tag_where_a_person_has_added_the_one_that_should_take_its_place() {
    let (mut scene, _, pk) = left_behind();
    let outdated = |text: &str| text.replace("host=r0.example.org", "host=r0.old.example.com");
    scene.change(pk, |i| i.tags = i.tags.iter().map(|t| (outdated(t.text), t.added_by)).collect());
    scene.tag_of_alice(pk, "host=r0.example.org");
    scene.zino_of(0, |zino| zino.cases.get_mut(&CASE).expect("a case").case.priority = 300);
    scene.play();
    scene.entry(CASE, 0, "ford", &["about r0"]);
    scene.restart();
    scene.play();
    assert_eq!(scene.posted(pk), [(EventKind::Other, 0, "ford\nabout r0".to_owned())]);
    assert!(scene.created().is_empty(), "{:?}", scene.created());
    let tags =
        scene.world(|world| world.argus.incidents[&pk].tags.iter().map(|t| t.text.to_owned()).collect::<Vec<_>>());
    assert!(tags.contains(&"priority=300".to_owned()) && !tags.contains(&"priority=100".to_owned()), "{tags:?}");
    scene.is_still();
}

#[test]
fn history_that_was_sent_an_hour_off_is_not_sent_again() {
    for off in [HOUR, -HOUR, 0] {
        let (mut scene, _, pk) = left_behind();
        scene.change(pk, |incident| incident.start_time = incident.start_time.plus_secs(off));
        scene.entry(CASE, -5000, "ford", &["first"]);
        scene.entry(CASE, -3000, "ford", &["second"]);
        scene.ours(pk, EventKind::Other, -5000 + off, "ford\nfirst");
        scene.play();
        let posted: Vec<_> = scene.posted(pk).into_iter().filter(|(kind, ..)| *kind == EventKind::Other).collect();
        assert_eq!(posted, [(EventKind::Other, -3000, "ford\nsecond".to_owned())], "off by {off}");
        scene.is_still();
    }
}

#[test]
fn equal_entries_an_hour_apart_are_two_entries_also_where_times_may_be_off() {
    let (mut scene, _, pk) = left_behind();
    scene.entry(CASE, -6000, "ford", &["again"]);
    scene.entry(CASE, -6000 + HOUR, "ford", &["again"]);
    scene.entry(CASE, -6000 + HOUR, "ford", &["again"]);
    scene.ours(pk, EventKind::Other, -6000 + HOUR, "ford\nagain");
    scene.play();
    assert_eq!(scene.posted(pk).len(), 2, "{:?}", scene.posted(pk));
    scene.is_still();
}

#[test]
fn an_hour_off_is_no_excuse_for_incidents_of_this_program() {
    let mut scene = Scene::new("alone");
    let pk = scene.incident(&scene.open_case(CASE, 0, -7200), "zino0");
    scene.entry(CASE, -5000, "ford", &["first"]);
    scene.ours(pk, EventKind::Other, -5000 + HOUR, "ford\nfirst");
    scene.play();
    assert_eq!(scene.posted(pk), [(EventKind::Other, -5000, "ford\nfirst".to_owned())]);
    scene.is_still();
}

#[test]
fn an_end_that_was_sent_an_hour_off_tells_the_closing() {
    let (mut scene, case, pk) = left_behind();
    let text = "state change open -> closed (ford)";
    scene.put(0, scene.closed(case, -5000));
    scene.ours(pk, EventKind::End, -5000 + HOUR, text);
    scene.play();
    assert_eq!(scene.posted(pk), []);
    scene.is_still();
}

#[test]
fn an_end_an_hour_off_that_argus_lost_is_posted_again_unless_somebody_reopened_the_incident() {
    for reopened in [false, true] {
        let (mut scene, case, pk) = left_behind();
        let text = "state change open -> closed (ford)";
        scene.put(0, scene.closed(case, -5000));
        scene.ours(pk, EventKind::End, -5000 + HOUR, text);
        if reopened {
            // On behalf of another Zino, as a takeover does.
            scene.ours(pk, EventKind::Restart, -4000, "Case 517 is open in Zino another");
        } else {
            scene.change(pk, |incident| {
                (incident.end_time, incident.open) = (zinoargus::argus::models::EndTime::Open, true);
            });
        }
        scene.play();
        assert_eq!(scene.is_open(pk), reopened);
        scene.is_still();
    }
}

#[test]
fn an_incident_that_may_be_an_hour_younger_than_it_says_is_not_yet_taken_for_one_whose_case_was_deleted() {
    for (age, ends) in [(8 * HOUR + 1800, false), (9 * HOUR + 1800, true)] {
        let mut scene = Scene::new("alone");
        for (id, problem, opened) in [(10, 1, -25 * HOUR), (30, 2, -HOUR)] {
            scene.incident(&scene.open_case(id, problem, opened), "zino0");
        }
        let pk = scene.incident(&scene.case(CASE, 0, -age), "");
        scene.by_python(pk);
        scene.play();
        scene.driver.still(1000);
        assert_eq!(scene.is_open(pk), !ends, "{age}");
    }
}
