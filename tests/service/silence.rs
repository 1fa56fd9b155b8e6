//! What an operator learns of servers that say nothing, or nothing useful: within seconds, of both,
//! and as long as it lasts.

use crate::fake_argus::{Act, FakeArgus, json};
use crate::fake_zino::FakeZino;
use crate::little_argus::LittleArgus;
use crate::program::{Manager, Program, config};
use std::net::TcpListener;

/// With Argus at another address than that of its API.
fn with_argus_at(zino: &FakeZino, url: &str) -> String {
    let unused = LittleArgus::start();
    config(zino, &unused).replace(&unused.fake.url(), url)
}

#[test]
fn a_zino_that_says_nothing_is_named_within_seconds_and_argus_is_asked_all_the_same() {
    let (zino, argus) = (FakeZino::start(), LittleArgus::start());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let text = config(&zino, &argus).replace(&format!("\nport = {}", zino.login.port), &format!("\nport = {port}"));
    let program = Program::start(&text, Manager::new(), &[]);
    program.wait_for_log(&format!("WARN  Zino 127.0.0.1:{port} has not answered for 5 s; waiting for it"));
    let status = program.manager.wait_for_status("Zino CANNOT BE USED since ");
    assert!(status.contains("has not answered for 5 s") && status.ends_with("; Argus ok"), "{status}");
    assert!(!program.log().contains("cannot be used"), "it is still waited for: {}", program.log());
    program.manager.wait_for("READY=1", 1);
}

#[test]
fn an_argus_that_says_nothing_is_named_within_seconds_however_long_a_request_may_take() {
    let zino = FakeZino::with_cases(1);
    let argus = FakeArgus::always(Act::Stall);
    let program = Program::start(&with_argus_at(&zino, &argus.url()), Manager::new(), &[]);
    program
        .wait_for_log(&format!("WARN  Argus http://{}/api/v2 has not answered for 5 s; waiting for it", argus.address));
    program.manager.wait_for_status("Zino ok; Argus CANNOT BE USED since ");
    program.manager.wait_for("READY=1", 1);
}

#[test]
fn an_argus_url_of_the_version_that_is_gone_stands_in_log_and_status() {
    let zino = FakeZino::with_cases(1);
    let argus = FakeArgus::always(json("410 Gone", r#"{"status_code":410,"status":"API v1 has been removed"}"#));
    let url = format!("http://{}/api/v1/", argus.address);
    let program = Program::start(&with_argus_at(&zino, &url), Manager::new(), &[]);
    program.wait_for_log(&format!("should argus.url be http://{}/api/v2/?", argus.address));
    let status = program.manager.wait_for_status("Argus CANNOT BE USED since ");
    assert!(status.contains("410: ") && status.contains("API v1 has been removed"), "{status}");
    assert_eq!(program.log().matches("API v1 has been removed").count(), 1, "{}", program.log());
}
