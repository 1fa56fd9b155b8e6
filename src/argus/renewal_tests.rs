//! Every step of a renewal, broken off, and how old a token is. Never part of the program.

use super::testing::{Place, Tokens};
use super::*;

#[test]
fn a_token_is_renewed_once_a_day_and_the_old_one_is_gone() {
    let (place, argus) = (Place::new("daily", "old"), Tokens::with("old"));
    let renewed = place.renewer.renew_if_due(&argus).unwrap();
    assert_eq!(renewed, Renewal::Renewed(Secret::new(place.token())));
    place.is_well(&argus);
    assert!(!argus.good.borrow().contains("old") && argus.good.borrow().len() == 1, "only the new one is left");
    assert_eq!(place.renewer.renew_if_due(&argus), Ok(Renewal::NotDue));
}

#[test]
fn a_failure_at_any_step_locks_nobody_out() {
    for (n, step) in ["accepts", "session", "refresh", "end"].into_iter().enumerate() {
        for lost in [true, false] {
            let (place, argus) = (Place::new(&format!("step{n}{lost}"), "old"), Tokens::with("old"));
            if lost { &argus.lose } else { &argus.refuse }.borrow_mut().push(step);
            let first = place.renewer.renew_if_due(&argus);
            assert!(argus.good.borrow().contains(&place.token()) || place.beside(SESSION).exists(), "{step} {first:?}");
            let second = place.renewer.renew_if_due(&argus);
            assert!(second.is_ok(), "{step}: {second:?}");
            place.is_well(&argus);
        }
    }
}

#[test]
fn a_refresh_whose_reply_is_lost_twice_is_made_good_later() {
    let (place, argus) = (Place::new("twice", "old"), Tokens::with("old"));
    argus.lose.borrow_mut().extend(["refresh", "refresh"]);
    assert!(place.renewer.renew_if_due(&argus).is_err());
    assert!(!argus.good.borrow().contains(&place.token()), "the token of the file is dead now");
    assert!(matches!(place.renewer.recover(&argus), Ok(Renewal::Renewed(_))));
    place.is_well(&argus);
}

#[test]
fn a_process_that_is_killed_between_refresh_and_rename_recovers_at_its_next_start() {
    let (place, argus) = (Place::new("killed", "old"), Tokens::with("old"));
    let session = argus.session_token(&Secret::new("old".into())).unwrap();
    let folder = place.renewer.folder().unwrap();
    folder.write(SESSION, session.reveal()).unwrap();
    folder.replacement(&folder.open("").unwrap()).unwrap();
    argus.refresh(&Secret::new("old".into())).unwrap();
    place.made("old", 0);
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))), "whatever the token's age");
    place.is_well(&argus);
}

#[test]
fn a_file_that_cannot_be_replaced_is_found_before_the_token_is_touched() {
    let (place, argus) = (Place::new("readonly", "old"), Tokens::with("old"));
    // What stands in the way cannot be removed, also not by root.
    fs::create_dir_all(place.beside(NEW).join("in the way")).unwrap();
    let why = place.renewer.renew_if_due(&argus).unwrap_err();
    assert!(why.contains("token cannot be replaced") && why.contains("state directory"), "{why}");
    assert_eq!(argus.good.borrow().iter().collect::<Vec<_>>(), ["old"], "nothing was asked of Argus");
}

#[test]
fn a_refused_token_without_a_session_is_said_so_with_its_age() {
    let (place, argus) = (Place::new("refused", "dead"), Tokens::with("other"));
    place.aged(24 * 15);
    let why = place.renewer.renew_if_due(&argus).unwrap_err();
    assert!(why.contains("token refused") && why.contains("15 days old"), "{why}");
    assert_eq!(place.renewer.recover(&argus), Ok(Renewal::NotDue));
}

#[test]
fn two_processes_do_not_renew_at_once() {
    let (place, argus) = (Place::new("two", "old"), Tokens::with("old"));
    let other = File::open(&place.renewer.file).unwrap();
    other.try_lock().unwrap();
    assert_eq!(place.renewer.renew_if_due(&argus), Ok(Renewal::NotDue));
    drop(other);
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))));
}

