//! Cases, alone and many together: every case complete, none mixed with another.

use crate::fake_zino::{FakeZino, Fault};
use crate::{always, assert_unmixed, is_connection, is_refused, never, numbers, session};
use zinoargus::zino::case::{CaseKind, CaseState};
use zinoargus::zino::{LookedUp, ZinoServer};

#[test]
fn hundreds_of_cases_are_read_each_with_its_own_history_and_log() {
    let fake = FakeZino::with_cases(250);
    fake.world().cases.get_mut(&7).unwrap().log = vec![b"1 nothing of note".to_vec()];
    let ids: Vec<u64> = (1..=250).collect();
    let cases = session(&fake).cases(&ids, &|case| case.id < 100).unwrap();
    assert_eq!(numbers(&cases), ids);
    assert_unmixed(&cases);
    for case in &cases {
        let expected = (case.id < 100).then_some(case.id != 7);
        assert_eq!(case.log_says_down, expected, "{}", case.name());
    }
    assert_eq!(cases[0].descr.as_deref(), Some("NTNU Ålesund, 10G"));
    assert_eq!(cases[0].kind, CaseKind::Portstate);
}

/// How often Zino was asked for the attributes of a case.
fn asked(fake: &FakeZino, id: u64) -> usize {
    fake.received().iter().filter(|line| **line == format!("GETATTRS {id}")).count()
}

#[test]
fn unknown_cases_among_many_mix_up_nothing_and_are_asked_for_once() {
    let fake = FakeZino::with_cases(120);
    let ids: Vec<u64> = [vec![900], (1..=50).collect(), vec![901], (51..=120).collect()].concat();
    let LookedUp { cases, mut unknown } = session(&fake).look_up(&ids, &always).unwrap();
    assert_eq!(numbers(&cases), (1..=120).collect::<Vec<_>>());
    assert_unmixed(&cases);
    unknown.sort_unstable();
    assert_eq!(unknown, [900, 901]);
    assert_eq!([1, 900, 901].map(|id| asked(&fake, id)), [1, 1, 1]);
}

#[test]
fn cases_of_which_none_is_known_are_asked_for_once() {
    let fake = FakeZino::with_cases(3);
    let ids: Vec<u64> = (900..=950).collect();
    let LookedUp { cases, unknown } = session(&fake).look_up(&ids, &always).unwrap();
    assert_eq!((numbers(&cases), unknown), (vec![], ids.clone()));
    assert!(ids.iter().all(|id| asked(&fake, *id) == 1));
}

#[test]
fn a_refusal_among_many_that_does_not_say_which_case_it_means_is_asked_for_alone() {
    for refusal in ["500 no such case\r\n", "500 case \"7\" is unknown\r\n", "500 \"901\"\r\n"] {
        let fake = FakeZino::with_cases(50);
        fake.fault("GETATTRS 900", Fault::Say(refusal.as_bytes().to_vec()));
        // The first batch is a small one: both are in it.
        let ids: Vec<u64> = [vec![900, 901], (1..=50).collect()].concat();
        let LookedUp { cases, mut unknown } = session(&fake).look_up(&ids, &never).unwrap();
        assert_eq!(numbers(&cases), (1..=50).collect::<Vec<_>>());
        unknown.sort_unstable();
        assert_eq!(unknown, [900, 901], "{refusal}");
        assert_eq!([1, 900, 901].map(|id| asked(&fake, id)), [1, 2, 2], "{refusal}");
    }
}

#[test]
fn a_case_that_goes_away_between_attributes_and_history_mixes_up_nothing() {
    let fake = FakeZino::with_cases(50);
    let gone = b"500 event \"20\" does not exist\r\n";
    fake.fault("GETHIST 20", Fault::Say(gone.to_vec()));
    let cases = session(&fake).cases(&(1..=50).collect::<Vec<_>>(), &never).unwrap();
    assert_eq!(numbers(&cases), (1..=50).collect::<Vec<_>>());
    assert_unmixed(&cases);
}

