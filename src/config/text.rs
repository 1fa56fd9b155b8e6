//! The types of those values that are a text of a certain form. Never puts the text into a message,
//! because it may be a secret in the wrong key.

use super::value::Text;
use crate::failover::heartbeat::message::can_be_sent;
use crate::net::host_name;
use crate::secret::Secret;
use serde::{Deserialize, Serialize, Serializer};
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// The longest name of a user that Zino reads as one word.
const LONGEST_USER: usize = 200;

/// A server's name or address, without a port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Text")]
pub struct Host(pub String);

impl TryFrom<Text> for Host {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let host = text.not_empty()?;
        let address = host.split_once('%').map_or(host.as_str(), |(address, _)| address);
        if address.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self(host));
        }
        let fault = if host.contains("//") {
            "must be a name or an address, not a URL"
        } else if host.starts_with('[') {
            "must be an address without brackets"
        } else if host.contains(':') {
            "must be a name or an address; the port has a key of its own"
        } else if host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@,;".contains(c)) {
            "must be one name or address, without blanks and slashes"
        } else {
            return host_name::check(&host).map(|()| Self(host));
        };
        Err(fault.to_owned())
    }
}

/// A user's name, which Zino reads as one word of a line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Text")]
pub struct User(pub String);

impl TryFrom<Text> for User {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let user = text.not_empty()?;
        if user.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("must be one word, without blanks".to_owned());
        }
        if user.len() > LONGEST_USER {
            return Err(format!("must be at most {LONGEST_USER} letters long"));
        }
        Ok(Self(user))
    }
}

/// A domain, without a dot at either end; empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Text")]
pub struct Domain(pub String);

impl TryFrom<Text> for Domain {
    type Error = String;

    fn try_from(Text(text): Text) -> Result<Self, String> {
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("must be one name, without blanks".to_owned());
        }
        let domain = text.trim_matches('.');
        if !domain.is_empty() {
            host_name::check(domain)?;
        }
        Ok(Self(domain.to_owned()))
    }
}

/// The name of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Text")]
pub struct FileName(pub PathBuf);

impl TryFrom<Text> for FileName {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let name = text.not_empty()?;
        // After a slip with quotes, the name holds the lines that follow, perhaps with a secret.
        if name.contains(char::is_control) {
            return Err("must be a file name on one line".to_owned());
        }
        Ok(Self(name.into()))
    }
}

impl Serialize for FileName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.display())
    }
}

/// An address and a port of this host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Text")]
pub struct Listen(pub SocketAddr);

impl TryFrom<Text> for Listen {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let text = text.not_empty()?;
        let address = text.parse().ok().filter(|address: &SocketAddr| address.port() != 0);
        let fault = "must be an address of this host and a port, such as 127.0.0.1:9798 or [::1]:9798";
        address.map(Self).ok_or_else(|| fault.to_owned())
    }
}

/// An SNMP community.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Text")]
pub struct Community(pub Secret);

impl Community {
    /// The community of an agent that hides nothing.
    pub const PUBLIC: &str = "public";
}

impl Default for Community {
    fn default() -> Self {
        Self(Secret::well_known(Self::PUBLIC.to_owned()))
    }
}

impl TryFrom<Text> for Community {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let community = text.not_empty()?;
        if community == Self::PUBLIC {
            return Ok(Self::default());
        }
        if !can_be_sent(&community) {
            let fault = "must have no other characters than those of Latin-1: SNMP sends one byte for each";
            return Err(fault.to_owned());
        }
        Ok(Self(Secret::new(community)))
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
