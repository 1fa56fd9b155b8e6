//! When a state of a case shows in Argus, and when it does so no more.

use super::*;
use crate::argus::models::Incident;
use crate::reconcile::decide::decide;
use crate::reconcile::testing::{ALICE, OPENED, US, case, case_work, entry, event, incident, rules, view_of};
use crate::reconcile::view::{IncidentRead, Next, Question};
use crate::zino::case::CaseState;

/// A case and its incident, with states that show in Argus.
struct Scene {
    case: Case,
    incident: Incident,
    events: Vec<Event>,
    acks: Option<Acks>,
    rules: Rules,
}

const TO_WORKING: &str = "state change open -> working (anna)";
const TO_OPEN: &str = "state change working -> open (anna)";

impl Scene {
    /// A case with these state changes, each so many seconds after its opening.
    fn of(changes: &[(i64, &str)]) -> Self {
        let mut case = case(1);
        case.history.extend(changes.iter().map(|(after, header)| entry(*after, header, &[])));
        if let Some(change) = case.history.iter().rev().find_map(HistoryEntry::state_change) {
            case.state = CaseState::from_word(change.to);
        }
        let incident = incident(1, &case);
        let shown = vec![CaseState::Working, CaseState::Waiting, CaseState::Ignored];
        Self { case, incident, events: Vec::new(), acks: None, rules: Rules { acknowledge_from: shown, ..rules() } }
    }

    /// An acknowledgement: whose, when, its text, and how many seconds after the opening it ends.
    fn acknowledged(mut self, actor: i64, after: i64, text: &str, ends: Option<i64>) -> Self {
        let event = event(self.events.len() as i64 + 10, actor, EventKind::Acknowledge, after, text);
        let expiration = ends.map(|ends| Stamp::from_secs(OPENED + ends));
        self.events.push(event.clone());
        self.incident.acked |= ends.is_none_or(|ends| ends > NOW);
        self.acks.get_or_insert_default().all.push(Ack { event, expiration });
        self
    }

    /// As a maintenance does it: without an entry.
    fn silently(mut self, state: CaseState) -> Self {
        self.case.state = state;
        self
    }

    fn view(&self) -> View {
        let mut view = view_of([case_work(&self.case)], [&self.incident]);
        // The history is there, too.
        let history = self.case.history.iter().zip(100..);
        let posted = history.map(|(e, pk)| event(pk, US, EventKind::Other, e.at.secs() - OPENED, &entry_text(e)));
        let events = self.events.iter().cloned().chain(posted).collect();
        view.take_incident(1, Some(IncidentRead { incident: self.incident.clone(), events }));
        view
    }

    /// What is decided, without an answer about acknowledgements.
    fn asked(&self) -> Next {
        decide(&self.view(), &self.rules)
    }

    /// What is written, with that answer.
    fn writes(&self) -> Vec<String> {
        let mut view = self.view();
        view.take_acks(1, self.acks.clone().unwrap_or_default());
        let Next::Write(writes) = decide(&view, &self.rules) else { return Vec::new() };
        let line = |action| match action {
            Action::Post(_, new) => format!("{:?} {}: {}", new.kind, new.timestamp.secs() - OPENED, new.description),
            Action::Expire(_, ack, at) => format!("expire {ack} at {}", at.secs() - OPENED),
            other => format!("{other:?}"),
        };
        writes.into_iter().map(|write| line(write.action)).collect()
    }
}

/// The time of the decision, in seconds after the opening.
const NOW: i64 = 10_000;

fn acknowledges(after: i64, text: &str) -> Vec<String> {
    vec![format!("Acknowledge {after}: {text}")]
}

#[test]
fn a_case_that_somebody_works_on_is_acknowledged_in_argus_once() {
    let scene = Scene::of(&[(60, TO_WORKING)]);
    assert_eq!(scene.writes(), acknowledges(60, TO_WORKING));
    let posted = scene.acknowledged(US, 60, TO_WORKING, None);
    assert_eq!(posted.asked(), Next::Done, "without a question");
}

#[test]
fn without_from_states_nothing_is_acknowledged_or_asked() {
    let mut scene = Scene::of(&[(60, TO_WORKING), (90, TO_OPEN)]).acknowledged(US, 60, TO_WORKING, None);
    scene.rules.acknowledge_from.clear();
    assert_eq!(scene.asked(), Next::Done);
}

