//! The exchange with one address of the primary's agent: the question, and the datagrams that come
//! back. Never decides what the silence of the agent means.
//!
//! Two sockets share one local port. The question is sent from a connected socket, which gets an
//! error if the remote port is closed. The other socket is not connected and receives from every
//! other address: an agent that listens on all addresses of its host may answer from another
//! address than was asked. Both receive only datagrams for the port that the question came from.
//! The random request number identifies the answer.

use super::message::{Heard, Question};
use log::debug;
use rustix::event::{PollFd, PollFlags};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// The longest datagram. A longer one is cut, and then no valid answer.
const MAX_DATAGRAM: usize = 2048;

/// The exchange with one address.
#[derive(Debug)]
pub struct Line {
    /// The address that was asked.
    pub address: SocketAddr,
    state: State,
    /// A datagram that arrived and was no answer.
    foreign: Option<String>,
}

#[derive(Debug)]
enum State {
    /// The answer may still arrive.
    Waits(Sockets),
    /// The question never left this host, for this reason.
    Unasked(String),
    /// The question left this host, and no answer will arrive, for this reason.
    Failed(String),
}

#[derive(Debug)]
struct Sockets {
    /// Connected to the address that was asked.
    asked: UdpSocket,
    /// For answers from elsewhere; `None` where the system does not let two sockets share a port.
    elsewhere: Option<UdpSocket>,
}

impl Line {
    /// Asks.
    #[must_use]
    pub fn ask(address: SocketAddr, question: &Question) -> Self {
        let state = match Sockets::ask(address, question) {
            Ok(sockets) => State::Waits(sockets),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => State::Failed(failure(&error)),
            Err(error) => State::Unasked(failure(&error)),
        };
        Self { address, state, foreign: None }
    }

    /// Whether an answer may still come.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self.state, State::Waits(_))
    }

    /// Whether the question never left this host.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        matches!(self.state, State::Unasked(_))
    }

    /// Reads at most one datagram of each socket. Returns the uptime in seconds if it is the
    /// answer. Does not block.
    pub fn hear(&mut self, question: &Question) -> Option<u64> {
        let State::Waits(sockets) = &mut self.state else {
            return None;
        };
        let mut came = Vec::new();
        match receive(&sockets.asked, question) {
            Ok(datagram) => came.extend(datagram),
            // An error of the network after the question was sent: the port is closed, or a
            // firewall refuses it.
            Err(error) => {
                self.state = State::Failed(failure(&error));
                return None;
            }
        }
        match sockets.elsewhere.as_ref().map(|socket| receive(socket, question)) {
            Some(Ok(datagram)) => came.extend(datagram),
            Some(Err(_)) => sockets.elsewhere = None,
            None => {}
        }
        for (heard, from) in came {
            if !matches!(heard, Heard::Foreign(_)) && from != self.address {
                debug!("the primary was asked at {} and answers from {from}", self.address);
            }
            match heard {
                Heard::Uptime(seconds) => return Some(seconds),
                Heard::Useless(why) => {
                    self.state = State::Failed(why);
                    return None;
                }
                Heard::Foreign(why) => self.foreign = Some(why),
            }
        }
        None
    }

    /// Why there was no answer within the time-out.
    #[must_use]
    pub fn reason(&self, timeout: Duration) -> String {
        match (&self.state, &self.foreign) {
            (State::Failed(why) | State::Unasked(why), _) => format!("{}: {why}", self.address),
            (State::Waits(_), Some(why)) => format!("{}: no answer within {timeout:?}, but {why}", self.address),
            (State::Waits(_), None) => format!("{}: no answer within {timeout:?}", self.address),
        }
    }
}

/// Blocks until a datagram arrives for one of the lines, at most for this long.
pub fn wait(lines: &[Line], longest: Duration) {
    let sockets = lines.iter().filter_map(|line| match &line.state {
        State::Waits(sockets) => Some(sockets.all()),
        State::Unasked(_) | State::Failed(_) => None,
    });
    let mut sockets: Vec<PollFd<'_>> = sockets.flatten().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
    // A signal or a refusal only ends the wait early; a time-out too long for the system is no
    // time-out.
    let longest = longest.try_into().ok();
    let _ = rustix::event::poll(&mut sockets, longest.as_ref());
}

impl Sockets {
    fn ask(address: SocketAddr, question: &Question) -> io::Result<Self> {
        let any: IpAddr = match address {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let asked = UdpSocket::bind((any, 0))?;
        asked.connect(address)?;
        asked.set_nonblocking(true)?;
        let elsewhere = beside(&asked).inspect_err(|error| {
            debug!("an answer from another address than {address} would not be heard: {error}");
        });
        asked.send(&question.bytes())?;
        Ok(Self { asked, elsewhere: elsewhere.ok() })
    }

    fn all(&self) -> impl Iterator<Item = &UdpSocket> {
        std::iter::once(&self.asked).chain(&self.elsewhere)
    }
}

/// One datagram and where it came from; `None` if none has come.
fn receive(socket: &UdpSocket, question: &Question) -> io::Result<Option<(Heard, SocketAddr)>> {
    let mut datagram = [0; MAX_DATAGRAM];
    match socket.recv_from(&mut datagram) {
        Ok((length, from)) => Ok(Some((question.hear(datagram.get(..length).unwrap_or_default()), from))),
        Err(error) if is_silence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A second socket on the same local address and port. The system gives it whatever the connected
/// one does not take.
fn beside(asked: &UdpSocket) -> io::Result<UdpSocket> {
    let local = asked.local_addr()?;
    let elsewhere = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    let asked = SockRef::from(asked);
    asked.set_reuse_address(true)?;
    elsewhere.set_reuse_address(true)?;
    elsewhere.bind(&local.into())?;
    // From here on no other socket can share the port.
    asked.set_reuse_address(false)?;
    elsewhere.set_reuse_address(false)?;
    elsewhere.set_nonblocking(true)?;
    Ok(elsewhere.into())
}

/// A time-out, or an interruption. It says nothing about the peer.
fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn failure(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    }
}
