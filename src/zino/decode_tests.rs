//! Tests of `decode.rs`; the samples are quoted from a real Zino.

use super::*;
use proptest::prelude::*;

fn lines(text: &str) -> Vec<Vec<u8>> {
    text.split("\r\n").map(|line| line.into()).collect()
}

const PORT: &str = "id: 2\r\nrouter: sim-gw\r\ntype: portstate\r\nstate: open\r\nopened: 1795376392\r\n\
    updated: 1795376396\r\npriority: 300\r\nlasttrans: 1795376396\r\nac-down: 4\r\npolladdr: 127.0.0.1\r\n\
    port: ge-0/0/1\r\nifindex: 1\r\nportstate: up\r\ndescr: NTNU Ålesund, 10G";

#[test]
fn a_real_case_is_read() {
    let case = case(&lines(PORT)).unwrap();
    assert_eq!((case.id, &*case.router), (2, "sim-gw"));
    assert_eq!((case.kind, case.state), (CaseKind::Portstate, CaseState::Open));
    assert_eq!(case.opened, Stamp::from_secs(1_795_376_392));
    assert_eq!((case.closed, case.priority), (None, 300));
    assert_eq!(case.descr.as_deref(), Some("NTNU Ålesund, 10G"));
    assert_eq!(case.port.as_deref(), Some("ge-0/0/1"));
    assert_eq!(case.ifindex.as_deref(), Some("1"));
}

#[test]
fn values_keep_their_colons_line_feeds_and_emptiness() {
    let mut lines = lines(PORT);
    lines.pop();
    lines.push(b"remote-addr: 2001:db8::1: x".to_vec());
    lines.push(b"bgpOS: a\nb: c".to_vec());
    lines.push(b"descr: ".to_vec());
    lines.push(b"alarm-type:".to_vec());
    let case = case(&lines).unwrap();
    assert_eq!(case.remote_addr.as_deref(), Some("2001:db8::1: x"));
    assert_eq!(case.bgp_os.as_deref(), Some("a\nb: c"));
    assert_eq!(case.descr.as_deref(), Some(""));
    assert_eq!(case.alarm_type.as_deref(), Some(""));
}

#[test]
fn garbage_lines_do_no_harm() {
    let garbled = format!("no colon here\r\n\r\n: x\r\nhello world: y\r\n{PORT}\r\nrouter: other");
    assert_eq!(case(&lines(&garbled)).unwrap().router.as_ref(), "sim-gw");
}

#[test]
fn a_case_without_the_essentials_is_none() {
    for name in ["id", "router", "type", "state", "opened"] {
        let kept: Vec<_> =
            lines(PORT).into_iter().filter(|line| !line.starts_with(format!("{name}: ").as_bytes())).collect();
        assert_eq!(case(&kept), Err(NotACase::Missing(name)));
    }
}

#[test]
fn numbers_out_of_range_are_an_error_or_a_limit() {
    let with = |from: &str, to: &str| case(&lines(&PORT.replace(from, to)));
    for id in ["-2", "99999999999999999999999", "2.0", "two"] {
        let id = with("id: 2", &format!("id: {id}"));
        assert_eq!(id, Err(NotACase::NotANumber("id")));
    }
    let far = with("opened: 1795376392", "opened: 9223372036854775807").unwrap();
    assert_eq!(far.opened.to_string(), "9999-12-31T23:59:59Z");
    let none = with("opened: 1795376392", "opened: 99999999999999999999999");
    assert_eq!(none, Err(NotACase::NotANumber("opened")));
    assert_eq!(with("priority: 300", "priority: x").unwrap().priority, 100);
}

#[test]
fn two_replies_in_one_are_not_a_case() {
    let two = lines(&format!("{PORT}\r\n303 simple attributes follow\r\n{PORT}"));
    assert_eq!(case(&two), Err(NotACase::TwoInOne));
}

