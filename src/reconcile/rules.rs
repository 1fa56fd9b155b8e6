//! The settings that decisions depend on, resolved from the configuration. Never reads a file.

use crate::zino::case::CaseState;
use serde::{Deserialize, Serialize};

/// One band of `[sync.severity]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Lowest priority that belongs to it.
    pub min_priority: i64,
    /// Argus level, 1 (critical) to 5 (information).
    pub level: u8,
}

/// Everything that decisions depend on besides the two servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// `zino.server`: whose cases these are.
    pub server: String,
    /// `zino.user`: whose history entries are our own.
    pub user: String,
    /// `zino.default_domain`, without a leading dot; empty if none.
    pub domain: String,
    /// `sync.acknowledge.setstate`; `None`: acknowledgements stay in Argus.
    pub acknowledged_state: Option<CaseState>,
    /// `sync.ticket.enable`.
    pub tickets: bool,
    /// `sync.severity.default`.
    pub default_level: u8,
    /// `sync.severity.thresholds`.
    pub bands: Vec<Band>,
    /// Whether this instance has a `[failover]` section, so that another one may look after the
    /// same problems.
    pub secondary: bool,
}

impl Rules {
    /// The level for a priority: the band with the highest `min_priority` not above it, else the
    /// default.
    #[must_use]
    pub fn level(&self, priority: i64) -> u8 {
        self.bands
            .iter()
            .filter(|band| band.min_priority <= priority)
            .max_by_key(|band| band.min_priority)
            .map_or(self.default_level, |band| band.level)
    }
}
