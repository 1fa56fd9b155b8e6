//! A deterministic simulation: the machine, the jobs and the deliveries of production against an in-memory Zino and an in-memory
//! Argus, with people and faults that a seed decides.
//!
//! `SEEDS=100000 cargo test --release --test simulation` runs that many (`FIRST_SEED=50000` begins there);
//! `SEED=17 SCENARIO=alone cargo test --test simulation replay` replays one and prints its trace, with what the program logs.
//!
//! That it can fail was tried by breaking rules on purpose, one at a time, with 400 seeds of each scenario. What caught each first:
//!
//! | broken rule | caught by |
//! |---|---|
//! | an event of unknown outcome is posted again without a look | alone 0, 22, 62, amnesia 0 |
//! | it is posted again after one look, not two | alone 61, 378, amnesia 61, proxy 386 |
//! | every incident without a case is ended, not only those surely scavenged | amnesia 85, 223, 295, cron 162 |
//! | the latest entry proves any act of the same text, instead of counting them | alone 2, 3, 7, 21 |
//! | incidents are created before Argus' lists are read | cron 0, 1, 2 |
//! | an END that Argus lost is not posted again | twins 120 |
//! | an incident is matched by its number only | amnesia 4, 15, 20, failover 3 |
//! | history is taken for told by its second, whatever it says | alone 204, 230, amnesia 158 |
//! | a secondary writes as soon as it has taken over | cuts 1, 2, 5 |
//! | tags that people added say what an incident is about | python 17, 37, 49 |
//! | events of the Python program that are an hour off are not known | python 1, 2, 5 |
//! | acts from before an adopting case was surely open do not count | failover 36, twins 169, amnesia 62, beside 3 |
//! | a list goes on behind the second in which a page ends | crowds 448, `what_began_in_one_second_...` |
//! | where a list does not tell everything, no problem is looked for by itself | `what_began_in_one_second_...` |
//!
//! Three breaks were not caught: that a person's close does not stand (the end is the same, the
//! incident was open for a moment; the tests of `sync/plan.rs` see it), that numbers given out
//! twice are not looked for (too rare; those of `sync/orphan.rs` see it), and that a case is not
//! looked at when something happens to its own incident while it lives in another one (too rare;
//! `situations/duplicates.rs` sees it).

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

mod argus;
mod driver;
mod facts;
mod invariants;
mod python;
mod refusals;
mod rng;
mod situations;
mod told;
mod unwilling;
mod world;
mod zino;

use driver::Driver;
use world::Scenario;
use zinoargus::argus::models::Event;
use zinoargus::zino::case::Case;

/// One instance and one Zino that never forgets; the process may be killed.
const ALONE: Scenario = Scenario {
    instances: 1,
    zinos: 1,
    failover: false,
    amnesia: false,
    kills: true,
    reloads: false,
    single: false,
    doubles: false,
    unwilling: false,
    slow: false,
    cuts: false,
    python: false,
    beside: false,
    crowds: false,
};

const SCENARIOS: [(&str, Scenario); 14] = [
    ("alone", ALONE),
    ("amnesia", Scenario { amnesia: true, ..ALONE }),
    ("twins", Scenario { instances: 2, ..ALONE }),
    ("failover", Scenario { instances: 2, zinos: 2, failover: true, ..ALONE }),
    ("cuts", Scenario { instances: 2, zinos: 2, failover: true, cuts: true, ..ALONE }),
    ("reloads", Scenario { instances: 2, zinos: 2, failover: true, reloads: true, ..ALONE }),
    ("cron", Scenario { instances: 2, amnesia: true, single: true, ..ALONE }),
    ("proxy", Scenario { doubles: true, ..ALONE }),
    ("filter", Scenario { unwilling: true, ..ALONE }),
    ("filters", Scenario { unwilling: true, instances: 2, zinos: 2, failover: true, ..ALONE }),
    ("slow", Scenario { amnesia: true, slow: true, ..ALONE }),
    ("python", Scenario { python: true, ..ALONE }),
    ("beside", Scenario { instances: 2, zinos: 2, failover: true, kills: false, beside: true, ..ALONE }),
    ("crowds", Scenario { amnesia: true, crowds: true, ..ALONE }),
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
    let both_active = scenario.failover && (scenario.beside || seed.is_multiple_of(3));
    let result = driver.calm(both_active).and_then(|()| invariants::check(&driver));
    result.map_err(|rule| {
        let trace = driver.world.borrow().trace.join("\n");
        format!("{trace}\n{name} seed {seed}: {rule}\nreplay: SCENARIO={name} SEED={seed} cargo test --test simulation replay")
    })
}

