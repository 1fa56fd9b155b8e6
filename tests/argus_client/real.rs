//! The client against a real Argus, on request: `ARGUS_URL=… ARGUS_TOKEN=… cargo test --test
//! argus_client -- --ignored real`. The token is a source system's; what the test makes, it ends.

use super::*;
use std::time::{SystemTime, UNIX_EPOCH};
use zinoargus::argus::ArgusServer;
use zinoargus::argus::models::{EndTime, Incident, IncidentPk, ListQuery, MadeFor, Patch};

fn real() -> Client {
    let url = std::env::var("ARGUS_URL").expect("ARGUS_URL is the address of the API");
    let token = Secret::new(std::env::var("ARGUS_TOKEN").expect("ARGUS_TOKEN is a source system's token"));
    Client::new(&Settings { token, ..settings(&url) }).unwrap()
}

fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Stamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

/// A number that no earlier run has used.
fn number() -> String {
    format!("test-{}", now().micros())
}

/// All pages: the next one begins with the time that the one before ends with, and is larger where
/// that time filled it.
fn walk(argus: &Client, query: &ListQuery, usual: usize) -> Vec<Incident> {
    let (mut all, mut until, mut most) = (Vec::new(), None, usual);
    for _ in 0..100 {
        let page = argus.list(query, until, most).unwrap();
        let times: Vec<Stamp> = page.items.iter().map(|incident| incident.start_time).collect();
        all.extend(page.items);
        if !page.more {
            all.sort_by_key(|incident| incident.pk);
            all.dedup_by_key(|incident| incident.pk);
            return all;
        }
        (until, most) =
            if times[0] > times[times.len() - 1] { (times.last().copied(), usual) } else { (until, most * 2) };
    }
    panic!("the walk does not end");
}

fn end(argus: &Client, pk: IncidentPk) {
    argus.post_event(pk, &NewEvent { kind: EventKind::End, timestamp: now(), description: "over".to_owned() }).unwrap();
}

#[test]
#[ignore = "needs a real Argus"]
fn real_life_of_an_incident() {
    let argus = real();
    argus.check_token().unwrap();
    let new = NewIncident {
        start_time: now().plus_secs(-60),
        source_incident_id: number(),
        description: "gw1 port æøå \"x\" = \0 changed, state".to_owned(),
        tags: vec!["host=gw1".to_owned(), "note=a=b, \"ø\" 😀".to_owned()],
        ..new_incident()
    };
    let made = argus.create(&new).unwrap();
    assert_eq!((made.level, made.end_time, made.start_time), (3, EndTime::Open, new.start_time));
    assert_eq!(*made.description, new.description.replace('\0', "\u{fffd}"));
    assert_eq!(made.made_for, MadeFor::read(&new.metadata.to_string()));
    assert!(made.tags.iter().all(|tag| tag.added_by == made.source_user) && made.tags.len() == 2);
    assert_eq!(argus.incident(made.pk), Ok(Some(made.clone())));

    let (status, why) = request(argus.create(&new));
    assert!(status == 400 && why.contains("already exists"), "{why}");
    let found = argus.list(&ListQuery::Number(new.source_incident_id.clone()), None, 100).unwrap();
    assert_eq!((found.items.as_slice(), found.more), (&[made.clone()][..], false));
    let tagged = ListQuery::OpenTagged(["host=gw1", "host=nowhere"].map(str::to_owned).to_vec());
    assert!(argus.list(&tagged, None, 100_000).unwrap().items.contains(&made));
    let tagged = ListQuery::OpenTagged(["host=gw1", "note=nothing"].map(str::to_owned).to_vec());
    assert_eq!(argus.list(&tagged, None, 100).unwrap().items, []);

    let change = Patch {
        tags: Some(vec!["host=gw2".to_owned()]),
        description: Some("changed".to_owned()),
        details_url: Some("/case/78".into()),
        level: Some(1),
        metadata: Some(about("gw2")),
    };
    let changed = argus.patch(made.pk, &change).unwrap();
    assert_eq!((changed.level, &*changed.description, changed.tags.len()), (1, "changed", 1));
    assert_eq!(changed.made_for.map(|it| it.router), Some("gw2".into()));

    let posted = argus.post_event(made.pk, &other_event("line one\n\nline \0 three")).unwrap();
    assert_eq!((&posted.kind, posted.incident, posted.actor), (&EventKind::Other, made.pk, made.source_user));
    assert_eq!(posted.description, "line one\n\nline \u{fffd} three");
    assert_eq!(posted.timestamp, other_event("").timestamp);
    let before_end = now();
    end(&argus, made.pk);
    let kinds: Vec<_> = argus.events(made.pk).unwrap().unwrap().into_iter().map(|event| event.kind).collect();
    for kind in [EventKind::Start, EventKind::Change, EventKind::Other, EventKind::End] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert!(argus.newest_events(25, 1).unwrap().items.iter().any(|event| event.incident == made.pk));
    let ended = walk(&argus, &ListQuery::EndedSince(before_end.plus_secs(-1)), 100);
    assert!(ended.iter().any(|incident| incident.pk == made.pk && !incident.is_open()));
    assert!(ended.iter().all(|incident| !incident.is_open()));
    assert!(walk(&argus, &ListQuery::Open, 100).iter().all(|incident| incident.pk != made.pk));
    let restart = NewEvent { kind: EventKind::Restart, timestamp: now(), description: String::new() };
    argus.post_event(made.pk, &restart).unwrap();
    assert!(argus.incident(made.pk).unwrap().unwrap().is_open());
    end(&argus, made.pk);
}

