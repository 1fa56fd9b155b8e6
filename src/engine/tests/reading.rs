//! A complete reading of Zino that comes in parts: it counts as a whole or not at all. Never part of the program.

use super::settings;
use crate::engine::*;
use crate::reconcile::delivery::{Found, Snapshot};
use crate::reconcile::testing::case;
use crate::time::Stamp;

fn machine() -> Engine {
    Engine::new(settings())
}

fn tell(machine: &mut Engine, event: ZinoEvent) -> Vec<Output> {
    at(machine, 1, Input::Zino(event))
}

fn at(machine: &mut Engine, secs: u64, input: Input) -> Vec<Output> {
    let now = Now { mono: Duration::from_secs(secs), wall: Stamp::from_secs(1_795_376_392) };
    machine.step(now, input)
}

fn part(ids: &[CaseId]) -> ZinoEvent {
    ZinoEvent::Part(ids.iter().map(|id| case(*id)).collect())
}

fn end(ids: &[CaseId], rest: &[CaseId]) -> ZinoEvent {
    let cases = rest.iter().map(|id| case(*id)).collect();
    ZinoEvent::Snapshot(Snapshot { ids: ids.iter().copied().collect(), cases })
}

/// The cases that Zino is asked for.
fn asked(outputs: &[Output]) -> Vec<CaseId> {
    let asked = outputs.iter().filter_map(|output| match output {
        Output::Zino(ZinoCommand::Read(ids)) => Some(ids.clone()),
        _ => None,
    });
    asked.flatten().collect()
}

fn held(machine: &Engine) -> Vec<CaseId> {
    machine.all.problems.cases().all().map(|slot| slot.case.id).collect()
}

#[test]
fn all_parts_count_when_the_end_has_come() {
    let mut machine = machine();
    tell(&mut machine, ZinoEvent::Connected);
    tell(&mut machine, part(&[1, 2]));
    tell(&mut machine, part(&[3]));
    assert!(held(&machine).is_empty(), "half a reading says nothing");
    tell(&mut machine, end(&[1, 2, 3, 4], &[4]));
    assert_eq!(held(&machine), [1, 2, 3, 4]);
}

#[test]
fn what_is_as_it_was_is_not_asked_for_again_and_what_is_missing_is() {
    let mut machine = machine();
    tell(&mut machine, ZinoEvent::Connected);
    tell(&mut machine, end(&[1, 2, 3], &[1, 2, 3]));
    tell(&mut machine, part(&[1]));
    let outputs = tell(&mut machine, end(&[1, 2, 3], &[2]));
    assert_eq!(asked(&outputs).first(), Some(&3), "it was not in the reading, though its number was");
    assert!(!asked(&outputs).contains(&1) && !asked(&outputs).contains(&2));
    assert_eq!(held(&machine), [1, 2, 3]);
}

#[test]
fn parts_of_a_reading_that_was_cut_off_are_worth_nothing() {
    let mut machine = machine();
    tell(&mut machine, ZinoEvent::Connected);
    tell(&mut machine, part(&[1, 2]));
    tell(&mut machine, ZinoEvent::Disconnected);
    tell(&mut machine, ZinoEvent::Connected);
    tell(&mut machine, end(&[2, 3], &[2, 3]));
    assert_eq!(held(&machine), [2, 3]);
}

#[test]
fn what_was_asked_for_when_the_connection_broke_off_is_asked_for_again() {
    let mut machine = machine();
    tell(&mut machine, ZinoEvent::Connected);
    let outputs = tell(&mut machine, end(&[1], &[1]));
    let found = Found { asked: asked(&outputs), unknown: asked(&outputs), ..Found::default() };
    tell(&mut machine, ZinoEvent::Found(found));
    tell(&mut machine, ZinoEvent::Disconnected);
    tell(&mut machine, ZinoEvent::Connected);
    // Cases 2 and 3 may have opened and closed meanwhile.
    let outputs = tell(&mut machine, end(&[1, 4], &[1, 4]));
    assert!(asked(&outputs).starts_with(&[2, 3, 5]), "{:?}", asked(&outputs));
    tell(&mut machine, ZinoEvent::Disconnected);
    tell(&mut machine, ZinoEvent::Connected);
    let outputs = tell(&mut machine, end(&[1, 4], &[1, 4]));
    assert!(asked(&outputs).starts_with(&[2, 3, 5]), "nobody has answered that: {:?}", asked(&outputs));
}

