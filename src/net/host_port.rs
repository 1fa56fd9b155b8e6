//! A server's name or address with a port, as people write it. Never looks anything up.

use std::net::Ipv6Addr;

/// `zino.example.org:8001`, `192.0.2.1:8001`, `[2001:db8::1]:8001`.
#[must_use]
pub fn host_and_port(server: &str, port: u16) -> String {
    let address = server.split('%').next().unwrap_or_default();
    if address.parse::<Ipv6Addr>().is_ok() { format!("[{server}]:{port}") } else { format!("{server}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        for (server, expected) in [
            ("zino.example.org", "zino.example.org:9"),
            ("192.0.2.1", "192.0.2.1:9"),
            ("::1", "[::1]:9"),
            ("fe80::1%eth0", "[fe80::1%eth0]:9"),
        ] {
            assert_eq!(host_and_port(server, 9), expected);
        }
    }
}
