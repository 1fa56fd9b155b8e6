//! When a secondary may write, input by input. Never part of the program.

use super::reload::secondary;
use super::{Running, counted, listed, newest, ping, settings};
use crate::argus::ArgusError;
use crate::argus::models::Page;
use crate::engine::*;
use crate::execute::zino_reads::{Found, Snapshot};
use crate::failover::Answer;
use crate::failover::Ping;
use crate::reconcile::testing::case;

fn away() -> Result<(), ArgusError> {
    Err(ArgusError::Refused("no route".to_owned()))
}

fn is_reach(output: &Output) -> bool {
    matches!(output, Output::Argus(Job::Reach))
}

/// What changes something on either server.
fn is_write(output: &Output) -> bool {
    matches!(
        output,
        Output::Argus(Job::Problem(_) | Job::EndOrphan(..) | Job::MarkForgotten(..) | Job::SignOfLife)
            | Output::Zino(ZinoCommand::Deliver(_))
    )
}

/// A secondary, what its Argus says, and what it writes.
struct Secondary {
    running: Running,
    argus: Result<(), ArgusError>,
    writes: usize,
    reaches: usize,
}

impl Secondary {
    /// In STANDBY with everything read of its Zino, which has case 1. Its primary has just
    /// answered.
    fn new(threshold: u32) -> Self {
        let settings = Settings { signs_of_life: true, ..secondary(threshold) };
        let mut secondary = Self { running: Running::idle(settings), argus: Ok(()), writes: 0, reaches: 0 };
        secondary.step(Input::Zino(ZinoEvent::Connected));
        let snapshot = Snapshot { ids: [1].into(), cases: vec![case(1)] };
        secondary.step(Input::Zino(ZinoEvent::Snapshot(snapshot)));
        secondary.ping(true);
        secondary
    }

    /// One input, and the answers of both servers to all that follows.
    fn step(&mut self, input: Input) {
        let mut todo = self.running.step(input);
        for _ in 0..100 {
            let Some(output) = todo.pop() else { break };
            self.writes += usize::from(is_write(&output));
            self.reaches += usize::from(is_reach(&output));
            if let Some(input) = self.answer(output) {
                todo.extend(self.running.step(input));
            }
        }
    }

    fn answer(&self, output: Output) -> Option<Input> {
        let empty = |(): ()| Page { items: Vec::new(), more: false };
        let report = match output {
            Output::Argus(Job::Page(..)) => {
                listed(self.argus.clone().map(|()| Page { items: Vec::new(), more: false }))
            }
            Output::Argus(Job::Newest(..)) => newest(self.argus.clone().map(empty)),
            Output::Argus(Job::CountOpen(_)) => counted(self.argus.clone().map(|()| 0)),
            Output::Argus(Job::Probe) => Report::Probe(self.argus.clone()),
            Output::Argus(Job::Prove(_)) => Report::Proved(self.argus.clone()),
            Output::Argus(Job::Reach) => Report::Reach(self.argus.clone()),
            Output::Zino(ZinoCommand::Read(asked)) => {
                let found = Found { unknown: asked.clone(), asked, ..Found::default() };
                return Some(Input::Zino(ZinoEvent::Found(found)));
            }
            _ => return None,
        };
        Some(Input::Argus(report))
    }

    /// So many seconds pass.
    fn waits(&mut self, secs: u64) {
        for _ in 0..secs {
            self.running.secs += 1;
            self.step(Input::Tick);
        }
    }

    /// The next question to the primary, five seconds after the one before; whatever the engine
    /// wants to do meanwhile is done.
    fn ping(&mut self, up: bool) {
        self.waits(5);
        self.step(ping(self.running.secs, up));
    }

    fn pings(&mut self, answers: &[bool]) {
        answers.iter().for_each(|up| self.ping(*up));
    }

    fn is_active(&self) -> bool {
        self.running.engine.mode() == Mode::Active
    }
}

