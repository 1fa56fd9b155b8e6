//! What each question looks like on the wire, and what its answer becomes.

use super::*;
use crate::fake_argus::{Act, FakeArgus, answer, html, json, redirect};
use zinoargus::argus::models::{EndTime, ListQuery, Patch};
use zinoargus::argus::{ArgusError, ArgusServer};

const MINE: &str = "/api/v2/incidents/mine/";

#[test]
fn every_question_is_one_request_of_the_documented_form() {
    let fake = FakeArgus::new(|seen| match seen.target.as_str() {
        target if target.contains("/mine/") => json("200 OK", EMPTY_PAGE),
        "/api/v2/incidents/events/?page_size=25" => json("200 OK", EMPTY_PAGE),
        target if target.ends_with("/events/") && seen.method == "GET" => json("200 OK", &format!("[{EVENT}]")),
        target if target.ends_with("/events/") => json("201 Created", EVENT),
        "/api/v2/auth/user/" => json("200 OK", r#"{"username":"zino-a"}"#),
        _ => json("200 OK", INCIDENT),
    });
    let argus = client(&fake);
    argus.list(&ListQuery::Open, None, 100).unwrap();
    argus.list(&ListQuery::EndedSince(Stamp::from_secs(1_795_000_000)), None, 100).unwrap();
    argus.list(&ListQuery::Number("77-1795000000 å&open=true".to_owned()), None, 100).unwrap();
    argus.newest_events(25, 1).unwrap();
    assert_eq!(argus.incident(1).unwrap().unwrap().end_time, EndTime::Open);
    assert_eq!(argus.events(1).unwrap().unwrap().len(), 1);
    assert_eq!(*argus.create(&new_incident()).unwrap().source_incident_id, *"77");
    argus.patch(1, &Patch { level: Some(1), ..Patch::default() }).unwrap();
    argus.post_event(1, &other_event("a\nb")).unwrap();
    argus.check_token().unwrap();

    let seen = fake.seen();
    let lines: Vec<_> = seen.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect();
    let expected = [
        format!("GET {MINE}?open=true&page_size=100"),
        format!("GET {MINE}?open=false&end_time__gte=2026-11-18T11%3A06%3A40Z&page_size=100"),
        format!("GET {MINE}?source_incident_id=77-1795000000%20%C3%A5%26open%3Dtrue&page_size=100"),
        "GET /api/v2/incidents/events/?page_size=25".to_owned(),
        "GET /api/v2/incidents/1/".to_owned(),
        "GET /api/v2/incidents/1/events/".to_owned(),
        "POST /api/v2/incidents/".to_owned(),
        "PATCH /api/v2/incidents/1/".to_owned(),
        "POST /api/v2/incidents/1/events/".to_owned(),
        "GET /api/v2/auth/user/".to_owned(),
    ];
    assert_eq!(lines, expected);
    for one in &seen {
        assert_eq!(one.header("authorization"), Some("Token 0123456789abcdef"), "{one:?}");
        assert_eq!(one.header("accept"), Some("application/json"));
        assert_eq!(one.header("user-agent"), Some(concat!("zinoargus/", env!("CARGO_PKG_VERSION"))));
        assert_eq!(one.header("transfer-encoding"), None);
    }
    assert_eq!(seen[6].header("content-length"), Some(seen[6].body.len().to_string().as_str()));
    assert_eq!(seen[6].header("content-type"), Some("application/json"));
    assert_eq!(seen[7].json(), serde_json::json!({"level": 1}));
    assert_eq!(seen[8].json()["description"], "a\nb");
}

#[test]
fn whether_argus_can_be_reached_is_asked_without_the_token() {
    let fake = FakeArgus::always(json("200 OK", r#"{"server-version":"2.10.2"}"#));
    client(&fake).reach().unwrap();
    let seen = fake.seen();
    assert_eq!(
        (seen[0].method.as_str(), seen[0].target.as_str(), seen[0].header("authorization")),
        ("GET", "/api/", None)
    );
}

#[test]
fn only_what_argus_itself_answers_shows_that_it_can_be_reached() {
    let reach = |act| client(&FakeArgus::always(act)).reach();
    for status in ["401 Unauthorized", "403 Forbidden", "404 Not Found"] {
        assert_eq!(reach(json(status, r#"{"detail":"no"}"#)), Ok(()), "{status}");
        assert!(reach(html(status, "A proxy")).is_err(), "{status}");
    }
    for act in [
        html("200 OK", "A portal"),
        redirect("302 Found", "http://portal.example/"),
        json("502 Bad Gateway", r#"{"detail":"no"}"#),
        Act::Close,
    ] {
        assert!(reach(act).is_err());
    }
}

#[test]
fn the_next_page_is_asked_for_by_time_at_our_own_server_whatever_its_link_says() {
    let stranger = FakeArgus::always(json("200 OK", EMPTY_PAGE));
    let link = format!("{}incidents/mine/?cursor=cD0x%3D&open=true&page_size=100", stranger.url());
    let fake = FakeArgus::new(move |seen| match seen.target.contains("start_time__lte=") {
        false => json("200 OK", &incident_page(&[&INCIDENT.replace("18+01:00", "18.254951+01:00")], Some(&link))),
        true => json("200 OK", EMPTY_PAGE),
    });
    let argus = client(&fake);
    let first = argus.list(&ListQuery::Open, None, 100).unwrap();
    assert_eq!((first.items.len(), first.more), (1, true));
    let second = argus.list(&ListQuery::Open, Some(first.items[0].start_time), 250).unwrap();
    assert_eq!((second.items.len(), second.more), (0, false));
    let until = "start_time__lte=2026-11-22T19%3A51%3A18.254951Z";
    assert_eq!(fake.seen()[1].target, format!("{MINE}?open=true&{until}&page_size=250"));
    assert_eq!(stranger.connections(), 0);
}

#[test]
fn a_large_page_may_take_longer_than_another_request() {
    let page = answer("200 OK", "application/json", &incident_page(&[INCIDENT], None));
    let fake = FakeArgus::always(Act::Late(Duration::from_secs(2), page));
    let argus = impatient(&fake);
    assert_eq!(argus.list(&ListQuery::Open, None, 1000).unwrap().items.len(), 1);
    assert!(unknown(argus.list(&ListQuery::Open, None, 100)).0.contains("within 1s (argus.timeout)"));
}

#[test]
fn the_open_incidents_of_one_problem_are_asked_for_by_their_tags() {
    let tagged = |host| INCIDENT.replace(r#""tags":[]"#, &format!(r#""tags":[{{"tag":"host={host}","added_by":3}}]"#));
    let page = incident_page(&[&tagged("a"), &tagged("b"), INCIDENT], None);
    let fake = FakeArgus::always(json("200 OK", &page));
    let argus = client(&fake);
    let tags = ["host=a", "host=a.example.org"].map(str::to_owned).to_vec();
    assert_eq!(argus.list(&ListQuery::OpenTagged(tags), None, 100).unwrap().items.len(), 1);
    let asked = "open=true&tags=host%3Da%2Chost%3Da.example.org&page_size=100";
    assert_eq!(fake.seen()[0].target, format!("{MINE}?{asked}"));
    request(argus.list(&ListQuery::OpenTagged(vec!["interface=a,b=c".to_owned()]), None, 100));
    request(argus.list(&ListQuery::OpenTagged(Vec::new()), None, 100));
    assert_eq!(fake.seen().len(), 1);
}

#[test]
fn a_redirect_is_never_followed_and_the_token_goes_nowhere_else() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let stranger = FakeArgus::always(json("200 OK", INCIDENT));
        let fake = FakeArgus::always(redirect(status, &stranger.url()));
        let argus = client(&fake);
        let why = busy(argus.create(&new_incident()));
        assert!(why.contains(&status[..3]) && why.contains(&stranger.url()) && why.contains("argus.url"), "{why}");
        busy(argus.incident(1));
        busy(argus.check_token());
        assert_eq!((stranger.connections(), fake.seen().len()), (0, 3), "{status}");
    }
}

#[test]
fn a_look_up_by_number_keeps_only_that_number_and_an_empty_one_is_never_asked() {
    let other = INCIDENT.replace("\"77\"", "\"770\"");
    let page = incident_page(&[&other, INCIDENT], None);
    let fake = FakeArgus::always(json("200 OK", &page));
    let argus = client(&fake);
    let found = argus.list(&ListQuery::Number("77".to_owned()), None, 100).unwrap();
    assert_eq!(found.items.iter().map(|i| &*i.source_incident_id).collect::<Vec<_>>(), ["77"]);
    request(argus.list(&ListQuery::Number(String::new()), None, 100));
    request(argus.list(&ListQuery::Number(" 77".to_owned()), None, 100));
    assert_eq!(fake.seen().len(), 1);
}

#[test]
fn open_incidents_are_counted_and_an_argus_that_lists_them_instead_counts_nothing() {
    let counting = FakeArgus::always(json("200 OK", r#"{"count":300,"params":{"count":"true","open":"true"}}"#));
    assert_eq!(client(&counting).count_open(None), Ok(300));
    assert_eq!(counting.seen()[0].target, format!("{MINE}?open=true&count=true&page_size=1"));
    let listing = FakeArgus::always(json("200 OK", EMPTY_PAGE));
    assert!(matches!(client(&listing).count_open(None), Err(ArgusError::Request { status: 200, .. })));
}

#[test]
fn the_address_may_lack_the_last_slash_or_have_a_prefix() {
    let fake = FakeArgus::always(json("200 OK", INCIDENT));
    for (path, expected) in
        [("api/v2", "/api/v2/incidents/5/"), ("noc/argus/api/v2/", "/noc/argus/api/v2/incidents/5/")]
    {
        let url = format!("http://{}/{path}", fake.address);
        Client::new(&settings(&url)).unwrap().incident(5).unwrap();
        assert_eq!(fake.seen().last().unwrap().target, expected);
    }
}

#[test]
fn a_new_token_is_used_from_the_next_request_on() {
    let fake = FakeArgus::always(json("200 OK", INCIDENT));
    let argus = client(&fake);
    argus.set_token(Secret::new("second\n".to_owned())).unwrap();
    argus.incident(1).unwrap();
    assert!(argus.set_token(Secret::new("two words".to_owned())).is_err());
    argus.incident(1).unwrap();
    let tokens: Vec<_> = fake.seen().iter().map(|s| s.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(tokens, ["Token second", "Token second"]);
}

#[test]
fn settings_that_cannot_work_are_refused_by_name_and_show_no_secret() {
    let good = settings("https://argus.example.org/api/v2/");
    let check = |settings: Settings, name: &str| {
        let why = Client::new(&settings).unwrap_err();
        assert!(why.contains(name) && !why.contains("hunter2"), "{why}");
    };
    check(Settings { token: Secret::new("hunter2 x".to_owned()), ..good.clone() }, "argus.token");
    check(Settings { token: Secret::new(String::new()), ..good.clone() }, "argus.token");
    check(Settings { timeout: Duration::ZERO, ..good.clone() }, "argus.timeout");
    check(Settings { ca_file: Some("no/such/file".into()), ..good.clone() }, "argus.ca_file: no/such/file");
    let client = Client::new(&Settings { timeout: Duration::MAX, ..good.clone() }).unwrap();
    assert!(!format!("{client:?} {good:?}").contains(TOKEN));
}
