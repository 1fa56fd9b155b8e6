//! Servers, and whatever stands before them, that repeat what we showed them: none of our secrets
//! reaches the log, the status line or the output of `--check`.

use crate::fake_argus::{Act, answer, html, json, redirect};
use crate::fake_zino::{FakeZino, Fault, SECRET, digest};
use crate::little_argus::LittleArgus;
use crate::program::incident;
use crate::program::{Manager, Program, TOKEN, config, eventually, run};
use serde_json::json as value;

/// So much of a token or digest in one piece is too much.
const PIECE: usize = 8;

fn secrets() -> [String; 3] {
    [TOKEN.to_owned(), digest(), SECRET.to_owned()]
}

/// A secret over two lines.
fn torn(secret: &str) -> String {
    let half = secret.char_indices().nth(secret.chars().count() / 2).unwrap().0;
    let (start, end) = secret.split_at(half);
    format!("{start}\n {end}")
}

/// All secrets as they are, in capitals, and over two lines.
fn repeated() -> [String; 3] {
    let all = |how: fn(&String) -> String| secrets().iter().map(how).collect::<Vec<_>>().join(", ");
    [all(String::clone), all(|secret| secret.to_uppercase()), all(|secret| torn(secret))]
}

/// Everything in one text.
fn all_repeated() -> String {
    repeated().join(", ")
}

fn has_no_secret(text: &str, way: &str) {
    let lower = text.to_lowercase();
    for secret in [TOKEN.to_owned(), digest()] {
        for start in 0..=secret.len() - PIECE {
            let piece = &secret[start..start + PIECE];
            let line = lower.lines().find(|line| line.contains(piece));
            assert!(line.is_none(), "{piece} of {secret} after {way}: {}", line.unwrap_or_default());
        }
    }
    let line = lower.lines().find(|line| line.contains(SECRET));
    assert!(line.is_none(), "{SECRET} after {way}: {}", line.unwrap_or_default());
}

fn text(status: &str, body: &str) -> Act {
    Act::Answer(answer(status, "text/plain", body))
}

/// What an Argus, or a proxy before it, answers that repeats this text.
fn answers(said: &str) -> Vec<(&'static str, Act)> {
    let line = said.replace('\n', "");
    let header = format!("Authorization: Token {said}");
    let page = |items: serde_json::Value, next: Option<&str>| {
        json("200 OK", &value!({"next": next, "previous": null, "results": items}).to_string())
    };
    vec![
        ("an error's text", text("500 Internal Server Error", &header)),
        ("an error's JSON text", text("502 Bad Gateway", &format!("{{\"headers\": {}", value!(header)))),
        ("a page's title", html("503 Unavailable", &header)),
        ("a sign-in page", html("401 Unauthorized", &header)),
        ("a refusal's detail", json("401 Unauthorized", &value!({"detail": header}).to_string())),
        ("a detail", json("403 Forbidden", &value!({"detail": header}).to_string())),
        ("a field's errors", json("400 Bad Request", &value!({"tags": {"0": {"tag": [header]}}}).to_string())),
        ("a field's name", json("400 Bad Request", &value!({ header.clone(): ["unknown"] }).to_string())),
        ("a redirect", redirect("302 Found", &format!("https://elsewhere.example.org/{line}?token={line}"))),
        ("a status text", text(&format!("500 {line}"), "")),
        ("a status line", Act::AnswerAndClose(format!("HTTP/1.1 {line} Oh\r\n\r\n").into_bytes())),
        ("a garbled header", Act::AnswerAndClose(format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n").into_bytes())),
        ("no HTTP", Act::AnswerAndClose(format!("{header}\r\n\r\n").into_bytes())),
        ("a success without JSON", text("200 OK", &header)),
        ("a next page", page(value!([]), Some(&format!("https://elsewhere.example.org/{line}")))),
        ("a version and a name", json("200 OK", &value!({"server-version": header, "username": header}).to_string())),
        ("an incident's time", page(value!([{"pk": 1, "start_time": header}]), None)),
        ("an incident's field", page(value!([{"pk": header}]), None)),
        ("an incident's key", page(value!([{ header.clone(): 1 }]), None)),
    ]
}

#[test]
fn a_check_shows_no_secret_whatever_argus_repeats() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    for said in repeated() {
        for (way, act) in answers(&said) {
            argus.answer_all(Some(act));
            let asked = argus.fake.seen().len();
            has_no_secret(&run(&text, &["--check", "-vv"]), way);
            assert!(argus.fake.seen().len() > asked, "{way}");
        }
    }
}

#[test]
fn a_check_shows_no_secret_whatever_zino_repeats() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    for said in repeated() {
        for command in ["USER", "VERSION", "NTIE", "CASEIDS"] {
            for start in ["500 unknown command: USER testuser ", "500 ", "USER testuser ", "200 ", "304 list\r\n", ""] {
                zino.fault(command, Fault::Say(format!("{start}{said}\r\n").into()));
                has_no_secret(&run(&text, &["--check", "-vv"]), &format!("{command} and {start}"));
            }
        }
    }
}

/// Runs between servers whose cases and incidents hold our secrets.
fn repeating_servers() -> (FakeZino, LittleArgus) {
    let (zino, argus) = (FakeZino::with_cases(3), LittleArgus::start());
    {
        let mut world = zino.world();
        let case = world.cases.get_mut(&2).unwrap();
        case.set("descr", format!("{}, 10G", all_repeated()));
        case.history.push(format!("1795376500 testuser\r\n {}", all_repeated()).into());
        world.cases.get_mut(&3).unwrap().set("opened", all_repeated());
    }
    (zino, argus)
}

#[test]
fn the_log_and_the_status_hold_no_secret_whatever_the_servers_repeat() {
    let (zino, argus) = repeating_servers();
    let mut program = Program::start_with(&config(&zino, &argus), Manager::new(), &[], "-vv");
    incident(&argus, 1);
    incident(&argus, 2);
    program.manager.wait_for("READY=1", 1);
    zino.notify(format!("{}\r\n", all_repeated()));
    zino.notify(format!("1 state {}\r\n", all_repeated().replace('\n', "")));
    // Each costs the wait of an outage; `--check` meets all of them.
    for (way, act) in answers(&all_repeated()).into_iter().step_by(4) {
        // What only a healthy Argus is asked for fails first, and then the probe.
        let asked = argus.fake.seen().len();
        argus.answer_all(Some(act));
        eventually(way, || argus.fake.seen().len(), || (argus.fake.seen().len() >= asked + 2).then_some(()));
        argus.answer_all(None);
        program.manager.wait_for_status("Argus");
        assert!(program.is_running(), "after {way}: {}", program.log());
    }
    zino.fault("USER", Fault::Say(format!("500 {}\r\n", all_repeated()).into()));
    zino.cut_all();
    program.wait_for_log("Zino takes our login again");
    has_no_secret(&program.log(), "all that a daemon met");
    has_no_secret(&program.manager.told().join("\n"), "all that a daemon met");
}

#[test]
fn a_single_run_shows_no_secret_whatever_the_servers_repeat() {
    let (zino, argus) = repeating_servers();
    let text = config(&zino, &argus);
    has_no_secret(&run(&text, &["--once", "--timeout", "10", "-vv"]), "a good run");
    argus.answer_all(Some(html("503 Unavailable", &all_repeated())));
    has_no_secret(&run(&text, &["--once", "--timeout", "10"]), "an outage");
    zino.fault("USER", Fault::Say(format!("500 {}\r\n", all_repeated()).into()));
    has_no_secret(&run(&text, &["--once", "--timeout", "10"]), "a refusal");
}
