//! The configuration as the program uses it: every value checked, every default filled in. Never
//! talks to a server, and never puts a secret into a message.
//!
//! The structs are the table of keys: a new key is one field, with its comment and its default. The
//! type of a value (`value`) checks it. `keys` asks the structs which keys there are.
//!
//! The way of a file: `files` reads it, `syntax` reports what is not TOML, `reader` reads its
//! sections into the structs, and `resolve` checks what depends on several keys or on other files.

mod acknowledge;
mod changes;
mod environment;
mod files;
mod filter;
mod keys;
mod lines;
mod problem;
mod python;
mod reader;
mod resolve;
mod syntax;
mod template;
mod text;
mod value;

pub use acknowledge::{Acknowledge, Setstate, VisibleState};
pub use changes::changed_keys;
pub use environment::Environment;
pub use files::find;
pub use filter::{Filter, Pattern, Type};
pub use keys::keys;
pub use problem::{ConfigError, Problem};
pub use template::{IncidentConfig, Part, Placeholder, Template};
pub use value::Whole;

use crate::argus::api_url::ApiUrl;
use crate::secret::Secret;
use crate::zino::case::CaseKind;
use environment::Variable;
use filter::AlarmType;
use serde::{Deserialize, Serialize};
use std::path::Path;
use text::{Community, Domain, FileName, Host, Listen, User};
use value::{Connections, Flag, Grace, Level, Port, Priority, Questions, Seconds, Text, not_given};

/// The configuration file.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[argus]`
    pub argus: ArgusConfig,
    /// `[zino]`
    pub zino: ZinoConfig,
    /// `[sync]`
    pub sync: SyncConfig,
    /// `[filter]`
    pub filter: Filter,
    /// `[incident]`
    pub incident: IncidentConfig,
    /// `[metadata]`
    pub metadata: Metadata,
    /// `[metrics]`
    pub metrics: MetricsConfig,
    /// `[failover]`; `None`: standalone, always active.
    pub failover: Option<FailoverConfig>,
}

/// How to reach Argus.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ArgusConfig {
    /// The address of the API.
    pub url: ApiUrl,
    /// The token. [`load`] fills it in if it is kept in `token_file`.
    #[serde(default = "not_given")]
    pub token: Secret,
    /// The file that holds the token, to be read again when Argus refuses it.
    pub token_file: Option<FileName>,
    /// Whether the token is to be renewed; needs a `token_file`.
    #[serde(default)]
    pub renew_token: Flag,
    /// The longest that one request may take.
    #[serde(default = "Seconds::of::<2>")]
    pub timeout: Seconds,
    /// Certificates (PEM) to trust instead of the system's.
    pub ca_file: Option<FileName>,
    /// How many requests may run side by side.
    #[serde(default = "Connections::of::<4>")]
    pub connections: Connections,
}

/// How to reach Zino.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ZinoConfig {
    /// Name or address.
    pub server: Host,
    /// TCP port of the API.
    #[serde(default = "Port::of::<8001>")]
    pub port: Port,
    /// TCP port of the notifications.
    #[serde(default = "Port::of::<8002>")]
    pub notify_port: Port,
    /// Our user there.
    pub user: User,
    /// Its secret. [`load`] fills it in if it is kept in `secret_file`.
    #[serde(default = "not_given")]
    pub secret: Secret,
    /// The file that holds the secret.
    pub secret_file: Option<FileName>,
    /// The domain for router names without a dot.
    #[serde(default)]
    pub default_domain: Domain,
}

/// What is synchronised, and how often.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SyncConfig {
    /// How often Argus is asked what changed.
    #[serde(default = "Seconds::of::<30>")]
    pub refresh_interval: Seconds,
    /// How often both servers are read completely.
    #[serde(default = "Seconds::of::<900>")]
    pub full_interval: Seconds,
    /// How long a case must stay unknown to Zino before its incident is closed.
    #[serde(default = "Grace::of::<900>")]
    pub orphan_grace: Grace,
    /// `[sync.acknowledge]`
    #[serde(default)]
    pub acknowledge: Acknowledge,
    /// `[sync.ticket]`
    #[serde(default)]
    pub ticket: Ticket,
    /// `[sync.severity]`
    #[serde(default)]
    pub severity: Severity,
}

/// What a ticket in Argus does in Zino.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ticket {
    /// Whether its address goes into the case's history.
    pub enable: Flag,
}

/// Which priority gets which level.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Severity {
    /// The level of a case below every threshold.
    pub default: Level,
    /// `[[sync.severity.rules]]`: the first that matches decides, before the thresholds.
    pub rules: Vec<LevelRule>,
    /// `[[sync.severity.thresholds]]`; no two with the same `min_priority`.
    pub thresholds: Vec<Threshold>,
}

