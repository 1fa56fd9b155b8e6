//! The daemon: starts the threads, waits for a signal or a fatal end, and stops everything in time. Never decides anything about
//! cases or incidents.

use crate::argus::client::{Client, Settings as ArgusSettings};
use crate::config::{Config, FailoverConfig, read_secret_file};
use crate::exit::ExitCode;
use crate::heartbeat::{Pinger, Target};
use crate::machine::{Machine, Settings};
use crate::threads::{End, Wake, core, heartbeat, poller, writer};
use crate::zino::session::Login;
use crossbeam_channel::{Receiver, bounded, select, unbounded};
use log::{error, info, warn};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A job under way may take this long to finish when the program ends.
const LONGEST_FAREWELL: Duration = Duration::from_secs(4);

/// Runs until a signal or a fatal error; returns the exit code.
#[must_use]
pub fn run(config: &Config) -> ExitCode {
    exit_on_panic();
    let client = match Client::new(&argus_settings(config)) {
        Ok(client) => Arc::new(client),
        Err(why) => {
            error!("{why}");
            return ExitCode::Config;
        }
    };
    let signals = match signals() {
        Ok(signals) => signals,
        Err(why) => {
            error!("cannot wait for signals: {why}");
            return ExitCode::Internal;
        }
    };
    match start(config, &client) {
        Ok(running) => running.wait(&signals, config.argus.timeout),
        Err(why) => {
            error!("cannot start a thread: {why}");
            ExitCode::Internal
        }
    }
}

fn argus_settings(config: &Config) -> ArgusSettings {
    ArgusSettings {
        url: config.argus.url.clone(),
        token: config.argus.token.clone(),
        timeout: config.argus.timeout,
        ca_file: config.argus.ca_file.clone(),
        connections: config.argus.connections,
    }
}

fn machine_settings(config: &Config) -> Settings {
    Settings {
        rules: config.rules(),
        connections: config.argus.connections,
        refresh_interval: config.sync.refresh_interval,
        full_interval: config.sync.full_interval,
        orphan_grace: config.sync.orphan_grace,
        failover_threshold: config.failover.as_ref().map(|f| f.threshold),
    }
}

fn login(config: &Config) -> Login {
    Login {
        server: config.zino.server.clone(),
        port: config.zino.port,
        notify_port: config.zino.notify_port,
        user: config.zino.user.clone(),
        secret: config.zino.secret.clone(),
    }
}

fn pinger(failover: &FailoverConfig) -> Pinger {
    Pinger::new(Target {
        server: failover.primary_server.clone(),
        port: failover.primary_snmp_port,
        community: failover.snmp_community.clone(),
        timeout: failover.ping_timeout,
    })
}

/// Takes the token that stands in `argus.token_file` now; an unreadable one leaves the old token in use.
fn read_token_again(client: &Client, file: Option<&Path>) {
    let Some(file) = file else { return };
    if let Err(why) = read_secret_file(file).and_then(|token| client.set_token(token)) {
        warn!("argus.token_file: {why}; going on with the token that was read before");
    }
}

/// A panic anywhere ends the whole process: half a daemon is worse than none, and systemd starts a new one.
fn exit_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        error!("internal error at {place}: {text}; please report this");
        std::process::exit(i32::from(ExitCode::Internal.code()));
    }));
}

/// SIGTERM and SIGINT, as a channel.
fn signals() -> std::io::Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let (tell, told) = bounded(1);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if tell.send(signal).is_err() {
                return;
            }
        }
    })?;
    Ok(told)
}

struct Running {
    wakes: crossbeam_channel::Sender<Wake>,
    ends: Receiver<End>,
    halt: Arc<AtomicBool>,
    writers: Receiver<()>,
}

fn start(config: &Config, client: &Arc<Client>) -> std::io::Result<Running> {
    let (wakes, woken) = unbounded();
    let (give_job, jobs) = unbounded();
    let (give_command, commands) = unbounded();
    let (end, ends) = unbounded();
    let (writer_gone, writers) = bounded::<()>(0);
    let halt = Arc::new(AtomicBool::new(false));
    let rules = Arc::new(config.rules());

    for n in 0..config.argus.connections.max(1) {
        let (client, rules, halt) = (Arc::clone(client), Arc::clone(&rules), Arc::clone(&halt));
        let (jobs, wakes, gone) = (jobs.clone(), wakes.clone(), writer_gone.clone());
        let token_file = config.argus.token_file.clone();
        thread::Builder::new().name(format!("argus writer {n}")).spawn(move || {
            let before_probe = || read_token_again(&client, token_file.as_deref());
            writer::run(&*client, &rules, &halt, before_probe, &jobs, &wakes);
            drop(gone);
        })?;
    }
    let poller = poller::Channels { commands, wakes: wakes.clone(), end: end.clone() };
    let (login, poller_rules) = (login(config), Arc::clone(&rules));
    thread::Builder::new().name("zino poller".to_owned()).spawn(move || poller::run(&login, &poller_rules, &poller))?;
    // Never written to: the state machine holds it, so the heartbeat ends with the machine.
    let (alive, over) = bounded(0);
    if let Some(failover) = &config.failover {
        let (pinger, interval, wakes) = (pinger(failover), failover.ping_interval, wakes.clone());
        thread::Builder::new()
            .name("heartbeat".to_owned())
            .spawn(move || heartbeat::run(pinger, interval, &wakes, &over))?;
    }
    let machine = Machine::new(machine_settings(config));
    let core = core::Channels { wakes: woken, jobs: give_job, commands: give_command, end };
    thread::Builder::new().name("state machine".to_owned()).spawn(move || {
        core::run(machine, &core);
        drop(alive);
    })?;
    Ok(Running { wakes, ends, halt, writers })
}

impl Running {
    fn wait(self, signals: &Receiver<i32>, timeout: Duration) -> ExitCode {
        let code = select! {
            recv(signals) -> signal => {
                info!("ending on signal {}", signal.unwrap_or_default());
                ExitCode::Done
            }
            recv(self.ends) -> end => match end {
                Ok(End::Refused(why)) => {
                    error!("{why}");
                    ExitCode::Refused
                }
                Ok(End::Stopped) | Err(_) => ExitCode::Internal,
            }
        };
        self.stop(timeout);
        code
    }

    /// No new work; the request under way may finish. Whatever is left undone is found lacking at the next start.
    fn stop(self, timeout: Duration) {
        self.halt.store(true, Ordering::Relaxed);
        let _ = self.wakes.send(Wake::Stop);
        let until = Instant::now() + timeout.min(LONGEST_FAREWELL);
        // The channel is never written to: it ends when the last writer has ended.
        let _ = self.writers.recv_deadline(until);
    }
}
