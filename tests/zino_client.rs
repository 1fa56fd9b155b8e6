//! What the Zino client does, seen from outside: against a scriptable Zino on loopback, and on request against a real one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "support/fake_zino.rs"]
mod fake_zino;

use fake_zino::{FakeZino, Fault};
use proptest::prelude::*;
use std::time::{Duration, Instant};
use zinoargus::secret::Secret;
use zinoargus::zino::case::{Case, CaseKind, CaseState};
use zinoargus::zino::decode::Happening;
use zinoargus::zino::notify::Notifications;
use zinoargus::zino::session::{Login, Session};
use zinoargus::zino::{Timeouts, ZinoError, ZinoServer};

/// A stall is noticed soon, but a machine under load is not taken for one.
const QUICK: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    stall: Duration::from_millis(300),
    write: Duration::from_secs(5),
};

fn session(fake: &FakeZino) -> Session {
    Session::connect(&fake.login).unwrap()
}

fn always(_: &Case) -> bool {
    true
}

fn never(_: &Case) -> bool {
    false
}

fn numbers(cases: &[Case]) -> Vec<u64> {
    cases.iter().map(|case| case.id).collect()
}

fn is_connection<T: std::fmt::Debug>(outcome: Result<T, ZinoError>) -> bool {
    matches!(outcome, Err(ZinoError::Connection(_)))
}

fn is_refused<T: std::fmt::Debug>(outcome: Result<T, ZinoError>) -> bool {
    matches!(outcome, Err(ZinoError::Refused(_)))
}

/// Every case is its own: nothing of one got into another.
fn assert_unmixed(cases: &[Case]) {
    for case in cases {
        assert_eq!(case.router, format!("r{}-gw", case.id));
        assert_eq!(case.history[0].at, case.opened, "{}", case.name());
    }
}

// Login

