//! Tests of `filter.rs`. Never part of the program.

use super::*;
use crate::reconcile::testing::{case, port_case};

#[test]
fn bfd_and_unknown_types_are_left_out() {
    for word in ["bfd", "quantum"] {
        let c = Case { kind: CaseKind::from_word(word), ..case(1) };
        assert_eq!(verdict(&c), Verdict::LeftOut, "{word}");
    }
}

#[test]
fn a_port_gets_an_incident_once_it_was_down_and_is_a_production_port() {
    let good = port_case(1);
    assert_eq!(verdict(&good), Verdict::Wanted);
    for c in [
        Case { descr: Some("no comma".into()), ..good.clone() },
        Case { descr: None, ..good.clone() },
        Case { log_says_down: Some(false), ..good.clone() },
        Case { log_says_down: None, ..good.clone() },
    ] {
        assert_eq!(verdict(&c), Verdict::NotNow);
    }
}

#[test]
fn a_planned_maintenance_pages_nobody() {
    let c = case(1);
    assert_eq!(verdict(&Case { state: CaseState::Ignored, ..c.clone() }), Verdict::NotNow);
    assert_eq!(verdict(&Case { reachability: None, ..c }), Verdict::NotNow);
    assert_eq!(verdict(&Case { portstate: None, ..port_case(1) }), Verdict::NotNow);
    let alarm = Case { kind: CaseKind::Alarm, alarm_type: Some("red".into()), alarm_count: None, ..case(1) };
    assert_eq!(verdict(&alarm), Verdict::NotNow);
    assert_eq!(verdict(&Case { alarm_count: Some(1), ..alarm }), Verdict::Wanted);
}

#[test]
fn the_log_is_read_only_where_it_decides() {
    assert!(!wants_log(&case(1)));
    assert!(wants_log(&port_case(1)));
    assert!(!wants_log(&Case { descr: Some("x".into()), ..port_case(1) }));
}

#[test]
fn a_log_that_could_not_be_read_says_neither_yes_nor_no() {
    let c = Case { log_says_down: None, ..port_case(1) };
    assert!(cannot_be_judged(&c) && may_have_been_wanted(&c) && verdict(&c) == Verdict::NotNow);
    let ignored = Case { state: CaseState::Ignored, ..c.clone() };
    for judged in [port_case(1), ignored, Case { descr: None, ..c.clone() }, Case { portstate: None, ..c }] {
        assert!(!cannot_be_judged(&judged), "{judged:?}");
    }
}
