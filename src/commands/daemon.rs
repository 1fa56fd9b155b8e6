//! The daemon: starts the threads, waits for a signal or a fatal end, reloads, and stops everything
//! in time. Never decides anything about cases or incidents.
//!
//! A reload is a validated restart inside the process: the new configuration is read and checked
//! while everything goes on; if it is good, all threads are stopped and joined, and new ones are
//! started with it.

use super::outside::Outside;
use super::parts::{self, PROMPT_END};
use super::token::Tokens;
use super::versions;
use crate::argus::client::Client;
use crate::config::{self, Config, ConfigError, Loaded, changed_keys};
use crate::engine::{Engine, Kept};
use crate::exit::ExitCode;
use crate::log as logging;
use crate::metrics::metrics;
use crate::progress::{self, Progress};
use crate::service::board::Board;
use crate::service::notify::Notifier;
use crate::threads::End;
use crate::threads::generation::{Generation, Rest, Threads};
use crossbeam_channel::{Receiver, TrySendError, after, bounded, never, select};
use log::{error, info, warn};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The longest time between two signs of life of the main thread.
const BOUND: Duration = Duration::from_secs(60);
/// The longest that a reload waits for its files (a file system that hangs).
const LONGEST_READING: Duration = Duration::from_secs(30);
/// The longest that an end on a signal may take: longer than the request under way is waited for,
/// shorter than systemd waits.
const LONGEST_END: Duration = Duration::from_secs(8);

/// Runs until a signal (see [`signals`]) or a fatal error; returns the exit code. SIGHUP reads
/// `config_file` again.
#[must_use]
pub fn run(config: &Config, config_file: &Path, signals: &Receiver<i32>) -> ExitCode {
    let client = match parts::begin(config) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let notifier = Arc::new(Notifier::from_environment());
    let progress = Arc::new(Progress::new(Instant::now()));
    let _watched = progress.watch("main", BOUND);
    let board = Arc::new(Board::new(Arc::clone(&progress)));
    let vitals = parts::vitals(&notifier, &board);
    let mut outside = Outside::new(board);
    outside.apply(&config.metrics);
    let mut tokens = Tokens::default();
    let plan = parts::plan(config, client, &mut tokens, Engine::new(parts::engine_settings(config)), vitals);
    versions::announce(&plan.client, false);
    match Generation::start(plan, &progress) {
        Ok(generation) => {
            let config = config.clone();
            let progress = &progress;
            let daemon =
                Daemon { config, config_file, notifier, progress, tokens, outside, reading: None, again: false };
            daemon.run(generation, signals)
        }
        Err(why) => cannot_start(&why),
    }
}

fn cannot_start(why: &io::Error) -> ExitCode {
    error!("cannot start a thread: {why}");
    ExitCode::Internal
}

/// SIGTERM, SIGINT and SIGHUP, as a channel. When a signal that ends the process does not end it (a
/// file system or whoever reads the log hangs, and with it the thread that would do so), the
/// process is ended here, with the given code.
///
/// # Errors
/// If they cannot be waited for.
pub fn signals(if_stuck: ExitCode) -> io::Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let (signal_sender, signal_receiver) = bounded(2);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            // One waiting SIGHUP stands for all that follow it, so there is room for the signal
            // that ends the process.
            if (signal != SIGHUP || signal_sender.is_empty())
                && matches!(signal_sender.try_send(signal), Err(TrySendError::Disconnected(_)))
            {
                return;
            }
            if signal != SIGHUP {
                thread::sleep(LONGEST_END);
                // Nothing is flushed and nothing is logged: that could hang, too.
                signal_hook::low_level::exit(i32::from(if_stuck.code()));
            }
        }
    })?;
    Ok(signal_receiver)
}

/// A configuration that was read, with the client that was made from it.
type Checked = Result<(Loaded, Result<Client, String>), ConfigError>;

/// The configuration is being read again.
struct Reading {
    checked_receiver: Receiver<Checked>,
    over_receiver: Receiver<Instant>,
}

