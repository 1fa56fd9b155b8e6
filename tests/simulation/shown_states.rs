//! What must be true of our acknowledgements once the faults have stopped: the states that are to
//! show in Argus do, and no other one does. Never changes the world.

use crate::world::World;
use zinoargus::argus::models::{Event, EventKind, Incident};
use zinoargus::reconcile::rules::Rules;
use zinoargus::zino::case::Case;

/// What is wrong about the acknowledgements of an incident of a case.
pub fn check(world: &World, case: &Case, incident: &Incident, rules: &Rules) -> Result<(), String> {
    let post = format!("POST {} ", incident.pk);
    let spoilt = world.unwilling.spoils(&[&post, " Acknowledge "])
        || world.unwilling.spoils(&[&format!("EXPIRE {} ", incident.pk)]);
    if rules.acknowledge_from.is_empty() || spoilt {
        return Ok(());
    }
    let events = world.argus.events_of(incident.pk);
    let ours: Vec<&Event> =
        events.iter().filter(|e| e.kind == EventKind::Acknowledge && e.actor == incident.source_user).collect();
    // A Zino that forgot may not know the state that an acknowledgement shows.
    let changed = case.history.iter().rev().find(|entry| entry.state_change().is_some()).map(|entry| entry.at);
    let is_known = |e: &Event| !world.scenario.amnesia || changed.is_some_and(|at| e.timestamp <= at);
    let is_in_force = |e: &&&Event| world.argus.is_in_force(world.now, e.pk) && is_known(e);
    let in_force = ours.iter().filter(is_in_force).count();
    let is_shown = rules.acknowledge_from.contains(&case.state);
    // A closed case takes back only what is about itself.
    let may_stay = case.is_closed() && (world.scenario.amnesia || world.scenario.python);
    if !is_shown && in_force > 0 && !may_stay {
        return Err(format!(
            "{in_force} of our acknowledgements show on incident {}, in state {:?}",
            incident.pk, case.state
        ));
    }
    let ended_by_person = ours.iter().any(|e| world.argus.ended_by_people.contains(&e.pk));
    let is_closed_by_person = standing_close(&events);
    if is_shown && incident.is_open() && in_force == 0 && !ended_by_person && !is_closed_by_person {
        return Err(format!("incident {} does not show the state {:?}", incident.pk, case.state));
    }
    Ok(())
}

/// Whether a person closed an incident, and nobody opened it since.
fn standing_close(events: &[Event]) -> bool {
    let turns = [EventKind::Close, EventKind::Reopen, EventKind::Restart];
    let newest = events.iter().filter(|e| turns.contains(&e.kind)).max_by_key(|e| e.pk);
    newest.is_some_and(|e| e.kind == EventKind::Close)
}
