//! What an incident is when a person does something while it is read, and which case it belongs to.

use super::{FULL, SOON, Scene};
use crate::argus::ByPerson;
use crate::scenarios::{ALONE, Scenario};
use crate::zino::fresh_case;
use zinoargus::argus::models::EventKind;
use zinoargus::zino::case::{Case, CaseState};

#[test]
fn a_person_who_reopens_an_incident_between_our_two_reads_is_not_answered_with_a_restart() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.alice(pk, &ByPerson::Close("fixed".into()));
    scene.runs(SOON);
    scene.zino(|zino, now| zino.reopen(now, id));
    scene.world(|world| world.unwilling.between = Some((pk, ByPerson::Reopen)));
    scene.runs(SOON);
    assert_eq!((scene.count(pk, &EventKind::Restart), scene.count(pk, &EventKind::Reopen)), (0, 1));
    assert!(scene.is_open(pk));
}

#[test]
fn a_person_who_closes_an_incident_between_our_two_reads_has_closed_it() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.world(|world| world.unwilling.between = Some((pk, ByPerson::Close("fixed".into()))));
    scene.writes_history(id, &["good"]);
    scene.runs(SOON);
    let ours = [EventKind::Restart, EventKind::End].map(|kind| scene.count(pk, &kind));
    assert_eq!((ours, scene.is_open(pk)), ([0, 0], false));
    assert_eq!((scene.delivered(id), scene.case_of(id).state), (vec!["fixed (user7)".to_owned()], CaseState::Closed));
}

#[test]
fn a_person_who_reopens_an_ended_incident_while_we_read_it_for_a_closed_case_keeps_it_open() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.alice(pk, &ByPerson::Close("fixed".into()));
    scene.runs(SOON);
    scene.world(|world| world.unwilling.between = Some((pk, ByPerson::Reopen)));
    scene.writes_history(id, &["afterthought"]);
    scene.runs(SOON);
    assert_eq!((scene.count(pk, &EventKind::End), scene.is_open(pk)), (0, true));
}

#[test]
fn two_open_cases_of_one_router_and_type_that_lack_their_sub_index_get_an_incident_each() {
    let lacks = |case: Case| Case { ifindex: None, remote_addr: None, alarm_type: None, ..case };
    // A port, a BGP session, an alarm.
    for kind in [3, 6, 9] {
        let mut scene = Scene::new();
        let (mut first, mut second) = (lacks(fresh_case(kind)), lacks(fresh_case(kind)));
        first.router = "r1".into();
        second.router = "r1".into();
        let ids = [scene.opens(first.clone())];
        let second = scene.opens_beside(second);
        scene.runs(SOON);
        let [a, b] = [ids[0], second].map(|id| scene.incident_of(id).unwrap_or_else(|| panic!("{id} has none")));
        assert!(a.is_open() && b.is_open());
        scene.closes(second);
        scene.runs(SOON);
        assert!(scene.is_open(a.pk) && !scene.is_open(b.pk));
    }
}

#[test]
fn a_close_dated_before_the_case_opened_leaves_the_closed_case_with_the_one_incident_that_it_had() {
    for single in [false, true] {
        let mut scene = Scene::of(Scenario { single, ..ALONE });
        // The incident of an earlier life of the problem, which the case adopts.
        let (old, pk) = scene.case();
        scene.zino(|zino, _| zino.cases.remove(&old));
        scene.zino(|zino, _| zino.next = 50);
        scene.runs(3600);
        let id = scene.opens(fresh_case(0));
        scene.runs(SOON);
        let long_ago = scene.case_of(id).opened.plus_secs(-1800);
        scene.world(|world| {
            let close = ByPerson::Close("fixed".into());
            world.argus.person(world.now, pk, &close, long_ago);
        });
        scene.runs(SOON);
        assert_eq!(
            (scene.delivered(id), scene.case_of(id).state),
            (vec!["fixed (user7)".to_owned()], CaseState::Closed)
        );
        scene.runs(FULL + SOON);
        assert_eq!(scene.incidents().len(), 1, "single runs: {single}");
    }
}
