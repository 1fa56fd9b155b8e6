//! The Zino poller: keeps the two connections to Zino, tells what it reads, carries errands. Keeps nothing else.
//!
//! There is never more than one: another login is taken by this thread itself, between two commands.

use super::{End, Wake};
use crate::machine::backoff::backoff;
use crate::machine::{Input, ZinoCommand, ZinoEvent};
use crate::place::place;
use crate::pulse;
use crate::sync::errand::{PART, carry, read, snapshot};
use crate::sync::rules::Rules;
use crate::turnstile::{Turn, Turnstile};
use crate::zino::case::CaseId;
use crate::zino::decode::{Happening, Notice};
use crate::zino::notify::Notifications;
use crate::zino::session::{Login, Session};
use crate::zino::{ZinoError, ZinoServer};
use crossbeam_channel::{Receiver, Sender, TryRecvError, select};
use log::{debug, error, info, warn};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

/// How long the notification channel is waited on before the commands are looked at.
const LISTEN: Duration = Duration::from_millis(50);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A connection that lasted this long was healthy: the next failure starts with the shortest wait again.
const HEALTHY: Duration = Duration::from_secs(60);

/// The longest that this thread is silent while it works: a single call takes at most 20 s (see
/// [`Timeouts`](crate::zino::wire::Timeouts)), but for the system's look-up of a name, which can take minutes when no name
/// server answers.
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
    pub turnstile: Turnstile,
    /// It ends over what goes wrong at its start, and says so itself.
    pub is_single_run: bool,
}

/// The channel ends of the poller thread.
#[derive(Debug)]
pub struct Channels {
    /// What the machine wants.
    pub commands: Receiver<ZinoCommand>,
    /// New settings.
    pub setups: Receiver<Setup>,
    /// What happens, for the machine.
    pub wakes: Sender<Wake>,
    /// For the main thread.
    pub end: Sender<End>,
}

