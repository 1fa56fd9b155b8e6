//! Renews the token in `argus.token_file` (TOKEN-1): Argus deletes a token 14 days after it was
//! made, used or not.
//!
//! A refresh invalidates the old token before its reply brings the new one. So a *session* token,
//! which is valid for some hours, is requested first and written beside the file. With it the
//! refresh can be repeated after a lost reply, a kill or a full disk, at any step. Another file
//! beside the token says which token we made, and when (`mark.rs`). A token that we did not make
//! may be of any age, so it is renewed at once. Never decides when a renewal is tried, and never
//! shows a token.

mod folder;
#[cfg(test)]
mod folder_tests;
mod mark;
#[cfg(test)]
mod testing;

use crate::argus::{ArgusError, TokenServer};
use crate::file::read_secret_file;
use crate::secret::Secret;
use crate::time::Stamp;
use folder::{Folder, NEW, Replacement, text_of};
use log::{debug, info};
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How old a token may get before it is renewed.
const RENEW_AFTER: Duration = Duration::from_secs(24 * 3600);
/// The life that Argus gives a token, in days.
const LIFE_DAYS: u64 = 14;
/// The ending of the file that holds a session token while a renewal is under way.
const SESSION: &str = ".session";
/// The ending of the file that says which token we made.
const MADE: &str = ".renewed";

/// The outcome of [`Renewer::renew_if_due`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The token is young, or another process is renewing it.
    NotDue,
    /// The file holds a new token, and this is it.
    Renewed(Secret),
    /// There is a new token, which must be used from now on, but the file could not be replaced.
    /// The text says why, and what to do, for a log line.
    Unwritten(Secret, String),
}

/// Why a token was not renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Argus did not give this.
    Argus(&'static str, ArgusError),
    /// A fault on this host, and what to do about it, for a log line.
    Here(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argus(what, error) => write!(f, "cannot get {what} from Argus: {error}"),
            Self::Here(why) => f.write_str(why),
        }
    }
}

/// A new token that could not be written.
#[derive(Debug, Clone)]
struct Unwritten {
    newest: Secret,
    /// The old token, which the file still holds.
    stale: Secret,
}

/// What this process knows of the token beyond its files.
#[derive(Debug, Clone, Default)]
struct Memory {
    unwritten: Option<Unwritten>,
    /// The last token that we got, and when.
    made: Option<(Secret, SystemTime)>,
    /// What the file held when it was read or written last.
    held: Option<Secret>,
}

/// The token's file and the files beside it.
#[derive(Debug)]
pub struct Renewer {
    file: PathBuf,
    /// The file itself where its name is that of a link: the link must stay, and what it leads to
    /// must be replaced.
    target: PathBuf,
    memory: Arc<Mutex<Memory>>,
}

