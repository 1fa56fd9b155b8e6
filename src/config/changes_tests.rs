use super::*;
use crate::config::{keys, parse};
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
acknowledge.history = false
acknowledge.from_states = ["working"]
ticket.enable = false
severity.default = 3
severity.thresholds = [{ min_priority = 500, level = 1 }]
severity.rules = [{ type = "alarm", level = 1 }]
[incident]
details_url = "/{case}"
tags = ["a={case}"]
[filter]
types = ["bgp"]
port_description_contains = ","
min_priority = 50
ignore_routers = ["lab-*"]
[metrics]
file = "/m.prom"
listen = "127.0.0.1:9798"
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

/// The keys that are named when one piece of the text is another.
fn changed(from: &str, to: &str) -> Vec<String> {
    assert_eq!(OLD.matches(from).count(), 1, "{from}");
    changed_keys(&config(OLD), &config(&OLD.replace(from, to)))
}

#[test]
fn every_key_that_changes_is_named_alone() {
    let mut named = Vec::new();
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
        ("\"none\"", "\"waiting\""),
        ("history = false", "history = true"),
        ("[\"working\"]", "[\"waiting\"]"),
        ("enable = false", "enable = true"),
        ("severity.default = 3", "severity.default = 4"),
        ("500, level = 1", "500, level = 2"),
        ("\"alarm\", level = 1", "\"alarm\", level = 2"),
        ("\"/{case}\"", "\"/{router}\""),
        ("a={case}", "a={router}"),
        ("[\"bgp\"]", "[\"bgp\", \"bfd\"]"),
        ("contains = \",\"", "contains = \"\""),
        ("min_priority = 50\n", "min_priority = 51\n"),
        ("lab-*", "lab-?"),
        ("/m.prom", "/n.prom"),
        ("127.0.0.1:9798", "[::1]:9798"),
        ("primary.example.org", "primary2.example.org"),
        ("8000", "8005"),
        ("cccc", "dddd"),
        ("ping_timeout = 5", "ping_timeout = 6"),
        ("ping_interval = 5", "ping_interval = 6"),
        ("threshold = 10", "threshold = 11"),
    ] {
        let keys = changed(from, to);
        assert_eq!(keys.len(), 1, "{from}: {keys:?}");
        named.extend(keys);
    }
    // Those below need files, and the last section is read and never used.
    let by_files = ["argus.token_file", "argus.renew_token", "argus.ca_file", "zino.secret_file"];
    for key in keys().filter(|key| !by_files.contains(key) && !key.starts_with("metadata.")) {
        let is_named = named.iter().any(|name| key == name || key.starts_with(&format!("{name}.")));
        assert!(is_named, "{key} can change without being named");
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
fn a_default_that_is_written_down_is_no_change() {
    assert!(changed("timeout = 2\n", "").is_empty());
    assert!(changed("https://argus.example.org/api/v2/", "https://argus.example.org/api/v2").is_empty());
}

#[test]
fn a_secret_in_a_file_goes_by_the_name_of_the_file_key() {
    let old = config(OLD);
    let mut new = old.clone();
    let file = |name: &str| toml::Value::from(name).try_into().ok();
    new.argus.token_file = file("token");
    new.zino.secret_file = file("secret");
    assert_eq!(changed_keys(&old, &new), ["argus.token_file", "zino.secret_file"]);
    let mut newer = new.clone();
    newer.argus.token = Secret::new("bbbb".to_owned());
    newer.zino.secret = Secret::new("tttt".to_owned());
    assert_eq!(changed_keys(&new, &newer), ["argus.token_file", "zino.secret_file"]);
    newer.argus.ca_file = file("ca.pem");
    newer.argus.renew_token.0 = true;
    let keys = changed_keys(&new, &newer);
    assert_eq!(keys, ["argus.ca_file", "argus.renew_token", "argus.token_file", "zino.secret_file"]);
}

/// Each secret of the configuration looks the same where it is written down, so each must be in the
/// list.
#[test]
fn every_secret_is_compared() {
    let config = config(OLD);
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(written.matches("(secret)").count(), secrets(&config).len());
}
