//! The name that a process of this host holds so that no other one does: how the system keeps it.
//! Never waits.
//!
//! On Linux it is the name of an abstract Unix socket. It needs no file and no right to write.
//! Elsewhere it is a lock on one of a fixed number of files in the state directory. On both the
//! system releases it when its holder ends, and nothing is ever sent or written.

use std::io;

/// Why a name is not held.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Another process, or another thread of this one, holds it.
    Taken,
    /// The system has no such names now.
    Impossible(io::Error),
}

#[cfg(target_os = "linux")]
mod system {
    use super::Refusal;
    use std::io::ErrorKind;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    /// A name that is held until the value is dropped.
    #[derive(Debug)]
    pub struct Held(#[expect(dead_code, reason = "the open socket holds the name")] UnixDatagram);

    impl Held {
        /// Takes a name of hexadecimal digits.
        ///
        /// # Errors
        /// See [`Refusal`].
        pub fn take(name: &str) -> Result<Self, Refusal> {
            let address = SocketAddr::from_abstract_name(format!("zinoargus-{name}"));
            let socket = address.and_then(|address| UnixDatagram::bind_addr(&address));
            socket.map(Self).map_err(|error| match error.kind() {
                ErrorKind::AddrInUse => Refusal::Taken,
                _ => Refusal::Impossible(error),
            })
        }
    }
}

#[cfg(any(test, not(target_os = "linux")))]
mod elsewhere {
    use super::Refusal;
    use std::fs::{File, OpenOptions, TryLockError};
    use std::path::{Path, PathBuf};

    /// How many digits of a name tell the files apart: there are 256, so that the directory does
    /// not grow. Two names that share one wait for each other, which does no harm.
    const DIGITS: usize = 2;

    /// A name that is held until the value is dropped.
    #[derive(Debug)]
    pub struct Held(#[expect(dead_code, reason = "the open file holds the lock")] File);

    impl Held {
        /// Takes a name of hexadecimal digits.
        ///
        /// # Errors
        /// See [`Refusal`].
        #[cfg(not(target_os = "linux"))]
        pub fn take(name: &str) -> Result<Self, Refusal> {
            let given = std::env::var_os("STATE_DIRECTORY").filter(|folder| !folder.is_empty());
            Self::take_in(&given.map_or_else(|| PathBuf::from("/var/db/zinoargus"), PathBuf::from), name)
        }

        /// The same in a directory.
        pub fn take_in(folder: &Path, name: &str) -> Result<Self, Refusal> {
            let file: PathBuf = folder.join(format!("lock-{}", name.get(..DIGITS).unwrap_or(name)));
            let opened = OpenOptions::new().create(true).append(true).open(file).map_err(Refusal::Impossible)?;
            match opened.try_lock() {
                Ok(()) => Ok(Self(opened)),
                Err(TryLockError::WouldBlock) => Err(Refusal::Taken),
                Err(TryLockError::Error(error)) => Err(Refusal::Impossible(error)),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::Held;
#[cfg(target_os = "linux")]
pub(super) use system::Held;

#[cfg(test)]
mod tests {
    use super::elsewhere::Held;
    use super::*;
    use std::path::Path;

    #[test]
    fn without_abstract_sockets_a_lock_file_is_held_by_one_and_free_after_it() {
        let folder = std::env::temp_dir().join(format!("zinoargus-held-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let held = Held::take_in(&folder, "abcdef").unwrap();
        assert!(matches!(Held::take_in(&folder, "abcdef"), Err(Refusal::Taken)));
        assert!(Held::take_in(&folder, "bbcdef").is_ok());
        drop(held);
        assert!(Held::take_in(&folder, "abcdef").is_ok());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn without_a_state_directory_there_are_no_locks() {
        let nowhere = Path::new("/nonexistent");
        assert!(matches!(Held::take_in(nowhere, "abcdef"), Err(Refusal::Impossible(_))));
    }
}
