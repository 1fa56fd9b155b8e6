//! `--once`: it holds to its time, names the server that it had to do without, and does not promise
//! to try again.

use crate::fake_argus::{Act, FakeArgus, Seen, json, redirect};
use crate::fake_zino::{FakeZino, Fault};
use crate::little_argus::{self, LittleArgus};
use crate::program::{Ended, config, config_at, free_port, run, silent};
use std::net::UdpSocket;
use std::time::Duration;

/// A run that has so many seconds.
fn once(config: &str, seconds: u64) -> Ended {
    run(config, &["--once", "--timeout", &seconds.to_string()])
}

/// It ended in its time; what a machine under load takes beside it is not counted.
fn in_time(ended: &Ended, seconds: u64) {
    assert!(ended.took < Duration::from_secs(seconds + 4), "{:?}: {}", ended.took, ended.output);
}

/// It says that nothing was done, and promises nothing.
fn hopeless(ended: &Ended, code: i32) -> &str {
    assert_eq!(ended.code, Some(code), "{}", ended.output);
    assert!(!ended.output.contains("trying again"), "{}", ended.output);
    ended.line("nothing was synchronised")
}

fn stalling() -> FakeArgus {
    FakeArgus::always(Act::Stall)
}

#[test]
fn a_silent_zino_is_named_when_the_time_is_over() {
    let (zino, argus) = (silent(), LittleArgus::start());
    let ended = once(&config_at("127.0.0.1", zino.port(), 9, &argus.fake.url()), 4);
    let line = hopeless(&ended, 69);
    assert!(line.contains(&format!("Zino {zino}")) && line.contains("4 s"), "{line}");
    assert!(line.contains("Argus answers"), "{line}");
    in_time(&ended, 4);
}

#[test]
fn a_zino_that_falls_silent_while_it_is_read_is_named_when_the_time_is_over() {
    let (zino, argus) = (FakeZino::with_cases(3), LittleArgus::start());
    zino.fault("CASEIDS", Fault::Stall);
    let ended = once(&config(&zino, &argus.fake.url()), 4);
    let line = hopeless(&ended, 69);
    assert!(line.contains(&format!("Zino 127.0.0.1:{}", zino.login.port)), "{line}");
    in_time(&ended, 4);
}

#[test]
fn a_silent_argus_is_named_when_the_time_is_over_however_long_a_request_may_take() {
    let (zino, argus) = (FakeZino::with_cases(1), stalling());
    let text = config(&zino, &argus.url()).replace("[zino]", "timeout = 60\n[zino]");
    let ended = once(&text, 4);
    let line = hopeless(&ended, 69);
    assert!(line.contains(&format!("Argus http://{}", argus.address)) && line.contains("4 s"), "{line}");
    in_time(&ended, 4);
}

#[test]
fn a_request_under_way_does_not_hold_it_up() {
    let zino = FakeZino::with_cases(2);
    let argus = FakeArgus::new(|seen: &Seen| match seen.method.as_str() {
        "GET" => little_argus::answer(seen, &mut Vec::new()),
        _ => Act::Stall,
    });
    let text = config(&zino, &argus.url()).replace("[zino]", "timeout = 60\n[zino]");
    let ended = once(&text, 4);
    assert_eq!(ended.code, Some(75), "{}", ended.output);
    assert_eq!(ended.lines("not synchronised: ").len(), 2, "{}", ended.output);
    in_time(&ended, 4);
}

#[test]
fn a_secondary_whose_primary_is_silent_holds_to_its_time_too() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    // It takes each question and never answers.
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = agent.local_addr().unwrap().port();
    let failover = format!("[failover]\nprimary_server = \"127.0.0.1\"\nprimary_snmp_port = {port}\n");
    let ended = once(&(config(&zino, &argus.fake.url()) + &failover), 3);
    let line = hopeless(&ended, 69);
    assert!(line.contains(&format!("127.0.0.1:{port}")) && line.contains("3 s"), "{line}");
    assert!(argus.incident(1).is_none(), "a takeover takes as many questions as the daemon asks");
    in_time(&ended, 3);
}

