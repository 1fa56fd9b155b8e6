//! The loop around `deliver`: it reads the case, makes the writes that it lacks, and reads it
//! again. Never decides what a case lacks, and never asks Argus.

use crate::log::WRITTEN;
use crate::reconcile::deliver::{Delivery, ZinoWrite};
use crate::reconcile::filter::wants_log;
use crate::reconcile::rules::Rules;
use crate::zino::case::Case;
use crate::zino::{ZinoError, ZinoServer};
use log::info;

/// How often one run reads the case again after its writes.
const MAX_ROUNDS: usize = 3;
/// The most writes of one run: nothing else is heard of Zino meanwhile.
const MAX_WRITES: usize = 50;

/// Delivers to a case what it still lacks of user actions, as far as one run does. Returns the case
/// as it is after; `None` if Zino does not know it. Each write rests on the case as it was just
/// before. No write is made twice: one that is still lacking then has no effect now.
///
/// # Errors
/// See [`ZinoError`]. A write of unknown outcome ends the session, and the next run reads the case
/// first. A refusal is the error after everything else was written.
pub fn run<Z: ZinoServer + ?Sized>(
    zino: &mut Z,
    delivery: &Delivery,
    rules: &Rules,
) -> Result<Option<Case>, ZinoError> {
    let mut left = MAX_WRITES;
    let mut made: Vec<ZinoWrite> = Vec::new();
    let mut refused = None;
    for round in 0.. {
        let Some(case) = zino.case(delivery.case, &|case| wants_log(case, &rules.filter))? else {
            return Ok(None);
        };
        let mut lacking = delivery.lacking(&case, rules);
        lacking.retain(|write| !made.contains(write));
        if round == MAX_ROUNDS || left == 0 || lacking.is_empty() {
            return refused.map_or(Ok(Some(case)), Err);
        }
        lacking.truncate(left);
        left -= lacking.len();
        for write in &lacking {
            match write_one(zino, &case, write) {
                Ok(()) => {}
                Err(error @ ZinoError::Refused(_)) => drop(refused.get_or_insert(error)),
                Err(error) => return Err(error),
            }
        }
        made.append(&mut lacking);
    }
    Ok(None)
}

fn write_one<Z: ZinoServer + ?Sized>(zino: &mut Z, case: &Case, write: &ZinoWrite) -> Result<(), ZinoError> {
    match write {
        ZinoWrite::History(text) => {
            zino.add_history(case.id, text)?;
            info!(target: WRITTEN, "{}: to Zino: {text}", case.name());
        }
        ZinoWrite::State(state) => {
            zino.set_state(case.id, state)?;
            info!(target: WRITTEN, "{}: to Zino: state {}", case.name(), state.word());
        }
    }
    Ok(())
}
