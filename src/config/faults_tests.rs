//! What people write by mistake: each mistake is named for what it is, and a file full of them
//! costs no more than its length.

use super::testing::{MINIMAL, problems};
use super::*;
use std::time::{Duration, Instant};

/// One line of the configuration, put in place of the one with that key, or at the end of the
/// section.
fn with(section: &str, line: &str) -> String {
    let key = line.split(" =").next().unwrap();
    let kept = MINIMAL.lines().filter(|have| !have.starts_with(&format!("{key} =")));
    let text: String = kept.map(|have| format!("{have}\n")).collect();
    let header = format!("[{section}]\n");
    if text.contains(&header) { text.replace(&header, &format!("{header}{line}\n")) } else { text + &header + line }
}

/// Everything wrong with a line is said in one line, without the value.
fn check(section: &str, line: &str, expected: &str) {
    let key = line.split(" =").next().unwrap();
    let all = problems(&with(section, line));
    assert!(all.len() == 1, "{line}: {all:?}");
    assert!(all[0].contains(&format!("{section}.{key}: ")) && all[0].contains(expected), "{line}: {all:?}");
}

#[test]
fn a_big_file_full_of_faults_is_read_in_time_that_grows_with_its_length() {
    let many = |line: &dyn Fn(usize) -> String| -> String { (0..20_000).map(line).collect() };
    let thresholds = many(&|n| format!("[[sync.severity.thresholds]]\nmin_priority = {n}\nlevel = 9\n"));
    for (what, text) in [
        ("unknown keys", format!("[argus]\n{}", many(&|n| format!("k{n} = 1\n")))),
        ("torn lines", format!("[argus]\n{}", many(&|_| "x y\n".to_owned()))),
        ("torn lines without a section", many(&|_| "=\n".to_owned())),
        ("one key again and again", many(&|_| "a = 1\n".to_owned())),
        ("unknown sections", many(&|n| format!("[a{n}]\n"))),
        ("thresholds without sense", thresholds.clone()),
        ("thresholds that are right", format!("{}x = 1\n", thresholds.replace("level = 9", "level = 1"))),
    ] {
        let began = Instant::now();
        let found = problems(&text);
        let took = began.elapsed();
        // Before, each of them took from half a minute to several; now a second where tests are not
        // optimised.
        assert!(took < Duration::from_secs(15), "{what}: {took:?}");
        assert!((2..=21).contains(&found.len()), "{what}: {} lines", found.len());
    }
}

#[test]
fn of_many_faults_the_first_twenty_lines_are_named_and_the_others_counted() {
    let sections: String = (0..1000).rev().map(|n| format!("[k{n}]\n")).collect();
    let found = problems(&format!("{MINIMAL}{sections}"));
    assert_eq!(found.len(), 21);
    assert!(found[0].starts_with("line 9: k999: unknown key; "), "{}", found[0]);
    assert!(found[19].starts_with("line 28: k980: unknown key; "), "{}", found[19]);
    assert_eq!(found[20], "980 more things are wrong");
    assert_eq!(problems(&format!("{MINIMAL}{}", "x = 1\n".repeat(2))).len(), 1);
}

#[test]
fn text_without_quotes_is_called_that() {
    for line in
        ["server = 127.0.0.1", "server = zino.example.org", "server = 2001:db8::1", "user = argus", "secret = 0x_"]
    {
        check("zino", line, "not TOML: text must be in quotes");
    }
    check("argus", "url = https://argus.example.org/api/v2/", "not TOML: text must be in quotes");
    check("failover", "primary_server = 192.0.2.1", "not TOML: text must be in quotes");
    let number = problems(&with("argus", "timeout = 2,5"));
    assert!(number[0].contains("argus.timeout: not TOML: ") && !number[0].contains("quotes"), "{number:?}");
}

#[test]
fn what_the_example_only_stands_in_for_is_not_taken_for_a_value() {
    let example = include_str!("../../zinoargus.toml.example");
    let found = problems(example).join("\n");
    for key in ["argus.url", "argus.token", "zino.server", "zino.secret"] {
        assert!(found.contains(&format!("{key}: is still the example's")), "{key} in {found}");
    }
    for (section, line) in [("argus", "token = \"...\""), ("zino", "secret = \"secret-from-zino\"")] {
        let own_servers = with(section, line).replace("example.org", "example.net");
        let all = problems(&own_servers);
        assert!(all.len() == 1 && all[0].ends_with("is still the example's: put your own here"), "{all:?}");
    }
}

