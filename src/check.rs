//! `--check`: tries each thing that the program needs and prints what it found and what to do about it. Never writes anything to
//! either server, and goes on after a failure with whatever does not depend on it.

use crate::argus::models::ListQuery;
use crate::argus::{ArgusError, ArgusServer};
use crate::config::{Config, ConfigError, Loaded};
use crate::daemon::parts;
use crate::exit::ExitCode;
use crate::heartbeat::Pinger;
use crate::shown::shown;
use crate::zino::notify::Notifications;
use crate::zino::session::{Login, Session};
use crate::zino::{ZinoError, ZinoServer};
use std::io::Write;
use std::path::Path;

/// How much of what a server says of itself is shown.
const MOST: usize = 200;

/// How many incidents are read.
const PAGE: usize = 100;

/// One thing that was tried: what was found, or what is wrong and how the program would end for it.
type Finding = Result<String, (ExitCode, String)>;

/// What was tried so far.
struct Report<W> {
    out: W,
    worst: ExitCode,
}

/// Tries everything that a configuration names and prints a line for each; returns the exit code.
pub fn run(file: &Path, loaded: Result<Loaded, ConfigError>, out: impl Write) -> ExitCode {
    let mut report = Report { out, worst: ExitCode::Done };
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            for line in error.lines() {
                report.line("configuration", Err((ExitCode::Config, line.clone())));
            }
            return report.worst;
        }
    };
    report.line("configuration", Ok(format!("{} can be used", file.display())));
    for warning in &loaded.warnings {
        report.print("warning", "configuration", warning);
    }
    zino(&mut report, &parts::login(&loaded.config));
    argus(&mut report, &loaded.config);
    primary(&mut report, &loaded.config);
    report.worst
}

impl<W: Write> Report<W> {
    fn line(&mut self, what: &str, finding: Finding) -> bool {
        let well = finding.is_ok();
        match finding {
            Ok(found) => self.print("ok", what, &found),
            Err((code, why)) => {
                self.worst = worse(self.worst, code);
                self.print("FAILED", what, &why);
            }
        }
        well
    }

    /// A reader that went away is no reason to stop trying: the exit code is still wanted.
    fn print(&mut self, word: &str, what: &str, text: &str) {
        let _ = writeln!(self.out, "{word:<8}{what}: {}", shown(text, usize::MAX));
    }
}

/// What a person has to mend first: the configuration, then what refuses us, then what cannot be reached.
fn worse(one: ExitCode, other: ExitCode) -> ExitCode {
    let rank = |code: ExitCode| match code {
        ExitCode::Config => 3,
        ExitCode::Refused => 2,
        ExitCode::Done => 0,
        _ => 1,
    };
    if rank(other) > rank(one) { other } else { one }
}

fn zino<W: Write>(report: &mut Report<W>, login: &Login) {
    let (server, user) = (&login.server, &login.user);
    let session = Session::connect(login).map_err(|error| zino_trouble(&error, server, login.port));
    let mut session = match session {
        Ok(session) => session,
        Err(trouble) => {
            report.line("Zino", Err(trouble));
            return;
        }
    };
    let version = session.version().map_or_else(|_| "it does not tell its version".to_owned(), |v| shown(&v, MOST));
    report.line("Zino", Ok(format!("{server}:{}: {version}; user {user} is accepted", login.port)));
    let tied = Notifications::connect(login).and_then(|(_, nonce)| session.tie(&nonce));
    let tied = tied.map(|()| format!("{server}:{}: tied", login.notify_port));
    report.line("Zino's notifications", tied.map_err(|error| notify_trouble(&error, server, login.notify_port)));
    let listed = session.case_ids().map(|ids| format!("{} are not closed", ids.len()));
    report.line("Zino's cases", listed.map_err(|error| zino_trouble(&error, server, login.port)));
}

fn zino_trouble(error: &ZinoError, server: &str, port: u16) -> (ExitCode, String) {
    match error {
        ZinoError::Login(why) => (
            ExitCode::Refused,
            format!(
                "{server}:{port} refuses us ({why}): check zino.user and zino.secret; Zino has them in its secrets file"
            ),
        ),
        other => (
            ExitCode::Unavailable,
            format!("{server}:{port}: {other}; is Zino running, and are zino.server and zino.port right?"),
        ),
    }
}

fn notify_trouble(error: &ZinoError, server: &str, port: u16) -> (ExitCode, String) {
    let why = format!("{server}:{port}: {error}; is zino.notify_port right, and does a firewall let it through?");
    (ExitCode::Unavailable, why)
}

fn argus<W: Write>(report: &mut Report<W>, config: &Config) {
    let client = match parts::client(config) {
        Ok(client) => client,
        Err(why) => {
            report.line("Argus", Err((ExitCode::Config, why)));
            return;
        }
    };
    let version = client.server_version().map_or_else(|_| String::new(), |version| format!(" (Argus {version})"));
    let user = match client.user_name() {
        Ok(user) => user,
        Err(error) => {
            report.line("Argus", Err(argus_trouble(&error)));
            return;
        }
    };
    report.line("Argus", Ok(format!("{}{version}; the token of user {user} is accepted", config.argus.url)));
    let source = client.source_system(&user).map_err(|error| argus_trouble(&error)).and_then(|found| {
        found.ok_or_else(|| {
            let why = format!("user {user} is not that of a source system: make the token for the user of one");
            (ExitCode::Refused, why)
        })
    });
    let source = source.map(|(name, kind)| format!("the token belongs to {name} of type {kind}"));
    report.line("Argus' source system", source);
    let listed = client.list(&ListQuery::Open, None, PAGE).map(|page| {
        let more = if page.more { "at least " } else { "" };
        format!("{more}{} are open", page.items.len())
    });
    report.line("Argus' incidents", listed.map_err(|error| argus_trouble(&error)));
}

fn argus_trouble(error: &ArgusError) -> (ExitCode, String) {
    match error {
        ArgusError::Unauthorized(_) => (
            ExitCode::Refused,
            format!("{error}; Argus deletes a token 14 days after it was made: make a new one for the source system"),
        ),
        ArgusError::Request { .. } => (ExitCode::Refused, format!("{error}; may this user do that in Argus?")),
        _ => (ExitCode::Unavailable, format!("{error}; is Argus running, and is argus.url the address of its API?")),
    }
}

fn primary<W: Write>(report: &mut Report<W>, config: &Config) {
    let Some(failover) = &config.failover else {
        return;
    };
    let place = format!("{}:{}", failover.primary_server, failover.primary_snmp_port);
    let answer = Pinger::new(parts::target(failover)).ping();
    let finding = answer.map(|seconds| format!("{place} answers: up for {seconds} s")).map_err(|why| {
        let advice =
            "is the primary's Zino running, and are primary_server, primary_snmp_port and snmp_community right?";
        (ExitCode::Unavailable, format!("{place}: {why}; {advice}"))
    });
    report.line("the primary's SNMP agent", finding);
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
}
