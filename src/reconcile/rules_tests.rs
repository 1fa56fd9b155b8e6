//! What a configuration means for decisions.

use super::*;
use crate::config::parse;
use crate::reconcile::testing::case;
use crate::zino::case::CaseKind;
use std::path::Path;

const MINIMAL: &str = r#"
[argus]
url = "https://argus.example.org/api/v2/"
token = "0123456789abcdef"
[zino]
server = "zino.example.org"
user = "argus"
secret = "hush hush"
"#;

fn rules(text: &str) -> Rules {
    Rules::from(&parse(text, Path::new("")).unwrap().config)
}

#[test]
fn a_configuration_of_the_python_program_means_the_same() {
    let more = r#"default_domain = "example.org"
        [sync.acknowledge]
        setstate = "working"
        [sync.ticket]
        enable = true
        [sync.severity]
        default = 4
        [[sync.severity.thresholds]]
        min_priority = 500
        level = 1
        [[sync.severity.thresholds]]
        min_priority = 100
        level = 2
        [metadata]
        ports_url = "https://example.org/ports"
        "#;
    let rules = rules(&format!("{MINIMAL}{more}"));
    assert_eq!(rules.server, "zino.example.org");
    assert_eq!(rules.user, "argus");
    assert_eq!(rules.domain, "example.org");
    assert_eq!(rules.acknowledged_state, Some(CaseState::Working));
    assert!(rules.tickets && !rules.secondary);
    assert_eq!([99, 100, 500].map(|priority| rules.level(&Case { priority, ..case(1) })), [4, 2, 1]);
}

#[test]
fn a_secondary_names_its_zino_apart_from_the_primarys_even_if_both_are_localhost() {
    let text = "[argus]\nurl = \"https://a.example/api/v2/\"\ntoken = \"t\"\n[zino]\nserver = \"localhost\"\nuser = \"u\"\nsecret = \"s\"\n";
    let name = |text: &str| rules(text).server;
    assert_eq!(name(text), "localhost");
    assert_eq!(name(&format!("{text}[failover]\nprimary_server = \"p\"\n")), "localhost (secondary)");
}

#[test]
fn the_first_rule_whose_words_all_apply_gives_the_level_before_the_thresholds() {
    let more = r#"
        [[sync.severity.rules]]
        type = "alarm"
        alarm_type = "red"
        level = 1
        [[sync.severity.rules]]
        router = "core-*"
        min_priority = 300
        level = 2
        [[sync.severity.rules]]
        router = "core-*"
        level = 4
        [[sync.severity.thresholds]]
        min_priority = 500
        level = 3
        [sync.severity]
        default = 5
        "#;
    let rules = rules(&format!("{MINIMAL}{more}"));
    let alarm = |colour: &str| Case { kind: CaseKind::Alarm, alarm_type: Some(colour.into()), ..case(1) };
    let of = |router: &str, priority: i64| Case { router: router.into(), priority, ..case(1) };
    for (case, expected) in [
        (alarm("red"), 1),
        (alarm("yellow"), 5),
        (Case { router: "core-1".into(), ..alarm("red") }, 1),
        (of("core-1", 300), 2),
        (of("CORE-1", 299), 4),
        (of("edge-1", 500), 3),
        (of("edge-1", 499), 5),
    ] {
        assert_eq!(rules.level(&case), expected, "{case:?}");
    }
}
