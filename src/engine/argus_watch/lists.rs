//! The lists of incidents: all open ones, and the ended ones that may matter. Read page by page,
//! and completely once in a while. Never reads anything itself.

use super::cost::Cost;
use super::look::{Walk, Wanted};
use super::paging::{Failed, LeftOut, Progress};
use crate::argus::models::{Incident, IncidentPk, ListQuery, Mark, Page};
use crate::config::Filter;
use crate::engine::Job;
use crate::engine::context::Context;
use crate::engine::periodic::Periodic;
use crate::engine::problems::Priority;
use crate::engine::problems::Problems;
use crate::metrics::{Server, metrics};
use crate::reconcile::filter::may_have_been_wanted;
use crate::reconcile::identity::same_problem;
use crate::reconcile::matching::ENDED_WINDOW_SECS;
use crate::time::Stamp;
use log::{info, warn};
use std::collections::VecDeque;
use std::time::Duration;

/// How far the clocks of the servers and ours may differ where a list is limited by time.
const CLOCKS_SECS: i64 = 3600;

/// A list that was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// All open incidents.
    Open,
    /// The ended ones that may matter.
    Ended,
    /// Those that were closed lately.
    Closed,
    /// The open ones with this mark.
    Marked(Mark),
}

/// The lists.
#[derive(Debug, Default)]
pub struct Lists {
    walk: Option<Walk>,
    /// When it began.
    walks_since: Duration,
    /// Whether the walk has come to its end.
    is_at_end: bool,
    /// The list of open incidents.
    full: Periodic,
    /// It was read since the start or the takeover.
    open_listed: bool,
    /// So were the ended ones.
    ended_listed: bool,
    /// What the newest list of open incidents does not show.
    left_out: LeftOut,
    /// What the last lists of open incidents have cost.
    cost: Cost,
    /// What a refresh asks for, and whether the walk is one of these.
    refresh: VecDeque<ListQuery>,
    is_refreshing: bool,
}

impl Lists {
    /// Whether all were read since the start or the takeover.
    pub fn is_complete(&self) -> bool {
        self.open_listed && self.ended_listed
    }

    /// Whether the newest list of open incidents shows all of them.
    pub fn shows_all(&self) -> bool {
        self.left_out.is_empty()
    }

    pub fn has_open(&self) -> bool {
        self.open_listed
    }

    /// From when on the list of open incidents under way has shown all that began later.
    pub fn shows_since(&self) -> Option<Stamp> {
        self.walk.as_ref().filter(|walk| walk.query == ListQuery::Open)?.oldest()
    }

    /// Whether one is being read.
    pub(super) fn is_reading(&self) -> bool {
        self.walk.is_some()
    }

    /// The open incidents are to be listed by then.
    pub(super) fn begin_by(&mut self, at: Duration) {
        self.full.due_by(at);
    }

    /// All is to be listed by then.
    pub(super) fn begin_all(&mut self, at: Duration) {
        self.full.due_by(at);
        self.ended_listed = false;
    }

    /// A refresh asks for this list.
    pub(super) fn refresh(&mut self, query: ListQuery) {
        if !self.refresh.contains(&query) {
            self.refresh.push_back(query);
        }
    }

    /// Whether the list under way is one that a refresh asked for.
    pub(super) fn is_refreshing(&self) -> bool {
        self.is_refreshing
    }

    /// Argus was away: what failed meanwhile does not show what it can give.
    pub(super) fn forget_failures(&mut self) {
        if let Some(walk) = &mut self.walk {
            walk.forget_failures();
        }
    }

