//! Counts and measures the exchanges with a Zino server, by what they are for. Never changes one,
//! and never decides anything.

use super::case::{Case, CaseId, CaseState};
use super::{LookedUp, WantsLog, ZinoError, ZinoServer};
use crate::metrics::{Outcome, Server, Write, metrics};
use std::time::Instant;

/// A connection whose exchanges are counted.
pub struct Measured<Z>(pub Z);

/// Makes a connection, and counts that.
///
/// # Errors
/// Why there is none.
pub fn connected<T>(operation: &'static str, connect: impl FnOnce() -> Result<T, ZinoError>) -> Result<T, ZinoError> {
    counted(operation, Outcome::Unreachable, connect)
}

/// Does one exchange over a connection, and counts it.
fn measured<T>(operation: &'static str, exchange: impl FnOnce() -> Result<T, ZinoError>) -> Result<T, ZinoError> {
    counted(operation, Outcome::Unanswered, exchange)
}

/// Does something, and counts it. `if_lost`: what it means that there is no connection.
fn counted<T>(
    operation: &'static str,
    if_lost: Outcome,
    exchange: impl FnOnce() -> Result<T, ZinoError>,
) -> Result<T, ZinoError> {
    let began = Instant::now();
    let result = exchange();
    let outcome = match &result {
        Ok(_) => Outcome::Ok,
        Err(ZinoError::Connection(_)) => if_lost,
        Err(ZinoError::Protocol(_)) => Outcome::Error,
        Err(ZinoError::Login(_) | ZinoError::Refused(_)) => Outcome::Refused,
    };
    metrics().request(Server::Zino, operation, outcome, began.elapsed());
    result
}

impl<Z: ZinoServer> ZinoServer for Measured<Z> {
    fn case_ids(&mut self) -> Result<Vec<CaseId>, ZinoError> {
        measured("case_ids", || self.0.case_ids())
    }

    fn case(&mut self, id: CaseId, wants_log: WantsLog<'_>) -> Result<Option<Case>, ZinoError> {
        measured("case", || self.0.case(id, wants_log))
    }

    fn look_up(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<LookedUp, ZinoError> {
        measured("cases", || self.0.look_up(ids, wants_log))
    }

    fn add_history(&mut self, id: CaseId, text: &str) -> Result<(), ZinoError> {
        measured("add_history", || self.0.add_history(id, text))?;
        metrics().wrote(Write::History);
        Ok(())
    }

    fn set_state(&mut self, id: CaseId, state: &CaseState) -> Result<(), ZinoError> {
        measured("set_state", || self.0.set_state(id, state))?;
        metrics().wrote(Write::State);
        Ok(())
    }
}
