//! One connection to Zino, from its login to its end: reads everything, follows the notifications, carries errands. Never connects
//! again.
//!
//! One thing at a time: a command, a part of what was notified, a part of a complete reading, and then whatever has been
//! notified meanwhile is taken in. So a Zino that needs minutes for everything is followed while it is read. Whoever waits for the
//! machine goes on taking in notifications: they are one entry per case, and not events in memory.

use super::Wake;
use super::mailbox::Closed;
use super::notified::Notified;
use super::poller::{Channels, Gone, Setup};
use crate::machine::{Input, ZinoCommand, ZinoEvent};
use crate::pulse;
use crate::sync::errand::{Reading, Step, carry, read};
use crate::sync::rules::Rules;
use crate::turnstile::{Turn, Turnstile};
use crate::zino::case::CaseId;
use crate::zino::notify::Notifications;
use crate::zino::session::Session;
use crate::zino::{ZinoError, ZinoServer};
use crossbeam_channel::SendTimeoutError;
use std::time::Duration;

/// How long the notification channel is waited on before the commands are looked at.
const LISTEN: Duration = Duration::from_millis(50);

/// A connection, and what is still to be read over it.
pub(super) struct Following<'a> {
    pub session: Session,
    pub notifications: Notifications,
    pub channels: &'a Channels,
    notified: Notified,
    reading: Option<Reading>,
}

impl<'a> Following<'a> {
    /// Nothing has been read yet.
    pub fn new(session: Session, notifications: Notifications, channels: &'a Channels) -> Self {
        Self { session, notifications, channels, notified: Notified::default(), reading: None }
    }

    /// Follows until the connection is lost, another one is wanted, or the machine has ended.
    pub fn run(&mut self, setup: &mut Setup) -> Gone {
        match self.follow(setup) {
            Ok(gone) | Err(gone) => gone,
        }
    }

    fn follow(&mut self, setup: &mut Setup) -> Result<Gone, Gone> {
        // What was wanted of the connection before; the machine wants nothing of this one yet.
        self.channels.mailbox.forget_commands();
        self.tell(ZinoEvent::Connected)?;
        self.reading = Some(Reading::begin(&mut self.session)?);
        loop {
            if let Some(changed) = self.channels.mailbox.setup().and_then(|changed| setup.take(changed)) {
                return Ok(Gone::Unwanted(Box::new(changed)));
            }
            // A slow Zino gets little at a time, so that whatever else there is to do is done in between.
            let most = self.session.pace().size();
            let command = self.channels.mailbox.command(most).map_err(|Closed| Gone::Stopped)?;
            let idle = command.is_none() && self.notified.is_empty() && self.reading.is_none();
            if let Some(command) = command {
                self.obey(command, setup)?;
            }
            for event in self.notified.read_part(&mut self.session, most)? {
                self.tell(event)?;
            }
            self.read_on(most)?;
            let notices = self.notifications.poll(if idle { LISTEN } else { Duration::ZERO })?;
            self.notified.take(&notices);
            if self.reading.is_none() && self.notified.was_too_much() {
                self.reading = Some(Reading::begin(&mut self.session)?);
            }
        }
    }

    fn obey(&mut self, command: ZinoCommand, setup: &Setup) -> Result<(), Gone> {
        if matches!(command, ZinoCommand::Reread) {
            if self.reading.is_none() {
                self.reading = Some(Reading::begin(&mut self.session)?);
            }
            return Ok(());
        }
        let turn = match turn(&setup.turnstile, &command) {
            Ok(turn) => turn,
            Err(id) => return self.tell(ZinoEvent::Postponed(id)),
        };
        let (event, lost) = obey(command, &mut self.session, &setup.rules);
        drop(turn);
        if let Some(event) = event {
            self.tell(event)?;
        }
        lost.map_or(Ok(()), |error| Err(Gone::Lost(error)))
    }

    /// Reads the next part of a complete reading that is under way.
    fn read_on(&mut self, most: usize) -> Result<(), Gone> {
        let Some(reading) = &mut self.reading else {
            return Ok(());
        };
        match reading.step(&mut self.session, most)? {
            Step::Part(cases) => self.tell(ZinoEvent::Part(cases)),
            Step::End(snapshot) => {
                self.reading = None;
                self.tell(ZinoEvent::Snapshot(snapshot))
            }
        }
    }

    /// Tells the machine, waiting for it as long as need be. Meanwhile notifications are taken in and nothing is read.
    fn tell(&mut self, event: ZinoEvent) -> Result<(), Gone> {
        let mut wake = Wake::Input(Input::Zino(event));
        loop {
            match self.channels.wakes.send_timeout(wake, LISTEN) {
                Ok(()) => {
                    pulse::beat();
                    return Ok(());
                }
                Err(SendTimeoutError::Disconnected(_)) => return Err(Gone::Stopped),
                Err(SendTimeoutError::Timeout(unsent)) => wake = unsent,
            }
            // An end of the channel is told again by the next call.
            if let Ok(notices) = self.notifications.poll(Duration::ZERO) {
                self.notified.take(&notices);
            }
            // Nobody could call this thread stuck: it waits for another one.
            pulse::rest();
        }
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

/// Does one thing that the machine wants, but for a complete reading. Returns what came of it, and why the connection is lost if it
/// is.
pub fn obey<Z: ZinoServer>(
    command: ZinoCommand,
    zino: &mut Z,
    rules: &Rules,
) -> (Option<ZinoEvent>, Option<ZinoError>) {
    match command {
        ZinoCommand::Read(ids) => match read(zino, &ids) {
            Ok(found) => (Some(ZinoEvent::Found(found)), None),
            Err(error) => (None, Some(error)),
        },
        ZinoCommand::Carry(errand) => {
            let result = carry(zino, &errand, rules);
            let lost = result.as_ref().err().filter(|error| !matches!(error, ZinoError::Refused(_))).cloned();
            (Some(ZinoEvent::Carried(errand.case, result.map(|case| case.map(Box::new)))), lost)
        }
        ZinoCommand::Reread => (None, None),
    }
}
