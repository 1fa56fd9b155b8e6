//! The notification channel: which cases to read again. Never reads a case, and never reconnects.

use crate::zino::ZinoError;
use crate::zino::decode::{self, Notice};
use crate::zino::session::Login;
use crate::zino::text::sanitised;
use crate::zino::wire::{LOG, Timeouts, Wire};
use log::debug;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The longest line; real ones are shorter than a hundred bytes.
const MAX_LINE: usize = 64 * 1024;
/// The most bytes that one call reads, so that a flood cannot keep the caller from its other work.
const MAX_POLL: usize = 64 * 1024;
/// How long to wait for further notifications after the first. One change in Zino causes several
/// lines.
const MORE: Duration = Duration::from_millis(3);
/// Zino's last line on this channel, after the command connection has ended.
const FAREWELL: &[u8] = b"Normal quit from client";

/// A connection over which Zino sends notifications, once
/// [`Session::tie`](crate::zino::session::Session::tie) has been called with its nonce.
#[derive(Debug)]
pub struct Notifications {
    wire: Wire,
    /// The start of a line whose end has not arrived yet.
    partial: Vec<u8>,
    /// Why the channel has ended. Returned after all notifications before the end.
    ended: Option<ZinoError>,
}

impl Notifications {
    /// Connects to the address that
    /// [`Session::notify_address`](crate::zino::session::Session::notify_address) gives; also
    /// returns the nonce to tie.
    ///
    /// # Errors
    /// See [`ZinoError`].
    pub fn connect(login: &Login, address: SocketAddr) -> Result<(Self, String), ZinoError> {
        Self::connect_within(login, address, &Timeouts::default())
    }

    /// [`Notifications::connect`] with other time-outs.
    ///
    /// # Errors
    /// See [`ZinoError`].
    pub fn connect_within(
        login: &Login,
        address: SocketAddr,
        timeouts: &Timeouts,
    ) -> Result<(Self, String), ZinoError> {
        let port = login.notify_port();
        let mut wire = Wire::open_at(&port, address, timeouts)?;
        let line = wire.first_line().map_err(|error| port.no_greeting(error, timeouts.stall))?;
        let nonce = std::str::from_utf8(&line).unwrap_or_default().trim();
        let is_nonce = (1..=200).contains(&nonce.len()) && nonce.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_nonce {
            return Err(port.other_greeting(&line, line.starts_with(b"200 ")));
        }
        let nonce = nonce.to_owned();
        let channel = Self { wire, partial: Vec::new(), ended: None };
        Ok((channel, nonce))
    }

    /// Waits at most `wait` for a notification, then returns it with all that arrived with it.
    /// Empty if none arrived.
    ///
    /// # Errors
    /// [`ZinoError::Connection`] when the channel has ended, [`ZinoError::Protocol`] for a line
    /// without end; see [`ZinoError`].
    pub fn poll(&mut self, wait: Duration) -> Result<Vec<Notice>, ZinoError> {
        let deadline = Instant::now() + wait;
        let mut notices = Vec::new();
        let mut taken = 0;
        while self.ended.is_none() && taken < MAX_POLL {
            let patience = match notices.is_empty() {
                true => deadline.saturating_duration_since(Instant::now()),
                false => MORE,
            };
            match self.wire.arrived(patience) {
                Ok(bytes) => {
                    taken += bytes.len();
                    self.take(&bytes, &mut notices);
                    let waited = notices.is_empty() && Instant::now() >= deadline;
                    if waited || (bytes.is_empty() && !notices.is_empty()) {
                        break;
                    }
                }
                Err(e) => self.ended = Some(e),
            }
        }
        match &self.ended {
            Some(e) if notices.is_empty() => Err(e.clone()),
            _ => Ok(notices),
        }
    }

    /// Reads the lines that these bytes complete.
    fn take(&mut self, bytes: &[u8], notices: &mut Vec<Notice>) {
        for piece in bytes.split_inclusive(|&b| b == b'\n') {
            self.partial.extend_from_slice(piece);
            if let Some(line) = self.partial.strip_suffix(b"\n") {
                let line = line.trim_ascii_end();
                debug!(target: LOG, "notified: {}", sanitised(line));
                if line.starts_with(FAREWELL) {
                    let why = "the server ends the notifications";
                    self.ended = Some(ZinoError::Connection(why.to_owned()));
                    return;
                }
                match decode::notice(line) {
                    Some(notice) => notices.push(notice),
                    None => debug!(target: LOG, "a notification that says nothing"),
                }
                self.partial.clear();
            } else if self.partial.len() > MAX_LINE {
                let start = sanitised(&self.partial);
                let why = format!("a notification without end: {start}");
                self.ended = Some(ZinoError::Protocol(why));
                return;
            }
        }
    }
}
