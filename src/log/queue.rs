//! The bounded queue of an outlet: pieces of output in their order, and where pieces are missing,
//! how many. Whoever adds a piece never waits. Never writes.

use log::Level;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
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

/// What is written at once or not at all.
#[derive(Debug)]
pub enum Piece {
    /// These bytes, as they are.
    Text(Box<[u8]>),
    /// A log line of this level, without its end. Only a terminal gets one.
    Record(Level, String),
}

impl From<Vec<u8>> for Piece {
    fn from(text: Vec<u8>) -> Self {
        Self::Text(text.into())
    }
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self::Text(text.as_bytes().into())
    }
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Text(bytes) => bytes.len(),
            Self::Record(_, line) => line.len(),
        }
    }
}

/// What waits, in order.
#[derive(Debug)]
enum Item {
    Piece(Piece),
    /// The number of pieces that were dropped here, and the piece that says so. It is made when it
    /// is queued and not when it is written, so that its time is not later than those of the pieces
    /// after it.
    Lost(u64, Piece),
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

pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    pub(super) mark: Box<dyn Fn(u64) -> Piece + Send + Sync>,
}

/// The pieces of one write.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The number of pieces that were dropped before these, and the piece that says so.
    pub(super) lost: Option<(u64, Piece)>,
    /// Whole pieces of text, together at most [`MAX_PIECE`] bytes unless the first alone is longer.
    pub(super) text: Vec<u8>,
    /// The one piece of the batch, if it is not text.
    pub(super) record: Option<(Level, String)>,
    pub(super) pieces: u64,
}

impl Queue {
    pub(super) fn new(mark: impl Fn(u64) -> Piece + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), mark: Box::new(mark) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something is queued or being written.
    #[cfg(test)]
    pub(super) fn is_busy(&self) -> bool {
        self.lock().is_busy()
    }

    pub(super) fn push(&self, piece: Piece, weight: Weight) {
        let mut state = self.lock();
        let cost = piece.len().saturating_add(PIECE_COST);
        if state.has_room(cost, weight) {
            self.mark_loss(&mut state);
            state.waiting.push_back(Item::Piece(piece));
            state.bytes += cost;
            state.full &= weight == Weight::Important;
            debug_assert!(state.bytes <= MOST + RESERVE + PIECE_COST, "the queue is bounded");
        } else if weight != Weight::Passing {
            state.lost = state.lost.saturating_add(1);
            state.full = true;
        }
        self.changed.notify_all();
    }

    /// Queues the number of dropped pieces, if there are any.
    fn mark_loss(&self, state: &mut State) {
        if state.lost > 0 {
            let lost = std::mem::take(&mut state.lost);
            state.waiting.push_back(Item::Lost(lost, (self.mark)(lost)));
            state.bytes += PIECE_COST;
        }
    }

    /// Waits for the next batch.
    pub(super) fn take(&self) -> Batch {
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

    pub(super) fn wait_until_written(&self, until: Instant) {
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
        let mut batch = Batch::default();
        while let Some(next) = self.waiting.pop_front() {
            let length = match next {
                Item::Lost(lost, mark) if batch.pieces == 0 && batch.lost.is_none() => {
                    batch.lost = Some((lost, mark));
                    0
                }
                Item::Piece(piece) if batch.has_room(&piece) => batch.add(piece),
                later => {
                    self.waiting.push_front(later);
                    break;
                }
            };
            self.bytes = self.bytes.saturating_sub(length + PIECE_COST);
        }
        debug_assert!(!self.waiting.is_empty() || self.bytes == 0, "an empty queue has no cost");
        debug_assert!(batch.record.is_none() || batch.pieces == 1, "a log line is written alone");
        batch
    }
}

impl Batch {
    fn has_room(&self, piece: &Piece) -> bool {
        let joins = matches!(piece, Piece::Text(_)) && self.record.is_none();
        self.pieces == 0 || (joins && self.text.len() + piece.len() <= MAX_PIECE)
    }

    /// Returns the length of the piece.
    fn add(&mut self, piece: Piece) -> usize {
        let length = piece.len();
        match piece {
            Piece::Text(bytes) => self.text.extend_from_slice(&bytes),
            Piece::Record(level, line) => self.record = Some((level, line)),
        }
        self.pieces += 1;
        length
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
