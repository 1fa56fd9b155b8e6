//! The state machine: the only owner of state, and the only one that says what is done next.
//!
//! Pure: [`Machine::step`] takes an input and the time and returns what is to be done. It never does I/O (but for
//! log lines), never reads a clock and never blocks. `zino_side.rs` takes what comes from Zino, `argus_side.rs`
//! what comes from Argus, `dispatch.rs` says what to ask next, `orphans.rs` what Zino does not know, `unreadable.rs` what it does not
//! show, `standby.rs` whether a takeover would work; `reload.rs` takes new settings, `summary.rs` tells people how things are, and
//! `counting.rs` whether Argus has as many open incidents as are known,
//! `once.rs` when a single run is over, `alive.rs` tells Argus that we live, and
//! `renewing.rs` has the token kept alive.

mod alive;
mod argus_side;
pub mod backoff;
mod bulk;
mod cases;
mod counting;
mod dispatch;
mod health;
mod incidents;
mod look;
#[cfg(test)]
mod news_tests;
mod once;
mod orphans;
mod queue;
#[cfg(test)]
mod reading_tests;
mod reload;
#[cfg(test)]
mod reload_tests;
mod renewing;
mod standby;
#[cfg(test)]
mod standby_tests;
mod summary;
#[cfg(test)]
mod testing;
mod unreadable;
mod zino_side;

pub use once::{Hopeless, Once, RunEnd};
pub use reload::Change;
pub use summary::{Side, Summary};

use crate::argus::ArgusError;
use crate::argus::models::{Event, Incident, IncidentPk, ListQuery, NewEvent, Page};
use crate::failover::{Failover, Mode};
use crate::stamp::Stamp;
use crate::sync::errand::{Errand, Found, Snapshot};
use crate::sync::filter::fault_is_over;
use crate::sync::job::{ProblemJob, ProblemReport};
use crate::sync::rules::Rules;
use crate::zino::ZinoError;
use crate::zino::case::{Case, CaseId};
use alive::Alive;
use cases::Cases;
use counting::Counting;
use health::Health;
use incidents::Incidents;
use log::warn;
use look::{Feed, PageSize, Walk};
use once::Run;
use orphans::Orphans;
use queue::Queue;
use renewing::Renewing;
use standby::Proof;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use summary::Told;
use unreadable::Unreadable;

/// How long after a start no event is posted to an incident that was there before: a request of the process before may
/// still be executing, and would be doubled. So long, too, an incident is left alone that another process has just made.
const SETTLE: Duration = Duration::from_secs(5);

/// The time of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since some fixed point; for waiting.
    pub mono: Duration,
    /// For telling.
    pub wall: Stamp,
}

/// What the machine is set up with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What decisions depend on.
    pub rules: Rules,
    /// How many jobs may be under way at once (at least one).
    pub connections: usize,
    /// How often Argus is asked what changed.
    pub refresh_interval: Duration,
    /// How often both servers are read completely.
    pub full_interval: Duration,
    /// How long an incident must have been unknown to Zino before it may be ended.
    pub orphan_grace: Duration,
    /// How many pings change the mode; `None` without failover: always active.
    pub failover_threshold: Option<u32>,
    /// A single run, and what it is bound by; `None`: until the program is stopped.
    pub once: Option<Once>,
    /// Whether Argus gets a sign of life every minute.
    pub signs_of_life: bool,
    /// Whether the token is kept alive.
    pub renews_token: bool,
}

/// What the Zino poller tells.
#[derive(Debug)]
pub enum ZinoEvent {
    /// Logged in, and the notification channel tied.
    Connected,
    /// Cases of a complete reading that goes on.
    Part(Vec<Case>),
    /// The end of a complete reading, with the rest of the cases.
    Snapshot(Snapshot),
    /// Cases that were asked for, or that a notification was about.
    Found(Found),
    /// Zino has deleted a closed case.
    Scavenged(CaseId),
    /// An errand is over; the case as it is after, `None` if Zino does not know it.
    Carried(CaseId, Result<Option<Box<Case>>, ZinoError>),
    /// Another process is at this case, so that its errand was not begun.
    Postponed(CaseId),
    /// The connection has ended.
    Disconnected,
    /// Why there is no connection now; another attempt follows.
    Unusable(String),
    /// From now on it is about the Zino of the move with this number, or of a later one (see [`Change`]).
    Moved(u64),
}

