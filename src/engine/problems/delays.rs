//! For people outside: how long a new case waited for its incident, and which problem waits
//! longest. Never decides anything.

use super::Problems;
use crate::metrics::metrics;
use crate::zino::case::CaseId;
use std::time::Duration;

/// A problem that is to be synchronised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its name.
    pub problem: String,
    /// For how long it has been waiting.
    pub time: Duration,
    /// Why it could not be synchronised until now, if it was tried. May hold foreign text.
    pub why: Option<String>,
}

impl Problems {
    /// A notification of this time was about a case.
    pub(in crate::engine) fn note_notified(&mut self, id: CaseId, at: Duration) {
        if let Some(known) = self.cases.get_mut(id) {
            known.note_notified(at);
        }
    }

    /// The incident of a case was created.
    pub(in crate::engine) fn observe_creation(&mut self, now: Duration, id: CaseId) {
        let notified_at = self.cases.get_mut(id).and_then(|known| known.notified_at.take());
        notified_at.into_iter().for_each(|at| metrics().created_after(now.saturating_sub(at)));
    }

    /// The problem that has been waiting longest.
    pub(in crate::engine) fn oldest_waiting(&self, now: Duration) -> Option<Waiting> {
        let (problem, since, why) = self.queue.waiting().min_by_key(|(_, since, _)| *since)?;
        let time = now.saturating_sub(since);
        Some(Waiting { problem: problem.to_string(), time, why: why.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ended, Priority};
    use super::*;
    use crate::reconcile::testing::{case, rules};
    use std::sync::Arc;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn with_case(id: CaseId) -> Problems {
        let mut problems = Problems::default();
        problems.keep_case(&rules(), case(id), false);
        problems
    }

    #[test]
    fn the_first_notification_counts_until_the_incident_is_there_or_none_is_needed() {
        let mut problems = with_case(1);
        let noted = |problems: &Problems| problems.cases.get(1).unwrap().notified_at;
        problems.note_notified(1, secs(5));
        problems.note_notified(1, secs(7));
        assert_eq!(noted(&problems), Some(secs(5)));
        problems.observe_creation(secs(9), 1);
        assert_eq!(noted(&problems), None);
        problems.note_notified(1, secs(10));
        problems.settle_as_it_is(1);
        assert_eq!(noted(&problems), None, "it needs no incident");
        problems.note_notified(1, secs(11));
        assert_eq!(noted(&problems), None, "nothing is to be done for it");
    }

    #[test]
    fn a_case_that_has_its_incident_or_gets_none_waits_for_none() {
        for (incident, exempt) in [(Some(7), false), (None, true)] {
            let mut problems = with_case(1);
            let known = problems.cases.get_mut(1).unwrap();
            (known.incident, known.exempt) = (incident, exempt);
            problems.note_notified(1, secs(5));
            assert_eq!(problems.cases.get(1).unwrap().notified_at, None);
        }
    }

    #[test]
    fn the_oldest_is_the_problem_that_has_been_in_line_longest_with_its_failure() {
        let mut problems = Problems::default();
        assert_eq!(problems.oldest_waiting(secs(0)), None);
        let [first, second] = [1, 2].map(|id| Arc::new(case(id).problem()));
        for (at, problem) in [(3, &first), (8, &second)] {
            problems.queue.begin(secs(at));
            problems.enqueue(problem, Priority::Live);
        }
        let taken = problems.queue.take().unwrap();
        problems.queue.start(&taken, Vec::new());
        problems.queue.finish(&taken, secs(10), Ended::Failed("refused"));
        let oldest = problems.oldest_waiting(secs(20)).unwrap();
        assert_eq!((oldest.problem, oldest.time), (first.to_string(), secs(17)));
        assert_eq!(oldest.why.as_deref(), Some("refused"));
        problems.queue.forget(&first);
        assert_eq!(problems.oldest_waiting(secs(20)).unwrap().time, secs(12));
    }
}
