//! One of Zino's two ports, and the messages about a connection there that fails: the cause, then
//! what to do about it. Never connects.

use crate::net::dial::DialError;
use crate::net::host_port::host_and_port;
use crate::net::resolve::{ResolveError, ResolveErrorKind};
use crate::zino::ZinoError;
use crate::zino::text::sanitised;
use crate::zino::wire::SILENT;
use std::io::ErrorKind;
use std::time::Duration;

/// A port, and the key of the configuration that it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port<'a> {
    pub server: &'a str,
    pub number: u16,
    pub key: &'static str,
}

impl Port<'_> {
    /// There is no connection.
    pub fn unreachable(&self, error: &DialError, limit: Duration) -> ZinoError {
        let why = match error {
            DialError::Name(error) => of_name(error),
            DialError::Connect(error) => match error.kind() {
                Some(ErrorKind::ConnectionRefused) => {
                    format!("nothing listens there: is Zino running, and is {} right?", self.key)
                }
                Some(ErrorKind::TimedOut) => {
                    format!("no connection within {limit:?}: is the host up, or does a firewall stop us?")
                }
                Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => {
                    format!("no way leads to that host ({error})")
                }
                _ => error.to_string(),
            },
        };
        self.at(ZinoError::Connection(why))
    }

    /// A connection was made, but no first line arrived.
    pub fn no_greeting(&self, error: ZinoError, limit: Duration) -> ZinoError {
        self.at(match error {
            ZinoError::Connection(why) if why == SILENT => ZinoError::Connection(format!(
                "connected, but nothing came within {limit:?}: does Zino hang, or is {} that of something else?",
                self.key
            )),
            other => other,
        })
    }

    /// The first line is not a greeting of Zino's, or that of its other port.
    pub fn other_greeting(&self, line: &[u8], is_other_port: bool) -> ZinoError {
        let why = if is_other_port {
            "the greeting of Zino's other port: are zino.port and zino.notify_port the wrong way round?".to_owned()
        } else {
            format!("not the greeting of a Zino ({}): is {} right?", sanitised(line), self.key)
        };
        self.at(ZinoError::Connection(why))
    }

    /// The same error with host and port in front.
    pub fn at(&self, error: ZinoError) -> ZinoError {
        error.at(&host_and_port(self.server, self.number))
    }
}

/// The error of the look-up, and what to do about it.
fn of_name(error: &ResolveError) -> String {
    let why = error.of_the_name();
    match error.kind {
        _ if !error.has_servers() => why,
        ResolveErrorKind::NoAddress => format!("{why}: is zino.server right?"),
        _ => format!("{why}: does this host's name server answer?"),
    }
}
