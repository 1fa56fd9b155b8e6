//! What a engine does when a server refuses it, input by input. Never part of the program.

use super::{Running, at_rest, listed, newest, settings};
use crate::argus::ArgusError;
use crate::engine::component::Component as _;
use crate::engine::*;

fn invalid() -> ArgusError {
    ArgusError::Unauthorized("Invalid token.".to_owned())
}

impl Running {
    fn probe(&mut self, answer: Result<(), ArgusError>) -> Vec<Output> {
        self.step(Input::Argus(Report::Probe(answer)))
    }

    /// Goes on until the engine asks whether Argus takes the token, and gives this answer each
    /// time until this second.
    fn answer_probes(&mut self, until: u64, answer: &Result<(), ArgusError>) -> Vec<Output> {
        let mut others = Vec::new();
        while let Some(at) = self.engine.next_wake(Duration::from_secs(self.secs)) {
            if at > Duration::from_secs(until) {
                break;
            }
            self.secs = at.as_secs_f64().ceil() as u64;
            for output in self.step(Input::Tick) {
                match output {
                    Output::Argus(Job::Probe) => others.extend(self.probe(answer.clone())),
                    other => others.push(other),
                }
            }
        }
        others
    }

    /// The first question to Argus is refused, and so is the probe that follows or is under way.
    fn refuse_all(&mut self) -> Vec<Output> {
        let outputs = self.step(Input::Argus(newest(Err(invalid()))));
        assert!(matches!(outputs[..], [Output::Argus(Job::Probe)]) || !self.engine.all.health.is_idle(), "{outputs:?}");
        self.probe(Err(invalid()))
    }

    fn refuse_login(&mut self) -> Vec<Output> {
        self.step(Input::Zino(ZinoEvent::LoginRefused("no such user".to_owned())))
    }
}

fn ends(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::Refused(_)))
}

#[test]
fn a_refused_token_ends_a_start_after_ten_seconds_of_refusals() {
    let mut running = Running::new(settings());
    assert!(!ends(&running.refuse_all()));
    assert!(running.engine.summary().is_refused_at_start);
    assert!(!ends(&running.answer_probes(9, &Err(invalid()))));
    assert!(ends(&running.answer_probes(10, &Err(invalid()))), "it asks again just when it is confirmed");
}

#[test]
fn an_outage_among_the_refusals_of_a_start_is_no_confirmation() {
    let mut running = Running::new(settings());
    running.refuse_all();
    running.answer_probes(8, &Err(ArgusError::Busy("restarting".to_owned())));
    assert!(!ends(&running.answer_probes(17, &Err(invalid()))), "the first refusal after the outage is not before 8 s");
    assert!(ends(&running.answer_probes(30, &Err(invalid()))));
}

#[test]
fn a_good_answer_at_the_start_means_that_no_later_refusal_ends_the_program() {
    let mut running = Running::new(settings());
    running.refuse_all();
    running.answer_probes(5, &Ok(()));
    assert!(!running.engine.summary().is_refused_at_start);
    running.refuse_all();
    assert!(!ends(&running.answer_probes(3600, &Err(invalid()))));
    assert!(matches!(running.engine.summary().argus, Side::Away { .. }), "the status shows it");
}

#[test]
fn a_token_that_worked_is_asked_for_again_and_again_and_everything_follows_once_it_is_taken() {
    let mut running = at_rest();
    running.secs = 100;
    running.step(Input::Tick);
    running.refuse_all();
    assert!(!ends(&running.answer_probes(4000, &Err(invalid()))));
    let outputs = running.answer_probes(4005, &Ok(()));
    assert!(
        outputs.iter().any(|output| matches!(output, Output::Argus(Job::Newest(..) | Job::Page(..)))),
        "{outputs:?}"
    );
}

#[test]
fn a_token_that_never_worked_does_not_end_a_secondary_that_takes_over() {
    let mut running = Running::new(Settings { failover_threshold: Some(1), ..settings() });
    running.step(Input::Argus(listed(Err(invalid()))));
    running.ping(false);
    assert_eq!(running.engine.mode(), Mode::Active);
    assert!(!ends(&running.answer_probes(600, &Err(invalid()))));
}

#[test]
fn a_reload_ends_the_start_whether_or_not_anything_had_worked() {
    let mut running = Running::idle(settings());
    running.refuse_login();
    running.reload(settings());
    running.secs = 60;
    assert!(!ends(&running.refuse_login()));
    running.step(Input::Zino(ZinoEvent::Connected));
    running.snapshot(&[1]);
    running.refuse_all();
    assert!(!ends(&running.answer_probes(600, &Err(invalid()))));
}

#[test]
fn a_login_that_zino_refuses_ends_a_start_after_ten_seconds_and_nothing_later() {
    let mut running = Running::idle(settings());
    for (secs, fatal) in [(0, false), (3, false), (9, false), (10, true)] {
        running.secs = secs;
        assert_eq!(ends(&running.refuse_login()), fatal, "after {secs} s");
        assert!(!running.engine.summary().has_begun());
    }
    let mut running = Running::idle(settings());
    running.refuse_login();
    running.step(Input::Zino(ZinoEvent::Connected));
    for secs in [20, 40, 4000] {
        running.secs = secs;
        assert!(!ends(&running.refuse_login()), "after {secs} s");
    }
    assert!(matches!(running.engine.summary().zino, Side::Away { .. }), "the status shows it");
}

#[test]
fn a_single_run_that_is_refused_waits_for_nothing() {
    let once = || Settings {
        once: Some(Once { longest: Duration::from_secs(600), given: Duration::from_secs(600) }),
        ..settings()
    };
    assert!(ends(&Running::idle(once()).refuse_login()));
    assert!(ends(&Running::new(once()).refuse_all()));
}
