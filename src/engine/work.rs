//! The work on problems: which one is next, what its job is given, and what becomes of its report.
//! Never decides what a problem needs; the job does.

use super::argus_watch::ArgusWatch;
use super::component::{Component, Reset};
use super::context::{Context, Effect};
use super::problems::FullLooks;
use super::problems::Problems;
use super::problems::{Ended, Generations};
use super::{Job, SETTLE};
use crate::argus::ArgusError;
use crate::argus::models::{Incident, IncidentPk};
use crate::config::Filter;
use crate::reconcile::filter::{Verdict, verdict};
use crate::reconcile::identity::same_problem;
use crate::reconcile::matching::may_have_an_old_incident;
use crate::reconcile::work::{CaseWork, Outcome, ProblemJob, ProblemReport};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseId, Problem};
use log::{debug, info, warn};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The age up to which a case is new, in seconds: the clocks of Zino and this host may differ.
const NEW_SECS: i64 = 600;
/// How many of each line are looked at before Argus is listed: a storm must not cost a look at
/// all of them for each of them.
const MOST_LOOKED_AT: usize = 100;
/// How many failures of single problems are logged.
const MAX_LOGGED: u32 = 20;

/// The work on problems.
#[derive(Debug, Default)]
pub(super) struct Work {
    full_looks: FullLooks,
    /// How many failures of single problems were logged.
    failures_logged: u32,
    /// Until then a request of an earlier engine may still execute.
    settled_at: Option<Duration>,
}

impl Work {
    /// At a reload: until when a request of the earlier engine may still execute; `None` if one was
    /// under way at its end.
    pub(super) fn after_reload(settled_at: Option<Duration>) -> Self {
        Self { settled_at, ..Self::default() }
    }

    /// What the next engine goes on with.
    pub(super) fn settled_at(&self) -> Option<Duration> {
        self.settled_at
    }

    /// A step begins.
    pub(super) fn begin(&mut self, ctx: &Context) {
        self.settled_at.get_or_insert(ctx.now.mono + SETTLE);
    }

    /// How many complete readings gave what was left out another try.
    pub(super) fn full_looks(&self) -> u64 {
        self.full_looks.count()
    }

    /// All open incidents were listed: what was left out is tried again.
    pub(super) fn retry_setbacks(&mut self, ctx: &Context, problems: &mut Problems) {
        if self.full_looks.note(ctx) {
            problems.recheck_setbacks();
        }
    }

    /// The job for the next problem.
    pub(super) fn next_job(&mut self, ctx: &Context, problems: &mut Problems, argus: &ArgusWatch) -> Option<Job> {
        loop {
            let problem = problems.queue_mut().take()?;
            if let Some(job) = self.problem_job(ctx, problems, &problem, argus) {
                return Some(begin(problems, &problem, job));
            }
        }
    }

    /// The job for a problem that cannot wait for the lists of Argus: one new case that was
    /// notified, or that the list has passed without showing its incident, and nothing is known in
    /// Argus about it. Of the latter the highest priorities come first.
    /// Rule: CREATE-10.
    pub(super) fn next_early_job(&mut self, ctx: &Context, problems: &mut Problems, argus: &ArgusWatch) -> Option<Job> {
        let listed_since = argus.lists().shows_since();
        let is_urgent = |problem: &&Arc<Problem>| is_urgent(ctx, problems, problem, listed_since);
        let (live, bulk) = (problems.queue().live(), problems.queue().bulk());
        let problem = live.take(MOST_LOOKED_AT).chain(bulk.take(MOST_LOOKED_AT)).find(is_urgent).cloned()?;
        problems.queue_mut().take_out(&problem);
        let job = self.problem_job(ctx, problems, &problem, argus)?;
        Some(begin(problems, &problem, ProblemJob { is_early: true, lists_all_open: false, ..job }))
    }

