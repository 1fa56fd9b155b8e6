//! A TCP connection to a host by its name: looks the name up, tries the address first that answered
//! last, and goes on with the addresses known before while no name server answers. One budget of
//! time for all of it.

use super::connect::{self, Unreachable};
use super::resolve::{ResolveError, ResolveErrorKind, Resolver};
use log::{debug, info, warn};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{SocketAddr, TcpStream};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest wait for a look-up if addresses are known from an earlier one.
const REPEATED_LOOK_UP: Duration = Duration::from_secs(1);

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialError {
    /// No address is known.
    Name(ResolveError),
    /// None of the addresses can be reached.
    Connect(Unreachable),
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Connect(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DialError {}

/// Connects to a host within `limit`, the look-up of its name included.
///
/// # Errors
/// See [`DialError`].
pub fn dial(host: &str, port: u16, limit: Duration) -> Result<TcpStream, DialError> {
    SYSTEM.dial(host, port, limit)
}

static SYSTEM: LazyLock<Dialer> = LazyLock::new(|| Dialer::new(Resolver::system()));

/// Connects by names, and remembers which address of each answered last. The process has one
/// ([`dial`]); tests have their own.
#[derive(Debug)]
pub struct Dialer {
    resolver: Resolver,
    /// By host and port. Those come from the configuration and the environment, so they are few.
    answered: Mutex<HashMap<(String, u16), SocketAddr>>,
    /// The hosts whose look-up fails while addresses are known from before.
    stale: Mutex<HashSet<String>>,
}

impl Dialer {
    /// Without any connection yet.
    #[must_use]
    pub fn new(resolver: Resolver) -> Self {
        Self { resolver, answered: Mutex::default(), stale: Mutex::default() }
    }

    /// See [`dial`].
    ///
    /// # Errors
    /// See [`DialError`].
    pub fn dial(&self, host: &str, port: u16, limit: Duration) -> Result<TcpStream, DialError> {
        let began = Instant::now();
        let mut addresses = self.addresses(host, port, limit).map_err(DialError::Name)?;
        let key = (host.to_owned(), port);
        if let Some(last) = lock(&self.answered).get(&key) {
            first(&mut addresses, *last);
        }
        let stream = connect::connect(&addresses, limit.saturating_sub(began.elapsed()));
        match &stream {
            Ok(stream) => {
                let peer = stream.peer_addr().ok();
                debug!("{host} port {port}: connected to {peer:?} of {addresses:?}");
                if let Some(peer) = peer {
                    lock(&self.answered).insert(key, peer);
                }
            }
            Err(why) => debug!("{host} port {port}: {addresses:?}: {why}"),
        }
        stream.map_err(DialError::Connect)
    }

    /// The addresses of a host; while no name server answers, those known from before.
    fn addresses(&self, host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, ResolveError> {
        let known = self.resolver.last_known(host, port);
        let wait = if known.is_empty() { limit } else { limit.min(REPEATED_LOOK_UP) };
        match self.resolver.addresses(host, port, wait) {
            Err(error) if !known.is_empty() && error.kind != ResolveErrorKind::NoAddress => {
                if lock(&self.stale).insert(host.to_owned()) {
                    warn!("{error}; connecting to the addresses that were known before");
                }
                Ok(known)
            }
            outcome => {
                if outcome.is_ok() && lock(&self.stale).remove(host) {
                    info!("the name {host} can be looked up again");
                }
                outcome
            }
        }
    }
}

/// Puts one of the addresses in front, if it is among them.
fn first(addresses: &mut [SocketAddr], one: SocketAddr) {
    let at = addresses.iter().position(|address| *address == one);
    if let Some(front) = at.and_then(|at| addresses.get_mut(..=at)) {
        front.rotate_right(1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
