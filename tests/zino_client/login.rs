//! Who is let in, and how the first minute can fail.

use crate::fake_zino::{FakeZino, Fault, SECRET};
use crate::{QUICK, is_connection, is_refused, session};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use zinoargus::secret::Secret;
use zinoargus::zino::case::CaseState;
use zinoargus::zino::session::Session;
use zinoargus::zino::{ZinoError, ZinoServer};

#[test]
fn the_right_secret_lets_us_in_and_a_wrong_one_is_a_refusal() {
    let fake = FakeZino::with_cases(2);
    assert_eq!(session(&fake).case_ids(), Ok(vec![1, 2]));
    let mut wrong = fake.login.clone();
    wrong.secret = Secret::new("wrong".to_owned());
    let refused = Session::connect(&wrong).unwrap_err();
    assert_eq!(refused, ZinoError::Login("Authentication failure".to_owned()));
    assert!(!format!("{wrong:?}").contains("wrong"));
}

#[test]
fn a_user_name_cannot_become_a_command() {
    let fake = FakeZino::start();
    for user in ["", "a b", "a\r\nQUIT", "a\u{85}"] {
        let mut login = fake.login.clone();
        login.user = user.to_owned();
        let outcome = Session::connect(&login);
        assert!(matches!(outcome, Err(ZinoError::Login(_))), "{user:?}");
    }
    assert!(fake.received().is_empty());
}

#[test]
fn zino_breaking_down_at_the_login_is_not_a_refusal_of_our_secret() {
    let fake = FakeZino::start();
    fake.fault("USER", Fault::Say(b"500 internal error\r\n".to_vec()));
    assert!(is_refused(Session::connect(&fake.login)));
}

#[test]
fn a_server_that_is_not_there_is_a_lost_connection() {
    let mut login = FakeZino::start().login.clone();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    login.port = free.local_addr().unwrap().port();
    drop(free);
    assert!(is_connection(Session::connect(&login)));
    login.server = "[::1]".to_owned();
    assert!(is_connection(Session::connect(&login)));
    login.server = "no such name".to_owned();
    assert!(is_connection(Session::connect(&login)));
}

#[test]
fn a_server_that_says_nothing_is_a_lost_connection() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut login = FakeZino::start().login.clone();
    login.port = silent.local_addr().unwrap().port();
    let started = Instant::now();
    assert!(is_connection(Session::connect_within(&login, &QUICK)));
    assert!(started.elapsed() < Duration::from_secs(5));
}

// What the log shows

/// Keeps every line of the log, of all tests.
struct Listener;

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        HEARD.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

#[test]
fn the_log_holds_no_secret_and_no_control_character() {
    log::set_logger(&Listener).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let fake = FakeZino::with_cases(1);
    let nasty = "a\x1b[2J\nforged line\r\u{202E}";
    fake.world().cases.get_mut(&1).unwrap().set("descr", nasty);
    let mut session = session(&fake);
    session.case(1, &|_| true).unwrap();
    session.add_history(1, nasty).unwrap();
    fake.fault("SETSTATE", Fault::Say(format!("x{nasty}\r\n").into()));
    let failure = session.set_state(1, &CaseState::Open).unwrap_err();
    log::warn!("{failure}");
    log::set_max_level(log::LevelFilter::Off);
    let bytes = fake.world().received.clone();
    let login = String::from_utf8(bytes).unwrap();
    let digest = login.lines().next().unwrap().rsplit(' ').next().unwrap();
    let heard = HEARD.lock().unwrap();
    assert!(heard.iter().any(|line| line.starts_with("> USER testuser")));
    assert!(heard.iter().any(|line| line.contains("forged line")));
    for line in heard.iter() {
        assert!(!line.contains(digest) && !line.contains(SECRET), "{line}");
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202E}'), "{line:?}");
    }
}
