//! A TCP connection to the first of several addresses that answers, in attempts that overlap (RFC
//! 8305). Uses one thread and one socket for each address, and closes the others. Never looks up a
//! name.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long one address may be silent before the next is tried beside it (RFC 8305, section 5).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// The longest wait of one poll, in seconds. A longer wait takes several.
const LONGEST_WAIT: i64 = 3600;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// The error of each address that was tried, as a kind and in words. Silence is a time-out.
    pub tried: Vec<(SocketAddr, ErrorKind, String)>,
    /// Whether the time was over before every address had failed.
    pub late: bool,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tried.as_slice() {
            [] => f.write_str("no address to connect to"),
            [(_, _, why)] => f.write_str(why),
            several => {
                for (n, (address, _, why)) in several.iter().enumerate() {
                    let between = if n > 0 { "; " } else { "" };
                    write!(f, "{between}{}: {why}", address.ip())?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Unreachable {}

impl Unreachable {
    /// The error of all addresses, if it is the same.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        let mut kinds = self.tried.iter().map(|(_, kind, _)| *kind);
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then_some(first)
    }
}

/// Connects to the first of `addresses` that answers within `limit`. Each has a start of
/// [`ATTEMPT_DELAY`] on the next, or until it fails.
///
/// # Errors
/// See [`Unreachable`].
pub fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, Unreachable> {
    let began = Instant::now();
    let mut race = Race { waiting: addresses.iter().copied().collect(), under_way: Vec::new(), tried: Vec::new() };
    let mut next_start = Duration::ZERO;
    loop {
        let now = began.elapsed();
        let nobody_runs = race.under_way.is_empty();
        if now >= limit || (nobody_runs && race.waiting.is_empty()) {
            return Err(race.lost(limit));
        }
        if (nobody_runs || now >= next_start)
            && let Some(address) = race.waiting.pop_front()
        {
            race.start(address);
            next_start = now + ATTEMPT_DELAY;
            continue;
        }
        let until = if race.waiting.is_empty() { limit } else { limit.min(next_start) };
        let (winner, failures) = race.wait(until.saturating_sub(now));
        if let Some(stream) = winner {
            return Ok(stream);
        }
        if failures > 0 {
            next_start = began.elapsed();
        }
    }
}

/// The attempts of one connection.
struct Race {
    waiting: VecDeque<SocketAddr>,
    under_way: Vec<(SocketAddr, Socket)>,
    tried: Vec<(SocketAddr, ErrorKind, String)>,
}

impl Race {
    fn start(&mut self, address: SocketAddr) {
        match begin(address) {
            Ok(socket) => self.under_way.push((address, socket)),
            Err(error) => self.tried.push((address, error.kind(), error.to_string())),
        }
    }

    /// Waits for attempts to end; returns the connection of the first that succeeded, and how many
    /// failed.
    fn wait(&mut self, patience: Duration) -> (Option<TcpStream>, usize) {
        let mut fds: Vec<PollFd<'_>> =
            self.under_way.iter().map(|(_, socket)| PollFd::new(socket, PollFlags::OUT)).collect();
        let seconds = i64::try_from(patience.as_secs()).unwrap_or(i64::MAX).min(LONGEST_WAIT);
        let patience = Timespec { tv_sec: seconds, tv_nsec: patience.subsec_nanos().into() };
        // A signal only ends the waiting early.
        let _ = poll(&mut fds, Some(&patience));
        let ended: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut winner = None;
        let before = self.tried.len();
        let attempts = std::mem::take(&mut self.under_way);
        for ((address, socket), ended) in attempts.into_iter().zip(ended) {
            if !ended {
                self.under_way.push((address, socket));
                continue;
            }
            match finish(socket) {
                Ok(stream) => winner = winner.or(Some(stream)),
                Err(error) => self.tried.push((address, error.kind(), error.to_string())),
            }
        }
        (winner, self.tried.len() - before)
    }

    /// No attempt succeeded.
    fn lost(mut self, limit: Duration) -> Unreachable {
        let late = !self.under_way.is_empty() || !self.waiting.is_empty();
        let silent = self
            .under_way
            .iter()
            .map(|(address, _)| (*address, ErrorKind::TimedOut, format!("no answer within {limit:?}")));
        self.tried.extend(silent);
        Unreachable { tried: self.tried, late }
    }
}

/// Starts a connection without waiting for it.
fn begin(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::INPROGRESS.raw_os_error()) => Err(error),
        _ => Ok(socket),
    }
}

/// The result of an attempt that has ended.
fn finish(socket: Socket) -> io::Result<TcpStream> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    socket.set_nonblocking(false)?;
    Ok(socket.into())
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
