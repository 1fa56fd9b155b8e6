//! The Zino poller: keeps the two connections to Zino, tells what it reads, carries deliveries. Keeps nothing else.
//!
//! There is never more than one: another login is taken by this thread itself, between two commands.

use super::Wake;
use super::following::Following;
use super::mailbox::{Closed, Mailbox};
use crate::engine::backoff;
use crate::engine::{Input, ZinoEvent};
use crate::execute::host_lock::HostLock;
use crate::net::host_port::host_and_port;
use crate::progress;
use crate::reconcile::rules::Rules;
use crate::zino::ZinoError;
use crate::zino::notify::Notifications;
use crate::zino::pace::Pace;
use crate::zino::session::{Login, Session};
use crossbeam_channel::Sender;
use log::{debug, info, warn};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A connection that lasted this long was healthy: the next failure starts with the shortest wait again.
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
    /// How often the settings have come to name another Zino.
    pub moves: u64,
    /// Where all processes of this host meet that write to this Zino.
    pub host_lock: HostLock,
    /// It ends over what goes wrong at its start, and says so itself.
    pub is_single_run: bool,
}

/// The channel ends of the poller thread.
#[derive(Debug)]
pub struct Channels {
    /// Commands of the machine, and new settings.
    pub mailbox: Mailbox,
    /// Events for the machine. Bounded: while the machine takes none, no case is read.
    pub wakes: Sender<Wake>,
}

/// Why following Zino ended.
pub(super) enum Gone {
    /// The machine has ended.
    Stopped,
    Lost(ZinoError),
    /// The connection was not lost, another one is wanted.
    Unwanted(Box<Setup>),
}

impl From<ZinoError> for Gone {
    fn from(error: ZinoError) -> Self {
        Self::Lost(error)
    }
}

/// How often it failed lately, and since when there is no connection.
#[derive(Default)]
struct Trouble {
    attempts: u32,
    away_since: Option<Instant>,
}

/// Connects, follows, and connects again, until the machine ends.
pub fn run(mut setup: Setup, channels: &Channels) {
    let mut trouble = Trouble::default();
    let mut pace = Pace::default();
    loop {
        progress::beat();
        let began = Instant::now();
        let lost = match connect(&setup.login) {
            Ok((session, notifications)) => {
                trouble.tell_end(&setup.login);
                let mut following = Following::new(session.at_pace(pace), notifications, channels);
                let gone = following.run(&mut setup);
                pace = following.session.pace();
                if tell(channels, ZinoEvent::Disconnected).is_err() {
                    return;
                }
                gone
            }
            Err(error) => Gone::Lost(error),
        };
        let change = match lost {
            Gone::Stopped => return,
            Gone::Unwanted(changed) => Some(*changed),
            Gone::Lost(error) => {
                trouble.tell(&error, began.elapsed(), &setup);
                let event = match error {
                    ZinoError::Login(why) => ZinoEvent::LoginRefused(why),
                    error => ZinoEvent::Unusable(error.to_string()),
                };
                let told = tell(channels, event);
                match told.and_then(|()| pause(trouble.wait(), &mut setup, channels)) {
                    Ok(change) => change,
                    Err(_) => return,
                }
            }
        };
        if let Some(changed) = change {
            setup = changed;
            (trouble, pace) = (Trouble::default(), Pace::default());
            if tell(channels, ZinoEvent::Moved(setup.moves)).is_err() {
                return;
            }
        }
    }
}

impl Trouble {
    fn tell_end(&mut self, login: &Login) {
        match self.away_since.take() {
            Some(since) => warn!("Zino is back after {} s", since.elapsed().as_secs()),
            None => info!("connected to Zino {}", host_and_port(&login.server, login.port)),
        }
    }

    /// One line when Zino goes. Of a refused login the machine tells, which knows whether it was
    /// taken before.
    fn tell(&mut self, lost: &ZinoError, lasted: Duration, setup: &Setup) {
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
    let mut session = Session::connect(login)?;
    let (notifications, nonce) = Notifications::connect(login, session.notify_address(login.notify_port)?)?;
    session.tie(&nonce)?;
    Ok((session, notifications))
}

fn tell(channels: &Channels, event: ZinoEvent) -> Result<(), Closed> {
    // This thread may have to wait for the machine, and is not stuck then.
    progress::rest();
    channels.wakes.send(Wake::Input(Input::Zino(event))).map_err(|_| Closed)
}

impl Setup {
    /// Takes new settings; gives them back if they need another connection.
    pub(super) fn take(&mut self, changed: Self) -> Option<Self> {
        if changed.login != self.login || changed.moves != self.moves {
            return Some(changed);
        }
        *self = changed;
        None
    }
}

/// Waits, unless another login makes it worth while to try at once.
fn pause(wait: Duration, setup: &mut Setup, channels: &Channels) -> Result<Option<Setup>, Closed> {
    progress::rest();
    let until = Instant::now() + wait;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match channels.mailbox.wait_for_setup(left)? {
            Some(changed) => {
                if let Some(changed) = setup.take(changed) {
                    return Ok(Some(changed));
                }
            }
            None => return Ok(None),
        }
    }
}

/// Between three quarters of the wait and all of it, so that many clients of one server do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(0u8) % 256;
    wait - wait / 4 * u32::try_from(random).unwrap_or(0) / 256
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zino::Timeouts;

    #[test]
    fn the_watchdog_bears_with_the_slowest_line_that_is_still_read() {
        let timeouts = Timeouts::default();
        assert!(timeouts.longest_line().max(timeouts.connect).max(timeouts.write) < BOUND);
    }
}
