//! What outlives a reload, and what does not. Never part of the program.

use super::{Running, at_rest, settings};
use crate::engine::*;
use crate::execute::zino_reads::Snapshot;
use crate::reconcile::rules::Rules;
use crate::reconcile::testing::{case, closed, rules};

pub(super) fn secondary(threshold: u32) -> Settings {
    Settings { rules: Rules { secondary: true, ..rules() }, failover_threshold: Some(threshold), ..settings() }
}

#[test]
fn the_next_engine_reads_both_servers_anew_and_looks_at_every_case() {
    let mut running = at_rest();
    assert!(running.reload(settings()).iter().all(|output| !matches!(output, Output::Argus(Job::Problem(_)))));
    assert_eq!(running.engine.known(), (0, 0));
    let mut outputs = running.step(Input::Zino(ZinoEvent::Connected));
    outputs.extend(running.snapshot(&[1]));
    assert_eq!(running.look(outputs), [case(1).problem()]);
}

#[test]
fn events_wait_until_a_request_of_the_engine_before_has_executed() {
    let settled = |running: &Running| running.engine.all.work.settled_at().unwrap() <= running.now().mono;
    let mut running = at_rest();
    running.secs = 100;
    running.reload(settings());
    assert!(settled(&running), "nothing was under way");
    let mut outputs = running.step(Input::Zino(ZinoEvent::Connected));
    outputs.extend(running.snapshot(&[1]));
    assert_eq!(running.look(outputs), [case(1).problem()]);
    running.reload(settings());
    assert!(!settled(&running), "its job was under way");
    running.secs += 4;
    running.reload(settings());
    assert!(!settled(&running), "it is not over yet");
    running.secs += 1;
    assert!(settled(&running));
}

#[test]
fn the_mode_and_its_count_outlive_a_reload_but_not_answers_of_another_primary() {
    let mut running = Running::new(secondary(3));
    running.ping(false);
    running.ping(false);
    running.reload(secondary(3));
    assert_eq!(running.engine.mode(), Mode::Standby);
    running.ping(false);
    assert_eq!(running.engine.mode(), Mode::Active);
    running.ping(true);
    running.ping(true);
    running.reload_with(secondary(3), Kept::forget_primary);
    running.ping(true);
    assert_eq!(running.engine.mode(), Mode::Active);
    running.reload(secondary(2));
    running.ping(true);
    assert_eq!(running.engine.mode(), Mode::Standby);
}

#[test]
fn a_section_failover_that_comes_means_standby_and_one_that_goes_means_active() {
    let mut running = at_rest();
    running.reload(secondary(3));
    assert_eq!(running.engine.mode(), Mode::Standby);
    running.reload(settings());
    assert_eq!(running.engine.mode(), Mode::Active);
}

/// Case 1 is open and its fault is over, case 2 is closed.
fn over(running: &mut Running) {
    let mut repaired = case(1);
    repaired.reachability = Some("reachable".into());
    running.step(Input::Zino(ZinoEvent::Connected));
    let snapshot = Snapshot { ids: [1].into(), cases: vec![repaired, closed(case(2), 60)] };
    running.step(Input::Zino(ZinoEvent::Snapshot(snapshot)));
}

fn exempt(running: &Running, id: CaseId) -> Option<bool> {
    running.engine.all.problems.cases().get(id).map(|slot| slot.exempt)
}

#[test]
fn cases_that_were_over_at_a_takeover_stay_exempt_while_there_is_a_primary() {
    let mut running = Running::idle(secondary(1));
    over(&mut running);
    running.ping(false);
    let domain = |domain: &str| Rules { domain: domain.into(), ..secondary(1).rules };
    running.reload(Settings { rules: domain("example.net"), ..secondary(1) });
    over(&mut running);
    assert_eq!((exempt(&running, 1), exempt(&running, 2)), (Some(true), Some(true)));
    running.reload(settings());
    over(&mut running);
    assert_eq!((exempt(&running, 1), exempt(&running, 2)), (Some(false), Some(false)));
}

#[test]
fn cases_that_an_active_secondary_took_on_do_not_become_exempt_by_a_reload() {
    let mut running = Running::idle(secondary(1));
    running.step(Input::Zino(ZinoEvent::Connected));
    running.snapshot(&[1, 2]);
    running.ping(false);
    let closes = Snapshot { ids: [1].into(), cases: vec![case(1), closed(case(2), 60)] };
    running.step(Input::Zino(ZinoEvent::Snapshot(closes)));
    assert_eq!(exempt(&running, 2), Some(false));
    running.reload(secondary(1));
    over(&mut running);
    assert_eq!((exempt(&running, 1), exempt(&running, 2)), (Some(false), Some(false)));
}
