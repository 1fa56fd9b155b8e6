//! The configuration as a whole: defaults, what is wrong, and where that is said.

use super::testing::{Folder, MINIMAL, SECRET, TOKEN, loaded, minimal_and, problems};
use super::*;
use proptest::prelude::*;

#[test]
fn the_required_keys_are_enough_and_the_rest_has_defaults() {
    let Loaded { config, warnings, .. } = loaded(MINIMAL);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(config.argus.url.as_str(), "https://argus.example.org/api/v2");
    assert_eq!(config.argus.token.reveal(), TOKEN);
    assert_eq!(config.argus.timeout, Seconds::of::<2>());
    assert_eq!(config.argus.connections.0, 4);
    assert_eq!((config.argus.token_file, config.argus.renew_token.0, config.argus.ca_file), (None, false, None));
    assert_eq!((config.zino.port.0, config.zino.notify_port.0), (8001, 8002));
    assert_eq!(config.zino.secret.reveal(), SECRET);
    assert_eq!((config.zino.secret_file, config.zino.default_domain.0.as_str()), (None, ""));
    let sync = SyncConfig {
        refresh_interval: Seconds::of::<30>(),
        full_interval: Seconds::of::<900>(),
        orphan_grace: Grace::of::<900>(),
        acknowledge: Acknowledge {
            setstate: Setstate::None,
            history: Flag(false),
            from_states: value::List::default(),
        },
        ticket: Ticket { enable: Flag(false) },
        severity: Severity { default: Whole(3), rules: Vec::new(), thresholds: Vec::new() },
    };
    assert_eq!(config.sync, sync);
    assert_eq!(config.failover, None);
}

#[test]
fn failover_needs_the_primary_and_has_defaults_for_the_rest() {
    let config = loaded(&minimal_and("[failover]\nprimary_server = '192.0.2.1'")).config;
    let failover = FailoverConfig {
        primary_server: Host("192.0.2.1".to_owned()),
        primary_snmp_port: Whole(8000),
        snmp_community: Community::default(),
        ping_timeout: Seconds::of::<5>(),
        ping_interval: Seconds::of::<5>(),
        threshold: Whole(10),
    };
    assert_eq!(config.failover, Some(failover));
    assert_eq!(problems(&minimal_and("[failover]")), ["line 9: failover.primary_server: is missing"]);
}

#[test]
fn a_key_without_effect_is_a_warning() {
    let text = minimal_and("[metadata]\nports_url = \"https://example.org/ports\"\n");
    assert_eq!(loaded(&text).warnings, ["metadata.ports_url has no effect"]);
}

#[test]
fn of_two_bands_with_the_same_bound_the_first_counts() {
    let bands = "{min_priority = 5, level = 1}, {min_priority = 5, level = 2}";
    let text = minimal_and(&format!("[sync.severity]\nthresholds = [{bands}]"));
    let Loaded { config, warnings, .. } = loaded(&text);
    let [Threshold { min_priority: Whole(5), level: Whole(1) }] = config.sync.severity.thresholds[..] else {
        panic!("{config:?}");
    };
    let expected = "sync.severity.thresholds has min_priority 5 twice; only the first one counts";
    assert_eq!(warnings, [expected]);
}

#[test]
fn one_fault_of_each_section_is_named_in_the_order_of_the_lines() {
    let text = "\
[sycn]
full_interval = 5
[argus]
url = \"argus.example.org\"
tokne = \"sEcReTtOkEn0123456789\"
[sync]
severity = 3
[sync.acknowledge]
setstate = \"closed\"
[zino]
server = \"zino.example.org\"
user = \"argus\"
secret = 17
[metadata]
url = \"x\"
[failover]
[nonsense]
";
    assert_eq!(
        problems(text),
        [
            "line 1: sycn: unknown key; did you mean [sync]?",
            "line 5: argus.tokne: unknown key; did you mean argus.token?",
            "line 9: sync.acknowledge.setstate: must be \"none\", \"working\" or \"waiting\"",
            "line 13: zino.secret: must be text, not a whole number (put it in quotes)",
            "line 15: metadata.url: unknown key; did you mean argus.url, in another section?",
            "line 16: failover.primary_server: is missing",
            "line 17: nonsense: unknown key; there are [argus], [zino], [sync], [filter], [incident], [metadata], [metrics], [failover]",
        ]
    );
}

