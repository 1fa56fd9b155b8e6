//! A run before Argus is listed (CREATE-10), against a small Argus.

use super::*;
use crate::argus::models::EventKind;
use crate::execute::testing::{FakeArgus, job, refused};
use crate::reconcile::testing::{ALICE, OPENED, case, closed, entry, incident, port_case, rules};
use crate::time::Stamp;
use crate::zino::case::Case;

fn early(argus: &FakeArgus, case: Case) -> ProblemReport {
    let job = ProblemJob { is_early: true, lists_all_open: false, incidents: Vec::new(), ..job(&[case], argus) };
    run(argus, &rules(), &job)
}

fn writes(argus: &FakeArgus) -> Vec<String> {
    let is_write = |request: &String| ["CREATE", "POST", "PATCH"].iter().any(|write| request.starts_with(write));
    argus.took().into_iter().filter(is_write).collect()
}

#[test]
fn before_argus_is_listed_an_incident_is_created_and_nothing_else_written() {
    let argus = FakeArgus::default();
    assert_eq!(early(&argus, case(1)).outcome, Outcome::Done);
    let took = argus.took();
    assert!(took.first().is_some_and(|first| first.starts_with("LIST OpenTagged")), "{took:?}");
    assert_eq!(took.get(1..), Some(&["CREATE 1".to_owned()][..]));
    let argus = FakeArgus::default();
    let mut with_history = case(1);
    with_history.history.push(entry(1, "ford", &["note"]));
    let report = early(&argus, with_history);
    assert_eq!((report.outcome, report.settled.len()), (Outcome::Fresh, 0), "the history follows");
    assert_eq!(writes(&argus), ["CREATE 1"]);
}

#[test]
fn what_argus_has_about_the_problem_waits_until_it_is_listed() {
    let other = Case { id: 99, opened: Stamp::from_secs(OPENED - 500), ..port_case(1) };
    let argus = FakeArgus::with([incident(7, &other)]);
    argus.event(7, ALICE, EventKind::Acknowledge, 30, "I see");
    let report = early(&argus, port_case(1));
    assert_eq!((report.outcome, report.settled.len(), report.actions.len()), (Outcome::Fresh, 0, 0));
    assert_eq!(writes(&argus), Vec::<String>::new());
    let argus = FakeArgus::with([incident(1, &case(1))]);
    assert_eq!(early(&argus, closed(case(1), 60)).outcome, Outcome::Fresh);
    assert_eq!(writes(&argus), Vec::<String>::new());
}

#[test]
fn an_argus_that_refuses_the_search_gets_the_incident_only_once_it_is_listed() {
    let argus = FakeArgus::default();
    argus.fails("LIST", refused(403));
    assert_eq!(early(&argus, case(1)).outcome, Outcome::Fresh);
    assert_eq!(writes(&argus), Vec::<String>::new());
}
