//! Whether Argus has as many open incidents as are known here, asked after each look at the newest events: what these do not show,
//! because it was dated back or lies behind a flood of others, shows in the number. Never looks for what is missing itself.

use super::look::Look;
use super::{Engine, Job, Now};
use crate::argus::ArgusError;
use log::{debug, info};

/// What was done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// The newest events were read back over what was seen.
    Events,
    /// All open incidents were listed.
    List,
}

/// The counting.
#[derive(Debug, Default)]
pub(super) struct Counting {
    due: bool,
    /// The store of incidents as it was when the question went out; any change since makes the answer worthless.
    asked_at: u64,
    /// A difference (theirs less ours) and what was done about it.
    doubt: Option<(i64, Tried)>,
    /// A difference that is there after all was read: incidents that Argus counts as open until a time to come, for example.
    accepted: i64,
    /// This Argus does not count.
    refused: bool,
}

impl Counting {
    /// A look at the newest events begins.
    pub(super) fn begin(&mut self) {
        self.due = !self.refused;
    }

    /// As at a start.
    pub(super) fn forget(&mut self) {
        *self = Self { refused: self.refused, ..Self::default() };
    }
}

impl Engine {
    /// The question, if it is due and nothing is under way that changes the number.
    pub(super) fn next_count(&mut self, now: Now) -> Option<Job> {
        if !self.looking.tries.may(Look::Count, now.mono) {
            return None;
        }
        let due = std::mem::take(&mut self.counting.due);
        if !due || self.busy > 0 || self.queue.len() > 0 {
            return None;
        }
        self.counting.asked_at = self.incidents.mark();
        Some(Job::CountOpen)
    }

    pub(super) fn take_count(&mut self, now: Now, result: Result<usize, ArgusError>) {
        self.looking.busy = false;
        let count = match result {
            Ok(count) => count,
            Err(ArgusError::Request { status, .. }) => {
                info!("Argus does not count incidents ({status}): it is not asked any more");
                self.counting.refused = true;
                return;
            }
            Err(error) => return self.look_failed(now, Look::Count, "count the open incidents", &error),
        };
        self.look_succeeded(Look::Count);
        if self.counting.asked_at != self.incidents.mark() {
            return;
        }
        let known = self.incidents.open_count();
        let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let difference = signed(count).saturating_sub(signed(known));
        let counting = &mut self.counting;
        counting.doubt = match counting.doubt.filter(|(doubted, _)| *doubted == difference) {
            _ if difference == counting.accepted => None,
            Some((_, Tried::List)) => {
                counting.accepted = difference;
                None
            }
            Some((_, Tried::Events)) => {
                self.looking.full_at = now.mono;
                Some((difference, Tried::List))
            }
            None => {
                debug!("Argus has {count} open incidents, {known} are known: reading the newest events back");
                (self.looking.deep_at, self.looking.refresh_at) = (now.mono, now.mono);
                Some((difference, Tried::Events))
            }
        };
    }
}
