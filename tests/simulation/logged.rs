//! What the program logs, for the trace of a replay. Never part of what is checked.

use log::{LevelFilter, Log, Metadata, Record};
use std::cell::RefCell;

/// How a line of the program's log begins in a trace.
pub const INDENT: &str = "               ";

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Collect;

impl Log for Collect {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with_borrow_mut(|lines| lines.push(format!("{} {}", record.level(), record.args())));
    }

    fn flush(&self) {}
}

/// From now on what is logged is kept.
pub fn listen() {
    if log::set_logger(&Collect).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

/// What was logged since this was last asked.
pub fn lines() -> Vec<String> {
    LINES.with_borrow_mut(std::mem::take)
}
