use super::*;
use crate::argus::models::Page;
use crate::engine::Engine;
use crate::engine::tests::{counted, listed, newest, ping, settings};
use crate::engine::{Input, Now, Output, Report, Settings, ZinoEvent};
use crate::execute::zino_reads::{Found, Snapshot};
use crate::time::Stamp;

struct Running {
    engine: Engine,
    secs: u64,
    beats: u32,
    reply: Result<(), ArgusError>,
}

impl Running {
    fn new(threshold: Option<u32>) -> Self {
        let settings = Settings { failover_threshold: threshold, signs_of_life: true, ..settings() };
        let mut running = Self { engine: Engine::new(settings), secs: 0, beats: 0, reply: Ok(()) };
        running.step(Input::Zino(ZinoEvent::Connected));
        running.step(Input::Zino(ZinoEvent::Snapshot(Snapshot::default())));
        running
    }

    /// One input, and the answers of an empty Argus and an empty Zino to all that follows.
    fn step(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let now = Now { mono: Duration::from_secs(self.secs), wall: Stamp::from_secs(1_795_376_392) };
            for output in self.engine.step(now, input) {
                inputs.extend(self.answer(output));
            }
        }
    }

    fn answer(&mut self, output: Output) -> Option<Input> {
        let report = match output {
            Output::Argus(Job::SignOfLife) => {
                self.beats += 1;
                Report::SignOfLife(self.reply.clone())
            }
            Output::Argus(Job::Page(..)) => listed(Ok(Page { items: vec![], more: false })),
            Output::Argus(Job::CountOpen(_)) => counted(Ok(0)),
            Output::Argus(Job::Reach) => Report::Reach(Ok(())),
            Output::Argus(Job::Newest(..)) => newest(Ok(Page { items: vec![], more: false })),
            Output::Zino(crate::engine::ZinoCommand::Read(ids)) => {
                let found = Found { unknown: ids.clone(), asked: ids, ..Found::default() };
                return Some(Input::Zino(ZinoEvent::Found(found)));
            }
            _ => return None,
        };
        Some(Input::Argus(report))
    }

    fn minutes(&mut self, minutes: u64) -> u32 {
        let before = self.beats;
        for _ in 0..minutes * 60 {
            self.secs += 1;
            self.step(Input::Tick);
        }
        self.beats - before
    }
}

#[test]
fn argus_gets_a_sign_of_life_every_minute_while_zino_is_read() {
    let mut running = Running::new(None);
    assert_eq!(running.beats, 1);
    assert_eq!(running.minutes(10), 10);
    running.step(Input::Zino(ZinoEvent::Disconnected));
    assert_eq!(running.minutes(10), 0);
    running.step(Input::Zino(ZinoEvent::Connected));
    assert_eq!(running.minutes(1), 0, "connected is not read");
    running.step(Input::Zino(ZinoEvent::Snapshot(Snapshot::default())));
    assert!(running.minutes(10) >= 9);
}

#[test]
fn a_standby_gives_no_sign_of_life() {
    let mut running = Running::new(Some(2));
    assert_eq!(running.minutes(10), 0);
    running.step(ping(running.secs, false));
    running.step(ping(running.secs, false));
    assert!(running.minutes(10) >= 9);
    running.step(ping(running.secs, true));
    running.step(ping(running.secs, true));
    assert_eq!(running.minutes(10), 0);
}

#[test]
fn an_argus_that_takes_no_signs_of_life_is_left_in_peace() {
    let mut running = Running::new(None);
    running.reply = Err(ArgusError::Request { status: 404, why: "not found".into() });
    assert_eq!(running.minutes(10), 1);
    let mut running = Running::new(None);
    running.reply = Err(ArgusError::Busy("restarting".into()));
    assert_eq!(running.minutes(10), 10);
}
