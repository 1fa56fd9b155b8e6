//! The settings that the machine's tests begin with. Never part of the program.

use super::Settings;
use crate::sync::testing::rules;
use std::time::Duration;

/// Those of a primary, as shipped, without what it does for the token and its own life.
pub fn settings() -> Settings {
    Settings {
        rules: rules(),
        connections: 4,
        refresh_interval: Duration::from_secs(30),
        full_interval: Duration::from_secs(900),
        orphan_grace: Duration::from_secs(900),
        failover_threshold: None,
        once: None,
        signs_of_life: false,
        renews_token: false,
    }
}
