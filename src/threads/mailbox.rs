//! Commands of the machine and new settings for the poller, coalesced: at most one entry per case,
//! however long the poller is busy. Sending never waits. Never decides what is done.

use super::poller::Setup;
use crate::engine::ZinoCommand;
use crate::reconcile::delivery::Delivery;
use crate::zino::case::CaseId;
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct State {
    read: BTreeSet<CaseId>,
    reread: bool,
    /// The machine has at most one delivery under way. A second one replaces an delivery that it has
    /// given up.
    carry: Option<Box<Delivery>>,
    setup: Option<Setup>,
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

/// The machine's end. The mailbox is closed when it is dropped.
#[derive(Debug)]
pub struct CommandSender(Arc<Shared>);

/// The main thread's end.
#[derive(Debug)]
pub struct SetupSender(Arc<Shared>);

/// The poller's end.
#[derive(Debug)]
pub struct Mailbox(Arc<Shared>);

/// The machine has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed;

/// A new mailbox, empty.
#[must_use]
pub fn mailbox() -> (CommandSender, SetupSender, Mailbox) {
    let shared = Arc::new(Shared::default());
    (CommandSender(Arc::clone(&shared)), SetupSender(Arc::clone(&shared)), Mailbox(shared))
}

impl CommandSender {
    /// Adds a command.
    pub fn send(&self, command: ZinoCommand) {
        self.0.change(|state| match command {
            ZinoCommand::Read(ids) => state.read.extend(ids),
            ZinoCommand::Reread => state.reread = true,
            ZinoCommand::Carry(delivery) => state.carry = Some(delivery),
        });
    }
}

impl Drop for CommandSender {
    fn drop(&mut self) {
        self.0.change(|state| state.closed = true);
    }
}

impl SetupSender {
    /// Sends settings. They replace earlier ones that the poller has not taken.
    pub fn send(&self, setup: Setup) {
        self.0.change(|state| state.setup = Some(setup));
    }
}

impl Mailbox {
    /// Takes the next command. `most` is the most case numbers of one [`ZinoCommand::Read`].
    ///
    /// # Errors
    /// [`Closed`] once the machine has ended.
    pub fn command(&self, most: usize) -> Result<Option<ZinoCommand>, Closed> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(Closed);
        }
        if !state.read.is_empty() {
            return Ok(Some(ZinoCommand::Read(first(&mut state.read, most))));
        }
        if let Some(delivery) = state.carry.take() {
            return Ok(Some(ZinoCommand::Carry(delivery)));
        }
        Ok(std::mem::take(&mut state.reread).then_some(ZinoCommand::Reread))
    }

    /// Takes the newest settings, if there are any.
    #[must_use]
    pub fn setup(&self) -> Option<Setup> {
        self.0.lock().setup.take()
    }

    /// Drops all commands, which were for a connection that is gone. The machine sends them again.
    pub fn forget_commands(&self) {
        self.0.lock().forget_commands();
    }

    /// Waits for settings, at most for this time. Drops all commands meanwhile.
    ///
    /// # Errors
    /// [`Closed`] once the machine has ended.
    pub fn wait_for_setup(&self, longest: Duration) -> Result<Option<Setup>, Closed> {
        let until = Instant::now() + longest;
        let mut state = self.0.lock();
        loop {
            state.forget_commands();
            if state.closed {
                return Err(Closed);
            }
            let wait = until.saturating_duration_since(Instant::now());
            if state.setup.is_some() || wait.is_zero() {
                return Ok(state.setup.take());
            }
            (state, _) = self.0.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn forget_commands(&mut self) {
        self.read.clear();
        self.carry = None;
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
    use crate::execute::host_lock::HostLock;
    use crate::reconcile::testing::{case, rules};
    use crate::secret::Secret;
    use crate::zino::session::Login;
    use std::thread;

    fn setup(moves: u64) -> Setup {
        let login = Login {
            server: "zino".to_owned(),
            port: 8001,
            notify_port: 8002,
            user: "argus".to_owned(),
            secret: Secret::new("hush".to_owned()),
        };
        let host_lock = HostLock::new("zino".to_owned(), Duration::ZERO);
        Setup { login, rules: rules(), moves, host_lock, is_single_run: false }
    }

    fn delivery(id: CaseId) -> ZinoCommand {
        let case = case(id);
        ZinoCommand::Carry(Box::new(Delivery {
            case: id,
            problem: case.problem(),
            opened: case.opened,
            actions: vec![],
        }))
    }

    #[test]
    fn whatever_the_machine_wants_while_nobody_looks_is_one_entry_per_case() {
        let (commands, setups, mailbox) = mailbox();
        for round in 0..1000 {
            commands.send(ZinoCommand::Read((1..=150).collect()));
            commands.send(ZinoCommand::Reread);
            commands.send(delivery(1 + round % 7));
            setups.send(setup(round));
        }
        assert_eq!(mailbox.setup().map(|setup| setup.moves), Some(999));
        assert!(mailbox.setup().is_none());
        let read = |range: std::ops::RangeInclusive<u64>| range.collect::<Vec<_>>();
        let next = || mailbox.command(100).unwrap();
        assert!(matches!(next(), Some(ZinoCommand::Read(ids)) if ids == read(1..=100)));
        assert!(matches!(next(), Some(ZinoCommand::Read(ids)) if ids == read(101..=150)));
        assert!(matches!(next(), Some(ZinoCommand::Carry(delivery)) if delivery.case == 1 + 999 % 7));
        assert!(matches!(next(), Some(ZinoCommand::Reread)));
        assert!(next().is_none());
    }

    #[test]
    fn between_two_connections_commands_are_dropped_and_settings_are_not_waited_for() {
        let (commands, setups, mailbox) = mailbox();
        commands.send(delivery(1));
        assert!(mailbox.wait_for_setup(Duration::ZERO).unwrap().is_none());
        assert!(mailbox.command(100).unwrap().is_none());
        thread::scope(|scope| {
            scope.spawn(|| setups.send(setup(7)));
            let taken = mailbox.wait_for_setup(Duration::from_secs(60)).unwrap();
            assert_eq!(taken.map(|setup| setup.moves), Some(7));
        });
        thread::scope(|scope| {
            scope.spawn(|| drop(commands));
            assert!(mailbox.wait_for_setup(Duration::from_secs(60)).is_err());
        });
        assert!(mailbox.command(100).is_err());
    }
}
