//! The process: start-up, signals, exit codes. Never decides anything about cases or incidents.

use std::io::{LineWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use zinoargus::check;
use zinoargus::cli::{self, Command, Options, RunMode, UsageError};
use zinoargus::config::{self, ConfigError};
use zinoargus::daemon;
use zinoargus::exit::ExitCode;
use zinoargus::logging;
use zinoargus::once;
use zinoargus::outlet::{Outlet, Target};

fn main() -> std::process::ExitCode {
    let arguments = std::env::args_os().skip(1).collect();
    let code = match cli::parse(arguments) {
        Ok(Command::Help) => print(cli::HELP),
        Ok(Command::Version) => print(&format!("{}\n", cli::VERSION)),
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
fn check(file: &Path) -> ExitCode {
    let lost = |lost| format!("{lost} lines lost\n").into_bytes();
    match Outlet::start(Target::Stdout, lost) {
        Ok(out) => {
            let code = check::run(file, config::load(file), LineWriter::new(out.clone()));
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
    if let Err(why) = logging::start(options.verbosity) {
        let _ = writeln!(std::io::stderr(), "zinoargus: cannot start a thread: {why}");
        return ExitCode::Internal;
    }
    if options.mode == RunMode::Check {
        return check(&options.config_file);
    }
    let loaded = match config::load(&options.config_file) {
        Ok(loaded) => loaded,
        Err(error) => {
            for line in error.lines() {
                log::error!("{line}");
            }
            return ConfigError::EXIT;
        }
    };
    for warning in &loaded.warnings {
        log::warn!("{warning}");
    }
    match options.mode {
        RunMode::Once { timeout } => once::run(&loaded.config, timeout),
        RunMode::Daemon | RunMode::Check => daemon::run(&loaded.config, &options.config_file),
    }
}
