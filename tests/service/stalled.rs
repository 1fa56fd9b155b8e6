//! The Zino poller while the state engine stands still: nothing grows, and nothing is lost.

use crate::fake_zino::{FakeZino, USER};
use crate::program::{eventually, memory};
use crate::unread::zino_with_long_histories;
use crossbeam_channel::{Receiver, bounded};
use std::collections::BTreeSet;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use zinoargus::engine::{Input, ZinoCommand, ZinoEvent};
use zinoargus::execute::host_lock::HostLock;
use zinoargus::reconcile::rules::Rules;
use zinoargus::threads::INBOX;
use zinoargus::threads::mailbox::{CommandSender, mailbox};
use zinoargus::threads::poller::{self, Channels, Setup};
use zinoargus::zino::case::{Case, CaseId};

const CASES: u64 = 20;
const ROUNDS: u64 = 200;
/// What this process may grow by, in KiB: a hundredth of what all rounds together read.
const MOST_GROWTH: u64 = 32 << 10;
const PATIENCE: Duration = Duration::from_secs(30);

pub fn rules() -> Rules {
    Rules {
        server: "zino".into(),
        user: USER.into(),
        domain: String::new(),
        acknowledged_state: None,
        acknowledge_history: false,
        acknowledge_from: Vec::new(),
        tickets: false,
        default_level: 3,
        filter: zinoargus::config::Filter::default(),
        incident: zinoargus::config::IncidentConfig::default(),
        level_rules: Vec::new(),
        bands: Vec::new(),
        secondary: false,
    }
}

/// The poller, and the test in place of the engine.
struct Poller {
    inputs: Receiver<Input>,
    commands: Option<CommandSender>,
    thread: Option<JoinHandle<()>>,
}

impl Poller {
    fn follow(zino: &FakeZino) -> Self {
        let host_lock = HostLock::new(format!("stalled {}", zino.login.port), Duration::ZERO);
        let setup = Setup {
            login: zino.login.clone(),
            rules: rules(),
            host_lock: Some(host_lock),
            memory: None,
            is_single_run: false,
        };
        let (input_sender, inputs) = bounded(INBOX);
        let (commands, mailbox) = mailbox();
        let channels = Channels { mailbox, input_sender };
        let thread = Some(thread::spawn(move || poller::run(&setup, &channels)));
        Self { inputs, commands: Some(commands), thread }
    }

    fn command(&self, command: ZinoCommand) {
        self.commands.as_ref().unwrap().send(command);
    }

    fn event(&self) -> ZinoEvent {
        match self.inputs.recv_timeout(PATIENCE).unwrap() {
            Input::Zino(event) => event,
            other => panic!("{other:?}"),
        }
    }

    /// Takes events until one is what is wanted; all cases that come are looked at.
    fn until(&self, mut wanted: impl FnMut(&ZinoEvent) -> bool, mut look: impl FnMut(&Case)) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline);
            let event = self.event();
            match &event {
                ZinoEvent::Part(cases) => cases.iter().for_each(&mut look),
                ZinoEvent::Snapshot(snapshot) => snapshot.cases.iter().for_each(&mut look),
                ZinoEvent::Found(found) => found.cases.iter().for_each(&mut look),
                _ => {}
            }
            if wanted(&event) {
                return;
            }
        }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        drop(self.commands.take());
        while self.inputs.recv().is_ok() {}
        self.thread.take().unwrap().join().unwrap();
    }
}

fn notify_all(zino: &FakeZino) {
    zino.notify((1..=CASES).map(|id| format!("{id} attr updated\r\n")).collect::<String>());
}

#[test]
fn a_storm_while_the_engine_stands_still_takes_no_memory_and_nothing_of_it_is_lost() {
    let zino = zino_with_long_histories(CASES);
    let poller = Poller::follow(&zino);
    poller.until(|event| matches!(event, ZinoEvent::Snapshot(_)), |_| {});
    let before = memory(std::process::id(), "VmRSS:");
    for _ in 0..ROUNDS {
        notify_all(&zino);
        // Commands that come meanwhile do not pile up either.
        poller.command(ZinoCommand::Reread);
        poller.command(ZinoCommand::Read((1..=CASES).collect()));
        let reads = zino.received().len();
        let began = Instant::now();
        // While the inbox has room, every round is read on its own.
        let is_read = || zino.received().len() > reads || began.elapsed() > Duration::from_millis(20);
        eventually("the round", || (), || is_read().then_some(()));
    }
    let grown = memory(std::process::id(), "VmRSS:").saturating_sub(before);
    assert!(grown < MOST_GROWTH, "memory grew by {grown} KiB");
    for case in zino.world().cases.values_mut() {
        case.history.push(b"2 the last word".to_vec());
    }
    notify_all(&zino);
    let mut lacking: BTreeSet<CaseId> = (1..=CASES).collect();
    let lacks = std::cell::RefCell::new(&mut lacking);
    poller.until(
        |_| lacks.borrow().is_empty(),
        |case| {
            if case.history.iter().any(|entry| entry.header == *"the last word") {
                lacks.borrow_mut().remove(&case.id);
            }
        },
    );
}
