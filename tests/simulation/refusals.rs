//! Scenes without chance: what Argus does to one write or one read, and what everything else must come to all the same. They tell
//! what both servers hold and which writes came, and nothing of how the program is made.

use crate::argus::{PersonsAct, problem_text};
use crate::driver::Driver;
use crate::situations::Scene as Situation;
use crate::unwilling::Does;
use crate::world::{OUR_USER, World};
use crate::zino::{Zino, fresh_case};
use crate::{ALONE, Scenario, told};
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
        told::listen();
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

    fn alice(&self, pk: IncidentPk, act: &PersonsAct) {
        self.world(|world| {
            let at = world.argus.stamp(world.now);
            world.argus.person(world.now, pk, act, at);
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
    fn told(&self, pk: IncidentPk) -> Vec<String> {
        let events = self.world(|world| world.argus.events_of(pk));
        let texts = events.iter().filter(|e| e.kind == EventKind::Other);
        texts.map(|e| e.description.trim_start_matches("ford").trim().to_owned()).collect()
    }

    fn count(&self, pk: IncidentPk, kind: &EventKind) -> usize {
        self.world(|world| world.argus.events_of(pk).iter().filter(|e| e.kind == *kind).count())
    }

    fn shown(&self, id: CaseId) -> Case {
        self.zino(|zino, _| zino.cases.get(&id).expect("it is there").case.clone())
    }

    /// What we wrote into a case's history.
    fn carried(&self, id: CaseId) -> Vec<String> {
        let history = self.shown(id).history;
        history.iter().filter(|e| e.author() == Some(OUR_USER)).map(|e| e.lines.join("\n")).collect()
    }

    /// The warnings with this word since the last time this was asked.
    fn warnings(&self, word: &str) -> Vec<String> {
        // The trace has what was told before the last thing that happened.
        let mut lines = self.world(|world| std::mem::take(&mut world.trace));
        lines.extend(told::lines());
        lines.retain(|line| line.trim_start().starts_with("WARN") && line.contains(word));
        lines
    }

    fn troubled(&self) -> usize {
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
    assert_eq!(scene.told(pk), ["good"]);
    scene.writes_history(id, &["better"]);
    scene.closes(id);
    scene.runs(SOON);
    assert_eq!(scene.told(pk), ["good", "better"]);
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
        scene.alice(pk, &PersonsAct::Acknowledge("on it".into()));
        scene.alice(pk, &PersonsAct::Ticket("https://t.example.org/1".into()));
        scene.runs(SOON);
        assert_eq!(scene.shown(id).state, CaseState::Working, "{words:?}");
        scene.alice(pk, &PersonsAct::Close("fixed".into()));
        scene.runs(SOON);
        let ticket = "Ticket https://t.example.org/1 added by Argus user user7";
        assert_eq!(scene.carried(id), ["on it (user7)", ticket, "fixed (user7)"], "{words:?}");
        assert_eq!(scene.shown(id).state, CaseState::Closed, "{words:?}");
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
    assert_eq!(scene.troubled(), 1);
    scene.alice(pk, &PersonsAct::Acknowledge("on it".into()));
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
    assert_eq!((scene.told(pk), scene.troubled()), (vec!["good".to_owned(), "bad".to_owned()], 0));
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
    let (second, first_history) = (scene.incident_of(second).expect("it has one"), scene.told(pk));
    assert!(
        second.is_open() && !scene.is_open(pk),
        "one open incident for the problem; the first has {first_history:?}"
    );
    scene.writes_history(second.source_incident_id.parse().expect("a number"), &["of the second"]);
    scene.runs(FULL + SOON);
    let mut told = scene.told(pk);
    told.sort();
    assert_eq!(told, ["bad", "good"]);
    assert_eq!(scene.troubled(), 0);
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
    assert_eq!(scene.troubled(), 0);
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
    assert_eq!((scene.came(&["POST incident 1 "]), scene.troubled()), (1, 1));
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
    assert_eq!((scene.told(pk), scene.troubled()), (vec!["good".to_owned()], 1));
    scene.runs(FULL);
    assert_eq!((scene.told(pk).len(), scene.troubled()), (2, 0));
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
    assert_eq!(scene.told(second.pk), ["good"]);
    assert_eq!(scene.troubled(), 1);
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    assert_eq!((scene.told(pk), scene.troubled()), (vec!["late words".to_owned()], 0));
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
    assert_eq!((scene.told(pk), scene.is_open(pk)), (vec!["good".to_owned()], false));
    assert!(scene.incident_of(other).is_some_and(|i| i.is_open()));
}

/// Everything is as it should be but for one write that has no effect: two tries, one warning, and then once for each full look.
fn without_effect(scene: &mut Scene, words: &[&str], before: usize) {
    let came = |scene: &Scene| scene.came(words) - before;
    scene.runs(SOON);
    assert_eq!(came(scene), 2, "{words:?}");
    let warnings = scene.warnings("without effect");
    assert_eq!(warnings.len(), 1, "{words:?} {warnings:?}");
    assert_eq!(scene.troubled(), 1, "{words:?}");
    scene.runs(10 * FULL);
    assert!((11..=13).contains(&came(scene)), "{words:?} {}", came(scene));
    assert_eq!(scene.warnings("without effect"), [""; 0], "{words:?}");
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    assert_eq!(scene.troubled(), 0, "{words:?}");
}

#[test]
fn an_end_that_argus_accepts_without_effect_is_not_posted_over_and_over() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["POST", " End "], Does::Nothing, None);
    scene.closes(id);
    without_effect(&mut scene, &["POST", " End "], 0);
    assert!(!scene.is_open(pk));
}

#[test]
fn a_restart_that_argus_accepts_without_effect_is_not_posted_over_and_over() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.closes(id);
    scene.runs(SOON);
    scene.argus_does(&["POST", " Restart "], Does::Nothing, None);
    scene.zino(|zino, _| zino.reopen(id));
    without_effect(&mut scene, &["POST", " Restart "], 0);
    assert!(scene.is_open(pk));
}

