//! Reads a file with a bound on its size and on the time that it may keep us waiting. Never writes
//! one, and never knows what is in it.

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
/// How often a pipe is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// What a file holds.
#[derive(Debug)]
pub struct Content {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its permission bits.
    pub mode: u32,
}

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as the end of a sentence that begins with the file's name.
    pub text: String,
    /// The file system said no, which may pass: a disk that is not mounted yet, a file that is just
    /// being replaced.
    pub may_pass: bool,
}

impl Fault {
    /// The file was there to read, and is no good.
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
    Ok(Content { bytes, mode: metadata.mode() })
}

/// Reads what may keep us waiting for ever.
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
