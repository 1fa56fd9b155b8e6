//! The listener: answers those who look at the metrics or ask whether the program does its work.
//! One thread for all connections, which never waits for one of them. Never slows or ends anything
//! else.

use crate::service::board::Board;
use crate::service::http::{self, Asked, LONGEST_HEAD};
use log::{info, warn};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// The most connections at a time. One more is closed.
const MOST: usize = 16;
/// The longest that a connection takes, from its first byte to its last.
const LONGEST: Duration = Duration::from_secs(2);
/// How long an address that cannot be used is left alone.
const RETRY: Duration = Duration::from_secs(10);
/// The most that are taken in before the others have their turn: whoever connects without a pause
/// must not keep this thread from its end.
const MOST_AT_ONCE: usize = 64;
/// How long nothing is accepted after the system could not give a connection, or could not wait.
const PAUSE: Duration = Duration::from_secs(1);

/// One who asks.
struct Connection {
    stream: TcpStream,
    head: Vec<u8>,
    /// What is still to be sent, once the head is understood.
    answer: Option<Vec<u8>>,
    sent: usize,
    until: Instant,
}

/// What comes of a step.
#[derive(PartialEq)]
enum Step {
    GoesOn,
    Over,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        Self { stream, head: Vec::new(), answer: None, sent: 0, until: Instant::now() + LONGEST }
    }

    fn flags(&self) -> PollFlags {
        if self.answer.is_some() { PollFlags::OUT } else { PollFlags::IN }
    }

    /// Reads or writes what can be read or written now.
    fn step(&mut self, board: &Board) -> Step {
        if self.answer.is_none() {
            let mut piece = [0; 2048];
            let room = LONGEST_HEAD.saturating_sub(self.head.len()).min(piece.len());
            let room = piece.get_mut(..room).unwrap_or_default();
            match self.stream.read(room) {
                Ok(0) => return Step::Over,
                Ok(length) => self.head.extend_from_slice(room.get(..length).unwrap_or_default()),
                Err(error) => return later(&error),
            }
            match http::asked(&self.head) {
                Asked::More => return Step::GoesOn,
                Asked::Nonsense => return Step::Over,
                Asked::Page { page, is_head } => self.answer = Some(http::answer(page, is_head, board)),
            }
        }
        let rest = self.answer.as_deref().and_then(|answer| answer.get(self.sent..)).unwrap_or_default();
        match self.stream.write(rest) {
            Ok(length) if length == rest.len() => Step::Over,
            Ok(length) => {
                self.sent = self.sent.saturating_add(length);
                Step::GoesOn
            }
            Err(error) => later(&error),
        }
    }
}

fn later(error: &std::io::Error) -> Step {
    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) { Step::GoesOn } else { Step::Over }
}

/// Rule: PROCESS-18.
///
/// Answers until the other end of `stop` is dropped.
pub fn run(address: SocketAddr, board: &Board, stop: &UnixStream) {
    let mut is_logged = false;
    loop {
        match TcpListener::bind(address).and_then(|listener| listener.set_nonblocking(true).map(|()| listener)) {
            Ok(listener) => {
                info!("metrics.listen: http://{address}/metrics and /health");
                return serve(&listener, board, stop);
            }
            Err(error) if !is_logged => {
                is_logged = true;
                warn!("metrics.listen: {address} cannot be used: {error} (trying again; everything else goes on)");
            }
            Err(_) => {}
        }
        if wait(&mut [PollFd::new(stop, PollFlags::IN)], Some(RETRY)) {
            return;
        }
    }
}

/// Waits until something can be done. Returns whether the first of them can.
fn wait(all: &mut [PollFd<'_>], longest: Option<Duration>) -> bool {
    let longest = longest.and_then(|time| Timespec::try_from(time).ok());
    match poll(all, longest.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        // Nothing is marked as ready, and the next try may fail as fast.
        Err(_) => thread::sleep(PAUSE),
    }
    all.first().is_some_and(|first| !first.revents().is_empty())
}

fn serve(listener: &TcpListener, board: &Board, stop: &UnixStream) {
    let mut connections: Vec<Connection> = Vec::new();
    let mut paused_until: Option<Instant> = None;
    loop {
        let now = Instant::now();
        connections.retain(|connection| connection.until > now);
        paused_until = paused_until.filter(|until| *until > now);
        let accepts = paused_until.is_none().then(|| PollFd::new(listener, PollFlags::IN));
        let clients = connections.iter().map(|connection| PollFd::new(&connection.stream, connection.flags()));
        let mut all: Vec<PollFd<'_>> = vec![PollFd::new(stop, PollFlags::IN)];
        all.extend(clients.chain(accepts));
        let next = connections.iter().map(|connection| connection.until).chain(paused_until).min();
        if wait(&mut all, next.map(|until| until.saturating_duration_since(now) + Duration::from_millis(1))) {
            return;
        }
        let ready: Vec<bool> = all.iter().skip(1).map(|one| !one.revents().is_empty()).collect();
        let mut ready = ready.into_iter();
        connections.retain_mut(|one| !ready.next().unwrap_or_default() || one.step(board) == Step::GoesOn);
        // The listener comes after all clients.
        if ready.next().unwrap_or_default() {
            paused_until = accept(listener, &mut connections);
        }
    }
}

/// Takes in those who wait. Returns until when nobody is taken in.
fn accept(listener: &TcpListener, connections: &mut Vec<Connection>) -> Option<Instant> {
    for _ in 0..MOST_AT_ONCE {
        match listener.accept() {
            Ok((stream, _)) if connections.len() < MOST && stream.set_nonblocking(true).is_ok() => {
                connections.push(Connection::new(stream));
            }
            // Closed.
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionAborted) => return None,
            Err(_) => return Some(Instant::now() + PAUSE),
        }
    }
    None
}

#[cfg(test)]
#[path = "listener_tests.rs"]
mod tests;
