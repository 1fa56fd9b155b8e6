//! `--once`: one complete synchronisation in both directions, for cron. Runs the same threads as
//! the daemon until the engine says that it is done. Never decides anything about cases or
//! incidents.

mod primary;
mod progress_line;
mod rehearsal;

use super::parts::{self, PROMPT_END};
use super::token::Tokens;
use super::versions;
use crate::argus::ArgusServer;
use crate::argus::client::Client;
use crate::config::Config;
use crate::engine::{Engine, Hopeless, Once, RunEnd, Settings};
use crate::exit::ExitCode;
use crate::failover::Answer;
use crate::failover::heartbeat::Pinger;
use crate::log as logging;
use crate::log::queue::Weight;
use crate::net::host_port::host_and_port;
use crate::progress::Progress;
use crate::sanitise::sanitised_line;
use crate::service::board::Board;
use crate::service::notify::Notifier;
use crate::threads::End;
use crate::threads::generation::Generation;
use crate::threads::metrics_file;
use crossbeam_channel::{Receiver, at, bounded, never, select};
use log::{error, info, log_enabled, warn};
use primary::{Verdict, World};
use progress_line::ProgressLine;
use rehearsal::Rehearsal;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The longest that a run takes if nothing else is said.
const LONGEST: Duration = Duration::from_secs(600);
/// The engine says itself that the time is over; if it has not done so after this, it stands
/// still.
const SLACK: Duration = Duration::from_millis(500);
/// How much later than the end the last log lines may be written.
const LOG_SLACK: Duration = Duration::from_secs(1);

/// Synchronises once, or in a dry run says what that would write; returns the exit code. `timeout`
/// is counted from `began`, when the process did.
#[must_use]
pub fn run(config: &Config, timeout: Option<Duration>, dry: bool, began: Instant, signals: &Receiver<i32>) -> ExitCode {
    let rehearsal = match dry.then(Rehearsal::begin).transpose() {
        Ok(rehearsal) => rehearsal,
        Err(why) => {
            error!("cannot start a thread: {why}");
            return ExitCode::Internal;
        }
    };
    let board = Arc::new(Board::new(Arc::new(Progress::new(Instant::now()))));
    let code = synchronise(config, timeout, rehearsal.as_ref(), began, &board, signals);
    match (rehearsal, &config.metrics.file) {
        (Some(rehearsal), _) => rehearsal.end(),
        (None, Some(file)) => {
            board.end_run(code == ExitCode::Done);
            write_metrics(&file.0, board.text(), began + timeout.unwrap_or(LONGEST));
        }
        (None, None) => {}
    }
    code
}

/// Writes the metrics of this run, in a thread of its own: a file system that hangs must not keep
/// the run from its end.
fn write_metrics(file: &Path, text: String, until: Instant) {
    let (done_sender, done_receiver) = bounded(1);
    let name = file.to_owned();
    let write = move || drop(done_sender.send(metrics_file::write(&name, &text)));
    let started = thread::Builder::new().name("metrics file".to_owned()).spawn(write);
    let until = until.max(Instant::now() + LOG_SLACK);
    let written = started.map_err(|why| format!("cannot start a thread: {why}")).and_then(|_| {
        let late = |_| format!("{} cannot be written: it takes too long", file.display());
        done_receiver.recv_deadline(until).unwrap_or_else(|why| Err(late(why)))
    });
    if let Err(why) = written {
        warn!("metrics.file: {why}");
    }
}

fn synchronise(
    config: &Config,
    timeout: Option<Duration>,
    rehearsal: Option<&Rehearsal>,
    began: Instant,
    board: &Arc<Board>,
    signals: &Receiver<i32>,
) -> ExitCode {
    let client = match parts::begin(config) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let time = Time { longest: timeout.unwrap_or(LONGEST), began };
    match primary_lives(config, &time, signals) {
        Ok(false) => {}
        Ok(true) => return ExitCode::Done,
        Err(code) => return code,
    }
    let (progress_sender, progress_receiver) = bounded(1);
    let left = time.end().saturating_duration_since(Instant::now());
    logging::end_within(left.saturating_add(LOG_SLACK));
    let (notifier, progress) = (Arc::new(Notifier::from_environment()), Arc::clone(board.progress()));
    // The requests under way then may still finish within the time.
    let once = Once { longest: left.saturating_sub(parts::to_join(config).min(time.longest / 4)), given: time.longest };
    // Nothing of a single run can have lasted for any time.
    let grace = Duration::ZERO;
    let settings =
        Settings { once: Some(once), orphan_grace: grace, signs_of_life: false, ..parts::engine_settings(config) };
    let vitals = parts::vitals(&notifier, board);
    let mut plan = if rehearsal.is_some() {
        parts::dry_plan(config, client, Engine::new(Settings { renews_token: false, ..settings }), vitals)
    } else {
        parts::plan(config, client, &mut Tokens::default(), Engine::new(settings), vitals)
    };
    versions::announce(&plan.client, true);
    // The answer of the primary is known already.
    plan.heartbeat = None;
    plan.poller.is_single_run = true;
    plan.progress_sender = Some(progress_sender);
    match Generation::start(plan, &progress) {
        Ok(generation) => {
            let code = wait(&time, signals, generation.ends(), progress_receiver, rehearsal);
            let mut threads = generation.stop();
            threads.wait(time.end().min(Instant::now() + parts::to_join(config)), &never::<()>());
            drop(threads.join());
            code
        }
        Err(why) => {
            error!("cannot start a thread: {why}");
            ExitCode::Internal
        }
    }
}

