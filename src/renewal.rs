//! Keeps the token in `argus.token_file` alive (design 4.10): Argus deletes a token 14 days after it was made, used or not.
//!
//! A refresh kills the old token before its reply brings the new one. So a *session* token, good for some hours, is taken and
//! written beside the file first; with it the refresh can be repeated after a lost reply, a kill or a full disk, at any step.
//! Never decides when it is tried, and never shows a token.

use crate::argus::{ArgusError, TokenServer};
use crate::config::read_secret_file;
use crate::secret::Secret;
use log::{debug, info};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// How old the file may get before its token is renewed.
const RENEW_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How much room a token may need on the disk.
const ROOM: usize = 4096;
/// The life that Argus gives a token, in days.
const LIFE_DAYS: u64 = 14;

/// What came of a look at the token's age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The token is young, or another process is renewing it.
    NotDue,
    /// The file holds a new token, and this is it.
    Renewed(Secret),
    /// There is a new token, which must be used from now on, but the file could not be replaced; why, and what to do, for a log line.
    Unwritten(Secret, String),
}

/// The file and what lies beside it.
#[derive(Debug)]
pub struct Renewer {
    file: PathBuf,
    /// The newest token, where the file could not be replaced by it: it is nowhere else.
    unwritten: Mutex<Option<Secret>>,
}

