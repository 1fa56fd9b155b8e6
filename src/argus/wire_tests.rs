//! What is understood of Argus' JSON, what is not, and what is sent.

use super::*;
use crate::argus::models::EventKind;
use proptest::prelude::*;
use serde_json::json;

const INCIDENT: &str = r#"{"pk":1,"start_time":"2026-11-22T20:51:18.254951+01:00","end_time":"infinity",
    "source":{"pk":2,"name":"zino-a","type":{"name":"zino"},"user":3,"base_url":"https://zino.example.org/ui/"},
    "source_incident_id":"77","details_url":"","description":"d","level":4,"ticket_url":"https://t/1",
    "metadata":{"zino":{"case":77,"opened":5,"router":"gw1","type":"reachability","subindex":"","server":"z"}},"tags":[{"added_by":3,"added_time":"2026-11-22T20:51:57.472186+01:00","tag":"host=a"}],
    "stateful":true,"open":true,"acked":false}"#;

const EVENT: &str = r#"{"pk":110,"incident":97,"actor":{"pk":3,"username":"zino-a"},
    "timestamp":"2026-11-22T20:53:15.511992+01:00","received":"2026-11-22T20:53:15.536477+01:00",
    "type":{"value":"OTH","display":"Other"},"description":"oth"}"#;

fn incident_with(field: &str, value: Value) -> Result<Incident, String> {
    let mut object: Value = serde_json::from_str(INCIDENT).unwrap();
    object[field] = value;
    incident(object.to_string().as_bytes())
}

fn stamp(text: &str) -> Stamp {
    Stamp::parse(text).unwrap()
}

fn ends(value: Value, expected: EndTime) {
    assert_eq!(incident_with("end_time", value.clone()).unwrap().end_time, expected, "{value}");
}

fn sent(body: Result<Vec<u8>, String>) -> Value {
    serde_json::from_slice(&body.unwrap()).unwrap()
}

fn new() -> NewIncident {
    NewIncident {
        start_time: stamp("2026-11-22T20:51:18Z"),
        end_time: None,
        source_incident_id: "77".into(),
        description: "gw1 is not reachable".to_owned(),
        details_url: None,
        level: 3,
        tags: vec!["host=gw1".to_owned()],
        metadata: json!({"zino": {"case": 77}}),
    }
}

#[test]
fn an_incident_of_the_api_documentation_is_read_whole() {
    let expected = Incident {
        pk: 1,
        start_time: stamp("2026-11-22T19:51:18.254951Z"),
        end_time: EndTime::Open,
        source_user: 3,
        source_incident_id: "77".into(),
        description: "d".into(),
        level: 4,
        details_url: "".into(),
        ticket_url: "https://t/1".into(),
        made_for: Some(Box::new(MadeFor {
            case: 77,
            opened: 5,
            router: "gw1".into(),
            kind: "reachability".into(),
            subindex: "".into(),
            server: "z".into(),
        })),
        tags: [("host=a", 3)].into_iter().collect(),
        open: true,
        acked: false,
    };
    assert_eq!(incident(INCIDENT.as_bytes()), Ok(expected));
}

#[test]
fn an_event_is_read_whole_and_an_unknown_type_keeps_its_name() {
    let read = event(EVENT.as_bytes()).unwrap();
    assert_eq!((read.pk, read.incident, read.actor), (110, 97, 3));
    assert_eq!((read.actor_name.as_str(), &read.kind), ("zino-a", &EventKind::Other));
    assert!(read.received > read.timestamp);
    let other = event(EVENT.replace("OTH", "XYZ").as_bytes()).unwrap();
    assert_eq!(other.kind, EventKind::Unknown("XYZ".to_owned()));
}

#[test]
fn every_way_to_write_an_end_time_is_understood() {
    ends(json!("infinity"), EndTime::Open);
    ends(json!("9999-12-31T23:59:59.999999"), EndTime::Open);
    ends(json!("9999-12-31T23:59:59.999999+01:00"), EndTime::Open);
    ends(Value::Null, EndTime::Stateless);
    ends(json!("2026-07-01T12:00:00+02:00"), EndTime::At(stamp("2026-07-01T10:00:00Z")));
    for bad in [json!(""), json!("soon"), json!(0), json!("2026-07-01")] {
        assert!(incident_with("end_time", bad.clone()).is_err(), "{bad}");
    }
    assert!(incident(INCIDENT.replace("end_time", "end_tim").as_bytes()).unwrap_err().contains("end_time"));
}

