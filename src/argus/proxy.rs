//! Which proxy leads to Argus, by the variables of the environment that the Python program reads. A
//! pure function of them. Never talks to a proxy, and never shows the user and password of a
//! proxy's address.
//!
//! The Python program's HTTP library changed over time (requests, then httpx), and the two read
//! `NO_PROXY` differently. A host is reached directly where one of them, or the plain meaning of an
//! entry (`10.0.0.0/8`, `argus.example.org:443`), says so.

use super::transport::Forwarder;
use crate::secret::{Secret, of_proxy};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::net::IpAddr;
use ureq::http::HeaderValue;
use ureq::{Proxy, ProxyProtocol};

/// The variables of the environment that are about proxies.
#[derive(Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        // A variable whose text is not UTF-8 names no proxy.
        let readable =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::of(readable)
    }

    /// The ones about proxies among these variables.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let about = |name: &str| name.to_ascii_lowercase().ends_with("_proxy");
        Self(variables.into_iter().filter(|(name, _)| about(name)).collect())
    }

    /// The variable that counts, and its value: that in lower case, and if there is none, one in
    /// any other; `None` if it is empty.
    fn get(&self, lower: &str) -> Option<(&str, &str)> {
        let exact = self.0.iter().find(|(name, _)| name == lower);
        let any = || self.0.iter().find(|(name, value)| name.eq_ignore_ascii_case(lower) && !value.is_empty());
        let (name, value) = exact.or_else(any)?;
        (!value.is_empty()).then_some((name.as_str(), value.trim()))
    }

    /// All entries of `NO_PROXY`, in any letter case; an empty `no_proxy` hides none.
    fn exceptions(&self) -> impl Iterator<Item = &str> {
        let all = self.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case("no_proxy"));
        let exact = all.clone().find(|(name, value)| name == "no_proxy" && !value.is_empty());
        let used = exact.or_else(|| all.clone().find(|(_, value)| !value.is_empty()));
        used.into_iter().flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|entry| !entry.is_empty())
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The way to a server.
#[derive(Clone)]
pub(super) enum Route {
    /// No proxy is named.
    Direct,
    /// A proxy is named, by this variable, and not used, for this reason.
    Exempt { variable: String, why: &'static str },
    /// Through this proxy.
    Through(Via),
}

/// A proxy, and the variable that names it.
#[derive(Clone)]
pub(super) struct Via {
    pub variable: String,
    pub proxy: Proxy,
    /// The secrets of its address, which `redact.rs` removes from every message.
    _secrets: Vec<Secret>,
}

impl Route {
    /// The proxy, if there is one.
    pub fn via(&self) -> Option<&Via> {
        match self {
            Self::Through(via) => Some(via),
            Self::Direct | Self::Exempt { .. } => None,
        }
    }

    /// A description for people; `None` if no variable names a proxy.
    pub fn description(&self) -> Option<String> {
        match self {
            Self::Direct => None,
            Self::Exempt { variable, why } => Some(format!("not through the proxy of {variable}: {why}")),
            Self::Through(via) => Some(format!("through the proxy {}", via.description())),
        }
    }

