//! The Zino poller: keeps the two connections to Zino, sends what it reads to the engine, and makes
//! the deliveries. Keeps nothing but its connections, and never decides what is delivered.

use super::following::Following;
use super::mailbox::{Closed, Mailbox};
use crate::engine::backoff;
use crate::engine::{Input, ZinoEvent};
use crate::execute::host_lock::HostLock;
use crate::metrics::metrics;
use crate::net::host_port::host_and_port;
use crate::progress;
use crate::reconcile::rules::Rules;
use crate::zino::ZinoError;
use crate::zino::measured::{Measured, connected};
use crate::zino::notify::Notifications;
use crate::zino::pace::Pace;
use crate::zino::rehearsal::{Memory, Rehearsed};
use crate::zino::session::{Login, Session};
use crossbeam_channel::Sender;
use log::{Level, debug, info, log_enabled, warn};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A connection that lasted this long was healthy: the next failure starts with the shortest wait
/// again.
const HEALTHY: Duration = Duration::from_secs(60);

/// The longest time between two signs of life of this thread. A line of a reply takes at most
/// [`Timeouts::longest_line`](crate::zino::Timeouts::longest_line), 208 s. Every other call takes
/// less.
pub const BOUND: Duration = Duration::from_secs(300);

/// Which Zino, and how.
#[derive(Debug)]
pub struct Setup {
    /// Where it is and who we are there.
    pub login: Login,
    /// What decisions depend on.
    pub rules: Rules,
    /// Where all processes of this host meet that write to this Zino; `None`: nothing is written.
    pub host_lock: Option<HostLock>,
    /// For a dry run: what is only remembered.
    pub memory: Option<Memory>,
    /// A single run ends if Zino cannot be used at its start, and logs that itself.
    pub is_single_run: bool,
}

/// The channel ends of the poller thread.
#[derive(Debug)]
pub struct Channels {
    /// Commands of the engine.
    pub mailbox: Mailbox,
    /// Events for the engine. Bounded: while the engine takes none, no case is read.
    pub input_sender: Sender<Input>,
}

/// Why following Zino ended.
pub(super) enum Gone {
    /// The engine has ended.
    Stopped,
    Lost(ZinoError),
}

impl From<ZinoError> for Gone {
    fn from(error: ZinoError) -> Self {
        Self::Lost(error)
    }
}

/// How often it failed lately, and since when there is no connection.
#[derive(Default)]
struct Outage {
    attempts: u32,
    away_since: Option<Instant>,
}

/// Connects, follows, and connects again, until the engine ends.
pub fn run(setup: &Setup, channels: &Channels) {
    let mut outage = Outage::default();
    let mut pace = Pace::default();
    while let Gone::Lost(error) = follow_once(setup, channels, &mut outage, &mut pace) {
        let event = match error {
            ZinoError::Login(why) => ZinoEvent::LoginRefused(why),
            error => ZinoEvent::Unusable(error.to_string()),
        };
        if send(channels, event).is_err() || wait(channels, outage.wait()).is_err() {
            return;
        }
    }
}

/// Connects and follows until the connection is lost.
fn follow_once(setup: &Setup, channels: &Channels, outage: &mut Outage, pace: &mut Pace) -> Gone {
    progress::beat();
    let began = Instant::now();
    let gone = match connect(&setup.login) {
        Ok((mut session, notifications)) => {
            outage.log_end(&setup.login, &mut session);
            let zino = Rehearsed::new(Measured(session.at_pace(*pace)), setup.memory.clone(), &setup.login.user);
            let mut following = Following::new(zino, notifications, channels);
            let gone = following.run(setup);
            *pace = following.zino.real.0.pace();
            if send(channels, ZinoEvent::Disconnected).is_err() { Gone::Stopped } else { gone }
        }
        Err(error) => Gone::Lost(error),
    };
    if let Gone::Lost(error) = &gone {
        outage.log(error, began.elapsed(), setup);
    }
    gone
}

impl Outage {
    fn log_end(&mut self, login: &Login, session: &mut Session) {
        match self.away_since.take() {
            Some(since) => {
                metrics().reconnected();
                warn!("Zino is back after {} s", since.elapsed().as_secs());
            }
            // Zino is asked for its version only if somebody reads it.
            None if log_enabled!(Level::Info) => {
                info!("connected to Zino {}: {}", host_and_port(&login.server, login.port), session.version());
            }
            None => {}
        }
    }

    /// One line when Zino goes. The engine logs a refused login, because it knows whether the login
    /// was accepted before.
    fn log(&mut self, lost: &ZinoError, lasted: Duration, setup: &Setup) {
        self.attempts = if lasted >= HEALTHY { 1 } else { self.attempts.saturating_add(1) };
        match lost {
            ZinoError::Login(why) => {
                debug!("Zino refuses the login: {why}");
                return;
            }
            _ if self.away_since.is_none() && !setup.is_single_run => {
                warn!("Zino cannot be used: {lost} (trying again)");
            }
            _ => debug!("Zino: {lost}"),
        }
        self.away_since.get_or_insert_with(Instant::now);
    }

    fn wait(&self) -> Duration {
        jittered(backoff::wait(self.attempts, LONGEST_WAIT))
    }
}

/// The notification channel is tied before anything is read: what changes in between would be lost.
fn connect(login: &Login) -> Result<(Session, Notifications), ZinoError> {
    let mut session = connected("login", || Session::connect(login))?;
    let notifications = connected("tie", || {
        let (notifications, nonce) = Notifications::connect(login, session.notify_address(login.notify_port)?)?;
        session.tie(&nonce)?;
        Ok(notifications)
    })?;
    Ok((session, notifications))
}

fn send(channels: &Channels, event: ZinoEvent) -> Result<(), Closed> {
    // This thread may have to wait for the engine, and is not stuck then.
    progress::rest();
    channels.input_sender.send(Input::Zino(event)).map_err(|_| Closed)
}

fn wait(channels: &Channels, time: Duration) -> Result<(), Closed> {
    progress::rest();
    channels.mailbox.wait(time)
}

/// Between three quarters of the wait and all of it, so that many clients of one server do not come
/// back at once.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(0u8) % 256;
    wait - wait / 4 * u32::try_from(random).unwrap_or(0) / 256
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zino::Timeouts;

    #[test]
    fn the_watchdog_waits_for_the_slowest_line_that_is_still_read() {
        let timeouts = Timeouts::default();
        assert!(timeouts.longest_line().max(timeouts.connect).max(timeouts.write) < BOUND);
    }
}
