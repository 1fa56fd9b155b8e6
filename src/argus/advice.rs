//! Errors of a request to Argus, in words for people: the cause, then what to do about it. Never
//! decides which error it is.

use super::api_url::ApiUrl;
use super::exchange::Answer;
use super::proxy::{Route, Via};
use super::text::{sanitised, summary};
use super::tls::{self, Trust};
use super::transport::not_connected;
use crate::net::dial::DialError;
use crate::net::resolve::ResolveErrorKind;
use std::io::ErrorKind;
use std::time::Duration;
use ureq::Timeout;

/// What proxies say to a client that should have begun with TLS.
const WANTS_TLS: &str = "HTTPS port";

/// The settings that a message may name.
pub(super) struct Setting<'a> {
    pub base: &'a ApiUrl,
    pub trust: &'a Trust,
    pub route: &'a Route,
    pub timeout: Duration,
    pub to_connect: Duration,
}

/// Why there is no answer, or no whole one.
pub(super) fn of_failure(error: &ureq::Error, setting: &Setting<'_>) -> String {
    let (origin, via) = (&setting.base.origin, setting.route.via());
    match (not_connected(error), via, error) {
        (Some(why), Some(via), _) => return format!("the proxy {}: {why}", via.description()),
        (Some(why), None, _) => return format!("{origin}: {}", of_dial(why, setting.to_connect)),
        (_, Some(via), ureq::Error::ConnectProxyFailed(why)) if why.contains("407") => {
            return format!("the proxy {}: {}", via.description(), wants_password(via));
        }
        (_, Some(via), ureq::Error::ConnectProxyFailed(why)) => {
            return format!("the proxy {} does not lead to {origin}: {}", via.description(), sanitised(why));
        }
        _ => {}
    }
    let why = match error {
        ureq::Error::Timeout(Timeout::Connect) => {
            let tls = if setting.base.is_plain() { "" } else { ", does it speak TLS there" };
            format!("no connection within {:?}: is the host up{tls}, or does a firewall stop us?", setting.to_connect)
        }
        ureq::Error::Timeout(_) => {
            let timeout = setting.timeout;
            format!(
                "no whole answer within {timeout:?} (argus.timeout): Argus, or a proxy in front of it, hangs or is slow"
            )
        }
        ureq::Error::BodyExceedsLimit(_) => "the answer is too long to be one".to_owned(),
        ureq::Error::Protocol(what) => not_http(&what.to_string(), setting.base),
        ureq::Error::Io(io) => of_io(io, setting),
        ureq::Error::Rustls(tls) => tls::advice(tls, setting.base, setting.trust),
        other => sanitised(&other.to_string()),
    };
    match via {
        Some(via) => format!("{origin}, through the proxy {}: {why}", via.address()),
        None => format!("{origin}: {why}"),
    }
}

/// Why there is no connection.
fn of_dial(error: &DialError, limit: Duration) -> String {
    match error {
        DialError::Name(error) if !error.has_servers() => error.of_the_name(),
        DialError::Name(error) if error.kind == ResolveErrorKind::NoAddress => {
            format!("{}: is the name in argus.url right?", error.of_the_name())
        }
        DialError::Name(error) => format!("{}: does this host's name server answer?", error.of_the_name()),
        DialError::Connect(error) => match error.kind() {
            Some(ErrorKind::ConnectionRefused) => {
                "nothing listens there: is Argus running, and is the port right?".to_owned()
            }
            Some(ErrorKind::TimedOut) => {
                format!("no connection within {limit:?}: is the host up, or does a firewall stop us?")
            }
            Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => {
                format!("no way leads to that host ({error})")
            }
            _ => error.to_string(),
        },
    }
}

fn of_io(io: &std::io::Error, setting: &Setting<'_>) -> String {
    if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls::advice(tls, setting.base, setting.trust);
    }
    match io.kind() {
        ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        _ => sanitised(&io.to_string()),
    }
}

/// What a proxy means by 407.
pub(super) fn wants_password(via: &Via) -> String {
    let variable = &via.variable;
    match via.authorization() {
        Some(_) => format!("it refuses the user and password that {variable} holds (407)"),
        None => {
            format!("it wants a user and a password (407): {variable} may hold them, as http://USER:PASSWORD@HOST:PORT")
        }
    }
}

fn not_http(what: &str, base: &ApiUrl) -> String {
    let advice = if base.is_plain() {
        "is the port in argus.url right, or should it begin with https://?"
    } else {
        "is the port in argus.url right?"
    };
    format!("what answers there does not speak HTTP ({}): {advice}", sanitised(what))
}

/// What an answer with a status of failure says, with what it may come from.
pub(super) fn of_status(answer: &Answer) -> String {
    let said = format!("{}: {}", answer.status, summary(&answer.body));
    match answer.status {
        404 | 410 => format!("{said}: {}", address(answer)),
        500 => format!("{said}: look at Argus' own log"),
        502..=504 => format!("{said}: a proxy answers in place of Argus: is Argus running?"),
        _ => said,
    }
}

/// What a refusal of one request says.
pub(super) fn of_refusal(answer: &Answer) -> String {
    let said = summary(&answer.body);
    match &answer.better {
        _ if said.contains(WANTS_TLS) => format!("{said}: should argus.url begin with https://?"),
        // Another version of the API has some of the same addresses.
        Some(_) if answer.status == 404 => format!("{said}: {}", address(answer)),
        _ => said,
    }
}

/// Where a redirect leads.
pub(super) fn of_redirect(answer: &Answer) -> String {
    let to = answer.location.as_deref().unwrap_or("nowhere");
    let advice = match &answer.better {
        Some(better) => format!("should argus.url be {better}?"),
        None => "argus.url must be the very address of the API (http or https, host and path)".to_owned(),
    };
    format!("{} redirects to {to}, which is never followed: {advice}", answer.status)
}

/// A success that is no JSON.
pub(super) fn of_other_content(answer: &Answer) -> String {
    format!("{} with {} instead of JSON: {}", answer.status, summary(&answer.body), address(answer))
}

/// What to do about an address that is not the API's.
fn address(answer: &Answer) -> String {
    match &answer.better {
        Some(better) => format!("should argus.url be {better}?"),
        None => "is argus.url the address of Argus' API?".to_owned(),
    }
}
