//! Makes text safe for a line that people read: one line, no control characters, none of our
//! secrets. Never interprets a text.

pub mod redact;

use std::fmt::Write;

/// Whether a character could end the line, move the cursor, be invisible, or reverse the text on a
/// terminal.
#[must_use]
pub fn must_be_escaped(character: char) -> bool {
    // Unicode's format characters, and those that it recommends to make invisible.
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The first `most` characters of a text that a server sent, sanitised; an ellipsis marks a cut.
#[must_use]
pub fn sanitised(text: &str, most: usize) -> String {
    in_one_line(&redact::foreign(text), most)
}

/// The first `most` characters of our own text, which may hold text of a server, sanitised.
#[must_use]
pub fn sanitised_line(text: &str, most: usize) -> String {
    in_one_line(&redact::own_line(text), most)
}

fn in_one_line(text: &str, most: usize) -> String {
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
    debug_assert!(!out.contains(must_be_escaped), "a sanitised text is one harmless line");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_text_around_is_escaped_and_ordinary_letters_are_not() {
        for hidden in
            ['\u{1b}', '\u{7f}', '\u{85}', '\u{ad}', '\u{61c}', '\u{115f}', '\u{202e}', '\u{2066}', '\u{e0041}']
        {
            assert!(must_be_escaped(hidden), "{}", hidden.escape_unicode());
        }
        assert_eq!(sanitised("Ålesund, 10G → Tromsø ★ 東京", 100), "Ålesund, 10G → Tromsø ★ 東京");
        assert_eq!(sanitised("abc", 2), "ab…");
    }
}
