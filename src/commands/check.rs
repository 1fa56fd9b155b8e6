//! `--check`: tries each thing that the program needs and prints what it found and what to do about
//! it. Never writes anything to either server, and goes on after a failure with whatever does not
//! depend on it.
//!
//! Each attempt is made in a thread of its own, so that neither a server that says nothing nor a
//! name look-up without an end keeps it from saying what is waited for, and from ending on a
//! signal.

mod argus;
mod metrics;
mod zino;

use super::parts;
use crate::config::{Config, ConfigError, Environment, Loaded};
use crate::exit::ExitCode;
use crate::failover::Answer;
use crate::failover::heartbeat::Pinger;
use crate::net::host_port::host_and_port;
use crate::reconcile::link::details_url;
use crate::reconcile::rules::Rules;
use crate::sanitise::sanitised_line;
use crate::zino::decode;
use crossbeam_channel::{Receiver, after, bounded, never, select};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The longest that a server is waited for where the configuration has no time-out of its own.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is not there after this time is said to be waited for.
const SILENCE: Duration = Duration::from_secs(1);

/// How much longer than its own time-outs an attempt may take before it is left to itself.
const SLACK: Duration = Duration::from_secs(2);

/// What is wrong, and how the program would end for it.
type Failure = (ExitCode, String);

/// Nothing more is to be tried.
struct Stopped;

/// What was tried so far.
struct Report<'a, W> {
    out: W,
    worst: ExitCode,
    signals: &'a Receiver<i32>,
}

/// Tries everything that a configuration names and prints a line for each; returns the exit code. A
/// signal ends it.
pub fn run(loaded: Result<(PathBuf, Loaded), ConfigError>, out: impl Write, signals: &Receiver<i32>) -> ExitCode {
    let mut report = Report { out, worst: ExitCode::Done, signals };
    let (file, loaded) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            for line in error.lines() {
                report.failed("configuration", (error.exit(), line.clone()));
            }
            return report.worst;
        }
    };
    report.print("ok", "configuration", &format!("{} can be used", sources(&file)));
    for warning in &loaded.warnings {
        report.print("warning", "configuration", warning);
    }
    for (key, meaning) in &loaded.differences {
        report.print("note", key, &format!("{meaning} (for who moves over from the Python program)"));
    }
    let config = &loaded.config;
    if let Some(filter) = config.filter.summary() {
        report.print("ok", "filter", &format!("incidents for cases {filter}"));
    }
    if let Some(link) = sample_link(config) {
        report.print("ok", "link", &format!("an incident's link looks like {link}"));
    }
    if let Some(states) = config.sync.acknowledge.visible() {
        report.print("ok", "states", &format!("a case in state {states} is acknowledged in Argus"));
    }
    let all = zino::check(&mut report, parts::login(config))
        .and_then(|()| argus::check(&mut report, config))
        .and_then(|()| primary(&mut report, config))
        .and_then(|()| metrics::check(&mut report, config));
    match all {
        Ok(()) => report.worst,
        Err(Stopped) => ExitCode::Partial,
    }
}

/// The link of a made-up case that has every value.
fn sample_link(config: &Config) -> Option<String> {
    let text = "id: 17\nrouter: gw1\ntype: portstate\nstate: open\nopened: 0\nport: ge-0/0/1\nifindex: 21\n\
                remote-addr: 2001:db8::1\nalarm-type: red";
    let lines: Vec<Vec<u8>> = text.lines().map(Into::into).collect();
    let sample = decode::case(&lines).ok()?;
    details_url(&sample, &Rules::from(config))
}

/// Where a configuration comes from, for people.
#[must_use]
pub fn sources(file: &Path) -> String {
    let variables = Environment::of_this_process().names();
    let with = variables.map(|names| format!(" with {names} of the environment")).unwrap_or_default();
    format!("{}{with}", file.display())
}

