//! Whether Argus has as many open incidents as are known here, asked after each reading of the
//! newest events. The number shows what these do not: an incident that was dated back, or that lies
//! behind a flood of others. Never looks for what is missing itself.

use crate::argus::ArgusError;
use crate::engine::Job;
use crate::engine::context::{Answer, Context};
use crate::engine::problems::Problems;
use log::{debug, info};

/// What is done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// The newest events are read back over what was seen.
    Events,
    /// All open incidents are listed.
    List,
}

/// The counting.
#[derive(Debug, Default)]
pub(super) struct Count {
    is_due: bool,
    /// The mark of the incident store when the question was sent; any change since makes the answer
    /// worthless.
    asked_at: u64,
    /// A difference (theirs less ours), and what was done about it.
    doubt: Option<(i64, Search)>,
    /// A difference that remains after all was read: incidents that Argus counts as open until a
    /// time to come, for example.
    accepted: i64,
    /// This Argus does not count.
    refused: bool,
}

impl Count {
    /// A reading of the newest events begins.
    pub(super) fn begin(&mut self) {
        self.is_due = !self.refused;
    }

    /// What is known of Argus does not hold any more.
    pub(super) fn reset(&mut self) {
        *self = Self { refused: self.refused, ..Self::default() };
    }

    /// The question, if it is due and nothing is under way that changes the number.
    pub(super) fn next_job(&mut self, ctx: &Context, problems: &Problems) -> Option<Job> {
        let is_due = std::mem::take(&mut self.is_due);
        if !is_due || ctx.outbox.busy() > 0 || problems.queue().len() > 0 {
            return None;
        }
        self.asked_at = problems.incidents().mark();
        Some(Job::CountOpen)
    }

    /// Takes the answer. Returns what is to be read now.
    pub(super) fn take(&mut self, problems: &Problems, result: Answer<usize>) -> Answer<Option<Search>> {
        let count = match result {
            Ok(count) => count,
            Err(ArgusError::Request { status, .. }) => {
                info!("Argus does not count incidents ({status}): it is not asked any more");
                self.refused = true;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if self.asked_at != problems.incidents().mark() {
            return Ok(None);
        }
        let known = problems.incidents().open_count();
        let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let difference = signed(count).saturating_sub(signed(known));
        let search = match self.doubt.filter(|(doubted, _)| *doubted == difference) {
            _ if difference == self.accepted => None,
            Some((_, Search::List)) => {
                self.accepted = difference;
                None
            }
            Some((_, Search::Events)) => Some(Search::List),
            None => {
                debug!("Argus has {count} open incidents, {known} are known: reading the newest events back");
                Some(Search::Events)
            }
        };
        self.doubt = search.map(|search| (difference, search));
        Ok(search)
    }
}
