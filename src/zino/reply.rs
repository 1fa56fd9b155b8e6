//! Classifies one reply of Zino: whole, refused or broken off, and what a refusal means. Never
//! reads from a connection.

use crate::zino::ZinoError;
use crate::zino::text::{decode, sanitised};

/// Zino's internal error about one command, in a header line or in the middle of a reply.
pub(super) const INTERNAL_ERROR: &str = "internal error";

/// How our own refusal of a reply begins.
pub(super) const NO_SENSE: &str = "the answer makes no sense";

/// One whole reply.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A header with the expected code, and its data lines if it has any.
    Done { header: String, lines: Vec<Vec<u8>> },
    /// A 500 instead of the header, without the code. The text is not sanitised yet.
    Refused(String),
    /// Data that ended in `500 internal error`.
    Broken(Vec<Vec<u8>>),
}

/// The lines of a reply that is whole. A part of a reply counts as a refusal: the connection is
/// usable, the reply is not.
pub(crate) fn done(reply: Reply) -> Result<(String, Vec<Vec<u8>>), ZinoError> {
    match reply {
        Reply::Done { header, lines } => Ok((header, lines)),
        Reply::Refused(why) => Err(refused(&why)),
        Reply::Broken(_) => Err(ZinoError::Refused("internal error, halfway".to_owned())),
    }
}

/// A 500 as an error. One that says that we are not logged in ends the connection.
pub(crate) fn refused(why: &str) -> ZinoError {
    if forgets_login(why) {
        return ZinoError::Connection("the server has forgotten our login".to_owned());
    }
    ZinoError::Refused(sanitised(why.as_bytes()))
}

/// Whether the refusal of a read means that Zino does not know the case. The text differs between
/// versions of Zino, so this is anything but the refusals that certainly mean something else.
pub(crate) fn means_unknown(why: &str) -> bool {
    let other = [INTERNAL_ERROR, NO_SENSE, "unknown command"];
    !forgets_login(why) && !other.iter().any(|text| why.starts_with(text))
}

fn forgets_login(why: &str) -> bool {
    why.eq_ignore_ascii_case("not authenticated")
}

pub(crate) fn unexpected(line: &[u8]) -> ZinoError {
    ZinoError::Protocol(sanitised(line))
}

/// A reply's code and the text after it.
pub(super) fn header(line: &[u8]) -> Option<(u16, String)> {
    let (code, rest) = line.split_at_checked(3)?;
    let code = std::str::from_utf8(code).ok()?;
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    let apart = rest.first().is_none_or(|&b| b == b' ');
    let code = code.parse().ok().filter(|_| digits && apart)?;
    Some((code, decode(rest).trim().to_owned()))
}

/// Whether a reply with this code goes on until a lone dot.
pub(super) fn has_data(code: u16) -> bool {
    matches!(code, 300 | 301 | 303 | 304)
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
