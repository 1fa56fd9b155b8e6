//! The example configuration: it works, it names every key, and what it calls a default is one. And
//! those of the documents: they work, too.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use zinoargus::config::{Config, keys, parse};
use zinoargus::reconcile::rules::Rules;

#[path = "support/example.rs"]
mod example;
use example::{EXAMPLE, Entry, entries};

/// The example with its secrets filled in.
fn filled_in() -> String {
    EXAMPLE.replace("token-from-argus", "0123456789abcdef").replace("secret-from-zino", "hush")
}

/// The same, with the one key of `[failover]` that must be there.
fn base() -> String {
    format!("{}\n[failover]\nprimary_server = \"primary.example.org\"\n", filled_in())
}

fn config(text: &str) -> Config {
    parse(text, Path::new("")).unwrap_or_else(|problems| panic!("{problems:?}\n{text}")).config
}

/// The text with one more key in a section that it has.
fn with(text: &str, entry: &Entry) -> String {
    let header = format!("\n[{}]\n", entry.section);
    assert!(text.contains(&header), "{header}");
    text.replacen(&header, &format!("{header}{} = {}\n", entry.name, entry.value), 1)
}

#[test]
fn the_example_works_once_its_secrets_are_filled_in() {
    assert!(parse(EXAMPLE, Path::new("")).is_err());
    let loaded = parse(&filled_in(), Path::new("")).unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
    assert_eq!(loaded.config.failover, None);
}

#[test]
fn the_example_names_every_key_once() {
    let named: Vec<String> = entries().iter().map(Entry::path).collect();
    let known: BTreeSet<&str> = keys().collect();
    assert_eq!(named.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
    assert_eq!(named.len(), known.len());
}

#[test]
fn a_default_in_the_example_changes_nothing() {
    let base = base();
    let expected = config(&base);
    let defaults: Vec<Entry> = entries().into_iter().filter(|entry| !entry.is_active && entry.has_default).collect();
    assert_eq!(defaults.len(), 24, "a default more or less: adapt this number");
    for entry in defaults {
        assert_eq!(config(&with(&base, &entry)), expected, "{}", entry.path());
    }
}

/// Guards the test above: a value that is not the default does make a difference.
#[test]
fn another_value_changes_something() {
    let base = base();
    for entry in entries().into_iter().filter(|entry| !entry.is_active && entry.has_default) {
        let value = match entry.value.as_str() {
            "false" => "true".to_owned(),
            "\"none\"" => "\"working\"".to_owned(),
            "\"public\"" => "\"private\"".to_owned(),
            "\",\"" => "\";\"".to_owned(),
            "[]" => "[\"a=lab-1\"]".to_owned(),
            "\"\"" => "\"/{case}\"".to_owned(),
            list if list.starts_with('[') => "[\"bfd\"]".to_owned(),
            number => format!("1{number}"),
        };
        let other = Entry { value, ..entry };
        // Some of them are out of bounds then, or need another key: also a difference.
        let parsed = parse(&with(&base, &other), Path::new(""));
        assert!(parsed.is_err() || parsed.is_ok_and(|loaded| loaded.config != config(&base)), "{}", other.path());
    }
}

#[test]
fn what_has_no_default_is_of_the_right_kind() {
    let all = entries();
    let without: Vec<&Entry> = all.iter().filter(|entry| !entry.has_default).collect();
    let paths: Vec<String> = without.iter().map(|entry| entry.path()).collect();
    assert_eq!(
        paths,
        [
            "argus.token_file",
            "argus.ca_file",
            "zino.secret_file",
            "zino.default_domain",
            "sync.severity.rules.type",
            "sync.severity.rules.alarm_type",
            "sync.severity.rules.router",
            "sync.severity.rules.min_priority",
            "sync.severity.rules.level",
            "sync.severity.thresholds.min_priority",
            "sync.severity.thresholds.level",
            "metrics.file",
            "metrics.listen",
            "metadata.ports_url",
            "failover.primary_server",
        ]
    );
    for entry in without {
        let header = match entry.section.as_str() {
            section @ ("sync.severity.thresholds" | "sync.severity.rules") => format!("[[{section}]]"),
            section => format!("[{section}]"),
        };
        let text = format!("{header}\n{} = {}\n", entry.name, entry.value);
        let problems = parse(&text, Path::new("")).unwrap_err();
        let wrong = problems.iter().find(|problem| problem.key == entry.path() && problem.text.starts_with("must"));
        assert_eq!(wrong, None);
    }
}

#[test]
fn the_configurations_in_the_documents_work() {
    let documents = [
        include_str!("../README.md"),
        include_str!("../packaging/doc/synchronisation.md"),
        include_str!("../packaging/doc/failover.md"),
    ];
    let blocks = documents.iter().flat_map(|text| text.split("```toml\n").skip(1));
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let text: String = blocks.map(|block| block.replace("\"...\"", "\"filled-in\"")).collect();
    assert!(text.contains("[argus]") && text.contains("[failover]"), "{text}");
    let config = config(&text);
    assert_eq!(Rules::from(&config).bands.iter().find(|band| band.min_priority == 500).map(|band| band.level), Some(1));
    assert_eq!(config.failover.unwrap().threshold.0, 10);
}
