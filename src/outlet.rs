//! Text on its way to standard error or standard output: a bounded queue, and a thread that writes. Whoever says something never
//! waits for whoever reads it. Never decides what is said, and never fails: what cannot be written is counted, and the
//! reader is told how much it was.
//!
//! A piece is written in one call and is at most [`MAX_PIECE`] long. A pipe takes such a piece as a whole or not at all,
//! so that a reader finds whole lines also after the process was killed in the middle of a write.

use std::collections::VecDeque;
use std::io::{self, Write, stderr, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The most bytes of one write: `PIPE_BUF` of Linux. Longer pieces may be torn.
pub const MAX_PIECE: usize = 4096;
/// The most that waits, in bytes with [`PIECE_COST`] each.
const MOST: usize = 1 << 20;
/// The room beside [`MOST`] for what is important.
const RESERVE: usize = 64 << 10;
/// What a piece takes in memory beside its bytes.
const PIECE_COST: usize = 64;
/// How long the thread waits where a descriptor that does not block takes nothing more.
const PAUSE: Duration = Duration::from_millis(20);

/// What becomes of a piece that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing: the next piece replaces it anyway.
    Passing,
    /// It is counted as lost.
    Ordinary,
    /// It takes the room that is kept for such pieces.
    Important,
}

/// Where the thread writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
}

/// One way out of the process, with its thread.
#[derive(Debug, Clone)]
pub struct Outlet {
    queue: Arc<Queue>,
}

impl Outlet {
    /// Starts the thread. `mark` makes the piece that tells how many pieces were lost.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn start(target: Target, mark: impl Fn(u64) -> Vec<u8> + Send + 'static) -> io::Result<Self> {
        Self::start_with(
            move |bytes| match target {
                Target::Stderr => write_some(stderr().as_fd(), bytes),
                Target::Stdout => write_some(stdout().as_fd(), bytes),
            },
            mark,
        )
    }

    /// [`Outlet::start`] with a function that writes: how many of the bytes it took, or why it takes none.
    fn start_with(
        write: impl FnMut(&[u8]) -> io::Result<usize> + Send + 'static,
        mark: impl Fn(u64) -> Vec<u8> + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        thread::Builder::new()
            .name("outlet".to_owned())
            .spawn(move || run(&taken, Pen { write, torn: false }, mark))?;
        Ok(Self { queue })
    }

    /// Says something; never waits.
    pub fn push(&self, piece: &[u8], weight: Weight) {
        self.queue.push(piece, weight);
    }

    /// Waits until everything is written, at most so long.
    pub fn finish(&self, longest: Duration) {
        self.queue.wait_until_written(longest);
    }
}

/// For what is printed in lines. To be put into a [`std::io::LineWriter`], so that a piece is a line.
impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.chunks(MAX_PIECE) {
            self.push(piece, Weight::Ordinary);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What waits, in order.
#[derive(Debug)]
enum Item {
    Piece(Box<[u8]>),
    /// So many pieces would stand here.
    Lost(u64),
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Item>,
    bytes: usize,
    /// Pieces that did not fit, after everything that waits.
    lost: u64,
    /// Something did not fit, and since then not enough has been read for what is ordinary.
    full: bool,
    /// What was taken last is still being written.
    writing: bool,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

/// What is written next.
struct Batch {
    /// So many pieces were lost before these.
    lost: u64,
    /// Whole pieces, at most [`MAX_PIECE`] unless one alone is longer.
    bytes: Vec<u8>,
    pieces: u64,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, piece: &[u8], weight: Weight) {
        let mut state = self.lock();
        let cost = piece.len().saturating_add(PIECE_COST);
        if state.has_room(cost, weight) {
            if state.lost > 0 {
                let lost = std::mem::take(&mut state.lost);
                state.waiting.push_back(Item::Lost(lost));
                state.bytes += PIECE_COST;
            }
            state.waiting.push_back(Item::Piece(piece.into()));
            state.bytes += cost;
            state.full &= weight == Weight::Important;
        } else if weight != Weight::Passing {
            state.lost = state.lost.saturating_add(1);
            state.full = true;
        }
        self.changed.notify_all();
    }

    /// What is to be written next, waiting for it.
    fn take(&self) -> Batch {
        let mut state = self.lock();
        state.writing = false;
        self.changed.notify_all();
        let mut state = self
            .changed
            .wait_while(state, |state| state.waiting.is_empty() && state.lost == 0)
            .unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        state.next_batch()
    }

    fn wait_until_written(&self, longest: Duration) {
        let busy = |state: &mut State| state.writing || !state.waiting.is_empty() || state.lost > 0;
        drop(self.changed.wait_timeout_while(self.lock(), longest, busy));
    }
}

impl State {
    /// Once something was lost, what is merely ordinary waits until half of the queue has been read. So a reader that is too
    /// slow sees few gaps, and long stretches between them.
    fn has_room(&self, cost: usize, weight: Weight) -> bool {
        let most = match weight {
            Weight::Important => MOST + RESERVE,
            _ if self.full => MOST / 2,
            _ => MOST,
        };
        self.bytes.saturating_add(cost) <= most
    }

    fn next_batch(&mut self) -> Batch {
        let mut batch = Batch { lost: 0, bytes: Vec::new(), pieces: 0 };
        loop {
            match self.waiting.front() {
                Some(Item::Lost(lost)) if batch.pieces == 0 => batch.lost += *lost,
                Some(Item::Piece(piece)) if batch.pieces == 0 || batch.bytes.len() + piece.len() <= MAX_PIECE => {
                    batch.bytes.extend_from_slice(piece);
                    batch.pieces += 1;
                    self.bytes = self.bytes.saturating_sub(piece.len());
                }
                None if batch.pieces == 0 => {
                    batch.lost += std::mem::take(&mut self.lost);
                    return batch;
                }
                _ => return batch,
            }
            self.waiting.pop_front();
            self.bytes = self.bytes.saturating_sub(PIECE_COST);
        }
    }
}

/// Writes whatever is said, until the process ends.
fn run<W: FnMut(&[u8]) -> io::Result<usize>>(queue: &Queue, mut pen: Pen<W>, mark: impl Fn(u64) -> Vec<u8>) {
    let mut lost: u64 = 0;
    loop {
        let batch = queue.take();
        lost = lost.saturating_add(batch.lost);
        if lost > 0 {
            match pen.write(&mark(lost)) {
                Ok(()) => lost = 0,
                // Where not even that can be written, the rest is not tried: it would follow nothing.
                Err(_) => {
                    lost = lost.saturating_add(batch.pieces);
                    continue;
                }
            }
        }
        if let Err(unwritten) = pen.write(&batch.bytes) {
            lost = lost.saturating_add(unwritten.min(batch.pieces));
        }
    }
}

/// Writes pieces, and remembers whether the last one was torn.
struct Pen<W> {
    write: W,
    /// The last write ended in the middle of a line, as on a disk that is full.
    torn: bool,
}

impl<W: FnMut(&[u8]) -> io::Result<usize>> Pen<W> {
    /// Writes all of it. An error is how many lines of it are not there.
    fn write(&mut self, bytes: &[u8]) -> Result<(), u64> {
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

    /// An error is how many bytes were written before it.
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

/// One write, past the locks of `std`: whoever holds those while nobody reads would stop all others.
fn write_some(descriptor: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    rustix::io::write(descriptor, bytes).map_err(io::Error::from)
}

#[cfg(test)]
#[path = "outlet_tests.rs"]
mod tests;
