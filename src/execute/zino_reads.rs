//! Reads cases from Zino: some of them, or all. Never writes, and never decides what a case means.

use crate::config::Filter;
use crate::metrics::{Server, metrics};
use crate::reconcile::filter::wants_log;
use crate::zino::case::{Case, CaseId};
use crate::zino::{LookedUp, ZinoError, ZinoServer};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

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
    /// How long ago each of them was notified, if it was.
    pub notified: BTreeMap<CaseId, Duration>,
}

/// Everything that Zino has now.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The numbers of all cases that are not closed.
    pub ids: BTreeSet<CaseId>,
    /// Those cases, but for those that were handed over before.
    pub cases: Vec<Case>,
}

/// How many cases are read before they are handed over: most are as they were, and need not all be
/// there twice at one time.
pub const PART: usize = 100;

/// A complete reading that is under way.
#[derive(Debug)]
pub struct Reading {
    ids: Vec<CaseId>,
    read: usize,
    began: Instant,
}

/// The result of one step of a complete reading.
#[derive(Debug)]
pub enum Step {
    /// Some cases, and there are more.
    Part(Vec<Case>),
    /// The last cases.
    End(Snapshot),
}

impl Reading {
    /// Asks for the numbers of all cases that are not closed.
    ///
    /// # Errors
    /// See [`ZinoError`].
    pub fn begin<Z: ZinoServer + ?Sized>(zino: &mut Z) -> Result<Self, ZinoError> {
        let began = Instant::now();
        Ok(Self { ids: zino.case_ids()?, read: 0, began })
    }

    /// Reads the next cases, at most `most` of them.
    ///
    /// # Errors
    /// See [`ZinoError`]. The cases of earlier steps count for nothing then.
    pub fn step<Z: ZinoServer + ?Sized>(
        &mut self,
        zino: &mut Z,
        most: usize,
        filter: &Filter,
    ) -> Result<Step, ZinoError> {
        let rest = self.ids.get(self.read..).unwrap_or_default();
        let part = rest.get(..most.max(1)).unwrap_or(rest);
        let (cases, is_last) = (zino.cases(part, &|case| wants_log(case, filter))?, part.len() == rest.len());
        self.read += part.len();
        if is_last {
            metrics().read_completely(Server::Zino, self.began.elapsed());
        }
        Ok(match is_last {
            true => Step::End(Snapshot { ids: std::mem::take(&mut self.ids).into_iter().collect(), cases }),
            false => Step::Part(cases),
        })
    }
}

/// Reads everything without a pause. Hands over at most `part` cases at a time; the last ones come
/// with the snapshot.
///
/// # Errors
/// See [`ZinoError`]; what was handed over is then worth nothing.
pub fn snapshot<Z: ZinoServer + ?Sized>(
    zino: &mut Z,
    part: usize,
    filter: &Filter,
    mut hand_over: impl FnMut(Vec<Case>),
) -> Result<Snapshot, ZinoError> {
    let mut reading = Reading::begin(zino)?;
    loop {
        match reading.step(zino, part, filter)? {
            Step::Part(cases) => hand_over(cases),
            Step::End(snapshot) => return Ok(snapshot),
        }
    }
}

/// Reads the given cases. Those of which many together do not tell whether Zino knows them are
/// asked for alone.
///
/// # Errors
/// See [`ZinoError`].
pub fn read<Z: ZinoServer + ?Sized>(zino: &mut Z, ids: &[CaseId], filter: &Filter) -> Result<Found, ZinoError> {
    let decides = |case: &Case| wants_log(case, filter);
    let mut found = Found { asked: ids.to_vec(), ..Found::default() };
    if ids.len() > 1 {
        let LookedUp { cases, unknown } = zino.look_up(ids, &decides)?;
        (found.cases, found.unknown) = (cases, unknown);
    }
    let there: BTreeSet<CaseId> = found.cases.iter().map(|c| c.id).chain(found.unknown.iter().copied()).collect();
    for id in ids.iter().filter(|id| !there.contains(id)) {
        match zino.case(*id, &decides) {
            Ok(Some(case)) => found.cases.push(case),
            Ok(None) => found.unknown.push(*id),
            Err(ZinoError::Refused(why)) => found.garbled.push((*id, why)),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
