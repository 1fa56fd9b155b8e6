//! The line of a terminal that shows how far a single run has got. Never says how it ended.

use crate::log as logging;
use crate::log::queue::Weight;
use log::log_enabled;
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// How often the progress line is written anew.
const REDRAW: Duration = Duration::from_millis(200);
/// Clears the line of a terminal.
const EMPTY_LINE: &str = "\r\x1b[K";

/// What waits, on one line of a terminal that is written over and over. Nothing where there is no
/// terminal, or where the log tells everything anyway.
pub(super) struct ProgressLine {
    wanted: bool,
    visible: bool,
    most: usize,
    next: Instant,
}

impl ProgressLine {
    pub fn new() -> Self {
        let wanted = stderr().is_terminal() && !log_enabled!(log::Level::Info);
        Self { wanted, visible: false, most: 0, next: Instant::now() + REDRAW }
    }

    pub fn show(&mut self, waiting: usize) {
        self.most = self.most.max(waiting);
        if self.wanted && self.most > 0 && Instant::now() >= self.next {
            self.next = Instant::now() + REDRAW;
            self.visible = true;
            let done = self.most.saturating_sub(waiting);
            logging::print(&format!("{EMPTY_LINE}{done} of {} problems", self.most), Weight::Passing);
        }
    }

    pub fn clear(&mut self) {
        if std::mem::take(&mut self.visible) {
            logging::print(EMPTY_LINE, Weight::Important);
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}
