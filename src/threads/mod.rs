//! The threads: thin shells around the pure core. Each owns its connection and a channel end, nothing else.

pub mod core;
pub mod following;
pub mod heartbeat;
pub mod mailbox;
pub mod notified;
pub mod poller;
pub mod silence;
pub mod vitals;
pub mod writer;

use crate::machine::{Change, Input, RunEnd};
use crossbeam_channel::Sender;

/// How many events and reports may wait for the state machine; whoever has another one waits.
pub const INBOX: usize = 8;
/// How many jobs may wait for writers: more than the machine has under way, which is `argus.connections` (64 at most) and
/// a few beside.
pub const JOBS: usize = 80;
/// How many words may wait for the main thread: it ends with the first one.
pub const ENDS: usize = 4;
/// How many orders may wait for the state machine: the main thread gives one pause and one end.
pub const ORDERS: usize = 4;
/// The name of the thread that talks to Zino.
pub const POLLER: &str = "zino poller";
/// How the names of the threads begin that talk to Argus.
pub const WRITER: &str = "argus writer";

/// What the threads tell the main thread.
#[derive(Debug)]
pub enum End {
    /// A server refused us for good (exit 77).
    Refused(String),
    /// A single run is over.
    Finished(Box<RunEnd>),
    /// The state machine has ended; the writer may still have jobs under way.
    Stopped,
}

/// What the state machine thread is woken by: inputs from the other threads, and over a channel of its own, which overtakes them,
/// what the main thread orders. Short-lived, and `Stop` is sent once: its unused room costs nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum Wake {
    /// Something happened.
    Input(Input),
    /// New settings are to come: no new work, and a word here as soon as none is under way.
    Pause(Sender<()>),
    /// The new settings; ends the pause.
    Resume(Box<Change>),
    /// The program is to end.
    Stop,
}