#[test]
fn a_change_that_argus_accepts_without_effect_is_not_made_over_and_over() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["PATCH"], Does::Nothing, None);
    scene.priority(id, 600);
    without_effect(&mut scene, &["PATCH"], 0);
    assert_eq!(scene.incidents().iter().find(|i| i.pk == pk).map(|i| i.level), Some(1));
}

#[test]
fn an_end_of_a_duplicate_that_argus_accepts_without_effect_is_not_posted_over_and_over() {
    let mut scene = Scene::new();
    let (_, pk) = scene.case();
    scene.argus_does(&["POST", " End ", "Duplicate"], Does::Nothing, None);
    let double = scene.world(|world| {
        let twin = world.argus.incidents.get(&pk).expect("it is there").clone();
        world.argus.next_pk += 1;
        let number = "99".into();
        let start_time = twin.start_time.plus_secs(-5000);
        let double = Incident { pk: world.argus.next_pk, source_incident_id: number, start_time, ..twin };
        world.argus.incidents.insert(double.pk, double.clone());
        double.pk
    });
    scene.runs(FULL);
    let before = scene.came(&["Duplicate"]) - 2;
    scene.warnings("");
    scene.runs(10 * FULL);
    let came = scene.came(&["Duplicate"]) - before;
    assert!((11..=13).contains(&came), "{came}");
    assert!(scene.is_open(double));
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    assert!(!scene.is_open(double));
}

#[test]
fn an_end_without_effect_keeps_back_neither_history_nor_what_a_person_did() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.argus_does(&["POST", " End "], Does::Nothing, None);
    scene.writes_history(id, &["good"]);
    scene.closes(id);
    scene.runs(SOON);
    scene.alice(pk, &PersonsAct::Acknowledge("why is it open?".into()));
    scene.writes_history(id, &["because"]);
    scene.runs(SOON);
    assert_eq!(scene.told(pk), ["good", "because"]);
    assert_eq!(scene.carried(id), ["why is it open? (user7)"]);
}

#[test]
fn an_incident_that_argus_says_it_made_and_does_not_have_is_not_made_over_and_over() {
    let mut scene = Scene::new();
    scene.argus_does(&["POST incident 1 "], Does::Nothing, None);
    let id = scene.opens(fresh_case(0));
    scene.runs(60);
    for n in 0..5 {
        scene.writes_history(id, &[&format!("entry {n}")]);
        scene.runs(60);
    }
    let posts = scene.came(&["POST incident 1 "]);
    assert!(posts <= 12, "{posts} POSTs for one case and five changes of it");
    assert_eq!(scene.warnings("without effect").len(), 1);
    scene.runs(10 * FULL);
    let more = scene.came(&["POST incident 1 "]) - posts;
    assert!(more <= 22, "{more} POSTs in ten full looks");
    scene.world(|world| world.unwilling.relent());
    scene.runs(FULL + SOON);
    let pk = scene.incident_of(id).expect("it has one").pk;
    assert_eq!(scene.told(pk).len(), 5);
}

