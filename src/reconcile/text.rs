//! Text that both servers change on its way: normal forms to compare it in, and bounds to send it
//! in. Never decides whether something is sent.
//!
//! Argus trims events and tag values; Zino strips every line and breaks lines at more characters
//! than LF. So a text is compared as the other server will give it back, not as it was sent.

use crate::argus::limits::{MAX_TAG_VALUE, clean};

/// Longest event text that is sent, in bytes; a history entry in Zino has no limit.
pub const MAX_EVENT_TEXT: usize = 64 * 1024;
/// Longest text of a person that is written into a case's history, in bytes.
pub const MAX_HISTORY_TEXT: usize = 4000;

/// Every character at which Zino (or Python's line splitting) begins a new line.
#[must_use]
pub fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// White space as both servers strip it: Unicode's, and the separators FS to US that Python counts
/// too.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// The form in which two texts are compared: cut into lines at every kind of line break, each line
/// stripped, blank lines dropped (both servers add and remove some), control characters replaced as
/// they are when text is sent.
#[must_use]
pub fn normal(text: &str) -> String {
    let lines: Vec<String> = lines(text).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// The lines of a text, cut at every kind of line break, stripped, and without control characters.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let control = |c: char| c.is_control() && c != '\t';
    text.split(is_line_break).map(move |line| line.trim_matches(is_blank).replace(control, "\u{fffd}"))
}

/// At most `max` bytes of `text`, cut at a character and marked with an ellipsis where it was cut.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while end > 0 && !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut out = text.get(..end).unwrap_or_default().to_owned();
    out.push('…');
    out
}

/// A value as it stands in a tag: one line, trimmed, bounded.
#[must_use]
pub fn tag_value(text: &str) -> String {
    let one_line: String =
        clean(text).chars().map(|c| if c.is_control() || is_line_break(c) { ' ' } else { c }).collect();
    cut(one_line.trim_matches(is_blank), MAX_TAG_VALUE)
}

/// One line for people: like a tag value, in the length that a screen can show.
#[must_use]
pub fn one_line(text: &str) -> String {
    tag_value(text)
}

/// What a person wrote in Argus, as it is put into a case's history: `{text} ({actor})`. A long
/// text is cut, the name never is. Blank lines between others stay: people part their thoughts with
/// them.
#[must_use]
pub fn persons_text(text: &str, actor: &str) -> String {
    let actor = cut(&tag_value(actor), 200);
    let lines: Vec<String> = lines(&text.replace("\r\n", "\n")).collect();
    let text = cut(lines.join("\n").trim_matches('\n'), MAX_HISTORY_TEXT);
    if text.is_empty() { format!("({actor})") } else { format!("{text} ({actor})") }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
