//! Tests of `setbacks.rs`. Never part of the program.

use super::*;

const NOW: Chance = Chance { fingerprint: 1, look: 1, last: false };
const LATER: Chance = Chance { look: 2, ..NOW };

fn end() -> WriteKey {
    WriteKey { incident: Some(1), what: "End".to_owned() }
}

fn refused(status: u16) -> Cause {
    Cause::Refused { status, why: "no".to_owned() }
}

#[test]
fn what_is_refused_is_left_out_until_there_is_another_chance() {
    let mut setbacks = Setbacks::default();
    setbacks.failed(end(), "END on incident 1", refused(403), NOW);
    assert!(setbacks.leaves_out(&end(), NOW));
    assert!(!setbacks.leaves_out(&end(), LATER));
    assert!(!setbacks.leaves_out(&WriteKey::creation(), NOW));
    let line = setbacks.get(&end()).map(ToString::to_string);
    assert_eq!(line.as_deref(), Some("Argus refuses END on incident 1 (403: no)"));
}

#[test]
fn what_has_no_effect_is_tried_twice_and_then_once_for_each_chance() {
    let mut setbacks = Setbacks::default();
    let mut tries = |now| {
        let mut tries = 0;
        while !setbacks.leaves_out(&end(), now) {
            setbacks.accepted(end(), "END on incident 1", true, now);
            tries += 1;
        }
        tries
    };
    assert_eq!([tries(NOW), tries(NOW), tries(LATER), tries(LATER)], [2, 0, 1, 0]);
    setbacks.lacks_only(1, &BTreeSet::from([WriteKey::patch(1)]));
    assert!(setbacks.is_empty());
}

#[test]
fn what_nobody_looks_for_is_taken_for_done_unless_it_was_missed_already() {
    let mut setbacks = Setbacks::default();
    setbacks.accepted(end(), "END", true, NOW);
    setbacks.accepted(WriteKey { incident: Some(1), what: "OTH".to_owned() }, "history", false, NOW);
    setbacks.trust();
    assert_eq!(setbacks.given_up().count(), 0);
    assert!(setbacks.get(&end()).is_some() && setbacks.0.len() == 1);
}
