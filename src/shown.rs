//! Which characters may stand in a line for people, and foreign text made into such a line. Never interprets a text.

use std::fmt::Write;

/// Whether a character could end the line, move the cursor, hide, or turn the text around on a terminal.
#[must_use]
pub fn must_be_escaped(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The first characters of a foreign text, at most `most`, in one line; marked where it goes on.
#[must_use]
pub fn shown(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(most) {
        if must_be_escaped(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}
