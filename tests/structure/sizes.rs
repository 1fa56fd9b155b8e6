//! No file has over 350 lines, and no function over 70.

use crate::scan::functions;
use crate::source::{Source, below};

const LONGEST_FILE: usize = 350;
const LONGEST_FUNCTION: usize = 70;

/// Files that are longer today.
const FILES: &[(&str, usize)] = &[];
/// Functions that are longer today.
const FUNCTIONS: &[(&str, usize)] = &[];

fn sources() -> Vec<Source> {
    let mut sources = below("src");
    sources.extend(below("tests"));
    sources
}

/// Compares what is too long with what may be.
fn check(found: &[(String, usize)], exceptions: &[(&str, usize)], most: usize) {
    let allowed = |name: &str| exceptions.iter().find(|(known, _)| *known == name).map_or(most, |(_, lines)| *lines);
    let long: Vec<_> = found.iter().filter(|(name, lines)| *lines > allowed(name)).collect();
    assert!(long.is_empty(), "over {most} lines: {long:?}");
    for (name, _) in exceptions {
        let needed = found.iter().any(|(known, lines)| known == name && *lines > most);
        assert!(needed, "remove the exception {name}");
    }
}

#[test]
fn no_file_is_too_long() {
    let lines = |source: Source| (source.path, source.text.lines().count());
    let found: Vec<_> = sources().into_iter().map(lines).collect();
    check(&found, FILES, LONGEST_FILE);
}

#[test]
fn no_function_is_too_long() {
    let mut found = Vec::new();
    for source in sources() {
        let named = |function: crate::scan::Function| (format!("{} {}", source.path, function.name), function.lines);
        found.extend(functions(&source.scanned.code).into_iter().map(named));
    }
    check(&found, FUNCTIONS, LONGEST_FUNCTION);
}
