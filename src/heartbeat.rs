//! The SNMP question to the primary Zino: for how long has it been running? Never waits longer than its time-out, never
//! panics whatever datagram comes, and never shows the community.

pub mod message;

use crate::secret::Secret;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use log::debug;
use message::{Heard, Question};
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

/// More than any answer to our question; what is longer is cut and then no answer.
const MAX_DATAGRAM: usize = 2048;
/// So many addresses of a name are asked.
const MAX_ADDRESSES: usize = 16;
/// How long to listen to one of several sockets before the others get their turn.
const TURN: Duration = Duration::from_millis(20);

/// Whom to ask, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Name or address of the primary Zino's SNMP agent.
    pub server: String,
    /// Its UDP port.
    pub port: u16,
    /// Its community.
    pub community: Secret,
    /// The longest that one [`Pinger::ping`] may take, the name look-up included.
    pub timeout: Duration,
}

/// Asks one target, again and again. Keeps nothing but a look-up that has not ended in time.
#[derive(Debug)]
pub struct Pinger {
    target: Target,
    /// At most one look-up is under way: the system's can take much longer than we wait.
    looking_up: Option<Receiver<io::Result<Vec<SocketAddr>>>>,
}

impl Pinger {
    /// Asks nothing yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self { target, looking_up: None }
    }

    /// Asks all addresses of the target at once; the first answer counts. Returns the primary's uptime in seconds.
    ///
    /// # Errors
    /// Why there was no answer, for a log line.
    pub fn ping(&mut self) -> Result<u64, String> {
        let until = Instant::now() + self.target.timeout;
        let addresses = self.addresses(until)?;
        let question = Question::new(self.target.community.reveal());
        let mut lines: Vec<Line> = addresses.into_iter().map(|address| Line::ask(address, &question)).collect();
        loop {
            let open = lines.iter().filter(|line| line.socket.is_ok()).count();
            for line in &mut lines {
                let left = until.saturating_duration_since(Instant::now());
                if open == 0 || left.is_zero() {
                    return Err(self.silence(&lines));
                }
                let wait = if open > 1 { left.min(TURN) } else { left };
                match line.listen(&question, wait) {
                    Some(Heard::Uptime(seconds)) => return Ok(seconds),
                    Some(Heard::Useless(why)) => line.socket = Err(why),
                    Some(Heard::Foreign(why)) => line.foreign = Some(why),
                    None => {}
                }
            }
        }
    }

    /// Up to `times` questions, one each `interval` as the daemon asks them, until one is answered: whether the primary lives, for
    /// a run that does its work once.
    ///
    /// # Errors
    /// Why there was no answer to the last one; then this instance is to act.
    pub fn any_answer(&mut self, times: u32, interval: Duration) -> Result<u64, String> {
        let mut began = Instant::now();
        let mut answer = self.ping();
        for _ in 1..times {
            let Err(why) = &answer else {
                break;
            };
            debug!("no answer from the primary: {why}");
            thread::sleep(interval.saturating_sub(began.elapsed()));
            began = Instant::now();
            answer = self.ping();
        }
        answer
    }

    /// Looks the name up, on each attempt again, in a thread of its own: the system's look-up knows no deadline.
    fn addresses(&mut self, until: Instant) -> Result<Vec<SocketAddr>, String> {
        let (server, port) = (self.target.server.clone(), self.target.port);
        if let Ok(address) = server.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let lookup = match self.looking_up.take() {
            Some(lookup) => lookup,
            None => look_up(server.clone(), port)?,
        };
        let found = match lookup.recv_deadline(until) {
            Ok(found) => found,
            Err(RecvTimeoutError::Timeout) => {
                self.looking_up = Some(lookup);
                return Err(format!("the name {server} could not be looked up within {:?}", self.target.timeout));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(format!("the look-up of {server} broke off")),
        };
        let found = found.map_err(|error| format!("the name {server} does not resolve: {error}"))?;
        let distinct: BTreeSet<SocketAddr> = found.into_iter().collect();
        if distinct.is_empty() {
            return Err(format!("the name {server} has no address"));
        }
        Ok(distinct.into_iter().take(MAX_ADDRESSES).collect())
    }

    /// Why nobody answered, address by address.
    fn silence(&self, lines: &[Line]) -> String {
        let reasons: Vec<String> = lines.iter().map(|line| line.reason(self.target.timeout)).collect();
        reasons.join("; ")
    }
}

