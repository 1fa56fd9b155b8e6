//! Writes that Argus answers with 500 each time.

use super::{FULL, SOON, Scene};
use crate::argus::ByPerson;
use crate::unwilling::Does;
use zinoargus::zino::case::CaseState;

#[test]
fn a_history_entry_that_always_breaks_argus_keeps_back_neither_what_follows_it_nor_the_end() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["Other", "bad"], Does::Break, None);
    scene.writes_history(id, &["bad", "good"]);
    scene.closes(id);
    scene.runs(SOON);
    assert_eq!((scene.posted(pk), scene.is_open(pk)), (vec!["good".to_owned()], false));
    let tried = scene.came(&["bad"]);
    scene.runs(10 * FULL);
    let more = scene.came(&["bad"]) - tried;
    assert!(more <= 2 * 11, "twice at each full look, and not {more} times");
    assert_eq!((scene.warnings("fails at").len(), scene.failing()), (1, 1));
}

#[test]
fn what_a_person_did_reaches_zino_although_a_write_about_the_case_breaks_argus() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["Other", "bad"], Does::Break, None);
    scene.writes_history(id, &["bad"]);
    scene.runs(SOON);
    scene.alice(pk, &ByPerson::Acknowledge("on it".into()));
    scene.runs(SOON);
    assert_eq!((scene.delivered(id), scene.case_of(id).state), (vec!["on it (user7)".to_owned()], CaseState::Working));
    scene.world(|world| world.unwilling.relent());
    scene.runs(SOON);
    assert_eq!((scene.posted(pk), scene.failing()), (vec!["bad".to_owned()], 0));
}
