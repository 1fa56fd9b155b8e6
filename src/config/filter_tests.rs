//! Tests of `filter.rs`. Never part of the program.

use super::*;
use crate::config::testing::{loaded, minimal_and, problems as problems_of};

fn filter(keys: &str) -> Filter {
    loaded(&minimal_and(&format!("[filter]\n{keys}\n"))).config.filter
}

fn problems(text: &str) -> Vec<String> {
    problems_of(&minimal_and(text))
}

#[test]
fn without_the_section_it_is_what_the_python_program_does() {
    let filter = loaded(&minimal_and("")).config.filter;
    assert_eq!(filter, Filter::default());
    let words: Vec<&str> = filter.types.0.iter().map(|kind| kind.0.word()).collect();
    assert_eq!(words, ["reachability", "portstate", "bgp", "alarm"]);
    assert_eq!((filter.port_description_contains.0.as_str(), filter.min_priority.0), (",", 0));
}

#[test]
fn each_key_is_read() {
    let read = filter(
        "types = [\"bfd\"]\nport_description_contains = \"\"\nmin_priority = 200\nignore_routers = [\"lab-*\", \"x?[1-3]\"]",
    );
    assert_eq!(read.types.0, [Type(CaseKind::Bfd)]);
    assert_eq!((read.port_description_contains.0.as_str(), read.min_priority.0), ("", 200));
    let is_ignored = |router: &str| read.ignore_routers.0.iter().any(|pattern| pattern.matches(router));
    assert_eq!(
        read.summary().as_deref(),
        Some("of the types bfd; of every port; from priority 200 on; not of routers like lab-*, x?[1-3]")
    );
    assert_eq!(Filter::default().summary(), None);
    assert!(["lab-gw1", "LAB-", "xy2"].into_iter().all(is_ignored));
    assert!(!["oslo-gw1", "xy4", "alab-gw", "lab"].into_iter().any(is_ignored));
}

#[test]
fn what_is_wrong_is_said_with_the_line_and_the_nearest_word() {
    for (keys, expected) in [
        (
            "types = [\"portstat\"]",
            "line 10: filter.types: must be of \"reachability\", \"portstate\", \"bgp\", \"alarm\", \"bfd\"; did you mean \"portstate\"?",
        ),
        (
            "types = [\"a very secret text\"]",
            "line 10: filter.types: must be of \"reachability\", \"portstate\", \"bgp\", \"alarm\", \"bfd\"",
        ),
        ("types = \"hidden\"", "line 10: filter.types: must be a list, not text (put it in brackets)"),
        ("types = 7", "line 10: filter.types: must be a list, not a whole number"),
        ("types = [7]", "line 10: filter.types: must be text, not a whole number (put it in quotes)"),
        (
            "ignore_routers = [\"ok\", \"lab-[\"]",
            "line 10: filter.ignore_routers: is no shell pattern (*, ? and [a-z]): at its letter 5: invalid range pattern",
        ),
        ("ignore_routers = [\"\"]", "line 10: filter.ignore_routers: must not be empty"),
        (
            "ignore_routers = [\"a b\"]",
            "line 10: filter.ignore_routers: must be one pattern for the name of a router, without blanks",
        ),
        ("min_priority = -1", "line 10: filter.min_priority: must be between 0 and 1000000, not -1"),
        (
            "port_description_contains = 5",
            "line 10: filter.port_description_contains: must be text, not a whole number (put it in quotes)",
        ),
        ("type = [\"bgp\"]", "line 10: filter.type: unknown key; did you mean filter.types?"),
    ] {
        assert_eq!(problems(&format!("[filter]\n{keys}\n")), [expected], "{keys}");
    }
}

#[test]
fn a_level_rule_needs_something_to_match() {
    let of = |keys: &str| problems(&format!("[[sync.severity.rules]]\n{keys}\n"));
    for keys in ["type = \"alarm\"\nalarm_type = \"red\"\nlevel = 1", "alarm_type = \"red\"\nlevel = 1"] {
        loaded(&minimal_and(&format!("[[sync.severity.rules]]\n{keys}\n")));
    }
    for (keys, expected) in [
        (
            "level = 1",
            "sync.severity.rules: the rule number 1 needs at least one of type, alarm_type, router, min_priority",
        ),
        (
            "type = \"bgp\"\nalarm_type = \"red\"\nlevel = 1",
            "sync.severity.rules: the rule number 1 matches nothing: alarm_type goes with type = \"alarm\"",
        ),
        ("type = \"bgp\"", "sync.severity.rules.level: is missing"),
        ("type = \"bgp\"\nlevel = 6", "sync.severity.rules.level: must be between 1 and 5, not 6"),
        ("alarm_type = \"rde\"\nlevel = 2", "sync.severity.rules.alarm_type: must be \"red\" or \"yellow\""),
    ] {
        let found = of(keys);
        assert!(found.len() == 1 && found[0].ends_with(expected), "{keys}: {found:?}");
    }
}
