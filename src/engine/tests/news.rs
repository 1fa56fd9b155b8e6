//! What the engine makes of news from Argus, input by input. Never part of the program.

use super::{Running, at_rest, listed, newest, settings};
use crate::argus::ArgusError;
use crate::argus::models::EventKind;
use crate::argus::models::{Event, Incident, Page};
use crate::engine::*;
use crate::execute::zino_reads::{Found, Snapshot};
use crate::reconcile::testing::{ALICE, US, case, event, incident};
use crate::zino::case::{Case, Problem};
use std::collections::BTreeMap;

/// Half a minute later: the look at the newest events, and whatever follows from it. Gives the
/// problems to work on.
fn refresh(running: &mut Running) -> Vec<Problem> {
    running.secs += 30;
    let outputs = running.step(Input::Tick);
    assert!(matches!(outputs[..], [Output::Argus(Job::Newest(..))]), "{outputs:?}");
    running.look(outputs)
}

#[test]
fn an_incident_that_a_person_closed_and_reopened_between_two_lists_is_found_also_by_who_knows_none_of_its_own() {
    let mut running = at_rest();
    assert_eq!(running.engine.known(), (1, 0));
    running.open = vec![incident(1, &case(1))];
    running.newest = vec![event(9, ALICE, EventKind::Reopen, 60, "")];
    refresh(&mut running);
    assert_eq!(running.engine.known(), (1, 1));
}

