//! What `--check` tries of Zino: the login, the notification channel, the list of cases. Never
//! reads a case.

use super::{Failure, PATIENCE, Report, Stopped};
use crate::exit::ExitCode;
use crate::net::host_port::host_and_port;
use crate::zino::notify::Notifications;
use crate::zino::session::{Login, Session};
use crate::zino::{Timeouts, ZinoError, ZinoServer};
use std::io::Write;

/// Tries Zino.
pub(super) fn check<W: Write>(report: &mut Report<'_, W>, login: Login) -> Result<(), Stopped> {
    let timeouts = Timeouts { connect: PATIENCE, stall: PATIENCE, write: PATIENCE, ..Timeouts::default() };
    let (commands, notifications) =
        (host_and_port(&login.server, login.port), host_and_port(&login.server, login.notify_port));
    let user = login.user.clone();

    let own = login.clone();
    let attempt = move || {
        let mut session = Session::connect_within(&own, &timeouts).map_err(failure)?;
        let version = session.version();
        Ok((session, version))
    };
    let mut session = match report.attempt("Zino", &commands, PATIENCE, attempt)? {
        Ok((session, version)) => {
            report.line("Zino", Ok(format!("{commands}: {version}; user {user} is accepted")));
            session
        }
        Err(wrong) => {
            report.failed("Zino", wrong);
            return Ok(());
        }
    };

    let there = commands.clone();
    let attempt = move || {
        let tied = session
            .notify_address(login.notify_port)
            .and_then(|address| Notifications::connect_within(&login, address, &timeouts))
            .and_then(|(_channel, nonce)| session.tie(&nonce).map_err(|error| error.at(&there)));
        Ok((session, tied))
    };
    match report.attempt("Zino's notifications", &notifications, PATIENCE, attempt)? {
        Ok((same, tied)) => {
            let finding = tied.map(|()| format!("{notifications}: tied")).map_err(failure);
            report.line("Zino's notifications", finding);
            session = same;
        }
        Err(wrong) => {
            report.failed("Zino's notifications", wrong);
            return Ok(());
        }
    }

    let there = commands.clone();
    let attempt = move || {
        let ids = session.case_ids().map_err(|error| failure(error.at(&there)))?;
        Ok(format!("{} are not closed", ids.len()))
    };
    let listed = report.attempt("Zino's cases", &commands, PATIENCE, attempt)?;
    report.line("Zino's cases", listed);
    Ok(())
}

fn failure(error: ZinoError) -> Failure {
    match error {
        ZinoError::Login(why) => (
            ExitCode::Refused,
            format!("it refuses us ({why}): check zino.user and zino.secret; Zino has them in its secrets file"),
        ),
        other => (ExitCode::Unavailable, other.to_string()),
    }
}
