//! Reads the configuration file, and finds the files that it names. Never writes.

use super::problem::{ConfigError, Problem};
use crate::file::{self, Exposure};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// More than any configuration needs. A wrong file name (a disk, a log) must not fill the memory.
const MAX_CONFIG: u64 = 1024 * 1024;

/// The variable by which systemd names the folder of a service's credentials (`LoadCredential=`).
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where the configuration is looked for, if nobody says where it is.
const USUAL_FILES: [&str; 2] = ["zinoargus.toml", "/etc/zinoargus/zinoargus.toml"];

/// Rule: PROCESS-15.
///
/// The configuration file: the one that was asked for, else the first that is there. One that
/// cannot be looked at counts as there, so that reading it says why.
///
/// # Errors
/// There is none.
pub fn find(given: Option<&Path>) -> Result<PathBuf, ConfigError> {
    find_in(given, USUAL_FILES.map(Path::new))
}

fn find_in(given: Option<&Path>, usual: [&Path; 2]) -> Result<PathBuf, ConfigError> {
    let is_there = |path: &&Path| path.try_exists().unwrap_or(true);
    if let Some(found) = given.or_else(|| usual.into_iter().find(is_there)) {
        return Ok(found.to_owned());
    }
    let [here, elsewhere] = usual.map(Path::display);
    let text = format!(
        "there is no such file here, and no {elsewhere}; name another file with -c, or make one from zinoargus.toml.example"
    );
    let problem = Problem { line: None, key: String::new(), text, may_pass: false };
    Err(ConfigError::new(Path::new(&here.to_string()), vec![problem]))
}

/// The path of a file that the configuration names. It is relative to the configuration's folder;
/// with `%d/` in front, as in a unit file, it is relative to the folder of the service's
/// credentials.
///
/// # Errors
/// There are no credentials.
pub fn locate(file: &Path, folder: &Path, credentials: Option<&OsStr>) -> Result<PathBuf, String> {
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

/// The text of a configuration file, and how exposed it is.
pub fn read_config_file(path: &Path) -> Result<(String, Exposure), Problem> {
    let problem = |line, text| Problem { line, key: String::new(), text, may_pass: false };
    let file::Content { bytes, exposed } = file::read(path, MAX_CONFIG).map_err(|fault| {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(file: &str, credentials: Option<&str>) -> Result<String, String> {
        let credentials = credentials.map(OsStr::new);
        locate(Path::new(file), Path::new("/etc/z"), credentials).map(|path| path.display().to_string())
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
    fn the_file_here_comes_before_that_of_the_system_and_both_are_named_where_neither_is() {
        let folder = crate::config::testing::Folder::new("find");
        let (here, there) = (folder.0.join("here.toml"), folder.0.join("there.toml"));
        let found = |given: Option<&Path>| find_in(given, [&here, &there]);
        let why = found(None).unwrap_err().to_string();
        assert!(why.contains("here.toml: ") && why.contains("there.toml") && why.contains("-c"), "{why}");
        folder.write("there.toml", b"", 0o640);
        assert_eq!(found(None).as_deref(), Ok(there.as_path()));
        folder.write("here.toml", b"", 0o640);
        assert_eq!(found(None).as_deref(), Ok(here.as_path()));
        assert_eq!(found(Some(Path::new("given.toml"))).as_deref(), Ok(Path::new("given.toml")));
    }

    #[test]
    fn without_credentials_the_message_says_what_the_unit_needs() {
        for credentials in [None, Some("")] {
            let why = placed("%d/argus.token", credentials).unwrap_err();
            assert!(why.contains("LoadCredential=argus.token:FILE"), "{why}");
        }
    }
}
