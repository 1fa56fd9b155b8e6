//! What one incident lacks of its case, rule by rule.

use super::*;
use crate::argus::models::{EndTime, Event, EventKind, Incident, Patch, Tag};
use crate::reconcile::evidence::restart_text;
use crate::reconcile::testing::{
    ALICE, OPENED, US, case, case_work, closed, entry, event, incident, port_case, rules, view_of,
};
use crate::reconcile::view::IncidentRead;
use crate::time::Stamp;
use crate::zino::case::{CaseKind, CaseState};

/// A case with its incident and events, as the two servers say now.
struct Scene {
    case: Case,
    incident: Incident,
    events: Vec<Event>,
    exact: bool,
    rules: Rules,
}

impl Scene {
    fn of(case: Case) -> Self {
        let incident = incident(1, &case);
        Self { case, incident, events: Vec::new(), exact: true, rules: rules() }
    }

    fn with(mut self, pk: i64, actor: i64, kind: EventKind, after: i64, text: &str) -> Self {
        self.events.push(event(pk, actor, kind, after, text));
        self
    }

    fn ended(mut self, after: i64) -> Self {
        self.incident.end_time = EndTime::At(Stamp::from_secs(OPENED + after));
        self.incident.open = false;
        self
    }

    fn adopted(mut self) -> Self {
        self.exact = false;
        self
    }

    fn view(&self) -> View {
        let mut incident = self.incident.clone();
        if !self.exact {
            (incident.source_incident_id, incident.start_time) = ("99".into(), Stamp::from_secs(OPENED - 900));
        }
        let mut view = view_of([case_work(&self.case)], [&incident]);
        view.take_incident(1, Some(IncidentRead { incident, events: self.events.clone() }));
        view
    }

    /// The actions that are lacking.
    fn actions(&self) -> Vec<Action> {
        match decide(&self.view(), &self.rules) {
            Next::Write(writes) => writes.into_iter().map(|write| write.action).collect(),
            _ => Vec::new(),
        }
    }

    /// What people did.
    fn done(&self) -> Vec<UserAction> {
        let actions = progress(&self.view(), &self.rules).actions;
        actions.into_iter().flat_map(|(_, actions)| actions).collect()
    }

    /// The events that are lacking: kind, seconds after the opening, text.
    fn posts(&self) -> Vec<(EventKind, i64, String)> {
        let post = |action: Action| match action {
            Action::Post(_, e) => Some((e.kind, e.timestamp.secs() - OPENED, e.description)),
            Action::Patch(..) | Action::Expire(..) | Action::Create(_) => None,
        };
        self.actions().into_iter().filter_map(post).collect()
    }

    fn patch(&self) -> Option<Patch> {
        self.actions().into_iter().find_map(|action| match action {
            Action::Patch(_, patch) => Some(patch),
            Action::Post(..) | Action::Expire(..) | Action::Create(_) => None,
        })
    }
}

fn told(mut case: Case, entries: &[(i64, &str, &[&str])]) -> Case {
    case.history.extend(entries.iter().map(|(after, header, lines)| entry(*after, header, lines)));
    case
}

const CLOSING: &str = "state change open -> closed (ford)";

fn other(after: i64, text: &str) -> (EventKind, i64, String) {
    (EventKind::Other, after, text.to_owned())
}

#[test]
fn nothing_is_lacking_of_a_fresh_incident() {
    assert_eq!(decide(&Scene::of(port_case(1)).view(), &rules()), Next::Done);
}

#[test]
fn history_arrives_in_order_without_the_opening_and_without_our_own_entries() {
    let c = told(
        case(1),
        &[
            (5, "ford", &["first line", "second"]),
            (6, "argus", &["(alice)"]),
            (7, "state change open -> working (argus)", &[]),
            (8, "state change working -> waiting (ford)", &[]),
        ],
    );
    let wanted = [other(5, "ford\nfirst line\nsecond"), other(8, "state change working -> waiting (ford)")];
    assert_eq!(Scene::of(c).posts(), wanted);
}

#[test]
fn equal_entries_of_one_second_are_counted() {
    let c = told(case(1), &[(5, "ford", &["same"]), (5, "ford", &["same"])]);
    let one = Scene::of(c.clone()).with(9, US, EventKind::Other, 5, "ford\nsame");
    assert_eq!(one.posts(), [other(5, "ford\nsame")]);
    let both = one.with(10, US, EventKind::Other, 5, "ford\nsame");
    assert_eq!(both.posts(), []);
}

#[test]
fn an_entry_is_delivered_only_by_an_event_of_ours_at_its_second() {
    let c = told(case(1), &[(5, "ford", &["same"])]);
    assert_eq!(Scene::of(c.clone()).with(9, ALICE, EventKind::Other, 5, "ford\nsame").posts().len(), 1);
    assert_eq!(Scene::of(c.clone()).with(9, US, EventKind::Other, 6, "ford\nsame").posts().len(), 1);
    assert_eq!(Scene::of(c).with(9, US, EventKind::Other, 5, "ford\n\n same \n").posts(), []);
}

