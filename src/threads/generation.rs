//! One generation of threads: started together from one configuration, stopped together, joined.
//! Never reads a configuration and never decides when there is another generation.
//!
//! A generation has channels of its own. A thread that is left behind, because it does not end in
//! time, has nobody to send to: it cannot reach the engine of the next generation. It sends nothing
//! more to Argus either, because the client of its generation is closed. The only things that it
//! may still hold are host locks, and only around requests, which have time-outs.

use super::mailbox::mailbox;
use super::vitals::Vitals;
use super::{ENDS, End, INBOX, JOBS, Never, POLLER, WRITER, core, heartbeat, poller, writer};
use crate::argus::ArgusServer;
use crate::argus::client::Client;
use crate::engine::{Engine, Input, Kept};
use crate::progress::{self, Progress};
use crossbeam_channel::{Receiver, Sender, TryRecvError, at, bounded, select};
use log::warn;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the watchdog is looked after while threads end.
const GLANCE: Duration = Duration::from_millis(100);

/// What a generation is started with.
pub struct Plan {
    /// The engine, at its start or after a reload.
    pub engine: Engine,
    /// What the service manager sees.
    pub vitals: Vitals,
    /// For the poller.
    pub poller: poller::Setup,
    /// What the writers' requests go through.
    pub client: Arc<Client>,
    /// For all writers.
    pub writer: Arc<writer::Setup<dyn ArgusServer + Send + Sync>>,
    /// How many writers there are.
    pub writers: usize,
    /// For the heartbeat, if there is one.
    pub heartbeat: Option<heartbeat::Setup>,
    /// When the heartbeat of the generation before asked last.
    pub asked: Option<Instant>,
    /// For the progress line of a single run.
    pub progress_sender: Option<Sender<usize>>,
}

/// What the next generation goes on with.
#[derive(Debug)]
pub struct Rest {
    /// What the engine hands on.
    pub kept: Kept,
    /// What the service manager was sent until now.
    pub vitals: Vitals,
    /// When the heartbeat asked last.
    pub asked: Option<Instant>,
}

/// The threads that run.
pub struct Generation {
    end_receiver: Receiver<End>,
    stop_sender: Sender<Never>,
    threads: Threads,
}

/// The threads of a generation, while they run and while they end.
pub struct Threads {
    client: Arc<Client>,
    progress: Arc<Progress>,
    core: Option<JoinHandle<(Kept, Vitals)>>,
    /// What the state machine thread returned.
    rest: Option<(Kept, Vitals)>,
    others: Vec<JoinHandle<()>>,
    heartbeat: Option<JoinHandle<Option<Instant>>>,
    /// Each thread but the heartbeat holds one.
    alive_sender: Option<Sender<Never>>,
    gone_receiver: Receiver<Never>,
}

impl Generation {
    /// Starts all threads.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn start(plan: Plan, progress: &Arc<Progress>) -> io::Result<Self> {
        let (stop_sender, stop_receiver) = bounded(0);
        let (input_sender, input_receiver) = bounded(INBOX);
        let (job_sender, job_receiver) = bounded(JOBS);
        let (end_sender, end_receiver) = bounded(ENDS);
        let (alive_sender, gone_receiver) = bounded(0);
        let (command_sender, mailbox) = mailbox();
        let mut threads = Threads {
            client: plan.client,
            progress: Arc::clone(progress),
            core: None,
            rest: None,
            others: Vec::new(),
            heartbeat: None,
            alive_sender: Some(alive_sender),
            gone_receiver,
        };
        for number in 0..plan.writers.max(1) {
            let (setup, jobs, inputs) = (Arc::clone(&plan.writer), job_receiver.clone(), input_sender.clone());
            threads.spawn(format!("{WRITER} {number}"), plan.writer.bound(), move || {
                writer::run(&setup, &jobs, &inputs)
            })?;
        }
        let channels = poller::Channels { mailbox, input_sender: input_sender.clone() };
        let setup = plan.poller;
        threads.spawn(POLLER.to_owned(), poller::BOUND, move || poller::run(&setup, &channels))?;
        if let Some(setup) = plan.heartbeat {
            threads.heartbeat = Some(heartbeat(setup, plan.asked, stop_receiver.clone(), input_sender, progress)?);
        }
        let progress_sender = plan.progress_sender;
        let channels =
            core::Channels { stop_receiver, input_receiver, job_sender, command_sender, end_sender, progress_sender };
        let (engine, vitals, alive_sender) = (plan.engine, plan.vitals, threads.alive_sender.take());
        threads.core = Some(thread::Builder::new().name("state machine".to_owned()).spawn(move || {
            let rest = core::run(engine, &channels, vitals);
            drop((channels, alive_sender));
            rest
        })?);
        Ok(Self { end_receiver, stop_sender, threads })
    }

    /// What ends the program.
    #[must_use]
    pub fn ends(&self) -> &Receiver<End> {
        &self.end_receiver
    }

    /// Takes in no more and begins nothing more. A request under way may finish.
    #[must_use]
    pub fn stop(self) -> Threads {
        self.threads.client.close();
        drop(self.stop_sender);
        self.threads
    }
}

