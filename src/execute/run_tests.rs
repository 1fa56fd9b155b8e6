//! What one run asks and writes, rule by rule (DECIDE), against a small Argus.

use super::*;
use crate::argus::models::{EventKind, IncidentPk};
use crate::execute::testing::{FakeArgus, after, broken, job, lost, refused};
use crate::reconcile::testing::{ALICE, OPENED, US, case, closed, entry, incident, port_case, rules};
use crate::time::Stamp;
use crate::zino::case::Case;

fn with_entries(mut case: Case, count: i64) -> Case {
    case.history.extend((1..=count).map(|n| entry(n, "ford", &["note"])));
    case
}

/// Runs the job; the debug assertions of the run hold throughout.
fn run_of(argus: &FakeArgus, job: &ProblemJob) -> ProblemReport {
    run(argus, &rules(), job)
}

fn run_about(argus: &FakeArgus, cases: &[Case]) -> ProblemReport {
    run_of(argus, &job(cases, argus))
}

fn is_write(request: &str) -> bool {
    ["CREATE", "POST", "PATCH"].iter().any(|write| request.starts_with(write))
}

fn at(after: i64) -> Stamp {
    Stamp::from_secs(OPENED + after)
}

#[test]
fn a_new_case_costs_one_request_and_each_history_entry_one_more() {
    let argus = FakeArgus::default();
    assert_eq!(run_about(&argus, &[case(1)]).outcome, Outcome::Done);
    assert_eq!(argus.took(), ["CREATE 1"]);
    let argus = FakeArgus::default();
    assert_eq!(run_about(&argus, &[with_entries(case(1), 20)]).outcome, Outcome::Done);
    assert_eq!(argus.took().len(), 21);
}

#[test]
fn a_case_that_argus_shows_already_costs_two_reads_and_no_write() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    assert_eq!(run_about(&argus, &[case(1)]).outcome, Outcome::Done);
    assert_eq!(argus.took(), ["GET events 1", "GET incident 1"]);
}

#[test]
fn what_a_list_shows_is_read_before_it_is_ended_or_reopened() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    argus.event(1, US, EventKind::End, 5, "x");
    argus.set_end(1, Some(at(5)));
    run_about(&argus, &[case(1)]);
    let took = argus.took();
    assert_eq!(took.iter().position(|request| is_write(request)), Some(2), "{took:?}");
    assert_eq!(took.get(2).map(String::as_str), Some("POST Restart 1"));
    assert!(argus.is_open(1));
}

#[test]
fn an_end_a_res_and_a_patch_are_looked_for_after_they_were_made() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    run_about(&argus, &[closed(case(1), 60)]);
    let read = ["GET events 1", "GET incident 1"];
    assert_eq!(argus.took(), [read[0], read[1], "POST End 1", read[0], read[1]]);
    let argus = FakeArgus::with([incident(1, &case(1))]);
    run_about(&argus, &[Case { priority: 600, ..case(1) }]);
    assert_eq!(argus.took(), [read[0], read[1], "PATCH 1", read[0], read[1]]);
}

#[test]
fn a_person_who_closes_between_the_two_requests_of_a_read_is_not_answered_with_a_restart() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    *argus.after_events.borrow_mut() = Some(Box::new(|argus: &FakeArgus| {
        argus.event(1, ALICE, EventKind::Close, 30, "fixed");
        argus.set_end(1, Some(at(30)));
    }));
    let report = run_about(&argus, &[case(1)]);
    assert_eq!(argus.took().iter().filter(|request| is_write(request)).count(), 0);
    assert_eq!(report.actions.first().map(|(_, actions)| actions.len()), Some(1));
}

#[test]
fn nothing_is_created_before_it_is_known_that_no_incident_about_the_problem_is_open() {
    let argus = FakeArgus::default();
    let unlisted = ProblemJob { lists_all_open: false, ..job(&[case(1)], &argus) };
    run_of(&argus, &unlisted);
    let took = argus.took();
    assert!(took.first().is_some_and(|first| first.starts_with("LIST OpenTagged")), "{took:?}");
    assert_eq!(took.get(1).map(String::as_str), Some("CREATE 1"));
    let earlier = incident(7, &Case { id: 99, opened: at(-500), ..port_case(1) });
    let argus = FakeArgus::with([earlier]);
    let unlisted = ProblemJob { lists_all_open: false, incidents: Vec::new(), ..job(&[port_case(1)], &argus) };
    let report = run_of(&argus, &unlisted);
    assert_eq!(report.owners.first().map(|(_, pk)| *pk), Some(7), "it is adopted");
    assert!(!argus.took().iter().any(|request| request.starts_with("CREATE")));
}