#[test]
fn the_state_shows_again_where_somebody_ended_our_acknowledgement() {
    let over = || Scene::of(&[(60, TO_WORKING)]).acknowledged(US, 60, TO_WORKING, Some(100));
    assert_eq!(over().writes(), acknowledges(60, TO_WORKING), "another Zino, or a Zino that forgot, had ended it");
    let beside = over().acknowledged(ALICE, 70, "mine", None);
    assert_eq!(beside.asked(), Next::Ask(1, Question::Acks(1)));
    assert_eq!(beside.writes(), acknowledges(60, TO_WORKING));
    let both = Scene::of(&[(60, TO_WORKING)]).acknowledged(US, 60, TO_WORKING, None);
    assert_eq!(both.acknowledged(ALICE, 70, "mine", Some(100)).writes(), [""; 0]);
}

#[test]
fn what_was_just_posted_or_ended_is_not_written_again() {
    let again = |scene: Scene| {
        let mut view = scene.view();
        view.take_acks(1, scene.acks.clone().unwrap());
        let Next::Write(writes) = decide(&view, &scene.rules) else { panic!("nothing is written") };
        for write in writes {
            match write.action {
                Action::Post(pk, new) => view.take_posted(event(60, US, new.kind, 60, &new.description), pk),
                Action::Expire(pk, ack, at) => view.take_expired(pk, ack, at),
                other => panic!("{other:?}"),
            }
        }
        decide(&view, &scene.rules)
    };
    let over = Scene::of(&[(60, TO_WORKING)]).acknowledged(US, 60, TO_WORKING, Some(100));
    assert_eq!(again(over.acknowledged(ALICE, 70, "mine", None)), Next::Done);
    assert_eq!(again(Scene::of(&[(60, TO_WORKING), (90, TO_OPEN)]).acknowledged(US, 60, TO_WORKING, None)), Next::Done);
}

#[test]
fn one_stay_goes_on_through_several_of_the_states() {
    let to_waiting = "state change working -> waiting (anna)";
    let scene = Scene::of(&[(60, TO_WORKING), (90, to_waiting)]);
    assert_eq!(scene.writes(), acknowledges(60, TO_WORKING));
    assert_eq!(scene.acknowledged(US, 60, TO_WORKING, None).asked(), Next::Done);
}

#[test]
fn a_second_stay_is_acknowledged_anew() {
    let again = Scene::of(&[(60, TO_WORKING), (90, TO_OPEN), (120, TO_WORKING)]);
    let again = again.acknowledged(US, 60, TO_WORKING, Some(105));
    assert_eq!(again.writes(), acknowledges(120, TO_WORKING));
}

#[test]
fn leaving_the_states_ends_ours_and_nobody_elses() {
    let left = Scene::of(&[(60, TO_WORKING), (90, TO_OPEN)]).acknowledged(ALICE, 61, TO_WORKING, None);
    assert_eq!(left.asked(), Next::Done, "there is none of ours");
    let left = left.acknowledged(US, 60, TO_WORKING, None);
    assert_eq!(left.asked(), Next::Ask(1, Question::Acks(1)));
    assert_eq!(left.writes(), ["expire 11 at 10015"]);
}

#[test]
fn the_end_of_ours_goes_by_the_clock_of_argus() {
    let mut left = Scene::of(&[(60, TO_WORKING), (90, TO_OPEN)]).acknowledged(US, 60, TO_WORKING, None);
    left.acks.as_mut().unwrap().at = Some(Stamp::from_secs(OPENED + 20_000));
    assert_eq!(left.writes(), ["expire 10 at 20015"]);
}

#[test]
fn one_that_ends_anyway_is_left_alone() {
    for ends in [100, NOW + 15] {
        let left = Scene::of(&[(60, TO_WORKING), (90, TO_OPEN)]).acknowledged(US, 60, TO_WORKING, Some(ends));
        assert_eq!(left.writes(), [""; 0], "{ends}");
    }
    let left = Scene::of(&[(60, TO_WORKING), (90, TO_OPEN)]).acknowledged(US, 60, TO_WORKING, Some(NOW + 600));
    assert_eq!(left.writes(), ["expire 10 at 10015"], "a person gave it ten more minutes");
}

#[test]
fn a_closed_case_takes_ours_back_before_its_incident_ends() {
    let close = "state change working -> closed (anna)";
    let mut closed = Scene::of(&[(60, TO_WORKING), (90, close)]).acknowledged(US, 60, TO_WORKING, None);
    closed.case.closed = Some(Stamp::from_secs(OPENED + 90));
    let mut view = closed.view();
    view.take_acks(1, closed.acks.clone().unwrap());
    let Next::Write(writes) = decide(&view, &closed.rules) else { panic!("nothing is written") };
    assert_eq!(writes.first().map(|write| write.rule), Some(Rule::StateLeft));
}

