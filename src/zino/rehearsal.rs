//! A connection to Zino for a dry run: reads go to the real server, writes only to memory, and what
//! is read shows them. Never sends a command that writes. Without a memory it is the plain
//! connection.

use super::case::{Case, CaseId, CaseState, HistoryEntry};
use super::entry::stored_lines;
use super::measured::Measured;
use super::session::Session;
use super::{LookedUp, WantsLog, ZinoError, ZinoServer};
use crate::time::Stamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// What would have been written, by the number of the case. It outlives the connection.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<CaseId, Vec<Write>>>>);

/// A write that was not sent.
#[derive(Debug, Clone)]
enum Write {
    History(Stamp, Vec<String>),
    State(Stamp, CaseState),
}

impl Memory {
    fn writes(&self) -> MutexGuard<'_, BTreeMap<CaseId, Vec<Write>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, id: CaseId, write: Write) {
        self.writes().entry(id).or_default().push(write);
    }

    /// The case as it would be now.
    fn apply(&self, user: &str, case: &mut Case) {
        for write in self.writes().get(&case.id).into_iter().flatten() {
            match write {
                Write::History(at, lines) => {
                    case.history.push(HistoryEntry { at: *at, header: user.to_owned(), lines: lines.clone() });
                }
                Write::State(at, state) if *state != case.state => {
                    let header = format!("state change {} -> {} ({user})", case.state.word(), state.word());
                    case.history.push(HistoryEntry { at: *at, header, lines: Vec::new() });
                    case.closed = (*state == CaseState::Closed).then_some(*at).or(case.closed);
                    case.state = state.clone();
                }
                Write::State(..) => {}
            }
        }
    }

    fn is_closed(&self, id: CaseId) -> bool {
        let closes = |write: &Write| matches!(write, Write::State(_, CaseState::Closed));
        self.writes().get(&id).is_some_and(|writes| writes.iter().any(closes))
    }
}

/// A connection, and for a dry run what is only remembered.
pub struct Rehearsed<Z> {
    /// The connection.
    pub real: Z,
    memory: Option<Memory>,
    user: String,
}

impl<Z> Rehearsed<Z> {
    /// A connection of this user.
    pub fn new(real: Z, memory: Option<Memory>, user: &str) -> Self {
        Self { real, memory, user: user.to_owned() }
    }

    fn as_written(&self, mut case: Case) -> Case {
        if let Some(memory) = &self.memory {
            memory.apply(&self.user, &mut case);
        }
        case
    }
}

/// The time of a write that is not sent, in whole seconds like Zino's.
fn now() -> Stamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Stamp::from_secs(i64::try_from(since.as_secs()).unwrap_or_default())
}

impl<Z: ZinoServer> ZinoServer for Rehearsed<Z> {
    fn case_ids(&mut self) -> Result<Vec<CaseId>, ZinoError> {
        let mut ids = self.real.case_ids()?;
        if let Some(memory) = &self.memory {
            ids.retain(|id| !memory.is_closed(*id));
        }
        Ok(ids)
    }

    fn case(&mut self, id: CaseId, wants_log: WantsLog<'_>) -> Result<Option<Case>, ZinoError> {
        let case = self.real.case(id, wants_log)?;
        Ok(case.map(|case| self.as_written(case)))
    }

    fn look_up(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<LookedUp, ZinoError> {
        let found = self.real.look_up(ids, wants_log)?;
        Ok(LookedUp { cases: found.cases.into_iter().map(|case| self.as_written(case)).collect(), ..found })
    }

    fn add_history(&mut self, id: CaseId, text: &str) -> Result<(), ZinoError> {
        match &self.memory {
            None => self.real.add_history(id, text),
            Some(memory) => {
                memory.add(id, Write::History(now(), stored_lines(text)));
                Ok(())
            }
        }
    }

    fn set_state(&mut self, id: CaseId, state: &CaseState) -> Result<(), ZinoError> {
        match &self.memory {
            None => self.real.set_state(id, state),
            Some(memory) => {
                memory.add(id, Write::State(now(), state.clone()));
                Ok(())
            }
        }
    }
}

/// The connection of the poller.
pub type Connection = Rehearsed<Measured<Session>>;

#[cfg(test)]
#[path = "rehearsal_tests.rs"]
mod tests;