/// So many seeds, unless `SEEDS` says otherwise: each takes some hundredths of a second, one of single runs ten times that.
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

/// Seeds that once found a bug: what an in-flight job found about a number that had come to mean
/// another case (amnesia 15), a look that was asked for during another and forgotten (amnesia 385),
/// words on a case that closed while nobody looked (alone 70, 508), an act that was dated back
/// (alone 24), an incident adopted after it had ended for something else (failover 30), work that
/// began while Zino had not yet told of every case (alone 1150), an instance's outdated RES that
/// kept an incident open (twins 88), two incidents because another Zino kept that of a closed case
/// open (failover 1042), a case closed nine hours after its incident (alone 2870, 2782), acts of a
/// long pause in reading (alone 4897), acts told twice by way of two incidents (failover 931,
/// amnesia 7987), an END and a RES by turns because a closed case ended what its problem's open
/// case had taken (failover 399), an incident ended as scavenged by the witness of cases that Zino
/// had forgotten itself (amnesia 3173), an incident whose creation nobody heard of (alone 7884), an
/// incident found by its number and kept to itself (amnesia 2352), a stale assignment (failover
/// 7835), clocks compared (amnesia 764), a long-ended incident that a person reopened (alone
/// 22378), numbers given out again unseen (amnesia 11941), two instances that each took what the
/// other's closed case had (failover 14508), a story told again beside the case's own long-ended
/// incident (failover 15319), an old closed case posted anew by every run (cron 178, 999), people's
/// acts that a Zino with an older state lacked again (amnesia 935), an incident closed and reopened
/// between the two lists of who knew none of his own (reloads 29662, 54246), a reopened case that
/// stood behind a newer one which had closed meanwhile (reloads 65526), another Zino's incident
/// left beside the problem's own after the hand-back (reloads 85382), an act on a case's own
/// long-ended incident while another one covered the case (reloads 98588), a case that opened and
/// closed unseen after Zino had forgotten all others (amnesia 23368, 24987), a number that was
/// known to be taken and asked for by every run (cron 11927), an incident ended as scavenged a day
/// after Zino had forgotten its case (cron 18978), an incident that an open case had taken and an
/// earlier one, found later, owned (failover 24136), numbers given out again while a case of the
/// earlier life was still to be delivered (amnesia 65993), a forgotten case whose only trace was
/// gone before it was on record (amnesia 73678), an incident that a job found reopened and left
/// beside the one that it had chosen (amnesia 93784), a case that opened and closed unseen, asked
/// for just as the connection broke off (amnesia 95395), the first case of all, which opened and
/// closed unseen (failover 1415). In twins 67865 it was the invariant that looked for a story in
/// the wrong incident.
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
        ("failover", 1042),
        ("alone", 2870),
        ("alone", 2782),
        ("alone", 4897),
        ("failover", 931),
        ("amnesia", 7987),
        ("failover", 399),
        ("amnesia", 3173),
        ("alone", 7884),
        ("amnesia", 2352),
        ("failover", 7835),
        ("amnesia", 764),
        ("alone", 22378),
        ("amnesia", 11941),
        ("failover", 14508),
        ("failover", 15319),
        ("cron", 178),
        ("cron", 999),
        ("amnesia", 935),
        ("reloads", 29662),
        ("reloads", 54246),
        ("reloads", 65526),
        ("reloads", 85382),
        ("reloads", 98588),
        ("amnesia", 23368),
        ("amnesia", 24987),
        ("cron", 11927),
        ("cron", 18978),
        ("failover", 24136),
        ("amnesia", 65993),
        ("amnesia", 73678),
        ("amnesia", 93784),
        ("amnesia", 95395),
        ("failover", 1415),
        ("twins", 67865),
    ];
    for (name, seed) in seeds {
        if let Err(failure) = run(name, seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn a_new_case_costs_one_post_and_a_quiet_refresh_two_requests() {
    let mut driver = Driver::new(1, scenario("alone"));
    for n in 0..50 {
        let mut world = driver.world.borrow_mut();
        let now = world.now;
        let case = Case { router: format!("r{n}").into(), ..zino::fresh_case(0) };
        world.zinos.first_mut().and_then(|zino| zino.open(now, case)).expect("a case opens");
    }
    let (reads, writes) = driver.still(20);
    assert_eq!(writes, 50, "one POST for each case");
    assert!(reads <= 4, "a few lists, and not {reads} requests");
    driver.still(60);
    assert_eq!(driver.still(180), (12, 0), "the newest events and the number of open incidents, every 30 s");
}

#[test]
fn what_is_too_much_for_one_turn_is_told_in_pieces_once_and_holds_up_nobody() {
    let mut driver = Driver::new(1, scenario("alone"));
    {
        let world = &mut *driver.world.borrow_mut();
        let zino = world.zinos.first_mut().expect("a zino");
        let long = zino.open(world.now, zino::fresh_case(0)).expect("a case opens");
        for n in 0..200 {
            zino.add_history(world.now, long, "ford", &format!("entry {n}"));
        }
        zino.open(world.now, zino::fresh_case(1)).expect("another opens");
    }
    driver.still(60);
    let (first, last) = {
        let world = driver.world.borrow();
        let of = |number: &str| {
            world.argus.incidents.values().find(|i| *i.source_incident_id == *number).expect("it is there").pk
        };
        let position = |found: &dyn Fn(&Event) -> bool| world.argus.events.iter().position(found);
        let (long, other) = (of("1"), of("2"));
        assert_eq!(world.argus.events_of(long).len(), 201, "one for each entry, and the beginning");
        (position(&|e| e.incident == other), world.argus.events.iter().rposition(|e| e.incident == long))
    };
    assert!(first < last, "the other case has its incident before all of the long history is told");
    {
        let world = &mut *driver.world.borrow_mut();
        for _ in 0..120 {
            let at = world.argus.stamp(world.now);
            let pk = world.argus.incidents.keys().next().copied().expect("an incident");
            world.argus.person(world.now, pk, &argus::PersonsAct::Acknowledge("on it".into()), at);
        }
    }
    driver.still(120);
    let world = driver.world.borrow();
    let case = world.zinos.first().and_then(|zino| zino.cases.values().find(|held| held.case.history.len() > 100));
    let ours = case.expect("it is there").case.history.iter().filter(|e| e.author() == Some(world::OUR_USER)).count();
    assert_eq!(ours, 120);
}

/// Ten cases of one second, and two of a later one, so that a page ends within the ten.
fn crowd(driver: &Driver) {
    let world = &mut *driver.world.borrow_mut();
    let Some(zino) = world.zinos.first_mut() else { return };
    for problem in 0..12 {
        let later = if problem < 10 { 0 } else { 2_000_000 };
        zino.open(world.now + later, zino::fresh_case(problem));
    }
}

#[test]
fn what_began_in_one_second_has_one_incident_each_also_under_other_numbers_and_where_argus_gives_few_at_a_time() {
    for bound in [None, Some(1)] {
        let mut driver = Driver::new(1, scenario("alone"));
        driver.world.borrow_mut().argus.bound = bound;
        crowd(&driver);
        driver.still(3600);
        assert_eq!(driver.world.borrow().argus.incidents.len(), 12);
        {
            let world = &mut *driver.world.borrow_mut();
            // So that the newest events do not tell of them any more.
            let at = world.argus.stamp(world.now);
            world.argus.person(world.now, 1, &argus::PersonsAct::Comment, at);
            let zino = world.zinos.first_mut().expect("a zino");
            zino.restart(world.now, false);
            zino.next = 100;
            world.dead.insert(0);
        }
        crowd(&driver);
        driver.still(300);
        let world = driver.world.borrow();
        let open = world.argus.incidents.values().filter(|incident| incident.is_open()).count();
        assert_eq!(
            (open, world.argus.incidents.len()),
            (12, 12),
            "the program that starts finds those that it had made"
        );
    }
}

#[test]
fn replay() {
    let (Ok(name), Ok(seed)) = (std::env::var("SCENARIO"), std::env::var("SEED")) else {
        return;
    };
    told::listen();
    if let Err(failure) = run(&name, seed.parse().expect("SEED is a number")) {
        panic!("{failure}");
    }
}