/// The time that a run has.
struct Time {
    longest: Duration,
    began: Instant,
}

impl Time {
    fn end(&self) -> Instant {
        self.began + self.longest
    }

    /// For messages.
    fn words(&self) -> String {
        format!("{} s, --timeout", self.longest.as_secs_f64())
    }
}

/// Whether this is a secondary with nothing to do. The primary is asked as often as the daemon
/// would before it took over.
fn primary_lives(config: &Config, time: &Time, signals: &Receiver<i32>) -> Result<bool, ExitCode> {
    let Some(failover) = &config.failover else {
        return Ok(false);
    };
    let client = parts::client(config).map_err(|why| {
        error!("{why}");
        ExitCode::Config
    })?;
    let (verdict_sender, verdict_receiver) = bounded(1);
    let (server, times, interval) = (&failover.primary_server.0, failover.threshold.0, failover.ping_interval.0);
    let mut world = Servers { start: Instant::now(), pinger: Pinger::new(parts::target(failover)), client };
    // In a thread of its own: a signal is not to wait for an answer.
    let ask = move || drop(verdict_sender.send(primary::ask(&mut world, times, interval)));
    if let Err(why) = thread::Builder::new().name("heartbeat".to_owned()).spawn(ask) {
        error!("cannot start a thread: {why}");
        return Err(ExitCode::Internal);
    }
    let verdict = select! {
        recv(signals) -> signal => return Err(stopped(signal.unwrap_or_default())),
        recv(verdict_receiver) -> verdict => verdict.unwrap_or_else(|_| Verdict::Unasked("the question was given up".to_owned())),
        recv(at(time.end())) -> _ => {
            let address = host_and_port(server, failover.primary_snmp_port.0);
            error!(
                "nothing was synchronised: the primary {address} had not answered when the time was over ({}); to act in its \
                 place takes {times} questions without an answer, one each {} s (failover.threshold, failover.ping_interval)",
                time.words(),
                interval.max(failover.ping_timeout.0).as_secs_f64()
            );
            return Err(ExitCode::Unavailable);
        }
    };
    match verdict {
        Verdict::Lives(seconds) => {
            say(&format!("the primary {server} lives (up for {seconds} s): nothing to do here"));
            Ok(true)
        }
        Verdict::Silent(why) => {
            warn!("the primary {server} did not answer {times} times (last: {why}): acting in its place");
            Ok(false)
        }
        Verdict::Unasked(why) => {
            error!("the primary {server} cannot be asked whether it lives ({why}); nothing was synchronised");
            Err(ExitCode::Unavailable)
        }
        Verdict::CutOff(why, argus) => {
            error!(
                "the primary {server} does not answer ({why}), and Argus {argus}: this host may be cut off itself; nothing \
                 was synchronised"
            );
            Err(ExitCode::Unavailable)
        }
    }
}

/// The real servers.
struct Servers {
    start: Instant,
    pinger: Pinger,
    client: Client,
}

impl World for Servers {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn ping(&mut self) -> Answer {
        self.pinger.ping()
    }

    fn reach(&mut self) -> Result<(), String> {
        self.client.reach().map_err(|error| error.to_string())
    }

    fn pause(&mut self, time: Duration) {
        thread::sleep(time);
    }
}

fn stopped(signal: i32) -> ExitCode {
    logging::end_within(PROMPT_END);
    error!("stopped by signal {signal} before everything was synchronised; run it again");
    ExitCode::Partial
}

fn wait(
    time: &Time,
    signals: &Receiver<i32>,
    ends: &Receiver<End>,
    mut progress: Receiver<usize>,
    rehearsal: Option<&Rehearsal>,
) -> ExitCode {
    let mut line = ProgressLine::new();
    let over = at(time.end() + SLACK);
    loop {
        select! {
            recv(over) -> _ => {
                line.clear();
                error!("not synchronised: the time was over ({})", time.words());
                return ExitCode::Partial;
            }
            recv(signals) -> signal => {
                line.clear();
                return stopped(signal.unwrap_or_default());
            }
            recv(progress) -> waiting => {
                match waiting {
                    Ok(waiting) => line.show(waiting),
                    // The engine has ended, and `ends` says so.
                    Err(_) => progress = never(),
                }
            }
            recv(ends) -> end => {
                line.clear();
                return match end {
                    Ok(End::Finished(end)) => finish(&end, rehearsal),
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

fn finish(end: &RunEnd, rehearsal: Option<&Rehearsal>) -> ExitCode {
    if let Some(hopeless) = &end.hopeless {
        let (Hopeless::Unreachable(why) | Hopeless::Refused(why)) = hopeless;
        error!("nothing was synchronised: {why}");
        return match hopeless {
            Hopeless::Unreachable(_) => ExitCode::Unavailable,
            Hopeless::Refused(_) => ExitCode::Refused,
        };
    }
    for what in &end.failed {
        error!("not synchronised: {what}");
    }
    match rehearsal {
        Some(rehearsal) => rehearsal.say(&summary(end)),
        None => say(&summary(end)),
    }
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
        logging::print(&format!("{}\n", sanitised_line(text, usize::MAX)), Weight::Important);
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