#[test]
fn a_zino_that_is_not_there_is_named_once_and_argus_is_asked_all_the_same() {
    let argus = LittleArgus::start();
    let port = free_port();
    let ended = once(&config_at("127.0.0.1", port, 9, &argus.fake.url()), 30);
    let line = hopeless(&ended, 69);
    assert_eq!(ended.output.matches(&format!("127.0.0.1:{port}")).count(), 1, "{}", ended.output);
    assert!(line.contains("nothing listens there") && line.contains("Argus answers"), "{line}");
    assert_eq!(ended.output.lines().count(), 1, "{}", ended.output);
}

#[test]
fn of_two_servers_that_are_not_there_both_are_named() {
    let (zino, argus) = (free_port(), free_port());
    let ended = once(&config_at("127.0.0.1", zino, 9, &format!("http://127.0.0.1:{argus}/api/v2/")), 30);
    let line = hopeless(&ended, 69);
    assert!(line.contains(&format!("127.0.0.1:{zino}")) && line.contains(&format!("127.0.0.1:{argus}")), "{line}");
}

#[test]
fn an_argus_that_cannot_be_used_is_named_with_its_own_advice() {
    let zino = FakeZino::with_cases(1);
    let gone = json("410 Gone", r#"{"status_code":410,"status":"API v1 has been removed"}"#);
    let refused = json("403 Forbidden", r#"{"detail":"no"}"#);
    for (act, path, code, words) in [
        (gone, "/api/v1/", 69, "/api/v2/?"),
        (redirect("302 Found", "/accounts/login/"), "/", 69, "/api/v2/?"),
        (refused, "/api/v2/", 77, "may the user of our token do that in Argus?"),
    ] {
        let argus = FakeArgus::always(act);
        let ended = once(&config(&zino, &format!("http://{}{path}", argus.address)), 60);
        let line = hopeless(&ended, code);
        assert!(line.contains(words) && line.matches('?').count() == 1, "{line}");
    }
    let ended = once(&config(&zino, &format!("http://127.0.0.1:{}/api/v2/", free_port())), 60);
    assert!(hopeless(&ended, 69).contains("is Argus running"), "{}", ended.output);
}

#[test]
fn a_refused_token_is_said_also_where_zino_is_not_there() {
    let argus = FakeArgus::always(json("401 Unauthorized", r#"{"detail":"Invalid token."}"#));
    let port = free_port();
    let ended = once(&config_at("127.0.0.1", port, 9, &argus.url()), 30);
    assert_eq!(ended.code, Some(77), "{}", ended.output);
    assert!(
        ended.output.contains("Invalid token.") && ended.output.contains(&format!("127.0.0.1:{port}")),
        "{}",
        ended.output
    );
}

#[test]
fn a_zino_that_goes_away_in_the_middle_is_named_without_a_promise() {
    let zino = FakeZino::with_cases(2);
    let cut = std::sync::Arc::new(std::sync::Mutex::new(Some(zino)));
    let held = std::sync::Arc::clone(&cut);
    let text = config(cut.lock().unwrap().as_ref().unwrap(), "ARGUS");
    // Zino is gone as soon as the first incident is to be made, which never is.
    let argus = FakeArgus::new(move |seen: &Seen| match seen.method.as_str() {
        "GET" => little_argus::answer(seen, &mut Vec::new()),
        _ => {
            drop(held.lock().unwrap().take());
            Act::Close
        }
    });
    let ended = once(&text.replace("ARGUS", &argus.url()), 6);
    assert_eq!(ended.code, Some(75), "{}", ended.output);
    assert!(!ended.output.contains("trying again"), "{}", ended.output);
    assert_eq!(ended.lines("Zino cannot be used: ").len(), 1, "{}", ended.output);
    in_time(&ended, 6);
}
