//! What a engine in STANDBY asks and says, input by input. Never part of the program.

use super::{newest, ping, settings};
use crate::argus::ArgusError;
use crate::argus::models::Page;
use crate::engine::*;
use crate::execute::zino_reads::{Found, Snapshot};
use crate::failover::Answer;
use crate::failover::Ping;
use crate::reconcile::testing::case;
use crate::time::Stamp;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::cell::RefCell;
use std::sync::Once;

thread_local! {
    /// What this test's own engine has logged.
    static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

struct Collect;

impl Log for Collect {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with_borrow_mut(|lines| lines.push((record.level(), record.args().to_string())));
    }

    fn flush(&self) {}
}

/// From now on this test's lines are kept.
pub fn collect() {
    static COLLECT: Once = Once::new();
    COLLECT.call_once(|| {
        log::set_boxed_logger(Box::new(Collect)).unwrap();
        log::set_max_level(LevelFilter::Info);
    });
}

/// A secondary, and the time.
struct Secondary {
    engine: Engine,
    secs: u64,
}

impl Secondary {
    fn new() -> Self {
        collect();
        let engine = Engine::new(Settings { failover_threshold: Some(2), ..settings() });
        said();
        Self { engine, secs: 0 }
    }

    fn now(&self) -> Now {
        Now { mono: Duration::from_secs(self.secs), wall: Stamp::from_secs(1_795_376_392) }
    }

    fn step(&mut self, input: Input) -> Vec<Output> {
        let now = self.now();
        self.engine.step(now, input)
    }

    /// Goes on to the second at which the engine wants to be woken.
    fn sleep(&mut self) -> Vec<Output> {
        let at = self.engine.next_wake(Duration::from_secs(self.secs)).unwrap();
        self.secs = at.as_secs();
        self.step(Input::Tick)
    }

    fn zino_comes(&mut self) -> Vec<Output> {
        self.step(Input::Zino(ZinoEvent::Connected));
        let cases = vec![case(1)];
        self.step(Input::Zino(ZinoEvent::Snapshot(Snapshot { ids: [1].into(), cases })))
    }

    fn zino_goes(&mut self) {
        self.step(Input::Zino(ZinoEvent::Disconnected));
    }

    fn argus_says(&mut self, answer: Result<(), ArgusError>) -> Vec<Output> {
        self.step(Input::Argus(Report::Proved(answer)))
    }

    /// One question to the primary. What asks whether Argus is there gets an answer, and is left
    /// out.
    fn ping(&mut self, up: bool) -> Vec<Output> {
        let mut outputs = self.step(ping(self.secs, up));
        let before = outputs.len();
        outputs.retain(|output| !matches!(output, Output::Argus(Job::Reach)));
        if outputs.len() < before {
            outputs.extend(self.step(Input::Argus(Report::Reach(Ok(())))));
        }
        outputs
    }
}

/// The lines since the last call, with their level's first letter.
pub fn said() -> Vec<String> {
    let lines = LINES.take();
    lines.into_iter().map(|(level, line)| format!("{} {line}", &level.as_str()[..1])).collect()
}

fn asks_one_page(outputs: &[Output]) -> bool {
    let asked = |o: &&Output| matches!(o, Output::Argus(Job::Prove(_)));
    outputs.iter().filter(asked).count() == 1 && argus_jobs(outputs) == 1
}

fn argus_jobs(outputs: &[Output]) -> usize {
    outputs.iter().filter(|o| matches!(o, Output::Argus(_))).count()
}

fn away() -> Result<(), ArgusError> {
    Err(ArgusError::Refused("connection refused".to_owned()))
}

#[test]
fn one_page_of_argus_is_read_once_zino_is_and_then_hourly() {
    let mut secondary = Secondary::new();
    assert!(secondary.step(Input::Zino(ZinoEvent::Connected)).is_empty());
    assert!(asks_one_page(&secondary.zino_comes()));
    assert_eq!(argus_jobs(&secondary.step(Input::Tick)), 0);
    assert_eq!(argus_jobs(&secondary.argus_says(Ok(()))), 0);
    assert_eq!(said(), ["I a takeover would work: our own Zino is read, and Argus takes our token"]);
    let mut asked_at = Vec::new();
    while secondary.secs < 7200 {
        let outputs = secondary.sleep();
        if argus_jobs(&outputs) > 0 {
            assert!(asks_one_page(&outputs));
            asked_at.push(secondary.secs);
            secondary.argus_says(Ok(()));
        }
    }
    assert_eq!(asked_at, [3600, 7200]);
    assert!(said().is_empty());
}

#[test]
fn one_warning_while_argus_is_away_and_one_line_when_it_is_back() {
    let mut secondary = Secondary::new();
    secondary.zino_comes();
    for minute in 0..5 {
        assert_eq!(secondary.secs, minute * 60);
        assert_eq!(argus_jobs(&secondary.argus_says(away())), 0);
        assert!(asks_one_page(&secondary.sleep()));
    }
    assert_eq!(said(), ["W a takeover would fail now: Argus cannot be reached: connection refused"]);
    secondary.argus_says(Ok(()));
    assert_eq!(said(), ["W a takeover would work again"]);
}

