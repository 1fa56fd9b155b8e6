//! What the engine says of a server that lets it wait, and of Argus while Zino is away. Never part
//! of the program.

use super::standby::{collect, said};
use super::{Running, newest, settings};
use crate::argus::ArgusError;
use crate::engine::*;
use crate::service::status;

const GONE: &str = "zino:8001: closed by the server";

fn running(once: Option<Once>) -> Running {
    collect();
    let running = Running::idle(Settings { once, ..settings() });
    said();
    running
}

fn single() -> Option<Once> {
    let longest = Duration::from_secs(60);
    Some(Once { longest, given: longest })
}

fn probes(outputs: &[Output]) -> usize {
    outputs.iter().filter(|output| matches!(output, Output::Argus(Job::Probe))).count()
}

impl Running {
    fn unusable(&mut self) -> Vec<Output> {
        self.step(Input::Zino(ZinoEvent::Unusable(GONE.to_owned())))
    }

    fn silent(&mut self, server: Server, secs: Option<u64>) -> Vec<Output> {
        self.step(Input::Silent(server, secs.map(Duration::from_secs)))
    }

    fn probed(&mut self, answer: Result<(), ArgusError>) -> Vec<Output> {
        self.step(Input::Argus(Report::Probe(answer)))
    }

    fn status(&self) -> String {
        status::line(&self.engine.summary(), &[])
    }
}

fn refused() -> ArgusError {
    ArgusError::Refused("https://argus: nothing listens there".to_owned())
}

#[test]
fn argus_is_asked_whether_it_answers_while_zino_is_away_and_only_then() {
    let mut running = running(None);
    assert_eq!(probes(&running.unusable()), 1);
    assert!(running.status().ends_with("Argus not yet asked"), "{}", running.status());
    running.probed(Ok(()));
    assert!(running.status().contains("Zino CANNOT BE USED") && running.status().ends_with("Argus ok"));
    assert_eq!(probes(&running.unusable()), 0, "another attempt that failed is no reason to ask again");
    running.secs = running.engine.next_wake(Duration::ZERO).unwrap().as_secs();
    assert_eq!((running.secs, probes(&running.step(Input::Tick))), (30, 1));
    running.probed(Err(refused()));
    assert!(running.status().contains("Argus CANNOT BE USED since "), "{}", running.status());
    let lines = said();
    assert_eq!(lines[0], "I Argus answers and takes our token");
    let away = "W Argus cannot be used: cannot be reached: https://argus: nothing listens there";
    assert!(lines.len() == 2 && lines[1].starts_with(away), "{lines:?}");
    running.secs = 60;
    assert_eq!(probes(&running.step(Input::Tick)), 1);
    running.probed(Ok(()));
    running.step(Input::Zino(ZinoEvent::Connected));
    running.secs = 3600;
    assert_eq!(probes(&running.step(Input::Tick)), 0);
}

#[test]
fn a_zino_that_is_only_slow_to_connect_is_no_reason_to_say_nothing_of_argus() {
    let mut running = running(None);
    assert_eq!(probes(&running.step(Input::Tick)), 0);
    assert_eq!(running.engine.next_wake(Duration::ZERO), Some(Duration::from_secs(1)));
    running.secs = 1;
    assert_eq!(probes(&running.step(Input::Tick)), 1);
}

#[test]
fn a_silent_server_is_named_once_and_stands_in_the_status_until_it_answers() {
    for (server, name) in [(Server::Zino, "zino:8001"), (Server::Argus, "https://argus/api/v2")] {
        let mut running = running(None);
        running.step(Input::Tick);
        running.silent(server, Some(5));
        assert_eq!(said(), [format!("W {server} {name} has not answered for 5 s; waiting for it")]);
        assert!(running.status().contains(&format!("{server} CANNOT BE USED since ")), "{}", running.status());
        assert!(running.status().contains("has not answered for 5 s or longer"), "{}", running.status());
        running.silent(server, None);
        assert_eq!(said(), [format!("I {server} {name} has answered")]);
        assert!(!running.status().contains(&format!("{server} CANNOT BE USED since ")), "{}", running.status());
    }
}

#[test]
fn of_a_server_that_is_away_or_in_a_single_run_a_silence_is_no_news() {
    let mut away = running(None);
    away.unusable();
    away.silent(Server::Zino, Some(5));
    away.silent(Server::Zino, None);
    let mut run = running(single());
    run.silent(Server::Zino, Some(5));
    run.silent(Server::Zino, None);
    assert!(said().is_empty());
}

#[test]
fn an_outage_of_argus_that_lasts_is_said_again_every_ten_minutes() {
    let mut running = running(None);
    running.unusable();
    for _ in 0..300 {
        running.probed(Err(refused()));
        running.secs += 5;
        running.step(Input::Tick);
    }
    let lines = said();
    assert_eq!(lines.len(), 3, "in 25 minutes: {lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("W Argus cannot be used: ")), "{lines:?}");
}

#[test]
fn an_argus_that_answers_and_lets_us_read_nothing_stands_in_the_status_and_again_and_again_in_the_log() {
    let mut running = running(None);
    let error = || ArgusError::Request { status: 403, why: "no".to_owned() };
    let mut outputs = running.step(Input::Zino(ZinoEvent::Connected));
    for _ in 0..50 {
        if outputs.iter().any(|output| matches!(output, Output::Argus(Job::Newest(..)))) {
            running.step(Input::Argus(newest(Err(error()))));
        }
        running.secs += 30;
        outputs = running.step(Input::Tick);
    }
    let expected = "cannot read the newest events: refused with 403: no";
    assert!(
        running.status().ends_with(&format!("; Argus CANNOT BE USED since 2026-11-22T19:39:52Z ({expected})")),
        "{}",
        running.status()
    );
    assert!(!running.status().contains("not yet asked"), "{}", running.status());
    let lines = said();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with(&format!("W {expected}"))), "{lines:?}");
}

#[test]
fn a_single_run_ends_over_zino_only_when_it_knows_of_argus() {
    let end = |outputs: Vec<Output>| {
        outputs.into_iter().find_map(|output| match output {
            Output::Finished(end) => end.hopeless,
            _ => None,
        })
    };
    let unreachable = |why: &str| Some(Hopeless::Unreachable(format!("Zino cannot be used: {GONE}{why}")));
    let mut run = running(single());
    assert_eq!(end(run.unusable()), None);
    assert_eq!(end(run.probed(Ok(()))), unreachable(" (Argus answers)"));
    let mut run = running(single());
    run.unusable();
    let both = ". And Argus cannot be used: cannot be reached: https://argus: nothing listens there";
    assert_eq!(end(run.probed(Err(refused()))), unreachable(both));
    let mut run = running(single());
    run.unusable();
    run.secs = 60;
    assert_eq!(end(run.step(Input::Tick)), unreachable(""), "there is no time left to wait for Argus");
    assert!(said().iter().all(|line| line.starts_with('I')));
}