#[test]
fn every_kind_of_fault_has_its_words_and_its_line() {
    let with = |text: &str| problems(&minimal_and(text));
    for (text, expected) in [
        ("timeout = 3", "line 9: zino.timeout: unknown key; did you mean argus.timeout, in another section?"),
        ("port = '8001'", "line 9: zino.port: must be a whole number, not text (write it without quotes)"),
        (
            "[sync]\nrefresh_interval = inf",
            "line 10: sync.refresh_interval: must be between 0.1 and 86400 seconds (a day), not inf",
        ),
        ("[sync]\nseverity = 3", "line 10: sync.severity: must be a section: [sync.severity]"),
        ("[argus.x]", "line 9: argus.x: unknown key; there are "),
        ("[failover]\n'a.b' = 1", "line 10: failover.a.b: unknown key; there are failover.primary_server, "),
        ("[sync]\n'a key with a very long name' = 1", "line 10: sync: unknown key with a very long name; there are "),
        ("[sync]\n\"a\\nb\" = 1", "line 10: sync.a\\nb: unknown key; there are "),
    ] {
        let found = with(text);
        assert!(found.iter().any(|problem| problem.starts_with(expected)), "{text}: {found:?}");
    }
    let token = MINIMAL.replace("token = ", "#");
    assert_eq!(
        problems(&token),
        ["line 2: argus.token: is missing (or token_file instead, or ARGUS_TOKEN in the environment)"]
    );
}

#[test]
fn an_empty_file_lacks_what_is_required() {
    assert_eq!(problems(""), ["argus.url: is missing", "zino.server: is missing"]);
}

#[test]
fn thresholds_are_checked_too() {
    for (list, expected) in [
        (
            "[{level = 1, min_priority = 1}, \n{min_priority = 0, level = 6}]",
            "line 11: sync.severity.thresholds.level: must be between 1 and 5, not 6",
        ),
        (
            "[{level = 1, min_priority = -1}]",
            "line 10: sync.severity.thresholds.min_priority: must be between 0 and 1000000, not -1",
        ),
        ("[\n7]", "line 11: sync.severity.thresholds: must be a list of sections: [[sync.severity.thresholds]]"),
        ("7", "line 10: sync.severity.thresholds: must be a list of sections: [[sync.severity.thresholds]]"),
        ("[{level = 1}]", "line 10: sync.severity.thresholds.min_priority: is missing"),
        (
            "[{levle = 1}]",
            "line 10: sync.severity.thresholds.levle: unknown key; did you mean sync.severity.thresholds.level?",
        ),
    ] {
        assert_eq!(problems(&minimal_and(&format!("[sync.severity]\nthresholds = {list}"))), [expected]);
    }
    let section = problems(&minimal_and("[sync.severity.thresholds]\nlevel = 1"));
    assert_eq!(section, ["line 9: sync.severity.thresholds: must be a list of sections: [[sync.severity.thresholds]]"]);
}

#[test]
fn one_slip_of_the_pen_is_one_error_and_many_are_counted() {
    let slips = "[argus]\ntoken = \"x\nurl = x y\nport = = 3\n";
    let lines: Vec<String> = problems(slips).iter().map(|problem| problem.chars().take(6).collect()).collect();
    assert_eq!(lines, ["line 2", "line 3", "line 4"]);
    let folder = Folder::new("slips");
    let file = folder.write("z.toml", "<br>\n".repeat(1000).as_bytes(), 0o600);
    let error = load(&file, &Environment::default()).unwrap_err();
    assert_eq!(error.lines().count(), 21);
    assert!(error.lines().last().unwrap().ends_with("z.toml: 980 more things are wrong"));
}

