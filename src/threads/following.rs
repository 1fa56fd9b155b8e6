//! Follows one connection to Zino from its login to its end: reads everything, executes the
//! commands of the engine, follows the notifications. Never connects again.
//!
//! It does one small thing at a time: a command, or else a batch of the notified cases and a batch
//! of a complete reading. Then it takes in the new notifications. So a Zino that needs minutes for
//! a complete reading is followed meanwhile. While the engine takes no events, notifications are
//! taken in all the same, as one entry per case, and no case is read.

use super::mailbox::Closed;
use super::notified::Notified;
use super::poller::{Channels, Gone, Setup};
use crate::engine::{Input, ZinoCommand, ZinoEvent};
use crate::execute::delivery;
use crate::execute::host_lock::{HostLock, Turn};
use crate::execute::zino_reads::{Reading, Step, read};
use crate::progress;
use crate::reconcile::rules::Rules;
use crate::zino::case::CaseId;
use crate::zino::notify::Notifications;
use crate::zino::rehearsal::Connection;
use crate::zino::{ZinoError, ZinoServer};
use crossbeam_channel::SendTimeoutError;
use std::time::Duration;

/// How long the notification channel is waited on before the commands are looked at.
const LISTEN: Duration = Duration::from_millis(50);

/// A connection, and the cases that are still to be read over it.
pub(super) struct Following<'a> {
    pub zino: Connection,
    pub notifications: Notifications,
    pub channels: &'a Channels,
    notified: Notified,
    reading: Option<Reading>,
}

impl<'a> Following<'a> {
    /// Nothing has been read yet.
    pub fn new(zino: Connection, notifications: Notifications, channels: &'a Channels) -> Self {
        Self { zino, notifications, channels, notified: Notified::default(), reading: None }
    }

    /// Follows until the connection is lost or the engine has ended.
    pub fn run(&mut self, setup: &Setup) -> Gone {
        match self.follow(setup) {
            Ok(gone) | Err(gone) => gone,
        }
    }

    fn follow(&mut self, setup: &Setup) -> Result<Gone, Gone> {
        // These commands were for the connection before. The engine does not know this one yet.
        self.channels.mailbox.forget_commands();
        self.send(ZinoEvent::Connected)?;
        self.reading = Some(Reading::begin(&mut self.zino)?);
        loop {
            // A batch, so that a slow Zino keeps this thread from its other work for seconds only.
            let most = self.zino.real.0.pace().size();
            let command = self.channels.mailbox.command(most).map_err(|Closed| Gone::Stopped)?;
            let idle = command.is_none() && self.notified.is_empty() && self.reading.is_none();
            if let Some(command) = command {
                // Commands come first, because there are finitely many of them. Notifications may
                // never end, so the two kinds of reading take turns.
                self.obey(command, setup)?;
            } else {
                for event in self.notified.read_part(&mut self.zino, most, &setup.rules.filter)? {
                    self.send(event)?;
                }
                self.read_on(most, setup)?;
            }
            let notices = self.notifications.poll(if idle { LISTEN } else { Duration::ZERO })?;
            self.notified.take(&notices);
            if self.reading.is_none() && self.notified.was_too_much() {
                self.reading = Some(Reading::begin(&mut self.zino)?);
            }
        }
    }

    fn obey(&mut self, command: ZinoCommand, setup: &Setup) -> Result<(), Gone> {
        if matches!(command, ZinoCommand::Reread) {
            if self.reading.is_none() {
                self.reading = Some(Reading::begin(&mut self.zino)?);
            }
            return Ok(());
        }
        let turn = match setup.host_lock.as_ref().map_or(Ok(None), |lock| turn(lock, &command)) {
            Ok(turn) => turn,
            Err(id) => return self.send(ZinoEvent::Postponed(id)),
        };
        let (event, lost) = obey(command, &mut self.zino, &setup.rules);
        drop(turn);
        if let Some(event) = event {
            self.send(event)?;
        }
        lost.map_or(Ok(()), |error| Err(Gone::Lost(error)))
    }

    /// Reads the next batch of a complete reading that is under way.
    fn read_on(&mut self, most: usize, setup: &Setup) -> Result<(), Gone> {
        let Some(reading) = &mut self.reading else {
            return Ok(());
        };
        match reading.step(&mut self.zino, most, &setup.rules.filter)? {
            Step::Part(cases) => self.send(ZinoEvent::Part(cases)),
            Step::End(snapshot) => {
                self.reading = None;
                self.send(ZinoEvent::Snapshot(snapshot))
            }
        }
    }

    /// Sends an event to the engine and waits until there is room for it. Takes notifications in
    /// meanwhile.
    fn send(&mut self, event: ZinoEvent) -> Result<(), Gone> {
        let mut input = Input::Zino(event);
        loop {
            match self.channels.input_sender.send_timeout(input, LISTEN) {
                Ok(()) => {
                    progress::beat();
                    return Ok(());
                }
                Err(SendTimeoutError::Disconnected(_)) => return Err(Gone::Stopped),
                Err(SendTimeoutError::Timeout(unsent)) => input = unsent,
            }
            // An error is not lost: the channel returns it again at the next call.
            if let Ok(notices) = self.notifications.poll(Duration::ZERO) {
                self.notified.take(&notices);
            }
            // This thread is not stuck: the engine is.
            progress::rest();
        }
    }
}

/// Takes the host lock for a delivery, which looks before it writes. The error is the case whose
/// lock another process holds: this thread waits for nobody.
fn turn(host_lock: &HostLock, command: &ZinoCommand) -> Result<Option<Turn>, CaseId> {
    match command {
        ZinoCommand::Deliver(delivery) => {
            host_lock.enter_soon(&format!("case {}", delivery.case)).map(Some).ok_or(delivery.case)
        }
        ZinoCommand::Read(_) | ZinoCommand::Reread => Ok(None),
    }
}

/// Executes one command. Returns the event for the engine, and why the connection is lost if it
/// is. A complete reading is not executed here, because it takes many steps.
pub fn obey<Z: ZinoServer>(
    command: ZinoCommand,
    zino: &mut Z,
    rules: &Rules,
) -> (Option<ZinoEvent>, Option<ZinoError>) {
    match command {
        ZinoCommand::Read(ids) => match read(zino, &ids, &rules.filter) {
            Ok(found) => (Some(ZinoEvent::Found(found)), None),
            Err(error) => (None, Some(error)),
        },
        ZinoCommand::Deliver(delivery) => {
            let result = delivery::run(zino, &delivery, rules);
            let lost = result.as_ref().err().filter(|error| !matches!(error, ZinoError::Refused(_))).cloned();
            (Some(ZinoEvent::Carried(delivery.case, result.map(|case| case.map(Box::new)))), lost)
        }
        ZinoCommand::Reread => (None, None),
    }
}