#[test]
fn an_ordinary_takeover_writes_at_once() {
    let mut secondary = Secondary::new(3);
    secondary.pings(&[false, false]);
    assert_eq!((secondary.is_active(), secondary.writes, secondary.reaches), (false, 0, 2));
    secondary.ping(false);
    assert!(secondary.is_active() && secondary.writes > 0);
}

#[test]
fn a_secondary_that_was_cut_off_itself_writes_nothing_when_its_network_returns() {
    let mut secondary = Secondary::new(3);
    secondary.argus = away();
    secondary.pings(&[false; 20]);
    assert!(secondary.is_active(), "the mode does not wait");
    secondary.argus = Ok(());
    secondary.pings(&[true, true]);
    assert!(secondary.is_active());
    secondary.ping(true);
    assert!(!secondary.is_active());
    secondary.pings(&[true; 20]);
    assert_eq!(secondary.writes, 0);
}

#[test]
fn one_lost_answer_after_the_return_does_not_make_the_takeover_right() {
    let mut secondary = Secondary::new(3);
    secondary.argus = away();
    secondary.pings(&[false; 5]);
    secondary.argus = Ok(());
    secondary.pings(&[true, false, true, false, false, true, true, true]);
    assert_eq!((secondary.is_active(), secondary.writes), (false, 0));
}

#[test]
fn a_primary_that_is_dead_while_argus_is_away_is_replaced_one_question_after_the_return_of_argus() {
    let mut secondary = Secondary::new(3);
    secondary.argus = away();
    secondary.pings(&[false; 5]);
    assert_eq!((secondary.is_active(), secondary.writes), (true, 0));
    secondary.argus = Ok(());
    let asked_before = secondary.running.secs;
    secondary.waits(30);
    secondary.step(ping(asked_before, false));
    assert_eq!(secondary.writes, 0, "that one was asked before Argus answered");
    secondary.ping(false);
    assert!(secondary.writes > 0);
}

#[test]
fn a_host_that_is_cut_off_between_the_answer_of_argus_and_the_question_to_the_primary_writes_nothing() {
    let mut secondary = Secondary::new(3);
    secondary.argus = away();
    secondary.pings(&[false; 5]);
    secondary.argus = Ok(());
    secondary.waits(30);
    secondary.argus = away();
    secondary.running.secs += 1;
    secondary.step(ping(secondary.running.secs, false));
    assert_eq!(secondary.writes, 0);
    secondary.argus = Ok(());
    secondary.pings(&[true; 3]);
    assert_eq!((secondary.is_active(), secondary.writes), (false, 0));
}

#[test]
fn a_secondary_that_is_cut_off_while_it_replaces_the_primary_asks_anew_before_it_writes_again() {
    for keeps_its_zino in [true, false] {
        let mut secondary = Secondary::new(3);
        secondary.pings(&[false; 4]);
        secondary.argus = away();
        if !keeps_its_zino {
            secondary.step(Input::Zino(ZinoEvent::Disconnected));
        }
        let before = secondary.writes;
        assert!(before > 0);
        secondary.pings(&[false; 20]);
        secondary.argus = Ok(());
        if !keeps_its_zino {
            secondary.step(Input::Zino(ZinoEvent::Connected));
        }
        let snapshot = Snapshot { ids: [1, 2].into(), cases: vec![case(1), case(2)] };
        secondary.step(Input::Zino(ZinoEvent::Snapshot(snapshot)));
        secondary.pings(&[true; 20]);
        assert_eq!((secondary.is_active(), secondary.writes), (false, before), "keeps its Zino: {keeps_its_zino}");
    }
}

#[test]
fn a_late_answer_of_argus_counts_from_when_it_came() {
    let mut running = Running::new(secondary(2));
    running.secs = 1;
    assert!(running.step(ping(1, false)).iter().any(is_reach));
    running.secs = 20;
    running.step(ping(6, false));
    assert_eq!(running.engine.mode(), Mode::Active);
    let outputs = running.step(Input::Argus(Report::Reach(Ok(()))));
    assert!(outputs.iter().any(is_reach), "for the question that failed meanwhile");
    running.step(Input::Argus(Report::Reach(Ok(()))));
    assert!(!running.engine.all.mode.may_write());
    running.step(ping(11, false));
    assert!(!running.engine.all.mode.may_write(), "asked before Argus answered");
    running.step(Input::Argus(Report::Reach(Ok(()))));
    let outputs = running.step(ping(21, false));
    assert!(outputs.iter().any(is_reach) && !running.engine.all.mode.may_write(), "is this host cut off again?");
    running.step(Input::Argus(Report::Reach(Ok(()))));
    assert!(running.engine.all.mode.may_write());
}

