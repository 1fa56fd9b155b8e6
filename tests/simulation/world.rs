//! The world that both servers, the people and the faults live in; a seed decides everything that happens in it.
//! Never decides what the program does.

use crate::argus::{Argus, Late, PersonsAct};
use crate::facts::problem_text;
use crate::rng::Rng;
use crate::unwilling::Unwilling;
use crate::zino::{Zino, fresh_case};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use zinoargus::argus::ArgusError;
use zinoargus::argus::models::{IncidentPk, UserPk};
use zinoargus::zino::case::{CaseId, CaseState};
use zinoargus::zino::decode::Happening;

/// Our source system's user in Argus.
pub const US: UserPk = 3;
/// A person in Argus.
pub const ALICE: UserPk = 7;
/// Our user in Zino.
pub const OUR_USER: &str = "argus";
const TEXTS: [&str; 4] = ["", "on it", "fixed\nand tested", " . "];

pub type Shared = RefCell<World>;

/// What the world knows of an instance.
#[derive(Default, Clone)]
pub struct InstanceView {
    pub standby: bool,
    /// Its primary has left a question unanswered that really came there, since it answered last in
    /// STANDBY.
    pub unanswered: bool,
}

/// The time during which the secondary's host has no network.
#[derive(Debug, Default, Clone, Copy)]
pub struct Cut {
    /// When it ends.
    pub until: i64,
    /// Whether its own Zino is on another host.
    pub from_its_zino: bool,
}

