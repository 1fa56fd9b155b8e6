//! Whether Argus has as many open incidents as are known here, asked after each reading of the
//! newest events. The number shows what these do not: an incident that was dated back, or that lies
//! behind a flood of others. Where the newest events are read rarely, the acknowledged ones and
//! those with a ticket are counted too. Never looks for what is missing itself.

use super::cost;
use crate::argus::ArgusError;
use crate::argus::models::Mark;
use crate::engine::Job;
use crate::engine::context::{Answer, Context};
use crate::engine::problems::Problems;
use log::{debug, info};
use std::time::Duration;

/// What is done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// The newest events are read back over what was seen.
    Events,
    /// All open incidents are listed.
    List,
    /// The open incidents with this mark are listed.
    Marked(Mark),
}

impl Search {
    /// What is read, in words for a log.
    fn what(self) -> &'static str {
        match self {
            Self::Events => "the newest events back",
            Self::List => "the list of all open ones",
            Self::Marked(_) => "the list of these",
        }
    }
}

/// What is known of one number.
#[derive(Debug, Default)]
struct Number {
    /// A difference (theirs less ours), and what was done about it.
    doubt: Option<(i64, Search)>,
    /// A difference that remains after all was read: incidents that Argus counts as open until a
    /// time to come, for example.
    accepted: i64,
    /// Where it costs Argus much, it is asked for again at this time.
    due_at: Duration,
}

impl Number {
    /// What is to be read now, if Argus' number differs by so many from ours. `first`: what shows
    /// most differences.
    fn search(&mut self, difference: i64, first: Search) -> Option<Search> {
        let doubted = self.doubt.filter(|(doubted, _)| *doubted == difference).map(|(_, search)| search);
        let search = match doubted {
            _ if difference == self.accepted => None,
            Some(Search::Events) => Some(Search::List),
            Some(Search::List | Search::Marked(_)) => {
                self.accepted = difference;
                None
            }
            None => Some(first),
        };
        self.doubt = search.map(|search| (difference, search));
        search
    }
}

/// The counting.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// What is still to be asked.
    due: Vec<Option<Mark>>,
    /// What was asked last, and the mark of the incident store then; any change since makes the
    /// number of all open ones worthless.
    asked: Option<Mark>,
    asked_at: u64,
    open: Number,
    acknowledged: Number,
    ticketed: Number,
    /// This Argus does not count.
    refused: bool,
}

impl Count {
    /// A refresh begins; `marks`: what else is counted, because it does not read the newest events.
    pub(super) fn begin(&mut self, now: Duration, marks: &[Mark]) {
        self.due.clear();
        if self.refused {
            return;
        }
        self.due.push(None);
        for mark in marks {
            if self.number(*mark).due_at <= now {
                self.due.push(Some(*mark));
            }
        }
    }

    fn number(&mut self, mark: Mark) -> &mut Number {
        match mark {
            Mark::Acknowledged => &mut self.acknowledged,
            Mark::Ticketed => &mut self.ticketed,
        }
    }

    /// The list of the incidents with this mark was read: does the number fit now?
    pub(super) fn listed(&mut self, mark: Mark) {
        self.due.push(Some(mark));
    }

    /// What is known of Argus does not hold any more.
    pub(super) fn reset(&mut self) {
        *self = Self { refused: self.refused, ..Self::default() };
    }

    /// The next question, if one is due. That for all open ones is left out while something is
    /// under way that changes the number: much may have to be read for a difference.
    pub(super) fn next_job(&mut self, ctx: &Context, problems: &Problems) -> Option<Job> {
        let is_busy = ctx.outbox.busy() > 0 || problems.queue().len() > 0;
        let next = self.due.pop().filter(|mark| mark.is_some() || !is_busy)?;
        (self.asked, self.asked_at) = (next, problems.incidents().mark());
        Some(Job::CountOpen(next))
    }

    /// Takes the answer. Returns what is to be read now. `has_feed`: the newest events can be read.
    pub(super) fn take(
        &mut self,
        now: Duration,
        problems: &Problems,
        has_feed: bool,
        (result, took): (Answer<usize>, Duration),
    ) -> Answer<Option<Search>> {
        let wait = cost::interval(took);
        if let Some(mark) = self.asked {
            self.number(mark).due_at = now + wait;
        }
        let count = match result {
            Ok(count) => count,
            Err(ArgusError::Request { status, .. }) => {
                info!("Argus does not count incidents ({status}): it is not asked any more");
                self.refused = true;
                return Ok(None);
            }
            // It may look through all acknowledgements that it ever had. A connection that breaks
            // at once is no slow answer.
            Err(error) if error.is_late() && self.asked.is_some() && !wait.is_zero() => {
                debug!("Argus does not count in time ({error}): trying again in {} s", wait.as_secs());
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if self.asked.is_none() && self.asked_at != problems.incidents().mark() {
            return Ok(None);
        }
        let known = problems.incidents().open().filter(|i| self.asked.is_none_or(|mark| mark.is_on(i))).count();
        let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let difference = signed(count).saturating_sub(signed(known));
        let (what, number, first) = match self.asked {
            None if has_feed => ("open", &mut self.open, Search::Events),
            None => ("open", &mut self.open, Search::List),
            Some(mark @ Mark::Acknowledged) => ("acknowledged", self.number(mark), Search::Marked(mark)),
            Some(mark @ Mark::Ticketed) => ("ticketed", self.number(mark), Search::Marked(mark)),
        };
        let search = number.search(difference, first);
        if let Some(search) = search {
            debug!("Argus has {count} {what} incidents, {known} are known: reading {}", search.what());
        }
        Ok(search)
    }
}