#[test]
fn unknown_fields_are_ignored_and_optional_ones_may_be_missing() {
    let bare = r#"{"pk":9,"start_time":"2026-11-22T20:51:18+01:00","end_time":null,"source":{"user":3},"new":[{}]}"#;
    let read = incident(bare.as_bytes()).unwrap();
    assert_eq!((read.pk, &*read.description, read.made_for), (9, "", None));
    assert!(read.tags.is_empty() && !read.open);
    assert_eq!(incident_with("ticket_url", Value::Null).unwrap().ticket_url.as_ref(), "");
}

#[test]
fn metadata_that_nobody_can_parse_costs_only_the_metadata() {
    for odd in [format!("{}{}", "[".repeat(5000), "]".repeat(5000)), "1e999".to_owned(), "\"\\ud800\"".to_owned()] {
        let start = INCIDENT.find(r#"{"zino""#).unwrap();
        let end = INCIDENT.find(r#","tags""#).unwrap();
        let body = format!("{}{odd}{}", &INCIDENT[..start], &INCIDENT[end..]);
        let list = format!(r#"{{"next":null,"results":[{body}]}}"#);
        assert_eq!(incident_page(list.as_bytes()).unwrap().items[0].made_for, None, "{:.20}", odd);
    }
}

#[test]
fn whatever_people_put_beside_ours_into_metadata_an_incident_stays_what_it_is() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = vec![r#"{"":0}"#; 100_000].join(",");
    let ours = incident(INCIDENT.as_bytes()).unwrap();
    for beside in [deep, format!("[{wide}]"), "1e999".to_owned(), "\"\\ud800\"".to_owned(), "null".to_owned()] {
        let body = INCIDENT.replace(r#"{"zino":"#, &format!(r#"{{"beside":{beside},"zino":"#));
        assert_eq!(incident(body.as_bytes()).unwrap(), ours, "{beside:.20}");
    }
}

#[test]
fn a_list_with_one_item_that_makes_no_sense_is_an_error_that_names_it() {
    let bad = INCIDENT.replace("\"pk\":1,", "\"pk\":815,").replace("\"start_time\":\"2026", "\"start_time\":\"x");
    let list = format!(r#"{{"next":null,"previous":null,"results":[{INCIDENT},{bad}]}}"#);
    let why = incident_page(list.as_bytes()).unwrap_err();
    assert!(why.contains("item 2") && why.contains("pk 815") && why.contains("start_time"), "{why}");
    assert!(events(format!("[{EVENT},{{}}]").as_bytes()).unwrap_err().contains("item 2"));
}

#[test]
fn the_kind_of_an_event_is_an_object_or_a_text_and_nothing_else() {
    let with = |kind: &str| event(EVENT.replace(r#"{"value":"OTH","display":"Other"}"#, kind).as_bytes());
    for kind in [r#""CLO""#, r#"{"value":"CLO"}"#, r#"{"display":[[{}]],"value":"CLO","more":[1]}"#] {
        assert_eq!(with(kind).unwrap().kind, EventKind::Close, "{kind}");
    }
    for kind in ["[]", "7", "null", "{}", r#"{"value":7}"#, r#"["CLO"]"#] {
        assert!(with(kind).is_err(), "{kind}");
    }
}

#[test]
fn what_is_no_list_is_an_error() {
    for body in ["{}", "[", "[] []", "7", "[1,]", r#"{"results":{}}"#, r#"{"results":[{]}"#] {
        assert!(events(body.as_bytes()).is_err() && event_page(body.as_bytes()).is_err(), "{body}");
    }
    assert_eq!(events(b" [ ] "), Ok(Vec::new()));
}

#[test]
fn of_a_next_link_only_that_there_is_one_is_taken() {
    let list = |next: Value| incident_page(json!({"next": next, "results": []}).to_string().as_bytes());
    assert!(list(json!("http://evil.example/api/v2/incidents/mine/?cursor=cD0yMDI2%3D\r\nX: y")).unwrap().more);
    assert!(!list(Value::Null).unwrap().more);
    assert!(!incident_page(br#"{"results":[]}"#).unwrap().more);
}

#[test]
fn a_date_from_before_zones_were_whole_minutes_is_still_a_date() {
    let old = EVENT.replace("2026-11-22T20:53:15.511992+01:00", "1850-01-01T00:00:00+00:53:28");
    assert_eq!(event(old.as_bytes()).unwrap().timestamp, Stamp::default());
}

#[test]
fn what_is_sent_is_what_argus_asks_for() {
    let expected = json!({"start_time": "2026-11-22T20:51:18Z", "end_time": "infinity", "source_incident_id": "77",
        "description": "gw1 is not reachable", "level": 3, "tags": [{"tag": "host=gw1"}],
        "metadata": {"zino": {"case": 77}}});
    assert_eq!(sent(new_incident(&new())), expected);
    let closed = NewIncident { end_time: Some(stamp("2026-11-22T21:00:00Z")), ..new() };
    assert_eq!(sent(new_incident(&closed))["end_time"], "2026-11-22T21:00:00Z");
    let change = Patch { level: Some(1), ..Patch::default() };
    assert_eq!(sent(patch(&change)), json!({"level": 1}));
    let end = NewEvent { kind: EventKind::End, timestamp: stamp("2026-11-22T21:00:00Z"), description: "x".to_owned() };
    assert_eq!(sent(new_event(&end)), json!({"type": "END", "timestamp": "2026-11-22T21:00:00Z", "description": "x"}));
}

#[test]
fn tag_values_are_bounded_in_a_create_and_left_alone_in_a_change() {
    let long = format!("note={}", "å".repeat(3000));
    let created = sent(new_incident(&NewIncident { tags: vec![long.clone()], ..new() }));
    assert_eq!(created["tags"][0]["tag"].as_str().unwrap().len(), 5 + MAX_TAG_VALUE);
    let changed = sent(patch(&Patch { tags: Some(vec![long.clone()]), ..Patch::default() }));
    assert_eq!(changed["tags"][0]["tag"], long);
}

proptest! {
    #[test]
    fn any_bytes_are_a_value_or_an_error(body in any::<Vec<u8>>()) {
        let _ = (incident(&body), event(&body), events(&body), incident_page(&body), event_page(&body));
    }

    #[test]
    fn a_page_with_a_few_bytes_changed_is_a_value_or_an_error(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4)) {
        let mut page = format!(r#"{{"next":"http://h/?cursor=x","results":[{INCIDENT},{INCIDENT}]}}"#).into_bytes();
        for (at, byte) in changes {
            let at = at % page.len();
            page[at] = byte;
        }
        let _ = incident_page(&page);
    }

    #[test]
    fn a_field_of_any_kind_is_a_value_or_an_error(
        field in prop::sample::select(vec!["pk", "start_time", "end_time", "source", "level", "tags", "metadata", "open"]),
        text in any::<String>(), number in any::<f64>(), kind in 0..5usize,
    ) {
        let value: [Value; 5] = [json!(&text), json!(number), Value::Null, json!([&text]), json!({"user": 1, text: number})];
        let _ = incident_with(field, value[kind].clone());
    }

    #[test]
    fn a_time_of_any_text_is_a_time_or_an_error(text in "[0-9:+. TZ-]{0,40}|\\PC{0,20}") {
        let _ = instant("t", &text);
    }

    #[test]
    fn nothing_sent_holds_a_nul(text in any::<String>()) {
        let text = format!("{text}\0");
        let one = NewIncident { description: text.clone(), source_incident_id: text.clone(), tags: vec![text.clone()],
            metadata: json!({text.clone(): [text.clone()]}), ..new() };
        let other = Patch { tags: Some(vec![text.clone()]), description: Some(text.clone()), metadata: Some(json!(text)), ..Patch::default() };
        let event = NewEvent { kind: EventKind::Other, timestamp: Stamp::default(), description: text };
        for body in [new_incident(&one), patch(&other), new_event(&event)] {
            let body = String::from_utf8(body.unwrap()).unwrap();
            prop_assert!(!body.contains("\\u0000"), "{body}");
        }
    }
}
