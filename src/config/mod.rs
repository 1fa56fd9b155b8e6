//! The configuration as the program uses it: every value resolved, every default filled in. Never talks to a
//! server, and never shows a secret, in an error or anywhere else.
//!
//! The way of a file: `files` reads it, `reader` and `value` take it apart and collect everything
//! that is wrong (`syntax`: what is not even TOML), `resolve` says
//! which keys mean what, and `keys` lists them for the messages about unknown ones.

mod files;
mod keys;
mod lines;
mod problem;
mod reader;
mod resolve;
mod syntax;
mod value;

pub use keys::KEYS;
pub use problem::{ConfigError, Problem};

use crate::argus::api_url::ApiUrl;
use crate::reconcile::rules::{Band, Rules};
use crate::secret::Secret;
use crate::zino::case::CaseState;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything the configuration file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[argus]`
    pub argus: ArgusConfig,
    /// `[zino]`
    pub zino: ZinoConfig,
    /// `[sync]`
    pub sync: SyncConfig,
    /// `[failover]`; `None`: standalone, always active.
    pub failover: Option<FailoverConfig>,
}

/// How to reach Argus.
#[derive(Debug, Clone, PartialEq)]
pub struct ArgusConfig {
    /// The API's address.
    pub url: ApiUrl,
    /// The token, from `token` or `token_file`.
    pub token: Secret,
    /// The file that holds the token, to be read again when Argus refuses it (see [`crate::file::read_secret_file`]).
    pub token_file: Option<PathBuf>,
    /// Whether the token is to be renewed; only ever true with a `token_file`.
    pub renew_token: bool,
    /// Certificates (PEM) to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The longest that one request may take.
    pub timeout: Duration,
    /// How many requests may run side by side.
    pub connections: usize,
}

/// How to reach Zino.
#[derive(Debug, Clone, PartialEq)]
pub struct ZinoConfig {
    /// Name or address.
    pub server: String,
    /// TCP port of the API.
    pub port: u16,
    /// TCP port of the notifications.
    pub notify_port: u16,
    /// Our user there.
    pub user: String,
    /// Its secret, from `secret` or `secret_file`.
    pub secret: Secret,
    /// The file that holds the secret (see [`crate::file::read_secret_file`]).
    pub secret_file: Option<PathBuf>,
    /// The domain for router names without a dot; no dot in front.
    pub default_domain: Option<String>,
}

/// What is synchronised, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncConfig {
    /// How often Argus is asked what changed.
    pub refresh_interval: Duration,
    /// How often both servers are read completely.
    pub full_interval: Duration,
    /// How long a case must stay unknown to Zino before its incident is closed.
    pub orphan_grace: Duration,
    /// The state that an acknowledgement gives a case; `None`: acknowledgements stay in Argus.
    pub acknowledge_setstate: Option<CaseState>,
    /// Whether ticket addresses go into the case's history.
    pub ticket_enable: bool,
    /// The level of a case below every band.
    pub default_level: u8,
    /// Which priority gets which level; no two with the same `min_priority`.
    pub bands: Vec<Band>,
}

/// Whom to watch as a secondary.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverConfig {
    /// The primary Zino's name or address.
    pub primary_server: String,
    /// UDP port of its SNMP agent.
    pub primary_snmp_port: u16,
    /// The agent's community, as good as a password.
    pub snmp_community: Secret,
    /// The longest to wait for one answer.
    pub ping_timeout: Duration,
    /// How often it is asked.
    pub ping_interval: Duration,
    /// How many failures, or answers, in a row change the mode.
    pub threshold: u32,
}

impl Config {
    /// The name that our Zino has in Argus. Two instances that back each other up may both call theirs `localhost`, and must
    /// tell what the other did from what they did themselves.
    fn server_name(&self) -> String {
        match self.failover {
            Some(_) => format!("{} (secondary)", self.zino.server),
            None => self.zino.server.clone(),
        }
    }

    /// What decisions depend on.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            server: self.server_name(),
            user: self.zino.user.clone(),
            domain: self.zino.default_domain.clone().unwrap_or_default(),
            acknowledged_state: self.sync.acknowledge_setstate.clone(),
            tickets: self.sync.ticket_enable,
            default_level: self.sync.default_level,
            bands: self.sync.bands.clone(),
            secondary: self.failover.is_some(),
        }
    }
}

/// A configuration that can be used, and what its owner should know.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// One line each, to be logged as warnings.
    pub warnings: Vec<String>,
}

/// Reads a configuration file and the secret files that it names.
///
/// # Errors
/// Everything that is wrong with it, at once.
pub fn load(file: &Path) -> Result<Loaded, ConfigError> {
    let (text, exposed) = files::read_config_file(file).map_err(|problem| ConfigError::new(file, vec![problem]))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut loaded = parse(&text, folder).map_err(|problems| ConfigError::new(file, problems))?;
    let Config { argus, zino, failover, .. } = &loaded.config;
    let own_community = failover.as_ref().is_some_and(|failover| failover.snmp_community.reveal() != "public");
    let holds_secrets = argus.token_file.is_none() || zino.secret_file.is_none() || own_community;
    loaded.warnings.extend(exposed.warnings(file, holds_secrets));
    Ok(loaded)
}

/// Reads a configuration from its text; file names in it are relative to `folder`.
///
/// # Errors
/// Everything that is wrong with it, in the order of the lines.
pub fn parse(text: &str, folder: &Path) -> Result<Loaded, Vec<Problem>> {
    resolve::resolve(text, folder)
}

#[cfg(test)]
mod ca_tests;
#[cfg(test)]
mod faults_tests;
#[cfg(test)]
mod tests;
