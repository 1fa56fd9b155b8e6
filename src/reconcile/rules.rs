//! The settings that decisions depend on. Never reads a file.

use crate::config::{Config, Setstate};
use crate::zino::case::CaseState;
use serde::{Deserialize, Serialize};

/// One band of `[sync.severity]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// The lowest priority of the band.
    pub min_priority: i64,
    /// The level in Argus: 1 (critical) to 5 (information).
    pub level: u8,
}

/// Everything that decisions depend on besides the two servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// `zino.server`: the Zino that has the cases.
    pub server: String,
    /// `zino.user`: the author of our own history entries.
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
    /// Whether there is a `[failover]` section: another instance may synchronise the same problems.
    pub secondary: bool,
}

impl From<&Config> for Rules {
    fn from(Config { zino, sync, failover, .. }: &Config) -> Self {
        // Two instances that back each other up may both call their Zino `localhost`, and must tell
        // what the other did from what they did themselves.
        let suffix = if failover.is_some() { " (secondary)" } else { "" };
        Self {
            server: format!("{}{suffix}", zino.server.0),
            user: zino.user.0.clone(),
            domain: zino.default_domain.0.clone(),
            acknowledged_state: match sync.acknowledge.setstate {
                Setstate::None => None,
                Setstate::Working => Some(CaseState::Working),
                Setstate::Waiting => Some(CaseState::Waiting),
            },
            tickets: sync.ticket.enable.0,
            default_level: sync.severity.default.0,
            bands: sync
                .severity
                .thresholds
                .iter()
                .map(|threshold| Band { min_priority: threshold.min_priority.0, level: threshold.level.0 })
                .collect(),
            secondary: failover.is_some(),
        }
    }
}

impl Rules {
    /// The level of a priority: that of the band with the highest `min_priority` not above it, or
    /// else the default.
    /// Rule: CREATE-3.
    #[must_use]
    pub fn level(&self, priority: i64) -> u8 {
        self.bands
            .iter()
            .filter(|band| band.min_priority <= priority)
            .max_by_key(|band| band.min_priority)
            .map_or(self.default_level, |band| band.level)
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
