//! Examples that were written from the design alone, by nobody who knew the code. What `decide` said
//! to each is kept in `examples.jsonl`; this plays them again from what the servers hold.

use crate::driver::Driver;
use crate::facts::problem_text;
use crate::scenarios::scenario;
use crate::zino::Held;
use serde::Deserialize;
use zinoargus::argus::models::{Event, Incident};
use zinoargus::zino::case::Case;

/// How long a single run has.
const RUN: i64 = 60;

/// What both servers hold at the beginning.
#[derive(Deserialize)]
struct Example {
    name: String,
    cases: Vec<Case>,
    incidents: Vec<Incident>,
    events: Vec<Event>,
}

/// `EXAMPLES=FILE RECORD=FILE cargo test --test simulation play_examples` records the views of all
/// examples of a file, one a line.
#[test]
fn play_examples() {
    let Ok(file) = std::env::var("EXAMPLES") else { return };
    for line in std::fs::read_to_string(file).expect("EXAMPLES can be read").lines() {
        play(serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    }
}

/// One single run.
fn play(example: Example) {
    let mut driver = Driver::new(1, scenario("once"));
    {
        let world = &mut *driver.world.borrow_mut();
        world.argus.offset = 0;
        world.example = Some(example.name);
        for zino in &mut world.zinos {
            zino.offset = 0;
            for case in &example.cases {
                zino.next = zino.next.max(case.id);
                world.lives.insert((case.id, case.opened.secs(), problem_text(case)), case.is_closed());
                let closed = case.closed.map(|at| at.micros());
                zino.cases.insert(case.id, Held { opened: case.opened.micros(), closed, case: case.clone() });
            }
        }
        let argus = &mut world.argus;
        argus.next_pk = example.incidents.iter().map(|incident| incident.pk).max().unwrap_or_default();
        argus.next_event = example.events.iter().map(|event| event.pk).max().unwrap_or_default();
        argus.arrived = example.events.iter().map(|event| (event.pk, event.received.micros())).collect();
        argus.incidents = example.incidents.into_iter().map(|incident| (incident.pk, incident)).collect();
        argus.events = example.events;
    }
    driver.still(RUN);
}
