//! The daemon: starts the threads, waits for a signal or a fatal end, reads the configuration again when asked to, and stops
//! everything in time. Never decides anything about cases or incidents.

pub(crate) mod parts;
mod token;

use crate::commands::reload::changed_keys;
use crate::config::{self, Config};
use crate::exit::ExitCode;
use crate::log as logging;
use crate::progress::{self, Progress};
use crate::service::notify::Notifier;
use crate::threads::{ENDS, End};
use crossbeam_channel::{Receiver, TrySendError, bounded, never, select};
use log::{error, info, warn};
use parts::{Parts, Prepared};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The longest that reading the configuration again may take before this thread counts as stuck (a file system that hangs).
const BOUND: Duration = Duration::from_secs(60);

/// Runs until a signal (see [`signals`]) or a fatal error; returns the exit code. SIGHUP reads
/// `config_file` again.
#[must_use]
pub fn run(config: &Config, config_file: &Path, signals: &Receiver<i32>) -> ExitCode {
    exit_on_panic();
    let client = match parts::client(config) {
        Ok(client) => client,
        Err(why) => {
            error!("{why}");
            return ExitCode::Config;
        }
    };
    let notifier = Arc::new(Notifier::from_environment());
    let progress = Arc::new(Progress::new(Instant::now()));
    let _watched = progress.watch("main", BOUND);
    let (end, ends) = bounded(ENDS);
    match Parts::start(config, client, &notifier, &progress, end, None) {
        Ok(parts) => Daemon { parts, notifier, config_file, waiting: None, again: false }.wait(signals, &ends),
        Err(why) => {
            error!("cannot start a thread: {why}");
            ExitCode::Internal
        }
    }
}

/// A panic anywhere ends the whole process: half a daemon is worse than none, and systemd starts a new one.
pub(crate) fn exit_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        error!("internal error at {place}: {text}; please report this");
        logging::finish();
        std::process::exit(i32::from(ExitCode::Internal.code()));
    }));
}

/// The longest that the end takes if no thread hangs: five seconds, and a little less.
pub(crate) const PROMPT_END: Duration = Duration::from_millis(4800);
/// The longest that an end on a signal may take: longer than the request under way is waited for, shorter than systemd waits.
const LONGEST_END: Duration = Duration::from_secs(8);

/// SIGTERM, SIGINT and SIGHUP, as a channel. When a signal that ends the process does not end it (a file system or whoever reads the
/// log hangs, and with it the thread that would do so), the process is ended here, with the given code.
///
/// # Errors
/// If they cannot be waited for.
pub fn signals(if_stuck: ExitCode) -> std::io::Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let (tell, told) = bounded(2);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            // One waiting SIGHUP stands for all that follow it, so there is room for the signal
            // that ends the process.
            if (signal != SIGHUP || tell.is_empty())
                && matches!(tell.try_send(signal), Err(TrySendError::Disconnected(_)))
            {
                return;
            }
            if signal != SIGHUP {
                thread::sleep(LONGEST_END);
                // Nothing is flushed and nothing is said: that could hang, too.
                signal_hook::low_level::exit(i32::from(if_stuck.code()));
            }
        }
    })?;
    Ok(told)
}

/// A configuration that waits for the work under way to end.
struct Waiting {
    quiet: Receiver<()>,
    prepared: Prepared,
    /// For the log.
    keys: String,
}

struct Daemon<'a> {
    parts: Parts,
    notifier: Arc<Notifier>,
    config_file: &'a Path,
    waiting: Option<Waiting>,
    /// SIGHUP came again meanwhile: the file may have changed once more.
    again: bool,
}

impl Daemon<'_> {
    fn wait(mut self, signals: &Receiver<i32>, ends: &Receiver<End>) -> ExitCode {
        let (code, why) = loop {
            let quiet = self.waiting.as_ref().map_or_else(never, |waiting| waiting.quiet.clone());
            progress::rest();
            select! {
                recv(signals) -> signal => {
                    progress::beat();
                    match signal {
                        Ok(SIGHUP) => self.reload(),
                        signal => break (ExitCode::Done, format!("ending on signal {}", signal.unwrap_or_default())),
                    }
                }
                recv(ends) -> end => match end {
                    Ok(End::Refused(why)) => break (ExitCode::Refused, why),
                    Ok(End::Finished(_)) => {}
                    Ok(End::Stopped) | Err(_) => break (ExitCode::Internal, "internal error: a thread has ended".to_owned()),
                },
                recv(quiet) -> _ => {
                    progress::beat();
                    self.change();
                }
            }
        };
        logging::end_within(PROMPT_END);
        match code {
            ExitCode::Done => info!("{why}"),
            _ => error!("{why}"),
        }
        self.notifier.stopping(&why);
        self.parts.stop(None);
        code
    }

    /// SIGHUP: reads the file, and has everything pause if it says something new.
    fn reload(&mut self) {
        if self.waiting.is_some() {
            self.again = true;
            return;
        }
        self.notifier.reloading();
        self.waiting = self.read_again();
        if self.waiting.is_none() {
            self.reloaded();
        }
    }

    /// Reports the end of a reload. The log is written first, so that `systemctl reload` ends after
    /// it.
    fn reloaded(&self) {
        logging::finish();
        self.notifier.reloaded();
    }

    /// `None` if everything stays as it is.
    fn read_again(&self) -> Option<Waiting> {
        let kept = "the new configuration cannot be used; going on with the old one";
        let loaded = match config::load(self.config_file) {
            Ok(loaded) => loaded,
            Err(error) => {
                error.lines().for_each(|line| error!("{line}"));
                error!("{kept}");
                return None;
            }
        };
        for warning in &loaded.warnings {
            warn!("{warning}");
        }
        let old = self.parts.config();
        let keys = changed_keys(&old, &loaded.config).join(", ");
        if keys.is_empty() {
            warn!("configuration read again: nothing has changed");
            return None;
        }
        match Prepared::new(&old, loaded.config) {
            Ok(prepared) => Some(Waiting { quiet: self.parts.pause(), prepared, keys }),
            Err(why) => {
                error!("{why}");
                error!("{kept}");
                None
            }
        }
    }

    /// Nothing is under way any more: the new configuration is put to use.
    fn change(&mut self) {
        if let Some(Waiting { prepared, keys, .. }) = self.waiting.take() {
            warn!("configuration read again: {keys} changed");
            if let Err(why) = self.parts.change(prepared) {
                error!("cannot start a thread: {why}");
            }
        }
        self.reloaded();
        if std::mem::take(&mut self.again) {
            self.reload();
        }
    }
}