#[test]
fn a_closed_case_ends_its_incident_after_its_history_with_the_closings_time_and_text() {
    let c = closed(told(case(1), &[(5, "ford", &["x"])]), 60);
    let wanted = [other(5, "ford\nx"), (EventKind::End, 60, CLOSING.to_owned())];
    assert_eq!(Scene::of(c).posts(), wanted);
}

#[test]
fn an_incident_that_was_created_closed_gets_its_end_on_record_once() {
    let scene = Scene::of(closed(case(1), 60)).ended(60);
    assert_eq!(scene.posts(), [(EventKind::End, 60, CLOSING.to_owned())]);
    assert_eq!(scene.with(9, US, EventKind::End, 60, CLOSING).posts(), []);
}

#[test]
fn an_end_that_is_there_is_not_posted_again_unless_argus_lost_it() {
    let scene = || Scene::of(closed(case(1), 60)).with(9, US, EventKind::End, 60, CLOSING);
    assert_eq!(scene().ended(60).posts(), []);
    assert_eq!(scene().posts().len(), 1, "open although our END is the last word: a lost update");
    assert_eq!(scene().with(10, ALICE, EventKind::Reopen, 70, "").posts(), [], "a person wants it open");
    let others = restart_text(7, &CaseState::Open, "zino2.example.org");
    assert_eq!(scene().with(10, US, EventKind::Restart, 70, &others).posts(), [], "another Zino has it open");
}

#[test]
fn a_person_who_reopened_after_the_closing_keeps_the_incident_open() {
    let scene = Scene::of(closed(case(1), 60)).with(9, ALICE, EventKind::Close, 50, "");
    let posts = scene.with(10, ALICE, EventKind::Reopen, 70, "").posts();
    assert_eq!(posts, [other(60, CLOSING)], "the closing is told, and ends nothing");
}

#[test]
fn a_closing_after_a_persons_close_is_told_without_an_end_that_could_undo_a_reopening() {
    let by_ford = Scene::of(closed(case(1), 60)).with(9, ALICE, EventKind::Close, 50, "").ended(50);
    assert_eq!(by_ford.posts(), [other(60, CLOSING)]);
    assert_eq!(by_ford.with(10, US, EventKind::Other, 60, CLOSING).posts(), []);
    let mut by_us = closed(case(1), 60);
    by_us.history.last_mut().unwrap().header = "state change open -> closed (argus)".into();
    assert_eq!(Scene::of(by_us).with(9, ALICE, EventKind::Close, 50, "").ended(50).posts(), []);
}

#[test]
fn a_case_that_was_reopened_and_closed_again_is_ended_again() {
    let c = closed(told(case(1), &[(30, CLOSING, &[])]), 60);
    let scene = Scene::of(c).with(9, US, EventKind::End, 30, CLOSING).with(
        10,
        US,
        EventKind::Restart,
        40,
        &restart_text(1, &CaseState::Open, "zino.example.org"),
    );
    assert_eq!(scene.posts(), [(EventKind::End, 60, CLOSING.to_owned())]);
}

#[test]
fn the_end_that_the_python_program_posted_counts() {
    let c = closed(case(1), 60);
    assert_eq!(Scene::of(c).with(9, US, EventKind::End, 60, CLOSING).ended(60).posts(), []);
}

#[test]
fn an_incident_that_ended_by_mistake_lives_again() {
    let scene = Scene::of(case(1)).with(9, US, EventKind::End, 30, CLOSING).ended(30);
    let text = restart_text(1, &CaseState::Open, "zino.example.org");
    assert_eq!(scene.posts(), [(EventKind::Restart, 10_000, text)]);
}

#[test]
fn a_persons_close_stands_whatever_end_follows_and_is_never_undone_by_us() {
    let scene = || Scene::of(case(1)).with(9, ALICE, EventKind::Close, 30, "fixed");
    assert_eq!(scene().ended(30).posts(), []);
    assert_eq!(scene().ended(30).done().len(), 1, "and it is carried to Zino");
    assert_eq!(scene().with(10, US, EventKind::End, 31, "x").ended(30).posts(), []);
    let lost = scene().posts();
    assert_eq!(lost, [(EventKind::End, 30, "Closed in Argus by alice".to_owned())], "Argus lost the close");
}

#[test]
fn a_case_that_zino_reopened_after_a_delivered_close_lives_again() {
    let c = told(case(1), &[(40, "argus", &["fixed (alice)"]), (41, "state change open -> closed (argus)", &[])]);
    let scene = Scene::of(c).with(9, ALICE, EventKind::Close, 30, "fixed").ended(30);
    assert!(scene.posts().iter().any(|(kind, _, _)| *kind == EventKind::Restart));
}