/// What the Argus writer reports, one for each job.
#[derive(Debug)]
pub enum Report {
    /// A [`Job::Problem`].
    Problem(Box<ProblemReport>),
    /// A [`Job::Page`].
    Page(Result<Page<Incident>, ArgusError>),
    /// A [`Job::Newest`].
    Newest(Result<Page<Event>, ArgusError>),
    /// A [`Job::Incident`].
    Incident(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::EndOrphan`]: the incident as it is after.
    EndOrphan(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::MarkForgotten`]: the incident as it was before.
    MarkForgotten(IncidentPk, Result<Option<Incident>, ArgusError>),
    /// A [`Job::CountOpen`].
    OpenCount(Result<usize, ArgusError>),
    /// A [`Job::SignOfLife`].
    SignOfLife(Result<(), ArgusError>),
    /// A [`Job::Renew`]; an error says what a person may have to do.
    Renewed(Result<(), String>),
    /// A [`Job::Probe`].
    Probe(Result<(), ArgusError>),
}

/// What may happen to the machine.
#[derive(Debug)]
pub enum Input {
    /// From the Zino poller.
    Zino(ZinoEvent),
    /// From the Argus writer.
    Argus(Report),
    /// From the heartbeat: the primary's uptime in seconds, or why there was no answer.
    Ping(Result<u64, String>),
    /// Time has passed.
    Tick,
}

/// Something for the Argus writer to do.
#[derive(Debug)]
pub enum Job {
    /// Bring a problem up to date.
    Problem(Box<ProblemJob>),
    /// Read one page of a list, of at most so many incidents.
    Page(ListQuery, Option<String>, usize),
    /// Read one page of the newest events, of at most so many.
    Newest(Option<String>, usize),
    /// Read one incident.
    Incident(IncidentPk),
    /// End an incident whose case Zino has deleted, unless somebody has reopened it.
    EndOrphan(IncidentPk, NewEvent),
    /// Put on an incident's record, at this time, that Zino may have forgotten its case.
    MarkForgotten(IncidentPk, Stamp),
    /// Ask how many open incidents there are.
    CountOpen,
    /// Tell Argus that this source lives.
    SignOfLife,
    /// Renew the token, if it is old enough.
    Renew,
    /// See whether Argus answers at all.
    Probe,
}

/// Something for the Zino poller to do.
#[derive(Debug)]
pub enum ZinoCommand {
    /// Read these cases.
    Read(Vec<CaseId>),
    /// Read everything again.
    Reread,
    /// Carry people's acts to a case.
    Carry(Box<Errand>),
}

/// What is to be done.
#[derive(Debug)]
pub enum Output {
    /// For the writer.
    Argus(Job),
    /// For the poller.
    Zino(ZinoCommand),
    /// The program cannot go on: Argus refuses the token. Exit 77 with this message.
    Refused(String),
    /// A single run is over.
    Finished(Box<RunEnd>),
}

/// The connection to Zino, as far as it matters here.
#[derive(Debug, Default)]
struct Link {
    connected: bool,
    /// Everything was read since it was connected.
    read: bool,
    /// Everything was read at least once.
    ever_read: bool,
    /// Cases that were asked for and not yet told.
    awaited: BTreeSet<CaseId>,
    /// Cases that were asked for when the connection broke off; the next complete reading asks for them again.
    unanswered: BTreeSet<CaseId>,
    reread_at: Duration,
    /// What a complete reading under way has brought.
    reading: Reading,
    /// The highest number that any reading of this Zino showed; `None` before the first.
    highest: Option<CaseId>,
    /// Cases that Zino has and that cannot be read.
    unreadable: Unreadable,
    /// The settings name another Zino, and until it says that it has come there the poller tells of the one before.
    moving_to: Option<u64>,
}

/// The first parts of a complete reading. They count when its end has come.
#[derive(Debug, Default)]
struct Reading {
    /// Cases that are just as they were; they are there already.
    same: BTreeSet<CaseId>,
    others: Vec<Case>,
}

/// How far the looking at Argus has got.
#[derive(Debug, Default)]
struct Looking {
    /// A look is under way; at most one is.
    busy: bool,
    walk: Option<Walk>,
    feed: Feed,
    /// The feed was read at least once since the start or the takeover.
    baseline: bool,
    /// The open incidents were listed completely since the start or the takeover.
    open_listed: bool,
    /// So were the ended ones that may matter.
    ended_listed: bool,
    /// Enough is known to create and to end.
    ready: bool,
    feed_next: Option<String>,
    deep_at: Duration,
    refresh_at: Duration,
    full_at: Duration,
    /// Incidents of another instance to be looked at.
    wanted: BTreeSet<IncidentPk>,
    attempts: u32,
    /// What could not be done last, and why.
    failure: Option<(String, ArgusError)>,
    retry_at: Duration,
}