/// Reads and checks the configuration in a thread of its own, because a file system that hangs must
/// not keep the program from its work and its end.
fn read_again(file: &Path) -> io::Result<Reading> {
    let (checked_sender, checked_receiver) = bounded(1);
    let file = file.to_owned();
    thread::Builder::new().name("configuration".to_owned()).spawn(move || {
        let checked = config::load(&file, &config::Environment::of_this_process()).map(|loaded| {
            let client = parts::client(&loaded.config);
            (loaded, client)
        });
        // The main thread may have given up waiting.
        let _ = checked_sender.send(checked);
    })?;
    Ok(Reading { checked_receiver, over_receiver: after(LONGEST_READING) })
}

/// What the main thread has to do.
enum Next {
    /// Start again with this configuration.
    Restart(Box<(Config, Client)>),
    /// End the program, for this reason.
    End(ExitCode, String),
}

struct Daemon<'a> {
    config: Config,
    config_file: &'a Path,
    notifier: Arc<Notifier>,
    progress: &'a Arc<Progress>,
    tokens: Tokens,
    outside: Outside,
    reading: Option<Reading>,
    /// SIGHUP came again meanwhile: the file may have changed once more.
    again: bool,
}

impl Daemon<'_> {
    fn run(mut self, mut generation: Generation, signals: &Receiver<i32>) -> ExitCode {
        loop {
            let (config, client) = match self.wait(&generation, signals) {
                Next::Restart(with) => *with,
                Next::End(code, why) => {
                    self.announce_end(code, &why);
                    return self.end(code, generation.stop(), Instant::now() + parts::to_join(&self.config));
                }
            };
            let until = Instant::now() + parts::to_join(&self.config);
            let mut threads = generation.stop();
            if let Some(signal) = self.wait_for_threads(&mut threads, until, signals) {
                self.announce_end(ExitCode::Done, &format!("ending on signal {signal}"));
                return self.end(ExitCode::Done, threads, until);
            }
            let Some(rest) = threads.join() else {
                self.announce_end(ExitCode::Internal, "internal error: the state machine does not stop");
                return ExitCode::Internal;
            };
            generation = match self.restart(config, client, rest) {
                Ok(generation) => generation,
                Err(why) => return cannot_start(&why),
            };
            self.reloaded();
        }
    }

    /// Waits for something to do while the threads run.
    fn wait(&mut self, generation: &Generation, signals: &Receiver<i32>) -> Next {
        loop {
            let (checked, over) = self.reading.as_ref().map_or_else(
                || (never(), never()),
                |reading| (reading.checked_receiver.clone(), reading.over_receiver.clone()),
            );
            progress::rest();
            select! {
                recv(signals) -> signal => {
                    progress::beat();
                    match signal {
                        Ok(SIGHUP) => self.reload(),
                        signal => return Next::End(ExitCode::Done, format!("ending on signal {}", signal.unwrap_or_default())),
                    }
                }
                recv(generation.ends()) -> end => match end {
                    Ok(End::Refused(why)) => return Next::End(ExitCode::Refused, why),
                    Ok(End::Finished(_)) => {}
                    Ok(End::Stopped) | Err(_) => {
                        return Next::End(ExitCode::Internal, "internal error: a thread has ended".to_owned());
                    }
                },
                recv(checked) -> checked => {
                    progress::beat();
                    self.reading = None;
                    // Without a value, the thread has panicked, which ends the process.
                    if let Some(restart) = checked.ok().and_then(|checked| self.judge(checked)) {
                        return Next::Restart(Box::new(restart));
                    }
                    self.reloaded();
                }
                recv(over) -> _ => {
                    progress::beat();
                    self.reading = None;
                    let secs = LONGEST_READING.as_secs();
                    error!("the configuration cannot be read within {secs} s; going on with the old one");
                    metrics().reloaded(false);
                    self.reloaded();
                }
            }
        }
    }

    /// SIGHUP: reads the file.
    fn reload(&mut self) {
        if self.reading.is_some() {
            self.again = true;
            return;
        }
        self.notifier.reloading();
        match read_again(self.config_file) {
            Ok(reading) => self.reading = Some(reading),
            Err(why) => {
                error!("cannot start a thread: {why}; going on with the old configuration");
                metrics().reloaded(false);
                self.reloaded();
            }
        }
    }

    /// The end of a reload. The log is written first, so that `systemctl reload` ends after it.
    fn reloaded(&mut self) {
        logging::finish();
        self.notifier.reloaded();
        if std::mem::take(&mut self.again) {
            self.reload();
        }
    }

    /// Whether a new configuration is used; `None` if everything stays as it is.
    fn judge(&self, checked: Checked) -> Option<(Config, Client)> {
        let refuse = || {
            error!("the new configuration cannot be used; going on with the old one");
            metrics().reloaded(false);
        };
        let (Loaded { config, warnings, .. }, client) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                error.lines().for_each(|line| error!("{line}"));
                refuse();
                return None;
            }
        };
        for warning in &warnings {
            warn!("{warning}");
        }
        let keys = changed_keys(&self.tokens.as_held(&self.config), &config).join(", ");
        if keys.is_empty() {
            warn!("configuration read again: nothing has changed");
            metrics().reloaded(true);
            return None;
        }
        match client {
            Ok(client) => {
                warn!("configuration read again: {keys} changed");
                metrics().reloaded(true);
                if keys.contains("incident.") {
                    warn!("every open incident gets the new link and tags, after whatever is new");
                }
                Some((config, client))
            }
            Err(why) => {
                error!("{why}");
                refuse();
                None
            }
        }
    }

    /// Starts the threads of a new configuration.
    fn restart(&mut self, config: Config, client: Client, rest: Rest) -> io::Result<Generation> {
        let Rest { mut kept, vitals, asked } = rest;
        let is_same_primary = primary(&self.config) == primary(&config);
        let is_same_argus = self.config.argus.url == config.argus.url;
        forget(&mut kept, is_same_primary, is_same_argus);
        self.config = config;
        self.outside.apply(&self.config.metrics);
        let engine = Engine::after_reload(parts::engine_settings(&self.config), kept);
        let mut plan = parts::plan(&self.config, client, &mut self.tokens, engine, vitals);
        plan.asked = asked.filter(|_| is_same_primary);
        if !is_same_argus {
            versions::announce(&plan.client, false);
        }
        Generation::start(plan, self.progress)
    }

    /// Waits until the threads have ended, at most until then. Returns a signal that ends the
    /// program.
    fn wait_for_threads(&mut self, threads: &mut Threads, until: Instant, signals: &Receiver<i32>) -> Option<i32> {
        while let Some(signal) = threads.wait(until, signals) {
            if signal != SIGHUP {
                return Some(signal);
            }
            self.again = true;
        }
        None
    }

    fn announce_end(&self, code: ExitCode, why: &str) {
        logging::end_within(PROMPT_END);
        match code {
            ExitCode::Done => info!("{why}"),
            _ => error!("{why}"),
        }
        self.notifier.stopping(why);
    }

    fn end(&self, code: ExitCode, mut threads: Threads, until: Instant) -> ExitCode {
        threads.wait(until, &never::<()>());
        drop(threads.join());
        code
    }
}

/// The primary of a secondary, and how it is asked.
fn primary(config: &Config) -> Option<(&str, u16, &crate::secret::Secret)> {
    config.failover.as_ref().map(|f| (f.primary_server.0.as_str(), f.primary_snmp_port.0, &f.snmp_community.0))
}

/// What was learnt of other servers does not count.
fn forget(kept: &mut Kept, is_same_primary: bool, is_same_argus: bool) {
    if !is_same_primary {
        kept.forget_primary();
    }
    if !is_same_argus {
        kept.forget_contact();
    }
}
