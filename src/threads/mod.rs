//! The threads: thin shells around the pure core. Each owns its connection and a channel end,
//! nothing else.

pub mod core;
pub mod following;
pub mod generation;
pub mod heartbeat;
pub mod listener;
pub mod mailbox;
pub mod metrics_file;
pub mod notified;
pub mod poller;
pub mod silence;
pub mod vitals;
pub mod writer;

use crate::engine::RunEnd;

/// The most events and reports that wait for the engine. The sender of one more waits.
pub const INBOX: usize = 8;
/// The most jobs that wait for writers. The engine never has so many under way:
/// `argus.connections` (64 at most), a probe and a few more.
pub const JOBS: usize = 80;
/// The most words that wait for the main thread, which ends the process at the first one.
pub const ENDS: usize = 4;
/// The name of the thread that talks to Zino.
pub const POLLER: &str = "zino poller";
/// How the names of the threads begin that talk to Argus.
pub const WRITER: &str = "argus writer";

/// What the threads report to the main thread.
#[derive(Debug)]
pub enum End {
    /// A server refused our token or secret for good (exit 77).
    Refused(String),
    /// A single run is over.
    Finished(Box<RunEnd>),
    /// The engine has ended; the writer may still have jobs under way.
    Stopped,
}

/// Nothing is ever sent: the channel is disconnected when its other end is dropped.
pub type Never = std::convert::Infallible;
