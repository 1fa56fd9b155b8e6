//! `--once`: one complete synchronisation in both directions, for cron. Runs the same threads as the daemon until the machine says
//! that it is done. Never decides anything about cases or incidents.

use crate::config::Config;
use crate::daemon::parts::{self, Parts, SingleRun};
use crate::daemon::{PROMPT_END, exit_on_panic, signals};
use crate::exit::ExitCode;
use crate::heartbeat::Pinger;
use crate::logging;
use crate::machine::{Hopeless, Once, RunEnd};
use crate::outlet::Weight;
use crate::pulse::Progress;
use crate::systemd::Notifier;
use crate::threads::{ENDS, End};
use crossbeam_channel::{Receiver, bounded, never, select};
use log::{error, info, log_enabled, warn};
use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The longest that a run takes if nothing else is said.
const LONGEST: Duration = Duration::from_secs(600);
/// How much later than that its last log lines may be written.
const SLACK: Duration = Duration::from_secs(1);
/// How often the progress line is written anew.
const REDRAW: Duration = Duration::from_millis(200);
/// Clears the line of a terminal.
const EMPTY_LINE: &str = "\r\x1b[K";

/// Synchronises once, for at most `timeout`; returns the exit code.
#[must_use]
pub fn run(config: &Config, timeout: Option<Duration>) -> ExitCode {
    exit_on_panic();
    let client = match parts::client(config) {
        Ok(client) => client,
        Err(why) => {
            error!("{why}");
            return ExitCode::Config;
        }
    };
    let signals = match signals(ExitCode::Partial) {
        Ok(signals) => signals,
        Err(why) => {
            error!("cannot wait for signals: {why}");
            return ExitCode::Internal;
        }
    };
    match primary_lives(config, &signals) {
        Ok(false) => {}
        Ok(true) => return ExitCode::Done,
        Err(code) => return code,
    }
    let (end, ends) = bounded(ENDS);
    let (progress, waiting) = bounded(1);
    let longest = timeout.unwrap_or(LONGEST);
    logging::end_within(longest.saturating_add(SLACK));
    let run = SingleRun { once: Once { longest }, progress };
    let (notifier, pulses) = (Arc::new(Notifier::from_environment()), Arc::new(Progress::new(Instant::now())));
    match Parts::start(config, client, &notifier, &pulses, end, Some(run)) {
        Ok(parts) => {
            let code = wait(&signals, &ends, waiting);
            parts.stop();
            code
        }
        Err(why) => {
            error!("cannot start a thread: {why}");
            ExitCode::Internal
        }
    }
}

/// Whether this is a secondary with nothing to do. The primary is asked as often as the daemon would before it took over.
fn primary_lives(config: &Config, signals: &Receiver<i32>) -> Result<bool, ExitCode> {
    let Some(failover) = &config.failover else {
        return Ok(false);
    };
    let (tell, told) = bounded(1);
    let (server, times, interval) = (&failover.primary_server, failover.threshold, failover.ping_interval);
    let mut pinger = Pinger::new(parts::target(failover));
    // In a thread of its own: a signal is not to wait for an answer.
    let ask = move || drop(tell.send(pinger.any_answer(times, interval)));
    if let Err(why) = thread::Builder::new().name("heartbeat".to_owned()).spawn(ask) {
        error!("cannot start a thread: {why}");
        return Err(ExitCode::Internal);
    }
    let answer = select! {
        recv(signals) -> signal => return Err(stopped(signal.unwrap_or_default())),
        recv(told) -> answer => answer.unwrap_or_else(|_| Err("the question was given up".to_owned())),
    };
    match answer {
        Ok(seconds) => {
            say(&format!("the primary {server} lives (up for {seconds} s): nothing to do here"));
            Ok(true)
        }
        Err(why) => {
            warn!("the primary {server} did not answer {times} times (last: {why}): acting in its place");
            Ok(false)
        }
    }
}

fn stopped(signal: i32) -> ExitCode {
    logging::end_within(PROMPT_END);
    error!("stopped by signal {signal} before everything was synchronised; run it again");
    ExitCode::Partial
}

fn wait(signals: &Receiver<i32>, ends: &Receiver<End>, mut progress: Receiver<usize>) -> ExitCode {
    let mut line = ProgressLine::new();
    loop {
        select! {
            recv(signals) -> signal => {
                line.clear();
                return stopped(signal.unwrap_or_default());
            }
            recv(progress) -> waiting => {
                match waiting {
                    Ok(waiting) => line.show(waiting),
                    // The machine has ended, and `ends` says so.
                    Err(_) => progress = never(),
                }
            }
            recv(ends) -> end => {
                line.clear();
                return match end {
                    Ok(End::Finished(end)) => finish(&end),
                    Ok(End::Refused(why)) => {
                        error!("{why}");
                        ExitCode::Refused
                    }
                    _ => {
                        error!("internal error: a thread has ended");
                        ExitCode::Internal
                    }
                };
            }
        }
    }
}

fn finish(end: &RunEnd) -> ExitCode {
    if let Some(hopeless) = &end.hopeless {
        let (Hopeless::Unreachable(why) | Hopeless::Refused(why)) = hopeless;
        error!("{why}; nothing was synchronised");
        return match hopeless {
            Hopeless::Unreachable(_) => ExitCode::Unavailable,
            Hopeless::Refused(_) => ExitCode::Refused,
        };
    }
    for what in &end.failed {
        error!("not synchronised: {what}");
    }
    say(&summary(end));
    if end.failed.is_empty() { ExitCode::Done } else { ExitCode::Partial }
}

fn summary(end: &RunEnd) -> String {
    format!(
        "created {}, updated {}, closed {}, to Zino {}, unchanged {}, failed {}",
        end.created,
        end.updated,
        end.closed,
        end.to_zino,
        end.unchanged,
        end.failed.len()
    )
}

/// For a person who looks on, or who asked with `-v`: cron stays silent about what went well.
fn say(text: &str) {
    if log_enabled!(log::Level::Info) {
        info!("{text}");
    } else if stderr().is_terminal() {
        logging::print(&format!("{text}\n"), Weight::Important);
    }
}

/// What waits, on one line of a terminal that is written over and over. Nothing where there is no terminal, or where the log
/// tells everything anyway.
struct ProgressLine {
    wanted: bool,
    shown: bool,
    most: usize,
    next: Instant,
}

impl ProgressLine {
    fn new() -> Self {
        let wanted = stderr().is_terminal() && !log_enabled!(log::Level::Info);
        Self { wanted, shown: false, most: 0, next: Instant::now() + REDRAW }
    }

    fn show(&mut self, waiting: usize) {
        self.most = self.most.max(waiting);
        if self.wanted && self.most > 0 && Instant::now() >= self.next {
            self.next = Instant::now() + REDRAW;
            self.shown = true;
            let done = self.most.saturating_sub(waiting);
            logging::print(&format!("{EMPTY_LINE}{done} of {} problems", self.most), Weight::Passing);
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            logging::print(EMPTY_LINE, Weight::Important);
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_one_line_that_a_script_can_read() {
        let end = RunEnd { created: 12, updated: 3, closed: 5, to_zino: 2, unchanged: 230, ..RunEnd::default() };
        assert_eq!(summary(&end), "created 12, updated 3, closed 5, to Zino 2, unchanged 230, failed 0");
    }
}
