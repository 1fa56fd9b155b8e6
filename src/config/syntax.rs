//! Reports the faults of a file that is not TOML: the line, the key if it is one of ours, and
//! whether quotes are missing. Never puts anything else of the line into a message: it may hold a
//! secret.

use super::keys::{self, Kind};
use super::lines::Lines;
use super::reader::Reader;
use toml::de::Error;

/// Reports the errors of the parser, one a line.
pub fn report(text: &str, mut errors: Vec<Error>, reader: &mut Reader<'_>) {
    let position = |error: &Error| error.span().map_or(text.len(), |span| span.start);
    errors.sort_by_key(position);
    let (lines, headers) = (Lines::of(text), headers(text));
    let mut reported = None;
    for error in &errors {
        let position = position(error);
        let start = lines.start(position);
        // The second error of a line is mostly a consequence of the first one.
        if reported.replace(start) == Some(start) {
            continue;
        }
        let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let above = headers.partition_point(|(at, _)| *at < start);
        let section = above.checked_sub(1).and_then(|last| headers.get(last)).map_or("", |(_, name)| *name);
        let key = key(section, line);
        let what = if lacks_quotes(&key, line) {
            "text must be in quotes (\"...\")".to_owned()
        } else {
            error.message().replace(", expected nothing", "")
        };
        reader.add_at(Some(position), &key, format!("not TOML: {what}"));
    }
}

/// The section headers, each with its position and name.
fn headers(text: &str) -> Vec<(usize, &str)> {
    let mut position = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            let name = line.trim().trim_start_matches('[').split(']').next().unwrap_or_default();
            found.push((position, name.trim()));
        }
        position += line.len();
    }
    found
}

/// The key that a line sets, if it is one of ours. Nothing else of the line is put into a message.
fn key(section: &str, line: &str) -> String {
    let name = line.split('=').next().unwrap_or_default().trim();
    let path = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
    if matches!(keys::kind(&path), Some(Kind::Text | Kind::Value)) { path } else { String::new() }
}

/// Whether the line sets a text that begins without a quote.
fn lacks_quotes(key: &str, line: &str) -> bool {
    let value = line.split_once('=').map(|(_, value)| value.trim_start());
    keys::kind(key) == Some(Kind::Text)
        && value.is_some_and(|value| !value.is_empty() && !value.starts_with(['"', '\'', '#', '=', '[', '{']))
}