fn look_up(server: String, port: u16) -> Result<Receiver<io::Result<Vec<SocketAddr>>>, String> {
    let (tell, told) = bounded(1);
    let look = move || {
        let found = (server.as_str(), port).to_socket_addrs().map(Iterator::collect);
        // Nobody may be waiting any more.
        drop(tell.send(found));
    };
    let thread = thread::Builder::new().name("name look-up".to_owned()).spawn(look);
    thread.map(|_| told).map_err(|error| format!("cannot start a look-up: {error}"))
}

/// The exchange with one address.
#[derive(Debug)]
struct Line {
    address: SocketAddr,
    /// Connected, so that the system drops what comes from anywhere else; `Err`: why there is nothing to listen for.
    socket: Result<UdpSocket, String>,
    /// What came instead of an answer.
    foreign: Option<String>,
}

impl Line {
    fn ask(address: SocketAddr, question: &Question) -> Self {
        Self { address, socket: ask(address, question).map_err(|error| failure(&error)), foreign: None }
    }

    /// Listens for one datagram; `None` if none came.
    fn listen(&self, question: &Question, wait: Duration) -> Option<Heard> {
        let socket = self.socket.as_ref().ok()?;
        let mut datagram = [0; MAX_DATAGRAM];
        match socket.set_read_timeout(Some(wait)).and_then(|()| socket.recv(&mut datagram)) {
            Ok(length) => Some(question.hear(datagram.get(..length).unwrap_or_default())),
            Err(error) if is_silence(&error) => None,
            Err(error) => Some(Heard::Useless(failure(&error))),
        }
    }

    fn reason(&self, timeout: Duration) -> String {
        match (&self.socket, &self.foreign) {
            (Err(why), _) => format!("{}: {why}", self.address),
            (Ok(_), Some(why)) => format!("{}: no answer within {timeout:?}, but {why}", self.address),
            (Ok(_), None) => format!("{}: no answer within {timeout:?}", self.address),
        }
    }
}

fn ask(address: SocketAddr, question: &Question) -> io::Result<UdpSocket> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(address)?;
    socket.send(&question.bytes())?;
    Ok(socket)
}

/// Nothing came, which is no news of the other side.
fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn failure(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinger(server: &str, timeout: Duration) -> Pinger {
        let community = Secret::new("hush".to_owned());
        Pinger::new(Target { server: server.to_owned(), port: 9, community, timeout })
    }

    #[test]
    fn a_name_that_does_not_resolve_is_a_failed_ping_with_that_reason() {
        let why = pinger("no-such-host.invalid", Duration::from_secs(20)).ping().unwrap_err();
        assert!(why.starts_with("the name no-such-host.invalid "), "{why}");
    }

    #[test]
    fn a_look_up_that_does_not_end_is_left_running_and_not_begun_again() {
        let mut pinger = pinger("slow.example", Duration::from_millis(10));
        let (tell, told) = bounded(1);
        pinger.looking_up = Some(told);
        let why = pinger.ping().unwrap_err();
        assert_eq!(why, "the name slow.example could not be looked up within 10ms");
        assert!(pinger.looking_up.is_some());
        tell.send(Ok(Vec::new())).unwrap();
        assert_eq!(pinger.ping().unwrap_err(), "the name slow.example has no address");
        assert!(pinger.looking_up.is_none());
    }

    #[test]
    fn a_target_never_shows_its_community() {
        assert!(!format!("{:?}", pinger("primary", Duration::ZERO)).contains("hush"));
    }
}
