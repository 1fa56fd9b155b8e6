//! Words on their way between the servers: people's blank lines, and what a conversion of Zino's
//! state makes of our entries.

use super::{Scene, ack, close};
use crate::argus::ByPerson;
use zinoargus::zino::case::{CaseId, CaseState};

const CASE: CaseId = 17;

#[test]
fn the_blank_lines_that_a_person_typed_stand_in_zino_too() {
    let mut scene = Scene::new("alone");
    let pk = scene.incident(&scene.open_case(CASE, 0, -600), "zino0");
    scene.alice(pk, -100, &close("\r\nfixed:\r\n\r\n   - power\r\n\u{2028}\u{2028}- fan \n \n"));
    scene.play();
    assert_eq!(scene.entries(CASE), ["fixed:\n\n- power\n\n\n- fan (user7)"]);
    scene.is_still();
}

#[test]
fn an_entry_that_was_written_without_the_blank_lines_is_the_same_entry() {
    let mut scene = Scene::new("alone");
    let pk = scene.incident(&scene.open_case(CASE, 0, -600), "zino0");
    scene.alice(pk, -100, &ack("fixed:\n\n- power"));
    scene.entry(CASE, -90, "argus", &["fixed:", "- power (user7)"]);
    scene.entry(CASE, -90, "state change open -> working (argus)", &[]);
    scene.zino_of(0, |zino| zino.cases.get_mut(&CASE).expect("a case").case.state = CaseState::Working);
    scene.play();
    assert_eq!(scene.entries(CASE).len(), 1);
    scene.is_still();
}

#[test]
fn our_entries_that_a_conversion_left_on_one_line_are_not_told_to_argus() {
    let mut scene = Scene::new("alone");
    let pk = scene.incident(&scene.open_case(CASE, 0, -600), "zino0");
    scene.entry(CASE, -500, "argus on it (user7)", &[]);
    scene.entry(CASE, -400, "ford on it too", &[]);
    scene.entry(CASE, -300, "argus2 is somebody else", &[]);
    scene.play();
    let posted: Vec<String> = scene.posted(pk).into_iter().map(|(_, _, text)| text).collect();
    assert_eq!(posted, ["ford on it too", "argus2 is somebody else"]);
    scene.is_still();
}

#[test]
fn our_entries_that_a_conversion_left_on_one_line_prove_that_people_were_heard() {
    let url = "https://t.example.org/1";
    let mut scene = Scene::new("alone");
    let pk = scene.incident(&scene.open_case(CASE, 0, -600), "zino0");
    scene.alice(pk, -510, &ack("on it"));
    scene.alice(pk, -410, &ByPerson::Ticket(url.to_owned()));
    scene.entry(CASE, -500, "argus  on it (user7)", &[]);
    scene.entry(CASE, -490, "state change open -> working (argus)", &[]);
    scene.entry(CASE, -480, "state change working -> open (ford)", &[]);
    scene.entry(CASE, -400, &format!("argus Ticket {url} added by Argus user user7"), &[]);
    scene.play();
    assert_eq!((scene.entries(CASE), scene.state(CASE)), (vec![], CaseState::Open));
    scene.alice_now(pk, &ack("on it"));
    scene.play();
    assert_eq!(scene.entries(CASE), ["on it (user7)"], "a second one is written, once");
    assert_eq!(scene.state(CASE), CaseState::Working);
    scene.is_still();
}
