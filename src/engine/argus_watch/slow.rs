//! What is said of an Argus whose newest events take long, in the log and by `--check`. Never asks
//! for them.

use super::cost;
use std::time::Duration;

/// What the program does instead.
const INSTEAD: &str = "lists of what people closed, acknowledged or gave a ticket";
/// What the administrator of Argus can do.
const ADVICE: &str = "an index in Argus' database makes them quick: CREATE INDEX CONCURRENTLY argus_event_by_time \
    ON argus_incident_event (\"timestamp\" DESC)";

/// They take so long that they are read every so many seconds only.
pub(super) fn costs(took: Duration, every: u64) -> String {
    let took = took.as_millis();
    format!(
        "the newest events in Argus take {took} ms: they are read every {every} s, and in between what people closed or \
         gave a ticket is listed; {ADVICE}"
    )
}

/// There is no answer within this time.
#[must_use]
pub fn cannot_be_had(within: Duration) -> String {
    let within = within.as_secs_f32();
    format!("Argus does not list its newest events within {within:.1} s: going on with {INSTEAD}; {ADVICE}")
}

/// What there is to say of newest events that took so long, where they are to be read so often;
/// nothing, where that is no burden.
#[must_use]
pub fn is_costly(took: Duration, refresh_interval: Duration) -> Option<String> {
    let every = cost::interval(took);
    (every > refresh_interval).then(|| costs(took, every.as_secs()))
}
