//! Asks the primary Zino by SNMP for its uptime. Never waits longer than its bounds, never panics,
//! whatever datagram arrives, and never shows the community.

mod line;
pub mod message;

use crate::failover::Answer;
use crate::net::resolve::{self, ResolveError, Resolver};
use crate::secret::Secret;
use line::Line;
use log::warn;
use message::Question;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The longest wait for a look-up if the name had addresses before. After it, those are asked.
const LOOK_UP_PATIENCE: Duration = Duration::from_secs(1);

/// Whom to ask, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Name or address of the primary Zino's SNMP agent.
    pub server: String,
    /// Its UDP port.
    pub port: u16,
    /// Its community.
    pub community: Secret,
    /// The longest to wait for an answer, and before that for the address of a name that has none
    /// yet.
    pub timeout: Duration,
}

impl Target {
    /// The longest that one [`Pinger::ping`] takes.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.timeout.saturating_mul(2)
    }
}

/// Asks one target, again and again.
#[derive(Debug)]
pub struct Pinger {
    target: Target,
    /// `None`: the resolver of this process.
    resolver: Option<Resolver>,
    /// Whether the last look-up of the name found nothing.
    is_unresolved: bool,
    /// The address that was asked when an answer came last.
    answered: Option<SocketAddr>,
}

impl Pinger {
    /// A pinger that has not asked yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self { target, resolver: None, is_unresolved: false, answered: None }
    }

    /// A pinger with a resolver of its own, for tests.
    #[must_use]
    pub fn with_resolver(target: Target, resolver: Resolver) -> Self {
        Self { resolver: Some(resolver), ..Self::new(target) }
    }

    /// Asks all addresses of the target at once; the first answer counts.
    pub fn ping(&mut self) -> Answer {
        let addresses = match self.addresses() {
            Ok(addresses) => addresses,
            Err(error) => return Answer::Unasked(error.to_string()),
        };
        let until = Instant::now() + self.target.timeout;
        let question = Question::new(self.target.community.reveal());
        let mut lines: Vec<Line> = addresses.into_iter().map(|address| Line::ask(address, &question)).collect();
        loop {
            // The time is checked before each turn, so that a flood of datagrams does not extend
            // it.
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !lines.iter().any(Line::waits) {
                return self.silence(&lines);
            }
            line::wait(&lines, left);
            for line in &mut lines {
                if let Some(seconds) = line.hear(&question) {
                    self.answered = Some(line.address);
                    return Answer::Uptime(seconds);
                }
            }
        }
    }

    /// Looks the name up again. If that fails, the last known addresses count.
    fn addresses(&mut self) -> Result<Vec<SocketAddr>, ResolveError> {
        let Target { server, port, timeout, .. } = &self.target;
        let known = match &self.resolver {
            Some(resolver) => resolver.last_known(server, *port),
            None => resolve::last_known(server, *port),
        };
        let wait = if known.is_empty() { *timeout } else { LOOK_UP_PATIENCE.min(*timeout / 2) };
        let found = match &self.resolver {
            Some(resolver) => resolver.addresses(server, *port, wait),
            None => resolve::addresses(server, *port, wait),
        };
        let was_unresolved = std::mem::replace(&mut self.is_unresolved, found.is_err());
        match found {
            Ok(found) => {
                if was_unresolved {
                    warn!("the primary's name {server} resolves again");
                }
                Ok(found)
            }
            Err(error) if known.is_empty() => Err(error),
            Err(error) => {
                if !was_unresolved {
                    warn!("{error}; the primary is asked at its last known address");
                }
                Ok(known)
            }
        }
    }

    /// The answer when no address replied. If the address that replied last could not be asked, the
    /// silence of the others proves nothing.
    fn silence(&self, lines: &[Line]) -> Answer {
        let reasons: Vec<String> = lines.iter().map(|line| line.reason(self.target.timeout)).collect();
        let reasons = reasons.join("; ");
        let decisive = lines.iter().find(|line| Some(line.address) == self.answered);
        if decisive.map_or_else(|| lines.iter().all(Line::is_unasked), Line::is_unasked) {
            Answer::Unasked(reasons)
        } else {
            Answer::Silence(reasons)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_has_answered_and_cannot_be_asked_now_outweighs_a_closed_port_of_another() {
        // A link-local address without its link cannot be asked; nobody listens at the other one.
        let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (gone, closed) =
            (SocketAddr::new("fe80::1".parse().unwrap(), port), SocketAddr::from(([127, 0, 0, 1], port)));
        let names = Resolver::new(|_| Vec::new(), move |_, _| Ok(vec![gone, closed]));
        let target = Target {
            server: "primary.example".to_owned(),
            port,
            community: Secret::new("public".to_owned()),
            timeout: Duration::from_secs(20),
        };
        let mut pinger = Pinger::with_resolver(target, names);
        assert!(matches!(pinger.ping(), Answer::Silence(_)));
        pinger.answered = Some(closed);
        assert!(matches!(pinger.ping(), Answer::Silence(_)));
        pinger.answered = Some(gone);
        let Answer::Unasked(why) = pinger.ping() else { panic!("a takeover") };
        assert!(why.contains("[fe80::1]") && why.contains("nothing listens there"), "{why}");
    }

    #[test]
    fn a_target_never_shows_its_community() {
        let community = Secret::new("hush".to_owned());
        let target = Target { server: "primary".to_owned(), port: 9, community, timeout: Duration::ZERO };
        assert!(!format!("{:?}", Pinger::new(target)).contains("hush"));
    }
}
