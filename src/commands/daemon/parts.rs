//! The threads of the daemon: starts them, and gives them new settings while they run. Never reads the configuration file and
//! never decides whether a new one is used.
//!
//! No thread is replaced by another one: each takes its new settings itself, between two pieces of work, so that there is
//! never a second poller or writer beside one that is still finishing something. Only a writer more is started where
//! `argus.connections` has grown, and a heartbeat where `[failover]` is new.

use super::token::{self, Keeper};
use crate::argus::client::{Client, Settings as ArgusSettings};
use crate::argus::proxy::Environment;
use crate::argus::renewal::Renewer;
use crate::commands::reload;
use crate::config::{Config, FailoverConfig};
use crate::engine::{Change, Engine, Job, Names, Once, Settings};
use crate::execute::host_lock::HostLock;
use crate::failover::heartbeat::Target;
use crate::net::host_port::host_and_port;
use crate::progress::Progress;
use crate::service::notify::{Notifier, watchdog_from_environment};
use crate::threads::mailbox::{SetupSender, mailbox};
use crate::threads::newest::Newest;
use crate::threads::vitals::Vitals;
use crate::threads::{End, INBOX, JOBS, ORDERS, POLLER, WRITER, Wake, core, heartbeat, poller, writer};
use crate::zino::session::Login;
use crossbeam_channel::{Receiver, Sender, bounded};
use log::warn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A job under way may take this long to finish when the program ends.
pub(crate) const LONGEST_FAREWELL: Duration = Duration::from_secs(4);

/// How long one process waits for another that is at the same problem or case: longer than the requests for it take, unless a
/// server hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that runs, and the ways to it.
pub(crate) struct Parts {
    config: Config,
    client: Arc<Client>,
    renewer: Option<Arc<Renewer>>,
    desk: Arc<writer::Desk<Client>>,
    writers: usize,
    halt: Arc<AtomicBool>,
    orders: Sender<Wake>,
    wakes: Sender<Wake>,
    jobs: Receiver<Job>,
    poller: SetupSender,
    /// How often the configuration has come to name another Zino.
    moves: u64,
    heartbeat: Option<Newest<heartbeat::Setup>>,
    progress: Arc<Progress>,
    /// Each writer holds one: the other end is told when the last of them has ended.
    writer_alive: Sender<()>,
    writers_gone: Receiver<()>,
}

/// A new configuration with all that can fail already done.
pub(crate) struct Prepared {
    config: Config,
    /// `None`: the connections that we have serve the new configuration as well.
    client: Option<Client>,
}

impl Prepared {
    /// # Errors
    /// What is wrong with the Argus side of the configuration, by the name of the key.
    pub fn new(old: &Config, new: Config) -> Result<Self, String> {
        let client = reload::needs_new_client(&old.argus, &new.argus).then(|| client(&new));
        Ok(Self { client: client.transpose()?, config: new })
    }
}

/// # Errors
/// What is wrong, by the name of the key.
pub(crate) fn client(config: &Config) -> Result<Client, String> {
    Client::new(&ArgusSettings {
        url: config.argus.url.clone(),
        token: config.argus.token.clone(),
        timeout: config.argus.timeout,
        ca_file: config.argus.ca_file.clone(),
        connections: config.argus.connections,
        environment: Environment::of_this_process(),
    })
}

fn machine_settings(config: &Config) -> Settings {
    Settings {
        rules: config.rules(),
        connections: config.argus.connections,
        refresh_interval: config.sync.refresh_interval,
        full_interval: config.sync.full_interval,
        orphan_grace: config.sync.orphan_grace,
        failover_threshold: config.failover.as_ref().map(|f| f.threshold),
        once: None,
        signs_of_life: true,
        renews_token: config.argus.renew_token,
        names: Names {
            zino: host_and_port(&config.zino.server, config.zino.port),
            argus: config.argus.url.as_str().to_owned(),
        },
    }
}

/// Where our Zino is, and who we are there.
pub(crate) fn login(config: &Config) -> Login {
    Login {
        server: config.zino.server.clone(),
        port: config.zino.port,
        notify_port: config.zino.notify_port,
        user: config.zino.user.clone(),
        secret: config.zino.secret.clone(),
    }
}

