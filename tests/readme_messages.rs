//! The messages that the README and `packaging/doc` quote: whoever looks up a log line must find it as
//! the program writes it.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::unwrap_used)]

use std::path::Path;

/// All Rust text below a folder, with string literals that go over several lines put together again.
fn source(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(path).unwrap();
            let mut parts = text.split("\\\n");
            into.push_str(parts.next().unwrap_or_default());
            parts.for_each(|part| into.push_str(part.trim_start()));
        }
    }
}

/// The README and the documents for operators.
fn documents() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::fs::read_dir(root.join("packaging/doc")).unwrap().map(|entry| entry.unwrap().path());
    let is_text = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let paths = folder.filter(is_text).chain([root.join("README.md")]);
    paths.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// What a document quotes, without what differs from line to line: capitals stand for it, and what the
/// system says follows a colon.
fn fixed_part(message: &str) -> Option<&str> {
    let fixed = message.trim_end_matches(": ...").split(": No such").next()?;
    (!fixed.contains("KEY")).then_some(fixed)
}

/// The messages in tables, those that a sentence quotes, and the lines of logs.
fn quoted(text: &str) -> Vec<String> {
    let tables = text.split("| The log says |").skip(1).filter_map(|rest| rest.split("\n\n").next());
    let rows = tables.flat_map(|table| table.lines().filter(|row| row.starts_with("| `")));
    let mut found: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    for before in ["log says `", "line says `", "logs `"] {
        found.extend(text.split(before).skip(1).filter_map(|rest| rest.split('`').next()));
    }
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("WARN  "));
    found.extend(lines.filter_map(|line| line.split(|c: char| c.is_ascii_digit()).next()));
    found.iter().filter_map(|message| fixed_part(message)).map(str::to_owned).collect()
}

#[test]
fn the_messages_of_the_documents_are_those_of_the_program() {
    let mut text = String::new();
    source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let documents = documents();
    let messages = quoted(&documents);
    let absent: Vec<&String> = messages.iter().filter(|message| !text.contains(message.as_str())).collect();
    assert!(absent.is_empty(), "the program never says: {absent:#?}");
    assert!(messages.len() >= 38, "{}: {messages:?}", messages.len());
}
