//! The newest events: when they are read, and what an event of somebody else means for the cases.
//! Never decides what is to be done about a problem.

use super::cost::{self, Cost};
use super::feed::Feed;
use super::paging::Failed;
use super::slow;
use crate::argus::models::{Event, EventKind, EventPk, Mark, Page};
use crate::engine::Job;
use crate::engine::context::Context;
use crate::engine::periodic::Periodic;
use crate::engine::problems::Problems;
use crate::time::Stamp;
use log::{debug, info, warn};
use std::time::Duration;

/// The longest time between two deep readings, which go back over what was seen, for user actions
/// that were dated back. They come more often where few events make it cheap.
const DEEP_EVERY: Duration = Duration::from_secs(300);
/// How long one page of a deep reading lasts.
const DEEP_PAGE_LASTS: Duration = Duration::from_secs(10);

/// The newest events.
#[derive(Debug, Default)]
pub(super) struct Events {
    feed: Feed,
    /// They were read at least once since the start or the takeover.
    has_baseline: bool,
    /// The reading of what is new, and when it goes back over what was seen.
    refresh: Periodic,
    deep_at: Duration,
    behind: Behind,
    /// What a reading has cost Argus, and the one under way until now.
    cost: Cost,
    spent: Duration,
    /// How often in a row it could not be had in time although Argus answers.
    too_slow: u32,
    /// Where it costs much, it is read again at this time.
    feed_at: Duration,
    /// Whether it was logged that they cost much, or that they do not.
    logged: Option<bool>,
    /// When a refresh began last.
    refreshed: Option<Stamp>,
}

/// How often in a row the newest events cannot be had in time, until the program does without.
const TOO_SLOW: u32 = 2;
/// For how many times the usual time-out they are waited for then, at most half a minute.
const PATIENCE: u32 = 15;
/// What comes within this, comes within the usual time-out again.
const SURELY_IN_TIME: Duration = Duration::from_secs(1);
/// How far back closings are listed, from the last refresh: people's programs date them by their
/// own clocks.
const CLOSED_SECS: i64 = 900;

/// How a refresh finds what is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// It reads the newest events.
    Feed,
    /// It lists what was closed since then, and counts the rest.
    Lists(Stamp),
}

/// What Argus may hold that the events read so far do not show.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// Nothing but what happened since the last reading.
    #[default]
    No,
    /// What happened while Argus was away.
    Away,
    /// The same, and the reading that shows it is under way.
    Reading,
    /// What the events do not tell. The list of open incidents does.
    Unlisted,
}

impl Events {
    /// Whether they were read at least once since the start or the takeover.
    pub(super) fn has_baseline(&self) -> bool {
        self.has_baseline
    }

    /// Whether a reading is under way.
    pub(super) fn is_reading(&self) -> bool {
        self.feed.is_reading()
    }

    /// Notes events that this process posted.
    pub(super) fn note_posted(&mut self, events: &[EventPk]) {
        self.feed.made(events);
    }

    /// The next reading is due now; `is_deep`: it goes back over what was seen.
    pub(super) fn read_now(&mut self, now: Duration, is_deep: bool) {
        self.refresh.due_at(now);
        if is_deep {
            (self.deep_at, self.feed_at) = (now, now);
        }
    }

    /// Argus was away: what failed meanwhile does not show what it can give.
    pub(super) fn come_back(&mut self, now: Duration) {
        self.read_now(now, false);
        self.feed.forget_failures();
        if self.is_without() {
            return self.need_list();
        }
        (self.feed_at, self.too_slow) = (now, 0);
        if self.behind != Behind::Unlisted {
            self.behind = Behind::Away;
        }
    }

    /// Whether only a list shows what happened while Argus was away.
    pub(super) fn needs_list(&self) -> bool {
        self.behind == Behind::Unlisted
    }

    /// Whether the program does without the newest events, because Argus takes too long.
    pub(super) fn is_without(&self) -> bool {
        self.too_slow >= TOO_SLOW
    }

