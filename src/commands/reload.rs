//! What differs between two configurations, and what it means for a program that runs. Pure; names
//! keys, never values.

use crate::config::{ArgusConfig, Config, FailoverConfig, SyncConfig, ZinoConfig};

/// The keys that differ, by their names in the file. A secret that changed in a file of its own
/// goes by the file's key.
#[must_use]
pub fn changed_keys(old: &Config, new: &Config) -> Vec<&'static str> {
    let Config { argus, zino, sync, failover } = old;
    let mut keys = argus_keys(argus, &new.argus);
    keys.extend(zino_keys(zino, &new.zino));
    keys.extend(sync_keys(sync, &new.sync));
    keys.extend(match (failover, &new.failover) {
        (None, None) => Vec::new(),
        (Some(old), Some(new)) => failover_keys(old, new),
        (None, Some(_)) | (Some(_), None) => vec!["[failover]"],
    });
    keys
}

/// Those of the pairs that differ. Each section is taken apart as a whole, so that a key that is
/// added to the configuration and forgotten here does not compile.
fn differing(pairs: &[(&'static str, bool)]) -> Vec<&'static str> {
    pairs.iter().filter(|(_, differs)| *differs).map(|(key, _)| *key).collect()
}

fn argus_keys(old: &ArgusConfig, new: &ArgusConfig) -> Vec<&'static str> {
    let ArgusConfig { url, token, token_file, renew_token, ca_file, timeout, connections } = old;
    let in_file = new.token_file.is_some();
    differing(&[
        ("argus.url", *url != new.url),
        ("argus.token", *token != new.token && !in_file),
        ("argus.token_file", *token_file != new.token_file || *token != new.token && in_file),
        ("argus.renew_token", *renew_token != new.renew_token),
        ("argus.ca_file", *ca_file != new.ca_file),
        ("argus.timeout", *timeout != new.timeout),
        ("argus.connections", *connections != new.connections),
    ])
}

fn zino_keys(old: &ZinoConfig, new: &ZinoConfig) -> Vec<&'static str> {
    let ZinoConfig { server, port, notify_port, user, secret, secret_file, default_domain } = old;
    let in_file = new.secret_file.is_some();
    differing(&[
        ("zino.server", *server != new.server),
        ("zino.port", *port != new.port),
        ("zino.notify_port", *notify_port != new.notify_port),
        ("zino.user", *user != new.user),
        ("zino.secret", *secret != new.secret && !in_file),
        ("zino.secret_file", *secret_file != new.secret_file || *secret != new.secret && in_file),
        ("zino.default_domain", *default_domain != new.default_domain),
    ])
}

fn sync_keys(old: &SyncConfig, new: &SyncConfig) -> Vec<&'static str> {
    let SyncConfig {
        refresh_interval,
        full_interval,
        orphan_grace,
        acknowledge_setstate,
        ticket_enable,
        default_level,
        bands,
    } = old;
    differing(&[
        ("sync.refresh_interval", *refresh_interval != new.refresh_interval),
        ("sync.full_interval", *full_interval != new.full_interval),
        ("sync.orphan_grace", *orphan_grace != new.orphan_grace),
        ("sync.acknowledge.setstate", *acknowledge_setstate != new.acknowledge_setstate),
        ("sync.ticket.enable", *ticket_enable != new.ticket_enable),
        ("sync.severity.default", *default_level != new.default_level),
        ("sync.severity.thresholds", *bands != new.bands),
    ])
}