impl Default for Severity {
    fn default() -> Self {
        Self { default: Whole(3), rules: Vec::new(), thresholds: Vec::new() }
    }
}

/// The level of the cases to which all that is given applies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LevelRule {
    /// The type of the case.
    pub r#type: Option<Type>,
    /// The type of the alarm, as Zino writes it: `red` or `yellow`.
    pub alarm_type: Option<AlarmType>,
    /// The router, by its name in Zino.
    pub router: Option<Pattern>,
    /// The lowest priority.
    pub min_priority: Option<Priority>,
    /// The level.
    pub level: Level,
}

impl LevelRule {
    /// What is wrong with its keys together.
    fn fault(&self) -> Option<&'static str> {
        let is_alarm = self.r#type.as_ref().is_none_or(|kind| kind.0 == CaseKind::Alarm);
        match self {
            Self { r#type: None, alarm_type: None, router: None, min_priority: None, .. } => {
                Some("needs at least one of type, alarm_type, router, min_priority")
            }
            Self { alarm_type: Some(_), .. } if !is_alarm => {
                Some("matches nothing: alarm_type goes with type = \"alarm\"")
            }
            _ => None,
        }
    }
}

/// The level from a priority on.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The lowest priority of this level.
    pub min_priority: Priority,
    /// The level.
    pub level: Level,
}

/// A section of the Python program, which reads it and never uses it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// An address.
    pub ports_url: Option<Text>,
}

/// Where the program can be looked at from outside.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// The file that the metrics are written into.
    pub file: Option<FileName>,
    /// The address where they can be asked for.
    pub listen: Option<Listen>,
}

/// Whom to watch as a secondary.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FailoverConfig {
    /// The primary Zino's name or address.
    pub primary_server: Host,
    /// UDP port of its SNMP agent.
    #[serde(default = "Port::of::<8000>")]
    pub primary_snmp_port: Port,
    /// The agent's community, as good as a password.
    #[serde(default)]
    pub snmp_community: Community,
    /// The longest to wait for one answer.
    #[serde(default = "Seconds::of::<5>")]
    pub ping_timeout: Seconds,
    /// How often it is asked.
    #[serde(default = "Seconds::of::<5>")]
    pub ping_interval: Seconds,
    /// How many failures, or answers, in a row change the mode.
    #[serde(default = "Questions::of::<10>")]
    pub threshold: Questions,
}

/// A configuration that can be used, and what its owner should know.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// One line each, to be logged as warnings.
    pub warnings: Vec<String>,
    /// Of a configuration that the Python program could have: the keys that mean something else
    /// here, and what.
    pub differences: Vec<(&'static str, &'static str)>,
}

/// Reads a configuration file, the secret files that it names, and the secrets of the environment.
///
/// # Errors
/// The first fault of each section, and every fault of the files that it names.
pub fn load(file: &Path, environment: &Environment) -> Result<Loaded, ConfigError> {
    let (text, exposed) = files::read_config_file(file).map_err(|problem| ConfigError::new(file, vec![problem]))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut loaded =
        resolve::resolve(&text, folder, environment).map_err(|problems| ConfigError::new(file, problems))?;
    let Config { argus, zino, failover, .. } = &loaded.config;
    let own_community = failover.as_ref().is_some_and(|failover| failover.snmp_community != Community::default());
    let is_absent = |variable: &Variable| *variable == Variable::Absent;
    let holds_token = argus.token_file.is_none() && is_absent(&environment.token);
    let holds_secret = zino.secret_file.is_none() && is_absent(&environment.secret);
    let holds_secrets = holds_token || holds_secret || own_community;
    loaded.warnings.extend(exposed.warnings(file, holds_secrets));
    Ok(loaded)
}

/// Reads the section `[metrics]` of a configuration file. Nothing else of it is needed to ask an
/// instance how it is, least of all its secrets.
///
/// # Errors
/// What is wrong with the file or the section.
pub fn load_metrics(file: &Path) -> Result<MetricsConfig, ConfigError> {
    let (text, _) = files::read_config_file(file).map_err(|problem| ConfigError::new(file, vec![problem]))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    resolve::resolve_metrics(&text, folder).map_err(|problems| ConfigError::new(file, problems))
}

/// Reads a configuration from its text alone; file names in it are relative to `folder`.
///
/// # Errors
/// The first fault of each section, in the order of the lines. In a text that is no TOML, the first
/// fault of each line.
pub fn parse(text: &str, folder: &Path) -> Result<Loaded, Vec<Problem>> {
    resolve::resolve(text, folder, &Environment::default())
}

#[cfg(test)]
mod ca_tests;
#[cfg(test)]
mod faults_tests;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod secrecy_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
