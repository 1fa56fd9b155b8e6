//! Scenes without chance: what Argus does to one write or one read, and what everything else must
//! come to all the same. They state what both servers hold and which writes came, and nothing of
//! how the program is made.

mod breaking;
mod reading;
mod without_effect;

use crate::argus::ByPerson;
use crate::driver::Driver;
use crate::logged;
use crate::scenarios::{ALONE, Scenario};
use crate::unwilling::Does;
use crate::world::{OUR_USER, World};
use crate::zino::{Zino, fresh_case};
use zinoargus::argus::models::{EventKind, Incident, IncidentPk};
use zinoargus::zino::case::{Case, CaseId, CaseState};

/// `sync.full_interval` of the driver, in seconds.
const FULL: i64 = 900;
/// Long enough for everything that is due now, and not for the next full look.
const SOON: i64 = 200;

/// One program, one Zino and one Argus, all of them well but for what a test says.
struct Scene {
    driver: Driver,
}

impl Scene {
    fn new() -> Self {
        Self::of(ALONE)
    }

    fn of(scenario: Scenario) -> Self {
        logged::listen();
        let mut driver = Driver::new(1, scenario);
        driver.still(SOON);
        Self { driver }
    }

    fn world<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.driver.world.borrow_mut())
    }

    fn zino<T>(&self, change: impl FnOnce(&mut Zino, i64) -> T) -> T {
        self.world(|world| {
            let now = world.now;
            change(world.zinos.first_mut().expect("there is a Zino"), now)
        })
    }

    fn runs(&mut self, seconds: i64) {
        self.driver.still(seconds);
    }

    fn opens(&self, case: Case) -> CaseId {
        self.zino(|zino, now| zino.open(now, case)).expect("it opens")
    }

    /// A case that Zino has beside another one whose attributes are the same.
    fn opens_beside(&self, case: Case) -> CaseId {
        let router = case.router.clone();
        let id = self.opens(Case { router: "elsewhere".into(), ..case });
        self.zino(|zino, _| zino.cases.get_mut(&id).expect("it is there").case.router = router);
        id
    }

    /// A case that has its incident.
    fn case(&mut self) -> (CaseId, IncidentPk) {
        let id = self.opens(fresh_case(0));
        self.runs(SOON);
        let pk = self.incident_of(id).expect("it has an incident").pk;
        (id, pk)
    }

    fn writes_history(&self, id: CaseId, texts: &[&str]) {
        for text in texts {
            self.zino(|zino, now| zino.add_history(now, id, "ford", text));
        }
    }

    fn closes(&self, id: CaseId) {
        self.zino(|zino, now| zino.set_state(now, id, &CaseState::Closed, "ford"));
    }

    fn priority(&self, id: CaseId, priority: i64) {
        self.zino(|zino, _| {
            zino.cases.get_mut(&id).expect("it is there").case.priority = priority;
            zino.notify(id, &zinoargus::zino::decode::Happening::Other);
        });
    }

    fn alice(&self, pk: IncidentPk, action: &ByPerson) {
        self.world(|world| {
            let at = world.argus.stamp(world.now);
            world.argus.person(world.now, pk, action, at);
        });
    }

    fn argus_does(&self, words: &[&str], does: Does, times: Option<u32>) {
        self.world(|world| world.unwilling.rule(words, does, times));
    }

    /// How many writes with these words came.
    fn came(&self, words: &[&str]) -> usize {
        self.world(|world| world.unwilling.count(words))
    }

    fn incidents(&self) -> Vec<Incident> {
        self.world(|world| world.argus.incidents.values().cloned().collect())
    }

    fn incident_of(&self, id: CaseId) -> Option<Incident> {
        self.incidents().into_iter().find(|i| *i.source_incident_id == id.to_string())
    }

    fn is_open(&self, pk: IncidentPk) -> bool {
        self.incidents().iter().any(|i| i.pk == pk && i.is_open())
    }

    /// What was said in passing on an incident, without the headers.
    fn posted(&self, pk: IncidentPk) -> Vec<String> {
        let events = self.world(|world| world.argus.events_of(pk));
        let texts = events.iter().filter(|e| e.kind == EventKind::Other);
        texts.map(|e| e.description.trim_start_matches("ford").trim().to_owned()).collect()
    }

    fn count(&self, pk: IncidentPk, kind: &EventKind) -> usize {
        self.world(|world| world.argus.events_of(pk).iter().filter(|e| e.kind == *kind).count())
    }

    fn case_of(&self, id: CaseId) -> Case {
        self.zino(|zino, _| zino.cases.get(&id).expect("it is there").case.clone())
    }

    /// What we wrote into a case's history.
    fn delivered(&self, id: CaseId) -> Vec<String> {
        let history = self.case_of(id).history;
        history.iter().filter(|e| e.author() == Some(OUR_USER)).map(|e| e.lines.join("\n")).collect()
    }

    /// The warnings with this word since the last time this was asked.
    fn warnings(&self, word: &str) -> Vec<String> {
        // The trace has what was logged before the last thing that happened.
        let mut lines = self.world(|world| std::mem::take(&mut world.trace));
        lines.extend(logged::lines());
        lines.retain(|line| line.trim_start().starts_with("WARN") && line.contains(word));
        lines
    }

    fn failing(&self) -> usize {
        self.driver.summary().expect("there is a program").troubled
    }
}