    /// The job for a problem; `None` if there is nothing to do, or not yet.
    fn problem_job(
        &self,
        ctx: &Context,
        problems: &mut Problems,
        problem: &Arc<Problem>,
        argus: &ArgusWatch,
    ) -> Option<ProblemJob> {
        let now = ctx.now;
        // What no list shows may be open, also for a case that needs no incident.
        if argus.lists().shows_all() {
            settle_idle_cases(problems, problem, &ctx.settings.rules.filter, now.wall);
        }
        let cases: Vec<CaseWork> = problems
            .cases()
            .of(problem)
            .map(|known| CaseWork {
                case: Arc::clone(&known.case),
                due: known.is_due(),
                exempt: known.exempt,
                tried: known.may_be_unlisted,
                setbacks: known.setbacks.clone(),
                chance: known.chance(self.full_looks()),
            })
            .collect();
        if cases.is_empty() {
            problems.queue_mut().forget(problem);
            return None;
        }
        if !cases.iter().any(|work| work.due) {
            problems.queue_mut().park(problem);
            return None;
        }
        let incidents = incidents_of(problems, problem, &cases);
        let settled_at = self.settled_at.unwrap_or_default();
        if now.mono < settled_at && !incidents.is_empty() {
            problems.queue_mut().delay(problem, settled_at);
            return None;
        }
        let doubt = problems.queue().doubt(problem, now.mono);
        Some(ProblemJob {
            problem: (**problem).clone(),
            cases,
            incidents,
            // A creation whose outcome is unknown may have been for a case that Zino has forgotten.
            lists_all_open: argus.knows_all_open() && !problems.queue().has_failed(problem),
            is_early: false,
            doubt,
            now: now.wall,
        })
    }

    /// Takes what a job found and did, but for what people did, which is for Zino.
    pub(super) fn take_report(&mut self, ctx: &mut Context, problems: &mut Problems, report: ProblemReport) {
        let problem = problems.shared(&report.problem);
        report.gone.into_iter().for_each(|pk| problems.remove_incident(pk));
        for incident in report.incidents {
            problems.put_written(ctx, incident, &problem);
        }
        for (case, pk) in report.owners {
            if let Some(known) = problems.case_mut(&case) {
                (known.incident, known.may_be_unlisted) = (Some(pk), false);
            }
        }
        for case in report.tried {
            if let Some(known) = problems.case_mut(&case) {
                known.may_be_unlisted = true;
            }
        }
        for id in &report.changes.created {
            problems.observe_creation(ctx.now.mono, *id);
        }
        self.full_looks.take_setbacks(ctx, problems, report.setbacks);
        self.end_run(ctx, problems, &problem, report.outcome, &report.settled);
        if !report.changes.ended.is_empty() {
            problems.recheck_open_case(&problem);
        }
    }

    fn end_run(
        &mut self,
        ctx: &mut Context,
        problems: &mut Problems,
        problem: &Arc<Problem>,
        outcome: Outcome,
        settled: &[CaseId],
    ) {
        let now = ctx.now.mono;
        if !problems.has_cases(problem) {
            // Its entry goes, whatever the outcome.
            problems.queue_mut().finish(problem, now, Ended::Done);
            problems.queue_mut().forget(problem);
            return;
        }
        let mut generations = problems.queue().generations(problem);
        if outcome != Outcome::Done {
            generations.retain(|(id, _)| settled.contains(id));
        }
        match outcome {
            Outcome::Done => {
                if let Some(why) = problems.queue_mut().finish(problem, now, Ended::Done) {
                    info!("{problem}: synchronised again; it had failed before ({why})");
                }
            }
            Outcome::Doubtful(write) => {
                ctx.outbox.effect(Effect::ArgusFailed);
                problems.queue_mut().finish(problem, now, Ended::InDoubt(write));
            }
            Outcome::Unfinished => drop(problems.queue_mut().finish(problem, now, Ended::Unfinished)),
            Outcome::Fresh => drop(problems.queue_mut().finish(problem, now, Ended::NotBefore(now + SETTLE))),
            Outcome::Failed(error) => {
                if !matches!(error, ArgusError::Request { .. }) {
                    ctx.outbox.effect(Effect::ArgusFailed);
                }
                debug!("{problem}: {error}");
                problems.queue_mut().finish(problem, now, Ended::Failed(&error.to_string()));
            }
        }
        problems.settle(generations);
    }

