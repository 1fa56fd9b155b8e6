//! One of Zino's two ports, and what to say where no conversation comes about there: the cause,
//! then what to do about it. Never connects.

use crate::place::{look_up_failure, no_address, place};
use crate::zino::ZinoError;
use crate::zino::text::shown;
use crate::zino::wire::SILENT;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// What to ask of a name that there is not.
const RIGHT: &str = "is zino.server right?";

/// A port, and the key of the configuration that it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port<'a> {
    pub server: &'a str,
    pub number: u16,
    pub key: &'static str,
}

impl Port<'_> {
    /// There is no connection.
    pub fn unreachable(&self, error: &io::Error, limit: Duration) -> ZinoError {
        let words = error.to_string();
        let why = match error.kind() {
            ErrorKind::ConnectionRefused => {
                format!("nothing listens there: is Zino running, and is {} right?", self.key)
            }
            ErrorKind::TimedOut => {
                format!("no connection within {limit:?}: is the host up, or does a firewall stop us?")
            }
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                format!("no way leads to that host ({words})")
            }
            ErrorKind::NotFound => no_address(RIGHT),
            _ => look_up_failure(&words, RIGHT).unwrap_or(words),
        };
        self.at(ZinoError::Connection(why))
    }

    /// There is a connection, and no first line.
    pub fn no_greeting(&self, error: ZinoError, limit: Duration) -> ZinoError {
        self.at(match error {
            ZinoError::Connection(why) if why == SILENT => ZinoError::Connection(format!(
                "connected, but nothing came within {limit:?}: does Zino hang, or is {} that of something else?",
                self.key
            )),
            other => other,
        })
    }

    /// The first line is none of Zino's, or that of its other port.
    pub fn other_greeting(&self, line: &[u8], is_other_port: bool) -> ZinoError {
        let why = if is_other_port {
            "the greeting of Zino's other port: are zino.port and zino.notify_port the wrong way round?".to_owned()
        } else {
            format!("not the greeting of a Zino ({}): is {} right?", shown(line), self.key)
        };
        self.at(ZinoError::Connection(why))
    }

    /// The same error with the place where it happened.
    pub fn at(&self, error: ZinoError) -> ZinoError {
        error.at(&place(self.server, self.number))
    }
}
