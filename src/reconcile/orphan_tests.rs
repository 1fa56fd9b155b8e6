//! Tests of `orphan.rs`. Never part of the program.

use super::*;
use crate::reconcile::testing;

/// The fate of the incident of case 5, which opened at 100, nine hours later; 4 and 8 are held.
fn fate_if(change: impl FnOnce(&mut Incident, &mut Facts<'_>)) -> Fate {
    let opened = Stamp::from_secs(testing::OPENED);
    let held = [(4, opened.plus_secs(-100)), (8, opened.plus_secs(100))];
    let numbers = Numbers::new(held.into_iter(), lives(&[]), lives(&[]));
    let mut incident = testing::incident(1, &testing::case(5));
    let server = testing::rules().server;
    let now = opened.plus_secs(9 * 3600);
    let mut facts = Facts { server: &server, numbers: &numbers, is_held: false, hides_cases: false, now };
    change(&mut incident, &mut facts);
    fate(&incident, &facts)
}

#[test]
fn only_an_old_case_of_our_zino_between_two_others_was_surely_deleted() {
    assert_eq!(fate_if(|_, _| {}), Fate::Scavenged(5));
    assert_eq!(fate_if(|_, facts| facts.now = facts.now.plus_secs(-3601)), Fate::Unclear, "younger than eight hours");
    assert_eq!(fate_if(|_, facts| facts.server = "zino2.example.org"), Fate::Unclear, "another Zino's");
    assert_eq!(
        fate_if(|incident, _| (incident.made_for, incident.tags) = (None, [("a", 1)].into_iter().collect())),
        Fate::Unclear
    );
}

#[test]
fn a_number_that_means_another_case_now_was_forgotten() {
    assert_eq!(fate_if(|_, facts| facts.is_held = true), Fate::Forgotten);
}

#[test]
fn a_case_that_could_never_be_read_may_be_the_one() {
    assert_eq!(fate_if(|_, facts| facts.hides_cases = true), Fate::Hidden);
}

#[test]
fn an_incident_of_the_python_program_may_have_begun_an_hour_later_than_it_says() {
    let by_python = |at: i64| {
        fate_if(|incident, facts| {
            incident.made_for = None;
            facts.now = Stamp::from_secs(testing::OPENED + at);
        })
    };
    assert_eq!((by_python(9 * 3600 - 1), by_python(9 * 3600)), (Fate::Unclear, Fate::Scavenged(5)));
}

fn lives(known: &[(CaseId, i64)]) -> impl Iterator<Item = Life> {
    known.iter().map(|(id, at)| (*id, Stamp::from_secs(*at)))
}

#[test]
fn a_number_that_was_given_out_before_shows_that_zino_lost_its_newest_state() {
    let setback =
        |known: &[(CaseId, i64)]| Numbers::new(lives(known), lives(&[]), lives(&[])).setback.map(|at| at.secs());
    assert_eq!(setback(&[]), None);
    assert_eq!(setback(&[(1, 100), (2, 200), (2, 200), (3, 170)]), None, "3 and 2 opened at the same time");
    assert_eq!(setback(&[(1, 100), (2, 200), (2, 210)]), Some(210), "two lives of one number");
    assert_eq!(setback(&[(5, 100), (3, 500), (7, 600)]), Some(500), "3 after 5");
    assert_eq!(setback(&[(5, 100), (3, 500), (9, 900), (8, 1000)]), Some(1000));
}

#[test]
fn a_loss_concerns_what_opened_before_it_and_a_rough_record_only_its_own_number() {
    let numbers = Numbers::new(lives(&[(3, 500)]), lives(&[(5, 100)]), lives(&[(7, 50)]));
    let lost = |id, at| numbers.show_a_loss_after((id, Stamp::from_secs(at)));
    assert!(lost(5, 100) && lost(9, 499));
    assert!(!lost(9, 501) && !lost(3, 500));
    assert!(lost(7, 600), "7 has another life");
    assert!(
        !Numbers::new(lives(&[(3, 500)]), lives(&[]), lives(&[(7, 50)])).show_a_loss_after((2, Stamp::from_secs(60)))
    );
}

#[test]
fn a_case_is_surrounded_by_a_lower_older_and_a_higher_younger_one() {
    let numbers = Numbers::new(lives(&[(2, 300), (4, 100), (8, 900), (9, 850)]), lives(&[(1, 1)]), lives(&[]));
    let surrounded = |id, at| numbers.surround((id, Stamp::from_secs(at)));
    assert!(surrounded(5, 200));
    assert!(!surrounded(9, 800), "none above");
    assert!(surrounded(3, 400), "2 before, 8 after");
    assert!(!surrounded(3, 250), "none below is older");
    assert!(!surrounded(5, 950), "none above is younger");
    assert!(!surrounded(1, 200), "only what Zino holds is a witness");
}
