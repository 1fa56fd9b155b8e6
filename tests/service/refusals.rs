//! A server that lets us in no more, or not yet: what ends the program and what does not.

use crate::fake_argus::{html, json};
use crate::fake_zino::{FakeZino, Fault, SECRET};
use crate::little_argus::LittleArgus;
use crate::program::{Manager, Program, TOKEN, config, eventually, incident, new_case};
use std::time::{Duration, Instant};

/// The status line of an answer that refuses us.
const UNAUTHORIZED: &str = "401 Unauthorized";
/// What Argus says of a token that it does not know.
const INVALID: &str = r#"{"detail":"Invalid token."}"#;
/// How long a refusal must last at the start.
const CONFIRMED: Duration = Duration::from_secs(10);

/// The next `times` logins are answered so.
pub fn refuse_logins(zino: &FakeZino, times: usize, answer: &[u8]) {
    (0..times).for_each(|_| zino.fault("USER", Fault::Say(answer.to_vec())));
}

/// How many requests the server has had.
fn asked(argus: &LittleArgus) -> usize {
    argus.fake.seen().len()
}

/// Waits until the program has tried so many times more.
fn tried_again(argus: &LittleArgus, times: usize) {
    let before = asked(argus);
    eventually("another request", || asked(argus), || (asked(argus) >= before + times).then_some(()));
}

fn logins(zino: &FakeZino) -> usize {
    let bytes = zino.world().received.clone();
    String::from_utf8_lossy(&bytes).matches("USER ").count()
}

#[test]
fn a_proxy_that_asks_for_a_password_is_an_outage() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    argus.answer_all(Some(html(UNAUTHORIZED, "Sign in")));
    let mut program = Program::start(&config(&zino, &argus), Manager::new(), &[]);
    let status = program.manager.wait_for_status("Argus CANNOT BE USED");
    assert!(status.contains("Sign in"), "{status}");
    tried_again(&argus, 3);
    assert!(program.is_running());
    argus.answer_all(None);
    incident(&argus, 1);
    argus.answer_all(Some(html(UNAUTHORIZED, "Sign in")));
    program.manager.wait_for_status("Argus CANNOT BE USED");
    new_case(&zino, 2);
    tried_again(&argus, 3);
    argus.answer_all(None);
    incident(&argus, 2);
    assert!(!program.log().contains("token"), "it is none of the token's fault: {}", program.log());
}

#[test]
fn a_token_that_worked_and_is_refused_is_tried_again_until_argus_takes_it() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let mut program = Program::ready(&config(&zino, &argus));
    incident(&argus, 1);
    argus.answer_all(Some(json(UNAUTHORIZED, INVALID)));
    program.manager.wait_for_status("Argus CANNOT BE USED since");
    program.manager.wait_for_status("token refused: Invalid token.");
    new_case(&zino, 2);
    tried_again(&argus, 4);
    assert!(program.is_running());
    argus.answer_all(None);
    incident(&argus, 2);
    program.manager.wait_for_status("Argus ok");
    let log = program.log();
    assert_eq!(log.matches("ERROR Argus refuses our token").count(), 1, "{log}");
    assert!(log.contains("Argus refuses our token (Invalid token.); trying again. "), "{log}");
    assert!(log.contains("WARN  Argus takes our token again after "), "{log}");
}

#[test]
fn a_token_that_is_refused_for_ten_seconds_at_the_start_is_a_failed_start() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    argus.answer_all(Some(json(UNAUTHORIZED, INVALID)));
    let began = Instant::now();
    let mut program = Program::start(&config(&zino, &argus), Manager::new(), &[]);
    program.wait_for_log("Argus refuses our token (Invalid token.)");
    assert_eq!(program.wait(), Some(77));
    assert!(began.elapsed() >= CONFIRMED, "after {:?}", began.elapsed());
    program.manager.wait_for("STOPPING=1\nSTATUS=Argus refuses our token (Invalid token.)", 1);
    assert_eq!(program.manager.count("READY=1"), 0, "the start has failed");
}

#[test]
fn a_refusal_at_the_start_that_passes_is_no_end() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    argus.answer_all(Some(json(UNAUTHORIZED, INVALID)));
    refuse_logins(&zino, 1, b"500 no such user\r\n");
    refuse_logins(&zino, 1, b"500 Authentication failure\r\n");
    let mut program = Program::start(&config(&zino, &argus), Manager::new(), &[]);
    program.wait_for_log("Zino takes our login");
    program.wait_for_log("Argus refuses our token");
    argus.answer_all(None);
    incident(&argus, 1);
    program.manager.wait_for("READY=1", 1);
    assert!(program.is_running());
    let log = program.log();
    assert_eq!(log.matches("Zino refuses user testuser").count(), 1, "{log}");
    assert!(log.contains("WARN  Argus takes our token again after "), "{log}");
}

#[test]
fn a_secret_that_zino_refuses_for_ten_seconds_at_the_start_is_a_failed_start() {
    let (zino, argus) = (FakeZino::start(), LittleArgus::start());
    let text = config(&zino, &argus).replace("secret = \"s3", "secret = \"s4");
    let began = Instant::now();
    let mut program = Program::start(&text, Manager::new(), &[]);
    assert_eq!(program.wait(), Some(77));
    assert!(began.elapsed() >= CONFIRMED, "after {:?}", began.elapsed());
    program.manager.wait_for("STOPPING=1\nSTATUS=Zino refuses user testuser (Authentication failure)", 1);
    assert_eq!(program.manager.count("READY=1"), 0, "the start has failed");
}

#[test]
fn a_reload_with_a_wrong_token_and_a_wrong_secret_is_mended_by_another_reload() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let mut program = Program::ready(&text);
    incident(&argus, 1);
    argus.answer_all(Some(json(UNAUTHORIZED, INVALID)));
    let token = text.replace(TOKEN, "fedcba9876543210");
    program.reload(&token);
    program.wait_for_log("ERROR Argus refuses our token");
    program.reload(&token.replace(SECRET, "wrong"));
    program.wait_for_log("ERROR Zino refuses the login");
    program.manager.wait_for_status("Zino CANNOT BE USED");
    let before = logins(&zino);
    eventually("more logins", || logins(&zino), || (logins(&zino) >= before + 2).then_some(()));
    assert!(program.is_running());
    argus.answer_all(None);
    zino.add_port_case(2);
    program.reload(&text);
    incident(&argus, 2);
    let log = program.log();
    assert_eq!(log.matches("ERROR Zino refuses the login").count(), 1, "{log}");
    assert!(log.contains("WARN  Zino takes our login again after "), "{log}");
}
