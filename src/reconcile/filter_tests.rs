//! Tests of `filter.rs`. Never part of the program.

use super::{Verdict, cannot_be_judged, may_have_been_wanted, verdict, wants_log};
use crate::config::{Filter, Pattern, Type, Whole};
use crate::reconcile::testing::{case, port_case};
use crate::zino::case::{Case, CaseKind, CaseState};

fn usual() -> Filter {
    Filter::default()
}

fn of_kind(word: &str) -> Case {
    Case { kind: CaseKind::from_word(word), ..case(1) }
}

#[test]
fn bfd_and_unknown_types_are_left_out() {
    for word in ["bfd", "quantum"] {
        let c = Case { kind: CaseKind::from_word(word), ..case(1) };
        assert_eq!(verdict(&c, &usual()), Verdict::LeftOut, "{word}");
    }
}

#[test]
fn a_port_gets_an_incident_once_it_was_down_and_is_a_production_port() {
    let good = port_case(1);
    assert_eq!(verdict(&good, &usual()), Verdict::Wanted);
    for c in [
        Case { descr: Some("no comma".into()), ..good.clone() },
        Case { descr: None, ..good.clone() },
        Case { log_says_down: Some(false), ..good.clone() },
        Case { log_says_down: None, ..good.clone() },
    ] {
        assert_eq!(verdict(&c, &usual()), Verdict::NotNow);
    }
}

#[test]
fn a_planned_maintenance_pages_nobody() {
    let c = case(1);
    assert_eq!(verdict(&Case { state: CaseState::Ignored, ..c.clone() }, &usual()), Verdict::NotNow);
    assert_eq!(verdict(&Case { reachability: None, ..c }, &usual()), Verdict::NotNow);
    assert_eq!(verdict(&Case { portstate: None, ..port_case(1) }, &usual()), Verdict::NotNow);
    let alarm = Case { kind: CaseKind::Alarm, alarm_type: Some("red".into()), alarm_count: None, ..case(1) };
    assert_eq!(verdict(&alarm, &usual()), Verdict::NotNow);
    assert_eq!(verdict(&Case { alarm_count: Some(1), ..alarm }, &usual()), Verdict::Wanted);
}

#[test]
fn the_log_is_read_only_where_it_decides() {
    assert!(!wants_log(&case(1), &usual()));
    assert!(wants_log(&port_case(1), &usual()));
    assert!(!wants_log(&Case { descr: Some("x".into()), ..port_case(1) }, &usual()));
}

#[test]
fn a_log_that_could_not_be_read_says_neither_yes_nor_no() {
    let c = Case { log_says_down: None, ..port_case(1) };
    assert!(
        cannot_be_judged(&c, &usual())
            && may_have_been_wanted(&c, &usual())
            && verdict(&c, &usual()) == Verdict::NotNow
    );
    let ignored = Case { state: CaseState::Ignored, ..c.clone() };
    for judged in [port_case(1), ignored, Case { descr: None, ..c.clone() }, Case { portstate: None, ..c }] {
        assert!(!cannot_be_judged(&judged, &usual()), "{judged:?}");
    }
}

#[test]
fn the_types_of_the_filter_get_incidents_and_no_others() {
    let bfd_only = Filter { types: [CaseKind::Bfd].map(Type).into_iter().collect(), ..usual() };
    assert_eq!(verdict(&of_kind("bfd"), &bfd_only), Verdict::Wanted);
    for word in ["reachability", "bgp", "quantum"] {
        assert_eq!(verdict(&of_kind(word), &bfd_only), Verdict::LeftOut, "{word}");
    }
    assert!(!wants_log(&port_case(1), &bfd_only), "the log of a type that is left out decides nothing");
}

#[test]
fn the_text_that_marks_a_production_port_can_be_another_one_or_none() {
    let port = |descr: Option<&str>| Case { descr: descr.map(Into::into), ..port_case(1) };
    let wants = |contains: &str, descr: Option<&str>| {
        let filter = Filter { port_description_contains: contains.into(), ..usual() };
        assert_eq!(wants_log(&port(descr), &filter), verdict(&port(descr), &filter) == Verdict::Wanted, "{descr:?}");
        verdict(&port(descr), &filter) == Verdict::Wanted
    };
    assert!(wants("[prod]", Some("uplink [prod]")) && !wants("[prod]", Some("NTNU, 10G")) && !wants("[prod]", None));
    assert!(wants("", Some("anything")) && wants("", Some("")) && wants("", None));
    let never_down = Case { log_says_down: Some(false), ..port(None) };
    let every = Filter { port_description_contains: "".into(), ..usual() };
    assert_eq!(verdict(&never_down, &every), Verdict::NotNow, "its log still decides");
}

#[test]
fn a_case_gets_its_incident_when_its_priority_reaches_the_lowest_one() {
    let filter = Filter { min_priority: Whole(200), ..usual() };
    for (priority, expected) in [(199, Verdict::NotNow), (200, Verdict::Wanted), (9999, Verdict::Wanted)] {
        assert_eq!(verdict(&Case { priority, ..case(1) }, &filter), expected, "{priority}");
    }
    assert!(may_have_been_wanted(&Case { priority: 1, ..case(1) }, &filter), "a priority can have been another one");
}

#[test]
fn the_cases_of_an_ignored_router_get_no_incident() {
    let filter = Filter { ignore_routers: ["lab-*"].map(Pattern::of).into_iter().collect(), ..usual() };
    for (router, expected) in
        [("lab-gw1", Verdict::LeftOut), ("Lab-gw2", Verdict::LeftOut), ("oslo-gw", Verdict::Wanted)]
    {
        assert_eq!(verdict(&Case { router: router.into(), ..case(1) }, &filter), expected, "{router}");
    }
}

#[test]
fn a_bfd_session_that_is_up_again_is_over() {
    let bfd = |state: &str| Case { bfd_state: Some(state.into()), ..of_kind("bfd") };
    assert!(super::fault_is_over(&bfd("up")) && !super::fault_is_over(&bfd("down")));
}
