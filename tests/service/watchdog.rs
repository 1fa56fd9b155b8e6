//! The watchdog: fed while everything lives, and not while one thread hangs.

use crate::fake_zino::FakeZino;
use crate::little_argus::LittleArgus;
use crate::program::{Manager, Program, config};
use crossbeam_channel::bounded;
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zinoargus::engine::{Engine, Names, Settings};
use zinoargus::progress::{self, Progress};
use zinoargus::reconcile::rules::Rules;
use zinoargus::service::board::Board;
use zinoargus::service::notify::Notifier;
use zinoargus::threads::vitals::Vitals;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn the_watchdog_is_fed_also_while_both_servers_are_away() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::start(&text, Manager::new(), &[("WATCHDOG_USEC", "200000")]);
    program.manager.wait_for("READY=1", 1);
    drop((zino, argus));
    program.manager.wait_for_status("Zino CANNOT BE USED");
    let fed = program.manager.count("WATCHDOG=1");
    program.manager.wait_for("WATCHDOG=1", fed + 5);
}

#[test]
fn a_watchdog_of_another_process_is_not_fed() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let environment = [("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", "1")];
    let program = Program::start(&config(&zino, &argus), Manager::new(), &environment);
    program.manager.wait_for_status("1 open incidents, 0 waiting");
    assert_eq!(program.manager.count("WATCHDOG=1"), 0);
}

fn machine() -> Engine {
    let rules = Rules {
        server: "zino".into(),
        user: "argus".into(),
        domain: String::new(),
        acknowledged_state: None,
        acknowledge_history: false,
        acknowledge_from: Vec::new(),
        tickets: false,
        default_level: 3,
        filter: zinoargus::config::Filter::default(),
        incident: zinoargus::config::IncidentConfig::default(),
        level_rules: Vec::new(),
        bands: Vec::new(),
        secondary: false,
    };
    Engine::new(Settings {
        rules,
        connections: 1,
        refresh_interval: HOUR,
        full_interval: HOUR,
        orphan_grace: HOUR,
        failover_threshold: None,
        once: None,
        signs_of_life: false,
        renews_token: false,
        names: Names::default(),
    })
}

#[test]
fn one_thread_that_hangs_starves_the_watchdog_and_stands_in_the_status() {
    let manager = Manager::new();
    let notifier = Arc::new(Notifier::to(OsStr::new(&manager.name)).unwrap());
    let progress = Arc::new(Progress::new(Instant::now()));
    let mut vitals = Vitals::new(notifier, Arc::new(Board::new(Arc::clone(&progress))), Some(Duration::from_secs(60)));
    let (_watched, machine) = (progress.watch("state machine", 1000 * HOUR), machine());
    vitals.turn(HOUR, &machine);
    manager.wait_for("WATCHDOG=1", 1);

    let (hangs, hung) = bounded(0);
    let (free, freed) = bounded::<()>(0);
    let watched = Arc::clone(&progress);
    let thread = std::thread::spawn(move || {
        let _watched = watched.watch("argus writer 2", HOUR / 2);
        hangs.send(()).unwrap();
        freed.recv().unwrap();
        progress::rest();
        hangs.send(()).unwrap();
        freed.recv().unwrap();
    });
    hung.recv().unwrap();
    vitals.turn(2 * HOUR, &machine);
    // What is told comes in order: nothing was told before this.
    manager.wait_for_status("STANDS STILL: argus writer 2");
    assert_eq!(manager.count("WATCHDOG=1"), 1);

    free.send(()).unwrap();
    hung.recv().unwrap();
    vitals.turn(3 * HOUR, &machine);
    manager.wait_for("WATCHDOG=1", 2);
    free.send(()).unwrap();
    thread.join().unwrap();
}
