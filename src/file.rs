//! Reads a file with a bound on its size and on the time. Never writes one, and knows of its
//! content only that a secret ends before the line end.

use crate::secret::Secret;
use rustix::fs::OFlags;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a pipe or a device may take until its end. A configuration may come from a command: `-c
/// <(make-config)`.
const PATIENCE: Duration = Duration::from_secs(5);
/// The interval between two attempts to read a pipe.
const GLANCE: Duration = Duration::from_millis(10);
/// The longest token or secret.
const MAX_SECRET: u64 = 16 * 1024;

/// What a file holds.
#[derive(Debug)]
pub struct Content {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Who else may read or change it.
    pub exposed: Exposure,
}

/// What users may do with a file who are neither its owner nor in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// Read it.
    pub read: bool,
    /// Change it.
    pub write: bool,
}

impl Exposure {
    /// The warnings about a file that is exposed so; that it can be read matters where it holds
    /// secrets.
    pub fn warnings(self, file: &Path, holds_secrets: bool) -> Vec<String> {
        let file = file.display();
        let read = (self.read && holds_secrets).then(|| {
            format!("{file}: everybody on this host can read the secrets in it; take that away with chmod o-rwx")
        });
        let write = self.write.then(|| {
            format!("{file}: everybody on this host can change it, and with it the servers that this program talks to; take that away with chmod o-w")
        });
        read.into_iter().chain(write).collect()
    }
}

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as the end of a sentence that begins with the file's name.
    pub text: String,
    /// An error of the file system, which may pass: a disk that is not mounted yet, a file that is
    /// just being replaced.
    pub may_pass: bool,
}

impl Fault {
    /// The file could be read, but its content is wrong.
    fn lasting(text: impl Into<String>) -> Self {
        Self { text: text.into(), may_pass: false }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self { text: format!("cannot be read: {error}"), may_pass: true }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// What is wrong with it.
pub fn read(file: &Path, limit: u64) -> Result<Content, Fault> {
    // Without NONBLOCK, opening a pipe that nobody writes to never returns. A regular file takes no
    // notice of it.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(file)?;
    let metadata = opened.metadata()?;
    let bytes = if metadata.is_file() || metadata.is_dir() {
        let mut bytes = Vec::new();
        opened.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        bytes
    } else {
        read_slowly(opened, limit)?
    };
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(Fault::lasting(format!("is longer than {limit} bytes")));
    }
    let mode = metadata.mode();
    Ok(Content { bytes, exposed: Exposure { read: mode & 0o004 != 0, write: mode & 0o002 != 0 } })
}

/// The secret in a file, without the line end, and how exposed it is. An empty file may be one that
/// somebody is just writing.
///
/// # Errors
/// What is wrong with the file, with its name and without its content.
pub fn read_secret(file: &Path) -> Result<(Secret, Exposure), Fault> {
    let fault = |text, may_pass| Fault { text: format!("{}: {text}", file.display()), may_pass };
    let Content { bytes, exposed } = read(file, MAX_SECRET).map_err(|why| fault(why.text, why.may_pass))?;
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

/// Reads a file that may block for ever.
fn read_slowly(mut opened: File, limit: u64) -> Result<Vec<u8>, Fault> {
    let until = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    while u64::try_from(bytes.len()).unwrap_or(u64::MAX) <= limit {
        match opened.read(&mut piece) {
            Ok(0) if bytes.is_empty() => {
                return Err(Fault::lasting("is a pipe that nobody writes to, or holds nothing"));
            }
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(piece.get(..length).unwrap_or_default()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                if Instant::now() >= until {
                    let text = format!("has not come to its end within {} s", PATIENCE.as_secs());
                    return Err(Fault::lasting(text));
                }
                thread::sleep(GLANCE);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(bytes)
}
