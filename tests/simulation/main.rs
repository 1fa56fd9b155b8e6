//! A deterministic simulation: the machine, the jobs and the errands of production against an in-memory Zino and an in-memory
//! Argus, with people and faults that a seed decides.
//!
//! `SEEDS=100000 cargo test --release --test simulation` runs that many; `SEED=17 SCENARIO=alone` replays one and prints its
//! trace.

mod argus;
mod driver;
mod invariants;
mod rng;
mod world;
mod zino;

use driver::Driver;
use world::Scenario;
use zinoargus::zino::case::Case;

const SCENARIOS: [(&str, Scenario); 4] = [
    ("alone", Scenario { instances: 1, zinos: 1, failover: false, amnesia: false, kills: true }),
    ("amnesia", Scenario { instances: 1, zinos: 1, failover: false, amnesia: true, kills: true }),
    ("twins", Scenario { instances: 2, zinos: 1, failover: false, amnesia: false, kills: true }),
    ("failover", Scenario { instances: 2, zinos: 2, failover: true, amnesia: false, kills: true }),
];

fn scenario(name: &str) -> Scenario {
    let found = SCENARIOS.iter().find(|(n, _)| *n == name);
    found.map(|(_, s)| *s).unwrap_or_else(|| panic!("no scenario is called {name}"))
}

/// Runs one seed; the error is what was not true, with the trace.
fn run(name: &str, seed: u64) -> Result<(), String> {
    let scenario = scenario(name);
    let mut driver = Driver::new(seed, scenario);
    driver.storm(150 + seed % 200);
    let both_active = scenario.failover && seed.is_multiple_of(3);
    let result = driver.calm(both_active).and_then(|()| invariants::check(&driver));
    result.map_err(|rule| {
        let trace = driver.world.borrow().trace.join("\n");
        format!("{trace}\n{name} seed {seed}: {rule}\nreplay: SCENARIO={name} SEED={seed} cargo test --test simulation replay")
    })
}

fn run_many(name: &str) {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let mut failures = Vec::new();
    for seed in 0..seeds {
        if let Err(failure) = run(name, seed) {
            failures.push((seed, failure));
            if failures.len() >= 5 {
                break;
            }
        }
    }
    if let Some((_, first)) = failures.first() {
        let all: Vec<String> = failures.iter().filter_map(|(_, f)| f.lines().rev().nth(1).map(str::to_owned)).collect();
        panic!("{first}\n\nall failures:\n{}", all.join("\n"));
    }
}

#[test]
fn one_instance_puts_everything_right_after_any_faults() {
    run_many("alone");
}

#[test]
fn a_zino_that_forgets_its_cases_closes_nothing() {
    run_many("amnesia");
}

#[test]
fn two_instances_on_one_source_do_not_fight() {
    run_many("twins");
}

#[test]
fn a_secondary_takes_over_and_hands_back() {
    run_many("failover");
}

#[test]
fn a_new_case_costs_one_post_and_a_quiet_refresh_one_request() {
    let mut driver = Driver::new(1, scenario("alone"));
    for n in 0..50 {
        let mut world = driver.world.borrow_mut();
        let now = world.now;
        let case = Case { router: format!("r{n}"), ..zino::fresh_case(0) };
        world.zinos.first_mut().and_then(|zino| zino.open(now, case)).expect("a case opens");
    }
    let (reads, writes) = driver.still(20);
    assert_eq!(writes, 50, "one POST for each case");
    assert!(reads <= 4, "a few lists, and not {reads} requests");
    driver.still(60);
    assert_eq!(driver.still(180), (6, 0), "one request for each 30 s");
}

#[test]
fn replay() {
    let (Ok(name), Ok(seed)) = (std::env::var("SCENARIO"), std::env::var("SEED")) else {
        return;
    };
    if let Err(failure) = run(&name, seed.parse().expect("SEED is a number")) {
        panic!("{failure}");
    }
}
