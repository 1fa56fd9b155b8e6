//! The commands of the engine to the poller, coalesced: at most one entry per case, however long
//! the poller is busy. Sending never waits. Never decides what is done.

use crate::engine::ZinoCommand;
use crate::reconcile::deliver::Delivery;
use crate::zino::case::CaseId;
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct State {
    read: BTreeSet<CaseId>,
    reread: bool,
    /// The engine has at most one delivery under way. A second one replaces a delivery that it has
    /// given up.
    delivery: Option<Box<Delivery>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

/// The engine's end. The mailbox is closed when it is dropped.
#[derive(Debug)]
pub struct CommandSender(Arc<Shared>);

/// The poller's end.
#[derive(Debug)]
pub struct Mailbox(Arc<Shared>);

/// The engine has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed;

/// A new mailbox, empty.
#[must_use]
pub fn mailbox() -> (CommandSender, Mailbox) {
    let shared = Arc::new(Shared::default());
    (CommandSender(Arc::clone(&shared)), Mailbox(shared))
}

impl CommandSender {
    /// Adds a command.
    pub fn send(&self, command: ZinoCommand) {
        self.0.change(|state| match command {
            ZinoCommand::Read(ids) => state.read.extend(ids),
            ZinoCommand::Reread => state.reread = true,
            ZinoCommand::Deliver(delivery) => state.delivery = Some(delivery),
        });
    }
}

impl Drop for CommandSender {
    fn drop(&mut self) {
        self.0.change(|state| state.closed = true);
    }
}

impl Mailbox {
    /// Takes the next command. `most` is the most case numbers of one [`ZinoCommand::Read`].
    ///
    /// # Errors
    /// [`Closed`] once the engine has ended.
    pub fn command(&self, most: usize) -> Result<Option<ZinoCommand>, Closed> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(Closed);
        }
        if !state.read.is_empty() {
            return Ok(Some(ZinoCommand::Read(first(&mut state.read, most))));
        }
        if let Some(delivery) = state.delivery.take() {
            return Ok(Some(ZinoCommand::Deliver(delivery)));
        }
        Ok(std::mem::take(&mut state.reread).then_some(ZinoCommand::Reread))
    }

    /// Drops all commands, which were for a connection that is gone. The engine sends them again.
    pub fn forget_commands(&self) {
        self.0.lock().forget_commands();
    }

    /// Waits for this time. Drops all commands meanwhile.
    ///
    /// # Errors
    /// [`Closed`] as soon as the engine has ended.
    pub fn wait(&self, longest: Duration) -> Result<(), Closed> {
        let until = Instant::now() + longest;
        let mut state = self.0.lock();
        loop {
            state.forget_commands();
            if state.closed {
                return Err(Closed);
            }
            let wait = until.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return Ok(());
            }
            (state, _) = self.0.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn forget_commands(&mut self) {
        self.read.clear();
        self.delivery = None;
        self.reread = false;
    }
}

/// Takes the lowest numbers out of a set.
pub(super) fn first(ids: &mut BTreeSet<CaseId>, most: usize) -> Vec<CaseId> {
    std::iter::from_fn(|| ids.pop_first()).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::testing::case;
    use std::thread;

    fn delivery(id: CaseId) -> ZinoCommand {
        let case = case(id);
        ZinoCommand::Deliver(Box::new(Delivery {
            case: id,
            problem: case.problem(),
            opened: case.opened,
            actions: vec![],
        }))
    }

    #[test]
    fn whatever_the_engine_wants_while_nobody_looks_is_one_entry_per_case() {
        let (commands, mailbox) = mailbox();
        for round in 0..1000 {
            commands.send(ZinoCommand::Read((1..=150).collect()));
            commands.send(ZinoCommand::Reread);
            commands.send(delivery(1 + round % 7));
        }
        let read = |range: std::ops::RangeInclusive<u64>| range.collect::<Vec<_>>();
        let next = || mailbox.command(100).unwrap();
        assert!(matches!(next(), Some(ZinoCommand::Read(ids)) if ids == read(1..=100)));
        assert!(matches!(next(), Some(ZinoCommand::Read(ids)) if ids == read(101..=150)));
        assert!(matches!(next(), Some(ZinoCommand::Deliver(delivery)) if delivery.case == 1 + 999 % 7));
        assert!(matches!(next(), Some(ZinoCommand::Reread)));
        assert!(next().is_none());
    }

    #[test]
    fn between_two_connections_commands_are_dropped_and_the_end_is_not_waited_for() {
        let (commands, mailbox) = mailbox();
        commands.send(delivery(1));
        mailbox.wait(Duration::ZERO).unwrap();
        assert!(mailbox.command(100).unwrap().is_none());
        thread::scope(|scope| {
            scope.spawn(|| drop(commands));
            assert!(mailbox.wait(Duration::from_secs(60)).is_err());
        });
        assert!(mailbox.command(100).is_err());
    }
}