#[test]
fn a_real_history_is_read() {
    let entries = history(&lines(
        "1795376392 state change embryonic -> open (monitor)\r\n\
         1795376428 testuser\r\n first line\r\n leading spaces\r\n \r\n ..double dot\r\n\
         garbage\r\n1795376431 testuser\r\n1795376432",
    ));
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0].state_change().unwrap().to, "open");
    assert_eq!(entries[1].author(), Some("testuser"));
    assert_eq!(entries[1].at, Stamp::from_secs(1_795_376_428));
    let text = ["first line", "leading spaces", "", "..double dot"];
    assert_eq!(entries[1].lines, text);
    assert_eq!(entries[2].lines, Vec::<String>::new());
    assert_eq!(entries[3].header, "");
}

#[test]
fn a_continuation_line_before_any_entry_is_passed_over() {
    assert_eq!(history(&lines(" lost\r\n1 a\r\n b")).len(), 1);
}

#[test]
fn the_log_tells_whether_the_port_went_down() {
    let check = |text: &str, expected| assert_eq!(log_says_down(&lines(text)), expected, "{text}");
    check("1 gw: port \"ge-0/0/1\" ix 1 changed state from up to down on 2026", true);
    check("1 gw: x\r\n2 got linkDown trap", true);
    check("1 gw: now lowerLayerDown", true);
    check("1 gw: changed state from down to up", false);
    check("", false);
}

#[test]
fn half_a_list_of_numbers_is_no_list() {
    assert_eq!(case_ids(&lines("3\r\n1\r\n1")), Some(vec![1, 3]));
    assert_eq!(case_ids(&[]), Some(vec![]));
    assert_eq!(case_ids(&lines("3\r\nx")), None);
    assert_eq!(case_ids(&lines("-3")), None);
}

#[test]
fn notifications_are_read() {
    let check = |line: &str, expected: Option<(CaseId, Happening)>| {
        let expected = expected.map(|(id, what)| Notice { id, what });
        assert_eq!(notice(line.as_bytes()), expected, "{line}");
    };
    let state = |from, to| Happening::State { from, to };
    check("2 state embryonic open", Some((2, state(CaseState::Embryonic, CaseState::Open))));
    check("2 state waiting confirm-wait", Some((2, state(CaseState::Waiting, CaseState::ConfirmWait))));
    check("2 state open", Some((2, Happening::Other)));
    check("4 scavenged ", Some((4, Happening::Scavenged)));
    check("6 attr remote_address", Some((6, Happening::Other)));
    check("Normal quit from client, closing down", None);
    check("-1 attr x", None);
    check("99999999999999999999999999 attr x", None);
    check("7", None);
    check("", None);
}

/// Bytes of which some are like what Zino sends.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        Just("id"),
        Just("router"),
        Just("type"),
        Just("state"),
        Just("opened"),
        Just("closed"),
        Just("priority"),
        Just("ifindex"),
        Just("alarm-count"),
        Just("descr")
    ];
    prop_oneof![
        any::<Vec<u8>>(),
        (name.clone(), any::<Vec<u8>>()).prop_map(|(n, v)| [n.as_bytes(), b": ", &v].concat()),
        (name, any::<i128>()).prop_map(|(n, v)| format!("{n}: {v}").into()),
        (any::<i128>(), ".{0,20}").prop_map(|(n, v)| format!("{n} {v}").into()),
        ".{0,20}".prop_map(|v: String| format!(" {v}").into()),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(lines in prop::collection::vec(line(), 0..30)) {
        let _ = case(&lines).map(|case| case.name());
        let _ = case_ids(&lines);
        for entry in history(&lines) {
            let _ = (entry.author(), entry.state_change(), entry.at.to_string());
        }
        let _ = log_says_down(&lines);
        for line in &lines {
            let _ = notice(line);
        }
    }

    #[test]
    fn every_attribute_survives_what_stands_around_it(around in prop::collection::vec(line(), 0..10), value in "[^\r\n]{0,40}") {
        let mut lines = lines(PORT);
        lines.push(format!("reachability: {value}").into_bytes());
        lines.extend(around.into_iter().filter(|l| !l.starts_with(b"id: ")));
        let case = case(&lines).unwrap();
        prop_assert_eq!(case.reachability, Some(value.replace('\0', "\u{FFFD}").into()));
        prop_assert_eq!(case.descr.as_deref(), Some("NTNU Ålesund, 10G"));
    }
}
