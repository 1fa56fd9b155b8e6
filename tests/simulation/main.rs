//! A deterministic simulation: the engine, the jobs and the deliveries of production against an
//! in-memory Zino and an in-memory Argus, with people and faults that a seed decides.
//!
//! `SEEDS=100000 cargo test --release --test simulation` runs that many (`FIRST_SEED=50000` begins
//! there); `SEED=17 SCENARIO=alone cargo test --test simulation replay` replays one and prints its
//! trace, with what the program logs. `TRACES=FILE` keeps a hash of each trace: two versions that
//! do the same write the same file.
//!
//! That it can fail is tried by `tests/simulation/breaks`, which breaks rules of the program on
//! purpose, one at a time, in a copy of the tree, and names the tests that see it.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

mod argus;
mod driver;
mod enumerate;
mod examples;
mod facts;
mod figures;
mod history;
mod invariants;
mod logged;
mod once_wrong;
mod python;
mod record;
mod refusals;
mod rng;
mod scenarios;
mod shown_states;
mod situations;
mod unwilling;
mod world;
mod zino;

use driver::Driver;
use scenarios::{Scenario, scenario};
use std::hash::{Hash, Hasher};
use std::io::Write;

/// Runs one seed; the error is what was not true, with the trace.
fn run(name: &str, seed: u64) -> Result<(), String> {
    run_in(Scenario { acknowledges: seed / 2 % 2 == 1, ..scenario(name) }, name, seed)
}

fn run_in(scenario: Scenario, name: &str, seed: u64) -> Result<(), String> {
    let mut driver = Driver::new(seed, scenario);
    driver.storm(150 + seed % 200);
    let both_active = scenario.failover && (scenario.beside || seed.is_multiple_of(3));
    let result = driver.calm(both_active).and_then(|()| invariants::check(&driver));
    note_trace(name, seed, &driver);
    result.map_err(|rule| {
        let trace = driver.world.borrow().trace.join("\n");
        format!("{trace}\n{name} seed {seed}: {rule}\nreplay: SCENARIO={name} SEED={seed} cargo test --test simulation replay")
    })
}

/// With `TRACES=FILE` appends a hash of what happened, so that two versions of the program can be
/// compared. What the program logged is left out.
fn note_trace(name: &str, seed: u64, driver: &Driver) {
    let Ok(file) = std::env::var("TRACES") else { return };
    let world = driver.world.borrow();
    let mut hasher = std::hash::DefaultHasher::new();
    world.trace.iter().filter(|line| !line.starts_with(logged::INDENT)).for_each(|line| line.hash(&mut hasher));
    let line = format!("{name} {seed} {:016x} {} writes\n", hasher.finish(), world.writes);
    let mut file = std::fs::File::options().create(true).append(true).open(file).expect("TRACES can be written");
    file.write_all(line.as_bytes()).expect("TRACES can be written");
}

/// So many seeds, unless `SEEDS` says otherwise: each takes some hundredths of a second, one of
/// single runs ten times that.
const DEFAULT_SEEDS: u64 = 150;
const DEFAULT_SEEDS_OF_SINGLE_RUNS: u64 = 30;

fn run_many(name: &str) {
    let default = if scenario(name).single { DEFAULT_SEEDS_OF_SINGLE_RUNS } else { DEFAULT_SEEDS };
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let mut failures = Vec::new();
    for seed in number("FIRST_SEED").unwrap_or(0)..number("SEEDS").unwrap_or(default) {
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
fn a_secondary_that_is_cut_off_itself_writes_nothing_when_its_network_returns() {
    run_many("cuts");
}

#[test]
fn a_reload_at_any_moment_loses_and_doubles_nothing() {
    run_many("reloads");
}

#[test]
fn single_runs_one_after_the_other_and_beside_each_other_put_everything_right() {
    run_many("cron");
}

#[test]
fn what_happens_while_a_slow_zino_is_read_completely_is_neither_lost_nor_undone() {
    run_many("slow");
}

#[test]
fn writes_that_a_proxy_sends_twice_are_not_doubled_again() {
    run_many("proxy");
}

#[test]
fn what_argus_refuses_or_accepts_without_effect_stops_nothing_else() {
    run_many("filter");
}

#[test]
fn what_argus_refuses_stops_nothing_else_in_a_failover() {
    run_many("filters");
}

#[test]
fn what_the_python_program_left_behind_is_gone_on_with() {
    run_many("python");
}

#[test]
fn two_zinos_beside_each_other_on_one_source_do_not_fight() {
    run_many("beside");
}

#[test]
fn many_cases_of_one_second_are_neither_lost_nor_doubled() {
    run_many("crowds");
}

#[test]
fn a_filter_that_is_narrowed_and_widened_ends_nothing_and_creates_what_is_open() {
    run_many("narrows");
}

#[test]
fn replay() {
    let (Ok(name), Ok(seed)) = (std::env::var("SCENARIO"), std::env::var("SEED")) else {
        return;
    };
    logged::listen();
    if let Err(failure) = run(&name, seed.parse().expect("SEED is a number")) {
        panic!("{failure}");
    }
}
