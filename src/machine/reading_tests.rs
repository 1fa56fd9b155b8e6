//! A complete reading of Zino that comes in parts: it counts as a whole or not at all. Never part of the program.

use super::testing::settings;
use super::*;
use crate::sync::testing::case;

fn machine() -> Machine {
    Machine::new(settings())
}

fn tell(machine: &mut Machine, event: ZinoEvent) -> Vec<Output> {
    let now = Now { mono: Duration::from_secs(1), wall: Stamp::from_secs(1_795_376_392) };
    machine.step(now, Input::Zino(event))
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

fn held(machine: &Machine) -> Vec<CaseId> {
    machine.cases.all().map(|slot| slot.case.id).collect()
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
