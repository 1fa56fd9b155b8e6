//! Reads the configuration file and the files with secrets. Never reads without a bound, and never writes.

use super::problem::Problem;
use crate::secret::Secret;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// More than any configuration needs; keeps a wrong file name (a disk, a log) from filling the memory.
const MAX_CONFIG: u64 = 1024 * 1024;

/// More than any token or secret needs.
const MAX_SECRET: u64 = 16 * 1024;

/// The text of a configuration file, and whether everybody on this host can read it.
pub fn read_config_file(file: &Path) -> Result<(String, bool), Problem> {
    let problem = |line, text| Problem { line, key: String::new(), text };
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

/// The secret in a file, without the line end; and whether everybody on this host can read it.
pub fn read_secret(file: &Path) -> Result<(Secret, bool), String> {
    let shown = file.display();
    let (bytes, exposed) = read_bounded(file, MAX_SECRET).map_err(|fault| format!("{shown}: {fault}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown}: is not valid UTF-8"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(format!("{shown}: is empty"));
    }
    Ok((Secret::new(secret.to_owned()), exposed))
}

/// Reads a token or secret again from its file, as loading the configuration did.
///
/// # Errors
/// What is wrong with the file, with its name and without its content.
pub fn read_secret_file(file: &Path) -> Result<Secret, String> {
    read_secret(file).map(|(secret, _)| secret)
}

/// The warning about a file that everybody can read.
pub fn exposed(file: &Path) -> String {
    format!("{}: everybody on this host can read the secrets in it; take that away with chmod o-rwx", file.display())
}

/// A file's bytes, and whether those who are neither its owner nor in its group can read it.
fn read_bounded(file: &Path, limit: u64) -> Result<(Vec<u8>, bool), String> {
    let fault = |error: std::io::Error| format!("cannot be read: {error}");
    let opened = File::open(file).map_err(fault)?;
    let mode = opened.metadata().map_err(fault)?.mode();
    let mut bytes = Vec::new();
    let mut bounded = opened.take(limit + 1);
    bounded.read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > limit {
        return Err(format!("is longer than {limit} bytes"));
    }
    Ok((bytes, mode & 0o004 != 0))
}
