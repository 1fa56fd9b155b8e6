//! Links, pipes and other people in the folder of the token's file. Never part of the program.

use super::testing::{Place, Tokens};
use super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

/// Somebody who may write into the token's folder puts links to another file wherever root may
/// follow them.
#[test]
fn links_in_the_folder_of_the_token_change_no_other_file() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let (place, argus) = (Place::new("attack", "old"), Tokens::with("old"));
    if chown(&place.renewer.file, Some(12345), Some(12345)).is_err() {
        eprintln!("not tried: nobody but root can give a file to another user");
        return;
    }
    let outside = std::env::temp_dir().join(format!("zinoargus-renewal-{}-victim", std::process::id()));
    fs::write(&outside, "precious").unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o600)).unwrap();
    let is_over = AtomicBool::new(false);
    let is_untouched = || {
        let found = fs::metadata(&outside).unwrap();
        found.uid() == 0 && found.mode() & 0o777 == 0o600 && fs::read_to_string(&outside).unwrap() == "precious"
    };
    let names = [NEW, SESSION, MADE].map(|ending| place.beside(ending));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for name in &names {
                    if fs::symlink_metadata(name).is_ok_and(|found| found.is_file()) {
                        let _ = fs::remove_file(name);
                        let _ = std::os::unix::fs::symlink(&outside, name);
                    }
                }
            }
        });
        for _ in 0..50 {
            // Whether the renewal succeeds is up to the attacker; what it does to other files is
            // not.
            let _ = place.renewer.renew_if_due(&argus);
            if !is_untouched() {
                break;
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let is_untouched = is_untouched();
    let _ = fs::remove_file(&outside);
    assert!(is_untouched, "another file has another owner, mode or content");
}

#[test]
fn only_the_file_that_we_wrote_takes_the_place_of_the_token() {
    let (place, argus) = (Place::new("swapped", "old"), Tokens::with("old"));
    let (name, outside) = (place.beside(NEW), place.folder.join("outside"));
    fs::write(&outside, "precious").unwrap();
    let target = outside.clone();
    *argus.meanwhile.borrow_mut() = Some(Box::new(move || {
        fs::remove_file(&name).unwrap();
        std::os::unix::fs::symlink(target, name).unwrap();
    }));
    let renewal = place.renewer.renew_if_due(&argus);
    let Ok(Renewal::Unwritten(newest, why)) = renewal else { panic!("{renewal:?}") };
    assert!(why.contains("somebody else writes into its folder"), "{why}");
    assert_eq!((place.token(), fs::read_to_string(&outside).unwrap()), ("old".to_owned(), "precious".to_owned()));
    assert!(argus.good.borrow().contains(newest.reveal()), "it is used from memory");
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))), "once nobody swaps any more");
    fs::remove_file(outside).unwrap();
    place.is_well(&argus);
}

#[test]
fn a_link_that_comes_in_place_of_the_token_is_not_followed() {
    let (place, argus) = (Place::new("late-link", "old"), Tokens::with("old"));
    let outside = place.folder.join("outside");
    fs::write(&outside, "old\n").unwrap();
    fs::remove_file(&place.renewer.file).unwrap();
    std::os::unix::fs::symlink(&outside, &place.renewer.file).unwrap();
    let why = place.renewer.renew_if_due(&argus).unwrap_err();
    assert!(why.contains("leads to another file") && why.contains("reload"), "{why}");
    assert_eq!(argus.good.borrow().iter().collect::<Vec<_>>(), ["old"], "nothing was asked of Argus");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "old\n");
}

#[test]
fn a_pipe_in_the_folder_keeps_nobody_waiting() {
    let (place, argus) = (Place::new("pipe", "old"), Tokens::with("old"));
    let made = std::process::Command::new("mkfifo").args([place.beside(SESSION), place.beside(MADE)]).status();
    assert!(made.unwrap().success());
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))));
    place.is_well(&argus);
}

#[test]
fn a_token_file_that_is_a_link_stays_one() {
    let (place, argus) = (Place::new("link", "old"), Tokens::with("old"));
    let elsewhere = place.folder.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(&place.renewer.file, elsewhere.join("real")).unwrap();
    std::os::unix::fs::symlink(elsewhere.join("real"), &place.renewer.file).unwrap();
    let renewer = Renewer::new(place.renewer.file.clone());
    assert!(matches!(renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))));
    assert!(fs::symlink_metadata(&place.renewer.file).unwrap().is_symlink());
    assert!(argus.good.borrow().contains(&place.token()));
    let beside = fs::read_dir(&elsewhere).unwrap().map(|entry| entry.unwrap().file_name());
    let mut beside: Vec<_> = beside.collect();
    beside.sort();
    assert_eq!(beside, ["real", "real.renewed"]);
}
