//! A complete reading of Zino that comes in parts: it counts as a whole or not at all. Never part
//! of the program.

use super::settings;
use crate::engine::*;
use crate::execute::zino_reads::{Found, Snapshot};
use crate::reconcile::testing::case;
use crate::time::Stamp;

fn engine() -> Engine {
    Engine::new(settings())
}

fn tell(engine: &mut Engine, event: ZinoEvent) -> Vec<Output> {
    at(engine, 1, Input::Zino(event))
}

fn at(engine: &mut Engine, secs: u64, input: Input) -> Vec<Output> {
    let now = Now { mono: Duration::from_secs(secs), wall: Stamp::from_secs(1_795_376_392) };
    engine.step(now, input)
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

fn held(engine: &Engine) -> Vec<CaseId> {
    engine.all.problems.cases().all().map(|slot| slot.case.id).collect()
}

#[test]
fn all_parts_count_when_the_end_has_come() {
    let mut engine = engine();
    tell(&mut engine, ZinoEvent::Connected);
    tell(&mut engine, part(&[1, 2]));
    tell(&mut engine, part(&[3]));
    assert!(held(&engine).is_empty(), "half a reading says nothing");
    tell(&mut engine, end(&[1, 2, 3, 4], &[4]));
    assert_eq!(held(&engine), [1, 2, 3, 4]);
}

#[test]
fn what_is_as_it_was_is_not_asked_for_again_and_what_is_missing_is() {
    let mut engine = engine();
    tell(&mut engine, ZinoEvent::Connected);
    tell(&mut engine, end(&[1, 2, 3], &[1, 2, 3]));
    tell(&mut engine, part(&[1]));
    let outputs = tell(&mut engine, end(&[1, 2, 3], &[2]));
    assert_eq!(asked(&outputs).first(), Some(&3), "it was not in the reading, though its number was");
    assert!(!asked(&outputs).contains(&1) && !asked(&outputs).contains(&2));
    assert_eq!(held(&engine), [1, 2, 3]);
}

#[test]
fn parts_of_a_reading_that_was_cut_off_are_worth_nothing() {
    let mut engine = engine();
    tell(&mut engine, ZinoEvent::Connected);
    tell(&mut engine, part(&[1, 2]));
    tell(&mut engine, ZinoEvent::Disconnected);
    tell(&mut engine, ZinoEvent::Connected);
    tell(&mut engine, end(&[2, 3], &[2, 3]));
    assert_eq!(held(&engine), [2, 3]);
}

#[test]
fn what_was_asked_for_when_the_connection_broke_off_is_asked_for_again() {
    let mut engine = engine();
    tell(&mut engine, ZinoEvent::Connected);
    let outputs = tell(&mut engine, end(&[1], &[1]));
    let found = Found { asked: asked(&outputs), unknown: asked(&outputs), ..Found::default() };
    tell(&mut engine, ZinoEvent::Found(found));
    tell(&mut engine, ZinoEvent::Disconnected);
    tell(&mut engine, ZinoEvent::Connected);
    // Cases 2 and 3 may have opened and closed meanwhile.
    let outputs = tell(&mut engine, end(&[1, 4], &[1, 4]));
    assert!(asked(&outputs).starts_with(&[2, 3, 5]), "{:?}", asked(&outputs));
    tell(&mut engine, ZinoEvent::Disconnected);
    tell(&mut engine, ZinoEvent::Connected);
    let outputs = tell(&mut engine, end(&[1, 4], &[1, 4]));
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
        let mut engine = engine();
        tell(&mut engine, ZinoEvent::Connected);
        tell(&mut engine, end(&[1, 2], &[1, 2]));
        // One part in which it is as it was, and one in which it is not.
        for older in [case(1), Case { priority: 400, ..case(1) }] {
            tell(&mut engine, ZinoEvent::Part(vec![older]));
        }
        let told = format!("{event:?}");
        tell(&mut engine, event);
        let outputs = tell(&mut engine, end(&[1, 2], &[2]));
        assert_eq!(engine.all.problems.cases().get(1).map(|slot| slot.case.priority), expected, "{told}");
        assert!(!asked(&outputs).contains(&1), "{told}");
    }
}

#[test]
fn a_part_is_newer_than_what_came_on_its_own_before_it() {
    let mut engine = engine();
    tell(&mut engine, ZinoEvent::Connected);
    tell(&mut engine, ZinoEvent::Found(Found { asked: vec![1], cases: vec![case(1)], ..Found::default() }));
    tell(&mut engine, ZinoEvent::Part(vec![changed()]));
    tell(&mut engine, end(&[1, 2], &[2]));
    assert_eq!(engine.all.problems.cases().get(1).map(|slot| slot.case.priority), Some(500));
}

#[test]
fn a_reading_that_takes_long_is_asked_for_once_and_the_next_one_not_at_once() {
    let mut engine = engine();
    let rereads = |outputs: &[Output]| {
        outputs.iter().filter(|output| matches!(output, Output::Zino(ZinoCommand::Reread))).count()
    };
    tell(&mut engine, ZinoEvent::Connected);
    tell(&mut engine, end(&[1], &[1]));
    let asked = (1..=100).map(|minute| rereads(&at(&mut engine, minute * 60, Input::Tick))).sum::<usize>();
    assert_eq!(asked, 1, "it has not come yet");
    at(&mut engine, 6000, Input::Zino(end(&[1], &[1])));
    let again = (6001..20_000).find(|secs| rereads(&at(&mut engine, *secs, Input::Tick)) > 0);
    // It took from 901 to 6000, and the wait is never longer than the interval.
    assert_eq!(again, Some(6000 + 900));
}

#[test]
fn the_first_case_of_all_is_asked_for_when_it_may_have_opened_and_closed_unseen() {
    let mut engine = engine();
    tell(&mut engine, ZinoEvent::Connected);
    tell(&mut engine, end(&[], &[]));
    tell(&mut engine, ZinoEvent::Disconnected);
    tell(&mut engine, ZinoEvent::Connected);
    let outputs = tell(&mut engine, end(&[], &[]));
    assert!(asked(&outputs).starts_with(&[1, 2]), "{:?}", asked(&outputs));
}