#[test]
fn what_people_did_before_an_adopted_incidents_case_opened_counts_where_the_incident_stayed_open() {
    let scene = |after| Scene::of(case(1)).adopted().with(9, ALICE, EventKind::Acknowledge, after, "");
    let actions = |scene: Scene| scene.done().len();
    assert_eq!([-500, 30, 61].map(|after| actions(scene(after))), [1, 1, 1]);
    let reopened =
        |after| actions(scene(after).with(10, US, EventKind::Restart, after + 1, "Case 9 is open in Zino zino1"));
    assert_eq!([-500, 30, 61].map(reopened), [0, 0, 1]);
    let ended = |at| actions(scene(-500).with(10, US, EventKind::End, at, "").ended(at));
    assert_eq!([-400, 59, 60].map(ended), [0, 0, 1]);
    let closed_twice =
        scene(-500).with(10, ALICE, EventKind::Close, -400, "").with(11, ALICE, EventKind::Close, 90, "").ended(-400);
    assert_eq!(actions(closed_twice), 1, "only what was done in the life of this case");
}

#[test]
fn a_changed_priority_changes_tags_and_level_and_keeps_what_others_tagged() {
    let mut scene = Scene::of(port_case(1));
    scene.case.priority = 600;
    let by_alice = Tag { text: "note=by_alice", added_by: ALICE };
    scene.incident.tags = scene.incident.tags.iter().chain([by_alice]).collect();
    let patch = scene.patch().unwrap();
    assert_eq!(patch.level, Some(1));
    assert_eq!((patch.description, patch.metadata), (None, None));
    let tags = patch.tags.unwrap();
    assert!(tags.contains(&"note=by_alice".to_owned()) && tags.contains(&"priority=600".to_owned()));
}

#[test]
fn an_alarm_incident_from_before_gets_its_type_once() {
    let mut scene = Scene::of(Case { kind: CaseKind::Alarm, alarm_type: Some("red".into()), ..port_case(1) });
    scene.incident.description = "gw1 Active alarms reported".into();
    let untyped = scene.incident.tags.iter().filter(|tag| !tag.text.starts_with("alarm_type="));
    scene.incident.tags = untyped.collect();
    let patch = scene.patch().unwrap();
    assert_eq!((patch.description.as_deref(), patch.level), (Some("gw1 Active red alarms reported"), None));
    assert!(patch.tags.as_ref().is_some_and(|tags| tags.contains(&"alarm_type=red".to_owned())));
    scene.incident.tags = patch.tags.iter().flatten().map(|text| (text.as_str(), US)).collect();
    assert_eq!(scene.patch(), None);
}

#[test]
fn a_changed_template_reaches_an_open_incident_once() {
    let mut scene = Scene::of(port_case(1));
    let templates = serde_json::json!({"details_url": "/{case}", "tags": ["customer={router}"]});
    scene.rules.incident = serde_json::from_value(templates).unwrap();
    let patch = scene.patch().unwrap();
    assert_eq!((patch.details_url.as_deref(), patch.level), (Some("/1"), None));
    let tags = patch.tags.unwrap();
    assert!(tags.contains(&"customer=gw1".to_owned()), "{tags:?}");
    scene.incident.tags = tags.iter().map(|text| (text.as_str(), US)).collect();
    assert_eq!(scene.patch().map(|patch| (patch.details_url, patch.tags)), Some((Some("/1".to_owned()), None)));
    scene.incident.details_url = "https://zino.example.org/1".into();
    assert_eq!(scene.patch(), None);
    scene.rules.incident.tags = Default::default();
    assert!(scene.patch().unwrap().tags.is_some_and(|tags| !tags.iter().any(|tag| tag.starts_with("customer="))));
}

#[test]
fn a_level_set_by_hand_stays_when_something_else_changes() {
    let mut scene = Scene::of(port_case(1));
    scene.incident.level = 5;
    assert_eq!(scene.patch(), None);
    scene.case.descr = Some("NTNU Gjøvik, 10G".into());
    let patch = scene.patch().unwrap();
    assert_eq!(patch.level, None);
    assert_eq!(patch.description.as_deref(), Some("gw1 port ge-0/0/1 changed state to DOWN (NTNU Gjøvik, 10G)"));
}

#[test]
fn a_tag_that_a_person_added_first_is_not_fought_over() {
    let mut scene = Scene::of(port_case(1));
    scene.incident.tags = scene.incident.tags.iter().map(|tag| (tag.text, ALICE)).collect();
    assert_eq!(scene.patch(), None);
}

#[test]
fn two_instances_do_not_change_tags_in_turns() {
    let mut scene = Scene::of(port_case(1));
    scene.case.priority = 600;
    scene.rules.server = "standby.example.org".into();
    scene.rules.secondary = true;
    assert_eq!(scene.patch(), None, "a secondary leaves what another instance made");
    scene.rules.secondary = false;
    assert!(scene.patch().unwrap().metadata.is_some(), "a primary claims it, and the secondary then leaves it");
}

#[test]
fn an_ended_incident_is_not_changed() {
    let mut scene = Scene::of(closed(port_case(1), 60)).with(9, US, EventKind::End, 60, CLOSING).ended(60);
    scene.case.priority = 600;
    assert_eq!(scene.actions(), []);
}
