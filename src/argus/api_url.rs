//! `argus.url`: the address of the API, the only one that gets our token. Never talks to a server.

use crate::net::host_name;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use ureq::http::Uri;

/// How the path of the API ends.
const API: &str = "/api/v2";

/// The address of the API, checked: `http[s]://host[:port]/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl {
    /// Without a slash at its end.
    text: String,
    /// Scheme, host and port, for messages.
    pub(super) origin: String,
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// Name or address; IPv6 in brackets.
    pub(super) host: String,
    /// The port, also if the URL names none.
    pub(super) port: u16,
}

impl FromStr for ApiUrl {
    /// The end of a sentence that begins with the key. The text is not repeated in it, because it
    /// may hold a password that does not belong there.
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let fail = |what: &str| Err(what.to_owned());
        let lower = url.to_ascii_lowercase();
        let schemes = [("http", "http://", 80), ("https", "https://", 443)];
        let found = schemes.into_iter().find(|(_, start, _)| lower.starts_with(start));
        let Some((scheme, start, usual_port)) = found else {
            return fail("must begin with http:// or https://");
        };
        if url.contains(|c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(c)) {
            return fail("must not hold blanks, or characters that a URL cannot have");
        }
        let rest = url.get(start.len()..).unwrap_or_default().trim_end_matches('/');
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return fail("must not hold a user or password: the token goes into argus.token");
        }
        if url.contains(['?', '#']) {
            return fail("must not hold a query or fragment (? or #)");
        }
        let (host, port) = host_and_port(authority)?;
        let (text, origin) = (format!("{start}{rest}"), format!("{start}{authority}"));
        Ok(Self { text, origin, scheme, host: host.to_owned(), port: port.unwrap_or(usual_port) })
    }
}

/// The two parts of what follows the scheme; an IPv6 address keeps its brackets.
fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, _)) if address.parse::<Ipv6Addr>().is_ok() => authority.split_at(address.len() + 2),
            _ => return Err("must hold an IPv6 address in the brackets".to_owned()),
        },
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() || !host.starts_with('[') && host.contains(['[', ']', '%']) {
        return Err("must name a host after the two slashes".to_owned());
    }
    if !host.starts_with('[') {
        host_name::check(host)?;
    }
    let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok());
    match port.strip_prefix(':').map(number) {
        None if port.is_empty() => Ok((host, None)),
        Some(Some(Some(port))) if port > 0 => Ok((host, Some(port))),
        _ => Err("must have a port between 1 and 65535, or none".to_owned()),
    }
}

impl ApiUrl {
    /// The address as text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether others on the network can read what is sent there: no TLS, and not this host.
    #[must_use]
    pub fn is_readable_on_the_way(&self) -> bool {
        let is_loopback = || self.host().parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.is_plain() && !self.host.eq_ignore_ascii_case("localhost") && !is_loopback()
    }

    /// Whether it is without TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.scheme == "http"
    }

    /// The server's name or address, an IPv6 address without brackets.
    pub(super) fn host(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }

    /// The address that was probably meant; `None` if this one ends as that of the API does.
    pub(super) fn better(&self) -> Option<String> {
        let mut path = self.text.get(self.origin.len()..)?;
        if path.ends_with(API) {
            return None;
        }
        let (above, last) = path.rsplit_once('/').unwrap_or((path, ""));
        if last.strip_prefix('v').is_some_and(|number| number.parse::<u8>().is_ok()) {
            path = above;
        }
        let path = path.strip_suffix("/api").unwrap_or(path);
        Some(format!("{}{path}{API}/", self.origin))
    }

    /// What `argus.url` had to be for the request for `path` to go where a redirect leads.
    pub(super) fn redirected(&self, path: &str, to: &str) -> Option<String> {
        let uri: Uri = to.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        let path = path.split('?').next().unwrap_or_default();
        let prefix = uri.path().strip_suffix(path).filter(|prefix| prefix.ends_with('/'))?;
        let better = format!("{scheme}://{authority}{prefix}");
        let is_another = better.parse::<Self>().is_ok_and(|other| other.text != self.text);
        is_another.then_some(better)
    }

    /// The address of something below the API. What `path` holds can change neither server nor
    /// scheme.
    pub(super) fn join(&self, path: &str) -> Result<Uri, String> {
        let above = || self.text.rsplit_once('/').map(|(above, _)| above);
        let base = match path.strip_prefix("../") {
            // Of what is above the API, only the folder that holds its version is ever asked for.
            Some("") => above().filter(|above| above.len() >= self.origin.len()).unwrap_or(&self.text),
            _ => &self.text,
        };
        let path = path.strip_prefix("../").unwrap_or(path);
        let uri: Uri = format!("{base}/{path}").parse().map_err(|error| format!("{error}"))?;
        debug_assert!(uri.to_string().starts_with(&self.origin), "the token goes to one server only");
        Ok(uri)
    }
}

