//! What is accepted and changes nothing, what is there and cannot be read, and what Zino does not
//! take.

use super::{FULL, SOON, Scene, refuse};
use crate::argus::ByPerson;
use crate::facts::problem_text;
use crate::situations::Scene as Situation;
use crate::unwilling::Does;
use crate::zino::fresh_case;
use zinoargus::argus::models::{Incident, IncidentPk};
use zinoargus::zino::case::CaseState;

/// Everything is as it should be but for one write that has no effect: two tries, one warning, and
/// then once for each full look.
fn without_effect(scene: &mut Scene, words: &[&str], before: usize) {
    let came = |scene: &Scene| scene.came(words) - before;
    scene.runs(SOON);
    assert_eq!(came(scene), 2, "{words:?}");
    let warnings = scene.warnings("without effect");
    assert_eq!(warnings.len(), 1, "{words:?} {warnings:?}");
    assert_eq!(scene.failing(), 1, "{words:?}");
    scene.runs(10 * FULL);
    assert!((11..=13).contains(&came(scene)), "{words:?} {}", came(scene));
    assert_eq!(scene.warnings("without effect"), [""; 0], "{words:?}");
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    assert_eq!(scene.failing(), 0, "{words:?}");
}

#[test]
fn an_end_that_argus_accepts_without_effect_is_not_posted_over_and_over() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["POST", " End "], Does::Nothing, None);
    scene.closes(id);
    without_effect(&mut scene, &["POST", " End "], 0);
    assert!(!scene.is_open(pk));
}

#[test]
fn a_restart_that_argus_accepts_without_effect_is_not_posted_over_and_over() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.closes(id);
    scene.runs(SOON);
    scene.argus_does(&["POST", " Restart "], Does::Nothing, None);
    scene.zino(|zino, now| zino.reopen(now, id));
    without_effect(&mut scene, &["POST", " Restart "], 0);
    assert!(scene.is_open(pk));
}

#[test]
fn a_change_that_argus_accepts_without_effect_is_not_made_over_and_over() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["PATCH"], Does::Nothing, None);
    scene.priority(id, 600);
    without_effect(&mut scene, &["PATCH"], 0);
    assert_eq!(scene.incidents().iter().find(|i| i.pk == pk).map(|i| i.level), Some(1));
}

#[test]
fn an_end_of_a_duplicate_that_argus_accepts_without_effect_is_not_posted_over_and_over() {
    let mut scene = Scene::new();
    let (_, pk) = scene.case();
    scene.argus_does(&["POST", " End ", "Duplicate"], Does::Nothing, None);
    let double = scene.world(|world| {
        let twin = world.argus.incidents.get(&pk).expect("it is there").clone();
        world.argus.next_pk += 1;
        let number = "99".into();
        let start_time = twin.start_time.plus_secs(-5000);
        let double = Incident { pk: world.argus.next_pk, source_incident_id: number, start_time, ..twin };
        world.argus.incidents.insert(double.pk, double.clone());
        double.pk
    });
    scene.runs(FULL);
    let before = scene.came(&["Duplicate"]) - 2;
    scene.warnings("");
    scene.runs(10 * FULL);
    let came = scene.came(&["Duplicate"]) - before;
    assert!((11..=13).contains(&came), "{came}");
    assert!(scene.is_open(double));
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    assert!(!scene.is_open(double));
}

#[test]
fn an_end_without_effect_keeps_back_neither_history_nor_what_a_person_did() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["POST", " End "], Does::Nothing, None);
    scene.writes_history(id, &["good"]);
    scene.closes(id);
    scene.runs(SOON);
    scene.alice(pk, &ByPerson::Acknowledge("why is it open?".into()));
    scene.writes_history(id, &["because"]);
    scene.runs(SOON);
    assert_eq!(scene.posted(pk), ["good", "because"]);
    assert_eq!(scene.delivered(id), ["why is it open? (user7)"]);
}

#[test]
fn an_incident_that_argus_says_it_made_and_does_not_have_is_not_made_over_and_over() {
    let mut scene = Scene::new();
    scene.argus_does(&["POST incident 1 "], Does::Nothing, None);
    let id = scene.opens(fresh_case(0));
    scene.runs(60);
    for n in 0..5 {
        scene.writes_history(id, &[&format!("entry {n}")]);
        scene.runs(60);
    }
    let posts = scene.came(&["POST incident 1 "]);
    assert!(posts <= 12, "{posts} POSTs for one case and five changes of it");
    assert_eq!(scene.warnings("without effect").len(), 1);
    scene.runs(10 * FULL);
    let more = scene.came(&["POST incident 1 "]) - posts;
    assert!(more <= 22, "{more} POSTs in ten full looks");
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    let pk = scene.incident_of(id).expect("it has one").pk;
    assert_eq!(scene.posted(pk).len(), 5);
}

