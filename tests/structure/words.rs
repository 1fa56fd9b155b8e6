//! Comments fit on a screen, and names use one word for one thing.

use crate::scan::{without_tests, words};
use crate::source::below;
use std::collections::BTreeMap;

/// The most columns of a line with a comment.
const WIDEST: usize = 100;
/// Words that no name holds: each stood for several things. The names of tests are sentences, and
/// free.
const BANNED: &str = "told tell home errand deeds acts ripe excused goal reached lane touch hurry turnstile desk pulse \
                      shown road slot place trouble carry machine mend";

/// How many wider comment lines a module has today.
const WIDE_COMMENTS: &[(&str, usize)] = &[];
/// How many banned words the names of a module hold today.
const BANNED_WORDS: &[(&str, usize)] = &[];

/// Compares what was found in each module with what may be there.
fn check(found: &BTreeMap<String, Vec<String>>, exceptions: &[(&str, usize)]) {
    let now: Vec<(&str, usize)> = found.iter().map(|(module, places)| (module.as_str(), places.len())).collect();
    let allowed = |name: &str| exceptions.iter().find(|(module, _)| *module == name).map_or(0, |(_, most)| *most);
    let over: Vec<_> = found.iter().filter(|(module, places)| places.len() > allowed(module)).collect();
    assert!(over.is_empty(), "new ones, or old ones beside them: {over:#?}\nnow: {now:?}");
    for (module, _) in exceptions {
        assert!(found.contains_key(*module), "remove the exception of {module}; now: {now:?}");
    }
}

/// The parts of a name in lower case: `HostLock`, `host_lock` and `HOST_LOCK` are `host` and
/// `lock`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = '_';
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && !before.is_uppercase()) {
            parts.push(String::new());
        }
        if c != '_' {
            parts.last_mut().unwrap().extend(c.to_lowercase());
        }
        before = c;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether a part of a name is a banned word, or several of it.
fn is_banned(part: &str) -> bool {
    BANNED.split(' ').any(|banned| part == banned || part.strip_suffix('s') == Some(banned))
}

#[test]
fn no_comment_is_too_wide() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in below("src") {
        let comments = source.scanned.comments.lines();
        for (number, (comment, whole)) in comments.zip(source.text.lines()).enumerate() {
            if !comment.trim().is_empty() && whole.chars().count() > WIDEST {
                let module = source.modules()[0].to_owned();
                found.entry(module).or_default().push(format!("{}:{}", source.path, number + 1));
            }
        }
    }
    check(&found, WIDE_COMMENTS);
}

#[test]
fn no_name_holds_a_banned_word() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in below("src") {
        if source.is_test() {
            continue;
        }
        let module = source.modules()[0].to_owned();
        let code = without_tests(&source.scanned.code);
        let mut names: Vec<&str> = words(&code).map(|(_, word)| word).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            if parts(name).iter().any(|part| is_banned(part)) {
                found.entry(module.clone()).or_default().push(format!("{}: {name}", source.path));
            }
        }
    }
    check(&found, BANNED_WORDS);
}

#[test]
fn names_are_parted_at_underscores_and_capitals() {
    assert_eq!(parts("HostLock"), ["host", "lock"]);
    assert_eq!(parts("tell_all"), ["tell", "all"]);
    assert_eq!(parts("MAX_SLOTS"), ["max", "slots"]);
    assert!(is_banned("slot") && is_banned("slots") && is_banned("acts") && !is_banned("replace"));
}
