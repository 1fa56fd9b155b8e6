//! Tests of `orphan.rs`. Never part of the program.

use super::*;

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
