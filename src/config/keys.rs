//! Which keys there are, and which of them somebody may have meant. Never says what a key means: `resolve` does.

/// Every key with its section. Tests hold this list, the code that reads the keys, and the example file together.
pub const KEYS: &[&str] = &[
    "argus.url",
    "argus.token",
    "argus.token_file",
    "argus.renew_token",
    "argus.timeout",
    "argus.ca_file",
    "argus.connections",
    "zino.server",
    "zino.port",
    "zino.notify_port",
    "zino.user",
    "zino.secret",
    "zino.secret_file",
    "zino.default_domain",
    "sync.refresh_interval",
    "sync.full_interval",
    "sync.orphan_grace",
    "sync.acknowledge.setstate",
    "sync.ticket.enable",
    "sync.severity.default",
    "sync.severity.thresholds.min_priority",
    "sync.severity.thresholds.level",
    "metadata.ports_url",
    "failover.primary_server",
    "failover.primary_snmp_port",
    "failover.snmp_community",
    "failover.ping_timeout",
    "failover.ping_interval",
    "failover.threshold",
];

/// The one section that is a list.
pub const THRESHOLDS: &str = "sync.severity.thresholds";

/// Whether the value of a key is text, which must stand in quotes.
pub fn is_text(path: &str) -> bool {
    let leaf = leaf(path);
    KEYS.contains(&path)
        && (matches!(
            leaf,
            "url" | "token" | "server" | "user" | "secret" | "default_domain" | "setstate" | "ports_url"
        ) || matches!(leaf, "primary_server" | "snmp_community")
            || leaf.ends_with("_file"))
}

/// Whether there are keys below this path.
pub fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// What somebody who wrote `name` in `section` (empty: the top of the file) may have meant, as the end of a sentence.
pub fn hint(section: &str, name: &str) -> String {
    let near = |candidate: &&String| distance(leaf(candidate), name) <= tolerance(name);
    let siblings = children(section);
    let nearest =
        |paths: Vec<String>| paths.into_iter().filter(|path| near(&path)).min_by_key(|path| distance(leaf(path), name));
    if let Some(path) = nearest(siblings.clone()) {
        return format!("did you mean {}?", shown(&path));
    }
    if let Some(path) = nearest(everything()) {
        return format!("did you mean {}, in another section?", shown(&path));
    }
    let names: Vec<String> = siblings.iter().map(|path| shown(path)).collect();
    format!("there are {}", names.join(", "))
}

/// All keys and sections.
fn everything() -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for key in KEYS {
        let ends = key.match_indices('.').map(|(end, _)| end);
        for path in ends.filter_map(|end| key.get(..end)).chain([*key]) {
            if !paths.iter().any(|known| known == path) {
                paths.push(path.to_owned());
            }
        }
    }
    paths
}

/// The keys and sections directly below a section.
fn children(section: &str) -> Vec<String> {
    everything().into_iter().filter(|path| path.rsplit_once('.').map_or("", |(parent, _)| parent) == section).collect()
}

/// A path as it stands in a file: a section in brackets.
fn shown(path: &str) -> String {
    if path == THRESHOLDS {
        format!("[[{path}]]")
    } else if is_section(path) {
        format!("[{path}]")
    } else {
        path.to_owned()
    }
}

fn leaf(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, leaf)| leaf)
}

/// How many slips of the pen a word of this length may have.
fn tolerance(name: &str) -> usize {
    (name.chars().count() / 3).clamp(1, 3)
}

/// The number of letters to insert, delete, replace or swap, without regard to case and to `-` for `_`.
fn distance(left: &str, right: &str) -> usize {
    let normal = |text: &str| -> String {
        let text: String = text.chars().take(64).collect();
        text.to_ascii_lowercase().replace('-', "_")
    };
    strsim::osa_distance(&normal(left), &normal(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_offered() {
        for (section, name, expected) in [
            ("argus", "urll", "did you mean argus.url?"),
            ("argus", "Token-File", "did you mean argus.token_file?"),
            ("argus", "tokne", "did you mean argus.token?"),
            ("argus", "TOKEN", "did you mean argus.token?"),
            ("argus", "tokenfile", "did you mean argus.token_file?"),
            ("zino", "prot", "did you mean zino.port?"),
            ("", "agrus", "did you mean [argus]?"),
            ("sync", "severty", "did you mean [sync.severity]?"),
            ("sync.severity", "treshold", "did you mean [[sync.severity.thresholds]]?"),
            ("zino", "timeout", "did you mean argus.timeout, in another section?"),
            ("", "refresh_interval", "did you mean sync.refresh_interval, in another section?"),
            ("metadata", "zzzzzz", "there are metadata.ports_url"),
        ] {
            assert_eq!(hint(section, name), expected, "{section} {name}");
        }
    }
}
