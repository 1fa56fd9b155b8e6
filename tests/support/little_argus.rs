//! An Argus that keeps incidents, for tests of the whole program: what `fake_argus` answers when
//! nothing is to go wrong. Knows just enough of the API for incidents to be created and listed;
//! never judges what it gets.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

use crate::fake_argus::{Act, FakeArgus, Seen, json};
use serde_json::{Value, json as value};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use zinoargus::time::Stamp;

const EMPTY_PAGE: &str = r#"{"next":null,"previous":null,"results":[]}"#;

/// A gate that requests wait at while it is shut.
#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    moved: Condvar,
}

/// The server and what it holds.
pub struct LittleArgus {
    pub fake: FakeArgus,
    incidents: Arc<Mutex<Vec<Value>>>,
    gate: Arc<Gate>,
    answers_all: Arc<Mutex<Option<Act>>>,
}

impl LittleArgus {
    pub fn start() -> Self {
        let (incidents, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Gate::default()));
        let (held, passed) = (Arc::clone(&incidents), Arc::clone(&gate));
        let answers_all = Arc::new(Mutex::new(None));
        let answered = Arc::clone(&answers_all);
        let fake = FakeArgus::new(move |seen| {
            let shut = passed.shut.lock().unwrap();
            drop(passed.moved.wait_while(shut, |shut| *shut).unwrap());
            let act: Option<Act> = answered.lock().unwrap().clone();
            act.unwrap_or_else(|| answer(seen, &mut held.lock().unwrap()))
        });
        Self { fake, incidents, gate, answers_all }
    }

    /// Answers everything so from now on; `None`: as usual.
    pub fn answer_all(&self, act: Option<Act>) {
        *self.answers_all.lock().unwrap() = act;
    }

    /// Requests are held from now on.
    pub fn shut(&self) {
        *self.gate.shut.lock().unwrap() = true;
    }

    /// Requests are answered again.
    pub fn open(&self) {
        *self.gate.shut.lock().unwrap() = false;
        self.gate.moved.notify_all();
    }

    /// The incident with this number.
    pub fn incident(&self, number: u64) -> Option<Value> {
        let incidents = self.incidents.lock().unwrap();
        incidents.iter().find(|one| one["source_incident_id"].as_str() == Some(&number.to_string())).cloned()
    }

    /// The tokens that came with requests, in order and without repetitions.
    pub fn tokens(&self) -> Vec<String> {
        let mut tokens: Vec<String> =
            self.fake.seen().iter().filter_map(|seen| seen.header("authorization").map(str::to_owned)).collect();
        tokens.dedup();
        tokens
    }
}

impl Drop for LittleArgus {
    fn drop(&mut self) {
        self.open();
    }
}

/// A page of a list, newest first: incidents of one time come the other way round in every other
/// page, as many as were asked for.
fn list(seen: &Seen, mut incidents: Vec<&Value>) -> Act {
    static PAGES: AtomicUsize = AtomicUsize::new(0);
    let query = |key: &str| seen.target.split(['?', '&']).find_map(|part| part.strip_prefix(key)).map(str::to_owned);
    if query("count=").is_some() {
        return json("200 OK", &value!({"count": incidents.len()}).to_string());
    }
    let began = |one: &Value| Stamp::parse(one["start_time"].as_str().unwrap()).unwrap();
    let until = query("start_time__lte=").map(|text| Stamp::parse(&text.replace("%3A", ":")).unwrap());
    incidents.retain(|one| until.is_none_or(|until| began(one) <= until));
    if PAGES.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
        incidents.reverse();
    }
    incidents.sort_by_key(|one| std::cmp::Reverse(began(one)));
    let size = query("page_size=").map_or(100, |size| size.parse().unwrap());
    let next = (incidents.len() > size).then_some("http://argus/?cursor=cD0x");
    incidents.truncate(size);
    json("200 OK", &value!({"next": next, "previous": null, "results": incidents}).to_string())
}

/// What it answers, holding these incidents.
pub fn answer(seen: &Seen, incidents: &mut Vec<Value>) -> Act {
    let path = seen.target.split('?').next().unwrap().trim_start_matches("/api/v2/").trim_end_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    match (seen.method.as_str(), parts.as_slice()) {
        ("GET", ["", "api"]) => json("200 OK", r#"{"server-version":"2.10.2","api-version":{"stable":"v2"}}"#),
        ("GET", ["auth", "user"]) => json("200 OK", r#"{"username":"zino"}"#),
        ("GET", ["auth", "users", "3"]) => json("200 OK", r#"{"username":"zino"}"#),
        ("GET", ["incidents", "sources"]) => {
            json("200 OK", r#"[{"pk":2,"name":"zino-a","type":{"name":"zino"},"user":3,"base_url":""}]"#)
        }
        ("POST", ["auth", ..]) => {
            json("200 OK", &format!(r#"{{"token":"00112233445566778899{:020}"}}"#, incidents.len()))
        }
        ("GET", ["incidents", "events"]) => json("200 OK", EMPTY_PAGE),
        ("GET", ["incidents", "mine"]) => {
            let open: Vec<&Value> = incidents.iter().filter(|one| one["end_time"] == "infinity").collect();
            let open = if seen.target.contains("open=false") { Vec::new() } else { open };
            list(seen, open)
        }
        ("POST", ["incidents"]) => {
            let mut incident = seen.json();
            incident["pk"] = value!(incidents.len() + 1);
            incident["source"] = value!({"pk": 2, "name": "zino-a", "user": 3});
            incident["ticket_url"] = value!("");
            incident["acked"] = value!(false);
            incident["open"] = value!(true);
            for tag in incident["tags"].as_array_mut().unwrap() {
                tag["added_by"] = value!(3);
            }
            incidents.push(incident.clone());
            json("201 Created", &incident.to_string())
        }
        ("PATCH" | "GET", ["incidents", pk]) if pk.parse::<usize>().is_ok() => {
            let pk: usize = pk.parse().unwrap();
            let incident = &mut incidents[pk - 1];
            if seen.method == "PATCH" {
                for (key, new) in seen.json().as_object().unwrap() {
                    incident[key] = new.clone();
                }
            }
            json("200 OK", &incident.to_string())
        }
        ("GET", ["incidents", _, "events"]) => json("200 OK", "[]"),
        _ => json("404 Not Found", r#"{"detail":"Not found."}"#),
    }
}
