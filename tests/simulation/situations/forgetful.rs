//! What seeds of the simulation once found about a Zino that forgets its cases or reopens one, each
//! as a story of a few lines. The seed that found it is named.

use super::found_by_chance::{CASE, CLOSING, HOUR, one, posted};
use super::{SOON, Scene, ack};
use zinoargus::argus::models::EventKind;
use zinoargus::zino::case::{CaseId, CaseState};

/// Zino starts again without its state.
fn forgets(scene: &Scene) {
    scene.world(|world| {
        let now = world.now;
        world.zinos.iter_mut().for_each(|zino| zino.restart(now, false));
    });
}

/// A case opens and closes while the program is not connected.
fn opens_and_closes_unseen(scene: &Scene) -> CaseId {
    scene.zino_of(0, |zino| zino.clients.clear());
    let id = scene.open_now(0);
    scene.close_now(id);
    id
}

/// amnesia 3173, cron 18978: those that it holds now are older and younger, but of another life.
#[test]
fn an_incident_whose_case_zino_forgot_stays_open_whatever_it_held_before() {
    let (mut scene, _, pk) = one(13 * HOUR);
    for (id, problem, opened) in [(10, 1, -14 * HOUR), (30, 2, -HOUR)] {
        scene.incident(&scene.open_case(id, problem, opened), "zino0");
    }
    scene.play();
    forgets(&scene);
    for problem in 3..6 {
        scene.open_now(problem);
    }
    scene.driver.still(26 * HOUR);
    assert!(scene.is_open(pk));
}

/// amnesia 935.
#[test]
fn what_a_zino_with_an_older_state_lacks_again_is_written_again() {
    let (mut scene, _, pk) = one(600);
    scene.zino_of(0, |zino| zino.save());
    scene.play();
    scene.alice_now(pk, &ack("on it"));
    scene.play();
    scene.world(|world| {
        let now = world.now;
        world.zinos[0].restart(now, true);
        assert!(world.zinos[0].cases[&CASE].case.history.len() == 1);
    });
    scene.play();
    assert_eq!((scene.entries(CASE).len(), scene.state(CASE)), (1, CaseState::Working));
    scene.is_still();
}

/// reloads 65526: the end of a planned maintenance.
#[test]
fn a_case_that_zino_reopens_behind_a_newer_one_that_has_closed_has_its_incident_again() {
    let (mut scene, case, pk) = one(7200);
    scene.put(0, scene.closed(case, -3000));
    scene.ours(pk, EventKind::End, -3000, CLOSING);
    let newer = scene.closed(scene.case(18, 0, -2000), -1000);
    let newer_pk = scene.incident(&newer, "zino0");
    scene.ours(newer_pk, EventKind::End, -1000, CLOSING);
    scene.put(0, newer);
    scene.play();
    let now = scene.world(|world| world.now);
    scene.zino_of(0, |zino| zino.reopen(now, CASE));
    scene.play();
    assert!(scene.is_open(pk) && !scene.is_open(newer_pk));
    scene.is_still();
}

/// amnesia 23368, 24987.
#[test]
fn a_case_that_opened_and_closed_unseen_after_zino_forgot_all_others_is_put_on_record() {
    let mut scene = Scene::new("alone");
    scene.open_case(3, 1, -600);
    scene.play();
    forgets(&scene);
    let id = opens_and_closes_unseen(&scene);
    scene.driver.still(1000);
    assert!(scene.created().contains(&id.to_string()), "{:?}", scene.created());
    scene.is_still();
}

/// failover 1415.
#[test]
fn the_first_case_of_all_that_opened_and_closed_unseen_is_put_on_record() {
    let mut scene = Scene::new("alone");
    scene.driver.still(SOON);
    let id = opens_and_closes_unseen(&scene);
    scene.driver.still(1000);
    assert_eq!(scene.created().into_iter().collect::<Vec<_>>(), [id.to_string()]);
    scene.is_still();
}

/// amnesia 11941.
#[test]
fn a_number_that_zino_gives_out_again_for_another_problem_gets_a_second_incident() {
    let (mut scene, _, pk) = one(600);
    scene.play();
    forgets(&scene);
    scene.zino_of(0, |zino| zino.next = CASE - 1);
    assert_eq!(scene.open_now(1), CASE);
    scene.play();
    let created = scene.created();
    assert!(created.iter().all(|number| number.starts_with("17-")) && created.len() == 1, "{created:?}");
    assert!(scene.is_open(pk), "Zino has only forgotten its case");
    scene.is_still();
}

/// amnesia 65993: Argus was away when the case closed, and what Zino held is not known any more.
#[test]
fn a_number_given_out_again_while_its_closing_was_still_to_be_posted_mixes_nothing_up() {
    let (mut scene, _, pk) = one(600);
    scene.play();
    scene.world(|world| world.argus.away = true);
    scene.close_now(CASE);
    scene.driver.still(10);
    forgets(&scene);
    scene.zino_of(0, |zino| zino.next = CASE - 1);
    scene.open_now(1);
    scene.driver.still(30);
    scene.world(|world| world.argus.away = false);
    scene.driver.still(300);
    let on_old = posted(&scene, pk);
    assert!(
        on_old.iter().all(|(_, text)| text == CLOSING || text.starts_with("Zino may have forgotten")),
        "{on_old:?}"
    );
    let created = scene.created();
    assert!(created.iter().all(|number| number.starts_with("17-")) && created.len() == 1, "{created:?}");
    scene.is_still();
}