#[test]
fn a_refused_write_is_made_once_in_a_run_and_holds_up_no_other() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    argus.fails("POST Other", refused(403));
    let case = closed(with_entries(case(1), 1), 60);
    let first = job(&[case], &argus);
    let report = run_of(&argus, &first);
    assert_eq!(report.outcome, Outcome::Done);
    let writes: Vec<String> = argus.took().into_iter().filter(|request| is_write(request)).collect();
    assert_eq!(writes, ["POST Other 1", "POST End 1"]);
    let (_, setbacks) = report.setbacks.first().expect("a setback").clone();
    let lines: Vec<String> = setbacks.given_up().map(|(_, setback)| setback.to_string()).collect();
    assert_eq!(lines, ["Argus refuses the event \"ford note\" on incident 1 (403: no)"]);
}

#[test]
fn a_write_that_breaks_argus_again_when_it_is_repeated_holds_up_no_other() {
    for (may_repeat, expected) in [(false, vec![]), (true, vec!["POST Other 1", "POST End 1"])] {
        let argus = FakeArgus::with([incident(1, &case(1))]);
        argus.fails("POST Other", broken());
        let first = job(&[closed(with_entries(case(1), 1), 60)], &argus);
        let report = run_of(&argus, &first);
        let Outcome::Doubtful(write) = report.outcome.clone() else { panic!("{:?}", report.outcome) };
        argus.took();
        let report = run_of(&argus, &ProblemJob { doubt: Some((write, may_repeat)), ..after(&first, &report) });
        let writes: Vec<String> = argus.took().into_iter().filter(|request| is_write(request)).collect();
        assert_eq!(writes, expected);
        let is_given_up = report.setbacks.first().is_some_and(|(_, setbacks)| setbacks.given_up().count() == 1);
        assert_eq!((report.outcome == Outcome::Done, is_given_up), (may_repeat, may_repeat));
    }
}

#[test]
fn a_refused_write_is_not_made_again_before_there_is_another_chance() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    argus.fails("POST Other", refused(403));
    let mut next = job(&[with_entries(case(1), 1)], &argus);
    let report = run_of(&argus, &next);
    next.cases = after(&next, &report).cases;
    next.cases.iter_mut().for_each(|work| work.due = true);
    argus.took();
    run_of(&argus, &next);
    assert!(!argus.took().iter().any(|request| is_write(request)));
    next.cases.iter_mut().for_each(|work| work.chance.look = 1);
    run_of(&argus, &next);
    assert!(argus.took().iter().any(|request| is_write(request)), "a full look is another chance");
}

#[test]
fn a_write_without_effect_is_made_twice_and_then_given_up() {
    for case in [closed(case(1), 60), Case { priority: 600, ..case(1) }] {
        let argus = FakeArgus::with([incident(1, &crate::reconcile::testing::case(1))]);
        argus.without_effect.set(true);
        let report = run_about(&argus, &[case]);
        assert_eq!(report.outcome, Outcome::Done);
        assert_eq!(argus.took().iter().filter(|request| is_write(request)).count(), 2);
        assert!(report.changes.ended.is_empty(), "nothing was ended");
        let given_up = report.setbacks.iter().flat_map(|(_, setbacks)| setbacks.given_up()).count();
        assert_eq!(given_up, 1);
    }
}

#[test]
fn an_incident_that_argus_says_it_made_and_does_not_have_is_made_twice_and_then_given_up() {
    let argus = FakeArgus::default();
    argus.forgets.set(true);
    let mut next = job(&[with_entries(case(1), 1)], &argus);
    let mut made = 0;
    for _ in 0..6 {
        let report = run_of(&argus, &next);
        next = after(&next, &report);
        next.cases.iter_mut().for_each(|work| work.due = true);
        made += argus.took().iter().filter(|request| request.starts_with("CREATE")).count();
    }
    assert_eq!(made, 2);
}