/// How much goes wrong and what may happen.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// How many instances there are; each has its own Zino if `zinos` is 2.
    pub instances: usize,
    pub zinos: usize,
    /// Whether the second instance is a secondary with a heartbeat.
    pub failover: bool,
    /// Whether a Zino may lose its state.
    pub amnesia: bool,
    /// Whether the process may be killed.
    pub kills: bool,
    /// Whether people give a running program new settings, with other names of the same servers among them.
    pub reloads: bool,
    /// Whether the instances are single runs, started again and again.
    pub single: bool,
    /// Whether something on the way to Argus may send a write twice.
    pub doubles: bool,
    /// Whether Argus may refuse single writes, for a while or for good, or accept them without
    /// effect.
    pub unwilling: bool,
    /// Whether Zino is so slow that much happens while it is read completely.
    pub slow: bool,
    /// Whether the secondary's host may lose its network.
    pub cuts: bool,
    /// Whether the Python program ran before, and people give its incidents tags with the same
    /// keys.
    pub python: bool,
    /// Whether the secondary never gets an answer, so that both are active, and people often act on
    /// what was ended as a duplicate.
    pub beside: bool,
    /// Whether routers fail that have many cases in one second, and an Argus gives a few incidents
    /// at a time only.
    pub crowds: bool,
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
    /// Faults happen and people act.
    pub stormy: bool,
    pub trace: Vec<String>,
    pub violation: Option<String>,
    /// For every case that ever was: whether it ever closed. By Zino, number, opening second and problem.
    pub lives: BTreeMap<(u64, i64, String), bool>,
    /// Incidents whose level a person changed.
    pub levelled: BTreeSet<IncidentPk>,
    /// How often an event was sent twice by others than us, by its incident and text.
    pub doubled: BTreeMap<(IncidentPk, String), usize>,
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
            levelled: BTreeSet::new(),
            doubled: BTreeMap::new(),
            unwilling,
        };
        if scenario.python {
            crate::python::leave_behind(&mut world);
        }
        world
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        let at = (self.now - 1_795_376_392_000_000) as f64 / 1e6;
        self.trace.extend(crate::told::lines().into_iter().map(|told| format!("{:10}     {told}", "")));
        self.trace.push(format!("{at:10.3} {}", line()));
    }

    pub fn broken_if(&mut self, broken: bool, rule: &str) {
        if broken && self.violation.is_none() {
            self.violation = Some(rule.to_owned());
        }
    }

    /// The secondary's host loses its network for a while, for long enough that it takes over or
    /// not.
    pub fn cut_off(&mut self) {
        let until = self.now + (5 + self.rng.below(115) as i64) * 1_000_000;
        self.cut = Cut { until, from_its_zino: self.rng.chance(500) };
        let cut = self.cut;
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

    pub fn something_happens(&mut self) {
        match self.rng.below(100) {
            0..=54 => self.zino_happens(),
            55..=89 => {
                let all: Vec<IncidentPk> = self.argus.incidents.keys().copied().collect();
                // Only then: the seeds of the other scenarios would mean something else.
                let duplicates = if self.scenario.beside { self.argus.ended_duplicates() } else { Vec::new() };
                let any = duplicates.is_empty() || self.rng.chance(500);
                if let Some(pk) = self.rng.pick(if any { &all } else { &duplicates }) {
                    self.person_acts_on(pk);
                }
            }
            90..=92 => {
                self.argus.away = !self.argus.away;
                let away = self.argus.away;
                self.note(|| format!("argus away: {away}"));
            }
            93..=95 => self.drop_notices(),
            96 => {
                self.pass(9 * 3600 * 1_000_000);
                let now = self.now;
                self.zinos.iter_mut().for_each(|zino| zino.scavenge(now));
                self.note(|| "nine hours later, closed cases are deleted".to_owned());
            }
            _ => self.server_trouble(),
        }
    }

    fn drop_notices(&mut self) {
        let z = self.rng.below(self.zinos.len() as u64) as usize;
        let Some(zino) = self.zinos.get_mut(z) else { return };
        for notices in zino.clients.values_mut() {
            match self.rng.below(3) {
                0 => notices.clear(),
                1 => notices.reverse(),
                _ => notices.extend(notices.clone()),
            }
        }
    }

    fn server_trouble(&mut self) {
        let z = self.rng.below(self.zinos.len() as u64) as usize;
        let (roll, amnesia, now) = (self.rng.below(6), self.scenario.amnesia, self.now);
        let Some(zino) = self.zinos.get_mut(z) else { return };
        let told = match roll {
            0 => {
                zino.clients.clear();
                "connections cut"
            }
            1 => {
                let forgot_at = zino.forgot_at;
                zino.save();
                zino.restart(now, true);
                zino.forgot_at = forgot_at;
                "restarted with its state"
            }
            2 if amnesia => {
                zino.restart(now, true);
                "restarted with an old state"
            }
            3 if amnesia => {
                zino.restart(now, false);
                "restarted without its state"
            }
            4 => {
                zino.save();
                "state saved"
            }
            _ => {
                zino.down = !zino.down;
                zino.clients.clear();
                "up or down"
            }
        };
        self.note(|| format!("zino {z}: {told}"));
    }

    fn zino_happens(&mut self) {
        let z = self.rng.below(self.zinos.len() as u64) as usize;
        let ids: Vec<CaseId> = self.zinos.get(z).map(|zino| zino.cases.keys().copied().collect()).unwrap_or_default();
        let roll = self.rng.below(100);
        if roll < 25 || ids.is_empty() {
            self.case_opens(z);
            return;
        }
        let Some(id) = self.rng.pick(&ids) else { return };
        let text = self.rng.pick(&TEXTS).unwrap_or_default();
        let again = self.rng.chance(300);
        let state = self.rng.pick(&[CaseState::Working, CaseState::Waiting, CaseState::Open, CaseState::Ignored]);
        let priority = self.rng.pick(&[100, 300, 600]).unwrap_or(100);
        let now = self.now;
        let Some(zino) = self.zinos.get_mut(z) else { return };
        let what = match roll {
            25..=44 => {
                zino.add_history(now, id, "ford", text);
                if again {
                    zino.add_history(now, id, "ford", text);
                }
                format!("history {text:?}, twice: {again}")
            }
            45..=59 => {
                let state = state.unwrap_or(CaseState::Working);
                zino.set_state(now, id, &state, "ford");
                format!("state {}", state.word())
            }
            60..=74 => {
                zino.set_state(now, id, &CaseState::Closed, "ford");
                "closed by ford".to_owned()
            }
            75..=84 => {
                if let Some(held) = zino.cases.get_mut(&id) {
                    held.case.priority = priority;
                }
                zino.notify(id, &Happening::Other);
                format!("priority {priority}")
            }
            85..=89 => {
                if let Some(held) = zino.cases.get_mut(&id) {
                    let says = held.case.log_says_down;
                    held.case.log_says_down = says.map(|_| true);
                }
                zino.notify(id, &Happening::Other);
                "log says down".to_owned()
            }
            90..=94 => {
                zino.reopen(id);
                "reopened by a maintenance".to_owned()
            }
            _ => {
                // The start of a planned maintenance is not notified.
                if let Some(held) = zino.cases.get_mut(&id).filter(|h| !h.case.is_closed()) {
                    held.case.state = CaseState::Ignored;
                }
                "ignored by a maintenance".to_owned()
            }
        };
        self.note(|| format!("zino {z} case {id}: {what}"));
        self.note_lives();
    }

    fn case_opens(&mut self, z: usize) {
        // Only then: the seeds of the other scenarios would mean something else.
        if self.scenario.crowds && self.rng.chance(400) {
            (0..12).for_each(|problem| self.case_of_problem_opens(z, problem));
            return;
        }
        let problem = self.rng.below(8);
        self.case_of_problem_opens(z, problem);
    }

    fn case_of_problem_opens(&mut self, z: usize, problem: u64) {
        let now = self.now;
        let mut case = fresh_case(problem);
        if case.log_says_down.is_some() && self.rng.chance(300) {
            case.log_says_down = Some(false);
        }
        let name = case.problem().to_string();
        // A fault is seen by every Zino, not always, and not in the same second.
        for (n, zino) in self.zinos.iter_mut().enumerate() {
            if n == z || self.rng.chance(700) {
                let seen_at = now + if n == z { 0 } else { self.rng.below(50_000_000) as i64 - 25_000_000 };
                if let Some(id) = zino.open(seen_at.min(now), case.clone()) {
                    let at = (now - 1_795_376_392_000_000) as f64 / 1e6;
                    self.trace.push(format!("{at:10.3} zino {n} case {id} opens: {name}"));
                }
            }
        }
        self.note_lives();
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

    pub fn person_acts_on(&mut self, pk: IncidentPk) {
        let text = self.rng.pick(&TEXTS).unwrap_or_default().to_owned();
        let act = match self.rng.below(100) {
            0..=29 => PersonsAct::Acknowledge(text),
            30..=54 => PersonsAct::Close(text),
            55..=69 => PersonsAct::Reopen,
            70..=79 => PersonsAct::Ticket(format!("https://t.example.org/{}", self.rng.below(3))),
            80..=85 => PersonsAct::Level(self.rng.below(5) as u8 + 1),
            86..=91 => PersonsAct::Tag(format!("note=n{}", self.rng.below(3))),
            _ => PersonsAct::Comment,
        };
        // Only then: the seeds of the other scenarios would mean something else.
        let act = if self.scenario.python { crate::python::misleading(self, act) } else { act };
        if matches!(act, PersonsAct::Level(_)) {
            self.levelled.insert(pk);
        }
        let mut at = self.argus.stamp(self.now);
        if self.fault(100) {
            at = at.plus_secs(300 - self.rng.below(900) as i64);
        }
        let done = self.argus.person(self.now, pk, &act, at).is_some();
        self.note(|| format!("alice on incident {pk}: {act:?}{}", if done { "" } else { " (no effect or no event)" }));
    }
}
