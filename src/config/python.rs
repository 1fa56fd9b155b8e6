//! What the keys of the Python program's configuration mean here, where that is something else.
//! Never judges a value.

use super::keys::keys;
use super::reader::Reader;

/// The keys that the Python program knows.
const KNOWN: [&str; 17] = [
    "argus.url",
    "argus.token",
    "argus.timeout",
    "zino.server",
    "zino.port",
    "zino.user",
    "zino.secret",
    "zino.default_domain",
    "sync.acknowledge.setstate",
    "sync.ticket.enable",
    "sync.severity.default",
    "metadata.ports_url",
    "failover.primary_server",
    "failover.primary_snmp_port",
    "failover.snmp_community",
    "failover.ping_timeout",
    "failover.threshold",
];
/// Sections that it does not know, in which [`keys`] cannot look.
const UNKNOWN: [&str; 3] = ["filter", "incident", "sync.severity.rules"];

/// The keys that mean something else here, and what. A key stands for its section, too.
const DIFFERENT: [(&str, &str); 7] = [
    ("argus.url", "every request goes to version 2 of the API (/api/v2/); the Python program can use version 1, too"),
    (
        "sync.acknowledge.setstate",
        "an acknowledgement also counts if it was made while the program was down; a state that an operator sets after \
         it stays",
    ),
    ("sync.ticket.enable", "a ticket that was set while the program was down counts, too"),
    ("sync.severity.default", LEVEL),
    ("sync.severity.thresholds", LEVEL),
    ("metadata.ports_url", "has no effect, as in the Python program, which reads it and never uses it"),
    (
        "failover.threshold",
        "counts questions that are asked each failover.ping_interval (5 s); the Python program leaves 5 to 10 s between \
         two, so a takeover comes sooner here",
    ),
];
const LEVEL: &str = "the level also follows a priority that changes later; the Python program sets it once";

/// For a configuration that the Python program could have: the keys in it that mean something else
/// here, and what. Nothing for one that has a key of ours.
pub(super) fn differences(reader: &Reader<'_>) -> Vec<(&'static str, &'static str)> {
    let is_ours = |key: &&str| !KNOWN.contains(key) && !key.starts_with("sync.severity.") && reader.has(key);
    if keys().any(|key| is_ours(&key)) || UNKNOWN.iter().any(|section| reader.has(section)) {
        return Vec::new();
    }
    DIFFERENT.into_iter().filter(|(key, _)| reader.has(key)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{loaded, minimal_and};
    use super::*;

    fn named(more: &str) -> Vec<&'static str> {
        loaded(&minimal_and(more)).differences.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn a_configuration_of_the_python_program_is_told_which_keys_mean_something_else() {
        assert_eq!(named(""), ["argus.url"]);
        let whole = "[sync.acknowledge]\nsetstate = \"working\"\n[[sync.severity.thresholds]]\nmin_priority = 1\nlevel = 1\n\
                     [metadata]\nports_url = \"https://example.org\"\n\
                     [failover]\nprimary_server = \"primary\"\nthreshold = 5\n";
        let expected = [
            "argus.url",
            "sync.acknowledge.setstate",
            "sync.severity.thresholds",
            "metadata.ports_url",
            "failover.threshold",
        ];
        assert_eq!(named(whole), expected);
    }

    #[test]
    fn one_with_a_key_of_ours_is_not() {
        for ours in
            ["[sync]\nrefresh_interval = 5\n", "[filter]\n", "[[sync.severity.rules]]\nmin_priority = 1\nlevel = 1\n"]
        {
            assert_eq!(named(ours), [""; 0], "{ours}");
        }
    }

    #[test]
    fn each_key_that_means_something_else_exists() {
        for (key, _) in DIFFERENT {
            assert!(keys().any(|known| known.starts_with(key)), "{key}");
        }
        for key in KNOWN {
            assert!(keys().any(|known| known == key), "{key}");
        }
    }
}