    /// The way to a server, whose host is a name or an address (IPv6 in brackets or not).
    ///
    /// # Errors
    /// What is wrong with the variable that counts, without its value, which may hold a password.
    pub fn choose(environment: &Environment, scheme: &str, host: &str, port: u16) -> Result<Self, String> {
        let named = environment.get(&format!("{scheme}_proxy")).or_else(|| environment.get("all_proxy"));
        let Some((variable, value)) = named else { return Ok(Self::Direct) };
        let (variable, secrets) = (variable.to_owned(), of_proxy(value));
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
        if is_this_host(&host) {
            return Ok(Self::Exempt { variable, why: "argus.url names this host" });
        }
        if environment.exceptions().any(|entry| exempts(entry, &host, port)) {
            return Ok(Self::Exempt { variable, why: "NO_PROXY exempts the host of argus.url" });
        }
        let proxy =
            read(value).map_err(|why| format!("the variable {variable} names no proxy that can be used: {why}"))?;
        Ok(Self::Through(Via { variable, proxy, _secrets: secrets }))
    }
}

/// What the address of a proxy must look like.
const FORM: &str = "it must be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT";

fn read(value: &str) -> Result<Proxy, String> {
    let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let scheme = url.split("://").next().unwrap_or_default().to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err("its address must begin with http:// or https:// (SOCKS is not supported)".to_owned());
    }
    let proxy = Proxy::new(&url).map_err(|_| FORM.to_owned())?;
    let authority = proxy.uri().authority().map_or("", |authority| authority.as_str());
    let server = authority.rsplit('@').next().unwrap_or_default();
    let port = server.strip_prefix(proxy.host()).unwrap_or_default();
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    if proxy.host().is_empty() || !has_port { Err(FORM.to_owned()) } else { Ok(proxy) }
}

impl Via {
    /// A description for people: its address, and the variable that names it.
    pub fn description(&self) -> String {
        format!("{}, of the variable {}", self.address(), self.variable)
    }

    /// Its address, without user and password.
    pub fn address(&self) -> String {
        let scheme = if self.is_https() { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.proxy.host(), self.proxy.port())
    }

    fn is_https(&self) -> bool {
        self.proxy.protocol() == ProxyProtocol::Https
    }

    /// The proxy as a forwarder of plain requests; `None` for a server with TLS, which gets a
    /// tunnel.
    pub fn forwarder(&self, scheme: &str, origin: &str) -> Option<Forwarder> {
        let (host, port) = (self.proxy.host().to_owned(), self.proxy.port());
        (scheme == "http" && !self.is_https()).then(|| Forwarder { host, port, origin: origin.into() })
    }

    /// The header with user and password, if the address of the proxy has them.
    pub fn authorization(&self) -> Option<HeaderValue> {
        let mut header = HeaderValue::from_str(&format!("Basic {}", self.credentials()?)).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    fn credentials(&self) -> Option<String> {
        let (user, password) = (self.proxy.username(), self.proxy.password());
        let both = format!("{}:{}", user.unwrap_or_default(), password.unwrap_or_default());
        (user.is_some() || password.is_some()).then(|| BASE64_STANDARD.encode(both))
    }
}

/// Whether a host is this one, by its name or address alone. Nothing that stays on the host goes
/// through a proxy.
fn is_this_host(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether one entry of `NO_PROXY` exempts a host, which is in lower case and without brackets.
fn exempts(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let entry = entry.to_ascii_lowercase();
    let (named, of_port) = split_port(&entry);
    if of_port.is_some_and(|of_port| of_port != port) {
        return false;
    }
    let named = named.trim_start_matches('[').trim_end_matches(']');
    match (host.parse::<IpAddr>(), named.split_once('/')) {
        (Ok(host), Some((network, length))) => is_within(host.to_canonical(), network, length),
        (Ok(host), None) => named.parse::<IpAddr>().is_ok_and(|named| named.to_canonical() == host.to_canonical()),
        (Err(_), _) => {
            let domain = named.trim_start_matches('.');
            let before = host.strip_suffix(domain);
            !domain.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        }
    }
}

/// An entry without its port, and the port if it has one. The colons of an IPv6 address are none.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let split = entry.rsplit_once(':').filter(|(before, _)| !before.contains(':') || before.ends_with(']'));
    match split.and_then(|(before, port)| Some((before, port.parse().ok()?))) {
        Some((before, port)) => (before, Some(port)),
        None => (entry, None),
    }
}

/// Whether an address is in a network of so many fixed bits.
fn is_within(address: IpAddr, network: &str, length: &str) -> bool {
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    let same = |bits: u32, difference: u128| length <= bits && difference.checked_shr(bits - length).unwrap_or(0) == 0;
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(32, (a.to_bits() ^ b.to_bits()).into()),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(128, a.to_bits() ^ b.to_bits()),
        _ => false,
    }
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
