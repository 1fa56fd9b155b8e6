//! The work on the Zino side, in straight-line blocking code against [`ZinoServer`]: read cases, carry people's acts.
//! Keeps nothing between errands and never talks to Argus.

use super::carry::{Act, Write, writes};
use super::filter::wants_log;
use super::rules::Rules;
use crate::stamp::Stamp;
use crate::zino::case::{Case, CaseId, Problem};
use crate::zino::{LookedUp, ZinoError, ZinoServer};
use log::{info, warn};
use std::collections::BTreeSet;

/// How often one errand reads the case again after its writes.
const MAX_ROUNDS: usize = 3;
/// How much one errand writes before it gives way to others: nothing else is heard of Zino meanwhile.
const MAX_WRITES: usize = 50;

/// People's acts to be carried to one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// The case number.
    pub case: CaseId,
    /// The problem it is about: a number alone is not identity.
    pub problem: Problem,
    /// When that case opened.
    pub opened: Stamp,
    /// Everything that people did, delivered or not.
    pub acts: Vec<Act>,
}

/// Cases that were asked for.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The numbers that were asked for.
    pub asked: Vec<CaseId>,
    /// Those that Zino has.
    pub cases: Vec<Case>,
    /// Those of which Zino says that they do not exist.
    pub unknown: Vec<CaseId>,
    /// Those that Zino has and that could not be understood, and why.
    pub garbled: Vec<(CaseId, String)>,
}

/// Everything that Zino has now.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The numbers of all cases that are not closed.
    pub ids: BTreeSet<CaseId>,
    /// Those cases, but for those that were handed over before.
    pub cases: Vec<Case>,
}

/// How many cases are read before they are handed over: most are as they were, and need not all be there twice at one time.
pub const PART: usize = 100;

/// Reads everything. Hands over so many cases at a time; the last ones come with the snapshot.
///
/// # Errors
/// See [`ZinoError`]; what was handed over is then worth nothing.
pub fn snapshot<Z: ZinoServer + ?Sized>(
    zino: &mut Z,
    part: usize,
    mut hand_over: impl FnMut(Vec<Case>),
) -> Result<Snapshot, ZinoError> {
    let ids = zino.case_ids()?;
    // Also of nothing, so that the last part is always a reading of its own.
    let mut cases = if ids.is_empty() { zino.cases(&[], wants_log)? } else { Vec::new() };
    for ids in ids.chunks(part.max(1)) {
        if !cases.is_empty() {
            hand_over(cases);
        }
        cases = zino.cases(ids, wants_log)?;
    }
    Ok(Snapshot { ids: ids.into_iter().collect(), cases })
}

/// Reads the given cases. Those of which many together do not tell whether Zino knows them are
/// asked for alone.
///
/// # Errors
/// See [`ZinoError`].
pub fn read<Z: ZinoServer + ?Sized>(zino: &mut Z, ids: &[CaseId]) -> Result<Found, ZinoError> {
    let mut found = Found { asked: ids.to_vec(), ..Found::default() };
    if ids.len() > 1 {
        let LookedUp { cases, unknown } = zino.look_up(ids, wants_log)?;
        (found.cases, found.unknown) = (cases, unknown);
    }
    let there: BTreeSet<CaseId> = found.cases.iter().map(|c| c.id).chain(found.unknown.iter().copied()).collect();
    for id in ids.iter().filter(|id| !there.contains(id)) {
        match zino.case(*id, wants_log) {
            Ok(Some(case)) => found.cases.push(case),
            Ok(None) => found.unknown.push(*id),
            Err(ZinoError::Refused(why)) => found.garbled.push((*id, why)),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Carries to a case what it still lacks of people's acts, or a part of it, each write checked against the case as it is just before,
/// and returns the case as it is after; `None` if Zino does not know it.
///
/// # Errors
/// See [`ZinoError`]; a write of unknown outcome ends the session, and the next errand looks before it writes.
pub fn carry<Z: ZinoServer + ?Sized>(zino: &mut Z, errand: &Errand, rules: &Rules) -> Result<Option<Case>, ZinoError> {
    let mut left = MAX_WRITES;
    for round in 0.. {
        let Some(case) = zino.case(errand.case, wants_log)? else {
            return Ok(None);
        };
        let is_another = case.problem() != errand.problem || case.opened != errand.opened;
        if is_another || round == MAX_ROUNDS || left == 0 {
            return Ok(Some(case));
        }
        let lacking = writes(&case, &errand.acts, rules);
        if lacking.is_empty() {
            return Ok(Some(case));
        }
        for write in lacking.into_iter().take(left) {
            left -= 1;
            if let Err(error) = deliver(zino, &case, &write) {
                if matches!(error, ZinoError::Refused(_)) {
                    warn!("{}: Zino refuses what a person did in Argus ({error})", case.name());
                }
                return Err(error);
            }
        }
    }
    Ok(None)
}

fn deliver<Z: ZinoServer + ?Sized>(zino: &mut Z, case: &Case, write: &Write) -> Result<(), ZinoError> {
    match write {
        Write::History(text) => {
            zino.add_history(case.id, text)?;
            info!("{}: to Zino: {text}", case.name());
        }
        Write::State(state) => {
            zino.set_state(case.id, state)?;
            info!("{}: to Zino: state {}", case.name(), state.word());
        }
    }
    Ok(())
}
