//! Says which version of Argus answers, and what an old one lacks. Never keeps anything waiting,
//! and never decides anything by a version: the program goes by what the server answers.

use crate::argus::about::lacks;
use crate::argus::client::Client;
use log::{Level, debug, info, log_enabled, warn};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The time until Argus is asked again, if it did not answer.
const AGAIN: Duration = Duration::from_secs(60);
/// How often it is asked: something on the way may never let the question through.
const TRIES: usize = 60;

/// Asks Argus for its version until it answers or the client is closed, for an hour at the most. A
/// single run asks once, and says what is lacking only with `-v`: cron would mail it each time.
pub(super) fn announce(client: &Arc<Client>, is_single_run: bool) {
    if is_single_run && !log_enabled!(Level::Info) {
        return;
    }
    let client = Arc::clone(client);
    let tries = if is_single_run { 1 } else { TRIES };
    let ask = move || {
        for _ in 0..tries {
            if client.is_closed() {
                return;
            }
            match client.server_version() {
                Ok(version) => return say(&version, is_single_run),
                Err(error) => debug!("the version of Argus is unknown: {error}"),
            }
            if !is_single_run {
                thread::sleep(AGAIN);
            }
        }
    };
    if let Err(why) = thread::Builder::new().name("version".to_owned()).spawn(ask) {
        debug!("cannot start a thread: {why}");
    }
}

fn say(version: &str, is_single_run: bool) {
    info!("Argus is version {version}");
    match lacks(version) {
        Some(lacking) if is_single_run => info!("{lacking}"),
        Some(lacking) => warn!("{lacking}"),
        None => {}
    }
}
