//! Tests of `render.rs`. Never part of the program.

use super::*;
use crate::reconcile::testing::{OPENED, case, closed, entry, port_case, rules};

#[test]
fn every_field_is_as_the_operators_know_it() {
    let c = Case { priority: 300, ..port_case(17) };
    let new = new_incident(&c, &rules(), plain_number(&c));
    assert_eq!(new.source_incident_id, "17");
    assert_eq!(new.description, "gw17 port ge-0/0/1 changed state to DOWN (NTNU Ålesund, 10G)");
    assert_eq!(new.level, 2);
    assert_eq!(new.start_time.secs(), OPENED);
    assert_eq!(new.end_time, None);
    assert_eq!(
        new.tags,
        [
            "description=NTNU Ålesund, 10G",
            "event_type=portstate",
            "host=gw17.example.org",
            "interface=ge-0/0/1",
            "priority=300"
        ]
    );
}

#[test]
fn bgp_and_alarm_cases_read_as_before() {
    let bgp = Case {
        kind: CaseKind::Bgp,
        remote_addr: Some("2001:db8::1".into()),
        remote_as: Some("65001".into()),
        router: "r.other.net".into(),
        ..case(1)
    };
    assert_eq!(description(&bgp), "r.other.net BGP Neighbor AS65001/2001:db8::1 is DOWN");
    assert!(tags(&bgp, &rules()).contains(&"host=r.other.net".to_owned()));
    assert!(tags(&bgp, &rules()).contains(&"remote_addr=2001:db8::1".to_owned()));
}

#[test]
fn a_red_and_a_yellow_alarm_of_one_router_do_not_look_alike() {
    let alarm = |colour: Option<&str>| Case { kind: CaseKind::Alarm, alarm_type: colour.map(Into::into), ..case(1) };
    for colour in ["red", "yellow"] {
        assert_eq!(description(&alarm(Some(colour))), format!("gw1 Active {colour} alarms reported"));
        assert!(tags(&alarm(Some(colour)), &rules()).contains(&format!("alarm_type={colour}")));
    }
    assert_eq!(description(&alarm(None)), "gw1 Active alarms reported");
    assert_eq!(tags(&alarm(None), &rules()).len(), 3);
}

#[test]
fn a_closing_is_told_by_history_then_by_the_attribute_then_by_the_last_entry() {
    assert_eq!(closing(&case(1)), None);
    let mut c = closed(case(1), 60);
    c.history.push(entry(90, "ford", &["afterthought"]));
    let told = closing(&c).unwrap();
    assert_eq!((told.at.secs(), told.text.as_str()), (OPENED + 60, "state change open -> closed (ford)"));
    c.history.retain(|e| e.state_change().is_none());
    assert_eq!(closing(&c).unwrap().at.secs(), OPENED + 60);
    c.closed = None;
    assert_eq!(closing(&c).unwrap().at.secs(), OPENED + 90);
}

#[test]
fn the_highest_band_not_above_the_priority_gives_the_level() {
    let level = |priority| rules().level(&Case { priority, ..case(1) });
    assert_eq!([level(0), level(199), level(200), level(499), level(500), level(9999)], [3, 3, 2, 2, 1, 1]);
}

#[test]
fn a_change_that_does_not_show_in_argus_leaves_the_fingerprint() {
    let c = port_case(1);
    let same = Case { portstate: Some("lowerLayerDown".into()), ..c.clone() };
    let up = Case { portstate: Some("up".into()), ..c.clone() };
    assert_eq!(fingerprint(&c, &rules()), fingerprint(&same, &rules()));
    assert_ne!(fingerprint(&c, &rules()), fingerprint(&up, &rules()), "a repaired fault counts at a takeover");
    assert_ne!(fingerprint(&c, &rules()), fingerprint(&Case { priority: 1, ..c.clone() }, &rules()));
}
