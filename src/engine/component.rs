//! What every component of the engine answers, and what it may know of the others. Never does
//! anything.

use std::time::Duration;

/// How often something that fails is tried before a single run leaves it to the next one.
pub(super) const TRIES: u32 = 3;

/// A part of the engine that owns its state.
pub(super) trait Component {
    /// When the engine is to be stepped with a tick for it, if nothing else happens before.
    fn next_wake(&self, _at: &Situation) -> Option<Duration> {
        None
    }

    /// Whether it has nothing to do, but for what failed so often that a single run leaves it.
    fn is_idle(&self) -> bool {
        true
    }

    /// Drops what does not hold any more.
    fn reset(&mut self, _why: Reset) {}
}

/// Why components are reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reset {
    /// A takeover: all cases are compared again. It is not a start: what is known of Zino holds.
    Takeover,
    /// A hand-back: nothing new is written.
    HandBack,
}

/// What one component may know of the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    /// The time; whatever was due before waits for the next input.
    pub(super) now: Duration,
    /// This is a single run (`--once`).
    pub(super) is_single_run: bool,
    /// The mode is ACTIVE.
    pub(super) is_active: bool,
    /// This instance may write to Argus and to Zino now.
    pub(super) may_write: bool,
    /// There is a connection to Zino.
    pub(super) is_connected: bool,
    /// Zino was read completely since it was connected.
    pub(super) is_read: bool,
    /// Zino was read completely at least once.
    pub(super) ever_read: bool,
    /// Everything is known that must be known before anything is created or ended.
    pub(super) is_ready: bool,
    /// A read of Argus is under way.
    pub(super) is_looking: bool,
    /// How many complete readings gave what was left out another try.
    pub(super) full_looks: u64,
}
