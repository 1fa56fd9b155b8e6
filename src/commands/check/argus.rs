//! What `--check` tries of Argus: the token, whose it is, and a list of incidents. Never writes
//! anything.

use super::{Failure, PATIENCE, Report, Stopped};
use crate::argus::about::{Owner, lacks};
use crate::argus::client::Client;
use crate::argus::models::ListQuery;
use crate::argus::{ArgusError, ArgusServer};
use crate::commands::parts;
use crate::config::Config;
use crate::engine::{cannot_be_had, is_costly};
use crate::exit::ExitCode;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

/// How many incidents are read.
const PAGE: usize = 100;

/// How many of the newest events are read, as the program does it.
const EVENTS: usize = 25;

/// What the question for them is called.
const EVENTS_CALLED: &str = "Argus' events";

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

    let asked = Arc::clone(&client);
    let list = move || asked.list(&ListQuery::Open, None, PAGE).map_err(|error| failure(&error));
    let listed = report.attempt("Argus' incidents", url, timeout, list)?.map(|page| {
        let more = if page.more { "at least " } else { "" };
        format!("{more}{} are open", page.items.len())
    });
    report.line("Argus' incidents", listed);
    events(report, config, client)
}

/// How long the newest events take, which the program reads in every refresh if it can.
fn events<W: Write>(report: &mut Report<'_, W>, config: &Config, client: Arc<Client>) -> Result<(), Stopped> {
    let (url, timeout) = (config.argus.url.as_str(), config.argus.timeout.0);
    let began = Instant::now();
    let newest = move || Ok(client.newest_events(EVENTS, 1).map(drop));
    let read = report.attempt(EVENTS_CALLED, url, timeout, newest)?;
    let took = began.elapsed();
    match read {
        Ok(Ok(())) => {
            report.line(EVENTS_CALLED, Ok(format!("the newest were read in {} ms", took.as_millis())));
            let slow = is_costly(took, config.sync.refresh_interval.0);
            slow.iter().for_each(|slow| report.print("warning", EVENTS_CALLED, slow));
        }
        Ok(Err(error)) if error.is_late() => report.print("warning", EVENTS_CALLED, &cannot_be_had(took)),
        Ok(Err(error)) => report.failed(EVENTS_CALLED, failure(&error)),
        Err(why) => report.failed(EVENTS_CALLED, why),
    }
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