#[test]
fn a_community_that_snmp_cannot_carry_is_an_error_that_does_not_show_it() {
    let with =
        |community: &str| minimal_and(&format!("[failover]\nprimary_server = 'x'\nsnmp_community = '{community}'"));
    let latin_1 = loaded(&with("h\u{fc}sh \u{ff}")).config.failover.unwrap();
    assert_eq!(latin_1.snmp_community.0.reveal(), "h\u{fc}sh \u{ff}");
    for community in ["h\u{100}sh", "\u{20ac}uro", "\u{1f40d}"] {
        let all = problems(&with(community));
        let expected = "failover.snmp_community: must have no other characters than those of Latin-1: SNMP sends one byte for each";
        assert_eq!(all.len(), 1);
        assert!(all[0].ends_with(expected) && !all[0].contains(community), "{all:?}");
    }
}

#[test]
fn the_metrics_are_found_whatever_stands_in_the_other_sections() {
    let text = "[argus]\ntoken_file = \"%d/token\"\n[zino]\nport = \"x\"\n[metrics]\nfile = \"z.prom\"\nlisten = \"[::1]:9798\"\n";
    let metrics = resolve::resolve_metrics(text, Path::new("/etc/z")).unwrap();
    assert_eq!(metrics.file.map(|file| file.0), Some("/etc/z/z.prom".into()));
    assert_eq!(metrics.listen.map(|listen| listen.0.to_string()).as_deref(), Some("[::1]:9798"));
    assert_eq!(resolve::resolve_metrics("", Path::new("")), Ok(MetricsConfig::default()));
    for (value, expected) in [
        ("listen = \"9798\"", "must be an address of this host and a port, such as 127.0.0.1:9798 or [::1]:9798"),
        (
            "listen = \"localhost:9798\"",
            "must be an address of this host and a port, such as 127.0.0.1:9798 or [::1]:9798",
        ),
        (
            "listen = \"127.0.0.1:0\"",
            "must be an address of this host and a port, such as 127.0.0.1:9798 or [::1]:9798",
        ),
        ("file = \"/\"", "must be the name of a file, not of a directory"),
        ("file = \"/tmp\"", "must be the name of a file, not of a directory"),
    ] {
        let problems = resolve::resolve_metrics(&format!("[metrics]\n{value}\n"), Path::new("")).unwrap_err();
        assert_eq!(problems.len(), 1, "{value}: {problems:?}");
        assert_eq!(problems[0].text, expected, "{value}");
    }
}

#[test]
fn an_address_that_others_reach_is_a_warning() {
    let warnings = |listen: &str| loaded(&minimal_and(&format!("[metrics]\nlisten = \"{listen}\"\n"))).warnings;
    assert_eq!(warnings("127.0.0.1:9798"), Vec::<String>::new());
    assert!(warnings("0.0.0.0:9798")[0].starts_with("metrics.listen: everybody who reaches this address"));
}

#[test]
fn a_token_to_renew_needs_a_file() {
    let text = MINIMAL.replace("[zino]", "renew_token = true\n[zino]");
    assert_eq!(problems(&text), ["line 5: argus.renew_token: needs argus.token_file, where the new token can be kept"]);
}

/// If a key were in the list and nobody read it, a value of an impossible kind would go unnoticed.
#[test]
fn every_key_of_the_list_is_read_and_checked() {
    for key in keys() {
        let (section, name) = key.rsplit_once('.').unwrap();
        let text = if keys::kind(section) == Some(keys::Kind::Sections) {
            format!("[[{section}]]\n{name} = 1979-05-27")
        } else {
            format!("[{section}]\n{name} = 1979-05-27")
        };
        let all = problems(&text);
        let expected = format!("line 2: {key}: must be ");
        assert!(all.iter().any(|problem| problem.starts_with(&expected)), "{key}: {all:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_an_error(text in any::<String>()) {
        let _ = parse(&text, Path::new(""));
    }
}
