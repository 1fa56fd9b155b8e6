//! Imports point down: a module may use only what lies on a lower floor.

use crate::scan::{scan, without_tests, words};
use crate::source::{Source, below};
use std::collections::BTreeSet;

/// The modules of `src/` from the ground up. Modules of one floor do not know each other.
const FLOORS: [&[&str]; 14] = [
    &["exit", "metrics", "progress", "sanitise", "time"],
    &["secret", "log"],
    &["file"],
    &["net"],
    &["zino", "argus", "failover"],
    &["config"],
    &["reconcile"],
    &["execute"],
    &["engine"],
    &["service"],
    &["threads"],
    &["commands"],
    &["cli"],
    &["main"],
];
/// A module that may use only these, whatever lies below it.
const NARROW: (&str, &[&str]) = ("log", &["sanitise"]);
/// Imports that point up today: who, and whom.
const EXCEPTIONS: &[(&str, &str)] = &[];

fn floor(module: &str) -> usize {
    let floor = FLOORS.iter().position(|floor| floor.contains(&module));
    floor.unwrap_or_else(|| panic!("module {module} stands on no floor of tests/structure/imports.rs"))
}

fn may_use(user: &str, used: &str) -> bool {
    let narrow = user != NARROW.0 || NARROW.1.contains(&used);
    user == used || (narrow && floor(used) < floor(user))
}

/// The top-level modules that a file uses. `modules` is where the file stands.
fn used(code: &str, modules: &[&str]) -> BTreeSet<String> {
    let code = without_tests(code);
    let mut found = BTreeSet::new();
    for (start, word) in words(&code) {
        let after = &code[start + word.len()..];
        let rest = match word {
            "crate" | "zinoargus" => after,
            "super" if !code[..start].ends_with("super::") => match to_root(after, modules.len()) {
                Some(rest) => rest,
                None => continue,
            },
            _ => continue,
        };
        if let Some(path) = rest.trim_start().strip_prefix("::") {
            found.extend(first_names(path.trim_start()));
        }
    }
    found
}

/// What follows the `super` that leads to the root. `after` follows the first one.
fn to_root(after: &str, depth: usize) -> Option<&str> {
    (1..depth).try_fold(after, |rest, _| rest.strip_prefix("::super"))
}

/// The first names of a path: one, or those of `{a::b, c}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let mut depth = 0;
    let mut names = vec![name(group)];
    for (offset, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[offset + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The module that a file belongs to, or none for the root of the library.
fn module(source: &Source) -> Option<&str> {
    let modules = source.modules();
    (modules != ["lib"]).then(|| modules[0])
}

#[test]
fn no_module_uses_one_of_its_floor_or_above() {
    let (mut needed, mut wrong) = (BTreeSet::new(), Vec::new());
    for source in below("src").iter().filter(|source| !source.is_test()) {
        let Some(user) = module(source) else { continue };
        for used in used(&source.scanned.code, &source.modules()) {
            if may_use(user, &used) {
                continue;
            }
            if EXCEPTIONS.contains(&(user, &used)) {
                needed.insert((user.to_owned(), used));
            } else {
                wrong.push(format!("{}: {user} may not use {used}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "imports point down only; move what is used to a lower floor:\n{}", wrong.join("\n"));
    for (user, used) in EXCEPTIONS {
        assert!(needed.contains(&((*user).to_owned(), (*used).to_owned())), "remove the exception {user} -> {used}");
    }
}

#[test]
fn every_module_stands_on_one_floor() {
    let sources = below("src");
    let there: BTreeSet<&str> = sources.iter().filter_map(module).collect();
    let listed: Vec<&str> = FLOORS.iter().flat_map(|floor| floor.iter().copied()).collect();
    assert_eq!(listed.len(), listed.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(there, listed.into_iter().collect());
}

#[test]
fn what_is_compiled_for_tests_only_is_named_so() {
    for source in below("src").iter().filter(|source| !source.is_test()) {
        for item in source.scanned.code.split("#[cfg(test)]").skip(1) {
            // `#[path = "…"]` names the file; the scanner has blanked the name, so it is read here.
            let head = item.split([';', '{']).next().unwrap();
            let name = head.rsplit("mod ").next().unwrap().trim();
            if item[head.len()..].starts_with(';') && head.contains("mod ") {
                assert!(matches!(name, "tests" | "testing") || name.ends_with("_tests"), "{}: {name}", source.path);
            }
        }
    }
}

#[test]
fn every_way_to_write_a_path_is_seen() {
    let code = scan(
        "use crate::time::Stamp; fn f() { zinoargus :: net::x(); super::super::engine::y(); super::sibling::z() }
        use crate::{zino::{self, case::Case}, argus::client}; // crate::comment
        #[cfg(test)] mod tests { use crate::commands::X; }",
    )
    .code;
    let seen: Vec<String> = used(&code, &["log", "outlet"]).into_iter().collect();
    assert_eq!(seen, ["argus", "engine", "net", "time", "zino"]);
    assert_eq!(used("super::net::a", &["log"]).into_iter().collect::<Vec<_>>(), ["net"]);
    assert!(used("super::super::net::a", &["a", "b", "c"]).is_empty());
    assert!(may_use("engine", "zino") && !may_use("zino", "engine") && !may_use("zino", "argus"));
    assert!(may_use("log", "sanitise") && !may_use("log", "time"));
}
