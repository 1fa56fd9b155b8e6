//! Writes text to standard error or standard output: a bounded queue, and a thread that writes. The
//! thread that has something to say never waits for the reader. Never decides what is said, and
//! never fails: pieces that cannot be written are counted, and the next piece that can be written
//! gives the count.
//!
//! A write has at most [`MAX_PIECE`] bytes of whole pieces. A pipe takes such a write as a whole or
//! not at all, so a reader finds whole lines also after the process was killed in the middle of
//! one.

use std::collections::VecDeque;
use std::io::{self, Write, stderr, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most bytes of one write: `PIPE_BUF` of Linux. Longer pieces may be torn.
pub const MAX_PIECE: usize = 4096;
/// The most that waits, in bytes with [`PIECE_COST`] each.
const MOST: usize = 1 << 20;
/// The room beside [`MOST`] for what is important.
const RESERVE: usize = 64 << 10;
/// What a piece takes in memory beside its bytes.
const PIECE_COST: usize = 64;
/// The longest that [`Outlet::finish`] waits for a reader that takes nothing at all.
const IDLE: Duration = Duration::from_millis(500);
/// How long the thread waits where a descriptor that does not block takes nothing more.
const PAUSE: Duration = Duration::from_millis(20);

/// What becomes of a piece that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It is dropped without a count, because the next one replaces it: a progress line.
    Passing,
    /// It is dropped and counted.
    Ordinary,
    /// It uses the reserve. It is dropped and counted once the reserve is full, too.
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
#[derive(Clone)]
pub struct Outlet {
    queue: Arc<Queue>,
}

impl Outlet {
    /// Starts the thread. `mark` makes the piece that gives the number of lost pieces.
    ///
    /// # Errors
    /// If there can be no more threads.
    pub fn start(target: Target, mark: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> io::Result<Self> {
        Self::start_with(
            move |bytes| match target {
                Target::Stderr => write_some(stderr().as_fd(), bytes),
                Target::Stdout => write_some(stdout().as_fd(), bytes),
            },
            mark,
        )
    }

    /// [`Outlet::start`] with any function that writes. It returns the number of bytes that it
    /// took.
    fn start_with(
        write: impl FnMut(&[u8]) -> io::Result<usize> + Send + 'static,
        mark: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(mark));
        let taken = Arc::clone(&queue);
        thread::Builder::new().name("outlet".to_owned()).spawn(move || run(&taken, Pen { write, torn: false }))?;
        Ok(Self { queue })
    }

    /// Adds a piece to the queue. Never waits.
    pub fn push(&self, piece: &[u8], weight: Weight) {
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
    /// The number of pieces that were dropped at this place, and the piece that says so. It is made
    /// here and not when it is written, so that its time is not later than those of the pieces
    /// after it.
    Lost(u64, Vec<u8>),
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Item>,
    bytes: usize,
    /// The number of pieces that were dropped after everything in `waiting`.
    lost: u64,
    /// A piece was dropped, and half of the queue is not written yet.
    full: bool,
    /// The last batch is being written.
    writing: bool,
    /// The number of batches that were taken.
    batches: u64,
}

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    mark: Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>,
}

/// The pieces of one write.
struct Batch {
    /// The number of pieces that were dropped before these, and the piece that says so.
    lost: Option<(u64, Vec<u8>)>,
    /// Whole pieces, together at most [`MAX_PIECE`] unless the first alone is longer.
    bytes: Vec<u8>,
    pieces: u64,
}

impl Queue {
    fn new(mark: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), mark: Box::new(mark) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, piece: &[u8], weight: Weight) {
        let mut state = self.lock();
        let cost = piece.len().saturating_add(PIECE_COST);
        if state.has_room(cost, weight) {
            self.mark_loss(&mut state);
            state.waiting.push_back(Item::Piece(piece.into()));
            state.bytes += cost;
            state.full &= weight == Weight::Important;
        } else if weight != Weight::Passing {
            state.lost = state.lost.saturating_add(1);
            state.full = true;
        }
        self.changed.notify_all();
    }

    /// Puts the number of dropped pieces, if there are any, into its place.
    fn mark_loss(&self, state: &mut State) {
        if state.lost > 0 {
            let lost = std::mem::take(&mut state.lost);
            state.waiting.push_back(Item::Lost(lost, (self.mark)(lost)));
            state.bytes += PIECE_COST;
        }
    }

    /// Waits for the next batch.
    fn take(&self) -> Batch {
        let mut state = self.lock();
        state.writing = false;
        self.changed.notify_all();
        let mut state = self
            .changed
            .wait_while(state, |state| state.waiting.is_empty() && state.lost == 0)
            .unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        state.batches = state.batches.wrapping_add(1);
        if state.waiting.is_empty() {
            self.mark_loss(&mut state);
        }
        state.next_batch()
    }

    fn wait_until_written(&self, until: Instant) {
        let mut state = self.lock();
        while state.is_busy() {
            let (before, wait) = (state.batches, until.saturating_duration_since(Instant::now()).min(IDLE));
            let still = |state: &mut State| state.is_busy() && state.batches == before;
            let (next, waited) =
                self.changed.wait_timeout_while(state, wait, still).unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() {
                return;
            }
            state = next;
        }
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.writing || !self.waiting.is_empty() || self.lost > 0
    }

    /// After a loss, ordinary pieces are dropped until half of the queue is written. So a slow
    /// reader gets few gaps, with long stretches between them.
    fn has_room(&self, cost: usize, weight: Weight) -> bool {
        let most = match weight {
            Weight::Important => MOST + RESERVE,
            _ if self.full => MOST / 2,
            _ => MOST,
        };
        self.bytes.saturating_add(cost) <= most
    }

    fn next_batch(&mut self) -> Batch {
        let mut batch = Batch { lost: None, bytes: Vec::new(), pieces: 0 };
        while let Some(next) = self.waiting.pop_front() {
            match next {
                Item::Lost(lost, mark) if batch.pieces == 0 && batch.lost.is_none() => batch.lost = Some((lost, mark)),
                Item::Piece(piece) if batch.pieces == 0 || batch.bytes.len() + piece.len() <= MAX_PIECE => {
                    batch.bytes.extend_from_slice(&piece);
                    batch.pieces += 1;
                    self.bytes = self.bytes.saturating_sub(piece.len());
                }
                later => {
                    self.waiting.push_front(later);
                    break;
                }
            }
            self.bytes = self.bytes.saturating_sub(PIECE_COST);
        }
        batch
    }
}

/// Writes all batches until the process ends.
fn run<W: FnMut(&[u8]) -> io::Result<usize>>(queue: &Queue, mut pen: Pen<W>) {
    // Pieces that could not be written.
    let mut failed: u64 = 0;
    loop {
        let batch = queue.take();
        let (lost, mark) = batch.lost.unwrap_or_default();
        let mark = if failed > 0 { (queue.mark)(lost.saturating_add(failed)) } else { mark };
        if pen.write(&mark).is_err() {
            // The batch is not tried: without the count, nobody would see the gap before it.
            failed = failed.saturating_add(lost).saturating_add(batch.pieces);
            continue;
        }
        failed = pen.write(&batch.bytes).map_or_else(|unwritten| unwritten.min(batch.pieces), |()| 0);
    }
}

/// Writes batches.
struct Pen<W> {
    write: W,
    /// The last write failed in the middle of a line, as on a full disk. The next one ends that
    /// line first.
    torn: bool,
}

impl<W: FnMut(&[u8]) -> io::Result<usize>> Pen<W> {
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
