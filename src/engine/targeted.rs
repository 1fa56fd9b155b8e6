//! Looks for the open incidents of one problem by their tags, where the list of all open incidents
//! does not tell everything: before a case gets an incident it must be known that there is none
//! about its problem (design 4.2). Never decides about an incident.

use super::entry::Priority;
use super::look::Look;
use super::{Engine, Job, Now};
use crate::argus::ArgusError;
use crate::argus::models::{Incident, ListQuery, Page};
use crate::reconcile::identity::same_problem;
use crate::reconcile::mapping::tags_of_problem;
use crate::zino::case::Problem;
use log::debug;
use std::sync::Arc;
use std::time::Duration;

/// How long a problem waits for its look at the longest before it is put in line again.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many incidents such a look may bring; there is one, as a rule.
const MOST: usize = 100;

impl Engine {
    /// Puts a problem aside that must be looked for first; false if it need not be.
    pub(super) fn is_sought_first(&mut self, problem: &Arc<Problem>, now: Now) -> bool {
        if self.looking.left_out.is_empty()
            || self.looking.sought.done.contains(problem)
            || self.has_open_incident(problem)
        {
            return false;
        }
        self.looking.sought.waiting.insert(Arc::clone(problem));
        self.queue.delay(problem, now.mono + PATIENCE);
        true
    }

    fn has_open_incident(&self, problem: &Problem) -> bool {
        let known = |case| self.incidents.near(case).any(|i| i.is_open() && same_problem(case, i));
        self.cases.of(problem).any(|slot| known(&slot.case))
    }

    /// The next of these looks.
    pub(super) fn next_targeted(&mut self, now: Now) -> Option<Job> {
        if !self.looking.tries.may(Look::Problem, now.mono) {
            return None;
        }
        while let Some(problem) = self.looking.sought.waiting.pop_first() {
            let case = self.cases.of(&problem).next_back().map(|slot| Arc::clone(&slot.case));
            let tags = case.and_then(|case| tags_of_problem(&case, &self.settings.rules));
            if let Some(tags) = tags {
                self.looking.sought.under_way = Some(problem);
                return Some(Job::Page(ListQuery::OpenTagged(tags), None, MOST));
            }
            self.was_sought(problem, now);
        }
        None
    }

    pub(super) fn take_targeted(
        &mut self,
        now: Now,
        problem: Arc<Problem>,
        result: Result<Page<Incident>, ArgusError>,
    ) {
        match result {
            Ok(page) => {
                for incident in page.items {
                    let pk = incident.pk;
                    if self.incidents.put(incident) {
                        self.touch(pk, Priority::Bulk);
                    }
                }
            }
            Err(error @ ArgusError::Request { .. }) => debug!("{problem}: not found by its tags: {error}"),
            Err(error) => {
                self.look_failed(now, Look::Problem, "list the incidents of one problem", &error);
                self.queue.fail(&problem, now.mono, &error.to_string());
                return;
            }
        }
        self.look_succeeded(Look::Problem);
        self.was_sought(problem, now);
    }

    fn was_sought(&mut self, problem: Arc<Problem>, now: Now) {
        if self.cases.of(&problem).next().is_some() {
            self.queue.delay(&problem, now.mono);
        }
        self.looking.sought.done.insert(problem);
    }
}
