//! What can be the name of a host or a domain. Never looks one up.

use std::net::Ipv4Addr;

/// The longest name and the longest part of one that the name system has.
const LONGEST_NAME: usize = 253;
const LONGEST_PART: usize = 63;

/// Whether a text can be a host's name or IPv4 address.
///
/// # Errors
/// Why it cannot, as the end of a sentence that begins with its key.
pub fn check(name: &str) -> Result<(), String> {
    let fault = |text: &str| Err(text.to_owned());
    // With a dot at its end a name is searched for in no domain.
    let name = name.strip_suffix('.').unwrap_or(name);
    if !name.is_ascii() {
        return fault("has letters that a host's name cannot have: write it in its xn-- form");
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.chars().all(allowed) {
        return fault("is a host's name, which may hold letters, digits, hyphens, underscores and dots only");
    }
    if name.contains('.') && name.chars().all(|c| c.is_ascii_digit() || c == '.') {
        // The system takes 10.0.0 for 10.0.0.0.
        return name.parse::<Ipv4Addr>().map(drop).map_err(|_| "is no IPv4 address".to_owned());
    }
    if name.len() > LONGEST_NAME {
        return Err(format!("has more than {LONGEST_NAME} letters"));
    }
    for part in name.split('.') {
        if part.is_empty() {
            return fault("has an empty part between two dots");
        }
        if part.len() > LONGEST_PART {
            return Err(format!("has a part of more than {LONGEST_PART} letters"));
        }
        if part.starts_with('-') || part.ends_with('-') {
            return fault("has a part that begins or ends with a hyphen");
        }
    }
    Ok(())
}
