//! What `--check` tries of Argus: the token, whose it is, and a list of incidents. Never writes
//! anything.

use super::{Failure, PATIENCE, Report, Stopped};
use crate::argus::about::{Owner, lacks};
use crate::argus::models::ListQuery;
use crate::argus::{ArgusError, ArgusServer};
use crate::commands::parts;
use crate::config::Config;
use crate::exit::ExitCode;
use std::io::Write;
use std::sync::Arc;

/// How many incidents are read.
const PAGE: usize = 100;

/// What the question is called whose the token is.
const SOURCE: &str = "Argus' source system";

/// Tries Argus.
pub(super) fn check<W: Write>(report: &mut Report<'_, W>, config: &Config) -> Result<(), Stopped> {
    let client = match parts::client(config) {
        Ok(client) => Arc::new(client),
        Err(why) => {
            report.failed("Argus", (ExitCode::Config, why));
            return Ok(());
        }
    };
    let (url, timeout) = (config.argus.url.as_str(), config.argus.timeout.0);
    if let Some(way) = client.proxy() {
        report.line("proxy", Ok(format!("Argus is reached {way}")));
    }

    let asked = Arc::clone(&client);
    let mut lacking = None;
    let version = match report.attempt("Argus", url, timeout, move || Ok(asked.server_version()))? {
        Ok(Ok(version)) => {
            lacking = lacks(&version);
            format!(" (Argus {version})")
        }
        // It answers, and the next question brings the reason to light if there is one.
        Ok(Err(error)) if answers(&error) => String::new(),
        Ok(Err(error)) => {
            report.failed("Argus", failure(&error));
            return Ok(());
        }
        Err(wrong) => {
            report.failed("Argus", wrong);
            return Ok(());
        }
    };

    let asked = Arc::clone(&client);
    let name = move || asked.user_name().map_err(|error| failure(&error));
    let user = match report.attempt("Argus", url, timeout, name)? {
        Ok(user) => user,
        Err(wrong) => {
            report.failed("Argus", wrong);
            return Ok(());
        }
    };
    report.line("Argus", Ok(format!("{url}{version}; the token of user {user} is accepted")));
    lacking.iter().for_each(|lacking| report.print("warning", "Argus", lacking));

    let (asked, name) = (Arc::clone(&client), user.clone());
    let search = move || asked.source_system(&name).map_err(|error| failure(&error));
    match report.attempt(SOURCE, url, timeout.max(PATIENCE), search)? {
        Ok(owner) => source(report, &user, owner),
        Err(wrong) => report.failed(SOURCE, wrong),
    }

    let list = move || client.list(&ListQuery::Open, None, PAGE).map_err(|error| failure(&error));
    let listed = report.attempt("Argus' incidents", url, timeout, list)?.map(|page| {
        let more = if page.more { "at least " } else { "" };
        format!("{more}{} are open", page.items.len())
    });
    report.line("Argus' incidents", listed);
    Ok(())
}

/// Whom the token belongs to.
fn source<W: Write>(report: &mut Report<'_, W>, user: &str, owner: Owner) {
    match owner {
        Owner::Source { name, kind } => {
            report.line(SOURCE, Ok(format!("the token belongs to {name} of type {kind}")));
        }
        Owner::Nobody => {
            let why = format!("user {user} is not that of a source system: make the token for the user of one");
            report.failed(SOURCE, (ExitCode::Refused, why));
        }
        Owner::Unknown(sources) => report.print(
            "unknown",
            SOURCE,
            &format!(
                "cannot tell whether user {user} is that of a source system: it has no incident yet, Argus has {sources} \
                 source systems, and none that is called alike is this user's"
            ),
        ),
    }
}

/// Whether it was the server that said something.
fn answers(error: &ArgusError) -> bool {
    !matches!(error, ArgusError::Refused(_) | ArgusError::Unknown { status: None, .. })
}

fn failure(error: &ArgusError) -> Failure {
    match error {
        ArgusError::Unauthorized(_) => (
            ExitCode::Refused,
            format!("{error}; Argus deletes a token 14 days after it was made: make a new one for the source system"),
        ),
        ArgusError::Request { status: 403, .. } => {
            (ExitCode::Refused, format!("{error}; may this user do that in Argus?"))
        }
        _ => (ExitCode::Unavailable, error.to_string()),
    }
}