#[test]
fn an_incident_that_its_number_shows_and_that_cannot_be_read_is_asked_for_at_ever_longer_intervals() {
    for reply_is_lost in [true, false] {
        let mut scene = Scene::new();
        scene.world(|world| world.unwilling.hidden.insert(1));
        if reply_is_lost {
            scene.argus_does(&["POST incident 1 "], Does::LoseReply, Some(1));
        }
        let id = scene.opens(fresh_case(0));
        scene.runs(20);
        scene.writes_history(id, &["good"]);
        let reads = |scene: &Scene| scene.world(|world| world.requests);
        let before = reads(&scene);
        scene.runs(600);
        let posts = scene.came(&["POST incident"]);
        assert!(posts <= 3, "{posts} POSTs, the reply was lost: {reply_is_lost}");
        let asked = reads(&scene) - before;
        assert!(asked < 250, "{asked} requests in ten minutes, the reply was lost: {reply_is_lost}");
        assert_eq!(scene.warnings("incident 1").len(), 1, "the reply was lost: {reply_is_lost}");
        assert_eq!(scene.troubled(), 1);
        scene.world(|world| world.unwilling.relent());
        scene.runs(SOON);
        assert_eq!((scene.told(1), scene.incidents().len(), scene.troubled()), (vec!["good".to_owned()], 1, 0));
    }
}

/// Three incidents whose cases Zino has deleted, and a case that is well.
fn orphans() -> (Situation, Vec<IncidentPk>, IncidentPk) {
    const HOUR: i64 = 3600;
    let scene = Situation::new("alone");
    let deleted = [16, 17, 18].map(|id| {
        let case = scene.case(id, id - 16 + 3, -13 * HOUR);
        scene.world(|world| world.lives.insert((id, case.opened.secs(), problem_text(&case)), true));
        scene.incident(&case, "zino0")
    });
    for (id, problem, opened) in [(9, 1, -14 * HOUR), (40, 0, -HOUR)] {
        let case = scene.open_case(id, problem, opened);
        scene.incident(&case, "zino0");
    }
    let well = scene.world(|world| world.argus.next_pk);
    (scene, deleted.to_vec(), well)
}

#[test]
fn an_end_that_argus_refuses_where_zino_deleted_the_case_keeps_back_nothing_that_people_do() {
    for does in [refuse(403), Does::Nothing] {
        let (mut scene, deleted, well) = orphans();
        scene.world(|world| world.unwilling.rule(&["POST", " End ", "no longer in Zino"], does, None));
        scene.play();
        scene.driver.still(FULL + 5);
        scene.alice_now(well, &PersonsAct::Acknowledge("on it".into()));
        scene.driver.still(60);
        assert_eq!(scene.entries(40), ["on it (user7)"], "{does:?}");
        let came = |scene: &Situation| scene.world(|world| world.unwilling.count(&["no longer in Zino"]));
        let first = came(&scene);
        assert!((3..=6).contains(&first), "{does:?}: one or two for each, and not {first}");
        assert_eq!(scene.driver.summary().map(|summary| summary.troubled), Some(3), "{does:?}");
        scene.driver.still(10 * FULL);
        assert!(came(&scene) - first <= 33, "{does:?}: {} in ten full looks", came(&scene) - first);
        scene.world(|world| world.unwilling.relent());
        scene.driver.still(3 * FULL);
        assert!(deleted.iter().all(|pk| !scene.is_open(*pk)), "{does:?}");
        assert_eq!(scene.driver.summary().map(|summary| summary.troubled), Some(0), "{does:?}");
    }
}

#[test]
fn what_zino_refuses_of_what_people_did_keeps_back_nothing_else_and_is_tried_at_full_looks() {
    for (does, words) in [(refuse(500), "refuses what a person did"), (Does::Nothing, "does not show it")] {
        let mut scene = Scene::new();
        let (id, pk) = scene.case();
        scene.argus_does(&["zino", "entry", "bad"], does, None);
        scene.alice(pk, &PersonsAct::Acknowledge("bad".into()));
        scene.alice(pk, &PersonsAct::Acknowledge("good".into()));
        scene.runs(SOON);
        assert_eq!((scene.carried(id), scene.shown(id).state), (vec!["good (user7)".to_owned()], CaseState::Working));
        let tried = scene.came(&["zino", "bad"]);
        assert!((2..=3).contains(&tried) && scene.troubled() == 1, "{does:?}: {tried}");
        assert_eq!(scene.warnings(words).len(), 1, "{does:?}");
        scene.runs(10 * FULL);
        let more = scene.came(&["zino", "bad"]) - tried;
        assert!((9..=11).contains(&more), "{does:?}: once for each full look, and not {more} times");
        assert_eq!(scene.warnings(words), [""; 0], "{does:?}");
        scene.world(|world| world.unwilling.relent());
        scene.runs(FULL + SOON);
        assert_eq!((scene.carried(id).len(), scene.troubled()), (2, 0), "{does:?}");
    }
}

