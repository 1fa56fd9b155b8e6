//! What new settings do to a machine that runs, input by input. Never part of the program.

use super::testing::{Running, at_rest, settings};
use super::*;
use crate::reconcile::delivery::{Found, Snapshot};
use crate::reconcile::rules::Rules;
use crate::reconcile::testing::{case, rules};

pub(super) fn secondary(threshold: u32) -> Settings {
    Settings { rules: Rules { secondary: true, ..rules() }, failover_threshold: Some(threshold), ..settings() }
}

pub(super) fn change(settings: Settings) -> Change {
    Change { settings, another_argus: false, another_token: false, another_zino: None, another_primary: false }
}

impl Running {
    fn resume(&mut self, change: Change) -> Vec<Output> {
        let now = self.now();
        self.machine.resume(now, change)
    }
}

#[test]
fn a_pause_gives_no_new_work_takes_everything_in_and_ends_when_the_old_work_has() {
    let mut running = at_rest();
    let two = Found { asked: vec![2], cases: vec![case(2)], ..Found::default() };
    let outputs = running.step(Input::Zino(ZinoEvent::Found(two)));
    assert_eq!(running.look(outputs), [case(2).problem()]);
    running.machine.pause();
    assert!(!running.machine.is_quiet());
    let three = Found { asked: vec![3], cases: vec![case(3)], ..Found::default() };
    assert!(running.step(Input::Zino(ZinoEvent::Found(three))).is_empty());
    running.secs = 3600;
    assert!(running.done(case(2).problem()).is_empty());
    assert!(running.machine.is_quiet());
    let outputs = running.resume(change(settings()));
    assert!(outputs.iter().any(|o| matches!(o, Output::Argus(Job::Newest(..) | Job::Page(..)))));
    assert!(running.look(outputs).contains(&case(3).problem()));
}

#[test]
fn other_rules_have_every_case_looked_at_again_and_the_same_rules_none() {
    let mut running = at_rest();
    running.machine.pause();
    let outputs = running.resume(change(Settings { refresh_interval: Duration::from_secs(10), ..settings() }));
    assert!(running.look(outputs).is_empty());
    running.machine.pause();
    let rules = Rules { domain: "example.net".into(), ..rules() };
    let outputs = running.resume(change(Settings { rules, ..settings() }));
    assert_eq!(running.look(outputs), [case(1).problem()]);
}

#[test]
fn shorter_intervals_do_not_wait_for_the_end_of_the_longer_ones() {
    let mut running = at_rest();
    running.secs = 10;
    assert_eq!(running.machine.next_wake(Duration::from_secs(10)), Some(Duration::from_secs(30)));
    let shorter = Settings { refresh_interval: Duration::from_secs(2), ..settings() };
    running.resume(change(shorter));
    assert_eq!(running.machine.next_wake(Duration::from_secs(10)), Some(Duration::from_secs(12)));
}

#[test]
fn another_argus_is_listed_before_anything_is_created_there() {
    let mut running = at_rest();
    let outputs = running.resume(Change { another_argus: true, ..change(settings()) });
    assert!(matches!(outputs[..], [Output::Argus(Job::Newest(_))]), "{outputs:?}");
    assert_eq!(running.look(outputs), [case(1).problem()]);
}

#[test]
fn what_still_comes_from_the_old_zino_is_not_taken_for_the_new_ones() {
    let mut running = at_rest();
    let outputs = running.resume(Change { another_zino: Some(2), ..change(settings()) });
    assert!(running.look(outputs).is_empty());
    running.snapshot(&[1, 2]);
    running.step(Input::Zino(ZinoEvent::Connected));
    running.step(Input::Zino(ZinoEvent::Disconnected));
    assert_eq!(running.machine.known(), (0, 0));
    running.step(Input::Zino(ZinoEvent::Moved(1)));
    running.snapshot(&[3]);
    assert_eq!(running.machine.known(), (0, 0), "that was the Zino of an earlier move");
    running.step(Input::Zino(ZinoEvent::Moved(2)));
    let outputs = running.step(Input::Zino(ZinoEvent::Connected));
    assert!(running.look(outputs).is_empty());
    let outputs = running.snapshot(&[7]);
    assert_eq!(running.look(outputs), [case(7).problem()]);
}

#[test]
fn the_mode_and_its_count_outlive_a_reload_but_not_answers_of_another_primary() {
    let mut running = Running::new(secondary(3));
    running.ping(false);
    running.ping(false);
    running.resume(change(secondary(3)));
    assert_eq!(running.machine.mode(), Mode::Standby);
    running.ping(false);
    assert_eq!(running.machine.mode(), Mode::Active);
    running.ping(true);
    running.ping(true);
    running.resume(Change { another_primary: true, ..change(secondary(3)) });
    running.ping(true);
    assert_eq!(running.machine.mode(), Mode::Active);
    running.resume(change(secondary(2)));
    running.ping(true);
    assert_eq!(running.machine.mode(), Mode::Standby);
}

#[test]
fn a_section_failover_that_comes_means_standby_and_one_that_goes_means_active() {
    let mut running = at_rest();
    let outputs = running.resume(change(secondary(3)));
    assert_eq!(running.machine.mode(), Mode::Standby);
    assert!(running.look(outputs).is_empty());
    let outputs = running.resume(change(settings()));
    assert_eq!(running.machine.mode(), Mode::Active);
    assert_eq!(running.look(outputs), [case(1).problem()]);
}

#[test]
fn repaired_cases_stay_excused_after_a_takeover_whatever_the_rules_become() {
    let mut repaired = case(1);
    repaired.reachability = Some("reachable".into());
    let mut running = Running::idle(secondary(1));
    running.step(Input::Zino(ZinoEvent::Connected));
    let snapshot = Snapshot { ids: [1].into(), cases: vec![repaired.clone()] };
    running.step(Input::Zino(ZinoEvent::Snapshot(snapshot)));
    running.ping(false);
    let domain = |domain: &str| Rules { domain: domain.into(), ..secondary(1).rules };
    running.resume(change(Settings { rules: domain("example.net"), ..secondary(1) }));
    let found = Found { asked: vec![1], cases: vec![repaired], ..Found::default() };
    running.step(Input::Zino(ZinoEvent::Found(found)));
    assert!(running.machine.cases.get(1).is_some_and(|slot| slot.exempt));
    running.resume(change(settings()));
    assert!(running.machine.cases.get(1).is_some_and(|slot| !slot.exempt), "there is no primary any more");
}
