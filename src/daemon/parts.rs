//! The threads of the daemon: starts them, and gives them new settings while they run. Never reads the configuration file and
//! never decides whether a new one is used.
//!
//! No thread is replaced by another one: each takes its new settings itself, between two pieces of work, so that there is
//! never a second poller or writer beside one that is still finishing something. Only a writer more is started where
//! `argus.connections` has grown, and a heartbeat where `[failover]` is new.

use crate::argus::client::{Client, Settings as ArgusSettings};
use crate::argus::{ArgusError, ArgusServer};
use crate::config::{Config, FailoverConfig, read_secret_file};
use crate::heartbeat::Target;
use crate::machine::{Change, Job, Machine, Names, Once, Settings};
use crate::place::place;
use crate::pulse::Progress;
use crate::reload;
use crate::renewal::{Renewal, Renewer};
use crate::systemd::{Notifier, watchdog_from_environment};
use crate::threads::vitals::Vitals;
use crate::threads::{End, POLLER, WRITER, Wake, core, heartbeat, poller, writer};
use crate::turnstile::Turnstile;
use crate::zino::session::Login;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use log::warn;
use std::io;
use std::path::Path;
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
    desk: Arc<writer::Desk<Client>>,
    writers: usize,
    halt: Arc<AtomicBool>,
    wakes: Sender<Wake>,
    jobs: Receiver<Job>,
    poller: Sender<poller::Setup>,
    /// How often the configuration has come to name another Zino.
    moves: u64,
    heartbeat: Option<Sender<heartbeat::Setup>>,
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
        names: Names { zino: place(&config.zino.server, config.zino.port), argus: config.argus.url.clone() },
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
    let turnstile = Turnstile::new(place, PATIENCE);
    poller::Setup { login: login(config), rules: config.rules(), moves, turnstile, is_single_run }
}

fn heartbeat_setup(failover: &FailoverConfig) -> heartbeat::Setup {
    heartbeat::Setup { target: target(failover), interval: failover.ping_interval }
}

fn writer_setup(config: &Config, client: &Arc<Client>) -> writer::Setup<Client> {
    let (argus, file) = (Arc::clone(client), config.argus.token_file.clone());
    let renewer = file.clone().filter(|_| config.argus.renew_token).map(|file| Arc::new(Renewer::new(file)));
    let (renewing, recoverer) = (Arc::clone(client), renewer.clone());
    writer::Setup {
        argus: Arc::clone(client),
        rules: config.rules(),
        timeout: config.argus.timeout,
        turnstile: Turnstile::new(config.argus.url.clone(), PATIENCE),
        before_probe: Box::new(move || {
            read_token_again(&argus, file.as_deref());
            recover_token(&argus, recoverer.as_deref());
        }),
        renew: Box::new(move || match &renewer {
            Some(renewer) => use_token(&renewing, renewer.renew_if_due(&*renewing)?),
            None => Ok(()),
        }),
    }
}

/// Takes the token that stands in `argus.token_file` now; an unreadable one leaves the old token in use.
fn read_token_again(client: &Client, file: Option<&Path>) {
    let Some(file) = file else { return };
    if let Err(why) = read_secret_file(file).and_then(|token| client.set_token(token)) {
        warn!("argus.token_file: {why}; going on with the token that was read before");
    }
}

/// Where a renewal was broken off and the token is dead, ends that renewal.
fn recover_token(client: &Client, renewer: Option<&Renewer>) {
    let Some(renewer) = renewer.filter(|_| matches!(client.check_token(), Err(ArgusError::Unauthorized(_)))) else {
        return;
    };
    match renewer.recover(client) {
        // Told every hour, with what to do about it.
        Ok(renewal @ Renewal::Unwritten(..)) => drop(use_token(client, renewal)),
        outcome => {
            if let Err(why) = outcome.and_then(|renewal| use_token(client, renewal)) {
                warn!("a renewal of the Argus token was broken off and could not be ended: {why}");
            }
        }
    }
}