#[test]
fn a_person_who_reopens_an_incident_between_our_two_reads_is_not_answered_with_a_restart() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.alice(pk, &PersonsAct::Close("fixed".into()));
    scene.runs(SOON);
    scene.zino(|zino, _| zino.reopen(id));
    scene.world(|world| world.unwilling.between = Some((pk, PersonsAct::Reopen)));
    scene.runs(SOON);
    assert_eq!((scene.count(pk, &EventKind::Restart), scene.count(pk, &EventKind::Reopen)), (0, 1));
    assert!(scene.is_open(pk));
}

#[test]
fn a_person_who_closes_an_incident_between_our_two_reads_has_closed_it() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.world(|world| world.unwilling.between = Some((pk, PersonsAct::Close("fixed".into()))));
    scene.writes_history(id, &["good"]);
    scene.runs(SOON);
    let ours = [EventKind::Restart, EventKind::End].map(|kind| scene.count(pk, &kind));
    assert_eq!((ours, scene.is_open(pk)), ([0, 0], false));
    assert_eq!((scene.carried(id), scene.shown(id).state), (vec!["fixed (user7)".to_owned()], CaseState::Closed));
}

#[test]
fn a_person_who_reopens_an_ended_incident_while_we_read_it_for_a_closed_case_keeps_it_open() {
    let mut scene = Scene::new();
    let (id, pk) = scene.case();
    scene.alice(pk, &PersonsAct::Close("fixed".into()));
    scene.runs(SOON);
    scene.world(|world| world.unwilling.between = Some((pk, PersonsAct::Reopen)));
    scene.writes_history(id, &["afterthought"]);
    scene.runs(SOON);
    assert_eq!((scene.count(pk, &EventKind::End), scene.is_open(pk)), (0, true));
}

#[test]
fn two_open_cases_of_one_router_and_type_that_lack_their_sub_index_get_an_incident_each() {
    let lacks = |case: Case| Case { ifindex: None, remote_addr: None, alarm_type: None, ..case };
    // A port, a BGP session, an alarm.
    for kind in [3, 6, 9] {
        let mut scene = Scene::new();
        let (mut first, mut second) = (lacks(fresh_case(kind)), lacks(fresh_case(kind)));
        first.router = "r1".into();
        second.router = "r1".into();
        let ids = [scene.opens(first.clone())];
        let second = scene.opens_beside(second);
        scene.runs(SOON);
        let [a, b] = [ids[0], second].map(|id| scene.incident_of(id).unwrap_or_else(|| panic!("{id} has none")));
        assert!(a.is_open() && b.is_open());
        scene.closes(second);
        scene.runs(SOON);
        assert!(scene.is_open(a.pk) && !scene.is_open(b.pk));
    }
}

#[test]
fn a_close_dated_before_the_case_opened_leaves_the_closed_case_with_the_one_incident_that_it_had() {
    for single in [false, true] {
        let mut scene = Scene::of(Scenario { single, ..ALONE });
        // The incident of an earlier life of the problem, which the case adopts.
        let (old, pk) = scene.case();
        scene.zino(|zino, _| zino.cases.remove(&old));
        scene.zino(|zino, _| zino.next = 50);
        scene.runs(3600);
        let id = scene.opens(fresh_case(0));
        scene.runs(SOON);
        let long_ago = scene.shown(id).opened.plus_secs(-1800);
        scene.world(|world| {
            let close = PersonsAct::Close("fixed".into());
            world.argus.person(world.now, pk, &close, long_ago);
        });
        scene.runs(SOON);
        assert_eq!((scene.carried(id), scene.shown(id).state), (vec!["fixed (user7)".to_owned()], CaseState::Closed));
        scene.runs(FULL + SOON);
        assert_eq!(scene.incidents().len(), 1, "single runs: {single}");
    }
}