#[test]
fn a_lost_reply_is_looked_for_and_the_write_not_repeated_while_argus_may_be_executing_it() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    argus.fails("POST End", lost());
    let first = job(&[closed(case(1), 60)], &argus);
    let Outcome::Doubtful(write) = run_of(&argus, &first).outcome else { panic!("it is in doubt") };
    argus.relents();
    argus.took();
    let in_doubt = |repeat| ProblemJob { doubt: Some((write.clone(), repeat)), ..first.clone() };
    assert_eq!(run_of(&argus, &in_doubt(false)).outcome, Outcome::Doubtful(write.clone()));
    assert_eq!(argus.took(), ["GET events 1", "GET incident 1"]);
    assert_eq!(run_of(&argus, &in_doubt(true)).outcome, Outcome::Done);
    assert!(argus.took().contains(&"POST End 1".to_owned()));
}

#[test]
fn after_a_failed_write_everything_is_still_read_and_what_people_did_is_reported() {
    let old = closed(port_case(1), 60);
    let new = Case { id: 2, opened: at(100), ..port_case(1) };
    let argus = FakeArgus::with([incident(1, &old), incident(2, &new)]);
    argus.event(2, ALICE, EventKind::Acknowledge, 200, "on it");
    argus.fails("POST End", broken());
    let report = run_about(&argus, &[old, new]);
    assert!(matches!(report.outcome, Outcome::Doubtful(_)));
    let of_new: Vec<usize> =
        report.actions.iter().filter(|(case, _)| case.id == 2).map(|(_, actions)| actions.len()).collect();
    assert_eq!((of_new, report.settled), (vec![1], vec![2]));
}

#[test]
fn what_cannot_be_read_holds_up_no_other_case() {
    for error in [refused(403), broken()] {
        let old = closed(port_case(1), 60);
        let new = Case { id: 2, opened: at(100), ..port_case(1) };
        let argus = FakeArgus::with([incident(1, &old), incident(2, &Case { priority: 600, ..new.clone() })]);
        argus.fails("GET events 1", error.clone());
        let report = run_about(&argus, &[old, new]);
        assert!(argus.took().contains(&"PATCH 2".to_owned()));
        let is_failure = !matches!(error, ArgusError::Request { .. });
        assert_eq!(report.outcome, if is_failure { Outcome::Failed(error) } else { Outcome::Done });
        assert_eq!(report.settled.contains(&1), !is_failure, "a failure is tried again");
    }
}

#[test]
fn a_long_history_is_written_in_parts() {
    let argus = FakeArgus::default();
    let mut next = job(&[with_entries(case(1), 60)], &argus);
    let mut outcomes = Vec::new();
    while outcomes.last() != Some(&Outcome::Done) && outcomes.len() < 9 {
        let report = run_of(&argus, &next);
        next = after(&next, &report);
        outcomes.push(report.outcome);
        assert!(argus.took().iter().filter(|request| is_write(request)).count() <= MAX_WRITES);
    }
    assert_eq!(outcomes, [Outcome::Unfinished, Outcome::Unfinished, Outcome::Done]);
    assert_eq!(argus.events.borrow().len(), 60, "each entry once");
}

#[test]
fn a_problem_with_very_many_cases_is_done_by_several_runs_that_each_make_progress() {
    let cases: Vec<Case> = (1..=40)
        .map(|n| {
            let id = u64::try_from(n).expect("small");
            let case = Case { opened: at(n * 100), ..port_case(id) };
            Case { router: "gw1".into(), ..closed(case, n * 100 + 60) }
        })
        .collect();
    let incidents = cases.iter().zip(1..).map(|(case, pk)| {
        let mut incident = incident(pk, case);
        incident.end_time = crate::argus::models::EndTime::At(case.closed.expect("it is closed"));
        incident
    });
    let argus = FakeArgus::with(incidents.collect::<Vec<_>>());
    for (case, pk) in cases.iter().zip(1..) {
        let closing = crate::reconcile::render::closing(case).expect("it is closed");
        argus.event(pk, US, EventKind::End, closing.at.secs() - OPENED, &closing.text);
    }
    let mut next = job(&cases, &argus);
    let mut runs = 0;
    loop {
        let report = run_of(&argus, &next);
        runs += 1;
        assert!(argus.took().len() <= 2 * MAX_QUESTIONS);
        if report.outcome == Outcome::Done {
            break;
        }
        assert!(report.outcome == Outcome::Unfinished && !report.settled.is_empty());
        next = after(&next, &report);
    }
    assert_eq!(runs, 4);
}