#[test]
fn the_right_secret_lets_us_in_and_a_wrong_one_is_a_refusal() {
    let fake = FakeZino::with_cases(2);
    assert_eq!(session(&fake).case_ids(), Ok(vec![1, 2]));
    let mut wrong = fake.login.clone();
    wrong.secret = Secret::new("wrong".to_owned());
    let refused = Session::connect(&wrong).unwrap_err();
    assert_eq!(
        refused,
        ZinoError::Login("Authentication failure".to_owned())
    );
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

// Reading

#[test]
fn hundreds_of_cases_are_read_each_with_its_own_history_and_log() {
    let fake = FakeZino::with_cases(250);
    fake.world().cases.get_mut(&7).unwrap().log = vec![b"1 nothing of note".to_vec()];
    let ids: Vec<u64> = (1..=250).collect();
    let cases = session(&fake).cases(&ids, |case| case.id < 100).unwrap();
    assert_eq!(numbers(&cases), ids);
    assert_unmixed(&cases);
    for case in &cases {
        let expected = (case.id < 100).then_some(case.id != 7);
        assert_eq!(case.log_says_down, expected, "{}", case.name());
    }
    assert_eq!(cases[0].descr.as_deref(), Some("NTNU Ålesund, 10G"));
    assert_eq!(cases[0].kind, CaseKind::Portstate);
}

#[test]
fn unknown_cases_among_many_mix_up_nothing_and_are_asked_alone() {
    let fake = FakeZino::with_cases(120);
    let ids: Vec<u64> = [
        vec![900],
        (1..=50).collect(),
        vec![901],
        (51..=120).collect(),
    ]
    .concat();
    let cases = session(&fake).cases(&ids, always).unwrap();
    assert_eq!(numbers(&cases), (1..=120).collect::<Vec<_>>());
    assert_unmixed(&cases);
    let asked = |line: &str| fake.received().iter().filter(|l| *l == line).count();
    assert_eq!((asked("GETATTRS 900"), asked("GETATTRS 901")), (2, 2));
    assert_eq!(asked("GETATTRS 1"), 1);
}

#[test]
fn a_case_that_goes_away_between_attributes_and_history_mixes_up_nothing() {
    let fake = FakeZino::with_cases(50);
    let gone = b"500 event \"20\" does not exist\r\n";
    fake.fault("GETHIST 20", Fault::Say(gone.to_vec()));
    let cases = session(&fake)
        .cases(&(1..=50).collect::<Vec<_>>(), never)
        .unwrap();
    assert_eq!(numbers(&cases), (1..=50).collect::<Vec<_>>());
    assert_unmixed(&cases);
}

#[test]
fn a_reply_that_breaks_halfway_mixes_up_nothing() {
    for command in [
        "GETATTRS 20",
        "GETATTRS 50",
        "GETHIST 20",
        "GETHIST 50",
        "GETLOG 20",
    ] {
        let fake = FakeZino::with_cases(50);
        fake.fault(command, Fault::Break);
        let mut session = session(&fake);
        let cases = session
            .cases(&(1..=50).collect::<Vec<_>>(), always)
            .unwrap();
        let mut ids = numbers(&cases);
        ids.sort_unstable();
        assert_eq!(ids, (1..=50).collect::<Vec<_>>(), "{command}");
        assert_unmixed(&cases);
        assert!(cases.iter().all(|case| case.log_says_down == Some(true)));
    }
}

#[test]
fn one_case_that_makes_no_sense_is_left_out_and_stops_nobody() {
    let fake = FakeZino::with_cases(50);
    fake.world()
        .cases
        .get_mut(&20)
        .unwrap()
        .set("opened", "yesterday");
    let mut session = session(&fake);
    let cases = session.cases(&(1..=50).collect::<Vec<_>>(), never).unwrap();
    assert_eq!(cases.len(), 49);
    assert_unmixed(&cases);
    assert!(is_refused(session.case(20, never)));
    assert_eq!(session.case(21, never).unwrap().unwrap().id, 21);
}

#[test]
fn a_value_that_ends_the_reply_early_forges_no_other_case() {
    let forged =
        "x\r\n.\r\n303 y\r\nid: 21\r\nrouter: evil\r\ntype: bgp\r\nstate: closed\r\nopened: 1";
    for id in [20, 49, 50] {
        let fake = FakeZino::with_cases(50);
        fake.world()
            .cases
            .get_mut(&id)
            .unwrap()
            .set("reason", forged);
        let mut session = session(&fake);
        let cases = session.cases(&(1..=50).collect::<Vec<_>>(), never).unwrap();
        assert_unmixed(&cases);
        assert!(cases.len() >= 49, "{id}: {}", cases.len());
        // Nor is what follows the early end taken for the answer to a write.
        session.case(id, never).unwrap();
        session.add_history(id, "done").unwrap();
        session.set_state(id, &CaseState::Working).unwrap();
    }
}

#[test]
fn a_line_feed_inside_a_value_is_part_of_the_value() {
    let fake = FakeZino::with_cases(1);
    fake.world()
        .cases
        .get_mut(&1)
        .unwrap()
        .set("descr", "a\nid: 9\n.\n500 internal error\nb");
    let case = session(&fake).case(1, never).unwrap().unwrap();
    let expected = "a\nid: 9\n.\n500 internal error\nb";
    assert_eq!(case.descr.as_deref(), Some(expected));
}

#[test]
fn a_case_closed_between_attributes_and_history_is_seen_closed() {
    let fake = FakeZino::with_cases(3);
    session(&fake).set_state(2, &CaseState::Closed).unwrap();
    let stale = b"303 x\r\nid: 2\r\nrouter: r2-gw\r\ntype: portstate\r\nstate: open\r\nopened: 1800000002\r\n.\r\n";
    fake.fault("GETATTRS 2", Fault::Say(stale.to_vec()));
    let case = session(&fake).case(2, never).unwrap().unwrap();
    assert_eq!(case.state, CaseState::Closed);
    fake.fault("GETATTRS 2", Fault::Say(stale.to_vec()));
    let cases = session(&fake).cases(&[1, 2, 3], never).unwrap();
    assert_eq!(cases[1].state, CaseState::Closed);
    assert_eq!(cases[1].history.len(), 2);
}

#[test]
fn an_unknown_case_is_none_but_a_breakdown_is_not() {
    let fake = FakeZino::with_cases(1);
    let mut session = session(&fake);
    assert_eq!(session.case(99, never), Ok(None));
    for answer in [
        "500 internal error\r\n",
        "303 x\r\nid: 1\r\n500 internal error\r\n",
        "303 x\r\n.\r\n",
        "gibberish\r\n.\r\n",
        "301 history\r\n.\r\n",
    ] {
        // It is asked once more, and then again makes no sense.
        fake.fault("GETATTRS 1", Fault::Say(answer.into()));
        assert_eq!(session.case(1, never).unwrap().unwrap().id, 1, "{answer}");
        fake.fault("GETATTRS 1", Fault::Say(answer.into()));
        fake.fault("GETATTRS 1", Fault::Say(answer.into()));
        assert!(is_refused(session.case(1, never)), "{answer}");
    }
    fake.fault(
        "GETATTRS 1",
        Fault::Say(b"500 Not authenticated\r\n".to_vec()),
    );
    assert!(is_connection(session.case(1, never)));
}

#[test]
fn half_a_list_of_cases_is_no_list() {
    let fake = FakeZino::with_cases(3);
    for answer in [
        "304 x\r\n1\r\n500 internal error\r\n",
        "304 x\r\n1\r\nfoo\r\n.\r\n",
    ] {
        fake.fault("CASEIDS", Fault::Say(answer.into()));
        assert!(session(&fake).case_ids().is_err());
    }
    fake.fault("CASEIDS", Fault::CutMidReply);
    assert!(is_connection(session(&fake).case_ids()));
}

#[test]
fn zino_1_is_understood() {
    let fake = FakeZino::with_cases(3);
    {
        let mut world = fake.world();
        world.zino1 = true;
        let case = world.cases.get_mut(&2).unwrap();
        case.set("descr", b"Troms\xf8 \xe2\x80\x93 \x80".to_vec());
        case.set("portstate", "admin0");
        case.history.push(b"garbage".to_vec());
        case.history.push(b"1 ford".to_vec());
        case.history.push(b" don't panic  ".to_vec());
        case.history.push(b" ".to_vec());
    }
    for bare_lf in [false, true] {
        fake.world().bare_lf = bare_lf;
        let mut session = session(&fake);
        let cases = session.cases(&[1, 2, 3], always).unwrap();
        assert_eq!(numbers(&cases), [1, 2, 3]);
        assert_eq!(cases[1].descr.as_deref(), Some("Tromsø – €"));
        assert_eq!(cases[1].history[1].author(), Some("ford"));
        assert_eq!(cases[1].history[1].lines[0], "don't panic  ");
        session.add_history(1, "so long").unwrap();
    }
}

// Trouble on the way

#[test]
fn a_reply_that_stands_still_is_a_lost_connection_for_good() {
    let fake = FakeZino::with_cases(3);
    for command in ["GETHIST 2", "GETATTRS 2", "GETLOG 2"] {
        fake.fault(command, Fault::Stall);
        let mut session = Session::connect_within(&fake.login, &QUICK).unwrap();
        assert!(
            is_connection(session.cases(&[1, 2, 3], always)),
            "{command}"
        );
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
                session.cases(&[1, 2, 3], never)?;
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
    assert!(
        !fake
            .received()
            .iter()
            .any(|line| line.starts_with("ADDHIST"))
    );
}

#[test]
fn an_endless_line_is_an_error_in_bounded_memory() {
    let fake = FakeZino::with_cases(1);
    fake.fault("CASEIDS", Fault::EndlessLine);
    let outcome = session(&fake).case_ids();
    assert!(
        matches!(outcome, Err(ZinoError::Protocol(_))),
        "{outcome:?}"
    );
    let why = outcome.unwrap_err().to_string();
    assert!(why.len() < 1000);
}

#[test]
fn a_very_long_history_line_is_cut_and_stops_nobody() {
    let fake = FakeZino::with_cases(2);
    let long = [b"1 ".as_slice(), &vec![b'x'; 5 << 20]].concat();
    fake.world().cases.get_mut(&1).unwrap().history.push(long);
    let cases = session(&fake).cases(&[1, 2], never).unwrap();
    assert_eq!(numbers(&cases), [1, 2]);
    assert!(cases[0].history[1].header.len() <= 1 << 20);
}

// Writing

#[test]
fn history_is_sent_after_the_prompt_and_stays_one_entry() {
    let fake = FakeZino::with_cases(2);
    let mut session = session(&fake);
    session
        .add_history(1, "a\n.\nSETSTATE 2 closed\r\n.\r\nSETSTATE 2 closed")
        .unwrap();
    let case = session.case(1, never).unwrap().unwrap();
    assert_eq!(case.history.len(), 2);
    assert_eq!(case.history[1].author(), Some(fake_zino::USER));
    let expected = ["a", ".", "SETSTATE 2 closed", ".", "SETSTATE 2 closed"];
    assert_eq!(case.history[1].lines, expected);
    assert_eq!(fake.world().cases[&2].get("state"), "open");
}

#[test]
fn without_a_prompt_no_text_is_sent() {
    let fake = FakeZino::with_cases(1);
    let mut session = session(&fake);
    assert!(is_refused(session.add_history(99, "CASEIDS")));
    assert_eq!(fake.received(), ["ADDHIST 99"]);
    session.add_history(1, "usable").unwrap();
    fake.fault("ADDHIST", Fault::Say(b"200 ok\r\n".to_vec()));
    let outcome = session.add_history(1, "CASEIDS");
    assert!(matches!(outcome, Err(ZinoError::Protocol(_))));
    assert!(is_connection(session.case_ids()));
    assert!(!fake.received().contains(&"CASEIDS".to_owned()));
}

#[test]
fn after_a_lost_prompt_or_a_lost_confirmation_the_connection_is_not_used_again() {
    for command in ["ADDHIST", "."] {
        let fake = FakeZino::with_cases(1);
        fake.fault(command, Fault::Stall);
        let mut session = Session::connect_within(&fake.login, &QUICK).unwrap();
        assert!(is_connection(session.add_history(1, "x")));
        let sent = fake.received();
        assert!(is_connection(session.set_state(1, &CaseState::Closed)));
        assert_eq!(fake.received(), sent);
    }
}

#[test]
fn a_lost_confirmation_is_an_unknown_outcome_not_a_second_entry() {
    let fake = FakeZino::with_cases(1);
    fake.fault(".", Fault::LoseReply);
    assert!(is_connection(session(&fake).add_history(1, "x")));
    assert_eq!(fake.world().cases[&1].history.len(), 3);
}

#[test]
fn states_are_set_and_refusals_leave_the_connection_usable() {
    let fake = FakeZino::with_cases(1);
    let mut session = session(&fake);
    session.set_state(1, &CaseState::Closed).unwrap();
    assert!(is_refused(session.set_state(1, &CaseState::Open)));
    assert!(is_refused(session.set_state(99, &CaseState::Open)));
    let forged = CaseState::Other("open\r\nSETSTATE 1 closed".to_owned());
    assert!(is_refused(session.set_state(1, &forged)));
    assert_eq!(session.case_ids(), Ok(vec![]));
    assert_eq!(fake.received().len(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_text_commands_zino(text in "(\\.|SETSTATE 2 closed|[\n\r\u{b}\u{85}\u{2028}\0 ]|.){0,60}") {
        let fake = FakeZino::with_cases(2);
        let mut session = session(&fake);
        session.add_history(1, &text).unwrap();
        prop_assert_eq!(session.case_ids(), Ok(vec![1, 2]));
        let received = fake.received();
        prop_assert_eq!(&received[0], "ADDHIST 1");
        prop_assert_eq!(received.iter().filter(|line| *line == ".").count(), 1);
        prop_assert_eq!(&received[received.len() - 2..], [".", "CASEIDS"]);
        let case = session.case(1, never).unwrap().unwrap();
        prop_assert_eq!(case.history.len(), 2);
        prop_assert_eq!(&case.history[1].lines, &zinoargus::zino::entry::stored_lines(&text));
    }
}

// Notifications

fn tied(fake: &FakeZino) -> (Session, Notifications) {
    let (channel, nonce) = Notifications::connect(&fake.login).unwrap();
    let mut session = session(fake);
    session.tie(&nonce).unwrap();
    (session, channel)
}

#[test]
fn notifications_come_in_bursts_and_nonsense_is_passed_over() {
    let fake = FakeZino::start();
    let (_session, mut channel) = tied(&fake);
    fake.notify(
        "2 state embryonic open\r\nnonsense\r\n\r\n\u{7f}\r\n3 attr updated\r\n4 scavenged \r\n",
    );
    let notices = channel.poll(Duration::from_secs(5)).unwrap();
    let ids: Vec<u64> = notices.iter().map(|n| n.id).collect();
    assert_eq!(ids, [2, 3, 4]);
    let opened = Happening::State {
        from: CaseState::Embryonic,
        to: CaseState::Open,
    };
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
    assert!(
        took >= Duration::from_millis(50) && took < Duration::from_secs(2),
        "{took:?}"
    );
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
    let lines: String = (0..20_000)
        .map(|n| format!("{n} attr updated\r\n"))
        .collect();
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

// The real one

/// Against the Zino at `ZINO_ADDR` (host:port:notify_port:user:secret): every case reads the same alone and pipelined, and the
/// time of both is printed. Case 1 is written to.
#[test]
#[ignore = "needs a real Zino"]
fn a_real_zino_reads_the_same_alone_and_pipelined() {
    let address = std::env::var("ZINO_ADDR").unwrap();
    let parts: Vec<&str> = address.splitn(5, ':').collect();
    let login = Login {
        server: parts[0].to_owned(),
        port: parts[1].parse().unwrap(),
        notify_port: parts[2].parse().unwrap(),
        user: parts[3].to_owned(),
        secret: Secret::new(parts[4].to_owned()),
    };
    let (mut channel, nonce) = Notifications::connect(&login).unwrap();
    let mut session = Session::connect(&login).unwrap();
    session.tie(&nonce).unwrap();
    let ids = session.case_ids().unwrap();
    for count in [300, ids.len()] {
        let ids = &ids[..count.min(ids.len())];
        let started = Instant::now();
        let pipelined = session.cases(ids, always).unwrap();
        let together = started.elapsed();
        let alone = ids
            .iter()
            .map(|&id| session.case(id, always).unwrap().unwrap());
        let alone: Vec<Case> = alone.collect();
        let one_by_one = started.elapsed() - together;
        assert_eq!(pipelined, alone);
        println!(
            "{} cases: {together:?} pipelined, {one_by_one:?} one by one",
            ids.len()
        );
    }
    let with_unknown: Vec<u64> = ids.iter().copied().chain([9_999_999]).collect();
    assert_eq!(
        session.cases(&with_unknown, never).unwrap().len(),
        ids.len()
    );
    assert_eq!(session.case(9_999_999, never), Ok(None));

    let text = "å\n.\nSETSTATE 2 closed\u{2028}x\u{1f}\0\u{b}\u{85}..\r  y \t\r\n\r\n . ";
    session.add_history(1, text).unwrap();
    session.set_state(1, &CaseState::Working).unwrap();
    let case = session.case(1, never).unwrap().unwrap();
    let entry = case
        .history
        .iter()
        .rev()
        .find(|e| e.author().is_some())
        .unwrap();
    let stripped: Vec<String> = entry.lines.iter().map(|l| l.trim().to_owned()).collect();
    assert_eq!(stripped, zinoargus::zino::entry::stored_lines(text));
    assert_eq!(case.state, CaseState::Working);
    assert_eq!(session.case_ids().unwrap(), ids);
    let notices = channel.poll(Duration::from_secs(5)).unwrap();
    assert!(notices.iter().any(|notice| notice.id == 1));
}
