//! The notification channel.

use crate::fake_zino::FakeZino;
use crate::{is_connection, is_refused, session};
use std::time::{Duration, Instant};
use zinoargus::zino::ZinoError;
use zinoargus::zino::case::CaseState;
use zinoargus::zino::decode::Happening;
use zinoargus::zino::notify::Notifications;
use zinoargus::zino::session::Session;

fn tied(fake: &FakeZino) -> (Session, Notifications) {
    let mut session = session(fake);
    let (channel, nonce) =
        Notifications::connect(&fake.login, session.notify_address(fake.login.notify_port).unwrap()).unwrap();
    session.tie(&nonce).unwrap();
    (session, channel)
}

#[test]
fn notifications_come_from_the_very_address_that_the_session_talks_to() {
    let fake = FakeZino::start();
    let mut login = fake.login.clone();
    // A name that may stand for ::1 too, where this server is not.
    login.server = "localhost".to_owned();
    let session = Session::connect(&login).unwrap();
    let address = session.notify_address(login.notify_port).unwrap();
    assert_eq!((address.ip().to_string().as_str(), address.port()), ("127.0.0.1", login.notify_port));
}

#[test]
fn notifications_come_in_bursts_and_nonsense_is_passed_over() {
    let fake = FakeZino::start();
    let (_session, mut channel) = tied(&fake);
    fake.notify("2 state embryonic open\r\nnonsense\r\n\r\n\u{7f}\r\n3 attr updated\r\n4 scavenged \r\n");
    let notices = channel.poll(Duration::from_secs(5)).unwrap();
    let ids: Vec<u64> = notices.iter().map(|n| n.id).collect();
    assert_eq!(ids, [2, 3, 4]);
    let opened = Happening::State { from: CaseState::Embryonic, to: CaseState::Open };
    assert_eq!(notices[0].what, opened);
    assert_eq!(notices[2].what, Happening::Scavenged);
}

#[test]
fn silence_is_no_error_and_ends_in_time() {
    let fake = FakeZino::start();
    let (_session, mut channel) = tied(&fake);
    let started = Instant::now();
    assert_eq!(channel.poll(Duration::from_millis(50)), Ok(vec![]));
    assert_eq!(channel.poll(Duration::ZERO), Ok(vec![]));
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(50) && took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_line_in_two_pieces_is_one_line() {
    let fake = FakeZino::start();
    let (_session, mut channel) = tied(&fake);
    fake.notify("17 sta");
    assert_eq!(channel.poll(Duration::from_millis(50)), Ok(vec![]));
    fake.notify("te open closed\r\n1");
    let notices = channel.poll(Duration::from_secs(5)).unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].id, 17);
}

#[test]
fn the_end_is_told_after_everything_before_it() {
    let fake = FakeZino::start();
    let (session, mut channel) = tied(&fake);
    fake.notify("5 history 1\r\n");
    drop(session);
    let mut seen = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(5);
    let ended = loop {
        match channel.poll(Duration::from_millis(100)) {
            Ok(notices) => seen.extend(notices),
            Err(e) => break e,
        }
        assert!(Instant::now() < deadline);
    };
    assert_eq!(seen.len(), 1);
    assert!(matches!(ended, ZinoError::Connection(_)));
    assert!(is_connection(channel.poll(Duration::ZERO)));
}

#[test]
fn an_endless_notification_is_an_error_in_bounded_memory() {
    let fake = FakeZino::start();
    let (_session, mut channel) = tied(&fake);
    fake.notify(vec![b'7'; 200_000]);
    let deadline = Instant::now() + Duration::from_secs(5);
    let ended = loop {
        match channel.poll(Duration::from_millis(100)) {
            Ok(notices) => assert_eq!(notices, []),
            Err(e) => break e,
        }
        assert!(Instant::now() < deadline);
    };
    assert!(matches!(ended, ZinoError::Protocol(_)));
}

#[test]
fn a_flood_does_not_keep_the_caller_and_loses_nothing() {
    let fake = FakeZino::start();
    let (_session, mut channel) = tied(&fake);
    let lines: String = (0..20_000).map(|n| format!("{n} attr updated\r\n")).collect();
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut calls = 0;
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| fake.notify(&lines));
        while seen.len() < 20_000 {
            let notices = channel.poll(Duration::from_millis(100)).unwrap();
            assert!(notices.len() < 10_000, "one call took {}", notices.len());
            seen.extend(notices.iter().map(|n| n.id));
            calls += 1;
            assert!(Instant::now() < deadline);
        }
    });
    assert!(calls > 3, "{calls}");
    assert!(seen.into_iter().eq(0..20_000));
}

#[test]
fn a_nonce_cannot_become_a_command() {
    let fake = FakeZino::start();
    let mut session = session(&fake);
    assert!(session.tie("a\r\nQUIT").is_err());
    assert!(is_refused(session.tie("0123")));
    assert_eq!(fake.received(), ["NTIE 0123"]);
}
