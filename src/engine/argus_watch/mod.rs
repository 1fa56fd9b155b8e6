//! The watch on Argus: when which lists, newest events and single incidents are read. One read at a
//! time, page by page, so that a long list never holds up live work. Never decides what is to be
//! done about a problem.

mod cost;
mod count;
mod events;
mod feed;
mod lists;
mod look;
mod paging;
mod rest;
mod slow;

pub(super) use lists::{Listed, Lists};
pub(super) use look::{Failing, Look};
pub use slow::{cannot_be_had, is_costly};

use super::Job;
use super::component::{Situation, TRIES};
use super::context::{Answer, Context, Effect};
use super::problems::{Priority, Problems};
use super::zino_view::ZinoView;
use crate::argus::ArgusError;
use crate::argus::models::{Event, EventPk, Incident, IncidentPk, ListQuery, Page};
use count::{Count, Search};
use events::{Events, Meaning, Way};
use log::info;
use look::{Tries, Wanted, is_unfinished};
use paging::{Failed, PageSize};
use std::time::Duration;

/// What Argus answered, or why it did not, and how long it took.
type Timed<T> = (Answer<T>, Duration);

/// The watch on Argus.
#[derive(Debug, Default)]
pub(super) struct ArgusWatch {
    /// A read is under way; at most one is.
    is_looking: bool,
    /// Everything is known that must be known before anything is created or ended.
    is_ready: bool,
    lists: Lists,
    events: Events,
    /// Incidents to be read one by one.
    wanted: Wanted,
    count: Count,
    page_size: PageSize,
    tries: Tries,
}

impl ArgusWatch {
    pub(super) fn is_looking(&self) -> bool {
        self.is_looking
    }

    pub(super) fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Whether the newest events were read since the start or the takeover.
    pub(super) fn has_baseline(&self) -> bool {
        self.events.has_baseline()
    }

    /// Whether anything of Argus was read since the start or the takeover.
    pub(super) fn is_heard(&self) -> bool {
        self.has_baseline() || self.lists.has_open()
    }

    pub(super) fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Whether every open incident is known that another instance has not just made: the list shows
    /// all, and what happened while Argus was away has been read.
    pub(super) fn knows_all_open(&self) -> bool {
        self.lists.shows_all() && self.wanted.is_empty() && !self.events.is_behind()
    }

    /// How many items a page usually has.
    pub(super) fn page(&self) -> usize {
        self.page_size.items()
    }

    /// What has failed so often that a single run leaves it to the next one.
    pub(super) fn failing(&self) -> impl Iterator<Item = (Look, &Failing)> {
        self.tries.failing(TRIES)
    }

    /// Notes whether both servers were read completely, and Zino has sent every case that Argus has
    /// an incident of. Once that was so, a lost connection to Zino does not undo it.
    pub(super) fn note_ready(&mut self, zino: &ZinoView) {
        self.is_ready |= zino.is_connected() && zino.is_read() && zino.is_answered() && self.lists.is_complete();
    }

    /// Notes events that this process posted.
    pub(super) fn note_posted(&mut self, events: &[EventPk]) {
        self.events.note_posted(events);
    }

    /// Has people's actions looked for now.
    pub(super) fn refresh_now(&mut self, now: Duration) {
        self.events.read_now(now, false);
    }

    /// Argus is back: all that failed is tried again now.
    pub(super) fn come_back(&mut self, now: Duration) {
        self.tries.retry_now(now);
        self.events.come_back(now);
        self.list_if_behind(now);
        self.lists.forget_failures();
    }

    /// No events will show what happened meanwhile.
    fn list_if_behind(&mut self, now: Duration) {
        if self.events.needs_list() {
            self.lists.begin_by(now);
        }
    }

