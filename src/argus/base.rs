//! `argus.url`: where the API is, and the only place our token goes. Never talks to a server.

use ureq::http::Uri;

/// How the path of the API ends.
const API: &str = "/api/v2";

/// The API's address, ending in a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    prefix: String,
    /// Scheme, host and port, for messages.
    pub origin: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Name or address; IPv6 in brackets.
    pub host: String,
    /// The port, also if the URL names none.
    pub port: u16,
}

impl Base {
    /// Reads `http[s]://host[:port]/path`, with or without the last slash. The text is not repeated in an error, because
    /// it may hold a password that does not belong there.
    pub fn parse(url: &str) -> Result<Self, String> {
        let url = url.trim();
        let uri: Uri = url.parse().map_err(|error| format!("argus.url is no URL: {error}"))?;
        let scheme = uri.scheme_str().map(str::to_ascii_lowercase).unwrap_or_default();
        if scheme != "http" && scheme != "https" {
            return Err("argus.url must begin with https:// or http://".to_owned());
        }
        let authority = uri.authority().ok_or("argus.url names no server")?;
        if authority.as_str().contains('@') {
            return Err("argus.url must not hold a user name or password: the token goes into argus.token".to_owned());
        }
        let (host, after_host) = authority.as_str().split_at_checked(authority.host().len()).unwrap_or_default();
        if host.is_empty() || host == "[]" {
            return Err("argus.url names no server".to_owned());
        }
        if !after_host.is_empty() && authority.port_u16().is_none_or(|port| port == 0) {
            return Err("argus.url has a port that is none".to_owned());
        }
        if uri.query().is_some() || url.contains('#') {
            return Err("argus.url must end with the path of the API, without ? or #".to_owned());
        }
        let origin = format!("{scheme}://{authority}");
        let prefix = format!("{origin}{}/", uri.path().trim_end_matches('/'));
        let port = authority.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        let host = host.to_owned();
        Ok(Self { prefix, origin, scheme, host, port })
    }

    /// Whether it is without TLS.
    pub fn is_plain(&self) -> bool {
        self.origin.starts_with("http://")
    }

    /// The server's name or address, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        let authority = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }

    /// The address that was probably meant; `None` if this one ends as that of the API does.
    pub fn better(&self) -> Option<String> {
        let mut path = self.prefix.get(self.origin.len()..)?.trim_end_matches('/');
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
    pub fn redirected(&self, path: &str, to: &str) -> Option<String> {
        let uri: Uri = to.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        let path = path.split('?').next().unwrap_or_default();
        let prefix = uri.path().strip_suffix(path).filter(|prefix| prefix.ends_with('/'))?;
        let better = format!("{scheme}://{authority}{prefix}");
        (better != self.prefix && Self::parse(&better).is_ok()).then_some(better)
    }

    /// The address of something below the API. What `path` holds can change neither server nor scheme.
    pub fn join(&self, path: &str) -> Result<Uri, String> {
        let above = || self.prefix.trim_end_matches('/').rfind('/').and_then(|end| self.prefix.get(..=end));
        let prefix = match path.strip_prefix("../") {
            // Of what is above the API only the place beside its version is ever asked for.
            Some("") => above().filter(|above| above.len() > self.origin.len()).unwrap_or(&self.prefix),
            _ => &self.prefix,
        };
        let path = path.strip_prefix("../").unwrap_or(path);
        format!("{prefix}{path}").parse().map_err(|error| format!("{error}"))
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

    fn check(url: &str, expected: &str) {
        assert_eq!(Base::parse(url).unwrap().join("incidents/?a=b").unwrap().to_string(), expected, "{url}");
    }

    #[test]
    fn the_api_is_found_below_any_prefix_with_or_without_the_last_slash() {
        check("https://argus.example.org/api/v2/", "https://argus.example.org/api/v2/incidents/?a=b");
        check("https://argus.example.org/api/v2", "https://argus.example.org/api/v2/incidents/?a=b");
        check("http://h:8000/sub/argus/api/v2//", "http://h:8000/sub/argus/api/v2/incidents/?a=b");
        check(" HTTPS://h ", "https://h/incidents/?a=b");
        check("http://[::1]:8000/api/v2", "http://[::1]:8000/api/v2/incidents/?a=b");
    }

    #[test]
    fn what_is_no_address_of_an_api_is_refused_without_repeating_it() {
        for url in [
            "",
            "argus.example.org",
            "/api/v2",
            "ftp://h/",
            "https://",
            "https://u:hunter2@h/",
            "https://h:x/",
            "https://h:99999/",
            "https://h:/",
            "https://h:0/",
            "https://h/?hunter2",
            "https://h/#hunter2",
            "https://h/a b",
        ] {
            let why = Base::parse(url).unwrap_err();
            assert!(why.contains("argus.url") && !why.contains("hunter2"), "{url}: {why}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leaves_the_origin(path in any::<String>(), query in any::<String>()) {
            let base = Base::parse("https://argus.example.org/api/v2").unwrap();
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
        fn any_url_is_an_address_or_an_error(url in "(https?://)?[a-z:@\\[\\]/?#0-9.]{0,30}|\\PC*") {
            let _ = Base::parse(&url);
        }
    }
}
