//! Looks for the open incidents of one problem by their tags, where the list of all open incidents
//! is incomplete: before a case gets an incident it must be known that there is none about its
//! problem (CREATE-4). Never decides about an incident.

use super::paging::LeftOut;
use crate::argus::models::ListQuery;
use crate::engine::Job;
use crate::engine::context::Context;
use crate::engine::problems::Problems;
use crate::reconcile::render::tags_of_problem;
use crate::zino::case::Problem;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The longest time that a problem waits for its look before it is put in the queue again.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many incidents such a look may bring; there is one, as a rule.
const MOST: usize = 100;

/// The problems that are looked for one by one.
#[derive(Debug, Default)]
pub struct Targeted {
    /// What the newest list of open incidents does not show.
    left_out: LeftOut,
    waiting: BTreeSet<Arc<Problem>>,
    under_way: Option<Arc<Problem>>,
    /// Since the newest list of open incidents.
    done: BTreeSet<Arc<Problem>>,
}

impl Targeted {
    /// All open incidents were listed, but for these.
    pub(super) fn begin(&mut self, left_out: LeftOut) {
        self.left_out = left_out;
        self.done.clear();
    }

    /// What the newest list of open incidents does not show.
    pub(super) fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Puts a problem aside that must be looked for first; false if it need not be.
    pub fn claims(&mut self, ctx: &Context, problems: &mut Problems, problem: &Arc<Problem>) -> bool {
        if self.left_out.is_empty() || self.done.contains(problem) || problems.has_open_incident(problem) {
            return false;
        }
        self.waiting.insert(Arc::clone(problem));
        problems.queue_mut().delay(problem, ctx.now.mono + PATIENCE);
        true
    }

    /// The next of these looks.
    pub(super) fn next_job(&mut self, ctx: &Context, problems: &mut Problems) -> Option<Job> {
        while let Some(problem) = self.waiting.pop_first() {
            let case = problems.cases().of(&problem).next_back().map(|known| Arc::clone(&known.case));
            let tags = case.and_then(|case| tags_of_problem(&case, &ctx.settings.rules));
            if let Some(tags) = tags {
                self.under_way = Some(problem);
                return Some(Job::Page(ListQuery::OpenTagged(tags), None, MOST));
            }
            self.finish(ctx, problems, problem);
        }
        None
    }

    /// The problem that was looked for, if any was.
    pub(super) fn take(&mut self) -> Option<Arc<Problem>> {
        self.under_way.take()
    }

    /// A problem was looked for, or cannot be.
    pub(super) fn finish(&mut self, ctx: &Context, problems: &mut Problems, problem: Arc<Problem>) {
        if problems.has_cases(&problem) {
            problems.queue_mut().delay(&problem, ctx.now.mono);
        }
        self.done.insert(problem);
    }
}