#[derive(Debug)]
struct Carrying {
    errand: Errand,
    /// How many writes the case lacked when it was looked at last.
    lacking: usize,
    attempts: u32,
    retry_at: Duration,
}

/// The state machine.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    failover: Option<Failover>,
    cases: Cases,
    incidents: Incidents,
    queue: Queue,
    health: Health,
    orphans: Orphans,
    link: Link,
    looking: Looking,
    page_size: PageSize,
    counting: Counting,
    errands: BTreeMap<CaseId, Carrying>,
    errand_under_way: Option<CaseId>,
    probing: bool,
    proof: Proof,
    token_doubted: bool,
    busy: usize,
    settled_at: Option<Duration>,
    troubles_logged: u32,
    unknown_kinds: BTreeSet<String>,
    told: Told,
    paused: bool,
    run: Option<Run>,
    alive: Alive,
    renewing: Renewing,
    out: Vec<Output>,
}

fn begin_in_standby(threshold: u32) -> Failover {
    warn!("mode STANDBY: this is a secondary; it writes nothing until the primary stops answering");
    Failover::new(threshold)
}

impl Machine {
    /// At its start, knowing nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let run = settings.once.clone().map(Run::new);
        let begin = if run.is_some() { Failover::new } else { begin_in_standby };
        let failover = settings.failover_threshold.map(begin);
        Self {
            settings,
            failover,
            cases: Cases::default(),
            incidents: Incidents::default(),
            queue: Queue::default(),
            health: Health::default(),
            orphans: Orphans::default(),
            link: Link::default(),
            looking: Looking::default(),
            page_size: PageSize::default(),
            counting: Counting::default(),
            errands: BTreeMap::new(),
            errand_under_way: None,
            probing: false,
            proof: Proof::default(),
            token_doubted: false,
            busy: 0,
            settled_at: None,
            troubles_logged: 0,
            unknown_kinds: BTreeSet::new(),
            told: Told::default(),
            paused: false,
            run,
            alive: Alive::default(),
            renewing: Renewing::default(),
            out: Vec::new(),
        }
    }

    /// Takes one input and says what is to be done.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Output> {
        self.settled_at.get_or_insert(now.mono + SETTLE);
        match input {
            Input::Zino(event) => self.take_zino(now, event),
            Input::Argus(report) => self.take_report(now, report),
            Input::Ping(answer) => self.take_ping(now, &answer),
            Input::Tick => {}
        }
        self.dispatch(now);
        self.end_run(now);
        std::mem::take(&mut self.out)
    }

    /// The mode now.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.failover.as_ref().map_or(Mode::Active, Failover::mode)
    }

    fn is_active(&self) -> bool {
        self.mode() == Mode::Active
    }

    /// Problems that wait or are worked on.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Cases and open incidents that are known.
    #[must_use]
    pub fn known(&self) -> (usize, usize) {
        (self.cases.len(), self.incidents.open_count())
    }

    fn take_ping(&mut self, now: Now, answer: &Result<u64, String>) {
        self.told.pinged = true;
        let Some(line) = self.failover.as_mut().and_then(|f| f.ping(answer)) else {
            return;
        };
        warn!("{line}");
        self.forget_proof();
        match self.mode() {
            Mode::Active => self.take_over(now),
            Mode::Standby => self.hand_back(),
        }
    }

    /// From now on this instance writes: everything is to be compared again, from what the poller already knows.
    fn take_over(&mut self, now: Now) {
        self.forget_argus();
        self.looking.refresh_at = now.mono;
        for slot in self.cases.all_mut() {
            slot.home = None;
            // Operators close cases on the primary only, so the standby's Zino still has repaired ones open.
            slot.excused = slot.case.is_closed() || fault_is_over(&slot.case);
        }
        self.look_at_all();
    }

    /// From now on this instance writes nothing: the job under way finishes, the rest is dropped.
    fn hand_back(&mut self) {
        self.queue.clear();
        self.errands.clear();
        self.forget_argus();
    }

    fn forget_argus(&mut self) {
        self.incidents.clear();
        self.orphans = Orphans::default();
        let busy = self.looking.busy;
        self.looking = Looking { busy, ..Looking::default() };
        self.counting.forget(false);
    }
}