/// Why following Zino ended.
enum Gone {
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
    let mut ever_connected = false;
    loop {
        pulse::beat();
        let began = Instant::now();
        let lost = match connect(&setup.login) {
            Ok((session, notifications)) => {
                trouble.tell_end(&setup.login);
                ever_connected = true;
                let gone = follow(session, notifications, &mut setup, channels);
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
            Gone::Lost(ZinoError::Login(why)) if !ever_connected => {
                let user = &setup.login.user;
                let why = format!("Zino refuses user {user} ({why}): check zino.user and zino.secret");
                drop(channels.end.send(End::Refused(why)));
                return;
            }
            Gone::Lost(error) => {
                trouble.tell(&error, began.elapsed(), &setup);
                let told = tell(channels, ZinoEvent::Unusable(error.to_string()));
                match told.and_then(|()| pause(trouble.wait(), &mut setup, channels)) {
                    Ok(change) => change,
                    Err(_) => return,
                }
            }
        };
        if let Some(changed) = change {
            setup = changed;
            trouble = Trouble::default();
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
            None => info!("connected to Zino {}", place(&login.server, login.port)),
        }
    }

    /// One line when Zino goes; a refused login is always worth one, because it does not go away by itself.
    fn tell(&mut self, lost: &ZinoError, lasted: Duration, setup: &Setup) {
        self.attempts = if lasted >= HEALTHY { 1 } else { self.attempts.saturating_add(1) };
        match lost {
            ZinoError::Login(why) if setup.is_single_run => error!("Zino refuses the login ({why})"),
            ZinoError::Login(why) => error!("Zino refuses the login ({why}); trying again"),
            _ if self.away_since.is_none() && !setup.is_single_run => {
                warn!("Zino cannot be used: {lost} (trying again)");
            }
            _ => debug!("Zino: {lost}"),
        }
        self.away_since.get_or_insert_with(Instant::now);
    }

    fn wait(&self) -> Duration {
        jittered(backoff(self.attempts, FIRST_WAIT, LONGEST_WAIT))
    }
}

/// The notification channel is tied before anything is read: what changes in between would be lost.
fn connect(login: &Login) -> Result<(Session, Notifications), ZinoError> {
    let mut session = Session::connect(login)?;
    let (notifications, nonce) = Notifications::connect(login)?;
    session.tie(&nonce)?;
    Ok((session, notifications))
}

fn follow(mut session: Session, mut notifications: Notifications, setup: &mut Setup, channels: &Channels) -> Gone {
    let result = (|| {
        // What was wanted of the connection before; the machine wants nothing of this one yet.
        while channels.commands.try_recv().is_ok() {}
        tell(channels, ZinoEvent::Connected)?;
        let mut told = Ok(());
        let mut telling = |event| keep_telling(&mut told, channels, event);
        let read = snapshot(&mut session, PART, |cases| telling(ZinoEvent::Part(cases)))?;
        telling(ZinoEvent::Snapshot(read));
        told?;
        loop {
            if let Some(changed) = channels.setups.try_recv().ok().and_then(|changed| take(changed, setup)) {
                return Err(Gone::Unwanted(Box::new(changed)));
            }
            loop {
                match channels.commands.try_recv() {
                    Ok(command) => {
                        let mut told = Ok(());
                        let turn = match turn(&setup.turnstile, &command) {
                            Ok(turn) => turn,
                            Err(id) => {
                                tell(channels, ZinoEvent::Postponed(id))?;
                                continue;
                            }
                        };
                        let lost = obey(command, &mut session, &setup.rules, PART, |event| {
                            keep_telling(&mut told, channels, event);
                        });
                        drop(turn);
                        told?;
                        lost.map_or(Ok(()), |error| Err(Gone::Lost(error)))?;
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Err(Gone::Stopped),
                }
            }
            let notices = notifications.poll(LISTEN)?;
            for event in look_again(&notices, &mut session)? {
                tell(channels, event)?;
            }
        }
    })();
    match result {
        Ok(()) => Gone::Stopped,
        Err(gone) => gone,
    }
}

/// What looks before it writes does so alone. An error is the case at which another process is: whoever follows Zino waits for nobody.
fn turn(turnstile: &Turnstile, command: &ZinoCommand) -> Result<Option<Turn>, CaseId> {
    match command {
        ZinoCommand::Carry(errand) => {
            turnstile.enter_soon(&format!("case {}", errand.case)).map(Some).ok_or(errand.case)
        }
        ZinoCommand::Read(_) | ZinoCommand::Reread => Ok(None),
    }
}

/// Reads every case of a burst of notifications once: a notification only says "look again".
///
/// # Errors
/// See [`ZinoError`]; the connection is lost.
pub fn look_again<Z: ZinoServer>(notices: &[Notice], zino: &mut Z) -> Result<Vec<ZinoEvent>, ZinoError> {
    let scavenged: BTreeSet<CaseId> = notices.iter().filter(|n| n.what == Happening::Scavenged).map(|n| n.id).collect();
    let changed: BTreeSet<CaseId> = notices.iter().map(|n| n.id).filter(|id| !scavenged.contains(id)).collect();
    let mut events: Vec<ZinoEvent> = scavenged.into_iter().map(ZinoEvent::Scavenged).collect();
    if !changed.is_empty() {
        let changed: Vec<CaseId> = changed.into_iter().collect();
        events.push(ZinoEvent::Found(read(zino, &changed)?));
    }
    Ok(events)
}

/// Does what the machine wants and tells it what came of it, of a complete reading so many cases at a time; returns why the
/// connection is lost if it is.
pub fn obey<Z: ZinoServer>(
    command: ZinoCommand,
    zino: &mut Z,
    rules: &Rules,
    part: usize,
    mut tell: impl FnMut(ZinoEvent),
) -> Option<ZinoError> {
    let lost = |error: ZinoError| match error {
        ZinoError::Refused(_) => None,
        error => Some(error),
    };
    match command {
        ZinoCommand::Read(ids) => match read(zino, &ids) {
            Ok(found) => {
                tell(ZinoEvent::Found(found));
                None
            }
            Err(error) => Some(error),
        },
        ZinoCommand::Reread => match snapshot(zino, part, |cases| tell(ZinoEvent::Part(cases))) {
            Ok(snapshot) => {
                tell(ZinoEvent::Snapshot(snapshot));
                None
            }
            Err(error) => Some(error),
        },
        ZinoCommand::Carry(errand) => {
            let result = carry(zino, &errand, rules);
            let error = result.as_ref().err().cloned().and_then(lost);
            tell(ZinoEvent::Carried(errand.case, result.map(|case| case.map(Box::new))));
            error
        }
    }
}

/// Tells, unless nobody listens any more.
fn keep_telling(told: &mut Result<(), Gone>, channels: &Channels, event: ZinoEvent) {
    if told.is_ok() {
        *told = tell(channels, event);
    }
}

fn tell(channels: &Channels, event: ZinoEvent) -> Result<(), Gone> {
    channels.wakes.send(Wake::Input(Input::Zino(event))).map_err(|_| Gone::Stopped)
}

/// Takes new settings; gives them back if they need another connection.
fn take(changed: Setup, setup: &mut Setup) -> Option<Setup> {
    if changed.login != setup.login || changed.moves != setup.moves {
        return Some(changed);
    }
    *setup = changed;
    None
}

/// Waits, unless another login makes it worth while to try at once. Commands of a connection that is gone are dropped, the
/// machine gives them again.
fn pause(wait: Duration, setup: &mut Setup, channels: &Channels) -> Result<Option<Setup>, Gone> {
    pulse::rest();
    let over = crossbeam_channel::after(wait);
    loop {
        select! {
            recv(channels.commands) -> command => match command {
                Ok(_) => {}
                Err(_) => return Err(Gone::Stopped),
            },
            recv(channels.setups) -> changed => match changed {
                Ok(changed) => {
                    if let Some(changed) = take(changed, setup) {
                        return Ok(Some(changed));
                    }
                }
                Err(_) => return Err(Gone::Stopped),
            },
            recv(over) -> _ => return Ok(None),
        }
    }
}

/// Between three quarters of the wait and all of it, so that many clients of one server do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(0u8) % 256;
    wait - wait / 4 * u32::try_from(random).unwrap_or(0) / 256
}
