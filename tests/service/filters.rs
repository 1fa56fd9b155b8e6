//! Something in front of Argus that does not let one request through: what else arrives all the
//! same, and how often the program asks. Never about a server that fails as a whole.

use crate::fake_argus::{Act, FakeArgus, Seen, html, json};
use crate::fake_zino::FakeZino;
use crate::little_argus;
use crate::program::{Program, config_of, eventually};
use serde_json::{Value, json as value};
use std::sync::{Arc, Mutex};

/// What Argus holds.
#[derive(Default)]
struct Held {
    incidents: Vec<Value>,
    events: Vec<Value>,
}

/// An Argus that takes events, behind a filter.
struct Filtered {
    fake: FakeArgus,
    held: Arc<Mutex<Held>>,
}

impl Filtered {
    /// What the filter answers goes no further.
    fn new(filter: impl Fn(&Seen, &mut Held) -> Option<Act> + Send + Sync + 'static) -> Self {
        let held = Arc::new(Mutex::new(Held::default()));
        let behind = Arc::clone(&held);
        let fake = FakeArgus::new(move |seen| {
            let held = &mut *behind.lock().unwrap();
            filter(seen, held).unwrap_or_else(|| answer(seen, held))
        });
        Self { fake, held }
    }

    fn events(&self) -> Vec<Value> {
        self.held.lock().unwrap().events.clone()
    }

    /// The requests of this kind whose address has these words.
    fn count(&self, method: &str, words: &str) -> usize {
        self.fake.seen().iter().filter(|seen| seen.method == method && seen.target.contains(words)).count()
    }

    /// How often an incident was to be created.
    fn creations(&self) -> usize {
        self.fake.seen().iter().filter(|seen| seen.method == "POST" && seen.target.ends_with("/incidents/")).count()
    }

    fn wait_for_incident(&self) {
        let found = || self.held.lock().unwrap().incidents.first().cloned();
        eventually("an incident", || self.fake.seen().last().cloned(), found);
    }
}

fn answer(seen: &Seen, held: &mut Held) -> Act {
    let is_events = seen.target.ends_with("/events/") && !seen.target.ends_with("/incidents/events/");
    match (seen.method.as_str(), is_events) {
        ("GET", true) => json("200 OK", &Value::from(held.events.clone()).to_string()),
        ("POST", true) => {
            let sent = seen.json();
            let at = sent["timestamp"].clone();
            let event = value!({
                "pk": held.events.len() + 1, "incident": 1, "actor": {"pk": 3, "username": "zino-a"}, "timestamp": at,
                "received": at, "type": {"value": sent["type"], "display": ""}, "description": sent["description"],
            });
            if sent["type"] == "END" {
                held.incidents[0]["end_time"] = at;
            }
            held.events.push(event.clone());
            json("201 Created", &event.to_string())
        }
        _ => little_argus::answer(seen, &mut held.incidents),
    }
}

#[test]
fn a_history_entry_that_a_proxy_finds_too_large_keeps_back_neither_the_next_one_nor_the_end() {
    let zino = FakeZino::with_cases(1);
    let too_large = |seen: &Seen| seen.method == "POST" && seen.body.contains("bad");
    let argus = Filtered::new(move |seen, _| too_large(seen).then(|| html("413 Payload Too Large", "no")));
    let mut program = Program::ready(&config_of(&zino, &argus.fake));
    argus.wait_for_incident();
    {
        let world = &mut *zino.world();
        let lines = ["1800000100 ford", " bad", "1800000101 ford", " good"];
        world.cases.get_mut(&1).unwrap().history.extend(lines.map(|line| line.as_bytes().to_vec()));
        world.set_state(1, "closed").unwrap();
    }
    zino.notify("1 state open closed\r\n");
    let end = || argus.events().into_iter().find(|event| event["type"]["value"] == "END");
    eventually("END", || program.log(), end);
    let texts: Vec<String> = argus.events().iter().map(|event| event["description"].to_string()).collect();
    assert!(texts.iter().any(|text| text.contains("good")), "{texts:?}");
    program.wait_for_log("left out until the case changes or the next full look");
    let log = program.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("Argus refuses")).collect();
    let [line] = lines.as_slice() else { panic!("{log}") };
    for word in ["case 1 (portstate r1-gw ge-0/0/1)", "incident 1", "bad", "413"] {
        assert!(line.contains(word), "{word} is not in: {line}");
    }
    assert!(program.is_running());
}

#[test]
fn an_incident_that_is_found_by_its_number_and_cannot_be_read_is_not_asked_for_in_a_burst() {
    for reply_is_lost in [true, false] {
        let zino = FakeZino::with_cases(1);
        let argus = Filtered::new(move |seen, held| {
            let is_one = seen.target.contains("incidents/1/");
            let creates = seen.method == "POST" && seen.target.ends_with("/incidents/");
            match seen.method.as_str() {
                "POST" if creates && !held.incidents.is_empty() => {
                    Some(json("400 Bad Request", r#"["duplicate key value"]"#))
                }
                "POST" if creates && reply_is_lost => {
                    little_argus::answer(seen, &mut held.incidents);
                    Some(Act::Close)
                }
                "GET" if is_one => Some(json("404 Not Found", r#"{"detail":"No Incident matches the given query."}"#)),
                _ => None,
            }
        });
        let mut program = Program::ready(&config_of(&zino, &argus.fake));
        argus.wait_for_incident();
        zino.world().cases.get_mut(&1).unwrap().history.extend([b"1800000100 ford".to_vec(), b" good".to_vec()]);
        zino.notify("1 history 2\r\n");
        program.wait_for_log("incident 1 is found by its number");
        let asked = || argus.count("GET", "source_incident_id=1");
        eventually("three searches", || program.log(), || (asked() >= 3).then_some(()));
        let posts = argus.creations();
        assert!(posts <= 3, "{posts} POSTs, the reply was lost: {reply_is_lost}");
        assert!(program.is_running());
        let log = program.log();
        assert!(log.matches("this request fails although Argus is reachable").count() <= 3, "{log}");
    }
}