#[test]
fn a_new_token_that_cannot_be_written_is_used_all_the_same_until_it_can() {
    let (place, argus) = (Place::new("unwritten", "old"), Tokens::with("old"));
    let (file, aside) = (place.renewer.file.clone(), place.folder.join("aside"));
    // A folder in the file's place cannot be replaced by a file, also not by root.
    let (moved, from) = (aside.clone(), file.clone());
    *argus.meanwhile.borrow_mut() = Some(Box::new(move || {
        fs::rename(&from, moved).unwrap();
        fs::create_dir(from).unwrap();
    }));
    let renewal = place.renewer.renew_if_due(&argus).unwrap();
    let Renewal::Unwritten(newest, why) = renewal else { panic!("{renewal:?}") };
    assert!(argus.good.borrow().contains(newest.reveal()) && !argus.good.borrow().contains("old"));
    assert!(why.contains("cannot be replaced") && !why.contains(newest.reveal()), "{why}");
    fs::remove_dir(&file).unwrap();
    fs::rename(aside, &file).unwrap();
    let recovered = place.renewer.recover(&argus).unwrap();
    assert!(matches!(recovered, Renewal::Unwritten(ref token, _) if *token == newest), "the file's is dead");
    place.made("old", 0);
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))), "whatever the token's age");
    place.is_well(&argus);
}

#[test]
fn a_token_that_we_did_not_make_is_renewed_at_the_first_look_however_young_its_file_is() {
    let (place, argus) = (Place::new("first", "by hand"), Tokens::with("by hand"));
    place.aged(0);
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))));
    place.is_well(&argus);
    assert_eq!(place.renewer.renew_if_due(&argus), Ok(Renewal::NotDue));
    let restarted = Renewer::new(place.renewer.file.clone());
    assert_eq!(restarted.renew_if_due(&argus), Ok(Renewal::NotDue), "a restart knows it, too");
}

#[test]
fn the_age_is_that_of_the_token_and_not_of_its_file() {
    let (place, argus) = (Place::new("age", "copied"), Tokens::with("copied"));
    place.made("copied", 23);
    assert_eq!(place.renewer.renew_if_due(&argus), Ok(Renewal::NotDue), "the file looks older");
    place.aged(0);
    place.made("copied", 25);
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))), "the file looks younger");
    assert_eq!(place.renewer.renew_if_due(&argus), Ok(Renewal::NotDue));
    let by_hand = argus.fresh("by hand");
    fs::write(&place.renewer.file, by_hand.reveal()).unwrap();
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))), "of unknown age");
    place.made(&place.token(), -5);
    let restarted = Renewer::new(place.renewer.file.clone());
    assert!(matches!(restarted.renew_if_due(&argus), Ok(Renewal::Renewed(_))), "made tomorrow");
    place.is_well(&argus);
}

/// The folder cannot be written to any more once Argus has given the new token; gives that token.
fn unwritten(place: &Place, argus: &Tokens) -> Secret {
    let name = place.beside(NEW);
    *argus.meanwhile.borrow_mut() = Some(Box::new(move || fs::remove_file(name).unwrap()));
    match place.renewer.renew_if_due(argus) {
        Ok(Renewal::Unwritten(newest, _)) => newest,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reload_keeps_a_token_that_could_not_be_written_and_may_give_it_another_place() {
    let (place, argus) = (Place::new("reload", "old"), Tokens::with("old"));
    let newest = unwritten(&place, &argus);
    assert_eq!(place.renewer.read_again(), Ok(newest.clone()), "the file's is dead");
    let elsewhere = place.folder.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::copy(&place.renewer.file, elsewhere.join("token")).unwrap();
    let reloaded = Renewer::after(&place.renewer, elsewhere.join("token"));
    assert_eq!(reloaded.newest(&Secret::new("old".to_owned())), newest);
    assert!(matches!(reloaded.renew_if_due(&argus), Ok(Renewal::Renewed(_))));
    let written = fs::read_to_string(elsewhere.join("token")).unwrap();
    assert!(argus.good.borrow().contains(written.trim()));
    assert_eq!(reloaded.held().unwrap().reveal(), written.trim());
}

#[test]
fn a_token_that_a_person_puts_into_the_file_comes_before_one_that_could_not_be_written() {
    let (place, argus) = (Place::new("person", "old"), Tokens::with("old"));
    unwritten(&place, &argus);
    let by_hand = argus.fresh("by hand");
    fs::write(&place.renewer.file, by_hand.reveal()).unwrap();
    assert_eq!(place.renewer.read_again(), Ok(by_hand));
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))));
    place.is_well(&argus);
    assert_eq!(place.renewer.read_again().unwrap().reveal(), place.token());
}
