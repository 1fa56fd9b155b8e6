//! The threads: thin shells around the pure core. Each owns its connection and a channel end, nothing else.

pub mod core;
pub mod following;
pub mod heartbeat;
pub mod mailbox;
pub mod newest;
pub mod notified;
pub mod poller;
pub mod silence;
pub mod vitals;
pub mod writer;

use crate::engine::{Change, Input, RunEnd};
use crossbeam_channel::Sender;

/// The most events and reports that wait for the state machine. The sender of one more waits.
pub const INBOX: usize = 8;
/// The most jobs that wait for writers. The machine never has so many under way:
/// `argus.connections` (64 at most), a probe and a few more.
pub const JOBS: usize = 80;
/// The most words that wait for the main thread, which ends the process at the first one.
pub const ENDS: usize = 4;
/// The most orders of the main thread that wait for the state machine: one pause, one resume and
/// one stop.
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

/// Wakes the state machine thread. Inputs come from the other threads. The orders of the main
/// thread come through a channel of their own, which overtakes the inputs. Short-lived: the unused
/// room of the small ones costs nothing.
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