/// Whom a secondary asks, and how.
pub(crate) fn target(failover: &FailoverConfig) -> Target {
    Target {
        server: failover.primary_server.clone(),
        port: failover.primary_snmp_port,
        community: failover.snmp_community.clone(),
        timeout: failover.ping_timeout,
    }
}

fn poller_setup(config: &Config, moves: u64, is_single_run: bool) -> poller::Setup {
    let place = format!("{}:{} {}", config.zino.server, config.zino.port, config.zino.user);
    let host_lock = HostLock::new(place, PATIENCE);
    poller::Setup { login: login(config), rules: config.rules(), moves, host_lock, is_single_run }
}

fn heartbeat_setup(failover: &FailoverConfig) -> heartbeat::Setup {
    heartbeat::Setup { target: target(failover), interval: failover.ping_interval }
}

fn writer_setup(config: &Config, client: &Arc<Client>, renewer: Option<&Arc<Renewer>>) -> writer::Setup<Client> {
    let keeper = Arc::new(Keeper::new(config, client, renewer));
    let renewing = Arc::clone(&keeper);
    writer::Setup {
        argus: Arc::clone(client),
        rules: config.rules(),
        timeout: config.argus.timeout,
        host_lock: HostLock::new(config.argus.url.as_str().to_owned(), PATIENCE),
        before_probe: Box::new(move || keeper.refresh()),
        renew: Box::new(move || renewing.renew()),
    }
}

/// The settings of a single run, and the sender for its progress: the number of waiting problems.
pub(crate) struct SingleRun {
    pub once: Once,
    pub progress: Sender<usize>,
}

/// Starts a thread.
fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name).spawn(work).map(drop)
}