fn refuse(status: u16) -> Does {
    Does::Refuse(status)
}

#[test]
fn a_history_entry_that_argus_refuses_keeps_back_neither_what_follows_it_nor_the_end() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["Other", "bad"], refuse(403), None);
    scene.writes_history(id, &["bad", "good"]);
    scene.runs(SOON);
    assert_eq!(scene.posted(pk), ["good"]);
    scene.writes_history(id, &["better"]);
    scene.closes(id);
    scene.runs(SOON);
    assert_eq!(scene.posted(pk), ["good", "better"]);
    assert!(!scene.is_open(pk));
}

#[test]
fn what_a_person_did_reaches_zino_although_argus_refuses_a_write_about_the_case() {
    for (words, change) in [(&["Other", "bad"][..], None), (&["PATCH"][..], Some(600))] {
        let mut scene = Scene::new();
        let (id, pk) = scene.case();
        scene.argus_does(words, refuse(400), None);
        change.map_or_else(|| scene.writes_history(id, &["bad"]), |priority| scene.priority(id, priority));
        scene.runs(SOON);
        scene.alice(pk, &ByPerson::Acknowledge("on it".into()));
        scene.alice(pk, &ByPerson::Ticket("https://t.example.org/1".into()));
        scene.runs(SOON);
        assert_eq!(scene.case_of(id).state, CaseState::Working, "{words:?}");
        scene.alice(pk, &ByPerson::Close("fixed".into()));
        scene.runs(SOON);
        let ticket = "Ticket https://t.example.org/1 added by Argus user user7";
        assert_eq!(scene.delivered(id), ["on it (user7)", ticket, "fixed (user7)"], "{words:?}");
        assert_eq!(scene.case_of(id).state, CaseState::Closed, "{words:?}");
    }
}

#[test]
fn a_refused_write_is_tried_again_at_the_next_full_look_or_when_its_case_changes_and_told_of_once() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["Other", "bad"], refuse(413), None);
    scene.writes_history(id, &["bad"]);
    scene.runs(SOON);
    assert_eq!(scene.came(&["bad"]), 1);
    let warnings = scene.warnings("refuses");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for word in [format!("case {id}"), format!("incident {pk}"), "bad".into(), "413".into(), "forbids".into()] {
        assert!(warnings[0].contains(&word), "{word} is not in: {}", warnings[0]);
    }
    assert_eq!(scene.failing(), 1);
    scene.alice(pk, &ByPerson::Acknowledge("on it".into()));
    scene.runs(60);
    scene.writes_history(id, &["good"]);
    scene.runs(60);
    let tried = scene.came(&["bad"]);
    assert!((2..=4).contains(&tried), "once for each change of the case, and not {tried} times");
    scene.runs(10 * FULL);
    let more = scene.came(&["bad"]) - tried;
    assert!((9..=11).contains(&more), "once for each full look, and not {more} times");
    assert_eq!(scene.warnings("refuses"), [""; 0]);
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    assert_eq!((scene.posted(pk), scene.failing()), (vec!["good".to_owned(), "bad".to_owned()], 0));
}

