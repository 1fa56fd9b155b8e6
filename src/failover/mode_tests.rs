//! The mode, ping by ping, and what shows that this host is not cut off. Never part of the program.

use super::Mode::{Active, Standby};
use super::*;

const UP: Answer = Answer::Uptime(5);

fn down() -> Answer {
    Answer::Silence("timed out".to_owned())
}

fn unasked() -> Answer {
    Answer::Unasked("no route".to_owned())
}

/// Feeds answers and returns the mode after each.
fn modes(threshold: u32, answers: &[Answer]) -> Vec<Mode> {
    let mut failover = Failover::new(threshold);
    let step = |answer| {
        failover.ping(answer);
        failover.mode()
    };
    answers.iter().map(step).collect()
}

#[test]
fn it_takes_over_after_threshold_failures_in_a_row() {
    assert_eq!(modes(3, &[down(), down(), down()]), [Standby, Standby, Active]);
    assert_eq!(modes(1, &[down()]), [Active]);
}

#[test]
fn it_hands_back_after_threshold_answers_in_a_row() {
    assert_eq!(modes(2, &[down(), down(), UP, UP]), [Standby, Active, Active, Standby]);
}

#[test]
fn one_opposite_answer_starts_the_count_again() {
    assert_eq!(modes(2, &[down(), UP, down(), UP, down()]), [Standby; 5]);
    assert_eq!(modes(2, &[down(), down(), UP, down(), UP]), [Standby, Active, Active, Active, Active]);
}

#[test]
fn a_question_that_never_left_this_host_changes_no_count() {
    assert_eq!(modes(1, &[unasked(), unasked(), unasked()]), [Standby; 3]);
    assert_eq!(modes(2, &[down(), unasked(), down()]), [Standby, Standby, Active]);
    assert_eq!(modes(1, &[down(), unasked(), UP]), [Active, Active, Standby]);
    assert_eq!(modes(2, &[down(), down(), UP, unasked(), UP]), [Standby, Active, Active, Active, Standby]);
}

#[test]
fn the_line_says_what_changed_and_why() {
    let mut failover = Failover::new(1);
    let line = failover.ping(&Answer::Silence("no answer within 5 s".into())).unwrap();
    assert_eq!(line, "mode STANDBY -> ACTIVE: 1 consecutive failures, last: no answer within 5 s");
    let line = failover.ping(&Answer::Uptime(17)).unwrap();
    assert_eq!(line, "mode ACTIVE -> STANDBY: 1 consecutive answers, last: primary up for 17 s");
}

/// What happens to a contact, at this second.
enum Event {
    Asked(Answer, Mode),
    Argus(bool),
}

use Event::{Argus, Asked};

/// Whether it is shown in the end that this host is not cut off. The threshold is 3.
fn is_proved(events: &[(u64, Event)]) -> bool {
    let mut contact = Contact::default();
    for (second, event) in events {
        let at = Duration::from_secs(*second);
        match event {
            Asked(answer, mode) => contact.ping(&Ping { asked_at: at, answer: answer.clone() }, *mode, 3),
            Argus(true) => contact.argus_answered(at),
            Argus(false) => contact.argus_is_away(),
        }
    }
    contact.is_proved()
}

#[test]
fn contact_is_shown_by_a_question_asked_after_argus_had_answered() {
    assert!(!is_proved(&[]));
    assert!(!is_proved(&[(1, Asked(down(), Standby)), (2, Asked(down(), Standby)), (3, Argus(true))]));
    assert!(!is_proved(&[(3, Argus(true)), (2, Asked(down(), Standby))]), "asked before Argus answered");
    assert!(is_proved(&[(1, Asked(down(), Standby)), (2, Argus(true)), (3, Asked(down(), Standby))]));
    assert!(is_proved(&[(2, Argus(true)), (9, Argus(true)), (3, Asked(down(), Active))]), "one answer is enough");
    assert!(!is_proved(&[(2, Argus(true)), (3, Asked(unasked(), Active))]), "it never left this host");
}

#[test]
fn an_argus_that_is_away_makes_it_doubtful_again() {
    assert!(!is_proved(&[(1, Argus(true)), (2, Asked(down(), Standby)), (3, Argus(false))]));
    let away = |more: Vec<(u64, Event)>| {
        let mut events = vec![(1, Argus(true)), (2, Asked(down(), Active)), (3, Argus(false))];
        events.extend(more);
        is_proved(&events)
    };
    assert!(!away(vec![(4, Asked(down(), Active)), (5, Argus(true))]));
    assert!(away(vec![(4, Argus(true)), (5, Asked(down(), Active))]));
}

#[test]
fn an_answer_of_the_primary_takes_it_back() {
    assert!(!is_proved(&[(1, Argus(true)), (2, Asked(down(), Standby)), (3, Asked(UP, Standby))]));
    assert!(!is_proved(&[(1, Argus(true)), (2, Asked(UP, Standby)), (3, Asked(down(), Standby))]));
    let shown_then = [(1, Argus(true)), (2, Asked(down(), Active)), (3, Asked(UP, Active))];
    assert!(is_proved(&shown_then), "the mode says when to stop what has begun");
}

#[test]
fn a_wrong_takeover_needs_threshold_failures_to_be_right_after_all() {
    let after = |failures: u64| {
        let mut events = vec![(1, Argus(true)), (2, Asked(UP, Active))];
        events.extend((0..failures).map(|n| (3 + n, Asked(down(), Active))));
        is_proved(&events)
    };
    assert!(!after(2));
    assert!(after(3));
}
