//! Says which version of Argus answers, and what an old one lacks. Never keeps anything waiting,
//! and never decides anything by a version: the program goes by what the server answers.

use crate::argus::about::lacks;
use crate::argus::client::Client;
use log::{debug, info, warn};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The time until Argus is asked again, if it did not answer.
const AGAIN: Duration = Duration::from_secs(60);

/// Asks Argus for its version until it answers or the client is closed. A single run asks once, and
/// says what is lacking only with `-v`: cron would mail it each time.
pub(super) fn announce(client: &Arc<Client>, is_single_run: bool) {
    let client = Arc::clone(client);
    let ask = move || {
        while !client.is_closed() {
            match client.server_version() {
                Ok(version) => return say(&version, is_single_run),
                Err(error) => debug!("the version of Argus is unknown: {error}"),
            }
            if is_single_run {
                return;
            }
            thread::sleep(AGAIN);
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