    /// Argus answers, so what failed is the failure of single problems.
    pub(super) fn log_failures(&mut self, ctx: &mut Context, problems: &mut Problems) {
        for (problem, why) in problems.queue_mut().unlogged_failures() {
            let line = format!("{problem}: this request fails although Argus is reachable ({why})");
            self.failures_logged += 1;
            match self.failures_logged {
                n if n < MAX_LOGGED => warn!("{line}{}", ctx.again()),
                MAX_LOGGED => warn!("many problems fail in this way; further ones are not logged"),
                _ => {}
            }
            ctx.status.failed(ctx.now, line);
        }
    }
}

/// A job for a problem that was taken from its line.
fn begin(problems: &mut Problems, problem: &Arc<Problem>, job: ProblemJob) -> Job {
    let due = problems.cases().of(problem).filter(|known| known.is_due());
    let generations: Generations = due.map(|known| (known.case.id, known.desired)).collect();
    problems.queue_mut().start(problem, generations);
    Job::Problem(Box::new(job))
}

/// Whether the problem has one case, which is open and wanted, has just been notified, and has no
/// incident that is known.
fn is_urgent(ctx: &Context, problems: &Problems, problem: &Problem, listed_since: Option<Stamp>) -> bool {
    let mut cases = problems.cases().of(problem);
    let (Some(known), None) = (cases.next(), cases.next()) else {
        return false;
    };
    // The list begins with what began last.
    let is_passed = listed_since.is_some_and(|since| known.case.opened > since);
    let is_new = known.incident.is_none() && !known.may_be_unlisted && !known.exempt;
    is_new
        && (known.notified_at.is_some() || is_passed)
        && !known.case.is_closed()
        && known.case.opened > ctx.now.wall.plus_secs(-NEW_SECS)
        && verdict(&known.case, &ctx.settings.rules.filter) == Verdict::Wanted
        && !problems.queue().has_failed(problem)
        && !problems.incidents().near(&known.case).any(|incident| same_problem(&known.case, incident))
}

/// Settles the due cases of a problem that have no incident and shall get none.
fn settle_idle_cases(problems: &mut Problems, problem: &Problem, filter: &Filter, now: Stamp) {
    let needs_nothing = |case: &Case| {
        verdict(case, filter) != Verdict::Wanted
            && !may_have_an_old_incident(case, filter, now)
            && !problems.incidents().near(case).any(|incident| same_problem(case, incident))
    };
    let due = problems.cases().of(problem).filter(|known| known.is_due() && !known.may_be_unlisted);
    let idle: Vec<CaseId> = due.filter(|known| needs_nothing(&known.case)).map(|known| known.case.id).collect();
    idle.into_iter().for_each(|id| problems.settle_as_it_is(id));
}

/// The incidents that may be about a problem, and those that its cases have.
fn incidents_of(problems: &Problems, problem: &Problem, cases: &[CaseWork]) -> Vec<Incident> {
    let mut found: BTreeMap<IncidentPk, &Incident> = BTreeMap::new();
    for work in cases {
        let near = problems.incidents().near(&work.case);
        found.extend(near.filter(|i| same_problem(&work.case, i)).map(|incident| (incident.pk, incident)));
    }
    let owned = problems.cases().of(problem).filter_map(|known| known.incident);
    found.extend(owned.filter_map(|pk| problems.incidents().get(pk)).map(|incident| (incident.pk, incident)));
    found.into_values().cloned().collect()
}

impl Component for Work {
    fn reset(&mut self, _why: Reset) {
        self.full_looks.forget();
    }
}