impl Renewer {
    /// For this `argus.token_file`.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        let target = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
        Self { file, target, memory: Arc::default() }
    }

    /// For this `argus.token_file`, with the memory of an earlier renewer. A token that could not
    /// be written exists in that memory only, and the new file may be the remedy. Both share it,
    /// because the earlier renewer may still be renewing the token.
    #[must_use]
    pub fn after(earlier: &Self, file: PathBuf) -> Self {
        Self { memory: Arc::clone(&earlier.memory), ..Self::new(file) }
    }

    /// Whether there is a token that could not be written to its file.
    #[must_use]
    pub fn has_unwritten(&self) -> bool {
        self.memory().unwritten.is_some()
    }

    /// What the file held when it was read or written last.
    #[must_use]
    pub fn held(&self) -> Option<Secret> {
        self.memory().held.clone()
    }

    /// The token to be used where the file holds this one.
    #[must_use]
    pub fn newest(&self, held: &Secret) -> Secret {
        let mut memory = self.memory();
        memory.held = Some(held.clone());
        let unwritten = memory.unwritten.as_ref().filter(|unwritten| unwritten.stale == *held);
        unwritten.map_or_else(|| held.clone(), |unwritten| unwritten.newest.clone())
    }

    /// The token to be used now, with the file read again.
    ///
    /// # Errors
    /// What is wrong with the file, for a log line.
    pub fn read_again(&self) -> Result<Secret, String> {
        match read_secret_file(&self.file) {
            Ok(held) => Ok(self.newest(&held)),
            Err(why) => {
                let unwritten = self.memory().unwritten.clone();
                unwritten.map(|unwritten| unwritten.newest).ok_or_else(|| format!("argus.token_file: {why}"))
            }
        }
    }

    /// Renews the token if it is a day old or of unknown age, or if an earlier renewal was
    /// interrupted.
    ///
    /// # Errors
    /// What went wrong and what to do about it, for a log line.
    pub fn renew_if_due<S: TokenServer + ?Sized>(&self, argus: &S) -> Result<Renewal, String> {
        let is_due = || {
            let folder = self.folder()?;
            let held = folder.open("").and_then(|file| text_of(&file));
            let held = held.map_err(|error| self.fault("cannot be read", &error))?;
            let is_broken_off = folder.has(SESSION) || self.memory().unwritten.is_some();
            Ok(is_broken_off || self.age(&folder, &held).is_none_or(|age| age >= RENEW_AFTER))
        };
        match is_due() {
            Ok(false) => Ok(Renewal::NotDue),
            Ok(true) => self.renew(argus),
            Err(failure) => Err(failure),
        }
        .map_err(|failure| format!("{failure}{}", self.about_the_age()))
    }

    /// Gets a token after Argus refused the present one, by what an interrupted renewal left.
    ///
    /// # Errors
    /// What went wrong.
    pub fn recover<S: TokenServer + ?Sized>(&self, argus: &S) -> Result<Renewal, Failure> {
        let unwritten = self.memory().unwritten.clone();
        if let Some(token) = unwritten.map(|unwritten| unwritten.newest).filter(|token| argus.accepts(token).is_ok()) {
            return Ok(Renewal::Unwritten(token, "the file still waits for the newest token".to_owned()));
        }
        if self.folder().is_ok_and(|folder| folder.has(SESSION)) { self.renew(argus) } else { Ok(Renewal::NotDue) }
    }

    /// When this token was made, in seconds since 1970; `None` if we did not make it.
    #[must_use]
    pub fn made_at(&self, token: &Secret) -> Option<i64> {
        let made_at = self.when_made(&self.folder().ok()?, token)?;
        i64::try_from(made_at.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
    }

    /// How old the token in the file is; `None` if we did not make it.
    fn age(&self, folder: &Folder, token: &Secret) -> Option<Duration> {
        // A time in the future counts as old: one renewal too many does no harm.
        Some(SystemTime::now().duration_since(self.when_made(folder, token)?).unwrap_or(RENEW_AFTER))
    }

    fn when_made(&self, folder: &Folder, token: &Secret) -> Option<SystemTime> {
        let remembered = self.memory().made.clone().filter(|(made, _)| made == token).map(|(_, at)| at);
        remembered.or_else(|| {
            let line = folder.open(MADE).and_then(|file| text_of(&file)).ok()?;
            let secs = u64::try_from(mark::made_at(line.reveal(), token)?.secs()).ok()?;
            UNIX_EPOCH.checked_add(Duration::from_secs(secs))
        })
    }

    /// What an operator must know to judge a failure.
    fn about_the_age(&self) -> String {
        let changed = fs::metadata(&self.file).and_then(|metadata| metadata.modified()).ok();
        let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
        let days = age.map(|age| format!("this file is {} days old, and ", age.as_secs() / (24 * 3600)));
        format!(" ({}Argus deletes a token {LIFE_DAYS} days after it was made)", days.unwrap_or_default())
    }

    fn renew<S: TokenServer + ?Sized>(&self, argus: &S) -> Result<Renewal, Failure> {
        let folder = self.folder()?;
        let old = folder.open("").map_err(|error| self.fault("cannot be read", &error))?;
        match old.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Renewal::NotDue),
            Err(TryLockError::Error(error)) => return Err(self.fault("cannot be locked", &error)),
        }
        if !folder.is_current(&old) {
            // Another process has just renewed it.
            return Ok(Renewal::NotDue);
        }
        let held = text_of(&old).map_err(|error| self.fault("cannot be read", &error))?;
        let mut replacement = self.replacement(&folder, &old)?;
        let newest = match self.new_token(argus, &folder, &held) {
            Ok(token) => token,
            Err(why) => {
                let _ = folder.remove(NEW);
                return Err(why);
            }
        };
        self.memory().made = Some((newest.clone(), SystemTime::now()));
        if let Err(error) = folder.replace_token(&mut replacement, &format!("{}\n", newest.reveal())) {
            // The session token stays until the new token is in its file: the next start uses it.
            let why = format!(
                "Argus gave a new one, but {}; the new token exists in this process only: fix that before it is stopped",
                self.fault("cannot be replaced", &error)
            );
            self.memory().unwritten = Some(Unwritten { newest: newest.clone(), stale: held });
            return Ok(Renewal::Unwritten(newest, why));
        }
        self.settle(&folder, &newest);
        Self::end_session(argus, &folder);
        info!("the Argus token was renewed");
        Ok(Renewal::Renewed(newest))
    }

    /// The newest token is in its file.
    fn settle(&self, folder: &Folder, newest: &Secret) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Stamp::from_secs(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        if let Err(error) = folder.write(MADE, &mark::line(newest, now)) {
            debug!(
                "the file that says when the token was made cannot be written: {error}; the next start renews it again"
            );
        }
        let mut memory = self.memory();
        memory.unwritten = None;
        memory.held = Some(newest.clone());
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder, unless a link has come that leads elsewhere: somebody who may write there could
    /// have another file replaced.
    fn folder(&self) -> Result<Folder, Failure> {
        let target = fs::canonicalize(&self.file).map_err(|error| self.fault("cannot be found", &error))?;
        if target != self.target {
            let why = "leads to another file than when the configuration was read; reload it if that is right";
            return Err(Failure::Here(format!("argus.token_file {} {why}", self.file.display())));
        }
        Folder::of(&target).map_err(|error| self.fault("cannot be found", &error))
    }

    /// Makes sure that the file can be replaced before the token is refreshed.
    fn replacement(&self, folder: &Folder, old: &File) -> Result<Replacement, Failure> {
        let advice =
            "argus.renew_token needs a directory that this program may write to, such as the service's state directory";
        folder.replacement(old).map_err(|error| {
            let _ = folder.remove(NEW);
            Failure::Here(format!("{}; {advice}", self.fault("cannot be replaced", &error)))
        })
    }

    /// A new token, by the one that the file holds, by one that could not be written, or by what an
    /// earlier attempt left.
    fn new_token<S: TokenServer + ?Sized>(&self, argus: &S, folder: &Folder, held: &Secret) -> Result<Secret, Failure> {
        let unwritten = self.memory().unwritten.clone();
        let mut old = held.clone();
        let mut accepted = argus.accepts(&old);
        if let (Some(Unwritten { newest, .. }), Err(ArgusError::Unauthorized(_))) = (unwritten, &accepted) {
            old = newest;
            accepted = argus.accepts(&old);
        }
        let session = match accepted {
            Ok(()) => {
                let session = argus.session_token(&old).map_err(|error| Failure::Argus("a session token", error))?;
                folder.write(SESSION, session.reveal()).map_err(|error| {
                    Failure::Here(format!("{}{SESSION}: cannot be written: {error}", self.target.display()))
                })?;
                session
            }
            Err(ArgusError::Unauthorized(why)) => {
                let Ok(session) = folder.open(SESSION).and_then(|file| text_of(&file)) else {
                    return Err(Failure::Argus("a session token", ArgusError::Unauthorized(why)));
                };
                debug!("the token is refused; trying the session token of an earlier renewal");
                return argus.refresh(&session).map_err(|error| Failure::Argus("a new token", error));
            }
            Err(error) => return Err(Failure::Argus("a renewal", error)),
        };
        match argus.refresh(&old) {
            // The old token may be invalid already. The session token is valid.
            Err(ArgusError::Unknown { .. } | ArgusError::Unauthorized(_)) => argus.refresh(&session),
            result => result,
        }
        .map_err(|error| Failure::Argus("a new token", error))
    }

    fn end_session<S: TokenServer + ?Sized>(argus: &S, folder: &Folder) {
        let session = folder.open(SESSION).and_then(|file| text_of(&file));
        if let Err(error) = folder.remove(SESSION) {
            debug!("the session token cannot be removed: {error}");
        }
        if let Ok(session) = session
            && let Err(error) = argus.end_session(&session)
        {
            debug!("the session token was not given back: {error}");
        }
    }

    fn fault(&self, what: &str, error: &io::Error) -> Failure {
        Failure::Here(format!("argus.token_file {} {what}: {error}", self.file.display()))
    }
}

#[cfg(test)]
#[path = "renewal_tests.rs"]
mod tests;
