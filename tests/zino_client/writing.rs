//! History and states: what reaches Zino, and what never does.

use crate::fake_zino::{self, FakeZino, Fault};
use crate::{QUICK, is_connection, is_refused, never, session};
use proptest::prelude::*;
use zinoargus::zino::case::CaseState;
use zinoargus::zino::session::Session;
use zinoargus::zino::{ZinoError, ZinoServer};

#[test]
fn history_is_sent_after_the_prompt_and_stays_one_entry() {
    let fake = FakeZino::with_cases(2);
    let mut session = session(&fake);
    session.add_history(1, "a\n.\nSETSTATE 2 closed\r\n.\r\nSETSTATE 2 closed").unwrap();
    let case = session.case(1, &never).unwrap().unwrap();
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
    let forged = CaseState::Other("open\r\nSETSTATE 1 closed".into());
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
        let case = session.case(1, &never).unwrap().unwrap();
        prop_assert_eq!(case.history.len(), 2);
        prop_assert_eq!(&case.history[1].lines, &zinoargus::zino::entry::stored_lines(&text));
    }
}
