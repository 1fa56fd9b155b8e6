//! Tests of `identity.rs`. Never part of the program.

use super::*;
use crate::reconcile::testing::{ALICE, OPENED, US, case, closed, incident, port_case};
use crate::time::Stamp;

fn ended(mut i: Incident, after: i64) -> Incident {
    i.end_time = EndTime::At(Stamp::from_secs(OPENED + after));
    i.open = false;
    i
}

/// As the Python program makes it: no metadata.
fn python(i: Incident) -> Incident {
    Incident { made_for: None, ..i }
}

fn home_of(cases: &[&Case], incidents: &[&Incident]) -> Home {
    assign(cases, incidents).homes.into_iter().next().expect("one case").1
}

#[test]
fn a_number_alone_is_not_identity() {
    let c = port_case(17);
    let other_router = Case { router: "elsewhere".into(), ..port_case(17) };
    let other_life = Case { opened: Stamp::from_secs(OPENED - 5), ..port_case(17) };
    assert!(exact(&c, &incident(1, &c)));
    assert!(!exact(&c, &incident(1, &other_router)));
    assert!(!exact(&c, &incident(1, &other_life)));
    assert_eq!(home_of(&[&c], &[&incident(1, &other_router)]), Home::None);
}

#[test]
fn an_incident_of_the_python_program_is_known_by_its_tags() {
    let c = port_case(17);
    let mut i = python(incident(1, &c));
    assert!(exact(&c, &i));
    i.start_time = i.start_time.plus_secs(3600);
    assert!(exact(&c, &i), "an hour off is the Python program's time-zone mistake");
    i.start_time = i.start_time.plus_secs(1);
    assert!(!exact(&c, &i) && same_problem(&c, &i));
    i.tags = [("host=gw170.example.org", US)].into_iter().collect();
    assert!(!same_problem(&c, &i));
}

#[test]
fn tags_that_a_person_added_do_not_say_what_an_incident_is_about() {
    let (c, elsewhere) = (port_case(17), Case { router: "elsewhere".into(), ..port_case(18) });
    let own = python(incident(1, &c));
    let foreign = [("host=elsewhere.example.org", ALICE), ("event_type=bgp", ALICE), ("interface=xe-1", ALICE)];
    for foreign in foreign {
        let tags = [foreign].into_iter().chain(own.tags.iter().map(|t| (t.text, t.added_by)));
        let i = Incident { tags: tags.collect(), ..own.clone() };
        assert!(exact(&c, &i) && !same_problem(&elsewhere, &i), "{foreign:?}");
    }
    let all_foreign = own.tags.iter().map(|t| (t.text, ALICE)).collect();
    assert_eq!(about(&Incident { tags: all_foreign, ..own }), About::Unclear);
}

#[test]
fn alarms_of_the_python_program_match_by_number_only() {
    let red = Case { kind: CaseKind::Alarm, alarm_type: Some("red".into()), ..case(5) };
    let yellow = Case { id: 6, alarm_type: Some("yellow".into()), ..red.clone() };
    let i = python(incident(1, &red));
    assert!(exact(&red, &i));
    assert!(!same_problem(&yellow, &i));
}

#[test]
fn an_open_case_adopts_the_open_incident_of_its_problem_whatever_its_number() {
    let theirs = incident(8, &Case { id: 99, opened: Stamp::from_secs(OPENED - 500), ..port_case(17) });
    assert_eq!(home_of(&[&port_case(17)], &[&theirs]), Home::Incident { pk: 8, exact: false });
}

#[test]
fn of_several_open_incidents_both_instances_keep_the_same_one() {
    let a = port_case(17);
    let b = Case { id: 99, opened: Stamp::from_secs(OPENED + 30), ..port_case(17) };
    let (ia, ib) = (incident(10, &a), incident(11, &b));
    for case in [&a, &b] {
        let got = assign(&[case], &[&ib, &ia]);
        assert_eq!(got.duplicates, [(11, 10)]);
        assert!(matches!(got.homes[0].1, Home::Incident { pk: 10, .. }));
    }
}

