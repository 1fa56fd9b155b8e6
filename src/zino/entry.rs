//! Turns the text of a person into one ADDHIST message. Never sends it.
//!
//! Whatever the text holds, no line of the message can end the message early or become a command:
//! the only `.` line is the last.

use crate::zino::case::CaseId;

/// The most bytes that one message holds, line ends included. The callers bound their texts to a
/// quarter of it, so that nothing is cut here: a text that was cut would not be recognised as
/// delivered.
pub const MAX_ENTRY: usize = 16 * 1024;

/// The command that asks for the prompt; the message may be sent only after the 302.
pub(crate) fn command(id: CaseId) -> String {
    format!("ADDHIST {id}\r\n")
}

/// The message for `text`, closing dot included.
pub(crate) fn message(text: &str) -> String {
    let mut message = String::new();
    for line in stored_lines(text) {
        if line == "." {
            // A lone dot would end the message. Zino strips the blank again.
            message.push(' ');
        }
        message.push_str(&line);
        message.push_str("\r\n");
    }
    message.push_str(".\r\n");
    debug_assert_eq!(message.split("\r\n").filter(|line| *line == ".").count(), 1, "only the last line is a lone dot");
    message
}

/// The lines as Zino stores them and gives them back: broken at every kind of line break, stripped,
/// without empty lines at both ends, control characters replaced by U+FFFD, bounded. Whoever
/// compares a text with a history entry compares this.
#[must_use]
pub fn stored_lines(text: &str) -> Vec<String> {
    let lines = split(bounded(text)).skip_while(String::is_empty);
    let mut lines = fit(lines);
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Cleaned lines of a text. CR LF counts as one break.
fn split(text: &str) -> impl Iterator<Item = String> {
    let mut after_cr = false;
    text.split(move |c| {
        let second_of_pair = after_cr && c == '\n';
        after_cr = c == '\r';
        // The LF of a CR LF stays in the next line and is stripped there.
        is_line_break(c) && !second_of_pair
    })
    .map(|line| line.trim_matches(is_blank).chars().map(cleaned).collect())
}

/// Every character at which Zino or Python's `splitlines` begins a new line.
fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{0B}' | '\u{0C}' | '\u{1C}'..='\u{1E}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// White space as Zino strips it: Unicode's, and the separators FS to US that Python counts too.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// The control characters that are replaced: all but the tab.
fn cleaned(c: char) -> char {
    if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }
}

/// The start of a text, up to twice the bound. The rest could matter only if all before it were
/// blanks.
fn bounded(text: &str) -> &str {
    cut(text, 2 * MAX_ENTRY)
}

/// At most so many bytes of a text, no character torn.
fn cut(text: &str, most: usize) -> &str {
    let fits = |end: &usize| text.is_char_boundary(*end);
    let end = (0..=most.min(text.len())).rev().find(fits).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// As many lines as the bound allows, the last one cut with an ellipsis.
fn fit(lines: impl Iterator<Item = String>) -> Vec<String> {
    // The bytes of a line beside its text: the blank before a lone dot, and the line end.
    const LINE: usize = 3;
    const ELLIPSIS: &str = "…";
    let mut room = MAX_ENTRY - ".\r\n".len();
    let mut kept = Vec::new();
    for line in lines {
        if line.len() + LINE <= room {
            room -= line.len() + LINE;
            kept.push(line);
            continue;
        }
        if let Some(most) = room.checked_sub(LINE + ELLIPSIS.len()) {
            kept.push(cut(&line, most).trim_end_matches(is_blank).to_owned() + ELLIPSIS);
        }
        break;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(message(text), expected, "{text:?}");
    }

    #[test]
    fn ordinary_text_is_sent_as_it_is() {
        check("fixed (anna)", "fixed (anna)\r\n.\r\n");
        check("to be\n\n  or not", "to be\r\n\r\nor not\r\n.\r\n");
        check("Ålesund, \t10G", "Ålesund, \t10G\r\n.\r\n");
        check("", ".\r\n");
    }

    #[test]
    fn a_lone_dot_does_not_end_the_message() {
        check("a\n.\nSETSTATE 1 closed", "a\r\n .\r\nSETSTATE 1 closed\r\n.\r\n");
        check("a\r\n . \r\n..\r\n", "a\r\n .\r\n..\r\n.\r\n");
    }

    #[test]
    fn every_kind_of_line_break_breaks_the_line_here_already() {
        for c in "\n\r\u{b}\u{c}\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}".chars() {
            check(&format!("a{c}.{c}b"), "a\r\n .\r\nb\r\n.\r\n");
        }
    }

    #[test]
    fn control_characters_are_replaced() {
        check("a\0b\x1b[2Jc\u{9b}d", "a\u{FFFD}b\u{FFFD}[2Jc\u{FFFD}d\r\n.\r\n");
    }

    #[test]
    fn a_megabyte_is_cut() {
        for text in ["å".repeat(1 << 20), "a\n".repeat(1 << 20), "\n".repeat(1 << 20)] {
            assert!(message(&text).len() <= MAX_ENTRY);
        }
        assert!(message(&"å".repeat(1 << 20)).ends_with("å…\r\n.\r\n"));
    }

    /// Text made of what could be dangerous.
    fn nasty_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just(".".to_owned()),
            Just("SETSTATE 1 closed".to_owned()),
            "[\n\r\u{b}\u{c}\u{1c}-\u{1f}\u{85}\u{2028}\u{2029}\0 \t.]{1,4}",
            ".{0,20}",
            any::<char>().prop_map(String::from),
        ];
        let pieces = prop::collection::vec(piece, 0..40);
        (pieces, 1usize..200).prop_map(|(pieces, times)| pieces.concat().repeat(times))
    }

    proptest! {
        #[test]
        fn only_the_last_line_ends_the_message(id: u64, text in nasty_text()) {
            let bytes = command(id) + &message(&text);
            let first = format!("ADDHIST {id}\r\n");
            prop_assert!(bytes.starts_with(&first));
            prop_assert!(bytes.ends_with("\r\n.\r\n"));
            prop_assert_eq!(bytes.split("\r\n").filter(|line| *line == ".").count(), 1);
            let bare = bytes.replace("\r\n", "");
            prop_assert!(!bare.chars().any(|c| is_line_break(c) || (c.is_control() && c != '\t')));
            prop_assert!(bytes.len() <= command(id).len() + MAX_ENTRY);
        }

        #[test]
        fn what_is_stored_is_stored_as_itself(text in nasty_text()) {
            let lines = stored_lines(&text);
            prop_assert!(stored_lines(&lines.join("\n")) == lines);
        }
    }
}