#[test]
fn nothing_is_remembered_from_one_run_to_the_next() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    let first = job(&[case(1)], &argus);
    run_of(&argus, &first);
    let took = argus.took();
    argus.event(1, ALICE, EventKind::Close, 30, "fixed");
    argus.set_end(1, Some(at(30)));
    let report = run_of(&argus, &first);
    assert_eq!(argus.took(), took);
    assert_eq!(report.actions.first().map(|(_, actions)| actions.len()), Some(1));
}

#[test]
fn an_incident_that_another_process_has_just_made_is_left_to_it_for_now() {
    let argus = FakeArgus::with([incident(5, &case(1))]);
    let unlisted = ProblemJob { incidents: Vec::new(), ..job(&[with_entries(case(1), 1)], &argus) };
    let report = run_of(&argus, &unlisted);
    assert_eq!(report.outcome, Outcome::Fresh);
    assert_eq!(argus.took(), ["CREATE 1", "LIST Number(\"1\")"]);
    let report = run_of(&argus, &after(&unlisted, &report));
    assert_eq!((report.outcome, report.owners.first().map(|(_, pk)| *pk)), (Outcome::Done, Some(5)));
    assert!(argus.took().contains(&"POST Other 5".to_owned()));
}

#[test]
fn a_number_that_another_life_has_is_not_fought_over() {
    let elsewhere = Case { router: "elsewhere".into(), ..case(1) };
    let argus = FakeArgus::with([incident(5, &elsewhere)]);
    let unlisted = || ProblemJob { incidents: Vec::new(), ..job(&[case(1)], &argus) };
    assert_eq!(run_of(&argus, &unlisted()).outcome, Outcome::Done);
    assert_eq!(argus.took(), ["CREATE 1".to_owned(), "LIST Number(\"1\")".to_owned(), format!("CREATE 1-{OPENED}")]);
    let second =
        crate::argus::models::Incident { source_incident_id: format!("1-{OPENED}").into(), ..incident(6, &elsewhere) };
    let argus = FakeArgus::with([incident(5, &elsewhere), second]);
    let report = run_of(&argus, &ProblemJob { incidents: Vec::new(), ..job(&[case(1)], &argus) });
    assert_eq!(report.outcome, Outcome::Done);
    let lines: Vec<String> =
        report.setbacks.iter().flat_map(|(_, s)| s.given_up()).map(|(_, s)| s.to_string()).collect();
    assert_eq!(lines, ["both numbers of this case belong to incidents about something else"]);
}

#[test]
fn every_view_and_its_answer_are_shown_and_can_be_kept_as_text() {
    let argus = FakeArgus::with([incident(1, &case(1))]);
    let mut shown = 0;
    let mut observe = |view: &View, next: &Next| {
        let text = serde_json::to_string(&(view, next)).expect("it can be written");
        let (kept, answer): (View, Next) = serde_json::from_str(&text).expect("it can be read");
        assert_eq!((&kept, &answer), (view, next));
        assert_eq!(&decide(&kept, &rules()), next, "the view is all that the answer depends on");
        shown += 1;
    };
    run_observed(&argus, &rules(), &job(&[closed(case(1), 60)], &argus), &mut observe);
    assert_eq!(shown, 4);
}

#[test]
fn two_problems_that_name_one_incident_end_the_same_one_and_do_not_fight() {
    let python = |pk: IncidentPk| {
        let mut incident = incident(pk, &Case { id: 50, ..port_case(1) });
        incident.made_for = None;
        incident
    };
    let argus = FakeArgus::with([python(1), python(2)]);
    let one = Case { id: 51, router: "gw1".into(), ..port_case(51) };
    let other = Case { id: 52, router: "gw1".into(), ifindex: Some("18".into()), ..port_case(52) };
    for _ in 0..2 {
        for case in [&one, &other] {
            run_about(&argus, std::slice::from_ref(case));
        }
    }
    assert_eq!((argus.is_open(1), argus.is_open(2)), (true, false));
    argus.took();
    for case in [&one, &other] {
        run_about(&argus, std::slice::from_ref(case));
    }
    assert!(!argus.took().iter().any(|request| is_write(request)), "and then nothing is written");
}