impl Parts {
    /// Starts everything; for a single run without the heartbeat, whose answer is known before.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn start(
        config: &Config,
        client: Client,
        notifier: &Arc<Notifier>,
        progress: &Arc<Progress>,
        end: Sender<End>,
        once: Option<SingleRun>,
    ) -> io::Result<Self> {
        let (orders, ordered) = bounded(ORDERS);
        let (wakes, woken) = bounded(INBOX);
        let (give_job, jobs) = bounded(JOBS);
        let (commands, poller, mailbox) = mailbox();
        let (writer_alive, writers_gone) = bounded(0);
        let client = Arc::new(client);
        let renewer = token::renewer(config, None);
        let mut parts = Self {
            config: config.clone(),
            desk: Arc::new(writer::Desk::new(writer_setup(config, &client, renewer.as_ref()))),
            client,
            renewer,
            writers: 0,
            halt: Arc::new(AtomicBool::new(false)),
            orders,
            wakes,
            jobs,
            poller,
            moves: 0,
            heartbeat: None,
            progress: Arc::clone(progress),
            writer_alive,
            writers_gone,
        };
        parts.hire_writers()?;
        parts.start_poller(poller::Channels { mailbox, wakes: parts.wakes.clone() }, once.is_some())?;
        let mut settings = machine_settings(config);
        if once.is_some() {
            // Nothing of a single run can have lasted for any time.
            settings.orphan_grace = Duration::ZERO;
        } else {
            parts.start_or_end_heartbeat()?;
        }
        settings.signs_of_life = once.is_none();
        let (once, waiting) = once.map(|run| (run.once, run.progress)).unzip();
        settings.once = once;
        let machine = Engine::new(settings);
        let core = core::Channels { orders: ordered, wakes: woken, jobs: give_job, commands, end, progress: waiting };
        let vitals = Vitals::new(Arc::clone(notifier), Arc::clone(progress), watchdog_from_environment());
        spawn("state machine".to_owned(), move || core::run(machine, &core, vitals))?;
        Ok(parts)
    }

    fn start_poller(&self, channels: poller::Channels, is_single_run: bool) -> io::Result<()> {
        let (progress, setup) = (Arc::clone(&self.progress), poller_setup(&self.config, self.moves, is_single_run));
        let name = POLLER.to_owned();
        spawn(name.clone(), move || {
            let _watched = progress.watch(&name, poller::BOUND);
            poller::run(setup, &channels);
        })
    }

    /// As many writers as the configuration wants; those that are too many find nothing to do.
    fn hire_writers(&mut self) -> io::Result<()> {
        while self.writers < self.config.argus.connections.max(1) {
            let name = format!("{WRITER} {}", self.writers);
            let (desk, halt, progress) = (Arc::clone(&self.desk), Arc::clone(&self.halt), Arc::clone(&self.progress));
            let (jobs, wakes, alive) = (self.jobs.clone(), self.wakes.clone(), self.writer_alive.clone());
            let bound = self.config.argus.timeout;
            spawn(name.clone(), move || {
                let _watched = progress.watch(&name, bound);
                writer::run(&desk, &halt, &jobs, &wakes);
                drop(alive);
            })?;
            self.writers += 1;
        }
        Ok(())
    }

    fn start_or_end_heartbeat(&mut self) -> io::Result<()> {
        let Some(failover) = &self.config.failover else {
            // It ends by itself: nobody can give it another setup.
            self.heartbeat = None;
            return Ok(());
        };
        let setup = heartbeat_setup(failover);
        if let Some(heartbeat) = &self.heartbeat {
            // Whether it listens is seen by the watchdog, not here.
            heartbeat.send(setup);
            return Ok(());
        }
        let (give, setups) = Newest::channel();
        let (progress, wakes) = (Arc::clone(&self.progress), self.wakes.clone());
        spawn("heartbeat".to_owned(), move || {
            let _watched = progress.watch("heartbeat", setup.bound());
            heartbeat::run(setup, progress.start(), &setups, &wakes);
        })?;
        self.heartbeat = Some(give);
        Ok(())
    }

    /// The configuration in use, with the token that its file held last: one that was renewed is no
    /// change of somebody else's.
    pub fn config(&self) -> Config {
        let mut config = self.config.clone();
        if let Some(held) = self.renewer.as_ref().and_then(|renewer| renewer.held()) {
            config.argus.token = held;
        }
        config
    }

    /// Lets the work under way end and begins no more; a word comes when there is none.
    pub fn pause(&self) -> Receiver<()> {
        let (tell, quiet) = bounded(1);
        let _ = self.orders.send(Wake::Pause(tell));
        quiet
    }

    /// Puts a new configuration to use and ends the pause. Only while everything is quiet.
    ///
    /// # Errors
    /// If there can be no more threads; the daemon goes on with fewer.
    pub fn change(&mut self, prepared: Prepared) -> io::Result<()> {
        let old = self.config();
        self.config = prepared.config;
        let another_token = old.argus.token != self.config.argus.token;
        let others = reload::others(&old, &self.config);
        self.renewer = token::renewer(&self.config, self.renewer.as_deref().filter(|_| !others.argus));
        if let Some(client) = prepared.client {
            self.client = Arc::new(client);
        }
        if let Err(why) = self.client.set_token(token::in_use(&self.config, self.renewer.as_deref())) {
            warn!("argus.token: {why}; going on with the old one");
        }
        self.desk.change(writer_setup(&self.config, &self.client, self.renewer.as_ref()));
        self.moves += u64::from(others.zino);
        let change = Change {
            settings: machine_settings(&self.config),
            another_argus: others.argus,
            another_token: another_token || reload::needs_new_client(&old.argus, &self.config.argus),
            another_zino: others.zino.then_some(self.moves),
            another_primary: others.primary,
        };
        // The machine first: what the poller tells of another Zino must find it prepared.
        let _ = self.orders.send(Wake::Resume(Box::new(change)));
        self.poller.send(poller_setup(&self.config, self.moves, false));
        let heartbeat = if old.failover == self.config.failover { Ok(()) } else { self.start_or_end_heartbeat() };
        self.hire_writers().and(heartbeat)
    }

    /// No new work; the request under way may finish, until `latest` if there is such. Whatever is
    /// left undone is found lacking at the next start.
    pub fn stop(self, latest: Option<Instant>) {
        self.halt.store(true, Ordering::Relaxed);
        let _ = self.orders.send(Wake::Stop);
        drop(self.writer_alive);
        let until = Instant::now() + self.config.argus.timeout.min(LONGEST_FAREWELL);
        let until = latest.map_or(until, |latest| until.min(latest));
        // The channel is never written to: it ends when the last writer has ended.
        let _ = self.writers_gone.recv_deadline(until);
    }
}