/// A text as the value of a query parameter.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(url: &str) -> Result<ApiUrl, String> {
        url.parse()
    }

    fn check(url: &str, expected: &str) {
        assert_eq!(parsed(url).unwrap().join("incidents/?a=b").unwrap().to_string(), expected, "{url}");
    }

    #[test]
    fn the_api_is_found_below_any_prefix_with_or_without_the_last_slash() {
        check("https://argus.example.org/api/v2/", "https://argus.example.org/api/v2/incidents/?a=b");
        check("https://argus.example.org/api/v2", "https://argus.example.org/api/v2/incidents/?a=b");
        check("http://h:8000/sub/argus/api/v2//", "http://h:8000/sub/argus/api/v2/incidents/?a=b");
        check("HTTPS://h/", "https://h/incidents/?a=b");
        check("http://[::1]:8000/api/v2", "http://[::1]:8000/api/v2/incidents/?a=b");
    }

    #[test]
    fn the_text_loses_its_last_slash_and_nothing_else() {
        for (url, expected) in [
            ("https://argus.example.org/api/v2/", "https://argus.example.org/api/v2"),
            ("https://argus.example.org/api/v2", "https://argus.example.org/api/v2"),
            ("HTTP://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:8000/", "http://localhost:8000"),
        ] {
            assert_eq!(parsed(url).unwrap().as_str(), expected);
        }
        let ApiUrl { scheme, host, port, .. } = parsed("https://[::1]/api").unwrap();
        assert_eq!((scheme, host.as_str(), port), ("https", "[::1]", 443));
    }

    #[test]
    fn a_token_can_be_read_on_the_way_over_http_to_another_host() {
        for (url, expected) in [
            ("http://argus.example.org/api/v2", true),
            ("http://192.0.2.1:8000", true),
            ("http://[2001:db8::1]/x", true),
            ("http://localhost.example.org", true),
            ("https://argus.example.org", false),
            ("http://localhost:8000/x", false),
            ("http://127.0.0.5", false),
            ("http://[::1]:8000/api", false),
        ] {
            assert_eq!(parsed(url).unwrap().is_readable_on_the_way(), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_address_of_an_api_is_refused_without_repeating_it() {
        for (url, expected) in [
            ("", "must begin with http:// or https://"),
            ("/api/v2", "must begin with http:// or https://"),
            ("argus.example.org", "must begin with http:// or https://"),
            ("ftp://x", "must begin with http:// or https://"),
            ("https://", "must name a host after the two slashes"),
            ("https:///api", "must name a host after the two slashes"),
            ("https://u:hunter2@x/", "must not hold a user or password: the token goes into argus.token"),
            ("https://x/?hunter2", "must not hold a query or fragment (? or #)"),
            ("https://x#hunter2", "must not hold a query or fragment (? or #)"),
            ("https://x:0", "must have a port between 1 and 65535, or none"),
            ("https://x:", "must have a port between 1 and 65535, or none"),
            ("https://x:y/", "must have a port between 1 and 65535, or none"),
            ("https://x:99999/", "must have a port between 1 and 65535, or none"),
            ("https://x:+80", "must have a port between 1 and 65535, or none"),
            ("https://::1/", "must name a host after the two slashes"),
            ("https://[nonsense]/", "must hold an IPv6 address in the brackets"),
            ("https://x y", "must not hold blanks, or characters that a URL cannot have"),
            ("https://bl\u{e5}b\u{e6}r.no", "must not hold blanks, or characters that a URL cannot have"),
        ] {
            assert_eq!(parsed(url).unwrap_err(), expected, "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leaves_the_origin(path in any::<String>(), query in any::<String>()) {
            let base = parsed("https://argus.example.org/api/v2").unwrap();
            for path in [path.clone(), format!("//{path}"), format!("incidents/?q={}", quoted(&query))] {
                if let Ok(uri) = base.join(&path) {
                    prop_assert_eq!(uri.authority().unwrap().as_str(), "argus.example.org");
                    prop_assert_eq!(uri.scheme_str(), Some("https"));
                }
            }
            let quoted_query = format!("incidents/?q={}", quoted(&query));
            prop_assert!(base.join(&quoted_query).is_ok());
        }

        #[test]
        fn any_url_is_an_address_or_an_error(url in "(https?://)?[a-z:@\\[\\]/?#%0-9.]{0,30}|\\PC*") {
            if let Ok(url) = parsed(&url) {
                prop_assert!(url.join("incidents/").is_ok(), "{}", url.as_str());
            }
        }
    }
}