#[test]
fn an_incident_that_only_the_lists_do_not_show_is_not_taken_for_ours() {
    let mut running = at_rest();
    let anothers = Incident { source_user: US + 100, ..incident(1, &case(1)) };
    running.newest = vec![event(9, ALICE, EventKind::Reopen, 60, "")];
    refresh(&mut running);
    assert_eq!(running.engine.known(), (1, 0));
    // Our own tell who we are: from now on such a one is asked for, and left alone.
    running.open = vec![incident(2, &case(1))];
    running.newest = vec![event(10, ALICE, EventKind::Reopen, 70, "")];
    refresh(&mut running);
    running.newest = vec![Event { incident: 1, ..event(11, ALICE, EventKind::Reopen, 80, "") }];
    refresh(&mut running);
    running.step(Input::Argus(Report::Incident(1, Ok(Some(anothers)))));
    assert_eq!(running.engine.all.problems.incidents().open().map(|i| i.pk).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_page_that_is_too_much_is_asked_for_in_smaller_pieces() {
    let mut running = Running::idle(settings());
    let mut outputs = running.step(Input::Zino(ZinoEvent::Connected));
    let mut sizes = Vec::new();
    for _ in 0..40 {
        let Some(output) = outputs.pop() else {
            running.secs += 30;
            outputs = running.step(Input::Tick);
            continue;
        };
        outputs = match output {
            Output::Argus(Job::Newest(most, _)) => {
                sizes.push(most);
                let too_long = ArgusError::Unknown { why: "too long".to_owned(), status: Some(200) };
                let page = if most > 1 { Err(too_long) } else { Ok(Page { items: Vec::new(), more: false }) };
                running.step(Input::Argus(newest(page)))
            }
            Output::Argus(Job::Probe) => running.step(Input::Argus(Report::Probe(Ok(())))),
            _ => Vec::new(),
        };
    }
    sizes.dedup();
    assert_eq!(sizes, [25, 6, 1]);
    assert!(running.engine.all.argus.has_baseline());
}

#[test]
fn a_close_that_no_event_shows_is_found_by_the_number_of_open_incidents() {
    let mut running = at_rest();
    running.open = vec![incident(1, &case(1))];
    running.newest = vec![event(9, ALICE, EventKind::Reopen, 60, "")];
    refresh(&mut running);
    assert_eq!((running.engine.known(), running.engine.waiting()), ((1, 1), 1));
    running.done(case(1).problem());
    refresh(&mut running);
    assert_eq!(running.listed, 1, "nothing is listed again while the numbers agree");
    running.open.clear();
    assert_eq!(refresh(&mut running), [case(1).problem()], "it is on no list any more, so that it is looked at");
    assert_eq!(running.listed, 2);
}

#[test]
fn a_difference_that_stays_whatever_is_read_is_accepted() {
    let mut running = at_rest();
    running.more_counted = 3;
    (0..3).for_each(|_| drop(refresh(&mut running)));
    let listed = running.listed;
    (0..5).for_each(|_| drop(refresh(&mut running)));
    assert_eq!(running.listed, listed);
}

/// Everything but the lists of Argus is answered.
fn before_the_lists(settings: Settings) -> Running {
    let mut running = Running::idle(settings);
    running.step(Input::Zino(ZinoEvent::Connected));
    let outputs = running.step(Input::Argus(newest(Ok(Page { items: Vec::new(), more: false }))));
    assert!(matches!(outputs[..], [Output::Argus(Job::Page(..))]), "{outputs:?}");
    running
}

/// The early jobs that follow where these cases were notified.
fn notified(running: &mut Running, cases: Vec<Case>) -> Vec<Problem> {
    let notified = cases.iter().map(|case| (case.id, Duration::ZERO)).collect();
    let asked = cases.iter().map(|case| case.id).collect();
    let found = Found { asked, cases, notified, ..Found::default() };
    let outputs = running.step(Input::Zino(ZinoEvent::Found(found)));
    early(outputs)
}

/// The problems of the jobs among these outputs, which are all early.
fn early(outputs: Vec<Output>) -> Vec<Problem> {
    let job = |output| match output {
        Output::Argus(Job::Problem(job)) => Some(job),
        _ => None,
    };
    let jobs: Vec<_> = outputs.into_iter().filter_map(job).collect();
    assert!(jobs.iter().all(|job| job.is_early && !job.lists_all_open));
    jobs.into_iter().map(|job| job.problem).collect()
}

#[test]
fn a_case_that_is_notified_before_argus_is_listed_gets_its_incident_at_once() {
    let mut running = before_the_lists(settings());
    let opened = running.now().wall;
    let new = |id| Case { opened, ..case(id) };
    assert_eq!(notified(&mut running, vec![new(7)]), [new(7).problem()]);
    let old = Case { opened: opened.plus_secs(-3600), ..case(8) };
    assert_eq!(notified(&mut running, vec![old]), [], "its incident may be there");
    let closed = crate::reconcile::testing::closed(new(9), 1);
    assert_eq!(notified(&mut running, vec![closed]), []);
    let second = Case { id: 11, router: new(10).router, ..new(10) };
    assert_eq!(notified(&mut running, vec![new(10), second]), [], "a problem with two cases");
}

#[test]
fn a_new_case_that_the_list_has_passed_gets_its_incident_before_the_list_is_complete() {
    let mut running = before_the_lists(settings());
    let now = running.now().wall;
    let ago = |id, secs: i64, priority| Case { opened: now.plus_secs(-secs), priority, ..case(id) };
    let cases = vec![ago(7, 30, 100), ago(8, 200, 500), ago(9, 5, 900)];
    let snapshot = Snapshot { ids: vec![7, 8, 9].into_iter().collect(), cases };
    assert_eq!(early(running.step(Input::Zino(ZinoEvent::Snapshot(snapshot)))), [], "nothing is listed yet");
    let open = |n: i64| Incident { start_time: now.plus_secs(-n), ..incident(n, &case(500)) };
    let page = Page { items: (1..=100).map(open).collect(), more: true };
    let outputs = running.step(Input::Argus(listed(Ok(page))));
    assert_eq!(early(outputs), [case(9).problem(), case(7).problem()], "the next page may have that of case 8");
}

#[test]
fn a_case_that_was_only_read_and_one_of_a_single_run_wait_for_the_lists() {
    let mut running = before_the_lists(settings());
    let new = Case { opened: running.now().wall, ..case(7) };
    let found = Found { asked: vec![7], cases: vec![new.clone()], notified: BTreeMap::new(), ..Found::default() };
    let outputs = running.step(Input::Zino(ZinoEvent::Found(found)));
    assert!(!outputs.iter().any(|output| matches!(output, Output::Argus(Job::Problem(_)))), "{outputs:?}");
    let once = Some(Once { longest: Duration::from_secs(600), given: Duration::from_secs(600) });
    let mut running = before_the_lists(Settings { once, ..settings() });
    assert_eq!(notified(&mut running, vec![new]), []);
}
