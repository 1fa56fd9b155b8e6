//! An Argus that knows tokens, and a folder with a token's file, for the tests of renewals. Never
//! part of the program.

use super::*;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

/// An Argus that knows tokens, and may fail at a step: before it, or after it was done.
#[derive(Default)]
pub struct Tokens {
    pub good: RefCell<BTreeSet<String>>,
    given: RefCell<u32>,
    pub lose: RefCell<Vec<&'static str>>,
    pub refuse: RefCell<Vec<&'static str>>,
    /// What happens on this host while Argus refreshes.
    pub meanwhile: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Tokens {
    pub fn with(token: &str) -> Self {
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

    pub fn fresh(&self, name: &str) -> Secret {
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

/// A folder with a token's file, as old as it looks.
pub struct Place {
    pub folder: PathBuf,
    pub renewer: Renewer,
}

impl Place {
    pub fn new(name: &str, token: &str) -> Self {
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

    /// A mark says that we made this token so many hours ago, whatever the date of the file.
    pub fn made(&self, token: &str, hours: i64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let at = Stamp::from_secs(i64::try_from(now).unwrap() - hours * 3600);
        fs::write(self.beside(MADE), mark::line(&Secret::new(token.to_owned()), at)).unwrap();
    }

    pub fn beside(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("token{ending}"))
    }

    pub fn aged(&self, hours: u64) {
        let then = SystemTime::now() - Duration::from_secs(hours * 3600);
        File::options().write(true).open(&self.renewer.file).unwrap().set_modified(then).unwrap();
    }

    pub fn token(&self) -> String {
        fs::read_to_string(&self.renewer.file).unwrap().trim().to_owned()
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The file holds a token that Argus takes, and nothing lies beside it but when we made it.
    pub fn is_well(&self, argus: &Tokens) {
        assert!(argus.good.borrow().contains(&self.token()), "{} is dead", self.token());
        assert_eq!(self.names(), ["token", "token.renewed"]);
        assert_eq!(fs::metadata(&self.renewer.file).unwrap().mode() & 0o777, 0o640, "the mode is kept");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