#[test]
fn a_reply_that_breaks_halfway_mixes_up_nothing() {
    for command in ["GETATTRS 20", "GETATTRS 50", "GETHIST 20", "GETHIST 50", "GETLOG 20"] {
        let fake = FakeZino::with_cases(50);
        fake.fault(command, Fault::Break);
        let mut session = session(&fake);
        let cases = session.cases(&(1..=50).collect::<Vec<_>>(), &always).unwrap();
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
    fake.world().cases.get_mut(&20).unwrap().set("opened", "yesterday");
    let mut session = session(&fake);
    let cases = session.cases(&(1..=50).collect::<Vec<_>>(), &never).unwrap();
    assert_eq!(cases.len(), 49);
    assert_unmixed(&cases);
    assert!(is_refused(session.case(20, &never)));
    assert_eq!(session.case(21, &never).unwrap().unwrap().id, 21);
}

#[test]
fn a_value_that_ends_the_reply_early_forges_no_other_case() {
    let forged = "x\r\n.\r\n303 y\r\nid: 21\r\nrouter: evil\r\ntype: bgp\r\nstate: closed\r\nopened: 1";
    for id in [20, 49, 50] {
        let fake = FakeZino::with_cases(50);
        fake.world().cases.get_mut(&id).unwrap().set("reason", forged);
        let mut session = session(&fake);
        let cases = session.cases(&(1..=50).collect::<Vec<_>>(), &never).unwrap();
        assert_unmixed(&cases);
        assert!(cases.len() >= 49, "{id}: {}", cases.len());
        // Nor is what follows the early end taken for the answer to a write.
        session.case(id, &never).unwrap();
        session.add_history(id, "done").unwrap();
        session.set_state(id, &CaseState::Working).unwrap();
    }
}

#[test]
fn a_line_feed_inside_a_value_is_part_of_the_value() {
    let fake = FakeZino::with_cases(1);
    fake.world().cases.get_mut(&1).unwrap().set("descr", "a\nid: 9\n.\n500 internal error\nb");
    let case = session(&fake).case(1, &never).unwrap().unwrap();
    let expected = "a\nid: 9\n.\n500 internal error\nb";
    assert_eq!(case.descr.as_deref(), Some(expected));
}

#[test]
fn a_case_closed_between_attributes_and_history_is_seen_closed() {
    let fake = FakeZino::with_cases(3);
    session(&fake).set_state(2, &CaseState::Closed).unwrap();
    let stale = b"303 x\r\nid: 2\r\nrouter: r2-gw\r\ntype: portstate\r\nstate: open\r\nopened: 1800000002\r\n.\r\n";
    fake.fault("GETATTRS 2", Fault::Say(stale.to_vec()));
    let case = session(&fake).case(2, &never).unwrap().unwrap();
    assert_eq!(case.state, CaseState::Closed);
    fake.fault("GETATTRS 2", Fault::Say(stale.to_vec()));
    let cases = session(&fake).cases(&[1, 2, 3], &never).unwrap();
    assert_eq!(cases[1].state, CaseState::Closed);
    assert_eq!(cases[1].history.len(), 2);
}

#[test]
fn an_unknown_case_is_none_but_a_breakdown_is_not() {
    let fake = FakeZino::with_cases(1);
    let mut session = session(&fake);
    assert_eq!(session.case(99, &never), Ok(None));
    for answer in [
        "500 internal error\r\n",
        "303 x\r\nid: 1\r\n500 internal error\r\n",
        "303 x\r\n.\r\n",
        "gibberish\r\n.\r\n",
        "301 history\r\n.\r\n",
    ] {
        // It is asked once more, and then again makes no sense.
        fake.fault("GETATTRS 1", Fault::Say(answer.into()));
        assert_eq!(session.case(1, &never).unwrap().unwrap().id, 1, "{answer}");
        fake.fault("GETATTRS 1", Fault::Say(answer.into()));
        fake.fault("GETATTRS 1", Fault::Say(answer.into()));
        assert!(is_refused(session.case(1, &never)), "{answer}");
    }
    fake.fault("GETATTRS 1", Fault::Say(b"500 Not authenticated\r\n".to_vec()));
    assert!(is_connection(session.case(1, &never)));
}

#[test]
fn half_a_list_of_cases_is_no_list() {
    let fake = FakeZino::with_cases(3);
    for answer in ["304 x\r\n1\r\n500 internal error\r\n", "304 x\r\n1\r\nfoo\r\n.\r\n"] {
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
        let cases = session.cases(&[1, 2, 3], &always).unwrap();
        assert_eq!(numbers(&cases), [1, 2, 3]);
        assert_eq!(cases[1].descr.as_deref(), Some("Tromsø – €"));
        assert_eq!(cases[1].history[1].author(), Some("ford"));
        assert_eq!(cases[1].history[1].lines[0], "don't panic  ");
        session.add_history(1, "so long").unwrap();
    }
}