    /// Whether they are read more rarely than the configuration says.
    fn is_costly(&self, configured: Duration) -> bool {
        self.is_without() || self.cost.is_known() && self.cost.interval(configured) > configured
    }

    /// Whether what happened while Argus was away has still to be read.
    /// Rule: CREATE-4.
    pub(super) fn is_behind(&self) -> bool {
        self.behind != Behind::No
    }

    /// The events do not tell what is open: there are too many, or whose they are is unknown.
    pub(super) fn need_list(&mut self) {
        self.behind = Behind::Unlisted;
    }

    /// All open incidents were listed.
    pub(super) fn listed(&mut self) {
        if self.behind == Behind::Unlisted {
            self.behind = Behind::No;
        }
    }

    /// When the next reading is due.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.refresh.next_wake()
    }

    /// The next page of the reading under way. The first reading of all begins by itself, before
    /// any list: what happens from here on is seen, whenever the lists are read.
    pub(super) fn next_job(&mut self, usual: usize) -> Option<Job> {
        if !self.has_baseline && !self.feed.is_reading() {
            self.feed.begin(false);
        }
        let times = if self.is_without() { PATIENCE } else { 1 };
        self.feed.ask(usual).map(|most| Job::Newest(most, times))
    }

    /// Begins a refresh, if that is due.
    /// Rule: WATCH-4.
    pub(super) fn begin(&mut self, ctx: &Context) -> Option<Way> {
        let (now, configured) = (ctx.now.mono, ctx.settings.refresh_interval);
        if !self.refresh.is_due(now) || self.feed.is_reading() {
            return None;
        }
        self.refresh.start(now, configured);
        let before = self.refreshed.replace(ctx.now.wall).unwrap_or(ctx.now.wall);
        let is_costly = self.is_costly(configured);
        self.log(is_costly, configured);
        if is_costly && now < self.feed_at {
            self.refresh.stop();
            return Some(Way::Lists(before.plus_secs(-CLOSED_SECS)));
        }
        let is_deep = now >= self.deep_at;
        if is_deep {
            self.deep_at = now + DEEP_EVERY;
        }
        self.feed.begin(is_deep);
        if self.behind == Behind::Away {
            self.behind = Behind::Reading;
        }
        Some(Way::Feed)
    }

    /// What a refresh counts besides. Acknowledgements cost Argus more than its newest events do,
    /// so they are counted only where these are not to be had.
    pub(super) fn marks(&self, way: &Way) -> &'static [Mark] {
        match way {
            Way::Feed => &[],
            Way::Lists(_) if self.is_without() => &[Mark::Ticketed, Mark::Acknowledged],
            Way::Lists(_) => &[Mark::Ticketed],
        }
    }

    /// Says how what is new is found, once and whenever that changes.
    fn log(&mut self, is_costly: bool, configured: Duration) {
        if self.is_without() || !self.cost.is_known() || self.logged.replace(is_costly) == Some(is_costly) {
            return;
        }
        let (took, every) = (self.cost.least(), self.cost.interval(configured).as_secs());
        if is_costly {
            info!("{}", slow::costs(took, every));
        } else {
            info!("the newest events in Argus take {} ms: they are read every {every} s", took.as_millis());
        }
    }

    /// Argus took so long for a page that there was no answer, although it answers other questions.
    /// Returns whether the program goes on without the newest events now.
    pub(super) fn fail_slowly(&mut self, now: Duration, took: Duration) -> bool {
        let wait = cost::interval(took);
        // A connection that breaks at once is no slow answer.
        if !self.feed.is_at_first() || wait.is_zero() {
            return false;
        }
        self.too_slow = self.too_slow.saturating_add(1);
        if !self.is_without() {
            return false;
        }
        if self.too_slow == TOO_SLOW {
            warn!("{}", slow::cannot_be_had(took));
        } else {
            debug!("Argus does not list its newest events: trying again in {} s", wait.as_secs());
        }
        self.logged = None;
        self.feed.give_up();
        self.has_baseline = true;
        (self.feed_at, self.spent) = (now + wait, Duration::ZERO);
        self.note_end();
        // The lists show what this reading was to show.
        self.refresh.due_at(now);
        if self.is_behind() {
            self.need_list();
        }
        true
    }

    /// A page could not be had although Argus answers. Returns what follows.
    pub(super) fn fail(&mut self) -> Failed {
        let failed = self.feed.fail();
        if self.behind == Behind::Reading && !self.feed.is_reading() {
            self.behind = Behind::Away;
        }
        self.note_end();
        failed
    }

    fn note_end(&mut self) {
        if !self.feed.is_reading() {
            self.refresh.stop();
        }
    }

    /// Takes a page, which took Argus so long. Returns what is new on it, and whether there is more
    /// than can be read.
    pub(super) fn take(&mut self, now: Duration, page: Page<Event>, took: Duration) -> (Vec<Event>, bool) {
        if self.feed.is_at_first() {
            // A larger page costs more because it shows more.
            self.cost.note(now, took);
        }
        let mut news = self.feed.take(page);
        self.spent += took;
        if !self.is_without() || took < SURELY_IN_TIME {
            self.too_slow = 0;
        }
        if !self.feed.is_reading() {
            self.feed_at = now + cost::interval(std::mem::take(&mut self.spent));
        }
        if self.behind == Behind::Reading && !self.feed.is_reading() {
            self.behind = Behind::No;
        }
        self.note_end();
        if !std::mem::replace(&mut self.has_baseline, true) {
            // Until now everything would be new.
            news.events.clear();
            self.deep_at = now + DEEP_EVERY;
        }
        if let Some(pages) = news.read_back {
            let lasts = DEEP_PAGE_LASTS.saturating_mul(u32::try_from(pages).unwrap_or(u32::MAX));
            self.deep_at = now + lasts.min(DEEP_EVERY);
        }
        (news.events, news.overflow)
    }
}

