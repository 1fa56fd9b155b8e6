//! A password or token: text that is never printed by accident, and that `redact.rs` removes from
//! every message. Never decides where it is sent.

use crate::sanitise::redact;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::sync::Arc;

/// Text that must not appear in a log line or an error; only [`Secret::reveal`] gives it away.
#[derive(Clone)]
pub struct Secret(Arc<Text>);

/// The text, which all copies of a secret share.
struct Text {
    text: String,
    is_known: bool,
}

impl Drop for Text {
    fn drop(&mut self) {
        if self.is_known {
            redact::retire(&self.text);
        }
    }
}

impl Secret {
    /// Hides the text, and registers it with `redact.rs`, which removes it from every message from
    /// now on.
    #[must_use]
    pub fn new(text: String) -> Self {
        redact::learn(&text);
        Self(Arc::new(Text { text, is_known: true }))
    }

    /// Hides a text that is used as a password but is well known, such as the SNMP community
    /// `public`. It is not registered, because other texts may hold this word.
    #[must_use]
    pub fn well_known(text: String) -> Self {
        Self(Arc::new(Text { text, is_known: false }))
    }

    /// The text itself, for the code that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0.text
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets of a proxy's address: the password, percent-encoded and decoded, and the value of
/// the header `Proxy-Authorization`. None if the address has no password. Keep them as long as the
/// proxy is used.
#[must_use]
pub fn of_proxy(url: &str) -> Vec<Secret> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, password)) = authority.rsplit_once('@').and_then(|(before, _)| before.split_once(':')) else {
        return Vec::new();
    };
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let header = |user: &[u8], password: &[u8]| BASE64_STANDARD.encode([user, b":", password].concat());
    let meant = String::from_utf8_lossy(&decoded(password)).into_owned();
    let written = header(user.as_bytes(), password.as_bytes());
    let texts = [password.to_owned(), meant, written, header(&decoded(user), &decoded(password))];
    texts.into_iter().filter(|text| !text.is_empty()).map(Secret::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself_in_debug_output() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(…) Secret(…)");
        assert_eq!(secret.reveal(), "hunter2");
        assert_eq!(secret, secret.clone());
    }

    #[test]
    fn what_exists_and_what_has_just_existed_is_taken_out_of_every_text() {
        let token = Secret::new("0f1e2d3c4b5a69788796".to_owned());
        let copy = token.clone();
        drop(token);
        assert_eq!(redact::foreign("Token 0F1E2D3C4B5A69788796"), "Token (secret)");
        drop(copy);
        assert_eq!(redact::foreign("Token 0F1E2D3C4B5A69788796"), "Token (secret)");
    }

    #[test]
    fn a_password_that_everybody_knows_is_a_word_like_others() {
        let community = Secret::well_known("the-well-known-one".to_owned());
        assert_eq!(redact::foreign("the-well-known-one"), community.reveal());
        assert_eq!(format!("{community:?}"), "Secret(…)");
    }

    #[test]
    fn the_credentials_of_a_proxy_are_secrets_in_every_form() {
        let forms = |url: &str| of_proxy(url).iter().map(|one| one.reveal().to_owned()).collect::<Vec<_>>();
        assert_eq!(
            forms("http://user%40x:p%40ssw0rd@proxy.example.org:3128/"),
            ["p%40ssw0rd", "p@ssw0rd", "dXNlciU0MHg6cCU0MHNzdzByZA==", "dXNlckB4OnBAc3N3MHJk"]
        );
        assert!(forms("u:pa@ss@proxy:1").contains(&"pa@ss".to_owned()), "without a scheme");
        for without in ["http://proxy:3128", "http://user@proxy:3128", "proxy", "", "http://proxy/a:b@c"] {
            assert!(forms(without).is_empty(), "{without}");
        }
        let held = of_proxy("http://user:correct-horse@proxy");
        let header = format!("Proxy-Authorization: Basic {}", BASE64_STANDARD.encode("user:correct-horse"));
        assert_eq!(redact::foreign(&header), "Proxy-Authorization: Basic (secret)");
        assert_eq!(redact::own_line("http://user:correct-horse@proxy"), "http://user:(secret)@proxy");
        drop(held);
    }
}
