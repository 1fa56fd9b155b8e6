//! Writes the metrics into a file for a collector that reads files. Whoever reads it sees a whole
//! file, old or new. Never slows or ends anything else.

use super::Never;
use crate::service::board::Board;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use log::warn;
use rustix::fs::OFlags;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// The time between two writes.
const EVERY: Duration = Duration::from_secs(15);
/// Everybody may read it: the collector is another user.
const MODE: u32 = 0o644;

/// Writes the file until the channel is disconnected.
pub fn run(file: &Path, board: &Board, stop_receiver: &Receiver<Never>) {
    let mut failed: Option<String> = None;
    loop {
        match write(file, &board.text()) {
            Ok(()) => failed = None,
            Err(why) if failed.as_ref() != Some(&why) => {
                warn!("metrics.file: {why} (trying again; everything else goes on)");
                failed = Some(why);
            }
            Err(_) => {}
        }
        if stop_receiver.recv_timeout(EVERY) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// Writes a file beside the one that is wanted, and gives it that name.
///
/// # Errors
/// Which file cannot be written, and why.
pub fn write(file: &Path, text: &str) -> Result<(), String> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let written = replace(file, beside, text);
    if written.is_err() {
        let _ = fs::remove_file(beside);
    }
    written.map_err(|error| format!("{} cannot be written: {error}", file.display()))
}

fn replace(file: &Path, beside: &Path, text: &str) -> io::Result<()> {
    // What a process left that was killed while it wrote is in the way.
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits()).unwrap_or_default();
    let mut new = OpenOptions::new().write(true).create_new(true).mode(MODE).custom_flags(flags).open(beside)?;
    new.write_all(text.as_bytes())?;
    // The umask of a service hides it.
    new.set_permissions(Permissions::from_mode(MODE))?;
    drop(new);
    fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("zinoargus-metrics-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn everybody_can_read_the_file_and_nothing_is_left_beside_it() {
        let folder = folder("whole");
        let file = folder.join("zinoargus.prom");
        symlink("/nonexistent/elsewhere", folder.join("zinoargus.prom.new")).unwrap();
        for text in ["first\n", "second\n"] {
            write(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, MODE);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let why = write(Path::new("/nonexistent/zinoargus.prom"), "x").unwrap_err();
        assert!(why.starts_with("/nonexistent/zinoargus.prom cannot be written: "), "{why}");
    }
}
