//! Which keys differ between two configurations, for the log line of a reload. Never shows a value:
//! what stands for a secret is the same for all, so secrets are compared by themselves.

use super::Config;
use crate::secret::Secret;
use serde_json::Value;

/// The names of the keys that differ, as in the file. A secret that is kept in a file of its own
/// goes by the key of that file; a section that is only in one of the two goes by its name.
#[must_use]
pub fn changed_keys(old: &Config, new: &Config) -> Vec<String> {
    let mut keys = Vec::new();
    let tree = |config: &Config| serde_json::to_value(config).unwrap_or_default();
    compare("", &tree(old), &tree(new), &mut keys);
    for ((_, old), (key, new)) in secrets(old).iter().zip(secrets(new)) {
        if *old != new {
            keys.push(key.to_owned());
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

fn compare(path: &str, old: &Value, new: &Value, keys: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, old) in old {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&path, old, new.get(name).unwrap_or(&Value::Null), keys);
            }
        }
        (Value::Object(_), _) | (_, Value::Object(_)) => keys.push(format!("[{path}]")),
        _ if old != new => keys.push(path.to_owned()),
        _ => {}
    }
}

/// The secrets, each with the key that it comes from; in the same order for every configuration.
fn secrets(config: &Config) -> Vec<(&'static str, &Secret)> {
    let Config { argus, zino, failover, .. } = config;
    let token = if argus.token_file.is_some() { "argus.token_file" } else { "argus.token" };
    let secret = if zino.secret_file.is_some() { "zino.secret_file" } else { "zino.secret" };
    let community = failover.as_ref().map(|failover| ("failover.snmp_community", &failover.snmp_community.0));
    [(token, &argus.token), (secret, &zino.secret)].into_iter().chain(community).collect()
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
