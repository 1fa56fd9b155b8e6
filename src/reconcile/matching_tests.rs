//! Tests of `matching.rs`. Never part of the program.

use super::*;
use crate::reconcile::testing::{OPENED, case_work, closed, incident, port_case, rules, view_of};
use crate::time::Stamp;

fn ended(mut i: Incident, after: i64) -> Incident {
    i.end_time = EndTime::At(Stamp::from_secs(OPENED + after));
    i.open = false;
    i
}

fn view(cases: &[&Case], incidents: &[&Incident]) -> View {
    view_of(cases.iter().map(|case| case_work(case)), incidents.iter().copied())
}

/// Where the incident of the first of these cases may be.
fn owner_of(cases: &[&Case], incidents: &[&Incident]) -> Candidate {
    let view = view(cases, incidents);
    Matching::of(&view, &rules().filter).candidate(&view.cases.first().expect("a case").case)
}

#[test]
fn an_open_case_adopts_the_open_incident_of_its_problem_whatever_its_number() {
    let theirs = incident(8, &Case { id: 99, opened: Stamp::from_secs(OPENED - 500), ..port_case(17) });
    assert_eq!(owner_of(&[&port_case(17)], &[&theirs]), Candidate::Incident { pk: 8, exact: false });
}

#[test]
fn of_several_open_incidents_both_instances_keep_the_same_one() {
    let a = port_case(17);
    let b = Case { id: 99, opened: Stamp::from_secs(OPENED + 30), ..port_case(17) };
    let (ia, ib) = (incident(10, &a), incident(11, &b));
    for case in [&a, &b] {
        let view = view(&[case], &[&ib, &ia]);
        assert_eq!(Matching::of(&view, &rules().filter).duplicates(&rules()), [(11, 10)]);
        assert!(matches!(owner_of(&[case], &[&ib, &ia]), Candidate::Incident { pk: 10, .. }));
    }
}

#[test]
fn of_two_open_cases_the_newer_one_takes_the_incident_because_the_older_one_is_of_an_earlier_life() {
    let outdated = port_case(17);
    let new = Case { id: 3, opened: Stamp::from_secs(OPENED + 100), ..port_case(17) };
    let i = incident(1, &outdated);
    assert_eq!(owner_of(&[&new, &outdated], &[&i]), Candidate::Incident { pk: 1, exact: false });
    assert_eq!(owner_of(&[&outdated, &new], &[&i]), Candidate::Covered);
}

#[test]
fn an_incident_that_is_exactly_another_cases_is_never_adopted() {
    let old = closed(port_case(16), 60);
    let old = Case { router: "gw17".into(), ..old };
    let new = Case { opened: Stamp::from_secs(OPENED + 100), ..port_case(17) };
    let i = incident(1, &old);
    assert_eq!(owner_of(&[&new, &old], &[&i]), Candidate::None);
    assert_eq!(owner_of(&[&old, &new], &[&i]), Candidate::Incident { pk: 1, exact: true });
}

#[test]
fn a_closed_case_ends_what_is_left_of_its_problem_but_nothing_younger() {
    let c = closed(port_case(17), 60);
    let left = incident(5, &Case { id: 99, opened: Stamp::from_secs(OPENED + 10), ..port_case(17) });
    let younger = incident(6, &Case { id: 98, opened: Stamp::from_secs(OPENED + 70), ..port_case(17) });
    assert_eq!(owner_of(&[&c], &[&left, &younger]), Candidate::Incident { pk: 5, exact: false });
    assert_eq!(owner_of(&[&c], &[&younger]), Candidate::None);
    let own = incident(4, &c);
    let left_behind = |cases: &[&Case]| {
        let view = view(cases, &[&own, &left]);
        Matching::of(&view, &rules().filter)
            .left_behind()
            .into_iter()
            .map(|(case, pk)| (pk, case.id))
            .collect::<Vec<_>>()
    };
    assert_eq!(left_behind(&[&c]), [(5, 17)]);
    let open_again = Case { id: 18, router: "gw17".into(), ..port_case(18) };
    assert_eq!(left_behind(&[&c, &open_again]), []);
}

#[test]
fn a_closed_case_whose_adopted_incident_has_ended_gets_no_second_record() {
    let c = closed(port_case(17), 60);
    let theirs = Case { id: 99, opened: Stamp::from_secs(OPENED + 10), ..port_case(17) };
    let record = ended(incident(5, &theirs), 60);
    assert_eq!(owner_of(&[&c], &[&record]), Candidate::Incident { pk: 5, exact: false });
    let before = ended(incident(6, &Case { opened: Stamp::from_secs(OPENED - 500), ..theirs }), -100);
    assert_eq!(owner_of(&[&c], &[&before]), Candidate::Perhaps(vec![6]), "its close can be dated back");
}

#[test]
fn an_open_case_looks_at_incidents_that_ended_during_its_life() {
    let theirs = Case { id: 99, opened: Stamp::from_secs(OPENED - 900), ..port_case(17) };
    let i = ended(incident(5, &theirs), 300);
    assert_eq!(owner_of(&[&port_case(17)], &[&i]), Candidate::Perhaps(vec![5]));
    let long_ago = ended(incident(6, &theirs), -9000);
    assert_eq!(owner_of(&[&port_case(17)], &[&long_ago, &i]), Candidate::Perhaps(vec![5, 6]));
}