#[test]
fn a_primary_that_answers_before_argus_does_takes_the_proof_back() {
    let mut running = Running::new(secondary(3));
    running.secs = 1;
    running.step(ping(1, false));
    running.step(Input::Argus(Report::Reach(Ok(()))));
    for secs in [6, 11] {
        running.secs = secs;
        running.step(ping(secs, false));
    }
    assert_eq!((running.engine.mode(), running.engine.all.mode.may_write()), (Mode::Active, false));
    running.secs = 16;
    running.ping(true);
    running.step(Input::Argus(Report::Reach(Ok(()))));
    running.step(Input::Argus(Report::Reach(Ok(()))));
    assert!(!running.engine.all.mode.may_write(), "Argus answered late, and the primary lives");
}

#[test]
fn nothing_is_written_while_it_is_not_known_whether_argus_answers() {
    let mut running = Running::new(secondary(3));
    for secs in [1, 6] {
        running.secs = secs;
        running.ping(false);
    }
    running.secs = 11;
    assert!(running.step(ping(11, false)).iter().any(is_reach));
    assert_eq!((running.engine.mode(), running.engine.all.mode.may_write()), (Mode::Active, false));
    running.step(Input::Argus(Report::Reach(Ok(()))));
    assert!(running.engine.all.mode.may_write());
}

#[test]
fn an_argus_that_hides_its_address_for_everybody_costs_one_question() {
    let mut secondary = Secondary::new(3);
    let hidden = || Err(ArgusError::Busy("404, not from Argus".to_owned()));
    for _ in 0..3 {
        secondary.running.secs += 5;
        let outputs = secondary.running.step(ping(secondary.running.secs, false));
        assert!(outputs.iter().any(is_reach));
        for output in outputs {
            let input =
                if is_reach(&output) { Some(Input::Argus(Report::Reach(hidden()))) } else { secondary.answer(output) };
            input.into_iter().for_each(|input| secondary.step(input));
        }
    }
    assert_eq!((secondary.is_active(), secondary.writes), (true, 0));
    secondary.ping(false);
    assert!(secondary.writes > 0);
}

#[test]
fn a_reload_keeps_what_was_shown_unless_it_leads_to_another_primary_or_argus() {
    for (another_primary, another_argus) in [(false, false), (true, false), (false, true)] {
        let mut running = Running::new(secondary(2));
        for secs in [1, 6, 11] {
            running.secs = secs;
            running.ping(false);
        }
        assert!(running.engine.all.mode.may_write());
        running.reload_with(secondary(2), |kept| {
            if another_primary {
                kept.forget_primary();
            }
            if another_argus {
                kept.forget_contact();
            }
        });
        assert_eq!(running.engine.mode(), Mode::Active);
        assert_eq!(running.engine.all.mode.may_write(), !another_primary && !another_argus);
    }
    let mut running = Running::new(secondary(2));
    running.reload(settings());
    assert!(running.engine.all.mode.may_write(), "there is no primary any more");
}

#[test]
fn a_question_that_never_left_this_host_changes_nothing() {
    let mut running = Running::new(secondary(1));
    for secs in 1..20 {
        running.secs = secs;
        let answer = Answer::Unasked("the name primary.example has no address".to_owned());
        let outputs = running.step(Input::Ping(Ping { asked_at: Duration::from_secs(secs), answer }));
        assert!(!outputs.iter().any(is_reach));
    }
    assert_eq!(running.engine.mode(), Mode::Standby);
    assert!(running.engine.summary().has_begun(), "it does not hold up the start");
}
