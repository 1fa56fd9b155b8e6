//! The world that both servers, the people and the faults live in; a seed decides everything that
//! happens in it. Never decides what the program does.

mod happenings;

use crate::argus::{Argus, Late};
use crate::facts::problem_text;
use crate::rng::Rng;
use crate::scenarios::Scenario;
use crate::unwilling::Unwilling;
use crate::zino::Zino;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use zinoargus::argus::ArgusError;
use zinoargus::argus::models::{EventPk, IncidentPk, UserPk};

/// Our source system's user in Argus.
pub const US: UserPk = 3;
/// A person in Argus.
pub const ALICE: UserPk = 7;
/// Our user in Zino.
pub const OUR_USER: &str = "argus";
/// How long a network that has returned stays, at the least.
const NETWORK_STAYS: i64 = 30_000_000;
const TEXTS: [&str; 4] = ["", "on it", "fixed\nand tested", " . "];

pub type Shared = RefCell<World>;

/// What the world knows of an instance.
#[derive(Default, Clone)]
pub struct InstanceView {
    pub standby: bool,
    /// Its primary has left a question unanswered that really came there, since it answered last in
    /// STANDBY.
    pub unanswered: bool,
    /// When it read Argus' newest events last, or the list of open incidents; and since when it has
    /// done so without a pause, after which it takes a while to catch up.
    pub heard_at: i64,
    pub hears_since: i64,
    /// When the engine decided on the job that is under way.
    pub decided_at: i64,
}

/// The time during which the secondary's host has no network.
#[derive(Debug, Default, Clone, Copy)]
pub struct Cut {
    /// When it ends.
    pub until: i64,
    /// Whether its own Zino is on another host.
    pub from_its_zino: bool,
}

pub struct World {
    pub rng: Rng,
    pub scenario: Scenario,
    /// The true time, microseconds.
    pub now: i64,
    pub zinos: Vec<Zino>,
    pub argus: Argus,
    pub instances: Vec<InstanceView>,
    pub dead: BTreeSet<usize>,
    pub cut: Cut,
    pub late: Vec<(i64, Late)>,
    pub writes: u64,
    pub requests: u64,
    /// Faults happen, and people do things.
    pub stormy: bool,
    pub trace: Vec<String>,
    pub violation: Option<String>,
    /// For every case that ever was: whether it ever closed. By Zino, number, opening second and
    /// problem.
    pub lives: BTreeMap<(u64, i64, String), bool>,
    /// The newest event that an instance has read of an incident.
    pub read_up_to: BTreeMap<(usize, IncidentPk), EventPk>,
    /// Incidents whose level a person changed.
    pub levelled: BTreeSet<IncidentPk>,
    /// How often an event was sent twice by others than us, by its incident and text.
    pub doubled: BTreeMap<(IncidentPk, String), usize>,
    /// The example that is played.
    pub example: Option<String>,
    /// What Argus refuses, or accepts without effect.
    pub unwilling: Unwilling,
}