#[test]
fn nothing_waits_for_an_answer_about_acknowledgements_that_argus_refuses() {
    let close = "state change working -> closed (anna)";
    let closed = Scene::of(&[(60, TO_WORKING), (90, close)]).acknowledged(US, 60, TO_WORKING, None);
    for failed in [false, true] {
        let mut view = closed.view();
        view.argus.read.get_mut(&1).unwrap().as_mut().unwrap().events.retain(|e| e.kind != EventKind::Other);
        let unanswered = if failed { &mut view.argus.failed } else { &mut view.argus.refused };
        unanswered.insert(Question::Acks(1));
        let Next::Write(writes) = decide(&view, &closed.rules) else { panic!("nothing is written") };
        assert_eq!(writes.last().map(|write| write.rule), Some(Rule::CaseClosed));
    }
}

#[test]
fn a_state_that_no_entry_records_is_acknowledged_as_long_as_it_lasts() {
    let text = "Case 1 is ignored in Zino zino.example.org";
    let ignored = || Scene::of(&[]).silently(CaseState::Ignored);
    assert_eq!(ignored().writes(), acknowledges(0, text));
    let there = ignored().acknowledged(US, 0, text, None);
    assert_eq!(there.writes(), [""; 0]);
    let over = ignored().acknowledged(US, 0, text, Some(100));
    assert_eq!(over.writes(), acknowledges(0, text), "a second maintenance leaves no entry either");
    let left = Scene::of(&[]).acknowledged(US, 0, text, None);
    assert_eq!(left.writes(), ["expire 10 at 10015"]);
}

#[test]
fn a_state_set_silently_after_another_one_of_them_is_the_same_stay() {
    let scene = Scene::of(&[(60, TO_WORKING)]).silently(CaseState::Ignored);
    assert_eq!(scene.writes(), acknowledges(60, TO_WORKING));
}

#[test]
fn an_incident_that_a_person_closed_is_not_acknowledged() {
    let mut closed = Scene::of(&[(60, TO_WORKING)]);
    closed.events.push(event(50, ALICE, EventKind::Close, 70, "done"));
    assert_eq!(acknowledgement(&closed.view(), &closed.case, &evidence(&closed), &closed.rules).unwrap(), []);
}

fn evidence(scene: &Scene) -> Evidence<'_> {
    Evidence::of(&scene.incident, &scene.events)
}

#[test]
fn one_that_is_newer_than_the_last_known_change_stays_for_who_knows_better() {
    let elsewhere = |changes| Scene::of(changes).acknowledged(US, 30, TO_WORKING, None);
    assert_eq!(elsewhere(&[]).asked(), Next::Done, "another instance has read the case later");
    let since = [(60, TO_WORKING), (90, TO_OPEN)];
    assert_eq!(elsewhere(&since).writes(), ["expire 10 at 10015"], "another Zino's, or one of a life before");
}

#[test]
fn a_secondary_acknowledges_once_and_ends_only_what_its_own_zino_began() {
    let mut over = Scene::of(&[(60, TO_WORKING)]).acknowledged(US, 60, TO_WORKING, Some(100));
    over.rules.secondary = true;
    assert_eq!(over.asked(), Next::Done, "two that are active would undo each other's for ever");
    let mut primarys = Scene::of(&[(90, TO_OPEN)]).acknowledged(US, 30, TO_WORKING, None);
    primarys.rules.secondary = true;
    assert_eq!(primarys.asked(), Next::Done);
    let text = "Case 1 is ignored in Zino zino.example.org";
    for (after, text) in [(60, TO_WORKING), (0, text)] {
        let mut own = Scene::of(&[(60, TO_WORKING), (90, TO_OPEN)]).acknowledged(US, after, text, None);
        own.rules.secondary = true;
        assert_eq!(own.writes(), ["expire 10 at 10015"]);
    }
}

#[test]
fn ours_becomes_no_user_action() {
    let scene = Scene::of(&[(60, TO_WORKING)]).acknowledged(US, 60, TO_WORKING, None);
    let found = super::super::user_actions::user_actions(&evidence(&scene), &scene.rules, None);
    assert_eq!(found, []);
}