    /// The next read of Argus, if one is due.
    pub(super) fn next_job(
        &mut self,
        ctx: &Context,
        at: &Situation,
        zino: &mut ZinoView,
        problems: &mut Problems,
    ) -> Option<Job> {
        if self.is_looking || !zino.is_connected() {
            return None;
        }
        let job = if self.has_baseline() {
            let may_list = self.tries.may(Look::List, ctx.now.mono);
            let may_list_ended = zino.ever_read() && zino.is_answered();
            let usual = self.page_size.items();
            let page = if may_list { self.lists.next_job(ctx, problems, may_list_ended, usual) } else { None };
            page.or_else(|| self.next_after_lists(ctx, at, zino, problems))
        } else {
            self.next_events(ctx)
        };
        self.is_looking = job.is_some();
        job
    }

    /// What is read once the lists were: before that, everything would be new.
    fn next_after_lists(
        &mut self,
        ctx: &Context,
        at: &Situation,
        zino: &mut ZinoView,
        problems: &mut Problems,
    ) -> Option<Job> {
        if !zino.ever_read() || !self.lists.is_complete() {
            return None;
        }
        let now = ctx.now.mono;
        let may = |tries: &Tries, look| tries.may(look, now).then_some(());
        self.next_events(ctx)
            .or_else(|| may(&self.tries, Look::Incident).and_then(|()| self.wanted.take().map(Job::Incident)))
            .or_else(|| may(&self.tries, Look::Orphan).and_then(|()| zino.next_orphan_job(ctx, at, problems)))
            .or_else(|| may(&self.tries, Look::Count).and_then(|()| self.count.next_job(ctx, problems)))
            .or_else(|| self.next_refresh(ctx, problems))
    }

    /// The next page of the newest events.
    fn next_events(&mut self, ctx: &Context) -> Option<Job> {
        let may = self.tries.may(Look::Events, ctx.now.mono);
        may.then(|| self.events.next_job(self.page_size.items())).flatten()
    }

    /// Begins to read what is new.
    fn next_refresh(&mut self, ctx: &Context, problems: &Problems) -> Option<Job> {
        let way = self.events.begin(ctx)?;
        self.count.begin(ctx.now.mono, self.events.marks(&way));
        let Way::Lists(since) = way else { return self.next_events(ctx) };
        self.lists.refresh(ListQuery::EndedSince(since));
        let may_list = self.tries.may(Look::List, ctx.now.mono);
        may_list.then(|| self.lists.next_job(ctx, problems, true, self.page_size.items())).flatten()
    }

    /// Takes a page of a list. Returns the list if that was its end.
    pub(super) fn take_page(
        &mut self,
        ctx: &mut Context,
        problems: &mut Problems,
        (result, took): Timed<Page<Incident>>,
    ) -> Option<Listed> {
        self.is_looking = false;
        if !self.lists.is_reading() {
            return None; // it was asked for before a reset
        }
        let failed = match result {
            Ok(page) => {
                self.tries.succeeded(ctx, Look::List);
                self.lists.note_page(&page, took);
                let priority = if self.lists.is_refreshing() { Priority::Live } else { Priority::Bulk };
                page.items.into_iter().for_each(|incident| problems.put_incident(ctx, incident, priority));
                None
            }
            Err(error) => {
                self.failed(ctx, Look::List, "list the incidents", &error);
                is_unfinished(&error).then(|| self.lists.fail()).flatten()
            }
        };
        if failed == Some(Failed::Shrink) {
            self.page_size.shrink();
        }
        let listed = self.lists.take_end(ctx, problems, &mut self.wanted)?;
        self.page_size.grow();
        match listed {
            Listed::Open => self.events.listed(),
            Listed::Marked(mark) => self.count.listed(mark),
            Listed::Ended | Listed::Closed => {}
        }
        Some(listed)
    }