fn use_token(client: &Client, renewal: Renewal) -> Result<(), String> {
    match renewal {
        Renewal::Renewed(token) => client.set_token(token),
        Renewal::Unwritten(token, why) => client.set_token(token).and(Err(why)),
        Renewal::NotDue => Ok(()),
    }
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
        once: Option<Once>,
    ) -> io::Result<Self> {
        let (wakes, woken) = unbounded();
        let (give_job, jobs) = unbounded();
        let (give_command, commands) = unbounded();
        let (poller, setups) = unbounded();
        let (writer_alive, writers_gone) = bounded(0);
        let client = Arc::new(client);
        let mut parts = Self {
            config: config.clone(),
            desk: Arc::new(writer::Desk::new(writer_setup(config, &client))),
            client,
            writers: 0,
            halt: Arc::new(AtomicBool::new(false)),
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
        let channels = poller::Channels { commands, setups, wakes: parts.wakes.clone(), end: end.clone() };
        parts.start_poller(channels, once.is_some())?;
        let mut settings = machine_settings(config);
        if once.is_some() {
            // Nothing of a single run can have lasted for any time.
            settings.orphan_grace = Duration::ZERO;
        } else {
            parts.start_or_end_heartbeat()?;
        }
        let tells_progress = once.is_some();
        settings.signs_of_life = once.is_none();
        settings.once = once;
        let machine = Machine::new(settings);
        let core = core::Channels { wakes: woken, jobs: give_job, commands: give_command, end, tells_progress };
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
            let _ = heartbeat.send(setup);
            return Ok(());
        }
        let (give, setups) = unbounded();
        let (progress, wakes) = (Arc::clone(&self.progress), self.wakes.clone());
        spawn("heartbeat".to_owned(), move || {
            let _watched = progress.watch("heartbeat", setup.bound());
            heartbeat::run(setup, &setups, &wakes);
        })?;
        self.heartbeat = Some(give);
        Ok(())
    }

    /// The configuration in use.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Lets the work under way end and begins no more; a word comes when there is none.
    pub fn pause(&self) -> Receiver<()> {
        let (tell, quiet) = bounded(1);
        let _ = self.wakes.send(Wake::Pause(tell));
        quiet
    }

    /// Puts a new configuration to use and ends the pause. Only while everything is quiet.
    ///
    /// # Errors
    /// If there can be no more threads; the daemon goes on with fewer.
    pub fn change(&mut self, prepared: Prepared) -> io::Result<()> {
        let old = std::mem::replace(&mut self.config, prepared.config);
        let another_token = old.argus.token != self.config.argus.token;
        match prepared.client {
            Some(client) => self.client = Arc::new(client),
            None if another_token => {
                if let Err(why) = self.client.set_token(self.config.argus.token.clone()) {
                    warn!("argus.token: {why}; going on with the old one");
                }
            }
            None => {}
        }
        self.desk.change(writer_setup(&self.config, &self.client));
        let others = reload::others(&old, &self.config);
        self.moves += u64::from(others.zino);
        let change = Change {
            settings: machine_settings(&self.config),
            another_argus: others.argus,
            another_token: another_token || reload::needs_new_client(&old.argus, &self.config.argus),
            another_zino: others.zino.then_some(self.moves),
            another_primary: others.primary,
        };
        // The machine first: what the poller tells of another Zino must find it prepared.
        let _ = self.wakes.send(Wake::Resume(Box::new(change)));
        let _ = self.poller.send(poller_setup(&self.config, self.moves, false));
        let heartbeat = if old.failover == self.config.failover { Ok(()) } else { self.start_or_end_heartbeat() };
        self.hire_writers().and(heartbeat)
    }

    /// No new work; the request under way may finish, until `latest` if there is such. Whatever is
    /// left undone is found lacking at the next start.
    pub fn stop(self, latest: Option<Instant>) {
        self.halt.store(true, Ordering::Relaxed);
        let _ = self.wakes.send(Wake::Stop);
        drop(self.writer_alive);
        let until = Instant::now() + self.config.argus.timeout.min(LONGEST_FAREWELL);
        let until = latest.map_or(until, |latest| until.min(latest));
        // The channel is never written to: it ends when the last writer has ended.
        let _ = self.writers_gone.recv_deadline(until);
    }
}
