//! What the Zino client does, seen from outside: against a scriptable Zino on loopback, and on
//! request against a real one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod advice;
mod failures;
#[path = "../support/fake_zino.rs"]
mod fake_zino;
mod login;
mod notifications;
mod reading;
mod real;
mod slow;
mod writing;

use fake_zino::FakeZino;
use std::time::Duration;
use zinoargus::zino::case::Case;
use zinoargus::zino::session::Session;
use zinoargus::zino::{Timeouts, ZinoError};

/// A stall is noticed soon, but a machine under load is not taken for one.
const QUICK: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    stall: Duration::from_millis(300),
    write: Duration::from_secs(5),
    reply: Duration::from_secs(5),
};

fn session(fake: &FakeZino) -> Session {
    Session::connect(&fake.login).unwrap()
}

fn always(_: &Case) -> bool {
    true
}

fn never(_: &Case) -> bool {
    false
}

fn numbers(cases: &[Case]) -> Vec<u64> {
    cases.iter().map(|case| case.id).collect()
}

fn is_connection<T: std::fmt::Debug>(outcome: Result<T, ZinoError>) -> bool {
    matches!(outcome, Err(ZinoError::Connection(_)))
}

fn is_refused<T: std::fmt::Debug>(outcome: Result<T, ZinoError>) -> bool {
    matches!(outcome, Err(ZinoError::Refused(_)))
}

/// Every case is its own: nothing of one got into another.
fn assert_unmixed(cases: &[Case]) {
    for case in cases {
        assert_eq!(*case.router, format!("r{}-gw", case.id));
        assert_eq!(case.history[0].at, case.opened, "{}", case.name());
    }
}
