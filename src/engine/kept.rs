//! What one engine hands to the next at a reload, because no server holds it. Never decides when
//! there is a reload.

use super::admission::Admission;
use super::mode::KeptMode;
use crate::zino::case::Case;
use std::sync::Arc;
use std::time::Duration;

/// What is handed on. Everything else is read from the servers again, as at a start.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The failover mode with its count.
    pub(super) mode: KeptMode,
    /// Of an ACTIVE secondary: its cases, and whether each is exempt since the takeover.
    pub(super) cases: Vec<(Arc<Case>, bool)>,
    /// Whether Argus accepted our token before.
    pub(super) token: Admission,
    /// Whether Zino accepted our login before.
    pub(super) login: Admission,
    /// Why the token was not renewed, if the log says so.
    pub(super) renewal_failure: Option<String>,
    /// Until then a request of an earlier engine may still execute; `None`: one is under way now.
    pub(super) settled_at: Option<Duration>,
}

impl Kept {
    /// The next engine asks another primary: the answers of this one do not count.
    pub fn forget_primary(&mut self) {
        self.mode.forget_primary();
    }

    /// The next engine talks to another Argus: that this one answered shows nothing.
    pub fn forget_contact(&mut self) {
        self.mode.forget_contact();
    }
}