/// Case 1 as it is after a change that its router made.
fn changed() -> Case {
    Case { priority: 500, ..case(1) }
}

#[test]
fn what_came_on_its_own_after_its_part_is_newer_than_the_part() {
    let unknown = Found { asked: vec![1], unknown: vec![1], ..Found::default() };
    for (event, expected) in [
        (ZinoEvent::Found(Found { asked: vec![1], cases: vec![changed()], ..Found::default() }), Some(500)),
        (ZinoEvent::Carried(1, Ok(Some(Box::new(changed())))), Some(500)),
        (ZinoEvent::Found(unknown), None),
        (ZinoEvent::Scavenged(1), None),
    ] {
        let mut machine = machine();
        tell(&mut machine, ZinoEvent::Connected);
        tell(&mut machine, end(&[1, 2], &[1, 2]));
        // One part in which it is as it was, and one in which it is not.
        for older in [case(1), Case { priority: 400, ..case(1) }] {
            tell(&mut machine, ZinoEvent::Part(vec![older]));
        }
        let told = format!("{event:?}");
        tell(&mut machine, event);
        let outputs = tell(&mut machine, end(&[1, 2], &[2]));
        assert_eq!(machine.all.problems.cases().get(1).map(|slot| slot.case.priority), expected, "{told}");
        assert!(!asked(&outputs).contains(&1), "{told}");
    }
}

#[test]
fn a_part_is_newer_than_what_came_on_its_own_before_it() {
    let mut machine = machine();
    tell(&mut machine, ZinoEvent::Connected);
    tell(&mut machine, ZinoEvent::Found(Found { asked: vec![1], cases: vec![case(1)], ..Found::default() }));
    tell(&mut machine, ZinoEvent::Part(vec![changed()]));
    tell(&mut machine, end(&[1, 2], &[2]));
    assert_eq!(machine.all.problems.cases().get(1).map(|slot| slot.case.priority), Some(500));
}

#[test]
fn a_reading_that_takes_long_is_asked_for_once_and_the_next_one_not_at_once() {
    let mut machine = machine();
    let rereads = |outputs: &[Output]| {
        outputs.iter().filter(|output| matches!(output, Output::Zino(ZinoCommand::Reread))).count()
    };
    tell(&mut machine, ZinoEvent::Connected);
    tell(&mut machine, end(&[1], &[1]));
    let asked = (1..=100).map(|minute| rereads(&at(&mut machine, minute * 60, Input::Tick))).sum::<usize>();
    assert_eq!(asked, 1, "it has not come yet");
    at(&mut machine, 6000, Input::Zino(end(&[1], &[1])));
    let again = (6001..20_000).find(|secs| rereads(&at(&mut machine, *secs, Input::Tick)) > 0);
    // It took from 901 (960, the first tick after that) to 6000.
    assert_eq!(again, Some(6000 + 5040));
}

#[test]
fn the_first_case_of_all_is_asked_for_when_it_may_have_opened_and_closed_unseen() {
    let mut machine = machine();
    tell(&mut machine, ZinoEvent::Connected);
    tell(&mut machine, end(&[], &[]));
    tell(&mut machine, ZinoEvent::Disconnected);
    tell(&mut machine, ZinoEvent::Connected);
    let outputs = tell(&mut machine, end(&[], &[]));
    assert!(asked(&outputs).starts_with(&[1, 2]), "{:?}", asked(&outputs));
}
