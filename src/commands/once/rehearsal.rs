//! What a dry run prints to standard output: one line for each write that it does not make, in the
//! words of the log, and the counts. Never decides what would be written.

use crate::log as logging;
use crate::log::outlet::{Outlet, Target};
use crate::log::queue::Weight;
use std::io;
use std::time::{Duration, Instant};

/// The longest that the end of the run waits for the reader of its output.
const LONGEST_READING: Duration = Duration::from_secs(5);

/// The output of a dry run.
pub(super) struct Rehearsal(Outlet);

impl Rehearsal {
    /// From now on, what the log says of writes goes to standard output.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn begin() -> io::Result<Self> {
        let out = Outlet::start(Target::Stdout, |lost| format!("{lost} lines lost\n").into_bytes())?;
        let lines = out.clone();
        logging::divert_writes(move |line| print(&lines, line));
        Ok(Self(out))
    }

    /// Prints one line.
    pub fn say(&self, line: &str) {
        print(&self.0, line);
    }

    /// Waits until everything is printed.
    pub fn end(self) {
        self.0.finish(Instant::now() + LONGEST_READING);
    }
}

fn print(out: &Outlet, line: &str) {
    out.push(format!("{line}\n").into_bytes().into(), Weight::Important);
}
