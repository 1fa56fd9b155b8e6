//! Reads the configuration file and the files with secrets, and says who else may read them. Never
//! writes.

use super::problem::Problem;
use crate::file::{Content, Fault};
use crate::secret::Secret;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// More than any configuration needs; keeps a wrong file name (a disk, a log) from filling the memory.
const MAX_CONFIG: u64 = 1024 * 1024;

/// More than any token or secret needs.
const MAX_SECRET: u64 = 16 * 1024;

/// The variable in which systemd tells a service where its credentials (`LoadCredential=`) are.
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where a file that the configuration names is: relative to the configuration's folder, or, with `%d/` in front as in
/// a unit file, in the folder of the service's credentials.
///
/// # Errors
/// There are no credentials.
pub fn place(file: &Path, folder: &Path, credentials: Option<&OsStr>) -> Result<PathBuf, String> {
    let Ok(name) = file.strip_prefix("%d") else {
        return Ok(folder.join(file));
    };
    match credentials {
        Some(credentials) if !credentials.is_empty() => Ok(Path::new(credentials).join(name)),
        _ => Err(format!(
            "{}: %d stands for the credentials of a systemd service, and this process has none (the unit needs \
             LoadCredential={}:FILE)",
            file.display(),
            name.display()
        )),
    }
}

/// What those who are neither a file's owner nor in its group may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// Read it.
    pub read: bool,
    /// Change it.
    pub write: bool,
}

impl Exposure {
    /// The warnings about a file that is exposed so; that it can be read matters where it holds secrets.
    pub fn warnings(self, file: &Path, holds_secrets: bool) -> Vec<String> {
        let file = file.display();
        let read = (self.read && holds_secrets).then(|| {
            format!("{file}: everybody on this host can read the secrets in it; take that away with chmod o-rwx")
        });
        let write = self.write.then(|| {
            format!("{file}: everybody on this host can change it, and so lead this program elsewhere; take that away with chmod o-w")
        });
        read.into_iter().chain(write).collect()
    }
}

/// The text of a configuration file, and how exposed it is.
pub fn read_config_file(file: &Path) -> Result<(String, Exposure), Problem> {
    let problem = |line, text| Problem { line, key: String::new(), text, may_pass: false };
    let (bytes, exposed) = read_bounded(file, MAX_CONFIG).map_err(|fault| {
        let help = "name another file with -c, or make one from zinoargus.toml.example";
        problem(None, format!("{fault}; {help}"))
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, exposed)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..valid).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            Err(problem(Some(line), "is not valid UTF-8".to_owned()))
        }
    }
}

/// The secret in a file, without the line end, and how exposed it is. An empty file may be one that
/// somebody is just writing.
///
/// # Errors
/// What is wrong with the file, with its name and without its content.
pub fn read_secret(file: &Path) -> Result<(Secret, Exposure), Fault> {
    let fault = |text, may_pass| Fault { text: format!("{}: {text}", file.display()), may_pass };
    let (bytes, exposed) = read_bounded(file, MAX_SECRET).map_err(|why| fault(why.text, why.may_pass))?;
    let text = String::from_utf8(bytes).map_err(|_| fault("is not valid UTF-8".to_owned(), false))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(fault("is empty".to_owned(), true));
    }
    Ok((Secret::new(secret.to_owned()), exposed))
}

/// Reads a token or secret again from its file, as loading the configuration did.
///
/// # Errors
/// What is wrong with the file, with its name and without its content.
pub fn read_secret_file(file: &Path) -> Result<Secret, String> {
    read_secret(file).map(|(secret, _)| secret).map_err(|fault| fault.text)
}

/// A file's bytes, and how exposed it is.
fn read_bounded(file: &Path, limit: u64) -> Result<(Vec<u8>, Exposure), Fault> {
    let Content { bytes, mode } = crate::file::read(file, limit)?;
    Ok((bytes, Exposure { read: mode & 0o004 != 0, write: mode & 0o002 != 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(file: &str, credentials: Option<&str>) -> Result<String, String> {
        let credentials = credentials.map(OsStr::new);
        place(Path::new(file), Path::new("/etc/z"), credentials).map(|path| path.display().to_string())
    }

    #[test]
    fn a_file_is_beside_the_configuration_or_among_the_credentials() {
        let credentials = Some("/run/credentials/zinoargus.service");
        for (file, expected) in [
            ("argus.token", "/etc/z/argus.token"),
            ("/var/lib/zinoargus/argus.token", "/var/lib/zinoargus/argus.token"),
            ("%d/argus.token", "/run/credentials/zinoargus.service/argus.token"),
            ("%done/argus.token", "/etc/z/%done/argus.token"),
            ("sub/%d/argus.token", "/etc/z/sub/%d/argus.token"),
        ] {
            assert_eq!(placed(file, credentials), Ok(expected.to_owned()), "{file}");
        }
    }

    #[test]
    fn without_credentials_the_message_says_what_the_unit_needs() {
        for credentials in [None, Some("")] {
            let why = placed("%d/argus.token", credentials).unwrap_err();
            assert!(why.contains("LoadCredential=argus.token:FILE"), "{why}");
        }
    }
}
