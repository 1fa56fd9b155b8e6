//! The state machine: the only owner of state, and the only one that says what is done next.
//!
//! Pure: [`Engine::step`] takes an input and the time and returns what is to be done. It never does I/O (but for
//! log lines), never reads a clock and never blocks. `zino_side.rs` takes what comes from Zino, `argus_side.rs`
//! what comes from Argus, `dispatch.rs` says what to do next, `watch.rs` what to look at in Argus, `targeted.rs` looks
//! for the incidents that no list tells, `orphans.rs` what Zino does not know, `unreadable.rs` what it does not show,
//! `standby.rs` whether a takeover would work, `secondary.rs` when there is one; `reload.rs` keeps what no server holds,
//! `summary.rs` tells people how things are, `unheard.rs` that a server lets us wait, `counting.rs` whether Argus has as
//! many open incidents as are known, `once.rs` when a single run is over, `setbacks.rs` what Argus refuses, `alive.rs`
//! tells Argus that we live, `admission.rs` says what a refused token or secret means, and `renewing.rs` has the token
//! kept alive.

mod admission;
#[cfg(test)]
mod admission_tests;
mod alive;
mod argus_side;
pub mod backoff;
mod bulk;
mod carrying;
mod cases;
mod counting;
mod dispatch;
mod entry;
mod feed;
mod health;
mod incidents;
mod look;
#[cfg(test)]
mod news_tests;
mod once;
mod orphans;
mod paging;
mod periodic;
mod queue;
#[cfg(test)]
mod reading_tests;
mod reload;
#[cfg(test)]
mod reload_tests;
mod renewing;
mod secondary;
#[cfg(test)]
mod secondary_tests;
mod setbacks;
mod standby;
#[cfg(test)]
mod standby_tests;
mod summary;
mod targeted;
#[cfg(test)]
mod testing;
mod traffic;
mod unheard;
#[cfg(test)]
mod unheard_tests;
mod unreadable;
mod watch;
#[cfg(test)]
mod watch_tests;
mod zino_side;

pub use once::{Hopeless, Once, RunEnd};
pub use reload::Kept;
pub use summary::{Side, Summary};
pub use traffic::{Input, Job, Names, Now, Output, Report, Server, Settings, ZinoCommand, ZinoEvent};

use crate::failover::{Failover, Mode};
use crate::reconcile::delivery::Delivery;
use crate::reconcile::work::Chance;
use crate::zino::case::{Case, CaseId};
use admission::Admission;
use alive::Alive;
use cases::Cases;
use counting::Counting;
use health::Health;
use incidents::Incidents;
use log::warn;
use look::Looking;
use once::Run;
use orphans::Orphans;
use paging::PageSize;
use queue::Queue;
use renewing::Renewing;
use secondary::Watch;
use setbacks::Chances;
use standby::Proof;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use summary::Told;
use unheard::Unheard;
use unreadable::Unreadable;

/// How long after a start no event is posted to an incident that was there before: a request of the process before may
/// still be executing, and would be doubled. So long, too, an incident is left alone that another process has just made.
const SETTLE: Duration = Duration::from_secs(5);

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
    /// Numbers that mean no case, as Zino has said since the last complete reading began to be
    /// told: it tells of every new case, so that they need not be asked for again.
    absent: BTreeSet<CaseId>,
    /// Cases that were asked for when the connection broke off; the next complete reading asks for them again.
    unanswered: BTreeSet<CaseId>,
    /// The complete reading: the first one of a connection, or a requested one.
    full_reading: periodic::Periodic,
    /// What a complete reading under way has brought.
    reading: Reading,
    /// The highest number that any reading of this Zino showed; `None` before the first.
    highest: Option<CaseId>,
    /// Cases that Zino has and that cannot be read.
    unreadable: Unreadable,
}

/// The first parts of a complete reading. They count when its end has come.
#[derive(Debug, Default)]
struct Reading {
    /// Cases that are just as they were; they are there already.
    same: BTreeSet<CaseId>,
    others: Vec<Case>,
    /// Cases that came on their own after their part, if they were in one. The version of the part
    /// is older.
    newer: BTreeSet<CaseId>,
}

#[derive(Debug)]
struct Carrying {
    delivery: Delivery,
    /// How many writes the case lacked when it was looked at last.
    lacking: usize,
    retry: backoff::Backoff,
    /// How often Zino refused something of it, or nothing came of it.
    in_vain: u32,
    /// The chance at which it was given up; there must be another one before it is tried again.
    given_up: Option<Chance>,
}

/// The state machine.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    failover: Option<Failover>,
    watch: Watch,
    cases: Cases,
    incidents: Incidents,
    queue: Queue,
    health: Health,
    orphans: Orphans,
    link: Link,
    looking: Looking,
    page_size: PageSize,
    counting: Counting,
    deliveries: BTreeMap<CaseId, Carrying>,
    delivery_under_way: Option<CaseId>,
    probing: bool,
    proof: Proof,
    /// Whether Argus takes our token.
    token: Admission,
    /// Whether Zino takes our user and secret.
    login: Admission,
    busy: usize,
    settled_at: Option<Duration>,
    troubles_logged: u32,
    chances: Chances,
    unknown_kinds: BTreeSet<String>,
    told: Told,
    run: Option<Run>,
    alive: Alive,
    renewing: Renewing,
    unheard: Unheard,
    out: Vec<Output>,
}

fn begin_in_standby(threshold: u32) -> Failover {
    warn!("mode STANDBY: this is a secondary; it writes nothing until the primary stops answering");
    Failover::new(threshold)
}

impl Engine {
    /// At its start, knowing nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let begin = if settings.once.is_some() { Failover::new } else { begin_in_standby };
        let failover = settings.failover_threshold.map(begin);
        Self { failover, ..Self::ready_to_begin(settings) }
    }

    fn ready_to_begin(settings: Settings) -> Self {
        let run = settings.once.clone().map(Run::new);
        Self {
            settings,
            failover: None,
            watch: Watch::default(),
            cases: Cases::default(),
            incidents: Incidents::default(),
            queue: Queue::default(),
            health: Health::default(),
            orphans: Orphans::default(),
            link: Link::default(),
            looking: Looking::default(),
            page_size: PageSize::default(),
            counting: Counting::default(),
            deliveries: BTreeMap::new(),
            delivery_under_way: None,
            probing: false,
            proof: Proof::default(),
            token: Admission::default(),
            login: Admission::default(),
            busy: 0,
            settled_at: None,
            troubles_logged: 0,
            chances: Chances::default(),
            unknown_kinds: BTreeSet::new(),
            told: Told::default(),
            run,
            alive: Alive::default(),
            renewing: Renewing::default(),
            unheard: Unheard::default(),
            out: Vec::new(),
        }
    }

    /// Takes one input and says what is to be done.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Output> {
        self.settled_at.get_or_insert(now.mono + SETTLE);
        match input {
            Input::Zino(event) => self.take_zino(now, event),
            Input::Argus(report) => self.take_report(now, report),
            Input::Ping(ping) => self.take_ping(now, &ping),
            Input::Silent(server, silent_for) => self.take_silence(now, server, silent_for),
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
}