#[test]
fn a_refused_token_is_a_warning_that_says_what_to_do_and_never_the_end() {
    let mut secondary = Secondary::new();
    secondary.zino_comes();
    secondary.argus_says(away());
    said();
    secondary.sleep();
    for _ in 0..3 {
        let outputs = secondary.argus_says(Err(ArgusError::Unauthorized("Invalid token.".to_owned())));
        assert!(outputs.is_empty(), "{outputs:?}");
        secondary.sleep();
    }
    let lines = said();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("W a takeover would fail now: Argus refuses our token (Invalid token.). Argus deletes")
    );
}

#[test]
fn a_lost_zino_is_one_warning_until_it_is_read_again() {
    let mut secondary = Secondary::new();
    secondary.zino_comes();
    secondary.argus_says(Ok(()));
    said();
    secondary.zino_goes();
    secondary.step(Input::Tick);
    secondary.step(Input::Zino(ZinoEvent::Connected));
    secondary.zino_goes();
    assert_eq!(said(), ["W a takeover would fail now: our own Zino is not connected"]);
    secondary.zino_comes();
    assert_eq!(said(), ["W a takeover would work again"]);
}

#[test]
fn a_zino_that_never_comes_is_told_after_a_moment_and_argus_is_read_all_the_same() {
    let mut secondary = Secondary::new();
    assert!(secondary.step(Input::Tick).is_empty());
    assert!(asks_one_page(&secondary.sleep()));
    assert_eq!(secondary.secs, 30);
    assert_eq!(said(), ["W a takeover would fail now: our own Zino is not connected"]);
    secondary.argus_says(away());
    assert_eq!(
        said(),
        ["W a takeover would fail now: our own Zino is not connected; Argus cannot be reached: connection refused"]
    );
}

#[test]
fn a_takeover_begins_with_its_own_look_and_a_hand_back_proves_again() {
    let mut secondary = Secondary::new();
    secondary.zino_comes();
    secondary.argus_says(Ok(()));
    secondary.ping(false);
    assert!(matches!(secondary.ping(false)[..], [Output::Argus(Job::Newest(..))]));
    secondary.ping(true);
    assert_eq!(argus_jobs(&secondary.ping(true)), 0, "the look under way is awaited");
    let outputs = secondary.step(Input::Argus(newest(Ok(Page { items: Vec::new(), more: false }))));
    assert!(asks_one_page(&outputs));
}

#[test]
fn a_takeover_while_the_proof_is_under_way_takes_nothing_from_its_page() {
    let mut secondary = Secondary::new();
    assert!(asks_one_page(&secondary.zino_comes()));
    secondary.ping(false);
    assert!(matches!(secondary.ping(false)[..], [Output::Argus(Job::Newest(..))]), "it does not wait for the page");
    let outputs = secondary.argus_says(Err(ArgusError::Unauthorized("Invalid token.".to_owned())));
    assert!(outputs.is_empty(), "{outputs:?}");
    assert_eq!(secondary.engine.known(), (1, 0));
}

#[test]
fn standby_writes_nothing_whatever_happens_to_its_cases() {
    let mut secondary = Secondary::new();
    secondary.zino_comes();
    secondary.argus_says(Ok(()));
    let mut closed = crate::reconcile::testing::closed(case(1), 60);
    closed.priority = 900;
    let cases = vec![closed, case(2)];
    let found = Found { asked: vec![1, 2], cases, ..Found::default() };
    assert!(secondary.step(Input::Zino(ZinoEvent::Found(found))).is_empty());
    assert!(secondary.step(Input::Zino(ZinoEvent::Scavenged(1))).is_empty());
}

#[test]
fn a_primary_that_cannot_be_asked_is_one_warning_until_it_can() {
    let mut secondary = Secondary::new();
    secondary.zino_comes();
    secondary.argus_says(Ok(()));
    said();
    let ask = |secondary: &mut Secondary, answer| {
        let asked_at = Duration::from_secs(secondary.secs);
        secondary.step(Input::Ping(Ping { asked_at, answer }));
    };
    for _ in 0..5 {
        ask(&mut secondary, Answer::Unasked("the name primary.example has no address".to_owned()));
    }
    let expected = "W a takeover would fail now: the primary cannot be asked: the name primary.example has no address";
    assert_eq!(said(), [expected]);
    ask(&mut secondary, Answer::Uptime(7));
    assert_eq!(said(), ["W a takeover would work again"]);
    secondary.ping(false);
    secondary.ping(false);
    said();
    for _ in 0..5 {
        ask(&mut secondary, Answer::Unasked("no route".to_owned()));
    }
    assert_eq!(said(), ["W the primary cannot be asked, so that this instance stays ACTIVE: no route"]);
    ask(&mut secondary, Answer::Silence("no answer".to_owned()));
    assert_eq!(said(), ["W the primary can be asked again"]);
}
