//! Every step of a renewal, broken off. Never part of the program.

use super::*;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// An Argus that knows tokens, and may fail at a step: before it, or after it was done.
#[derive(Default)]
struct Tokens {
    good: RefCell<BTreeSet<String>>,
    given: RefCell<u32>,
    lose: RefCell<Vec<&'static str>>,
    refuse: RefCell<Vec<&'static str>>,
    /// What happens on this host while Argus refreshes.
    meanwhile: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Tokens {
    fn with(token: &str) -> Self {
        let tokens = Self::default();
        tokens.good.borrow_mut().insert(token.to_owned());
        tokens
    }

    fn struck(list: &RefCell<Vec<&'static str>>, step: &str) -> bool {
        let mut list = list.borrow_mut();
        let place = list.iter().position(|s| *s == step);
        place.map(|place| list.remove(place)).is_some()
    }

    fn step<T>(&self, step: &'static str, token: &Secret, work: impl FnOnce() -> T) -> Result<T, ArgusError> {
        let unknown = || ArgusError::Unknown { why: "lost".into(), status: None };
        if Self::struck(&self.refuse, step) {
            return Err(ArgusError::Refused("away".into()));
        }
        if !self.good.borrow().contains(token.reveal()) {
            return Err(ArgusError::Unauthorized("Invalid token.".into()));
        }
        let done = work();
        if Self::struck(&self.lose, step) { Err(unknown()) } else { Ok(done) }
    }

    fn fresh(&self, name: &str) -> Secret {
        *self.given.borrow_mut() += 1;
        let token = format!("{name}{}", self.given.borrow());
        self.good.borrow_mut().insert(token.clone());
        Secret::new(token)
    }
}

impl TokenServer for Tokens {
    fn accepts(&self, token: &Secret) -> Result<(), ArgusError> {
        self.step("accepts", token, || ())
    }

    fn session_token(&self, token: &Secret) -> Result<Secret, ArgusError> {
        self.step("session", token, || self.fresh("session"))
    }

    fn refresh(&self, token: &Secret) -> Result<Secret, ArgusError> {
        self.step("refresh", token, || {
            if let Some(meanwhile) = self.meanwhile.take() {
                meanwhile();
            }
            self.good.borrow_mut().retain(|t| t.starts_with("session"));
            self.fresh("token")
        })
    }

    fn end_session(&self, token: &Secret) -> Result<(), ArgusError> {
        self.step("end", token, || {
            self.good.borrow_mut().remove(token.reveal());
        })
    }
}

struct Place {
    folder: PathBuf,
    renewer: Renewer,
}

impl Place {
    fn new(name: &str, token: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("zinoargus-renewal-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("token");
        fs::write(&file, format!("{token}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let place = Self { folder, renewer: Renewer::new(file) };
        place.aged(25);
        place
    }

    fn aged(&self, hours: u64) {
        let then = SystemTime::now() - Duration::from_secs(hours * 3600);
        File::options().write(true).open(&self.renewer.file).unwrap().set_modified(then).unwrap();
    }

    fn token(&self) -> String {
        fs::read_to_string(&self.renewer.file).unwrap().trim().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The file holds a token that Argus takes, and nothing lies beside it.
    fn is_well(&self, argus: &Tokens) {
        assert!(argus.good.borrow().contains(&self.token()), "{} is dead", self.token());
        assert_eq!(self.names(), ["token"]);
        assert_eq!(fs::metadata(&self.renewer.file).unwrap().mode() & 0o777, 0o640, "the mode is kept");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

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
            assert!(
                argus.good.borrow().contains(&place.token()) || place.renewer.session_file().exists(),
                "{step} {first:?}"
            );
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
    place.renewer.keep_session(&session).unwrap();
    place.renewer.replacement().unwrap();
    argus.refresh(&Secret::new("old".into())).unwrap();
    place.aged(0);
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))), "whatever the file's age");
    place.is_well(&argus);
}

#[test]
fn a_file_that_cannot_be_replaced_is_found_before_the_token_is_touched() {
    let (place, argus) = (Place::new("readonly", "old"), Tokens::with("old"));
    // What stands in the way cannot be removed, also not by root.
    fs::create_dir_all(place.renewer.new_file().join("in the way")).unwrap();
    let why = place.renewer.renew_if_due(&argus).unwrap_err();
    assert!(why.contains("token cannot be replaced") && why.contains("state directory"), "{why}");
    assert_eq!(argus.good.borrow().iter().collect::<Vec<_>>(), ["old"], "nothing was asked of Argus");
}

#[test]
fn a_refused_token_without_a_session_is_said_so_with_its_age() {
    let (place, argus) = (Place::new("refused", "dead"), Tokens::with("other"));
    place.aged(24 * 15);
    let why = place.renewer.renew_if_due(&argus).unwrap_err();
    assert!(why.contains("refuses the token") && why.contains("15 days old"), "{why}");
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
    place.aged(0);
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))), "whatever the file's age");
    place.is_well(&argus);
}

#[test]
fn a_token_file_that_is_a_link_stays_one() {
    let (place, argus) = (Place::new("link", "old"), Tokens::with("old"));
    let elsewhere = place.folder.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(&place.renewer.file, elsewhere.join("real")).unwrap();
    std::os::unix::fs::symlink(elsewhere.join("real"), &place.renewer.file).unwrap();
    assert!(matches!(place.renewer.renew_if_due(&argus), Ok(Renewal::Renewed(_))));
    assert!(fs::symlink_metadata(&place.renewer.file).unwrap().is_symlink());
    assert!(argus.good.borrow().contains(&place.token()));
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1, "nothing is left beside it");
}