#[test]
#[ignore = "needs a real Argus"]
fn real_incident_made_closed() {
    let argus = real();
    let end_time = Some(now().plus_secs(-30));
    let new =
        NewIncident { start_time: now().plus_secs(-60), end_time, source_incident_id: number(), ..new_incident() };
    let made = argus.create(&new).unwrap();
    assert_eq!(Some(made.end_time), end_time.map(EndTime::At));
    assert!(!made.open);
}

#[test]
#[ignore = "needs a real Argus"]
fn real_lists_of_several_pages_are_walked_whole_though_many_began_in_one_second() {
    let argus = real();
    let began = now().plus_secs(-600);
    let made: Vec<_> = (0..120)
        .map(|n| {
            let start_time = began.plus_secs(n / 40);
            argus.create(&NewIncident { start_time, source_incident_id: number(), ..new_incident() }).unwrap().pk
        })
        .collect();
    let open = walk(&argus, &ListQuery::Open, 15);
    let newest = argus.newest_events(50, 1).unwrap();
    made.iter().for_each(|pk| end(&argus, *pk));
    assert!(made.iter().all(|pk| open.iter().any(|incident| incident.pk == *pk)));
    assert_eq!((newest.items.len(), newest.more), (50, true));
}

#[test]
#[ignore = "needs a real Argus"]
fn real_refusals_are_told_apart() {
    let argus = real();
    assert_eq!(argus.incident(999_999_999), Ok(None));
    assert_eq!(argus.events(999_999_999), Ok(None));
    assert_eq!(unknown(argus.post_event(999_999_999, &other_event("x"))).1, Some(500));
    let (status, why) =
        request(argus.create(&NewIncident { level: 9, source_incident_id: number(), ..new_incident() }));
    assert!(status == 400 && why.contains("level"), "{why}");
    let bad_tag = NewIncident { tags: vec!["Host=x".to_owned()], source_incident_id: number(), ..new_incident() };
    assert!(request(argus.create(&bad_tag)).1.contains("tags"));
    argus.set_token(Secret::new("nonsense".to_owned())).unwrap();
    assert_eq!(argus.check_token(), Err(ArgusError::Unauthorized("Invalid token.".to_owned())));
    let url = std::env::var("ARGUS_URL").unwrap();
    let wrong = Client::new(&settings(&format!("{}/nowhere", url.trim_end_matches('/')))).unwrap();
    assert!(busy(wrong.check_token()).contains("argus.url"));
}

#[test]
#[ignore = "needs a real Argus; takes 15 s"]
fn real_pauses_around_the_servers_keep_alive_cost_no_request() {
    let argus = real();
    let new = NewIncident { start_time: now(), source_incident_id: number(), ..new_incident() };
    let pk = argus.create(&new).unwrap().pk;
    for pause in [0, 500, 1400, 1490, 1510, 1600, 1900, 1990, 2000, 2010, 2100] {
        std::thread::sleep(Duration::from_millis(pause));
        argus.post_event(pk, &other_event(&format!("after {pause} ms"))).unwrap();
    }
    let events = argus.events(pk).unwrap().unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::Other).count(), 11);
    end(&argus, pk);
}
