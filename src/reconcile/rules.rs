//! The settings that decisions depend on. Never reads a file.

use crate::config::{Config, Filter, IncidentConfig, LevelRule, Setstate};
use crate::zino::case::{Case, CaseState};
use serde::{Deserialize, Serialize};

/// What follows the name of a secondary's Zino.
const SECONDARY: &str = " (secondary)";

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
    /// `sync.acknowledge.history`: acknowledgements become history entries also without a state.
    #[serde(default)]
    pub acknowledge_history: bool,
    /// `sync.acknowledge.from_states`: a case in one of these is acknowledged in Argus.
    #[serde(default)]
    pub acknowledge_from: Vec<CaseState>,
    /// `sync.ticket.enable`.
    pub tickets: bool,
    /// `sync.severity.default`.
    pub default_level: u8,
    /// `[filter]`.
    #[serde(default)]
    pub filter: Filter,
    /// `[incident]`.
    #[serde(default)]
    pub incident: IncidentConfig,
    /// `sync.severity.rules`.
    #[serde(default)]
    pub level_rules: Vec<LevelRule>,
    /// `sync.severity.thresholds`.
    pub bands: Vec<Band>,
    /// Whether there is a `[failover]` section: another instance may synchronise the same problems.
    pub secondary: bool,
}

impl From<&Config> for Rules {
    fn from(Config { zino, sync, filter, incident, failover, .. }: &Config) -> Self {
        // Two instances that back each other up may both call their Zino `localhost`, and must tell
        // what the other did from what they did themselves.
        let suffix = if failover.is_some() { SECONDARY } else { "" };
        Self {
            server: format!("{}{suffix}", zino.server.0),
            user: zino.user.0.clone(),
            domain: zino.default_domain.0.clone(),
            acknowledged_state: match sync.acknowledge.setstate {
                Setstate::None => None,
                Setstate::Working => Some(CaseState::Working),
                Setstate::Waiting => Some(CaseState::Waiting),
            },
            acknowledge_history: sync.acknowledge.history.0,
            acknowledge_from: sync.acknowledge.from_states.0.iter().map(|state| state.0.clone()).collect(),
            tickets: sync.ticket.enable.0,
            default_level: sync.severity.default.0,
            filter: filter.clone(),
            incident: incident.clone(),
            level_rules: sync.severity.rules.clone(),
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
    /// Whether an acknowledgement in Argus becomes a history entry.
    /// Rule: USER-2.
    #[must_use]
    pub fn takes_acknowledgements(&self) -> bool {
        self.acknowledge_history || self.acknowledged_state.is_some()
    }

    /// The level of a case: that of the first rule that matches, else that of the band with the
    /// highest `min_priority` not above its priority, or else the default.
    /// Rules: CREATE-3, CREATE-9.
    #[must_use]
    pub fn level(&self, case: &Case) -> u8 {
        let matching = self.level_rules.iter().find(|rule| matches(rule, case));
        matching.map_or_else(|| self.level_of_priority(case.priority), |rule| rule.level.0)
    }

    /// `zino.server` as it is configured.
    #[must_use]
    pub fn server_name(&self) -> &str {
        self.server.strip_suffix(SECONDARY).unwrap_or(&self.server)
    }

    fn level_of_priority(&self, priority: i64) -> u8 {
        self.bands
            .iter()
            .filter(|band| band.min_priority <= priority)
            .max_by_key(|band| band.min_priority)
            .map_or(self.default_level, |band| band.level)
    }
}

/// Whether all that a rule names applies to a case.
fn matches(rule: &LevelRule, case: &Case) -> bool {
    rule.r#type.as_ref().is_none_or(|kind| kind.0 == case.kind)
        && rule.alarm_type.as_ref().is_none_or(|alarm| case.alarm_type.as_deref() == Some(&alarm.0))
        && rule.router.as_ref().is_none_or(|router| router.matches(&case.router))
        && rule.min_priority.is_none_or(|lowest| lowest.0 <= case.priority)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
