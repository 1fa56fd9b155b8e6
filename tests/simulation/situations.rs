//! Situations: what both servers hold, what people then do, and what must stand on both servers at
//! the end. They know nothing of how the program decides.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::expect_used, clippy::indexing_slicing)]

mod adopted;
mod doubts;
mod duplicates;
mod forgetful;
mod found_by_chance;
mod moved;
mod words;

use crate::argus::ByPerson;
use crate::driver::Driver;
use crate::scenarios::scenario;
use crate::world::{ALICE, OUR_USER, US, World};
use crate::zino::{Held, Zino, fresh_case};
use std::collections::BTreeSet;
use zinoargus::argus::models::{EndTime, Event, EventKind, EventPk, Incident, IncidentPk, Tags};
use zinoargus::engine::RunEnd;
use zinoargus::reconcile::render::{new_incident, plain_number};
use zinoargus::time::Stamp;
use zinoargus::zino::case::{Case, CaseId, CaseState, HistoryEntry};

const SECOND: i64 = 1_000_000;
/// Long enough for everything that does not wait for the next complete look.
const SOON: i64 = 90;

/// The first Zino of a scenario, its instance and Argus. Times are seconds from the beginning of
/// the scene.
pub struct Scene {
    pub driver: Driver,
    began: i64,
    /// The newest event before the program had its turn.
    newest: EventPk,
}

/// A write of ours to an incident: what kind of event, dated when, with which words.
pub type Posted = (EventKind, i64, String);

impl Scene {
    pub fn new(name: &str) -> Self {
        let driver = Driver::new(1, scenario(name));
        let began = {
            let world = &mut *driver.world.borrow_mut();
            world.stormy = false;
            world.argus.offset = 0;
            world.zinos.iter_mut().for_each(|zino| zino.offset = 0);
            world.now
        };
        Self { driver, began, newest: 0 }
    }

    fn micros(&self, at: i64) -> i64 {
        self.began + at * SECOND
    }

    pub fn stamp(&self, at: i64) -> Stamp {
        Stamp::from_micros(self.micros(at))
    }

