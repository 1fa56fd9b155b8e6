//! Which error each bad answer becomes: what may be repeated, what is unknown, what is this one
//! request's fault.

use super::*;
use crate::fake_argus::{Act, FakeArgus, answer, html, json};
use std::time::Instant;
use zinoargus::argus::models::{ListQuery, Patch};
use zinoargus::argus::{ArgusServer, TokenServer};

#[test]
fn a_401_is_unauthorized_with_what_argus_says_of_the_token() {
    let fake = FakeArgus::always(json("401 Unauthorized", r#"{"detail":"Token has expired."}"#));
    let argus = client(&fake);
    let expected = Err(ArgusError::Unauthorized("Token has expired.".to_owned()));
    assert_eq!(argus.check_token(), expected);
    assert_eq!(argus.create(&new_incident()).map(|_| ()), expected);
    assert_eq!(argus.incident(1).map(|_| ()), expected);
}

#[test]
fn a_401_that_is_not_argus_own_says_nothing_about_the_token() {
    let others = [
        html("401 Unauthorized", "Sign in"),
        json("401 Unauthorized", r#"{"message":"no session"}"#),
        json("401 Unauthorized", "\"sign in\""),
        json("401 Unauthorized", ""),
    ];
    for other in others {
        let fake = FakeArgus::always(other);
        let argus = client(&fake);
        for result in [argus.check_token(), argus.create(&new_incident()).map(drop), argus.incident(1).map(drop)] {
            let why = busy(result);
            assert!(why.starts_with("401: ") && why.contains("not from Argus"), "{why}");
        }
        assert_eq!(fake.seen().len(), 3, "nothing is repeated");
    }
}

#[test]
fn a_token_that_argus_has_given_is_in_no_error_that_repeats_it() {
    let given = "00aa11bb22cc33dd44ee55ff00aa11bb22cc33dd44ee55ff00aa11bb22cc33dd";
    let fake = FakeArgus::new(move |seen| match seen.target.as_str() {
        "/api/v2/auth/token/login/" => json("200 OK", &format!(r#"{{"token":"{given}"}}"#)),
        _ => html("500 Oh", &seen.header("authorization").unwrap().to_uppercase()),
    });
    let argus = client(&fake);
    let session = argus.session_token(&Secret::new(TOKEN.to_owned())).unwrap();
    for result in [argus.refresh(&session).map(drop), argus.accepts(&session), argus.check_token()] {
        let why = unknown(result).0;
        assert!(why.starts_with("500: a page titled \"TOKEN (secret)\""), "{why}");
    }
}

#[test]
fn other_refusals_are_this_requests_own() {
    let duplicate = r#"["duplicate key value violates unique constraint \"x\"\nDETAIL:  Key (77, 2) already exists."]"#;
    let fake = FakeArgus::always(json("400 Bad Request", duplicate));
    let (status, why) = request(client(&fake).create(&new_incident()));
    assert_eq!(status, 400);
    assert!(why.contains("already exists") && !why.contains('\n'), "{why}");
    for (line, expected) in [("403 Forbidden", 403), ("405 No", 405), ("418 Teapot", 418)] {
        let fake = FakeArgus::always(html(line, "No\u{1b}[31m"));
        let (status, why) = request(client(&fake).post_event(1, &other_event("x")));
        assert_eq!(status, expected);
        assert!(why.contains("No\\u{1b}[31m") && !why.contains("<html"), "{why}");
    }
}

#[test]
fn none_is_only_what_argus_itself_says_is_not_there() {
    let fake = FakeArgus::always(json("404 Not Found", r#"{"detail":"No Incident matches the given query."}"#));
    let argus = client(&fake);
    assert_eq!(argus.incident(5), Ok(None));
    assert_eq!(argus.events(5), Ok(None));
    assert_eq!(request(argus.list(&ListQuery::Open, Some(Stamp::from_secs(5)), 100)).0, 404);
    assert_eq!(request(argus.patch(5, &Patch::default())).0, 404);

    let others = [
        html("404 Not Found", "no route"),
        json("404 Not Found", r#"{"message":"no route"}"#),
        json("404 No", "\"no route\""),
    ];
    for other in others {
        let proxy = FakeArgus::always(other);
        let argus = client(&proxy);
        let why = busy(argus.incident(5));
        assert!(why.contains("no route") && why.contains("argus.url"), "{why}");
        busy(argus.events(5));
        busy(argus.create(&new_incident()));
    }
}

#[test]
fn a_server_in_trouble_leaves_the_outcome_unknown() {
    for (line, expected) in
        [("500 Oh", 500), ("502 Bad Gateway", 502), ("503 No", 503), ("504 Late", 504), ("408 T", 408)]
    {
        let fake = FakeArgus::always(html(line, "Server Error"));
        let argus = client(&fake);
        for result in [argus.post_event(1, &other_event("x")).map(|_| ()), argus.incident(1).map(|_| ())] {
            let (why, status) = unknown(result);
            assert_eq!(status, Some(expected));
            assert!(why.contains("Server Error"), "{why}");
        }
        assert_eq!(fake.seen().len(), 2, "nothing is repeated");
        assert_eq!(fake.connections(), 1, "a whole answer leaves the connection usable");
    }
}

#[test]
fn too_many_requests_is_busy() {
    let fake = FakeArgus::always(json("429 Too Many", r#"{"detail":"Request was throttled."}"#));
    assert!(busy(client(&fake).create(&new_incident())).contains("throttled"));
}

#[test]
fn a_success_that_is_not_the_json_we_know_is_unknown() {
    let answers = [
        html("200 OK", "Log in"),
        json("200 OK", ""),
        json("200 OK", "\"fine\""),
        json("200 OK", r#"{"detail":"fine"}"#),
        json("200 OK", &INCIDENT[..200]),
        Act::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        Act::Answer(answer("200 OK", "application/json", "\u{0}\u{1}")),
    ];
    for act in answers {
        let fake = FakeArgus::always(act);
        let argus = client(&fake);
        for result in
            [argus.create(&new_incident()).map(|_| ()), argus.incident(1).map(|_| ()), argus.events(1).map(|_| ())]
        {
            let (why, status) = unknown(result);
            assert!(matches!(status, Some(200 | 204)), "{status:?} {why}");
        }
        unknown(argus.list(&ListQuery::Open, None, 100));
    }
}

#[test]
fn a_list_with_an_item_that_makes_no_sense_is_not_taken_for_a_shorter_list() {
    let page = incident_page(&[INCIDENT, r#"{"pk":815}"#], None);
    let fake = FakeArgus::always(json("200 OK", &page));
    let (why, status) = unknown(client(&fake).list(&ListQuery::Open, None, 100));
    assert!(status == Some(200) && why.contains("815"), "{why}");
}

#[test]
fn nobody_listening_is_refused() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let argus = Client::new(&settings(&format!("http://{address}/api/v2/"))).unwrap();
    let why = refused(argus.create(&new_incident()));
    assert!(why.contains(&address.to_string()), "{why}");
    refused(argus.incident(1));
}

#[test]
fn a_name_that_does_not_exist_is_refused() {
    // Names under .invalid never exist (RFC 6761); whether the resolver says so or does not answer
    // in time is the same.
    let settings = Settings { timeout: Duration::from_secs(1), ..settings("http://argus.invalid/api/v2/") };
    let argus = Client::new(&settings).unwrap();
    refused(argus.create(&new_incident()));
    refused(argus.incident(1));
}

#[test]
fn a_server_that_closes_before_it_reads_leaves_a_read_without_an_answer() {
    let manners = crate::fake_argus::Manners { slams: true, ..Default::default() };
    let fake = FakeArgus::with(manners, |_| Act::Close);
    let argus = client(&fake);
    // What of it the server saw is chance here, so either error is true; but never an answer, and
    // never twice.
    assert!(matches!(
        argus.create(&new_incident()),
        Err(ArgusError::Unknown { status: None, .. } | ArgusError::Refused(_))
    ));
    assert!(argus.incident(1).is_err());
    assert_eq!(fake.connections(), 2);
}

#[test]
fn a_lost_reply_is_unknown_and_the_request_is_not_repeated() {
    let fake = FakeArgus::always(Act::Close);
    let argus = client(&fake);
    let (why, status) = unknown(argus.post_event(1, &other_event("once")));
    assert!(status.is_none() && why.contains("closed"), "{why}");
    unknown(argus.incident(1));
    assert_eq!(fake.seen().len(), 2);
}

#[test]
fn a_lost_reply_to_a_renewal_which_has_an_empty_body_is_unknown_too() {
    let token = Secret::new(TOKEN.to_owned());
    let fake = FakeArgus::always(Act::Close);
    let argus = client(&fake);
    assert!(unknown(argus.refresh(&token)).0.contains("closed"));
    assert!(unknown(argus.session_token(&token)).0.contains("closed"));
    assert_eq!(fake.seen().len(), 2, "nothing is repeated");
    let late = FakeArgus::always(Act::Stall);
    unknown(impatient(&late).refresh(&token));
    let url = fake.url();
    drop(fake);
    refused(Client::new(&settings(&url)).unwrap().refresh(&token));
}

#[test]
fn a_server_that_reads_and_does_not_answer_is_a_time_out_of_unknown_outcome() {
    let fake = FakeArgus::always(Act::Stall);
    let argus = impatient(&fake);
    let (why, status) = unknown(argus.post_event(1, &other_event("x")));
    assert!(status.is_none() && why.contains("argus.timeout"), "{why}");
    unknown(argus.incident(1));
}

#[test]
fn a_server_that_never_reads_is_a_time_out_of_unknown_outcome() {
    let manners = crate::fake_argus::Manners { deaf: true, ..Default::default() };
    let fake = FakeArgus::with(manners, |_| Act::Close);
    unknown(impatient(&fake).create(&new_incident()));
}

#[test]
fn an_answer_that_breaks_off_or_drips_is_unknown() {
    let head =
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"pk\":".to_vec();
    let fake = FakeArgus::always(Act::AnswerAndClose(head.clone()));
    assert_eq!(unknown(client(&fake).create(&new_incident())).1, Some(201));
    let fake = FakeArgus::always(Act::AnswerAndClose(b"HTTP/1.1 20".to_vec()));
    assert_eq!(unknown(client(&fake).create(&new_incident())).1, None);
    let fake = FakeArgus::always(Act::AnswerAndClose(b"220 mail.example.org ESMTP\r\n\r\n".to_vec()));
    assert_eq!(unknown(client(&fake).create(&new_incident())).1, None);
    let fake = FakeArgus::always(Act::Drip(head));
    let started = Instant::now();
    assert_eq!(unknown(impatient(&fake).create(&new_incident())).1, Some(201));
    let fake = FakeArgus::always(Act::Drip(b"HTTP/1.1 201 Created\r\nX: ".to_vec()));
    assert_eq!(unknown(impatient(&fake).create(&new_incident())).1, None);
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn an_endless_answer_costs_neither_memory_nor_time() {
    let chunked = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).into_bytes();
    let fake = FakeArgus::always(Act::Endless(chunked, chunk));
    assert_eq!(unknown(client(&fake).list(&ListQuery::Open, None, 100)).1, Some(200));

    let gigabyte = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n".to_vec();
    let fake = FakeArgus::always(Act::Endless(gigabyte, vec![b' '; 65536]));
    let (why, status) = unknown(client(&fake).list(&ListQuery::Open, None, 100));
    assert!(status == Some(200) && why.contains("too long"), "{why}");

    let headers =
        FakeArgus::always(Act::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X: yyyyyyyyyyyyyyyyyyyyyyyyy\r\n".to_vec()));
    unknown(client(&headers).incident(1));

    let error = b"HTTP/1.1 500 Oh\r\nContent-Length: 1073741824\r\n\r\n".to_vec();
    let fake = FakeArgus::always(Act::Endless(error, vec![b'x'; 65536]));
    assert_eq!(unknown(client(&fake).create(&new_incident())).1, Some(500));
}

#[test]
fn a_chunked_answer_is_read_like_any_other() {
    let body =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{INCIDENT}\r\n0\r\n\r\n", INCIDENT.len());
    let fake = FakeArgus::always(Act::Answer(body.into_bytes()));
    let argus = client(&fake);
    assert_eq!(argus.incident(1).unwrap().unwrap().pk, 1);
    assert_eq!(argus.incident(1).unwrap().unwrap().pk, 1);
    assert_eq!(fake.connections(), 1);
}

/// The most memory that this process ever had, in MiB.
fn high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Run by the test below, in a process of its own.
#[test]
#[ignore = "needs a server; run by another test"]
fn of_this_answer() {
    let Ok(url) = std::env::var("TEST_ARGUS_URL") else { return };
    let argus = Client::new(&settings(&url)).unwrap();
    unknown(argus.list(&ListQuery::Open, None, 100));
    unknown(argus.newest_events(100, 1));
    unknown(argus.events(1));
    assert!(high_water() < 48, "{} MiB", high_water());
}

#[test]
fn an_answer_that_makes_no_sense_takes_little_more_memory_than_its_own_size() {
    let many = |item: &str, of: &str| of.replace("ITEMS", &vec![item; (8 << 20) / (item.len() + 1)].join(","));
    let kind = EVENT.replace(r#"{"value":"OTH","display":"Other"}"#, "[ITEMS]");
    let page = |item: &str| format!(r#"{{"next":null,"results":[{item}]}}"#);
    for body in
        [many("0", &page("ITEMS")), many("{}", "[ITEMS]"), many("0", &page(&kind)), many("0", &format!("[{kind}]"))]
    {
        let fake = FakeArgus::always(json("200 OK", &body));
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--ignored", "--exact", "errors::of_this_answer"]).env("TEST_ARGUS_URL", fake.url());
        let output = child.output().unwrap();
        assert!(output.status.success(), "{:.40}: {}", body, String::from_utf8_lossy(&output.stdout));
        assert_eq!(fake.seen().len(), 3);
    }
}