impl Renewer {
    /// For this `argus.token_file`.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file, unwritten: Mutex::new(None) }
    }

    /// The file itself where its name is that of a link: the link must stay, and what it leads to must be replaced.
    fn target(&self) -> PathBuf {
        fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone())
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.target().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    }

    fn session_file(&self) -> PathBuf {
        self.beside(".session")
    }

    fn new_file(&self) -> PathBuf {
        self.beside(".new")
    }

    /// Renews the token if it is a day old, or if an earlier renewal did not come to its end.
    ///
    /// # Errors
    /// What went wrong and what to do about it, for a log line.
    pub fn renew_if_due<S: TokenServer + ?Sized>(&self, argus: &S) -> Result<Renewal, String> {
        let age = self.age()?;
        let broken_off = self.session_file().exists() || self.unwritten().is_some();
        if age < RENEW_AFTER && !broken_off {
            return Ok(Renewal::NotDue);
        }
        self.renew(argus).map_err(|why| {
            let days = age.as_secs() / (24 * 3600);
            format!("{why} (the token is {days} days old, and Argus deletes it after {LIFE_DAYS})")
        })
    }

    /// For a token that Argus has refused: an earlier renewal may have left the means to get another.
    ///
    /// # Errors
    /// As [`Renewer::renew_if_due`].
    pub fn recover<S: TokenServer + ?Sized>(&self, argus: &S) -> Result<Renewal, String> {
        let unwritten = self.unwritten().clone();
        if let Some(token) = unwritten.filter(|token| argus.accepts(token).is_ok()) {
            return Ok(Renewal::Unwritten(token, "the file still waits for the newest token".to_owned()));
        }
        if self.session_file().exists() { self.renew(argus) } else { Ok(Renewal::NotDue) }
    }

    fn age(&self) -> Result<Duration, String> {
        let changed = fs::metadata(&self.file).and_then(|m| m.modified());
        let changed = changed.map_err(|error| self.fault("cannot be looked at", &error))?;
        // A file from the future counts as old: renewing once too often does no harm.
        Ok(SystemTime::now().duration_since(changed).unwrap_or(RENEW_AFTER))
    }

    fn renew<S: TokenServer + ?Sized>(&self, argus: &S) -> Result<Renewal, String> {
        let lock = File::open(&self.file).map_err(|error| self.fault("cannot be read", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Renewal::NotDue),
            Err(TryLockError::Error(error)) => return Err(self.fault("cannot be locked", &error)),
        }
        let old = match self.unwritten().clone() {
            Some(token) => token,
            None => read_secret_file(&self.file)?,
        };
        let mut new = self.replacement()?;
        let new_token = match self.new_token(argus, &old) {
            Ok(token) => token,
            Err(why) => {
                let _ = fs::remove_file(self.new_file());
                return Err(why);
            }
        };
        if let Err(error) = self.put_in_place(&mut new, &new_token) {
            // The session token stays until the new one is safe: whoever starts next begins with it.
            *self.unwritten() = Some(new_token.clone());
            let why = format!(
                "Argus gave a new one, but {}; this program goes on with it, and once it is stopped nobody has it: mend that first",
                self.fault("cannot be replaced", &error)
            );
            return Ok(Renewal::Unwritten(new_token, why));
        }
        *self.unwritten() = None;
        self.end_session(argus);
        info!("the Argus token was renewed");
        Ok(Renewal::Renewed(new_token))
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<Secret>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_in_place(&self, new: &mut File, token: &Secret) -> io::Result<()> {
        let text = format!("{}\n", token.reveal());
        new.rewind()?;
        new.write_all(text.as_bytes())?;
        new.set_len(text.len() as u64)?;
        new.sync_all()?;
        fs::rename(self.new_file(), self.target())?;
        self.sync_folder()
    }

    /// A file that can take the place of the token's, with the same owner and mode, and with room on the disk for a token. That it
    /// can be made is found out before anything is done to the token.
    fn replacement(&self) -> Result<File, String> {
        let advice =
            "argus.renew_token needs a directory that this program may write to, such as the service's state directory";
        let made = (|| {
            let old = fs::metadata(&self.file)?;
            if old.permissions().readonly() {
                return Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem));
            }
            let mut new = create(&self.new_file())?;
            new.write_all(&[b'\n'; ROOM])?;
            new.sync_all()?;
            let made = new.metadata()?;
            if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
                chown(self.new_file(), Some(old.uid()), Some(old.gid()))?;
            }
            new.set_permissions(fs::Permissions::from_mode(old.mode() & 0o777))?;
            Ok(new)
        })();
        made.map_err(|error| format!("{}; {advice}", self.fault("cannot be replaced", &error)))
    }

    /// A new token, by the old one or by what an earlier attempt left.
    fn new_token<S: TokenServer + ?Sized>(&self, argus: &S, old: &Secret) -> Result<Secret, String> {
        let session = match argus.accepts(old) {
            Ok(()) => {
                let session = argus.session_token(old).map_err(|error| trouble("a session token", &error))?;
                self.keep_session(&session)?;
                session
            }
            Err(ArgusError::Unauthorized(why)) => {
                let session = read_secret_file(&self.session_file());
                let session = session.map_err(|_| format!("Argus refuses the token ({why})"))?;
                debug!("the token is refused; trying the session token of an earlier renewal");
                return argus.refresh(&session).map_err(|error| trouble("a new token", &error));
            }
            Err(error) => return Err(trouble("a renewal", &error)),
        };
        match argus.refresh(old) {
            // The old token may be dead already; the session token is not.
            Err(ArgusError::Unknown { .. } | ArgusError::Unauthorized(_)) => argus.refresh(&session),
            result => result,
        }
        .map_err(|error| trouble("a new token", &error))
    }

    fn keep_session(&self, session: &Secret) -> Result<(), String> {
        let file = self.session_file();
        let kept = create(&file).and_then(|mut kept| {
            kept.write_all(session.reveal().as_bytes())?;
            kept.sync_all()?;
            self.sync_folder()
        });
        kept.map_err(|error| format!("{}: cannot be written: {error}", file.display()))
    }

    fn end_session<S: TokenServer + ?Sized>(&self, argus: &S) {
        let session = read_secret_file(&self.session_file());
        if let Err(error) = fs::remove_file(self.session_file()) {
            debug!("{}: cannot be removed: {error}", self.session_file().display());
        }
        if let Err(error) = session.map(|session| argus.end_session(&session)) {
            debug!("the session token was not given back: {error}");
        }
    }

    fn sync_folder(&self) -> io::Result<()> {
        let target = self.target();
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn fault(&self, what: &str, error: &io::Error) -> String {
        format!("argus.token_file {} {what}: {error}", self.file.display())
    }
}

/// A file that only its owner can read, empty, in place of what is there.
fn create(file: &Path) -> io::Result<File> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

fn trouble(what: &str, error: &ArgusError) -> String {
    format!("Argus gave us no answer to the wish for {what}: {error}")
}

#[cfg(test)]
#[path = "renewal_tests.rs"]
mod tests;
