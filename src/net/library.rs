//! One look-up by the C library's resolver. Blocks as long as the library does. Never decides what
//! to look up.

use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use std::io;
use std::net::SocketAddr;

/// getaddrinfo's number for an address that is of another family than the question; the crate has
/// no name for it.
const EAI_ADDRFAMILY: i32 = -9;
/// How the crate and std begin the text of every failure.
const PREFIX: &str = "failed to lookup address information: ";

/// Which addresses a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Both families in one question, by the library's own rules.
    Both,
    /// IPv6 alone: AAAA.
    V6,
    /// IPv4 alone: A.
    V4,
}

/// Why a question found nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// There is no such name, or it has no such address.
    NoAddress,
    /// The look-up failed, for this reason.
    Unanswered(String),
}

/// What a question found: addresses with port 0, or why there are none.
pub type Answer = Result<Vec<SocketAddr>, Failure>;

/// The addresses of a name.
pub(super) fn ask(name: &str, family: Family) -> Answer {
    let address = match family {
        Family::Both => 0,
        Family::V4 => AddrFamily::Inet.into(),
        Family::V6 => AddrFamily::Inet6.into(),
    };
    // One kind of socket, else each address comes once for every kind.
    let hints = AddrInfoHints { address, socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(failure)?;
    let found: io::Result<Vec<SocketAddr>> = found.map(|info| info.map(|info| info.sockaddr)).collect();
    match found {
        Ok(found) if found.is_empty() => Err(Failure::NoAddress),
        Ok(found) => Ok(found),
        Err(error) => Err(Failure::Unanswered(error.to_string())),
    }
}

fn failure(error: LookupError) -> Failure {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => Failure::NoAddress,
        _ if error.error_num() == EAI_ADDRFAMILY => Failure::NoAddress,
        _ => {
            let words = io::Error::from(error).to_string();
            Failure::Unanswered(words.strip_prefix(PREFIX).unwrap_or(&words).to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_is_asked_on_its_own() {
        assert_eq!(ask("127.0.0.1", Family::V4), Ok(vec!["127.0.0.1:0".parse().unwrap()]));
        assert_eq!(ask("::1", Family::V6), Ok(vec!["[::1]:0".parse().unwrap()]));
        assert_eq!(ask("127.0.0.1", Family::V6), Err(Failure::NoAddress));
        assert_eq!(ask("::1", Family::V4), Err(Failure::NoAddress));
        assert_eq!(ask("127.0.0.1", Family::Both), Ok(vec!["127.0.0.1:0".parse().unwrap()]));
    }

    #[test]
    fn a_name_that_no_library_takes_is_a_failure() {
        assert!(matches!(ask("a\0b", Family::Both), Err(Failure::Unanswered(_))));
    }
}
