//! Sends messages to the service manager over its socket (systemd's notify protocol). Never decides
//! when something is sent, never fails for want of a listener, and never lets a text become a
//! second assignment.

use crate::sanitise::sanitised_line;
use log::{debug, warn};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The most characters of a status line. Escaped, a character is at most eight bytes, and systemd
/// takes 4096 bytes.
const MAX_STATUS: usize = 500;
/// The longest that the main thread tries to send to a service manager that does not read. The
/// state machine never waits.
const LONGEST_SEND: Duration = Duration::from_millis(200);
/// The time between two such tries.
const PAUSE: Duration = Duration::from_millis(10);

/// The notification socket of the service manager. Without one, every call is a no-op.
#[derive(Debug, Default)]
pub struct Notifier {
    line: Option<Line>,
    /// READY=1 was sent. Only then is there something to reload.
    ready: AtomicBool,
    /// The last message could not be sent. Only the first of such messages is logged.
    fails: AtomicBool,
}

#[derive(Debug)]
struct Line {
    socket: UnixDatagram,
    address: SocketAddr,
}

impl Notifier {
    /// The socket that `NOTIFY_SOCKET` names, if there is one.
    #[must_use]
    pub fn from_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self::default();
        };
        Self::to(&name).unwrap_or_else(|why| {
            warn!("NOTIFY_SOCKET {}: {why}; nothing is sent to systemd", sanitised_line(&name.to_string_lossy(), 200));
            Self::default()
        })
    }

    /// A socket by its name: a path, or `@name` for an abstract one.
    ///
    /// # Errors
    /// Why there can be no such socket.
    pub fn to(name: &OsStr) -> Result<Self, String> {
        let address = match name.as_bytes() {
            [b'/', ..] => SocketAddr::from_pathname(name),
            [b'@', rest @ ..] => abstract_address(rest),
            _ => return Err("is neither a path nor an abstract socket (@name)".to_owned()),
        };
        let line = address.and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            Ok(Line { socket, address })
        });
        let line = line.map_err(|error| error.to_string())?;
        Ok(Self { line: Some(line), ..Self::default() })
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn has_listener(&self) -> bool {
        self.line.is_some()
    }

    /// The service is up; to be repeated if this returns false.
    pub fn ready(&self) -> bool {
        let sent = self.send("READY=1");
        self.ready.fetch_or(sent, Ordering::Relaxed);
        sent
    }

    /// The configuration is being read again; [`Notifier::reloaded`] is to follow.
    pub fn reloading(&self) {
        if self.ready.load(Ordering::Relaxed) {
            self.insist(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_micros()));
        }
    }

    /// The new configuration is in use, or refused.
    pub fn reloaded(&self) {
        if self.ready.load(Ordering::Relaxed) {
            self.insist("READY=1");
        }
    }

    /// One line for `systemctl status`; to be repeated if this returns false.
    pub fn status(&self, text: &str) -> bool {
        self.send(&status(text))
    }

    /// The watchdog is fed.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// The service ends, for this reason.
    pub fn stopping(&self, why: &str) {
        self.insist(&format!("STOPPING=1\n{}", status(why)));
    }

    /// Tries again while the socket is full. For messages that nothing repeats later.
    fn insist(&self, state: &str) {
        let until = Instant::now() + LONGEST_SEND;
        while self.try_to_send(state).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
            && Instant::now() < until
        {
            thread::sleep(PAUSE);
        }
    }

    fn send(&self, state: &str) -> bool {
        self.try_to_send(state).is_ok()
    }

    fn try_to_send(&self, state: &str) -> io::Result<()> {
        let Some(line) = &self.line else {
            return Ok(());
        };
        let sent = line.socket.send_to_addr(state.as_bytes(), &line.address).map(drop);
        let failed = self.fails.swap(sent.is_err(), Ordering::Relaxed);
        if let (Err(error), false) = (&sent, failed) {
            debug!("cannot send to systemd: {error}");
        }
        sent
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::Error::new(ErrorKind::Unsupported, "is an abstract socket, which only Linux has"))
}

/// The assignment of a status line, whatever the text holds.
fn status(text: &str) -> String {
    format!("STATUS={}", sanitised_line(text, MAX_STATUS))
}

/// Now on the clock that systemd compares with the start of a reload.
fn monotonic_micros() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let now = Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0));
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

/// The watchdog's interval from the environment, if systemd wants this very process to feed one.
#[must_use]
pub fn watchdog_from_environment() -> Option<Duration> {
    let variable = |name| std::env::var_os(name).map(OsString::into_string).and_then(Result::ok);
    watchdog(variable("WATCHDOG_USEC").as_deref(), variable("WATCHDOG_PID").as_deref(), std::process::id())
}

/// The interval in `WATCHDOG_USEC`, unless `WATCHDOG_PID` means another process.
fn watchdog(micros: Option<&str>, pid: Option<&str>, own_pid: u32) -> Option<Duration> {
    let micros: u64 = micros?.parse().ok().filter(|micros| *micros > 0)?;
    let ours = pid.is_none_or(|pid| pid.parse() == Ok(own_pid));
    ours.then(|| Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_ours_only_if_systemd_says_so() {
        let minute = Some(Duration::from_secs(60));
        assert_eq!(watchdog(Some("60000000"), Some("17"), 17), minute);
        assert_eq!(watchdog(Some("60000000"), None, 17), minute);
        assert_eq!(watchdog(Some("60000000"), Some("18"), 17), None);
        for nonsense in ["", "0", "-5", "1e9", "99999999999999999999"] {
            assert_eq!(watchdog(Some(nonsense), Some("17"), 17), None, "{nonsense}");
        }
        assert_eq!(watchdog(Some("60000000"), Some("x"), 17), None);
        assert_eq!(watchdog(None, None, 17), None);
    }

    #[test]
    fn a_status_is_one_assignment_whatever_it_tells_and_fits_into_a_datagram() {
        let forged = status("all is well\nREADY=1\nMAINPID=1\u{2028}\0");
        assert_eq!(forged, "STATUS=all is well\\u{a}READY=1\\u{a}MAINPID=1\\u{2028}\\u{0}");
        for filler in ["\u{202e}", "☃", "\u{1f600}", "x"] {
            assert!(status(&filler.repeat(5000)).len() < 4096);
        }
    }

    #[test]
    fn what_cannot_be_a_socket_is_refused() {
        for name in ["", "notify", "vsock:2:1234", "./notify"] {
            assert!(Notifier::to(OsStr::new(name)).is_err(), "{name}");
        }
        assert!(Notifier::to(OsStr::new(&format!("/{}", "x".repeat(200)))).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_listener_that_does_not_read_holds_nobody_up() {
        let name = format!("zinoargus-unread-{}", std::process::id());
        let deaf = UnixDatagram::bind_addr(&abstract_address(name.as_bytes()).unwrap()).unwrap();
        let notifier = Notifier::to(OsStr::new(&format!("@{name}"))).unwrap();
        while notifier.status("full") {}
        let began = Instant::now();
        (0..100).for_each(|_| assert!(!notifier.ready()));
        (0..10).for_each(|_| notifier.stopping("signal"));
        assert!(began.elapsed() < 100 * LONGEST_SEND, "{:?}", began.elapsed());
        deaf.recv(&mut [0; 4096]).unwrap();
        assert!(notifier.ready());
    }

    #[test]
    fn a_listener_that_is_not_there_harms_nobody() {
        let gone = Notifier::to(OsStr::new("/nonexistent/notify")).unwrap();
        assert!(!gone.ready());
        gone.reloading();
        gone.stopping("signal");
        assert!(Notifier::default().ready());
    }
}
