//! Connections that stall, break, or bring what is no reply.

use crate::fake_zino::{FakeZino, Fault};
use crate::{QUICK, always, is_connection, is_refused, never, numbers, session};
use proptest::prelude::*;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::time::Duration;
use zinoargus::secret::Secret;
use zinoargus::zino::case::CaseState;
use zinoargus::zino::notify::Notifications;
use zinoargus::zino::session::{Login, Session};
use zinoargus::zino::{Timeouts, ZinoError, ZinoServer};

#[test]
fn a_reply_that_stands_still_is_a_lost_connection_for_good() {
    let fake = FakeZino::with_cases(3);
    for command in ["GETHIST 2", "GETATTRS 2", "GETLOG 2"] {
        fake.fault(command, Fault::Stall);
        let mut session = Session::connect_within(&fake.login, &QUICK).unwrap();
        assert!(is_connection(session.cases(&[1, 2, 3], &always)), "{command}");
        assert!(is_connection(session.case_ids()), "used after a failure");
    }
}

#[test]
fn a_connection_cut_anywhere_is_a_lost_connection() {
    for fault in [Fault::Cut, Fault::LoseReply, Fault::CutMidReply] {
        for command in ["CASEIDS", "GETATTRS 2", "GETHIST 2", "ADDHIST", "SETSTATE"] {
            let fake = FakeZino::with_cases(3);
            fake.fault(command, fault.clone());
            let mut session = session(&fake);
            let outcome = (|| {
                session.case_ids()?;
                session.cases(&[1, 2, 3], &never)?;
                session.add_history(1, "x")?;
                session.set_state(1, &CaseState::Working)
            })();
            assert!(is_connection(outcome), "{command} {fault:?}");
        }
    }
}

#[test]
fn a_connection_that_ended_while_idle_is_noticed_before_anything_is_written_into_it() {
    let fake = FakeZino::with_cases(1);
    let mut session = session(&fake);
    fake.cut_all();
    assert!(is_connection(session.add_history(1, "x")));
    assert!(!fake.received().iter().any(|line| line.starts_with("ADDHIST")));
}

#[test]
fn an_endless_line_is_an_error_in_bounded_memory() {
    let fake = FakeZino::with_cases(1);
    fake.fault("CASEIDS", Fault::EndlessLine);
    let outcome = session(&fake).case_ids();
    assert!(matches!(outcome, Err(ZinoError::Protocol(_))), "{outcome:?}");
    let why = outcome.unwrap_err().to_string();
    assert!(why.len() < 1000);
}

#[test]
fn a_very_long_history_line_is_cut_and_stops_nobody() {
    let fake = FakeZino::with_cases(2);
    let long = [b"1 ".as_slice(), &vec![b'x'; 5 << 20]].concat();
    fake.world().cases.get_mut(&1).unwrap().history.push(long);
    let cases = session(&fake).cases(&[1, 2], &never).unwrap();
    assert_eq!(numbers(&cases), [1, 2]);
    assert!(cases[0].history[1].header.len() <= 1 << 20);
}

/// A case's history of so many entries of a hundred thousand characters.
fn long_history(fake: &FakeZino, id: u64, entries: usize) {
    let line = [b"1 ".as_slice(), &vec![b'x'; 100_000]].concat();
    fake.world().cases.get_mut(&id).unwrap().history.extend(vec![line; entries]);
}

#[test]
fn cases_that_are_too_much_together_are_read_one_by_one() {
    let fake = FakeZino::with_cases(4);
    for id in 1..=3 {
        long_history(&fake, id, 40);
    }
    let cases = session(&fake).cases(&[1, 2, 3, 4], &never).unwrap();
    assert_eq!(numbers(&cases), [1, 2, 3, 4]);
    assert!(cases[..3].iter().all(|case| case.history.len() == 41));
}

#[test]
fn a_case_with_more_history_than_can_be_held_is_left_out_and_stops_nobody() {
    let fake = FakeZino::with_cases(3);
    long_history(&fake, 2, 100);
    let mut session = session(&fake);
    assert_eq!(numbers(&session.cases(&[1, 2, 3], &never).unwrap()), [1, 3]);
    assert!(is_refused(session.case(2, &never)));
    assert_eq!(numbers(&session.cases(&[3], &never).unwrap()), [3]);
}

#[test]
fn lines_without_anything_in_them_are_an_error_in_bounded_memory_too() {
    let fake = FakeZino::with_cases(2);
    for nothing in ["\n", "\r\n", "\nx\n"] {
        let reply = [b"303 x\r\n".as_slice(), nothing.repeat(1 << 20).as_bytes(), b"\r\n.\r\n"].concat();
        fake.fault("GETATTRS 1", Fault::Say(reply));
        assert_eq!(numbers(&session(&fake).cases(&[1, 2], &never).unwrap()), [1, 2], "read alone, once more");
    }
}

#[test]
fn a_reply_that_drips_without_end_is_a_lost_connection() {
    let fake = FakeZino::with_cases(1);
    fake.fault("GETHIST 1", Fault::Drip);
    let hasty = Timeouts { reply: Duration::from_millis(500), stall: Duration::from_secs(5), ..QUICK };
    let mut session = Session::connect_within(&fake.login, &hasty).unwrap();
    assert!(is_connection(session.case(1, &never)));
    assert!(is_connection(session.case_ids()), "used after a failure");
}

/// Pieces of replies, and what is none.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "200 ok\r\n",
        "303 x\r\n",
        "301 x\r\n",
        "304 x\r\n",
        "302 x\r\n",
        ".\r\n",
        "\r\n",
        "\n",
        "1\r\n",
        "500 internal error\r\n",
        "500 event \"1\" does not exist\r\n",
        "500 Not authenticated\r\n",
        "id: 1\r\nrouter: r\r\ntype: bgp\r\nstate: open\r\nopened: 1\r\n",
        "1 a\r\n",
        " b\r\n",
    ]);
    let piece = prop_oneof![8 => known.prop_map(|s| s.as_bytes().to_vec()), 1 => any::<Vec<u8>>()];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn whatever_a_server_says_there_is_a_value_or_an_error(said in answer(), first: bool) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut login = Login {
            server: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
            notify_port: 0,
            user: "user".to_owned(),
            secret: Secret::new("secret".to_owned()),
        };
        login.notify_port = login.port;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..2 {
                    let (mut stream, _) = listener.accept().unwrap();
                    let start: &[u8] = if first { b"" } else { b"200 abc\r\n200 ok\r\n" };
                    // The client may leave early.
                    let _ = stream.write_all(&[start, &said].concat());
                    let _ = stream.shutdown(Shutdown::Write);
                    while matches!(stream.read(&mut [0; 1024]), Ok(1..)) {}
                }
            });
            if let Ok(mut session) = Session::connect_within(&login, &QUICK) {
                let _ = session.cases(&[1, 2, 3], &always);
                let _ = session.case(1, &always);
                let _ = session.case_ids();
                let _ = session.add_history(1, "x");
            }
            let channel = Notifications::connect_within(&login, listener.local_addr().unwrap(), &QUICK);
            if let Ok((mut channel, _)) = channel {
                while channel.poll(Duration::from_secs(1)).is_ok() {}
            }
        });
    }
}
