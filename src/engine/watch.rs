//! What the machine looks at in Argus, and when: the lists, the newest events, single incidents.
//! One look at a time, page by page, so that a long list never holds up live work. Never decides
//! what is to be done about a problem.

use super::entry::Priority;
use super::look::{Look, Walk};
use super::paging::{Failed, Progress};
use super::{Engine, Job, Now};
use crate::argus::ArgusError;
use crate::argus::models::{Event, Incident, IncidentPk, ListQuery, Page};
use crate::reconcile::filter::may_have_been_wanted;
use crate::reconcile::identity::same_problem;
use crate::reconcile::matching::ENDED_WINDOW_SECS;
use crate::time::Stamp;
use log::{info, warn};
use std::time::Duration;

/// How often the newest events are read back over what was seen, for acts that were dated back: at
/// least so often, and more often where few events make it cheap.
const DEEP_EVERY: Duration = Duration::from_secs(300);
/// For how long one page of such a reading is enough.
const DEEP_PAGE_LASTS: Duration = Duration::from_secs(10);
/// How far the clocks of the servers and ours may differ where a list is limited by time.
const CLOCKS_SECS: i64 = 3600;

/// Whether Argus took a request up and did not finish it: it may have been too much.
fn is_unfinished(error: &ArgusError) -> bool {
    matches!(error, ArgusError::Unknown { .. })
}

impl Engine {
    /// The next look at Argus, if one is due.
    pub(super) fn next_look(&mut self, now: Now) -> Option<Job> {
        if self.looking.busy || !self.link.connected {
            return None;
        }
        let job = if self.looking.baseline {
            self.next_page(now).or_else(|| self.next_after_lists(now))
        } else {
            // What happens from here on is seen, whenever the lists are read.
            if !self.looking.feed.is_reading() {
                self.looking.feed.begin(false);
            }
            self.next_events(now)
        };
        self.looking.busy = job.is_some();
        job
    }

    /// What is worth a look once the lists were read: until then everything would be news.
    fn next_after_lists(&mut self, now: Now) -> Option<Job> {
        if !self.link.ever_read || !self.looking.open_listed || !self.looking.ended_listed {
            return None;
        }
        self.next_events(now)
            .or_else(|| self.next_targeted(now))
            .or_else(|| self.next_wanted(now))
            .or_else(|| if self.looking.tries.may(Look::Orphan, now.mono) { self.next_orphan(now) } else { None })
            .or_else(|| self.next_count(now))
            .or_else(|| self.next_refresh(now))
    }

    /// The next page of a list.
    fn next_page(&mut self, now: Now) -> Option<Job> {
        if !self.looking.tries.may(Look::List, now.mono) {
            return None;
        }
        if self.looking.walk.is_none() {
            let may_list_ended = self.link.ever_read && self.link.awaited.is_empty();
            let query = if !self.looking.open_listed || now.mono >= self.looking.full_at {
                ListQuery::Open
            } else if !self.looking.ended_listed && may_list_ended {
                ListQuery::EndedSince(self.ended_since(now))
            } else {
                return None;
            };
            self.looking.walk = Some(Walk::new(query, self.incidents.mark()));
        }
        let usual = self.page_size.items();
        let walk = self.looking.walk.as_mut()?;
        let (until, most) = walk.ask(usual);
        Some(Job::Page(walk.query.clone(), until, most))
    }

    /// The next page of the reading of the newest events that is under way.
    fn next_events(&mut self, now: Now) -> Option<Job> {
        if !self.looking.tries.may(Look::Events, now.mono) {
            return None;
        }
        self.looking.feed.ask(self.page_size.items()).map(Job::Newest)
    }

    fn next_wanted(&mut self, now: Now) -> Option<Job> {
        if !self.looking.tries.may(Look::Incident, now.mono) {
            return None;
        }
        self.looking.wanted.take().map(Job::Incident)
    }

    /// A look at what is new.
    fn next_refresh(&mut self, now: Now) -> Option<Job> {
        if now.mono < self.looking.refresh_at || self.looking.feed.is_reading() {
            return None;
        }
        self.looking.refresh_at = now.mono + self.settings.refresh_interval;
        let deep = now.mono >= self.looking.deep_at;
        if deep {
            self.looking.deep_at = now.mono + DEEP_EVERY;
        }
        self.looking.feed.begin(deep);
        self.counting.begin();
        self.next_events(now)
    }

    /// Since when ended incidents may matter: the life of closed cases that Zino still holds, and
    /// that of every open case which has no open incident.
    fn ended_since(&self, now: Now) -> Stamp {
        let window = now.wall.plus_secs(-ENDED_WINDOW_SECS);
        self.cases
            .all()
            .filter(|s| !s.case.is_closed() && may_have_been_wanted(&s.case))
            .filter(|s| !self.incidents.near(&s.case).any(|i| i.is_open() && same_problem(&s.case, i)))
            .map(|s| s.case.opened.plus_secs(-CLOCKS_SECS))
            .min()
            .map_or(window, |earliest| earliest.min(window))
    }

    pub(super) fn take_page(&mut self, now: Now, result: Result<Page<Incident>, ArgusError>) {
        self.looking.busy = false;
        if let Some(problem) = self.looking.sought.under_way.take() {
            return self.take_targeted(now, problem, result);
        }
        let Some(mut walk) = self.looking.walk.take() else {
            return;
        };
        let progress = match result {
            Ok(page) => {
                self.look_succeeded(Look::List);
                let progress = walk.take(&page);
                for incident in page.items {
                    let pk = incident.pk;
                    if self.incidents.put(incident) {
                        self.touch(pk, Priority::Bulk);
                    }
                }
                progress
            }
            Err(error) => {
                self.look_failed(now, Look::List, "list the incidents", &error);
                self.after_failure(is_unfinished(&error).then(|| walk.fail()))
            }
        };
        match progress {
            Progress::More => self.looking.walk = Some(walk),
            Progress::End => self.walked(now, &walk),
        }
    }

