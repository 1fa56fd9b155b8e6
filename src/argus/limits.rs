//! What Argus accepts of a text: characters and lengths. Never sends anything, and never decides
//! which text is sent.

/// The longest tag value that is sent, in bytes. Argus answers 500 to incompressible values of 2750
/// bytes (the limit of an index row).
pub const MAX_TAG_VALUE: usize = 2000;

/// The text without the character that Argus refuses: NUL becomes U+FFFD.
#[must_use]
pub fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
