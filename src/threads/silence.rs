//! Detects a server that lets one of our threads wait, from the last sign of life of the threads
//! that talk to it. Never ends a wait.

use super::{POLLER, WRITER};
use crate::engine::Server;
use crate::progress::Progress;
use std::time::Duration;

/// A server that has not answered for this long is worth a word.
const SILENCE: Duration = Duration::from_secs(5);
/// How often to look.
pub const GLANCE: Duration = Duration::from_secs(1);

/// What was found at the last look.
#[derive(Debug, Default)]
pub struct Silence {
    zino: bool,
    argus: bool,
}

impl Silence {
    /// What has changed since the last look, at a time counted from the start: a server has not
    /// answered for so long, or (`None`) it no longer lets us wait. `is_idle` says whether every
    /// message of the threads is processed: a thread that no longer waits may have sent the reason.
    pub fn look(
        &mut self,
        now: Duration,
        progress: &Progress,
        is_idle: impl Fn() -> bool,
    ) -> Vec<(Server, Option<Duration>)> {
        let mut changes = Vec::new();
        for (server, thread, was) in [(Server::Zino, POLLER, &mut self.zino), (Server::Argus, WRITER, &mut self.argus)]
        {
            let silent = progress.busy(thread, now).filter(|time| *time >= SILENCE);
            if silent.is_some() != *was && (silent.is_some() || is_idle()) {
                *was = silent.is_some();
                changes.push((server, silent));
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress;
    use std::time::Instant;

    #[test]
    fn a_wait_is_reported_once_and_so_is_its_end() {
        let progress = Progress::new(Instant::now());
        let (mut silence, secs) = (Silence::default(), Duration::from_secs);
        let _watched = progress.watch(POLLER, secs(300));
        let later = |by| progress.start().elapsed() + by;
        assert_eq!(silence.look(later(secs(1)), &progress, || true), []);
        let found = silence.look(later(secs(6)), &progress, || true);
        assert!(matches!(found[..], [(Server::Zino, Some(time))] if time >= secs(5)), "{found:?}");
        assert_eq!(silence.look(later(secs(7)), &progress, || true), []);
        progress::rest();
        assert_eq!(silence.look(later(secs(8)), &progress, || false), [], "its message is processed first");
        assert_eq!(silence.look(later(secs(9)), &progress, || true), [(Server::Zino, None)]);
    }
}