#[test]
fn an_incident_that_is_exactly_another_cases_is_never_adopted() {
    let old = closed(port_case(16), 60);
    let old = Case { router: "gw17".into(), ..old };
    let new = Case { opened: Stamp::from_secs(OPENED + 100), ..port_case(17) };
    let i = incident(1, &old);
    let got = assign(&[&old, &new], &[&i]);
    assert!(got.homes.contains(&(17, Home::None)));
    assert!(got.homes.contains(&(16, Home::Incident { pk: 1, exact: true })));
}

#[test]
fn a_closed_case_ends_what_is_left_of_its_problem_but_nothing_younger() {
    let c = closed(port_case(17), 60);
    let left = incident(5, &Case { id: 99, opened: Stamp::from_secs(OPENED + 10), ..port_case(17) });
    let younger = incident(6, &Case { id: 98, opened: Stamp::from_secs(OPENED + 70), ..port_case(17) });
    assert_eq!(home_of(&[&c], &[&left, &younger]), Home::Incident { pk: 5, exact: false });
    assert_eq!(home_of(&[&c], &[&younger]), Home::None);
    let own = incident(4, &c);
    let got = assign(&[&c], &[&own, &left]);
    assert_eq!(got.left_behind, [(5, 17)]);
    let open_again = Case { id: 18, router: "gw17".into(), ..port_case(18) };
    assert_eq!(assign(&[&c, &open_again], &[&own, &left]).left_behind, []);
}

#[test]
fn a_closed_case_whose_adopted_incident_has_ended_gets_no_second_record() {
    let c = closed(port_case(17), 60);
    let theirs = Case { id: 99, opened: Stamp::from_secs(OPENED + 10), ..port_case(17) };
    let record = ended(incident(5, &theirs), 60);
    assert_eq!(home_of(&[&c], &[&record]), Home::Incident { pk: 5, exact: false });
    let before = ended(incident(6, &Case { opened: Stamp::from_secs(OPENED - 500), ..theirs }), -100);
    assert_eq!(home_of(&[&c], &[&before]), Home::Perhaps(vec![6]), "its close can be dated back");
}

#[test]
fn an_open_case_looks_at_incidents_that_ended_during_its_life() {
    let theirs = Case { id: 99, opened: Stamp::from_secs(OPENED - 900), ..port_case(17) };
    let i = ended(incident(5, &theirs), 300);
    assert_eq!(home_of(&[&port_case(17)], &[&i]), Home::Perhaps(vec![5]));
    let long_ago = ended(incident(6, &theirs), -9000);
    assert_eq!(home_of(&[&port_case(17)], &[&long_ago, &i]), Home::Perhaps(vec![5, 6]));
}

#[test]
fn a_case_that_lacks_its_sub_index_is_a_problem_of_its_own() {
    let lacks = |id| Case { ifindex: None, router: "gw17".into(), ..port_case(id) };
    let (one, other, indexed) = (lacks(17), lacks(18), port_case(17));
    assert_ne!(one.problem(), other.problem());
    assert_ne!(one.problem(), Case { ifindex: Some("17".into()), ..one.clone() }.problem(), "its number is no ifindex");
    let own = incident(1, &one);
    assert!(exact(&one, &own) && !same_problem(&other, &own) && !same_problem(&indexed, &own));
    assert_eq!(about(&own), About::Told { problem: one.problem(), server: "zino.example.org".into() });
    assert_eq!(about(&own), about(&incident(2, &Case { opened: Stamp::from_secs(OPENED + 9), ..one.clone() })));
    assert_eq!(own.made_for.map(|it| it.subindex), Some("".into()), "what Argus holds says that there is none");
    let python = python(incident(3, &one));
    assert!(same_problem(&one, &python) && !same_problem(&other, &python));
}

#[test]
fn two_cases_of_the_python_program_that_lack_what_it_tags_are_told_apart_by_number() {
    let lacks =
        |id, ifindex: &str| Case { port: None, ifindex: Some(ifindex.into()), router: "gw1".into(), ..port_case(id) };
    let (one, other) = (lacks(17, "1"), lacks(18, "2"));
    let i = python(incident(1, &one));
    assert!(same_problem(&one, &i) && !same_problem(&other, &i));
}
