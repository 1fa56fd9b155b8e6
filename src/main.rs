//! The process: start-up, signals, exit codes. Never decides anything about cases or incidents.

use std::io::Write;
use zinoargus::check;
use zinoargus::cli::{self, Command, Options, RunMode, UsageError};
use zinoargus::config::{self, ConfigError};
use zinoargus::daemon;
use zinoargus::exit::ExitCode;
use zinoargus::logging;
use zinoargus::once;

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
    code.into()
}

/// Prints what was asked for. A reader that went away (`| head`) is no reason to fail.
fn print(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::Done
}

fn start(options: &Options) -> ExitCode {
    logging::start(options.verbosity);
    if options.mode == RunMode::Check {
        let file = &options.config_file;
        return check::run(file, config::load(file), std::io::stdout());
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