    /// What becomes of a list whose next page could not be had.
    fn after_failure(&mut self, failed: Option<Failed>) -> Progress {
        match failed {
            Some(Failed::Shrink) => {
                self.page_size.shrink();
                Progress::More
            }
            Some(Failed::Again) | None => Progress::More,
            Some(Failed::End) => Progress::End,
        }
    }

    /// A list was read to its end.
    fn walked(&mut self, now: Now, walk: &Walk) {
        self.page_size.grow();
        if !walk.left_out().is_empty() {
            self.tell_left_out(now, walk);
        }
        match walk.query {
            ListQuery::Open => {
                self.looking.full_at = now.mono + self.settings.full_interval;
                let vanished: Vec<IncidentPk> = self
                    .incidents
                    .open()
                    .filter(|i| !walk.left_out().contains(i.start_time))
                    .map(|i| i.pk)
                    .filter(|pk| self.incidents.unseen_since(*pk, walk.began))
                    .collect();
                for pk in vanished {
                    if !self.touch(pk, Priority::Live) {
                        self.looking.wanted.insert(pk);
                    }
                }
                if !self.looking.open_listed {
                    info!("{} open incidents in Argus", walk.len());
                }
                self.looking.open_listed = true;
                self.looking.left_out = walk.left_out().clone();
                self.looking.sought.done.clear();
                self.retry_setbacks(now);
                self.read_unheld_numbers(now);
                self.forget_old(now);
            }
            ListQuery::EndedSince(_) => {
                self.looking.ended_listed = true;
                self.read_unheld_numbers(now);
            }
            ListQuery::Number(_) | ListQuery::OpenTagged(_) => {}
        }
    }

    /// A list does not tell everything: one line, and another when it is something else that it
    /// does not tell.
    fn tell_left_out(&mut self, now: Now, walk: &Walk) {
        let left_out = walk.left_out();
        let (what, then) = if walk.query != ListQuery::Open {
            (format!("Argus cannot list all ended incidents that began {left_out}"), "going on without them")
        } else if self.looking.left_out == *left_out {
            return;
        } else {
            let then = "before a case gets an incident Argus is asked for those of its problem";
            (format!("Argus cannot list all open incidents that began {left_out}"), then)
        };
        warn!("{what}, because they are too many for one answer; {then} (a higher argus.timeout may help)");
        self.told.failed(now, what);
    }

    pub(super) fn take_newest(&mut self, now: Now, result: Result<Page<Event>, ArgusError>) {
        self.looking.busy = false;
        if !self.looking.feed.is_reading() {
            // It was asked for before everything about Argus was forgotten.
            return;
        }
        let overflow = match result {
            Ok(page) => self.take_events(now, page),
            Err(error) => {
                self.look_failed(now, Look::Events, "read the newest events", &error);
                let failed = is_unfinished(&error).then(|| self.looking.feed.fail());
                self.after_failure(failed) == Progress::End
            }
        };
        if overflow {
            info!("too many events in Argus to read them all: looking at every incident");
            self.looking.full_at = now.mono;
            self.look_at_all();
        }
    }

    /// Takes a page of events; gives whether there are more than can be read.
    fn take_events(&mut self, now: Now, page: Page<Event>) -> bool {
        let news = self.looking.feed.take(page);
        if !self.looking.feed.is_reading() {
            self.look_succeeded(Look::Events);
        }
        if self.looking.baseline {
            for event in &news.events {
                self.take_news(now, event);
            }
        } else {
            self.looking.baseline = true;
            self.looking.deep_at = now.mono + DEEP_EVERY;
        }
        if let Some(pages) = news.read_back {
            let lasts = DEEP_PAGE_LASTS.saturating_mul(u32::try_from(pages).unwrap_or(u32::MAX));
            self.looking.deep_at = now.mono + lasts.min(DEEP_EVERY);
        }
        news.overflow
    }

    pub(super) fn take_incident(&mut self, now: Now, pk: IncidentPk, result: Result<Option<Incident>, ArgusError>) {
        self.looking.busy = false;
        if let Err(error) = &result {
            self.looking.wanted.insert(pk);
            return self.look_failed(now, Look::Incident, "read an incident", error);
        }
        self.look_succeeded(Look::Incident);
        match result {
            Ok(Some(incident)) => {
                let ours = self.us().is_none_or(|us| us == incident.source_user);
                if ours && self.incidents.put(incident) {
                    self.touch(pk, Priority::Live);
                }
            }
            _ => self.incidents.remove(pk),
        }
    }

    /// Notes that a look failed: it is tried again, later each time.
    pub(super) fn look_failed(&mut self, now: Now, look: Look, what: &str, error: &ArgusError) {
        self.note_failure(error);
        let attempts = self.looking.tries.failed(look, now.mono, what, error);
        // The first may be an outage, which is told once for all; the second came while Argus
        // answered the probe.
        if attempts < 2 {
            return;
        }
        self.told.reading_fails(now, format!("cannot {what}: {error}"));
        if attempts == 2 {
            self.told.failed(now, format!("cannot {what}: {error}"));
        }
        if (attempts == 2 || self.told.reminds(now)) && !self.is_hopeless_run() {
            self.told.logged(now);
            warn!("cannot {what}: {error}{}", self.again());
        }
    }

    /// Notes that a look succeeded.
    pub(super) fn look_succeeded(&mut self, look: Look) {
        self.looking.tries.succeeded(look);
        if self.looking.tries.failing(2).next().is_none() {
            self.told.unreadable = None;
        }
    }
}