    /// When the next list is due.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.full.next_wake()
    }

    /// The next page.
    pub(super) fn next_job(
        &mut self,
        ctx: &Context,
        problems: &Problems,
        may_list_ended: bool,
        usual: usize,
    ) -> Option<Job> {
        if self.walk.is_none() {
            let now = ctx.now.mono;
            let query = if !self.open_listed || self.full.is_due(now) {
                self.full.start(now, ctx.settings.full_interval);
                ListQuery::Open
            } else if !self.ended_listed && may_list_ended {
                ListQuery::EndedSince(ended_since(problems, &ctx.settings.rules.filter, ctx.now.wall))
            } else {
                let query = self.refresh.pop_front()?;
                self.is_refreshing = true;
                query
            };
            self.walk = Some(Walk::new(query, problems.incidents().mark()));
            self.walks_since = now;
        }
        let walk = self.walk.as_mut()?;
        let (until, most) = walk.ask(usual);
        Some(Job::Page(walk.query.clone(), until, most))
    }

    /// Notes what is on a page, which took Argus so long.
    pub(super) fn note_page(&mut self, page: &Page<Incident>, took: Duration) {
        if let Some(walk) = &mut self.walk {
            self.is_at_end = walk.take(page, took) == Progress::End;
        }
    }

    /// A page could not be had although Argus answers. Returns what follows.
    pub(super) fn fail(&mut self) -> Option<Failed> {
        let failed = self.walk.as_mut()?.fail();
        self.is_at_end = failed == Failed::End;
        Some(failed)
    }

    /// Ends the list if its last page has come, and returns which it was.
    pub(super) fn take_end(
        &mut self,
        ctx: &mut Context,
        problems: &mut Problems,
        wanted: &mut Wanted,
    ) -> Option<Listed> {
        if !std::mem::take(&mut self.is_at_end) {
            return None;
        }
        let walk = self.walk.take()?;
        if !walk.left_out().is_empty() {
            log_left_out(ctx, &walk, &self.left_out);
        }
        if std::mem::take(&mut self.is_refreshing) {
            let ListQuery::OpenMarked(mark) = walk.query else {
                return Some(Listed::Closed);
            };
            let lost = problems.incidents().open().filter(|i| mark.is_on(i) && !walk.has(i.pk));
            lost.for_each(|i| wanted.insert(i.pk));
            return Some(Listed::Marked(mark));
        }
        if walk.query != ListQuery::Open {
            self.ended_listed = true;
            return Some(Listed::Ended);
        }
        metrics().read_completely(Server::Argus, ctx.now.mono.saturating_sub(self.walks_since));
        self.cost.note(ctx.now.mono, walk.cost());
        self.full.stop();
        self.full.due_at(ctx.now.mono + self.full_interval(ctx));
        let is_missing = |i: &&Incident| !walk.left_out().contains(i.start_time);
        let missing: Vec<IncidentPk> = problems.incidents().open().filter(is_missing).map(|i| i.pk).collect();
        for pk in missing {
            let has_vanished = problems.incidents().unseen_since(pk, walk.began);
            if has_vanished && !problems.recheck_incident(ctx, pk, Priority::Live) {
                wanted.insert(pk);
            }
        }
        if !self.open_listed {
            info!("{} open incidents in Argus", walk.len());
        }
        self.open_listed = true;
        self.left_out = walk.left_out().clone();
        Some(Listed::Open)
    }
}

impl Lists {
    /// How long until the next list of all open incidents: as configured, or longer where it costs
    /// Argus much. The count shows in between what the newest events do not.
    fn full_interval(&self, ctx: &Context) -> Duration {
        let configured = ctx.settings.full_interval;
        let interval = self.cost.interval(configured);
        if interval > configured {
            let (took, minutes) = (self.cost.least().as_secs(), interval.as_secs().div_ceil(60));
            info!("the list of all open incidents takes Argus {took} s: the next one comes in {minutes} minutes");
        }
        interval
    }
}

/// The earliest end time to list: nine hours back, or the opening of the oldest open case without
/// an open incident.
fn ended_since(problems: &Problems, filter: &Filter, now: Stamp) -> Stamp {
    let window = now.plus_secs(-ENDED_WINDOW_SECS);
    let cases = problems.cases().all();
    cases
        .filter(|known| !known.case.is_closed() && may_have_been_wanted(&known.case, filter))
        .filter(|known| !problems.incidents().near(&known.case).any(|i| i.is_open() && same_problem(&known.case, i)))
        .map(|known| known.case.opened.plus_secs(-CLOCKS_SECS))
        .min()
        .map_or(window, |earliest| earliest.min(window))
}

/// Logs that a list is incomplete: once, and again when it lacks something else. `before`: what the
/// last list of open incidents lacked.
fn log_left_out(ctx: &mut Context, walk: &Walk, before: &LeftOut) {
    let left_out = walk.left_out();
    let (what, then) = if walk.query != ListQuery::Open {
        (format!("Argus cannot list all ended incidents that began {left_out}"), "going on without them")
    } else if before == left_out {
        return;
    } else {
        let then = "before a case gets an incident Argus is asked for those of its problem";
        (format!("Argus cannot list all open incidents that began {left_out}"), then)
    };
    warn!("{what}, because they are too many for one answer; {then} (a higher argus.timeout may help)");
    ctx.status.failed(ctx.now, what);
}