fn failover_keys(old: &FailoverConfig, new: &FailoverConfig) -> Vec<&'static str> {
    let FailoverConfig { primary_server, primary_snmp_port, snmp_community, ping_timeout, ping_interval, threshold } =
        old;
    differing(&[
        ("failover.primary_server", *primary_server != new.primary_server),
        ("failover.primary_snmp_port", *primary_snmp_port != new.primary_snmp_port),
        ("failover.snmp_community", *snmp_community != new.snmp_community),
        ("failover.ping_timeout", *ping_timeout != new.ping_timeout),
        ("failover.ping_interval", *ping_interval != new.ping_interval),
        ("failover.threshold", *threshold != new.threshold),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{KEYS, parse};
    use std::path::Path;

    const OLD: &str = r#"
[argus]
url = "https://argus.example.org/api/v2/"
token = "aaaa"
timeout = 2
connections = 4
[zino]
server = "zino.example.org"
port = 8001
notify_port = 8002
user = "argus"
secret = "ssss"
default_domain = "example.org"
[sync]
refresh_interval = 30
full_interval = 900
orphan_grace = 900
acknowledge.setstate = "none"
ticket.enable = false
severity.default = 3
severity.thresholds = [{ min_priority = 500, level = 1 }]
[failover]
primary_server = "primary.example.org"
primary_snmp_port = 8000
snmp_community = "cccc"
ping_timeout = 5
ping_interval = 5
threshold = 10
"#;

    fn config(text: &str) -> Config {
        parse(text, Path::new("")).unwrap().config
    }

    /// The keys that are told when one piece of the text is another.
    fn changed(from: &str, to: &str) -> Vec<&'static str> {
        assert_eq!(OLD.matches(from).count(), 1, "{from}");
        changed_keys(&config(OLD), &config(&OLD.replace(from, to)))
    }

    #[test]
    fn every_key_that_changes_is_named_alone() {
        let mut told = Vec::new();
        for (from, to) in [
            ("https://", "http://"),
            ("aaaa", "bbbb"),
            ("timeout = 2\n", "timeout = 3\n"),
            ("connections = 4", "connections = 5"),
            ("server = \"zino.", "server = \"zino2."),
            ("\nport = 8001", "\nport = 8003"),
            ("notify_port = 8002", "notify_port = 8004"),
            ("user = \"argus\"", "user = \"other\""),
            ("ssss", "tttt"),
            ("\"example.org\"", "\"example.net\""),
            ("refresh_interval = 30", "refresh_interval = 31"),
            ("full_interval = 900", "full_interval = 901"),
            ("orphan_grace = 900", "orphan_grace = 901"),
            ("\"none\"", "\"working\""),
            ("false", "true"),
            ("severity.default = 3", "severity.default = 4"),
            ("level = 1", "level = 2"),
            ("primary.example.org", "primary2.example.org"),
            ("8000", "8005"),
            ("cccc", "dddd"),
            ("ping_timeout = 5", "ping_timeout = 6"),
            ("ping_interval = 5", "ping_interval = 6"),
            ("threshold = 10", "threshold = 11"),
        ] {
            let keys = changed(from, to);
            assert_eq!(keys.len(), 1, "{from}: {keys:?}");
            told.extend(keys);
        }
        // Those below need files, and the last section is read and never used.
        let by_files = ["argus.token_file", "argus.renew_token", "argus.ca_file", "zino.secret_file"];
        for key in KEYS.iter().filter(|key| !by_files.contains(key) && !key.starts_with("metadata.")) {
            let named = told.iter().any(|name| key == name || key.starts_with(&format!("{name}.")));
            assert!(named, "{key} can change without being named");
        }
    }

    #[test]
    fn nothing_is_nothing_and_a_section_that_comes_or_goes_is_named_as_one() {
        assert!(changed_keys(&config(OLD), &config(OLD)).is_empty());
        let standalone = config(OLD.split("[failover]").next().unwrap());
        assert_eq!(changed_keys(&standalone, &config(OLD)), ["[failover]"]);
        assert_eq!(changed_keys(&config(OLD), &standalone), ["[failover]"]);
    }

    #[test]
    fn a_secret_in_a_file_goes_by_the_name_of_the_file_key() {
        let old = config(OLD);
        let mut new = old.clone();
        new.argus.token_file = Some("token".into());
        new.zino.secret_file = Some("secret".into());
        assert_eq!(changed_keys(&old, &new), ["argus.token_file", "zino.secret_file"]);
        let mut newer = new.clone();
        newer.argus.token = crate::secret::Secret::new("bbbb".to_owned());
        newer.zino.secret = crate::secret::Secret::new("tttt".to_owned());
        assert_eq!(changed_keys(&new, &newer), ["argus.token_file", "zino.secret_file"]);
        newer.argus.ca_file = Some("ca.pem".into());
        newer.argus.renew_token = true;
        let keys = changed_keys(&new, &newer);
        assert_eq!(keys, ["argus.token_file", "argus.renew_token", "argus.ca_file", "zino.secret_file"]);
    }
}
