//! Lines over a TCP connection to Zino, with a bound on everything: time, line length, reply size.
//! Never knows what a line means.

use crate::net::connect::connect;
use crate::net::dial::{DialError, dial};
use crate::progress;
use crate::zino::ZinoError;
use crate::zino::port::Port;
use crate::zino::text::sanitised;
use socket2::{SockRef, TcpKeepalive};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The longest line that is kept; the rest of a longer line is read and dropped. A person can write
/// a longer history line, which must not make the case unreadable.
const MAX_LINE: usize = 1 << 20;
/// The most bytes of one reply, and of all replies that are read together: a case with fifty
/// thousand short history entries.
const MAX_REPLY: usize = 8 << 20;
/// The memory of a line beside its bytes.
const LINE_COST: usize = 64;
/// The most bytes that are read and dropped to resynchronise.
const MAX_DRAINED: usize = 256 << 20;
/// How many bytes make a reply's time a second longer.
const BYTES_A_SECOND: usize = 64 << 10;
/// The log target of everything that crosses the wire.
pub(crate) const LOG: &str = "zino";

/// The error about a server that does not answer.
pub(crate) const SILENT: &str = "the server does not answer any more";

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the connection: the look-up of the server's name, and all its addresses together.
    pub connect: Duration,
    /// For the next byte of a reply.
    pub stall: Duration,
    /// For the server to take what is sent.
    pub write: Duration,
    /// For a whole reply, also if it makes progress all the time; a second more for every 64 KiB of
    /// it. Each of several replies that are read together has this time, from the end of the one
    /// before. It is also the limit for all lines together that belong to no reply.
    pub reply: Duration,
}

impl Timeouts {
    /// The longest time that one line can take, in a reply of any size.
    #[must_use]
    pub fn longest_line(&self) -> Duration {
        self.reply + Duration::from_secs((MAX_REPLY / BYTES_A_SECOND) as u64) + self.stall
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self { connect: secs(10), stall: secs(20), write: secs(20), reply: secs(60) }
    }
}

/// The bytes that are left for one reply or for several that are read together, and the deadline of
/// the next one.
#[derive(Debug)]
pub(crate) struct Bounds {
    room: usize,
    until: Instant,
    /// The bytes belong to no reply, so they do not extend the deadline.
    noise: bool,
}

