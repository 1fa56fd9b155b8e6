//! Slow servers: those that come to an end are read completely, and the others are given up after a
//! bounded time.

use crate::fake_zino::{FakeZino, Fault};
use crate::{QUICK, assert_unmixed, is_connection, never, numbers};
use std::time::{Duration, Instant};
use zinoargus::zino::session::Session;
use zinoargus::zino::{Timeouts, ZinoError, ZinoServer};

/// Enough for one reply on a machine under load, and less than all replies of a batch take
/// together.
const HASTY: Timeouts = Timeouts { reply: Duration::from_secs(1), stall: Duration::from_secs(1), ..QUICK };
const EACH: Duration = Duration::from_millis(25);

fn slow_zino(cases: u64) -> FakeZino {
    let zino = FakeZino::with_cases(cases);
    zino.world().slow = Some(("GETHIST", EACH));
    zino
}

#[test]
fn a_zino_that_is_slow_but_steady_is_read_to_its_end() {
    let zino = slow_zino(100);
    let mut session = Session::connect_within(&zino.login, &HASTY).unwrap();
    let ids: Vec<u64> = (1..=100).collect();
    for _ in 0..2 {
        let cases = session.cases(&ids, &never).unwrap();
        assert_eq!(numbers(&cases), ids);
        assert_unmixed(&cases);
    }
}

#[test]
fn after_a_lost_batch_the_next_connection_reads_smaller_ones_and_they_grow_again() {
    let zino = slow_zino(100);
    let ids: Vec<u64> = (1..=100).collect();
    let quickly = Session::connect(&zino.login).unwrap();
    zino.world().slow = None;
    let pace = {
        let mut session = quickly;
        while session.pace().size() < ids.len() {
            session.cases(&ids, &never).unwrap();
        }
        session.pace()
    };
    {
        let mut world = zino.world();
        (world.slow, world.hoards) = (Some(("GETHIST", EACH)), true);
    }
    let mut session = Session::connect_within(&zino.login, &HASTY).unwrap().at_pace(pace);
    assert!(is_connection(session.cases(&ids, &never)), "it stands still for too long");
    let mut session = Session::connect_within(&zino.login, &HASTY).unwrap().at_pace(session.pace());
    assert_eq!(numbers(&session.cases(&ids[..20], &never).unwrap()), ids[..20]);
    zino.world().slow = None;
    session.cases(&ids, &never).unwrap();
    session.cases(&ids, &never).unwrap();
    assert_eq!(session.pace(), pace, "they grow again");
}

#[test]
fn lines_that_are_no_answer_end_the_connection_after_a_bounded_time() {
    let zino = FakeZino::with_cases(2);
    zino.fault("GETHIST 1", Fault::Babble);
    let mut session = Session::connect_within(&zino.login, &HASTY).unwrap();
    let began = Instant::now();
    let outcome = session.cases(&[1, 2], &never);
    let Err(ZinoError::Connection(why)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(why, "the server sends one line after the other that is no answer: what was the question?");
    assert!(began.elapsed() < 20 * HASTY.reply);
    assert!(is_connection(session.case_ids()), "used after a failure");
}

#[test]
fn a_reply_that_drips_among_others_is_a_lost_connection() {
    let zino = FakeZino::with_cases(3);
    zino.fault("GETHIST 2", Fault::Drip);
    let mut session = Session::connect_within(&zino.login, &HASTY).unwrap();
    assert!(is_connection(session.cases(&[1, 2, 3], &never)));
}