#[test]
fn what_was_refused_of_a_case_is_not_forgotten_because_another_case_of_its_problem_goes_well() {
    let mut scene = Scene::new();
    let (first, pk) = scene.case();
    scene.argus_does(&["Other", "bad"], refuse(413), Some(1));
    scene.writes_history(first, &["bad", "good"]);
    scene.closes(first);
    scene.runs(2);
    let second = scene.opens(fresh_case(0));
    scene.runs(SOON);
    let (second, first_history) = (scene.incident_of(second).expect("it has one"), scene.posted(pk));
    assert!(
        second.is_open() && !scene.is_open(pk),
        "one open incident for the problem; the first has {first_history:?}"
    );
    scene.writes_history(second.source_incident_id.parse().expect("a number"), &["of the second"]);
    scene.runs(FULL + SOON);
    let mut posted = scene.posted(pk);
    posted.sort();
    assert_eq!(posted, ["bad", "good"]);
    assert_eq!(scene.failing(), 0);
}

#[test]
fn what_was_refused_of_a_case_is_tried_once_more_when_zino_deletes_it_and_then_forgotten() {
    let mut scene = Scene::new();
    let (id, _) = scene.case();
    scene.argus_does(&["Other", "bad"], refuse(403), None);
    scene.writes_history(id, &["bad"]);
    scene.closes(id);
    scene.runs(SOON);
    let tried = scene.came(&["bad"]);
    scene.zino(|zino, now| zino.scavenge(now + 9 * 3600 * 1_000_000));
    scene.runs(60);
    assert_eq!(scene.came(&["bad"]) - tried, 1);
    assert_eq!(scene.failing(), 0);
    scene.runs(2 * FULL);
    assert_eq!(scene.came(&["bad"]) - tried, 1);
}

#[test]
fn a_refused_incident_keeps_back_no_other_case_and_is_made_when_argus_takes_it() {
    let mut scene = Scene::new();
    scene.argus_does(&["POST incident 1 "], refuse(403), None);
    let (first, second) = (scene.opens(fresh_case(0)), scene.opens(fresh_case(1)));
    scene.runs(SOON);
    assert!(scene.incident_of(second).is_some());
    assert_eq!((scene.came(&["POST incident 1 "]), scene.failing()), (1, 1));
    assert_eq!(scene.warnings("refuses").len(), 1);
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    assert!(scene.incident_of(first).is_some());
}

#[test]
fn what_argus_refuses_of_an_incident_that_was_just_made_is_tried_again_at_the_next_full_look() {
    let mut scene = Scene::new();
    scene.argus_does(&["Other", "bad"], refuse(400), Some(1));
    let id = scene.opens(fresh_case(0));
    scene.writes_history(id, &["bad", "good"]);
    scene.runs(SOON);
    let pk = scene.incident_of(id).expect("it has one").pk;
    assert_eq!((scene.posted(pk), scene.failing()), (vec!["good".to_owned()], 1));
    scene.runs(FULL);
    assert_eq!((scene.posted(pk).len(), scene.failing()), (2, 0));
}

#[test]
fn an_incident_that_argus_lets_nobody_read_keeps_back_no_other_case_of_its_problem() {
    let mut scene = Scene::new();
    let (first, pk) = scene.case();
    scene.closes(first);
    scene.runs(SOON);
    scene.world(|world| world.unwilling.barred.insert(pk));
    scene.writes_history(first, &["late words"]);
    let second = scene.opens(fresh_case(0));
    scene.writes_history(second, &["good"]);
    scene.runs(SOON);
    let second = scene.incident_of(second).expect("it has one");
    assert!(second.is_open());
    assert_eq!(scene.posted(second.pk), ["good"]);
    assert_eq!(scene.failing(), 1);
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    assert_eq!((scene.posted(pk), scene.failing()), (vec!["late words".to_owned()], 0));
}

#[test]
fn a_single_run_names_what_argus_refuses_and_does_everything_else() {
    let mut scene = Scene::of(Scenario { single: true, ..ALONE });
    scene.argus_does(&["Other", "bad"], refuse(403), None);
    let (refused, other) = (scene.opens(fresh_case(0)), scene.opens(fresh_case(1)));
    scene.writes_history(refused, &["bad", "good"]);
    scene.closes(refused);
    scene.runs(SOON);
    let end = scene.driver.ended(0).expect("a run is over");
    let [line] = end.failed.as_slice() else { panic!("{end:?}") };
    for word in ["case 1 ", "on incident ", "bad", "403"] {
        assert!(line.contains(word), "{word} is not in: {line}");
    }
    let pk = scene.incident_of(refused).expect("it has one").pk;
    assert_eq!((scene.posted(pk), scene.is_open(pk)), (vec!["good".to_owned()], false));
    assert!(scene.incident_of(other).is_some_and(|i| i.is_open()));
}
