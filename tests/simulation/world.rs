//! The world that both servers, the people and the faults live in; a seed decides everything that happens in it.
//! Never decides what the program does.

use crate::argus::{Argus, Late, PersonsAct, told};
use crate::rng::Rng;
use crate::zino::{Zino, fresh_case};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use zinoargus::argus::ArgusError;
use zinoargus::argus::models::{Event, EventKind, Incident, IncidentPk, MadeFor, NewIncident, UserPk};
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
}

impl World {
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let mut rng = Rng::new(seed);
        let mut offset = || rng.below(40_000_000) as i64 - 20_000_000;
        let zinos = (0..scenario.zinos).map(|_| Zino { offset: offset(), ..Zino::default() }).collect();
        let bound = (scenario.crowds && seed.is_multiple_of(2)).then_some(3);
        let argus = Argus { offset: offset(), bound, ..Argus::default() };
        Self {
            rng,
            scenario,
            now: 1_795_376_392_000_000,
            zinos,
            argus,
            instances: vec![InstanceView::default(); scenario.instances],
            dead: BTreeSet::new(),
            late: Vec::new(),
            writes: 0,
            requests: 0,
            stormy: true,
            trace: Vec::new(),
            violation: None,
            lives: BTreeMap::new(),
            levelled: BTreeSet::new(),
            doubled: BTreeMap::new(),
        }
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
        if self.dead.contains(&instance) || self.argus.away {
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
                let pks: Vec<IncidentPk> = self.argus.incidents.keys().copied().collect();
                if let Some(pk) = self.rng.pick(&pks) {
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
                let problem = held.case.problem();
                let key = (
                    held.case.id,
                    held.case.opened.secs(),
                    format!("{} {} {}", problem.kind.word(), problem.router, problem.subindex),
                );
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

    /// We are about to close a case: a person must have closed its problem's incident during the case's life.
    pub fn check_our_close(&mut self, z: usize, id: CaseId) {
        let Some(held) = self.zinos.get(z).and_then(|zino| zino.cases.get(&id)) else {
            return;
        };
        let problem = held.case.problem();
        let name = format!("{} {} {}", problem.kind.word(), problem.router, problem.subindex);
        let opened = held.opened;
        let by_person = self.argus.events.iter().any(|e| {
            e.kind == EventKind::Close
                && self.argus.arrived.get(&e.pk).is_some_and(|at| *at >= opened)
                && self.argus.incidents.get(&e.incident).is_some_and(|i| told(i).0 == name)
        });
        self.broken_if(!by_person, &format!("case {id} of zino {z} is closed, and no person closed it"));
    }

    /// We are about to make an open incident: none about its problem must have been open for so
    /// long that everybody can have seen it, but for those of cases that closed, which keep their
    /// own. With one instance alone: two that write can cross each other.
    pub fn check_creation(&mut self, new: &NewIncident) {
        let Some(made_for) =
            MadeFor::read(&new.metadata.to_string()).filter(|_| self.scenario.crowds && new.end_time.is_none())
        else {
            return;
        };
        let about = |it: &MadeFor| (it.kind.clone(), it.router.clone(), it.subindex.clone());
        let is_old = |pk: IncidentPk| {
            let opening = |e: &&Event| !matches!(e.kind, EventKind::Other | EventKind::Change | EventKind::Acknowledge);
            let turns = self.argus.events.iter().filter(|e| e.incident == pk).filter(opening);
            turns.filter_map(|e| self.argus.arrived.get(&e.pk)).all(|at| *at < self.now - 120_000_000)
        };
        let other = self.argus.incidents.values().find(|i| {
            i.is_open()
                && *i.source_incident_id != *new.source_incident_id
                && i.made_for.as_deref().is_some_and(|it| about(it) == about(&made_for))
                && !self.ever_closed(i)
                && is_old(i.pk)
        });
        let rule = other
            .map(|it| format!("an incident {} is made, and {} is about its problem", new.source_incident_id, it.pk));
        self.broken_if(rule.is_some(), &rule.unwrap_or_default());
    }

    /// Whether the case that an incident was made for ever closed.
    fn ever_closed(&self, incident: &Incident) -> bool {
        let (problem, case, opened) = told(incident);
        self.lives.get(&(case, opened, problem)).copied().unwrap_or(false)
    }

    /// We are about to end an incident because Zino deleted its case: that case must have closed once.
    pub fn check_orphan_end(&mut self, pk: IncidentPk) {
        let Some(incident) = self.argus.incidents.get(&pk) else {
            return;
        };
        let closed = self.ever_closed(incident);
        self.broken_if(!closed, &format!("incident {pk} is ended as scavenged, and its case was only forgotten"));
    }
}
