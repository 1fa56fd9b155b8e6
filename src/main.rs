//! The process: start-up, signals, exit codes. Never decides anything about cases or incidents.

use crossbeam_channel::{Receiver, bounded, select};
use std::io::{LineWriter, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};
use zinoargus::cli::{self, Command, Options, RunMode, UsageError};
use zinoargus::commands::check;
use zinoargus::commands::daemon;
use zinoargus::commands::once;
use zinoargus::commands::status;
use zinoargus::config::{self, ConfigError, Loaded};
use zinoargus::exit::ExitCode;
use zinoargus::log as logging;
use zinoargus::log::outlet::{Outlet, Target};

fn main() -> std::process::ExitCode {
    let arguments = std::env::args_os().skip(1).collect();
    let code = match cli::parse(arguments) {
        Ok(Command::Help) => print(cli::HELP),
        Ok(Command::Version) => print(&format!("{}\n", cli::version())),
        Ok(Command::Run(options)) => start(&options),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "zinoargus: {error}");
            UsageError::EXIT
        }
    };
    logging::finish();
    code.into()
}

/// Prints what was asked for. A reader that went away (`| head`) is no reason to fail.
fn print(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::Done
}

/// The longest that the end of a check waits for the reader of its output.
const LONGEST_READING: Duration = Duration::from_secs(5);

/// A reader that does not read is no reason to hang: the exit code is still wanted.
fn check(loaded: Read, signals: &Receiver<i32>) -> ExitCode {
    let lost = |lost| format!("{lost} lines lost\n").into_bytes();
    match Outlet::start(Target::Stdout, lost) {
        Ok(out) => {
            let code = check::run(loaded, LineWriter::new(out.clone()), signals);
            out.finish(Instant::now() + LONGEST_READING);
            code
        }
        Err(why) => {
            log::error!("cannot start a thread: {why}");
            ExitCode::Internal
        }
    }
}

fn start(options: &Options) -> ExitCode {
    let began = Instant::now();
    if let Err(why) = logging::start(options.verbosity) {
        let _ = writeln!(std::io::stderr(), "zinoargus: cannot start a thread: {why}");
        return ExitCode::Internal;
    }
    // Before anything is read, so that a signal ends every way of running as it says that it ends.
    let stopped = if options.mode == RunMode::Daemon { ExitCode::Done } else { ExitCode::Partial };
    let signals = match daemon::signals(stopped) {
        Ok(signals) => signals,
        Err(why) => {
            log::error!("cannot wait for signals: {why}");
            return ExitCode::Internal;
        }
    };
    if options.mode == RunMode::Status {
        return status(options.config_file.clone(), &signals, stopped);
    }
    let loaded = match load(options.config_file.clone(), &signals, stopped) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    if options.mode == RunMode::Check {
        return check(loaded, &signals);
    }
    let (file, loaded) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            for line in error.lines() {
                log::error!("{line}");
            }
            return error.exit();
        }
    };
    log::info!("configuration: {}", check::sources(&file));
    for warning in &loaded.warnings {
        log::warn!("{warning}");
    }
    match options.mode {
        RunMode::Once { timeout, dry } => once::run(&loaded.config, timeout, dry, began, &signals),
        RunMode::Daemon | RunMode::Check | RunMode::Status => daemon::run(&loaded.config, &file, &signals),
    }
}

/// A configuration with its file, or why it cannot be used.
type Read = Result<(PathBuf, Loaded), ConfigError>;

/// Finds and reads the configuration.
fn load(given: Option<PathBuf>, signals: &Receiver<i32>, stopped: ExitCode) -> Result<Read, ExitCode> {
    in_a_thread(signals, stopped, move || {
        let file = config::find(given.as_deref())?;
        config::load(&file, &config::Environment::of_this_process()).map(|loaded| (file, loaded))
    })
}

/// Asks a running instance how it is.
fn status(given: Option<PathBuf>, signals: &Receiver<i32>, stopped: ExitCode) -> ExitCode {
    let read = move || config::load_metrics(&config::find(given.as_deref())?);
    match in_a_thread(signals, stopped, read) {
        Ok(Ok(at)) => status::run(&at, std::io::stdout()),
        Ok(Err(error)) => {
            error.lines().for_each(|line| log::error!("{line}"));
            error.exit()
        }
        Err(code) => code,
    }
}

/// Reads in a thread of its own: a file system that hangs must not keep a signal from ending the
/// program.
fn in_a_thread<T: Send + 'static>(
    signals: &Receiver<i32>,
    stopped: ExitCode,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ExitCode> {
    let (result_sender, result_receiver) = bounded(1);
    let read = move || drop(result_sender.send(read()));
    if let Err(why) = thread::Builder::new().name("configuration".to_owned()).spawn(read) {
        log::error!("cannot start a thread: {why}");
        return Err(ExitCode::Internal);
    }
    select! {
        recv(result_receiver) -> result => result.map_err(|_| {
            log::error!("internal error: reading the configuration broke off");
            ExitCode::Internal
        }),
        recv(signals) -> signal => {
            log::warn!("stopped by signal {} before the configuration was read", signal.unwrap_or_default());
            Err(stopped)
        }
    }
}
