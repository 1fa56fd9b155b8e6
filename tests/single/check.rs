//! `--check`: what it says of each thing, in how many requests and how much time.

use crate::fake_argus::{Act, FakeArgus, Seen, html, json, redirect};
use crate::fake_zino::FakeZino;
use crate::little_argus::LittleArgus;
use crate::program::{Ended, config, config_at, folder, free_port, run, silent, start, start_in};
use serde_json::json as value;
use std::fs::File;
use std::process::Command;
use std::time::Duration;

const EMPTY_PAGE: &str = r#"{"next":null,"previous":null,"results":[]}"#;

fn check(config: &str) -> Ended {
    run(config, &["--check"])
}

/// An Argus with so many source systems, of users 1001 and up, which answers for user `zino-a`;
/// `ours` is the number of its source.
fn argus_with(sources: usize, ours: Option<usize>, ours_is_called: &'static str, has_incident: bool) -> FakeArgus {
    let name = move |n: usize| if ours == Some(n) { ours_is_called.to_owned() } else { format!("source-{n}") };
    let source =
        move |n: usize| value!({"pk": n, "name": name(n), "type": {"name": "zino"}, "user": 1000 + n, "base_url": ""});
    FakeArgus::new(move |seen: &Seen| {
        let path = seen.target.split('?').next().unwrap();
        let (path, query) = (path.trim_start_matches("/api/v2/"), seen.target.split('?').nth(1).unwrap_or_default());
        if seen.target == "/api/" {
            return json("200 OK", r#"{"server-version":"2.10.2"}"#);
        }
        match (path, ours) {
            ("auth/user/", _) => json("200 OK", r#"{"username":"zino-a"}"#),
            ("incidents/sources/", _) => {
                json("200 OK", &value!((1..=sources).map(&source).collect::<Vec<_>>()).to_string())
            }
            ("incidents/mine/", Some(ours)) if has_incident && !query.contains("open=") => {
                let incident = value!({"pk": 5, "source": source(ours), "source_incident_id": "7"});
                json("200 OK", &value!({"next": null, "previous": null, "results": [incident]}).to_string())
            }
            ("incidents/mine/" | "incidents/events/", _) => json("200 OK", EMPTY_PAGE),
            (path, _) if path.starts_with("auth/users/") => {
                let user: usize = path.trim_start_matches("auth/users/").trim_end_matches('/').parse().unwrap();
                let name = if ours == Some(user - 1000) { "zino-a".to_owned() } else { format!("user-{user}") };
                json("200 OK", &value!({"username": name}).to_string())
            }
            _ => json("404 Not Found", r#"{"detail":"Not found."}"#),
        }
    })
}

#[test]
fn our_source_among_very_many_is_found_in_a_handful_of_requests() {
    let zino = FakeZino::with_cases(1);
    for (ours, called, has_incident) in [(140, "backbone", true), (150, "zino-a", false), (150, "Zino-A", false)] {
        let argus = argus_with(150, Some(ours), called, has_incident);
        let ended = check(&config(&zino, &argus.url()));
        assert_eq!(ended.code, Some(0), "{}", ended.output);
        assert!(ended.line("Argus' source system: ").contains(&format!("the token belongs to {called} of type zino")));
        assert!(argus.seen().len() <= 8, "{} requests", argus.seen().len());
    }
}

#[test]
fn a_source_that_cannot_be_found_in_few_requests_is_not_called_wrong() {
    let zino = FakeZino::with_cases(1);
    let argus = argus_with(150, Some(100), "backbone", false);
    let ended = check(&config(&zino, &argus.url()));
    assert_eq!(ended.code, Some(0), "{}", ended.output);
    let line = ended.line("Argus' source system: ");
    assert!(
        line.starts_with("unknown ") && line.contains("cannot tell") && line.contains("150 source systems"),
        "{line}"
    );
    assert!(argus.seen().len() <= 20, "{} requests", argus.seen().len());
}

#[test]
fn a_token_of_no_source_system_is_called_that_where_it_is_certain() {
    let zino = FakeZino::with_cases(1);
    let argus = argus_with(7, None, "", false);
    let ended = check(&config(&zino, &argus.url()));
    assert_eq!(ended.code, Some(77), "{}", ended.output);
    assert!(ended.line("Argus' source system: ").contains("user zino-a is not that of a source system"));
}

#[test]
fn the_unedited_example_cannot_be_used() {
    let ended = check(include_str!("../../zinoargus.toml.example"));
    assert_eq!(ended.code, Some(78), "{}", ended.output);
    assert!(!ended.output.contains("can be used"), "{}", ended.output);
    for key in ["argus.url", "argus.token", "zino.server", "zino.secret"] {
        let line = ended.line(&format!("{key}: "));
        assert!(
            line.starts_with("FAILED  configuration: zinoargus.toml, line ") && line.contains("still the example's")
        );
    }
}

#[test]
fn servers_that_say_nothing_are_named_while_they_are_waited_for_and_not_for_long() {
    let (zino, argus) = (silent(), silent());
    let text = config_at("127.0.0.1", zino.port(), zino.port() - 1, &format!("http://{argus}/api/v2/"));
    let text = text.replace("[zino]", "timeout = 3\n[zino]");
    let ended = check(&text);
    assert_eq!(ended.code, Some(69), "{}", ended.output);
    let waits = ended.lines("wait ");
    assert_eq!(waits.len(), 2, "{}", ended.output);
    assert!(waits[0].contains(&format!("Zino: {zino}")) && waits[0].contains("5 s"), "{}", waits[0]);
    assert!(waits[1].contains(&format!("Argus: http://{argus}")) && waits[1].contains("3 s"), "{}", waits[1]);
    let failed = ended.lines("FAILED ");
    assert_eq!(failed.len(), 2, "{}", ended.output);
    assert!(
        failed[0].contains("nothing came within 5s") && failed[1].contains("no whole answer within 3s"),
        "{failed:?}"
    );
    // 5 s and 3 s; before, 20 s and twice that of Argus.
    assert!(ended.took < Duration::from_secs(18), "{:?}", ended.took);
}

#[test]
fn a_signal_ends_it_within_a_moment_and_says_that_not_everything_was_tried() {
    let zino = silent();
    let run = start(&config_at("127.0.0.1", zino.port(), 9, "http://127.0.0.1:9/api/v2/"), &["--check"]);
    run.wait_for("wait ");
    run.terminate();
    let ended = run.wait();
    assert_eq!(ended.code, Some(75), "{}", ended.output);
    assert!(ended.line("FAILED ").contains("stopped by signal 15 before everything was tried"), "{}", ended.output);
}

#[test]
fn a_signal_while_the_configuration_is_read_is_an_end_as_any_other() {
    for (arguments, code) in [(&[][..], 0), (&["--once"], 75), (&["--check"], 75)] {
        let folder = folder();
        let pipe = folder.join("zinoargus.toml");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _writer = File::options().read(true).write(true).open(&pipe).unwrap();
        let run = start_in(folder, arguments);
        run.wait_for_open(&pipe);
        run.terminate();
        assert_eq!(run.wait().code, Some(code), "{arguments:?}");
    }
}

#[test]
fn what_is_wrong_with_argus_is_said_with_its_own_advice_only() {
    let zino = FakeZino::with_cases(1);
    let forbidden = json("403 Forbidden", r#"{"detail":"You do not have permission to perform this action."}"#);
    let gone = json("410 Gone", r#"{"status_code":410,"status":"API v1 has been removed"}"#);
    for (act, path, code, words) in [
        (html("404 Not Found", "Not Found"), "/", 69, "/api/v2/?"),
        (gone, "/api/v1/", 69, "/api/v2/?"),
        (redirect("302 Found", "/accounts/login/"), "/", 69, "/api/v2/?"),
        (html("200 OK", "Log in"), "/api/v2/", 69, "is argus.url the address of Argus' API?"),
        (
            html("400 Bad Request", "The plain HTTP request was sent to HTTPS port"),
            "/api/v2/",
            69,
            "begin with https://?",
        ),
        (forbidden, "/api/v2/", 77, "may this user do that in Argus?"),
        (Act::Close, "/api/v2/", 69, "the connection was closed"),
    ] {
        let argus = FakeArgus::always(act);
        let ended = check(&config(&zino, &format!("http://{}{path}", argus.address)));
        assert_eq!(ended.code, Some(code), "{}", ended.output);
        let line = ended.line("FAILED ");
        assert!(line.starts_with("FAILED  Argus: ") && line.ends_with(words), "{line}");
        assert!(line.matches('?').count() <= 1, "{line}");
        assert_eq!(ended.lines("ok ").len(), 4, "{}", ended.output);
    }
}

#[test]
fn a_server_that_is_not_there_is_named_once_and_the_other_one_is_tried() {
    let argus = LittleArgus::start();
    let (port, notify_port) = (free_port(), 9);
    for (server, place) in [("127.0.0.1", format!("127.0.0.1:{port}")), ("::1", format!("[::1]:{port}"))] {
        let ended = check(&config_at(server, port, notify_port, &argus.fake.url()));
        let line = ended.line("FAILED  Zino: ");
        assert_eq!(
            line,
            format!("FAILED  Zino: {place}: nothing listens there: is Zino running, and is zino.port right?")
        );
        assert_eq!(ended.lines("ok      Argus: ").len(), 1, "{}", ended.output);
    }
}

#[test]
fn a_primary_that_is_not_there_is_named_once() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let port = free_port();
    let failover = format!("[failover]\nprimary_server = \"127.0.0.1\"\nprimary_snmp_port = {port}\n");
    let ended = check(&(config(&zino, &argus.fake.url()) + &failover));
    let line = ended.line("FAILED ");
    assert!(
        line.starts_with(&format!("FAILED  the primary's SNMP agent: 127.0.0.1:{port}: nothing listens there")),
        "{line}"
    );
    assert_eq!(line.matches(&port.to_string()).count(), 1, "{line}");
}
