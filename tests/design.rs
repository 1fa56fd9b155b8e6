//! Holds `src/design.md` and `src/README.md` to the code: every rule that is cited exists, and every
//! test, file, type and function that the two documents name exists. Never runs the program.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const DESIGN: &str = include_str!("../src/design.md");
const MAP: &str = include_str!("../src/README.md");

/// Rules that no test holds yet; `src/design.md` says so at each.
const NOT_HELD: [&str; 1] = ["DECIDE-8"];

/// One rule of `src/design.md`.
#[derive(Default)]
struct Rule {
    name: String,
    files: Vec<String>,
    tests: Vec<String>,
    why: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder of the repository whose names end in one of these.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text file of the repository")
}

/// The words of a text: letters, digits, `_` and `-`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// All names that follow one of these words anywhere in these files, as in `fn name`.
fn defined(files: &[PathBuf], keywords: &[&str]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in files {
        let text = read(path);
        let mut before = "";
        for word in words(&text).filter(|word| !word.is_empty()) {
            if keywords.contains(&before) {
                names.insert(word.to_owned());
            }
            before = word;
        }
    }
    names
}

fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for section in DESIGN.split("\n### ").skip(1) {
        let section = section.split("\n#").next().unwrap_or_default();
        let mut rule = Rule { name: section.split(':').next().unwrap_or_default().to_owned(), ..Rule::default() };
        for item in section.split("\n- ").skip(1) {
            match item.split_once(':') {
                Some(("Why", _)) => rule.why = true,
                Some(("Where", files)) => rule.files = quoted(files),
                Some(("Tests", tests)) => rule.tests = quoted(tests),
                _ => panic!("{}: what is {item:?}?", rule.name),
            }
        }
        rules.push(rule);
    }
    rules
}

/// The groups of the table at the top of `src/design.md`.
fn groups() -> BTreeSet<String> {
    let rows = DESIGN.lines().filter(|line| line.starts_with("| "));
    rows.filter_map(|row| row.split('|').nth(1)).map(|cell| cell.trim().to_owned()).filter(|g| g != "Group").collect()
}

#[test]
fn each_rule_has_a_unique_name_in_a_group_and_says_why_and_where() {
    let groups = groups();
    let mut numbers: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for rule in rules() {
        let (group, number) = rule.name.rsplit_once('-').expect("GROUP-NUMBER");
        assert!(groups.contains(group), "{} is in no group of the table", rule.name);
        let number = number.parse().expect("a number");
        let of_group = numbers.entry(group.to_owned()).or_default();
        assert!(of_group.last().is_none_or(|last| *last < number), "{} is out of order", rule.name);
        of_group.push(number);
        assert!(rule.why, "{} does not say why", rule.name);
        assert!(!rule.files.is_empty(), "{} does not say where", rule.name);
    }
    assert_eq!(numbers.into_keys().collect::<BTreeSet<_>>(), groups, "a group without a rule");
}

#[test]
fn each_rule_names_tests_that_exist() {
    let rust: Vec<PathBuf> = [files("src", &[".rs"]), files("tests", &[".rs"])].concat();
    let lab = files("tests/lab/checks", &[".py"]);
    let known: BTreeSet<String> = [defined(&rust, &["fn"]), defined(&lab, &["def"])].into_iter().flatten().collect();
    let mut wrong = Vec::new();
    for rule in rules() {
        let missing = rule.tests.iter().filter(|test| !known.contains(*test));
        wrong.extend(missing.map(|test| format!("{}: no test is called {test}", rule.name)));
        if rule.tests.is_empty() != NOT_HELD.contains(&rule.name.as_str()) {
            wrong.push(format!("{}: is it held by a test or not?", rule.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_file_that_a_rule_names_exists() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let missing = rule.files.iter().filter(|file| !root().join(file).exists());
        wrong.extend(missing.map(|file| format!("{}: there is no {file}", rule.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_rule_that_is_cited_exists() {
    let rules: BTreeSet<String> = rules().into_iter().map(|rule| rule.name).collect();
    let groups = groups();
    let mut wrong = Vec::new();
    let mut cited = BTreeSet::new();
    for path in [files("src", &[".rs", ".md"]), files("tests", &[".rs", ".py", ".md"])].concat() {
        for word in words(&read(&path)) {
            let Some((group, number)) = word.rsplit_once('-') else { continue };
            if !groups.contains(group) || number.parse::<u32>().is_err() {
                continue;
            }
            cited.insert(word.to_owned());
            if !rules.contains(word) {
                wrong.push(format!("{}: there is no rule {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cited.len() >= rules.len(), "the search for citations finds too few");
}

#[test]
fn each_rule_of_a_decision_is_cited_where_it_is_carried_out() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let cites = |file: &String| words(&read(&root().join(file))).any(|word| word == rule.name);
        if rule.files.iter().any(|file| file.starts_with("src/reconcile/")) && !rule.files.iter().any(cites) {
            wrong.push(rule.name);
        }
    }
    assert!(wrong.is_empty(), "cite these rules in one of the files that they name: {}", wrong.join(", "));
}

#[test]
fn no_citation_points_out_of_the_repository() {
    let mut wrong = Vec::new();
    for path in [files("src", &[".rs"]), files("tests", &[".rs", ".py"])].concat() {
        for line in read(&path).lines() {
            let mut pieces = line.split("design ").skip(1);
            let is_section =
                |rest: &str| rest.starts_with("section ") || rest.starts_with(|c: char| c.is_ascii_digit());
            let is_number = |word: &str| word.starts_with("4.") && word.len() > 2 && word[2..].parse::<u8>().is_ok();
            let comment = line.split_once("//").map_or("", |(_, comment)| comment);
            let mut bare = comment.split(|c: char| !(c.is_alphanumeric() || c == '.')).map(|w| w.trim_end_matches('.'));
            if pieces.any(is_section) || bare.any(is_number) {
                wrong.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "cite a rule of src/design.md instead:\n{}", wrong.join("\n"));
}

#[test]
fn each_file_type_and_function_of_the_map_exists() {
    let rust = files("src", &[".rs"]);
    let types = defined(&rust, &["struct", "enum", "trait", "type"]);
    let functions = defined(&rust, &["fn"]);
    let text: Vec<String> = rust.iter().map(|path| read(path)).collect();
    // A variant of an enum stands alone at the beginning of a line.
    let is_variant = |name: &str| {
        let ends = |rest: &str| rest.is_empty() || rest.starts_with([',', '(', ' ', '{']);
        text.iter().flat_map(|t| t.lines()).any(|line| line.trim_start().strip_prefix(name).is_some_and(ends))
    };
    let mut wrong = Vec::new();
    for quote in quoted(&MAP.split("```").step_by(2).collect::<Vec<_>>().join("\n")) {
        let is_path = quote.ends_with(".rs") || quote.ends_with(".md") || quote.ends_with('/');
        if is_path {
            if !root().join("src").join(&quote).exists() && !root().join(&quote).exists() {
                wrong.push(format!("there is no {quote}"));
            }
        } else if let Some(name) = quote.strip_suffix("()") {
            let name = name.rsplit("::").next().unwrap_or_default();
            if !functions.contains(name) {
                wrong.push(format!("there is no function {name}"));
            }
        } else {
            for name in quote.split("::").filter(|name| is_camel(name)) {
                if !types.contains(name) && !is_variant(name) {
                    wrong.push(format!("there is no type {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "src/README.md:\n{}", wrong.join("\n"));
}

/// Whether a word looks like the name of a type.
fn is_camel(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric())
        && word.contains(|c: char| c.is_ascii_lowercase())
}
