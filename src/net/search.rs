//! The search list of `/etc/resolv.conf`: which whole names a short name may stand for. Never asks
//! a name server.

use std::fs::File;
use std::io::Read;

/// Where the system says which name servers to ask.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The longest file that is read; resolvers themselves read less.
const MAX_FILE: u64 = 64 * 1024;
/// The most names that are tried.
const MAX_CANDIDATES: usize = 8;
/// From this number of dots on, a name is tried as it is before the search list (glibc, musl).
const NDOTS: usize = 1;
/// The largest value that resolvers accept for `ndots`.
const MAX_NDOTS: usize = 15;

/// Whether this host says which name servers to ask. Without that file, resolvers ask the host
/// itself.
pub(super) fn has_name_servers() -> bool {
    // A file that cannot be read is there all the same.
    std::path::Path::new(RESOLV_CONF).try_exists().unwrap_or(true)
}

/// The absolute names that `name` may stand for, in the order in which glibc tries them; empty if
/// it stands only for itself.
pub(super) fn candidates(name: &str) -> Vec<String> {
    let mut text = Vec::new();
    let read = File::open(RESOLV_CONF).and_then(|file| file.take(MAX_FILE).read_to_end(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    candidates_by(&String::from_utf8_lossy(&text), name)
}

fn candidates_by(resolv_conf: &str, name: &str) -> Vec<String> {
    let (mut domains, mut ndots) = (Vec::new(), NDOTS);
    for line in resolv_conf.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            // The last of these lines counts.
            Some("search") => domains = words.collect(),
            Some("domain") => domains = words.take(1).collect(),
            Some("options") => {
                let mut given = words.filter_map(|word| word.strip_prefix("ndots:")?.parse::<usize>().ok());
                ndots = given.next_back().unwrap_or(ndots).min(MAX_NDOTS);
            }
            _ => {}
        }
    }
    let domains: Vec<&str> = domains.iter().map(|domain| domain.trim_matches('.')).filter(|d| !d.is_empty()).collect();
    if name.is_empty() || name.ends_with('.') || domains.is_empty() {
        return Vec::new();
    }
    let whole = format!("{name}.");
    let searched = domains.iter().map(|domain| format!("{name}.{domain}.")).take(MAX_CANDIDATES - 1);
    if name.matches('.').count() >= ndots {
        std::iter::once(whole).chain(searched).collect()
    } else {
        searched.chain(std::iter::once(whole.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_stands_for_what_glibc_would_try() {
        let check = |conf: &str, name: &str, expected: &[&str]| {
            assert_eq!(candidates_by(conf, name), expected, "{name} by {conf:?}");
        };
        let two = "nameserver 192.0.2.1\nsearch a.example b.example.\n";
        check(two, "argus", &["argus.a.example.", "argus.b.example.", "argus."]);
        check(
            two,
            "argus.c.example",
            &["argus.c.example.", "argus.c.example.a.example.", "argus.c.example.b.example."],
        );
        check(two, "argus.c.example.", &[]);
        check("nameserver 192.0.2.1\n", "argus", &[]);
        check("search a.example\ndomain b.example c.example\n", "argus", &["argus.b.example.", "argus."]);
        check("search a.example\noptions timeout:1 ndots:2\n", "argus.x", &["argus.x.a.example.", "argus.x."]);
        check("search .\n", "argus", &[]);
        check("# search a.example\n;domain b.example\n", "argus", &[]);
    }

    proptest! {
        #[test]
        fn any_file_gives_a_bounded_number_of_absolute_names(conf: String, name: String) {
            let found = candidates_by(&conf, &name);
            prop_assert!(found.len() <= MAX_CANDIDATES);
            prop_assert!(found.iter().all(|candidate| candidate.ends_with('.')));
        }
    }
}
