//! A server's name or address with a port, as people write it, and what to say of a name that could
//! not be looked up. Never looks anything up.

use std::net::Ipv6Addr;

/// `zino.example.org:8001`, `192.0.2.1:8001`, `[2001:db8::1]:8001`.
#[must_use]
pub fn place(server: &str, port: u16) -> String {
    let address = server.split('%').next().unwrap_or_default();
    if address.parse::<Ipv6Addr>().is_ok() { format!("[{server}]:{port}") } else { format!("{server}:{port}") }
}

/// How the system begins what it says of a look-up that failed.
const LOOK_UP: &str = "failed to lookup address information";
/// What it says of a name that there is not: glibc, musl.
const UNKNOWN: [&str; 3] =
    ["Name or service not known", "No address associated with hostname", "Name does not resolve"];

/// Why a name could not be looked up, from the system's words; `None` if that is not what failed.
/// `right` is what to ask of a name that there is not.
#[must_use]
pub fn look_up_failure(words: &str, right: &str) -> Option<String> {
    let cause = words.strip_prefix(LOOK_UP)?.trim_start_matches([':', ' ']);
    Some(if UNKNOWN.iter().any(|unknown| cause.starts_with(unknown)) {
        no_address(right)
    } else {
        format!("the name could not be looked up ({cause}): does this host's name server answer?")
    })
}

/// What is said of a name that there is not.
#[must_use]
pub fn no_address(right: &str) -> String {
    format!("the name has no address: {right}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_and_a_silent_name_server_are_different_causes() {
        let of = |words: &str| look_up_failure(words, "is it right?");
        for unknown in ["Name or service not known", "Name does not resolve"] {
            let said = of(&format!("failed to lookup address information: {unknown}"));
            assert_eq!(said.as_deref(), Some("the name has no address: is it right?"));
        }
        let silent = of("failed to lookup address information: Temporary failure in name resolution").unwrap();
        assert!(silent.contains("(Temporary failure in name resolution): does this host's name server answer?"));
        assert_eq!(of("Connection refused"), None);
    }

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        for (server, expected) in [
            ("zino.example.org", "zino.example.org:9"),
            ("192.0.2.1", "192.0.2.1:9"),
            ("::1", "[::1]:9"),
            ("fe80::1%eth0", "[fe80::1%eth0]:9"),
        ] {
            assert_eq!(place(server, 9), expected);
        }
    }
}
