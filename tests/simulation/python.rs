//! What the Python program left behind before this one was started: incidents that say only by
//! their tags what they are about, and times that are an hour off in winter. Nothing here happens
//! later.

use crate::argus::ByPerson;
use crate::facts::problem_text;
use crate::world::{US, World};
use crate::zino::fresh_case;
use zinoargus::argus::models::EventKind;
use zinoargus::reconcile::render::{closing, entry_text, new_incident, plain_number};
use zinoargus::reconcile::rules::Rules;
use zinoargus::zino::case::{Case, CaseId, CaseState};

const SECOND: i64 = 1_000_000;
const WORDS: [&str; 3] = ["first", "on it", "a line\nand another"];

/// Cases of some problems, and what the Python program made of them before it was stopped.
pub fn leave_behind(world: &mut World) {
    let off = if world.rng.chance(500) { 3600 } else { 0 };
    let domain = if world.rng.chance(300) { "old.example.com" } else { "example.org" };
    let rules = Rules { domain: domain.into(), ..crate::driver::rules(0, world.scenario) };
    let mut age = 7200 * SECOND;
    for problem in 0..8 {
        age -= world.rng.below(300_000_000) as i64;
        if world.rng.chance(700) {
            one_case(world, problem, age, off, &rules);
        }
    }
    world.note_lives();
}

fn one_case(world: &mut World, problem: u64, age: i64, off: i64, rules: &Rules) {
    let opened = world.now - age;
    let Some(id) = world.zinos.first_mut().and_then(|zino| zino.open(opened, fresh_case(problem))) else { return };
    for n in 0..world.rng.below(4) as i64 {
        let (at, words) = (opened + (n + 1) * 97 * SECOND, world.rng.pick(&WORDS).unwrap_or_default());
        let Some(zino) = world.zinos.first_mut() else { return };
        zino.add_history(at, id, "ford", words);
    }
    let Some(case) = case_of(world, id) else { return };
    let new = new_incident(&case, rules, plain_number(&case));
    let Ok(incident) = world.argus.create(opened, &new) else { return };
    world.argus.by_python.insert(incident.pk, (problem_text(&case), id, case.opened.secs()));
    if let Some(incident) = world.argus.incidents.get_mut(&incident.pk) {
        (incident.made_for, incident.start_time) = (None, incident.start_time.plus_secs(off));
    }
    for entry in case.history.iter().skip(1) {
        if world.rng.chance(800) {
            let at = entry.at.plus_secs(off);
            world.argus.event(entry.at.micros(), incident.pk, US, EventKind::Other, at, &entry_text(entry));
        }
    }
    if world.rng.chance(250) {
        ends(world, id, incident.pk, off);
    }
}

/// The case closes, and the Python program may have ended its incident.
fn ends(world: &mut World, id: CaseId, pk: i64, off: i64) {
    let at = world.now - 1500 * SECOND;
    if let Some(zino) = world.zinos.first_mut() {
        zino.set_state(at, id, &CaseState::Closed, "ford");
    }
    let Some(closing) = case_of(world, id).as_ref().and_then(closing) else { return };
    if world.rng.chance(700) {
        world.argus.end_by_us(at, pk, closing.at.plus_secs(off), &closing.text);
    }
}

fn case_of(world: &World, id: CaseId) -> Option<Case> {
    world.zinos.first().and_then(|zino| zino.cases.get(&id)).map(|held| held.case.clone())
}

/// A tag that looks like one of ours, where a person tags something.
pub fn misleading(world: &mut World, action: ByPerson) -> ByPerson {
    const TAGS: [&str; 5] =
        ["host=r0.example.org", "host=r1.example.org", "host=r2", "event_type=alarm", "event_type=reachability"];
    match action {
        ByPerson::Tag(_) => ByPerson::TagFirst(world.rng.pick(&TAGS).unwrap_or_default().to_owned()),
        action => action,
    }
}
