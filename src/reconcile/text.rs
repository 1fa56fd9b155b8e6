//! The normal form in which texts are compared, and the bounds in which they are sent. Never
//! decides whether a text is sent.
//!
//! Both servers change texts: Argus trims events and tag values, Zino strips every line and breaks
//! lines at more characters than LF. So texts are compared as the other server returns them.

use crate::argus::limits::{MAX_TAG_VALUE, clean};

/// The longest event text that is sent, in bytes. A history entry in Zino has no limit.
pub const MAX_EVENT_TEXT: usize = 64 * 1024;
/// The longest text of a person in the history of a case, in bytes.
pub const MAX_HISTORY_TEXT: usize = 4000;

/// Whether Zino (or Python's line splitting) begins a new line at this character.
#[must_use]
pub fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether both servers strip this character: Unicode's white space, and the separators FS to US,
/// which Python strips too.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// The normal form of a text: split at every kind of line break, each line stripped, and control
/// characters replaced as in what is sent. Blank lines are dropped, because both servers add and
/// remove some.
/// Rule: TEXT-1.
#[must_use]
pub fn normal(text: &str) -> String {
    let lines: Vec<String> = lines(text).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// The lines of a text, split at every kind of line break, stripped, without control characters.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let control = |c: char| c.is_control() && c != '\t';
    text.split(is_line_break).map(move |line| line.trim_matches(is_blank).replace(control, "\u{fffd}"))
}

/// At most `max` bytes of a text, cut between characters. An ellipsis marks the cut.
/// Rule: TEXT-3.
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

/// The value of a tag: one line, trimmed and bounded.
#[must_use]
pub fn tag_value(text: &str) -> String {
    let one_line: String =
        clean(text).chars().map(|c| if c.is_control() || is_line_break(c) { ' ' } else { c }).collect();
    cut(one_line.trim_matches(is_blank), MAX_TAG_VALUE)
}

/// One line of a text, as in a tag value.
#[must_use]
pub fn one_line(text: &str) -> String {
    tag_value(text)
}

/// The text of a person as a history entry: `{text} ({actor})`. A long text is cut, the name is
/// not. Blank lines between other lines stay, because they structure the text.
/// Rule: TEXT-4.
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
