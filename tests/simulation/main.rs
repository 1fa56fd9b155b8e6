//! A deterministic simulation: the machine, the jobs and the errands of production against an in-memory Zino and an in-memory
//! Argus, with people and faults that a seed decides.
//!
//! `SEEDS=100000 cargo test --release --test simulation` runs that many; `SEED=17 SCENARIO=alone cargo test --test simulation
//! replay` replays one and prints its trace.
//!
//! That it can fail was tried by breaking rules on purpose, one at a time, with 400 seeds. What caught each first:
//!
//! | broken rule | caught by |
//! |---|---|
//! | an event of unknown outcome is posted again without a look | alone 82, alone 346, amnesia 82 |
//! | it is posted again after one look, not two | alone 82, alone 346 |
//! | every incident without a case is ended, not only those surely scavenged | amnesia 113, 206, 242, 291 |
//! | the latest entry proves any act of the same text, instead of counting them | alone 19, 20, 21, 23 |
//! | a person's close does not stand | failover 106 |
//! | incidents are created before Argus' lists are read | failover 313 |
//! | an END that Argus lost is not posted again | twins 118 |

mod argus;
mod driver;
mod invariants;
mod rng;
mod world;
mod zino;

use driver::Driver;
use world::Scenario;
use zinoargus::zino::case::Case;

const SCENARIOS: [(&str, Scenario); 5] = [
    ("alone", Scenario { instances: 1, zinos: 1, failover: false, amnesia: false, kills: true, reloads: false }),
    ("amnesia", Scenario { instances: 1, zinos: 1, failover: false, amnesia: true, kills: true, reloads: false }),
    ("twins", Scenario { instances: 2, zinos: 1, failover: false, amnesia: false, kills: true, reloads: false }),
    ("failover", Scenario { instances: 2, zinos: 2, failover: true, amnesia: false, kills: true, reloads: false }),
    ("reloads", Scenario { instances: 2, zinos: 2, failover: true, amnesia: false, kills: true, reloads: true }),
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
fn a_reload_at_any_moment_loses_and_doubles_nothing() {
    run_many("reloads");
}

/// Seeds that once found a bug: what an in-flight job found about a number that had come to mean another case (amnesia 15), a look
/// that was asked for during another and forgotten (amnesia 385), words on a case that closed while nobody looked (alone 70, 508), an
/// act that was dated back (alone 24), an incident adopted after it had ended for something else (failover 30), work that began while
/// Zino had not yet told of every case (alone 1150), an instance's outdated RES that kept an incident open (twins 88).
#[test]
fn what_once_went_wrong_stays_right() {
    let seeds = [
        ("amnesia", 15),
        ("amnesia", 385),
        ("alone", 70),
        ("alone", 508),
        ("alone", 24),
        ("failover", 30),
        ("alone", 1150),
        ("twins", 88),
    ];
    for (name, seed) in seeds {
        if let Err(failure) = run(name, seed) {
            panic!("{failure}");
        }
    }
}

/// Two Zinos that disagree about one problem can leave two incidents of it open for the eight hours in which the primary still holds
/// its closed case: known, and not mended yet.
#[test]
#[ignore = "known: the incident of a closed case that another Zino keeps open is not adopted by the problem's next case"]
fn the_next_case_of_a_problem_takes_the_incident_that_another_zino_keeps_open() {
    if let Err(failure) = run("failover", 1042) {
        panic!("{failure}");
    }
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