impl World {
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let mut rng = Rng::new(seed);
        let mut offset = || rng.below(40_000_000) as i64 - 20_000_000;
        let zinos = (0..scenario.zinos).map(|_| Zino { offset: offset(), ..Zino::default() }).collect();
        let bound = (scenario.crowds && seed.is_multiple_of(2)).then_some(3);
        let argus = Argus { offset: offset(), bound, ..Argus::default() };
        let mut unwilling = Unwilling::default();
        if scenario.unwilling {
            unwilling.by_chance_from(seed);
        }
        let mut world = Self {
            rng,
            scenario,
            now: 1_795_376_392_000_000,
            zinos,
            argus,
            instances: vec![InstanceView::default(); scenario.instances],
            dead: BTreeSet::new(),
            cut: Cut::default(),
            late: Vec::new(),
            writes: 0,
            requests: 0,
            stormy: true,
            trace: Vec::new(),
            violation: None,
            lives: BTreeMap::new(),
            read_up_to: BTreeMap::new(),
            levelled: BTreeSet::new(),
            doubled: BTreeMap::new(),
            example: None,
            unwilling,
        };
        if scenario.python {
            crate::python::leave_behind(&mut world);
        }
        world
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        let at = (self.now - 1_795_376_392_000_000) as f64 / 1e6;
        self.trace.extend(crate::logged::lines().into_iter().map(|line| format!("{}{line}", crate::logged::INDENT)));
        self.trace.push(format!("{at:10.3} {}", line()));
    }

    pub fn broken_if(&mut self, broken: bool, rule: &str) {
        if broken && self.violation.is_none() {
            self.violation = Some(rule.to_owned());
        }
    }

    /// The secondary's host loses its network for a while, for long enough that it takes over or
    /// not. Not again at once: a network that returns for seconds only looks like a primary that
    /// does not answer.
    pub fn cut_off(&mut self) {
        let until = self.now + (5 + self.rng.below(115) as i64) * 1_000_000;
        let cut = Cut { until, from_its_zino: self.rng.chance(500) };
        if self.now < self.cut.until + NETWORK_STAYS {
            return;
        }
        self.cut = cut;
        self.note(|| format!("the secondary's host is cut off: {cut:?}"));
        if cut.from_its_zino {
            self.zinos.iter_mut().for_each(|zino| drop(zino.clients.remove(&1)));
        }
    }

    /// Whether this instance's host has no network now.
    pub fn is_cut(&self, instance: usize) -> bool {
        instance == 1 && self.now < self.cut.until
    }

    /// Whether this instance has no way to its own Zino now.
    pub fn is_cut_from_zino(&self, instance: usize) -> bool {
        self.is_cut(instance) && self.cut.from_its_zino
    }

    /// An instance writes, to this server.
    pub fn check_writer(&mut self, instance: usize, server: &str) {
        let Some(view) = self.instances.get(instance).cloned() else { return };
        self.broken_if(view.standby, &format!("a write to {server} in STANDBY"));
        let is_wrong = self.scenario.failover && instance == 1 && !view.unanswered;
        self.broken_if(
            is_wrong,
            &format!("a write to {server} although the primary has answered every question that came"),
        );
    }

    /// Whether a fault of this probability (per mille) happens now.
    pub fn fault(&mut self, per_mille: u64) -> bool {
        self.stormy && self.rng.chance(per_mille)
    }

    /// Time passes; what Argus was slow to execute is executed.
    pub fn pass(&mut self, micros: i64) {
        self.now += micros;
        self.late.sort_by_key(|(due, _)| *due);
        while self.late.first().is_some_and(|(due, _)| *due <= self.now) {
            let (due, late) = self.late.remove(0);
            self.note(|| "  argus executes something late".to_owned());
            self.argus.execute(due, &late);
        }
    }

    /// Between any two requests of the program anything may happen.
    pub fn between_requests(&mut self) {
        self.pass(20_000);
        if self.stormy && self.rng.chance(60) {
            self.something_happens();
        }
        if self.fault(2) && self.scenario.kills {
            let victim = self.rng.below(self.instances.len() as u64) as usize;
            self.note(|| format!("instance {victim} is killed"));
            self.dead.insert(victim);
        }
    }

    /// What every request to Argus goes through.
    pub fn before_argus(&mut self, instance: usize) -> Result<(), ArgusError> {
        self.between_requests();
        if self.dead.contains(&instance) || self.argus.away || self.is_cut(instance) {
            return Err(ArgusError::Refused("connection refused".into()));
        }
        if self.fault(10) {
            return Err(ArgusError::Busy("429".into()));
        }
        Ok(())
    }

    /// Remembers every life of every case, and whether it closed.
    pub fn note_lives(&mut self) {
        for zino in &self.zinos {
            for held in zino.cases.values() {
                let key = (held.case.id, held.case.opened.secs(), problem_text(&held.case));
                *self.lives.entry(key).or_default() |= held.case.is_closed();
            }
        }
    }
}