impl<W: Write> Report<'_, W> {
    /// Prints what came of an attempt.
    fn line(&mut self, what: &str, finding: Result<String, Failure>) {
        match finding {
            Ok(found) => self.print("ok", what, &found),
            Err(failure) => self.failed(what, failure),
        }
    }

    fn failed(&mut self, what: &str, (code, why): Failure) {
        self.worst = worse(self.worst, code);
        self.print("FAILED", what, &why);
    }

    /// A reader that went away is no reason to stop trying: the exit code is still wanted.
    fn print(&mut self, word: &str, what: &str, text: &str) {
        let _ =
            writeln!(self.out, "{word:<8}{what}: {}", sanitised_line(text, usize::MAX)).and_then(|()| self.out.flush());
    }

    /// Makes an attempt that is waited for so long, and says so if it takes its time. `address` is
    /// where it is made.
    fn attempt<T: Send + 'static>(
        &mut self,
        what: &str,
        address: &str,
        longest: Duration,
        attempt: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<Result<T, Failure>, Stopped> {
        let (outcome_sender, outcome_receiver) = bounded(1);
        let thread =
            thread::Builder::new().name("attempt".to_owned()).spawn(move || drop(outcome_sender.send(attempt())));
        if let Err(why) = thread {
            return Ok(Err((ExitCode::Internal, format!("cannot start a thread: {why}"))));
        }
        let over = after(longest + SLACK);
        let mut patience = after(SILENCE);
        loop {
            select! {
                recv(outcome_receiver) -> outcome => {
                    let lost = || Err((ExitCode::Internal, "internal error: the attempt broke off".to_owned()));
                    return Ok(outcome.unwrap_or_else(|_| lost()));
                }
                recv(self.signals) -> signal => {
                    let why = format!("stopped by signal {} before everything was tried", signal.unwrap_or_default());
                    self.print("FAILED", what, &why);
                    return Err(Stopped);
                }
                recv(patience) -> _ => {
                    patience = never();
                    self.print("wait", what, &format!("{address} has not answered yet; at most {} s", seconds(longest)));
                }
                recv(over) -> _ => {
                    let why = format!("{address}: no answer within {longest:?}");
                    return Ok(Err((ExitCode::Unavailable, why)));
                }
            }
        }
    }
}

/// Seconds as people write them.
fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64()).trim_end_matches(".0").to_owned()
}

/// What a person has to fix first: the configuration, then what refuses us, then what cannot be
/// reached.
fn worse(one: ExitCode, other: ExitCode) -> ExitCode {
    let rank = |code: ExitCode| match code {
        ExitCode::Config | ExitCode::Unread => 3,
        ExitCode::Refused => 2,
        ExitCode::Done => 0,
        _ => 1,
    };
    if rank(other) > rank(one) { other } else { one }
}

fn primary<W: Write>(report: &mut Report<'_, W>, config: &Config) -> Result<(), Stopped> {
    let Some(failover) = &config.failover else {
        return Ok(());
    };
    let address = host_and_port(&failover.primary_server.0, failover.primary_snmp_port.0);
    let mut pinger = Pinger::new(parts::target(failover));
    let there = address.clone();
    let ask = move || match pinger.ping() {
        Answer::Uptime(seconds) => Ok(format!("{there} answers: up for {seconds} s")),
        Answer::Silence(why) | Answer::Unasked(why) => {
            let advice =
                "is the primary's Zino running, and are primary_server, primary_snmp_port and snmp_community right?";
            let named = if why.starts_with(&there) { why } else { format!("{there}: {why}") };
            Err((ExitCode::Unavailable, format!("{named}; {advice}")))
        }
    };
    let what = "the primary's SNMP agent";
    let finding = report.attempt(what, &address, failover.ping_timeout.0, ask)?;
    report.line(what, finding);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_names_what_a_person_has_to_mend_first() {
        use ExitCode::{Config, Done, Refused, Unavailable};
        assert_eq!(worse(Done, Unavailable), Unavailable);
        assert_eq!(worse(Unavailable, Refused), Refused);
        assert_eq!(worse(Refused, Unavailable), Refused);
        assert_eq!(worse(Refused, Config), Config);
    }

    #[test]
    fn a_time_is_written_without_digits_that_say_nothing() {
        assert_eq!(seconds(Duration::from_secs(5)), "5");
        assert_eq!(seconds(Duration::from_millis(2500)), "2.5");
    }
}
