//! What single values of the file mean, and what is wrong with one that means nothing. Never shows text from the
//! file in a message (it may be a secret in the wrong place), only numbers.

use crate::argus::api_url::ApiUrl;
use crate::failover::heartbeat::message::can_be_sent;
use crate::net::host_name;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;

/// What a value that is converted becomes, or what is wrong with it.
pub type Converted<T> = Result<T, String>;

/// Shorter is a busy loop, for us or for a server; longer is a slip of the pen.
const SHORTEST_SECS: f64 = 0.1;
const DAY_SECS: u32 = 24 * 3600;

/// The longest name of a user that Zino reads as one word, and the longest secret or token.
const LONGEST_USER: usize = 200;
const LONGEST_SECRET: usize = 1000;

/// What stands where the example and the README have no value.
const PLACEHOLDERS: [&str; 3] = ["token-from-argus", "secret-from-zino", "..."];
/// What is said of such a value.
pub const EXAMPLES: &str = "is still the example's";

/// The kind of a value, for messages.
pub fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fractional number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

fn wrong_kind<T>(expected: &str, value: &DeValue<'_>) -> Converted<T> {
    let is_quoted = matches!(value, DeValue::String(_));
    let hint = match expected {
        "text" => " (put it in quotes)",
        _ if is_quoted => " (write it without quotes)",
        _ => "",
    };
    Err(format!("must be {expected}, not {}{hint}", kind(value)))
}

/// A number as it stands in the file, cut where nobody would read on.
fn short(number: &str) -> String {
    match number.get(..20) {
        Some(start) if number.len() > 20 => format!("{start}…"),
        _ => number.to_owned(),
    }
}

/// Text that is not empty.
pub fn text(value: &DeValue<'_>) -> Converted<String> {
    match value.as_str() {
        None => wrong_kind("text", value),
        Some("") => Err("must not be empty".to_owned()),
        Some(text) => Ok(text.to_owned()),
    }
}

/// True or false.
pub fn flag(value: &DeValue<'_>) -> Converted<bool> {
    value.as_bool().map_or_else(|| wrong_kind("true or false", value), Ok)
}

/// A whole number between two bounds, both included.
pub fn whole(value: &DeValue<'_>, low: i64, high: i64) -> Converted<i64> {
    let Some(number) = value.as_integer() else {
        return wrong_kind("a whole number", value);
    };
    let shown = short(&number.to_string());
    match i64::from_str_radix(number.as_str(), number.radix()) {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(format!("must be between {low} and {high}, not {shown}")),
    }
}

/// An SNMP community.
pub fn community(value: &DeValue<'_>) -> Converted<String> {
    let community = text(value)?;
    if can_be_sent(&community) {
        return Ok(community);
    }
    Err("must have no other characters than those of Latin-1: SNMP sends one byte for each".to_owned())
}

/// A port number.
pub fn port(value: &DeValue<'_>) -> Converted<u16> {
    whole(value, 1, u16::MAX.into()).map(|port| u16::try_from(port).unwrap_or(u16::MAX))
}

/// An Argus level.
pub fn level(value: &DeValue<'_>) -> Converted<u8> {
    whole(value, 1, 5).map(|level| u8::try_from(level).unwrap_or(5))
}

/// A time, at most a day; in seconds, whole or fractional.
pub fn seconds(value: &DeValue<'_>) -> Converted<Duration> {
    seconds_up_to(value, DAY_SECS, "a day")
}

/// A time of patience, at most thirty days; in seconds, whole or fractional.
pub fn grace(value: &DeValue<'_>) -> Converted<Duration> {
    seconds_up_to(value, 30 * DAY_SECS, "30 days")
}

fn seconds_up_to(value: &DeValue<'_>, longest: u32, words: &str) -> Converted<Duration> {
    let (shown, seconds) = match value {
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            // A number beyond 64 bits is as good as infinite here.
            #[allow(clippy::cast_precision_loss)]
            let seconds = parsed.map_or(f64::INFINITY, |seconds| seconds as f64);
            (number.to_string(), seconds)
        }
        DeValue::Float(number) => {
            let seconds = number.as_str().parse().unwrap_or(f64::NAN);
            (number.to_string(), seconds)
        }
        other => return wrong_kind("a number of seconds", other),
    };
    let duration = (SHORTEST_SECS..=f64::from(longest)).contains(&seconds).then_some(seconds);
    duration.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
        format!("must be between {SHORTEST_SECS} and {longest} seconds ({words}), not {}", short(&shown))
    })
}

/// A server's name or address, without a port.
pub fn host(value: &DeValue<'_>) -> Converted<String> {
    let host = text(value)?;
    let is_ipv6 = |text: &str| {
        let address = text.split_once('%').map_or(text, |(address, _)| address);
        address.parse::<Ipv6Addr>().is_ok()
    };
    if is_ipv6(&host) {
        return Ok(host);
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
        return host_name::check(&host).map(|()| host);
    };
    Err(fault.to_owned())
}

/// A name that Zino reads as one word of a line.
pub fn user(value: &DeValue<'_>) -> Converted<String> {
    let user = text(value)?;
    if user.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("must be one word, without blanks".to_owned());
    }
    check_length(&user, LONGEST_USER)?;
    Ok(user)
}

/// A domain; a dot in front is dropped, and an empty one is none.
pub fn domain(value: &DeValue<'_>) -> Converted<Option<String>> {
    let Some(domain) = value.as_str() else {
        return wrong_kind("text", value);
    };
    if domain.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("must be one name, without blanks".to_owned());
    }
    let domain = domain.trim_matches('.');
    if domain.is_empty() {
        return Ok(None);
    }
    host_name::check(domain)?;
    Ok(Some(domain.to_owned()))
}

/// A file's name.
pub fn file(value: &DeValue<'_>) -> Converted<PathBuf> {
    let name = text(value)?;
    // After a slip with quotes the lines that follow are in it, perhaps with a secret: it is not
    // shown.
    if name.contains(char::is_control) {
        return Err("must be a file name on one line".to_owned());
    }
    Ok(PathBuf::from(name))
}

/// The state that an acknowledgement gives a case.
pub fn setstate(value: &DeValue<'_>) -> Converted<String> {
    let state = text(value)?;
    if matches!(state.as_str(), "none" | "working" | "waiting") {
        return Ok(state);
    }
    Err("must be \"none\", \"working\" or \"waiting\"".to_owned())
}

/// The address of an API.
pub fn url(value: &DeValue<'_>) -> Converted<ApiUrl> {
    text(value)?.parse()
}

/// What makes text unfit as a token: it must go into an HTTP header.
pub fn check_token(token: &str) -> Converted<()> {
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be one word of plain letters, digits and signs".to_owned());
    }
    check_length(token, LONGEST_SECRET)
}

/// What makes text unfit as a secret of Zino: it is a part of one line of Zino's secrets file.
pub fn check_secret(secret: &str) -> Converted<()> {
    if secret.contains(char::is_control) {
        return Err("must be one line of text".to_owned());
    }
    check_length(secret, LONGEST_SECRET)
}

/// Whether a secret only stands in for one.
pub fn is_example(secret: &str) -> bool {
    PLACEHOLDERS.contains(&secret)
}

/// A secret that somebody has still to fill in.
pub fn check_filled_in(secret: &str) -> Converted<()> {
    if is_example(secret) { Err(format!("{EXAMPLES}: put your own here")) } else { Ok(()) }
}

fn check_length(text: &str, longest: usize) -> Converted<()> {
    if text.len() > longest { Err(format!("must be at most {longest} letters long")) } else { Ok(()) }
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
