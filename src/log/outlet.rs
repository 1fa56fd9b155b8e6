//! Writes text to standard error or standard output: a bounded queue, and a thread that writes. The
//! thread that has something to say never waits for the reader. Never decides what is said, and
//! never fails: pieces that cannot be written are counted, and the next piece that can be written
//! gives the count.
//!
//! A write has at most [`MAX_PIECE`] bytes of whole pieces. A pipe takes such a write as a whole or
//! not at all, so a reader finds whole lines also after the process was killed in the middle of
//! one. Log lines for a terminal are written one by one, by `terminal.rs`.
//!
//! The thread is never joined: a write that the reader does not take would hold the process for
//! ever. [`Outlet::finish`] waits for it, for a bounded time.

use crate::log::queue::{MAX_PIECE, Piece, Queue, Weight};
use crate::log::terminal::Terminal;
use std::io::{self, Write, stderr, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long the thread waits where a descriptor that does not block takes nothing more.
const PAUSE: Duration = Duration::from_millis(20);

/// Where the thread writes to.
pub enum Target {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// Standard error that is a terminal. Text goes there as it is, a log line by the terminal's
    /// logger.
    Terminal(Terminal),
}

/// One way out of the process, with its thread.
#[derive(Clone)]
pub struct Outlet {
    queue: Arc<Queue>,
}

impl Outlet {
    /// Starts the thread. `mark` makes the piece that gives the number of lost pieces.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn start<P: Into<Piece>>(target: Target, mark: impl Fn(u64) -> P + Send + Sync + 'static) -> io::Result<Self> {
        let to_stderr = |bytes: &[u8]| write_some(stderr().as_fd(), bytes);
        let to_stdout = |bytes: &[u8]| write_some(stdout().as_fd(), bytes);
        match target {
            Target::Stderr => Self::start_with(Pen { write: to_stderr, terminal: None, torn: false }, mark),
            Target::Stdout => Self::start_with(Pen { write: to_stdout, terminal: None, torn: false }, mark),
            Target::Terminal(terminal) => {
                Self::start_with(Pen { write: to_stderr, terminal: Some(terminal), torn: false }, mark)
            }
        }
    }

    /// [`Outlet::start`] with any pen.
    fn start_with<W: FnMut(&[u8]) -> io::Result<usize> + Send + 'static, P: Into<Piece>>(
        pen: Pen<W>,
        mark: impl Fn(u64) -> P + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(move |lost| mark(lost).into()));
        let taken = Arc::clone(&queue);
        thread::Builder::new().name("outlet".to_owned()).spawn(move || run(&taken, pen))?;
        Ok(Self { queue })
    }

    /// Adds a piece to the queue. Never waits.
    pub fn push(&self, piece: Piece, weight: Weight) {
        self.queue.push(piece, weight);
    }

    /// Waits until everything is written, at most until this time, and for a reader that takes
    /// nothing for half a second at most.
    pub fn finish(&self, until: Instant) {
        self.queue.wait_until_written(until);
    }
}

/// Put it into a [`std::io::LineWriter`], so that each piece is a line.
impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.chunks(MAX_PIECE) {
            self.push(piece.to_vec().into(), Weight::Ordinary);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all batches until the process ends.
fn run<W: FnMut(&[u8]) -> io::Result<usize>>(queue: &Queue, mut pen: Pen<W>) {
    // Pieces that could not be written.
    let mut failed: u64 = 0;
    loop {
        let batch = queue.take();
        let (lost, mark) = batch.lost.map_or((0, None), |(lost, mark)| (lost, Some(mark)));
        let mark = if failed > 0 { Some((queue.mark)(lost.saturating_add(failed))) } else { mark };
        if mark.is_some_and(|mark| pen.write_piece(mark).is_err()) {
            // The batch is not tried: without the count, nobody would see the gap before it.
            failed = failed.saturating_add(lost).saturating_add(batch.pieces);
            continue;
        }
        let written = match batch.record {
            Some((level, line)) => pen.write_piece(Piece::Record(level, line)),
            None => pen.write(&batch.text),
        };
        failed = written.map_or_else(|unwritten| unwritten.min(batch.pieces), |()| 0);
    }
}

/// Writes batches.
struct Pen<W> {
    write: W,
    /// Writes the log lines of a terminal.
    terminal: Option<Terminal>,
    /// The last write failed in the middle of a line, as on a full disk. The next one ends that
    /// line first.
    torn: bool,
}

impl<W: FnMut(&[u8]) -> io::Result<usize>> Pen<W> {
    /// The error is the number of lines that are missing.
    fn write_piece(&mut self, piece: Piece) -> Result<(), u64> {
        match (piece, &self.terminal) {
            (Piece::Text(bytes), _) => self.write(&bytes),
            (Piece::Record(level, line), Some(terminal)) => {
                terminal.write(level, &line);
                Ok(())
            }
            (Piece::Record(_, line), None) => {
                debug_assert!(false, "a log line for a terminal, and no terminal");
                self.write(format!("{line}\n").as_bytes())
            }
        }
    }

    /// Writes all bytes. The error is the number of lines that are missing.
    fn write(&mut self, bytes: &[u8]) -> Result<(), u64> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.torn {
            self.put(b"\n").map_err(|_| lines(bytes))?;
            self.torn = false;
        }
        self.put(bytes).map_err(|written| {
            let (there, missing) = bytes.split_at(written.min(bytes.len()));
            self.torn = there.last().is_some_and(|last| *last != b'\n');
            lines(missing)
        })
    }

    /// The error is the number of bytes that were written before the failure.
    fn put(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match (self.write)(rest) {
                Ok(0) => return Err(written),
                Ok(taken) => written += taken,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
                Err(_) => return Err(written),
            }
        }
        Ok(())
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |count: u64, byte| count.saturating_add(u64::from(*byte == b'\n')))
}

/// One write that takes no lock of `std`. A thread that held such a lock in a blocked write would
/// block every other user of the stream.
fn write_some(descriptor: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    rustix::io::write(descriptor, bytes).map_err(io::Error::from)
}

#[cfg(test)]
#[path = "outlet_tests.rs"]
mod tests;