#[test]
fn times_that_make_no_sense_are_refused() {
    let bounds = "must be between 0.1 and 86400 seconds (a day), not ";
    for value in ["0", "0.05", "1e-9", "-1", "86401", "1e300", "inf", "nan"] {
        for (section, key) in [("argus", "timeout"), ("sync", "refresh_interval"), ("sync", "full_interval")] {
            check(section, &format!("{key} = {value}"), bounds);
        }
    }
    check("sync", "orphan_grace = 1e300", "must be between 0.1 and 2592000 seconds (30 days), not 1e300");
    let primary = "primary_server = \"zino1.example.org\"\n";
    for key in ["ping_timeout", "ping_interval"] {
        let all = problems(&format!("{MINIMAL}[failover]\n{primary}{key} = 0.01\n"));
        assert_eq!(all, [format!("line 11: failover.{key}: {bounds}0.01")]);
    }
    let all = problems(&format!("{MINIMAL}[failover]\n{primary}threshold = 1001\n"));
    assert_eq!(all, ["line 11: failover.threshold: must be between 1 and 1000, not 1001"]);
    for good in ["timeout = 0.1", "timeout = 86400", "timeout = 2.5"] {
        assert!(parse(&with("argus", good), Path::new("")).is_ok(), "{good}");
    }
}

#[test]
fn other_values_that_make_no_sense_are_refused() {
    check("zino", "notify_port = 8001", "is the same as zino.port; Zino has two ports");
    check("zino", &format!("user = \"{}\"", "u".repeat(201)), "must be at most 200 letters long");
    check("zino", "secret = \"two\\nlines\"", "must be one line of text");
    check("argus", &format!("token = \"{}\"", "t".repeat(1001)), "must be at most 1000 letters long");
    let low = "[[sync.severity.thresholds]]\nlevel = 1\nmin_priority = 1000001\n";
    let all = problems(&format!("{MINIMAL}{low}"));
    assert_eq!(all, ["line 11: sync.severity.thresholds.min_priority: must be between 0 and 1000000, not 1000001"]);
    let files = MINIMAL
        .replace("token = \"sEcReTtOkEn0123456789\"", "token_file = \"x\"")
        .replace("secret = \"sEcReTzInO0123456789\"", "secret_file = \"x\"");
    assert!(problems(&files).iter().any(|one| one.contains("zino.secret_file: is the same file as argus.token_file")));
}

#[test]
fn a_host_that_cannot_be_one_is_refused() {
    let long = format!("{}.example.org", "l".repeat(64));
    for (host, expected) in [
        ("256.1.1.1", "is no IPv4 address"),
        ("10.0.0", "is no IPv4 address"),
        ("zino..example.org", "has an empty part between two dots"),
        ("-zino.example.org", "has a part that begins or ends with a hyphen"),
        ("zino*.example.org", "may hold letters, digits, hyphens, underscores and dots only"),
        ("zinø.example.org", "write it in its xn-- form"),
        (long.as_str(), "has a part of more than 63 letters"),
    ] {
        check("zino", &format!("server = \"{host}\""), expected);
        check("zino", &format!("default_domain = \"{host}\""), expected);
        if host.is_ascii() {
            check("argus", &format!("url = \"https://{host}/api/v2/\""), expected);
        }
    }
    for good in
        ["zino", "zino_1.example.org", "zino.example.org.", "192.0.2.1", "1and1.example.org", "xn--zin-3na.example.org"]
    {
        assert!(parse(&with("zino", &format!("server = \"{good}\"")), Path::new("")).is_ok(), "{good}");
    }
}

#[test]
fn a_quote_too_many_shows_no_secret_that_became_a_part_of_a_files_name() {
    for key in ["token_file", "ca_file"] {
        let text = format!("[argus]\n{key} = \"\"\".\ntoken = \"sEcReTtOkEn0123456789\"\n\"\"\"\n");
        let said = problems(&text).join("\n");
        assert!(said.contains(&format!("argus.{key}: must be a file name on one line")), "{said}");
        assert!(!said.contains("0123456789abcdef"), "{said}");
    }
}