    /// Takes a page of the newest events.
    pub(super) fn take_newest(
        &mut self,
        ctx: &mut Context,
        problems: &mut Problems,
        (result, took): Timed<Page<Event>>,
    ) {
        self.is_looking = false;
        if !self.events.is_reading() {
            return; // it was asked for before a reset
        }
        let overflow = match result {
            Ok(page) => self.take_events(ctx, problems, (page, took)),
            Err(error) if error.is_late() && self.events.fail_slowly(ctx.now.mono, took) => {
                // A probe shows whether it is an outage all the same.
                ctx.outbox.effect(Effect::ArgusFailed);
                self.tries.succeeded(ctx, Look::Events);
                return self.list_if_behind(ctx.now.mono);
            }
            Err(error) => {
                self.failed(ctx, Look::Events, "read the newest events", &error);
                let failed = is_unfinished(&error).then(|| self.events.fail());
                if failed == Some(Failed::Shrink) {
                    self.page_size.shrink();
                }
                failed == Some(Failed::End)
            }
        };
        if overflow {
            info!("too many events in Argus to read them all: looking at every incident");
            self.events.need_list();
            self.lists.begin_by(ctx.now.mono);
            problems.recheck_all();
        }
    }

    /// Takes a page of events; returns whether there are more than can be read.
    fn take_events(&mut self, ctx: &mut Context, problems: &mut Problems, page: (Page<Event>, Duration)) -> bool {
        let (events, overflow) = self.events.take(ctx.now.mono, page.0, page.1);
        if !self.events.is_reading() {
            self.tries.succeeded(ctx, Look::Events);
        }
        for event in events {
            let meaning = Meaning::of(ctx, problems, &event, self.lists.shows_all());
            if meaning.want {
                self.wanted.insert_if_few(event.incident);
            }
            if meaning.list_all {
                self.lists.begin_all(ctx.now.mono);
                self.events.need_list();
            }
            if meaning.recheck {
                problems.recheck_incident(ctx, event.incident, Priority::Live);
            }
        }
        overflow
    }

    /// Takes one incident.
    pub(super) fn take_incident(
        &mut self,
        ctx: &mut Context,
        problems: &mut Problems,
        pk: IncidentPk,
        result: Answer<Option<Incident>>,
    ) {
        self.is_looking = false;
        if result.is_ok() {
            self.tries.succeeded(ctx, Look::Incident);
        }
        match result {
            Ok(Some(incident)) if problems.our_user().is_some_and(|us| us != incident.source_user) => {}
            Ok(Some(incident)) => problems.put_incident(ctx, incident, Priority::Live),
            Ok(None) => problems.remove_incident(pk),
            Err(error) => {
                self.wanted.insert(pk);
                self.failed(ctx, Look::Incident, "read an incident", &error);
            }
        }
    }

    /// Takes how many incidents are open.
    pub(super) fn take_count(&mut self, ctx: &mut Context, problems: &Problems, answer: Timed<usize>) {
        self.is_looking = false;
        let now = ctx.now.mono;
        match self.count.take(now, problems, !self.events.is_without(), answer) {
            Ok(search) => {
                self.tries.succeeded(ctx, Look::Count);
                match search {
                    None => {}
                    Some(Search::List) => self.lists.begin_by(now),
                    Some(Search::Events) => self.events.read_now(now, true),
                    Some(Search::Marked(mark)) => self.lists.refresh(ListQuery::OpenMarked(mark)),
                }
            }
            Err(error) => self.failed(ctx, Look::Count, "count the open incidents", &error),
        }
    }

    /// Takes what became of a write to an incident without a case.
    pub(super) fn take_orphan(&mut self, ctx: &mut Context, what: &str, result: Answer<()>) {
        self.is_looking = false;
        match result {
            Ok(()) => self.tries.succeeded(ctx, Look::Orphan),
            Err(error) => self.failed(ctx, Look::Orphan, what, &error),
        }
    }

    fn failed(&mut self, ctx: &mut Context, look: Look, what: &str, error: &ArgusError) {
        self.tries.failed(ctx, look, what, error, self.is_ready);
    }
}
