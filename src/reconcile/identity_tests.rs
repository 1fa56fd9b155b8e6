//! Tests of `identity.rs`. Never part of the program.

use super::*;
use crate::reconcile::testing::{ALICE, OPENED, US, case, incident, port_case};
use crate::time::Stamp;

/// As the Python program makes it: no metadata.
fn python(i: Incident) -> Incident {
    Incident { made_for: None, ..i }
}

#[test]
fn a_number_alone_is_not_identity() {
    let c = port_case(17);
    let other_router = Case { router: "elsewhere".into(), ..port_case(17) };
    let other_life = Case { opened: Stamp::from_secs(OPENED - 5), ..port_case(17) };
    assert!(exact(&c, &incident(1, &c)));
    assert!(!exact(&c, &incident(1, &other_router)));
    assert!(!exact(&c, &incident(1, &other_life)));
}

#[test]
fn an_incident_of_the_python_program_is_known_by_its_tags() {
    let c = port_case(17);
    let mut i = python(incident(1, &c));
    assert!(exact(&c, &i));
    i.start_time = i.start_time.plus_secs(3600);
    assert!(exact(&c, &i), "an hour off is the Python program's time-zone mistake");
    i.start_time = i.start_time.plus_secs(1);
    assert!(!exact(&c, &i) && same_problem(&c, &i));
    i.tags = [("host=gw170.example.org", US)].into_iter().collect();
    assert!(!same_problem(&c, &i));
}

#[test]
fn tags_that_a_person_added_do_not_say_what_an_incident_is_about() {
    let (c, elsewhere) = (port_case(17), Case { router: "elsewhere".into(), ..port_case(18) });
    let own = python(incident(1, &c));
    let foreign = [("host=elsewhere.example.org", ALICE), ("event_type=bgp", ALICE), ("interface=xe-1", ALICE)];
    for foreign in foreign {
        let tags = [foreign].into_iter().chain(own.tags.iter().map(|t| (t.text, t.added_by)));
        let i = Incident { tags: tags.collect(), ..own.clone() };
        assert!(exact(&c, &i) && !same_problem(&elsewhere, &i), "{foreign:?}");
    }
    // Argus knows the first of two who add the same tag.
    let first =
        |t: crate::argus::models::Tag<'_>| (t.text.to_owned(), if t.text.starts_with("host=") { ALICE } else { US });
    let i = Incident { tags: own.tags.iter().map(first).collect(), ..own.clone() };
    assert!(exact(&c, &i) && !same_problem(&elsewhere, &i));
    let all_foreign = own.tags.iter().map(|t| (t.text, ALICE)).collect();
    assert_eq!(about(&Incident { tags: all_foreign, ..own }), About::Unclear);
}

#[test]
fn alarms_of_the_python_program_match_by_number_only() {
    let red = Case { kind: CaseKind::Alarm, alarm_type: Some("red".into()), ..case(5) };
    let yellow = Case { id: 6, alarm_type: Some("yellow".into()), ..red.clone() };
    let i = python(incident(1, &red));
    assert!(exact(&red, &i));
    assert!(!same_problem(&yellow, &i));
}

#[test]
fn an_alarm_with_our_tag_is_known_by_its_type_whatever_its_number() {
    let red = Case { kind: CaseKind::Alarm, alarm_type: Some("red".into()), ..case(5) };
    let later = Case { id: 8, ..red.clone() };
    let yellow = Case { id: 5, alarm_type: Some("yellow".into()), ..red.clone() };
    let tagged = Incident { made_for: None, ..incident(1, &red) };
    assert!(exact(&red, &tagged) && same_problem(&later, &tagged));
    assert!(!same_problem(&yellow, &tagged));
}

#[test]
fn a_case_that_lacks_its_sub_index_is_a_problem_of_its_own() {
    let lacks = |id| Case { ifindex: None, router: "gw17".into(), ..port_case(id) };
    let (one, other, indexed) = (lacks(17), lacks(18), port_case(17));
    assert_ne!(one.problem(), other.problem());
    assert_ne!(one.problem(), Case { ifindex: Some("17".into()), ..one.clone() }.problem(), "its number is no ifindex");
    let own = incident(1, &one);
    assert!(exact(&one, &own) && !same_problem(&other, &own) && !same_problem(&indexed, &own));
    assert_eq!(about(&own), About::Named { problem: one.problem(), server: "zino.example.org".into() });
    assert_eq!(about(&own), about(&incident(2, &Case { opened: Stamp::from_secs(OPENED + 9), ..one.clone() })));
    assert_eq!(own.made_for.map(|it| it.subindex), Some("".into()), "what Argus holds says that there is none");
    let python = python(incident(3, &one));
    assert!(same_problem(&one, &python) && !same_problem(&other, &python));
}

#[test]
fn two_cases_of_the_python_program_that_lack_what_it_tags_are_told_apart_by_number() {
    let lacks =
        |id, ifindex: &str| Case { port: None, ifindex: Some(ifindex.into()), router: "gw1".into(), ..port_case(id) };
    let (one, other) = (lacks(17, "1"), lacks(18, "2"));
    let i = python(incident(1, &one));
    assert!(same_problem(&one, &i) && !same_problem(&other, &i));
}
