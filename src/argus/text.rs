//! Text that Argus, or a proxy in front of it, sent: shortened and sanitised for a log line or an
//! error. Never interprets it.

use serde_json::Value;
use std::fmt::Write;

/// The longest piece of a server's text that an error repeats, in characters.
const MAX_CHARS: usize = 300;
/// The most bytes of a body that are read for that.
const LOOKED_AT: usize = 16 * 1024;

/// The start of a server's text, in one line, without our secrets; control characters and those
/// that reorder a line are escaped.
pub(super) fn sanitised(text: &str) -> String {
    crate::sanitise::sanitised(text, MAX_CHARS)
}

/// The text of a body, for an error: the texts of Argus' JSON, the title of a page, or its
/// beginning.
pub(super) fn summary(body: &[u8]) -> String {
    if body.iter().all(u8::is_ascii_whitespace) {
        return "nothing".to_owned();
    }
    if let Some(value) = json(body) {
        let mut out = String::new();
        flatten(&value, &mut out);
        return sanitised(&out);
    }
    let head = String::from_utf8_lossy(body.get(..LOOKED_AT).unwrap_or(body));
    match title(&head) {
        Some(title) => format!("a page titled \"{}\"", sanitised(&title)),
        None => sanitised(&one_line(&head)),
    }
}

/// A body that is a JSON object or list, as every answer of Argus is.
pub(super) fn json(body: &[u8]) -> Option<Value> {
    let first = body.iter().find(|b| !b.is_ascii_whitespace())?;
    if !matches!(first, b'{' | b'[') {
        return None;
    }
    serde_json::from_slice(body).ok()
}

/// Argus' errors are texts, lists of texts, or these by field; `detail` is the name of no field.
fn flatten(value: &Value, out: &mut String) {
    if out.len() > LOOKED_AT {
        return;
    }
    match value {
        Value::String(text) => out.push_str(&one_line(text)),
        Value::Array(items) => join(items.iter().map(|item| ("", item)), out),
        Value::Object(fields) => join(fields.iter().map(|(name, item)| (name.as_str(), item)), out),
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn join<'a>(items: impl Iterator<Item = (&'a str, &'a Value)>, out: &mut String) {
    for (n, (name, item)) in items.enumerate() {
        if n > 0 {
            out.push_str("; ");
        }
        if !matches!(name, "" | "detail" | "non_field_errors") {
            out.push_str(name);
            out.push_str(": ");
        }
        flatten(item, out);
    }
}

fn title(page: &str) -> Option<String> {
    // ASCII only, so that the positions stay those of the original.
    let lower = page.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower.get(open..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let title = one_line(page.get(start..end)?);
    (!title.is_empty()).then_some(title)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(body: &str, expected: &str) {
        assert_eq!(summary(body.as_bytes()), expected, "{body}");
    }

    #[test]
    fn argus_errors_become_one_readable_line() {
        check(r#"{"detail":"Invalid token."}"#, "Invalid token.");
        check(r#"["duplicate key\nDETAIL:  Key (77, 2)"]"#, "duplicate key DETAIL: Key (77, 2)");
        check(
            r#"{"start_time":["This field is required."],"tags":{"0":{"tag":"bad"}}}"#,
            "start_time: This field is required.; tags: 0: tag: bad",
        );
        check(r#"{"non_field_errors":["Expected a dictionary"]}"#, "Expected a dictionary");
    }

    #[test]
    fn of_a_page_the_title_is_shown() {
        check(
            "<!doctype html>\n<head><TITLE lang=en>\n  502 Bad\n Gateway </Title>",
            "a page titled \"502 Bad Gateway\"",
        );
        check("<h1>Server Error (500)</h1>", "<h1>Server Error (500)</h1>");
        check(" \n", "nothing");
        check("<title>never ends", "<title>never ends");
    }

    #[test]
    fn nothing_that_a_server_sends_commands_a_terminal_or_forges_a_line() {
        assert_eq!(sanitised("a\u{1b}[2J\nERROR b\u{202e}"), "a\\u{1b}[2J\\u{a}ERROR b\\u{202e}");
        assert_eq!(sanitised(&"x".repeat(400)).chars().count(), 301);
    }

    proptest! {
        #[test]
        fn any_body_has_a_short_harmless_summary(body in any::<Vec<u8>>()) {
            let text = summary(&body);
            prop_assert!(!text.is_empty() && text.chars().all(|c| !crate::sanitise::must_be_escaped(c)));
            prop_assert!(text.chars().count() < 4000);
        }

        #[test]
        fn any_text_in_json_or_in_a_title_is_harmless(text in any::<String>()) {
            for body in [serde_json::json!({"detail": text}).to_string(), format!("<title>{text}</title>")] {
                prop_assert!(summary(body.as_bytes()).chars().all(|c| !crate::sanitise::must_be_escaped(c)));
            }
        }
    }
}