    /// Changes the world, or looks at it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.driver.world.borrow_mut())
    }

    /// Changes one of the Zinos, or looks at it.
    pub fn zino_of<T>(&self, z: usize, look: impl FnOnce(&mut Zino) -> T) -> T {
        self.world(|world| look(world.zinos.get_mut(z).expect("a Zino")))
    }

    fn zino<T>(&self, look: impl FnOnce(&mut Zino) -> T) -> T {
        self.zino_of(0, look)
    }

    /// A case about one of the problems, as it would look, without being there.
    pub fn case(&self, id: CaseId, problem: u64, opened: i64) -> Case {
        let opened = self.stamp(opened);
        let header = "state change embryonic -> open (monitor)".to_owned();
        Case { id, opened, history: vec![HistoryEntry { at: opened, header, lines: vec![] }], ..fresh_case(problem) }
    }

    /// Puts a case into a Zino.
    pub fn put(&self, z: usize, case: Case) {
        self.zino_of(z, |zino| {
            zino.next = zino.next.max(case.id);
            let closed = case.closed.map(|at| at.micros());
            zino.turn(case.id, &case.problem(), case.opened.micros(), true);
            if let Some(closed) = closed {
                zino.turn(case.id, &case.problem(), closed, false);
            }
            zino.cases.insert(case.id, Held { opened: case.opened.micros(), closed, case });
        });
    }

    /// An open case in the first Zino.
    pub fn open_case(&self, id: CaseId, problem: u64, opened: i64) -> Case {
        let case = self.case(id, problem, opened);
        self.put(0, case.clone());
        case
    }

    /// The case as ford has closed it.
    pub fn closed(&self, mut case: Case, at: i64) -> Case {
        let at = self.stamp(at);
        let header = format!("state change {} -> closed (ford)", case.state.word());
        case.history.push(HistoryEntry { at, header, lines: vec![] });
        (case.state, case.closed) = (CaseState::Closed, Some(at));
        case
    }

    /// One more entry in the history of a case.
    pub fn entry(&self, id: CaseId, at: i64, header: &str, lines: &[&str]) {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        let entry = HistoryEntry { at: self.stamp(at), header: header.to_owned(), lines };
        self.zino(|zino| zino.cases.get_mut(&id).expect("a case").case.history.push(entry));
    }

    /// Puts an incident into Argus that was made for this case by the instance of `server`; gives
    /// its key.
    pub fn incident(&self, case: &Case, server: &str) -> IncidentPk {
        let rules = crate::driver::rules(0, scenario("alone"));
        let rules = zinoargus::reconcile::rules::Rules { server: server.to_owned(), ..rules };
        let new = new_incident(case, &rules, plain_number(case));
        self.world(|world| world.argus.create(case.opened.micros(), &new).expect("Argus takes it").pk)
    }

    /// Changes an incident behind everybody's back.
    pub fn change(&self, pk: IncidentPk, change: impl FnOnce(&mut Incident)) {
        self.world(|world| change(world.argus.incidents.get_mut(&pk).expect("an incident")));
    }

    /// Makes it one of the Python program, which says what it is about by its tags alone.
    pub fn by_python(&self, pk: IncidentPk) {
        self.change(pk, |incident| incident.made_for = None);
    }

    /// A tag of a person, before those that are there.
    pub fn tag_of_alice(&self, pk: IncidentPk, text: &str) {
        self.change(pk, |incident| {
            let tags: Tags =
                [(text, ALICE)].into_iter().chain(incident.tags.iter().map(|t| (t.text, t.added_by))).collect();
            incident.tags = tags;
        });
    }

    /// An event of ours, or of a process before, with its effect.
    pub fn ours(&self, pk: IncidentPk, kind: EventKind, at: i64, text: &str) {
        let (now, stamp) = (self.micros(at), self.stamp(at));
        self.world(|world| {
            let end_time = match kind {
                EventKind::End => Some(EndTime::At(stamp)),
                EventKind::Restart => Some(EndTime::Open),
                _ => None,
            };
            if let (Some(end_time), Some(incident)) = (end_time, world.argus.incidents.get_mut(&pk)) {
                incident.open = end_time == EndTime::Open;
                incident.end_time = end_time;
            }
            world.argus.event(now, pk, US, kind, stamp, text);
        });
    }

    /// A user action, at a time before the scene.
    pub fn alice(&self, pk: IncidentPk, at: i64, action: &ByPerson) {
        let (now, stamp) = (self.micros(at), self.stamp(at));
        self.world(|world| world.argus.person(now, pk, action, stamp).expect("Argus takes it"));
    }

    /// A user action now.
    pub fn alice_now(&self, pk: IncidentPk, action: &ByPerson) {
        self.alice(pk, (self.world(|world| world.now) - self.began) / SECOND, action);
    }

    /// Gives the program its time.
    pub fn play(&mut self) -> &Self {
        let (now, newest) = self.world(|world| (world.now, world.argus.next_event));
        if now == self.began {
            self.newest = newest;
        }
        self.driver.still(SOON);
        if let Some(broken) = self.world(|world| world.violation.clone()) {
            panic!("{broken}");
        }
        self
    }

    /// From now on nothing is written any more, however long it runs and also after a start.
    pub fn is_still(&mut self) {
        for _ in 0..2 {
            let (_, writes) = self.driver.still(2000);
            assert_eq!(writes, 0, "{}", self.world(|world| world.trace.join("\n")));
            self.restart();
        }
    }

    /// The instance of the first Zino is killed and started again.
    pub fn restart(&mut self) {
        self.world(|world| world.dead.insert(0));
        self.driver.still(20);
    }

    /// One single run of the first instance, from its start to its end.
    pub fn one_run(&mut self) -> RunEnd {
        self.play();
        self.driver.ended(0).expect("a run has ended")
    }

    /// Somebody writes into a case now, and its Zino says so.
    pub fn note(&self, z: usize, id: CaseId, text: &str) {
        let now = self.world(|world| world.now);
        self.zino_of(z, |zino| assert!(zino.add_history(now, id, "ford", text)));
    }

    /// Ford closes a case of the first Zino now.
    pub fn close_now(&self, id: CaseId) {
        let now = self.world(|world| world.now);
        self.zino(|zino| assert!(zino.set_state(now, id, &CaseState::Closed, "ford")));
    }

    /// The first Zino opens a case about a problem now.
    pub fn open_now(&self, problem: u64) -> CaseId {
        let now = self.world(|world| world.now);
        self.zino(|zino| zino.open(now, fresh_case(problem)).expect("no other case of the problem is open"))
    }

    /// What our user wrote into a case of the first Zino, in words.
    pub fn entries(&self, id: CaseId) -> Vec<String> {
        self.zino(|zino| {
            let history = &zino.cases.get(&id).expect("a case").case.history;
            history.iter().filter(|e| e.header == OUR_USER).map(|e| e.lines.join("\n")).collect()
        })
    }

    pub fn state(&self, id: CaseId) -> CaseState {
        self.zino(|zino| zino.cases.get(&id).expect("a case").case.state.clone())
    }

    pub fn is_open(&self, pk: IncidentPk) -> bool {
        self.world(|world| world.argus.incidents.get(&pk).expect("an incident").is_open())
    }

    /// The events that the program has posted to an incident in this scene.
    pub fn posted(&self, pk: IncidentPk) -> Vec<Posted> {
        let posted =
            |e: &&Event| e.pk > self.newest && e.incident == pk && e.actor == US && e.kind != EventKind::Change;
        let began = self.began / SECOND;
        self.world(|world| {
            let events = world.argus.events.iter().filter(posted);
            events.map(|e| (e.kind.clone(), e.timestamp.secs() - began, e.description.clone())).collect()
        })
    }

    /// The numbers of the incidents that the program has made in this scene.
    pub fn created(&self) -> BTreeSet<String> {
        let of = |pk: IncidentPk| self.posted(pk).iter().any(|(kind, ..)| *kind == EventKind::Start);
        let pks: Vec<IncidentPk> = self.world(|world| world.argus.incidents.keys().copied().collect());
        let made = pks.into_iter().filter(|pk| of(*pk));
        made.map(|pk| self.world(|world| world.argus.incidents[&pk].source_incident_id.to_string())).collect()
    }
}

pub fn ack(text: &str) -> ByPerson {
    ByPerson::Acknowledge(text.to_owned())
}

pub fn close(text: &str) -> ByPerson {
    ByPerson::Close(text.to_owned())
}
