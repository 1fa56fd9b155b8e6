//! The folder of the token's file: finds, reads and replaces files in it. Every file is named
//! relative to the open folder, and a link is never followed: the program may run as root, and
//! others may write here. Never talks to Argus.

use crate::secret::Secret;
use rustix::fs::{AtFlags, Mode, OFlags, fstat, open, openat, renameat, statat, unlinkat};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

/// The room that is reserved for a token on the disk, and the most that is read of a file, in
/// bytes.
const ROOM: usize = 4096;

/// Which file lies under a name.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// The open folder.
#[derive(Debug)]
pub(super) struct Folder {
    folder: File,
    /// Of the token's file.
    name: OsString,
}

impl Folder {
    /// The folder of this file, whose path leads through no link.
    ///
    /// # Errors
    /// The system's.
    pub fn of(file: &Path) -> io::Result<Self> {
        let name = file.file_name().ok_or(ErrorKind::NotFound)?.to_owned();
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { folder: File::from(open(folder, flags, Mode::empty())?), name })
    }

    /// The name of the token's file with this ending.
    fn beside(&self, ending: &str) -> OsString {
        let mut name = self.name.clone();
        name.push(ending);
        name
    }

    fn identity(&self, name: &OsStr) -> io::Result<Identity> {
        let found = statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Identity { device: found.st_dev, inode: found.st_ino })
    }

    /// Opens an ordinary file for reading; `ending` as in `token.session`, empty for the token's
    /// own.
    ///
    /// # Errors
    /// The system's; a link or a pipe is none.
    pub fn open(&self, ending: &str) -> io::Result<File> {
        // Without NONBLOCK, opening a pipe would block.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.folder, self.beside(ending), flags, Mode::empty())?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it is no ordinary file"));
        }
        Ok(file)
    }

    /// Whether a file with this ending exists.
    pub fn has(&self, ending: &str) -> bool {
        self.identity(&self.beside(ending)).is_ok()
    }

    /// Whether this file still has the name of the token's file.
    pub fn is_current(&self, file: &File) -> bool {
        self.identity(&self.name).ok() == identity_of(file).ok()
    }

    /// Creates an empty file that only its owner can read, and replaces what has this name.
    ///
    /// # Errors
    /// The system's.
    pub fn create(&self, ending: &str) -> io::Result<File> {
        self.remove(ending)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        Ok(File::from(openat(&self.folder, self.beside(ending), flags, mode)?))
    }

    /// Writes a whole file that only its owner can read, and replaces what has this name.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, ending: &str, text: &str) -> io::Result<()> {
        let mut file = self.create(ending)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        self.folder.sync_all()
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// The system's.
    pub fn remove(&self, ending: &str) -> io::Result<()> {
        match unlinkat(&self.folder, self.beside(ending), AtFlags::empty()) {
            Err(error) if error != rustix::io::Errno::NOENT => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Prepares a file that can replace the token's: same owner and mode, and room on the disk for
    /// a token.
    ///
    /// # Errors
    /// The system's; then nothing has changed.
    pub fn replacement(&self, old: &File) -> io::Result<Replacement> {
        let old = old.metadata()?;
        if old.permissions().readonly() {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        let mut new = self.create(NEW)?;
        new.write_all(&[b'\n'; ROOM])?;
        new.sync_all()?;
        let made = new.metadata()?;
        if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
            fchown(&new, Some(old.uid()), Some(old.gid()))?;
        }
        new.set_permissions(Permissions::from_mode(old.mode() & 0o777))?;
        Ok(Replacement { new })
    }

    /// Gives the replacement this content and the name of the token's file.
    ///
    /// # Errors
    /// The system's, or that somebody else writes into this folder.
    pub fn replace_token(&self, replacement: &mut Replacement, text: &str) -> io::Result<()> {
        let new = &mut replacement.new;
        new.rewind()?;
        new.write_all(text.as_bytes())?;
        new.set_len(text.len() as u64)?;
        new.sync_all()?;
        let ours = identity_of(new)?;
        // Another file can get the name at any moment; the open file stays the same.
        if self.identity(&self.beside(NEW))? != ours {
            return Err(io::Error::other("somebody else writes into its folder"));
        }
        renameat(&self.folder, self.beside(NEW), &self.folder, &self.name)?;
        if self.identity(&self.name)? != ours {
            return Err(io::Error::other("somebody else writes into its folder"));
        }
        self.folder.sync_all()
    }
}

/// The ending of the file that will replace the token's.
pub(super) const NEW: &str = ".new";

/// A file that will replace the token's.
#[derive(Debug)]
pub(super) struct Replacement {
    new: File,
}

fn identity_of(file: &File) -> io::Result<Identity> {
    let found = fstat(file)?;
    Ok(Identity { device: found.st_dev, inode: found.st_ino })
}

/// The text in a file, without the line end.
///
/// # Errors
/// The system's, or that it holds no short text.
pub(super) fn text_of(file: &File) -> io::Result<Secret> {
    let mut text = String::new();
    file.take(ROOM as u64 + 1).read_to_string(&mut text)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.len() > ROOM {
        return Err(io::Error::new(ErrorKind::InvalidData, "it is empty or too long"));
    }
    Ok(Secret::new(text.to_owned()))
}