/// Starts the heartbeat. It is not waited for: an answer that comes after the end counts for
/// nothing.
fn heartbeat(
    setup: heartbeat::Setup,
    asked: Option<Instant>,
    stop_receiver: Receiver<Never>,
    input_sender: Sender<Input>,
    progress: &Arc<Progress>,
) -> io::Result<JoinHandle<Option<Instant>>> {
    let progress = Arc::clone(progress);
    thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
        let _watched = progress.watch("heartbeat", setup.bound());
        heartbeat::run(&setup, progress.start(), asked, &stop_receiver, &input_sender)
    })
}

impl Threads {
    fn spawn(&mut self, name: String, bound: Duration, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let (progress, alive_sender) = (Arc::clone(&self.progress), self.alive_sender.clone());
        self.others.push(thread::Builder::new().name(name.clone()).spawn(move || {
            let watched = progress.watch(&name, bound);
            work();
            drop((watched, alive_sender));
        })?);
        Ok(())
    }

    /// Waits until the threads have ended, at most until then. Returns early with what comes from
    /// `interrupts`.
    pub fn wait<T>(&mut self, until: Instant, interrupts: &Receiver<T>) -> Option<T> {
        let over_receiver = at(until);
        loop {
            progress::beat();
            self.feed_watchdog();
            select! {
                recv(self.gone_receiver) -> _ => return None,
                recv(over_receiver) -> _ => return None,
                recv(interrupts) -> interrupt => return interrupt.ok(),
                default(GLANCE) => {}
            }
        }
    }

    /// The state machine thread ends first, and with it what feeds the watchdog otherwise.
    fn feed_watchdog(&mut self) {
        if let Some(core) = self.core.take_if(|core| core.is_finished()) {
            self.rest = core.join().ok();
        }
        if let Some((_, vitals)) = &mut self.rest {
            vitals.feed(self.progress.start().elapsed());
        }
    }

    /// Joins the threads that have ended, and leaves the others behind. Returns nothing if the
    /// state machine thread has not ended.
    #[must_use]
    pub fn join(mut self) -> Option<Rest> {
        let all_gone = self.gone_receiver.try_recv() == Err(TryRecvError::Disconnected);
        for thread in self.others {
            // A thread that is gone has nothing left to do, so this does not wait.
            if all_gone || thread.is_finished() {
                let _ = thread.join();
            } else {
                let name = thread.thread().name().unwrap_or_default();
                warn!("the thread {name} does not end; going on without it");
            }
        }
        if let Some(core) = self.core.take_if(|core| all_gone || core.is_finished()) {
            self.rest = core.join().ok();
        }
        let heartbeat = self.heartbeat.filter(JoinHandle::is_finished);
        let asked = heartbeat.and_then(|heartbeat| heartbeat.join().ok()).flatten();
        self.progress.forget_others();
        self.rest.map(|(kept, vitals)| Rest { kept, vitals, asked })
    }
}