/// What follows from an event that this process did not make.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The cases of its incident are compared again.
    pub(super) recheck: bool,
    /// Its incident is read.
    pub(super) want: bool,
    /// All incidents are listed.
    pub(super) list_all: bool,
}

impl Meaning {
    /// Of this event. `lists_all`: the newest list of open incidents is complete.
    pub(super) fn of(ctx: &Context, problems: &Problems, event: &Event, lists_all: bool) -> Self {
        let Some(incident) = problems.incidents().get(event.incident) else {
            return Self::of_unknown(ctx, problems, event, lists_all);
        };
        // OTH events change no state, and the incident lists show what our own STA events began.
        let is_our_start = event.actor == incident.source_user && event.kind == EventKind::Start;
        let recheck = event.kind != EventKind::Other && !is_our_start;
        let is_reopened = matches!(event.kind, EventKind::Reopen | EventKind::Restart) && !incident.is_open();
        // Before a case of its problem gets another incident.
        Self { recheck, want: recheck && is_reopened, list_all: false }
    }

    /// Perhaps another instance on our source made the incident, or a person has reopened one of
    /// ours that ended long ago, or has acted on one that was ended as a duplicate so long ago, or
    /// the list of the open ones is incomplete.
    fn of_unknown(ctx: &Context, problems: &Problems, event: &Event, lists_all: bool) -> Self {
        let is_reopened = event.kind == EventKind::Reopen;
        let is_opened = is_reopened || event.kind == EventKind::Start;
        let Some(us) = problems.our_user() else {
            // An incident alone does not show whose it is then. Only our own are listed, and the
            // lists are nearly empty.
            return Self { list_all: is_opened, ..Self::default() };
        };
        let kinds = [EventKind::Acknowledge, EventKind::Close, EventKind::End, EventKind::Change];
        let may_be_ours = is_reopened || us == event.actor || !lists_all;
        let want = may_be_ours
            || kinds.contains(&event.kind)
                && problems.may_lack_an_own_incident(&ctx.settings.rules.filter, ctx.now.wall);
        Self { want, ..Self::default() }
    }
}
