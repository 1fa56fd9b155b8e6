//! The README's troubleshooting table: whoever looks up a log line must find it as the program writes it.

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

#[test]
fn the_messages_of_the_readme_are_those_of_the_program() {
    let mut text = String::new();
    source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let readme = include_str!("../README.md");
    let table = readme.split("| The log says |").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut seen = 0;
    for row in table.lines().filter(|row| row.starts_with("| `")) {
        let message = row.split('`').nth(1).unwrap();
        // Capitals stand for what differs, and what the system says follows a colon.
        let fixed = message.trim_end_matches(": ...").split(": No such").next().unwrap();
        if !fixed.contains("KEY") {
            assert!(text.contains(fixed), "the program never says: {fixed}");
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}