impl Bounds {
    /// Takes account of so many bytes of a line, or of a part of one that ends in a line feed.
    fn take(&mut self, bytes: usize, line: &[u8]) -> Result<(), ZinoError> {
        let room = self.room.checked_sub(bytes.saturating_add(LINE_COST));
        self.room = room.ok_or_else(|| ZinoError::Protocol(format!("a reply without end: {}", sanitised(line))))?;
        if !self.noise {
            self.until += Duration::from_secs_f64(bytes as f64 / BYTES_A_SECOND as f64);
        }
        match Instant::now() > self.until {
            true if self.noise => Err(noise(line)),
            true => Err(ZinoError::Connection("the server sends its reply too slowly".to_owned())),
            false => Ok(()),
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Wire {
    reader: BufReader<TcpStream>,
    reply: Duration,
    /// The server ends its lines with CR LF, so a bare LF belongs to a value. Learnt from its first
    /// line.
    ends_in_crlf: bool,
}

impl Wire {
    /// Connects to the address of the server that answers first.
    pub(crate) fn open(port: &Port<'_>, timeouts: &Timeouts) -> Result<Self, ZinoError> {
        progress::beat();
        let stream = dial(port.server, port.number, timeouts.connect);
        Self::on(stream.map_err(|error| port.unreachable(&error, timeouts.connect))?, timeouts)
    }

    /// Connects to this one address of the server.
    pub(crate) fn open_at(port: &Port<'_>, address: SocketAddr, timeouts: &Timeouts) -> Result<Self, ZinoError> {
        progress::beat();
        let stream = connect(&[address], timeouts.connect).map_err(DialError::Connect);
        Self::on(stream.map_err(|error| port.unreachable(&error, timeouts.connect))?, timeouts)
    }

    fn on(stream: TcpStream, timeouts: &Timeouts) -> Result<Self, ZinoError> {
        set_up(&stream, timeouts).map_err(lost)?;
        let reader = BufReader::with_capacity(64 * 1024, stream);
        Ok(Self { reader, reply: timeouts.reply, ends_in_crlf: false })
    }

    /// The address at the other end.
    pub(crate) fn peer(&self) -> Result<SocketAddr, ZinoError> {
        self.reader.get_ref().peer_addr().map_err(lost)
    }

    /// Sends bytes that make up whole lines. What goes on the wire is logged by the caller, who
    /// knows what is secret.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), ZinoError> {
        debug_assert!(bytes.ends_with(b"\n"), "only whole lines are sent");
        progress::beat();
        self.reader.get_mut().write_all(bytes).map_err(lost)
    }

    /// The bounds of a reply, or of several that are under way together. The time of the first
    /// begins now.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds { room: MAX_REPLY, until: Instant::now() + self.reply, noise: false }
    }

    /// Starts the time of the next reply.
    pub(crate) fn begin_reply(&self, bounds: &mut Bounds) {
        bounds.until = Instant::now() + self.reply;
    }

    /// The bounds of lines that are read and dropped. `since` is the time of the first of them.
    pub(crate) fn draining(&self, since: Instant) -> Bounds {
        Bounds { room: MAX_DRAINED, until: since + self.reply, noise: true }
    }

    /// The first line of a connection, which shows how the server ends its lines.
    pub(crate) fn first_line(&mut self) -> Result<Vec<u8>, ZinoError> {
        let mut bounds = Bounds { room: MAX_LINE, ..self.bounds() };
        let mut line = self.raw_line(&mut bounds)?;
        self.ends_in_crlf = line.last() == Some(&b'\r');
        strip_cr(&mut line);
        Ok(line)
    }

    /// The next line without its end, of a reply with these bounds.
    pub(crate) fn line(&mut self, bounds: &mut Bounds) -> Result<Vec<u8>, ZinoError> {
        let mut line = self.raw_line(bounds)?;
        strip_cr(&mut line);
        Ok(line)
    }

    fn raw_line(&mut self, bounds: &mut Bounds) -> Result<Vec<u8>, ZinoError> {
        progress::beat();
        let mut line = Vec::new();
        let mut last = 0;
        loop {
            let bytes = fill(&mut self.reader)?;
            let (piece, ended) = match bytes.iter().position(|&b| b == b'\n') {
                Some(at) => (bytes.get(..at).unwrap_or_default(), true),
                None => (bytes, false),
            };
            let taken = piece.len() + usize::from(ended);
            last = piece.last().copied().unwrap_or(last);
            keep(&mut line, piece);
            bounds.take(taken, &line)?;
            self.reader.consume(taken);
            if !ended {
                continue;
            }
            if last == b'\r' || !self.ends_in_crlf {
                return Ok(line);
            }
            keep(&mut line, b"\n");
            last = b'\n';
        }
    }

    /// Drops what the server sent without being asked, and says how much it was. Also notices a
    /// connection that has ended, before anything is sent into it.
    pub(crate) fn drop_strays(&mut self) -> Result<usize, ZinoError> {
        let mut dropped = self.reader.buffer().len();
        self.reader.consume(dropped);
        let stream = self.reader.get_mut();
        stream.set_nonblocking(true).map_err(lost)?;
        let mut sink = [0; 4096];
        let outcome = loop {
            match stream.read(&mut sink) {
                Ok(0) => break Err(closed()),
                Ok(n) => dropped += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break Ok(dropped),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => break Err(lost(e)),
            }
            if dropped > MAX_REPLY {
                break Err(ZinoError::Protocol("unasked data without end".to_owned()));
            }
        };
        stream.set_nonblocking(false).map_err(lost)?;
        outcome
    }

    /// Bytes that have arrived but belong to no reply yet.
    pub(crate) fn buffered(&self) -> usize {
        self.reader.buffer().len()
    }

    /// The bytes that arrive next, within `wait`; empty if none do.
    pub(crate) fn arrived(&mut self, wait: Duration) -> Result<Vec<u8>, ZinoError> {
        progress::beat();
        // A time-out of zero would mean "for ever" to the system.
        let wait = wait.max(Duration::from_millis(1));
        let stream = self.reader.get_ref();
        stream.set_read_timeout(Some(wait)).map_err(lost)?;
        let bytes = match self.reader.fill_buf() {
            Ok([]) => return Err(closed()),
            Ok(bytes) => bytes.to_vec(),
            Err(e) if is_timeout(&e) || e.kind() == ErrorKind::Interrupted => Vec::new(),
            Err(e) => return Err(lost(e)),
        };
        self.reader.consume(bytes.len());
        Ok(bytes)
    }

    /// Ends the connection at once.
    pub(crate) fn close(&self) {
        // An error means that it has ended already.
        let _ = self.reader.get_ref().shutdown(Shutdown::Both);
    }
}

/// What the server sent, waiting for it if need be; never empty.
fn fill(reader: &mut BufReader<TcpStream>) -> Result<&[u8], ZinoError> {
    while reader.buffer().is_empty() {
        match reader.fill_buf() {
            Ok([]) => return Err(closed()),
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(lost(e)),
        }
    }
    Ok(reader.buffer())
}

fn keep(line: &mut Vec<u8>, piece: &[u8]) {
    let room = MAX_LINE.saturating_sub(line.len());
    line.extend_from_slice(piece.get(..room).unwrap_or(piece));
}

fn strip_cr(line: &mut Vec<u8>) {
    while line.last() == Some(&b'\r') {
        line.pop();
    }
}

/// Whether our own time-out is over. On Unix, `TimedOut` means that keepalive found the peer dead.
fn is_timeout(e: &io::Error) -> bool {
    e.kind() == ErrorKind::WouldBlock || (cfg!(windows) && e.kind() == ErrorKind::TimedOut)
}

fn lost(e: io::Error) -> ZinoError {
    ZinoError::Connection(if is_timeout(&e) { SILENT.to_owned() } else { e.to_string() })
}

fn noise(line: &[u8]) -> ZinoError {
    ZinoError::Connection(format!(
        "the server sends one line after the other that is no answer: {}",
        sanitised(line.trim_ascii_end())
    ))
}

fn closed() -> ZinoError {
    ZinoError::Connection("closed by the server".to_owned())
}

/// Detects a dead peer within a minute, both while reading and while writing.
fn set_up(stream: &TcpStream, timeouts: &Timeouts) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(timeouts.stall))?;
    stream.set_write_timeout(Some(timeouts.write))?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(15)).with_interval(Duration::from_secs(5));
    #[cfg(unix)]
    let keepalive = keepalive.with_retries(4);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(35)))?;
    Ok(())
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