#[test]
fn an_incident_that_its_number_shows_and_that_cannot_be_read_is_asked_for_at_ever_longer_intervals() {
    for reply_is_lost in [true, false] {
        let mut scene = Scene::new();
        scene.world(|world| world.unwilling.hidden.insert(1));
        if reply_is_lost {
            scene.argus_does(&["POST incident 1 "], Does::LoseReply, Some(1));
        }
        let id = scene.opens(fresh_case(0));
        scene.runs(20);
        scene.writes_history(id, &["good"]);
        let reads = |scene: &Scene| scene.world(|world| world.requests);
        let before = reads(&scene);
        scene.runs(600);
        let posts = scene.came(&["POST incident"]);
        assert!(posts <= 3, "{posts} POSTs, the reply was lost: {reply_is_lost}");
        let asked = reads(&scene) - before;
        assert!(asked < 250, "{asked} requests in ten minutes, the reply was lost: {reply_is_lost}");
        assert_eq!(scene.warnings("incident 1").len(), 1, "the reply was lost: {reply_is_lost}");
        assert_eq!(scene.failing(), 1);
        scene.world(|world| world.unwilling.relent());
        scene.runs(SOON);
        assert_eq!((scene.posted(1), scene.incidents().len(), scene.failing()), (vec!["good".to_owned()], 1, 0));
    }
}

/// Three incidents whose cases Zino has deleted, and a case that is well.
fn orphans() -> (Situation, Vec<IncidentPk>, IncidentPk) {
    const HOUR: i64 = 3600;
    let scene = Situation::new("alone");
    let deleted = [16, 17, 18].map(|id| {
        let case = scene.case(id, id - 16 + 3, -13 * HOUR);
        scene.world(|world| world.lives.insert((id, case.opened.secs(), problem_text(&case)), true));
        scene.incident(&case, "zino0")
    });
    for (id, problem, opened) in [(9, 1, -14 * HOUR), (40, 0, -HOUR)] {
        let case = scene.open_case(id, problem, opened);
        scene.incident(&case, "zino0");
    }
    let well = scene.world(|world| world.argus.next_pk);
    (scene, deleted.to_vec(), well)
}

#[test]
fn an_end_that_argus_refuses_where_zino_deleted_the_case_keeps_back_nothing_that_people_do() {
    for does in [refuse(403), Does::Nothing] {
        let (mut scene, deleted, well) = orphans();
        scene.world(|world| world.unwilling.rule(&["POST", " End ", "no longer in Zino"], does, None));
        scene.play();
        scene.driver.still(FULL + 5);
        scene.alice_now(well, &ByPerson::Acknowledge("on it".into()));
        scene.driver.still(60);
        assert_eq!(scene.entries(40), ["on it (user7)"], "{does:?}");
        let came = |scene: &Situation| scene.world(|world| world.unwilling.count(&["no longer in Zino"]));
        let first = came(&scene);
        assert!((3..=6).contains(&first), "{does:?}: one or two for each, and not {first}");
        assert_eq!(scene.driver.summary().map(|summary| summary.troubled), Some(3), "{does:?}");
        scene.driver.still(10 * FULL);
        assert!(came(&scene) - first <= 33, "{does:?}: {} in ten full looks", came(&scene) - first);
        scene.world(|world| world.unwilling.relent());
        scene.driver.still(3 * FULL);
        assert!(deleted.iter().all(|pk| !scene.is_open(*pk)), "{does:?}");
        assert_eq!(scene.driver.summary().map(|summary| summary.troubled), Some(0), "{does:?}");
    }
}

#[test]
fn what_zino_refuses_of_what_people_did_keeps_back_nothing_else_and_is_tried_at_full_looks() {
    for (does, words) in [(refuse(500), "refuses what a person did"), (Does::Nothing, "does not show it")] {
        let mut scene = Scene::new();
        let (id, pk) = scene.case();
        scene.argus_does(&["zino", "entry", "bad"], does, None);
        scene.alice(pk, &ByPerson::Acknowledge("bad".into()));
        scene.alice(pk, &ByPerson::Acknowledge("good".into()));
        scene.runs(SOON);
        assert_eq!(
            (scene.delivered(id), scene.case_of(id).state),
            (vec!["good (user7)".to_owned()], CaseState::Working)
        );
        let tried = scene.came(&["zino", "bad"]);
        assert!((2..=3).contains(&tried) && scene.failing() == 1, "{does:?}: {tried}");
        assert_eq!(scene.warnings(words).len(), 1, "{does:?}");
        scene.runs(10 * FULL);
        let more = scene.came(&["zino", "bad"]) - tried;
        assert!((9..=11).contains(&more), "{does:?}: once for each full look, and not {more} times");
        assert_eq!(scene.warnings(words), [""; 0], "{does:?}");
        scene.world(|world| world.unwilling.relent());
        scene.runs(FULL + SOON);
        assert_eq!((scene.delivered(id).len(), scene.failing()), (2, 0), "{does:?}");
    }
}
