//! What the engine thread hands out between two turns: to the service manager ready, the status
//! line, and that all threads are alive; to the board what people outside look at. Never decides
//! anything about cases; where nobody looks it does nothing.
//!
//! READY=1 does not wait for servers that are down. `systemctl start` at three in the morning would
//! hang until `TimeoutStartSec` and then call a program a failure that does what it should, which
//! is to wait for them; and a boot would hang with it. So the start is over when both servers have
//! had their first word, good or bad, or in STANDBY the primary had, and at the latest after
//! [`LONGEST_START`]. What is missing stands in the log and in the status line. Only what cannot
//! get better by waiting, a secret or token that is refused for ten seconds (exit 77) or
//! configuration (78), is a failed start.

use crate::engine::{Engine, Summary};
use crate::progress::Progress;
use crate::service::board::Board;
use crate::service::notify::Notifier;
use crate::service::status;
use log::error;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest that servers which neither answer nor refuse hold up the start; well below systemd's
/// own patience (90 s).
pub const LONGEST_START: Duration = Duration::from_secs(30);
/// How often the status line may change.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// What was sent until now, and what is to be sent when.
#[derive(Debug)]
pub struct Vitals {
    notifier: Arc<Notifier>,
    progress: Arc<Progress>,
    board: Arc<Board>,
    /// Before that the board is left alone.
    board_at: Duration,
    /// Something may have changed since the board was written.
    is_board_stale: bool,
    /// How often the watchdog is fed: twice as often as systemd wants.
    feed_every: Option<Duration>,
    feed_at: Duration,
    /// The threads that stand still, as logged.
    stuck: BTreeSet<String>,
    ready: bool,
    status: String,
    /// Before that the status line is left alone.
    status_at: Duration,
    /// Something may have changed since the status line was made.
    stale: bool,
}

impl Vitals {
    /// Nothing was sent yet. `watchdog` is systemd's interval, if there is a watchdog.
    #[must_use]
    pub fn new(notifier: Arc<Notifier>, board: Arc<Board>, watchdog: Option<Duration>) -> Self {
        Self {
            notifier,
            progress: Arc::clone(board.progress()),
            board,
            board_at: Duration::ZERO,
            is_board_stale: false,
            feed_every: watchdog.map(|interval| interval / 2),
            feed_at: Duration::ZERO,
            stuck: BTreeSet::new(),
            ready: false,
            status: String::new(),
            status_at: Duration::ZERO,
            stale: false,
        }
    }

    /// From when times are counted.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.progress.start()
    }

    /// How the threads are.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// After a turn of the engine that began at this time.
    pub fn turn(&mut self, now: Duration, engine: &Engine) {
        self.is_board_stale = self.board.is_wanted();
        let has_listener = self.notifier.has_listener();
        if has_listener {
            self.feed(now);
            self.stale = true;
        }
        let is_board_due = self.is_board_stale && now >= self.board_at;
        let is_line_due = has_listener && !(self.ready && now < self.status_at);
        if !is_board_due && !is_line_due {
            return;
        }
        let summary = engine.summary();
        if is_board_due {
            self.publish(now, &summary);
        }
        if is_line_due {
            self.send(now, &summary);
        }
    }

    /// Sends the status line if it has changed, and that the start is over.
    fn send(&mut self, now: Duration, summary: &Summary) {
        if !self.ready && (summary.has_begun() || now >= LONGEST_START) {
            self.ready = self.notifier.ready();
        }
        let line = status::line(summary, &self.stuck.iter().cloned().collect::<Vec<_>>());
        self.stale = line != self.status;
        // A datagram that could not be sent is sent again on the next turn.
        if self.stale && now >= self.status_at {
            self.status_at = now + STATUS_EVERY;
            self.stale = !self.notifier.status(&line);
            self.status = if self.stale { String::new() } else { line };
        }
    }

    /// Writes the board, for those who look after the last turn too.
    pub fn publish(&mut self, now: Duration, summary: &Summary) {
        self.board_at = now + STATUS_EVERY;
        self.is_board_stale = false;
        self.board.publish(now, summary);
    }

    /// When the next turn is to be at the latest.
    #[must_use]
    pub fn next_wake(&self, now: Duration) -> Option<Duration> {
        let board = self.is_board_stale.then_some(self.board_at);
        if !self.notifier.has_listener() {
            return board;
        }
        let feed = self.feed_every.map(|_| self.feed_at);
        let status = self.stale.then_some(self.status_at);
        // Every deadline here moves forward on each turn, so that the loop cannot spin. A READY=1
        // that could not be sent waits for the next turn.
        let ready = (!self.ready && LONGEST_START > now).then_some(LONGEST_START);
        feed.into_iter().chain(board).chain(status).chain(ready).min()
    }

    /// Only while all threads make progress: a thread that hangs does not come back, and systemd
    /// then starts a new program.
    pub fn feed(&mut self, now: Duration) {
        let Some(every) = self.feed_every.filter(|_| now >= self.feed_at) else {
            return;
        };
        let stuck = self.progress.stuck(now);
        // One that moves again (the host was paused) is not to cost a whole interval, which would
        // be systemd's.
        self.feed_at = now + if stuck.is_empty() { every } else { every / 8 };
        for (name, time) in &stuck {
            if !self.stuck.contains(name) {
                let secs = time.as_secs();
                error!(
                    "internal error: the thread {name} has stood still for {secs} s; unless it moves again, the watchdog ends this program"
                );
            }
        }
        if stuck.is_empty() {
            self.notifier.alive();
        }
        self.stuck = stuck.into_iter().map(|(name, _)| name).collect();
    }
}
