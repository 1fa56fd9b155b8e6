//! A stub Argus: its JSON for everything that the program asks, from memory, one thread a connection. Keeps events only as far as
//! somebody may ask for them. Never as strict as the real one, which the other half of the bench uses.

use crate::http::{Message, Wire};
use crate::wall;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use zinoargus::time::Stamp;

const SOURCE_USER: u64 = 3;
const FEED: usize = 1000;

/// The server.
pub struct Argus {
    /// Where it listens.
    pub port: u16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    incidents: BTreeMap<u64, Kept>,
    numbers: HashMap<String, u64>,
    /// Those of each time that they began at, as the lists are ordered.
    by_start: BTreeMap<Stamp, BTreeSet<u64>>,
    feed: VecDeque<(u64, String)>,
    last_event: u64,
    lists: u64,
    counts: BTreeMap<String, u64>,
    connections: u64,
    first: Option<f64>,
}

struct Kept {
    value: Value,
    /// `value` as it goes out.
    text: String,
    open: bool,
    events: Vec<String>,
}

/// What a case in Zino means for its incident: open, and the priority.
pub type Expected = HashMap<String, (bool, String)>;

impl Argus {
    /// Listens on a free port.
    pub fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let argus = Arc::new(Self { port: listener.local_addr().unwrap().port(), state: Mutex::default() });
        let served = Arc::clone(&argus);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let argus = Arc::clone(&served);
                argus.state.lock().unwrap().connections += 1;
                std::thread::spawn(move || argus.talk(&mut Wire::new(stream)));
            }
        });
        argus
    }

    fn talk(&self, wire: &mut Wire) {
        while let Some(message) = wire.read() {
            let (status, body) = self.state.lock().unwrap().answer(&message);
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
            if !wire.send(&[head.into_bytes(), body.into_bytes()].concat()) {
                return;
            }
        }
    }

    /// What was asked so far, by kind, and what there is now.
    pub fn stats(&self) -> Value {
        let state = self.state.lock().unwrap();
        let open = state.incidents.values().filter(|kept| kept.open).count();
        json!({"requests": state.counts, "incidents": state.incidents.len(), "open": open, "first": state.first,
               "connections": state.connections})
    }

    /// Counts from zero again.
    pub fn forget_counts(&self) {
        let mut state = self.state.lock().unwrap();
        state.counts.clear();
        (state.connections, state.first) = (0, None);
    }

    /// How many cases do not have the incident that they should.
    pub fn wrong(&self, expected: &Expected) -> usize {
        let state = self.state.lock().unwrap();
        let right = |number: &String, (open, priority): &(bool, String)| {
            let incident = state.numbers.get(number).and_then(|pk| state.incidents.get(pk));
            let tag = format!("priority={priority}");
            incident.is_some_and(|i| {
                i.open == *open && i.value["tags"].as_array().unwrap().iter().any(|one| one["tag"] == tag.as_str())
            })
        };
        expected.iter().filter(|(number, what)| !right(number, what)).count()
    }
}

fn now() -> String {
    Stamp::from_micros((wall() * 1e6) as i64).to_string()
}

impl State {
    fn answer(&mut self, message: &Message) -> (&'static str, String) {
        self.first.get_or_insert_with(wall);
        let mut words = message.start.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parts: Vec<&str> = path.trim_start_matches("/api/v2/").trim_end_matches('/').split('/').collect();
        let kind: Vec<&str> = parts.iter().map(|p| if p.parse::<u64>().is_ok() { "N" } else { p }).collect();
        let open = query.split('&').find(|part| part.starts_with("open=")).unwrap_or_default();
        *self.counts.entry(format!("{method} {} {open}", kind.join("/")).trim().to_owned()).or_default() += 1;
        let read = || serde_json::from_slice::<Value>(&message.body).unwrap();
        match (method, parts.as_slice()) {
            ("GET", ["auth", "user"]) => ("200 OK", r#"{"username":"zino"}"#.to_owned()),
            ("POST", ["incidents", "sources", "heartbeat"]) => ("200 OK", "{}".to_owned()),
            ("GET", ["incidents", "events"]) => ("200 OK", self.newest(query)),
            ("GET", ["incidents", "mine"]) if query.contains("count=true") => ("200 OK", self.count_open()),
            ("GET", ["incidents", "mine"]) => ("200 OK", self.list(query)),
            ("POST", ["incidents"]) => self.create(read()),
            (method, ["incidents", pk, rest @ ..]) => {
                match pk.parse().ok().filter(|pk| self.incidents.contains_key(pk)) {
                    None => ("404 Not Found", r#"{"detail":"Not found."}"#.to_owned()),
                    Some(pk) => match (method, rest) {
                        ("GET", []) => ("200 OK", self.incidents[&pk].text.clone()),
                        ("PATCH", []) => ("200 OK", self.patch(pk, &read())),
                        ("GET", ["events"]) => ("200 OK", format!("[{}]", self.incidents[&pk].events.join(","))),
                        ("POST", ["events"]) => ("201 Created", self.event(pk, &read())),
                        _ => ("404 Not Found", r#"{"detail":"Not found."}"#.to_owned()),
                    },
                }
            }
            _ => ("404 Not Found", r#"{"detail":"Not found."}"#.to_owned()),
        }
    }

    fn create(&mut self, mut value: Value) -> (&'static str, String) {
        // The Python program sends a number, which Argus makes a text of.
        let number = value["source_incident_id"].to_string().trim_matches('"').to_owned();
        value["source_incident_id"] = json!(number);
        if self.numbers.contains_key(&number) {
            return ("400 Bad Request", r#"{"source_incident_id":["must be unique for this source"]}"#.to_owned());
        }
        let pk = self.incidents.len() as u64 + 1;
        let open = value["end_time"] == "infinity";
        value["pk"] = json!(pk);
        value["source"] = json!({"pk": 2, "name": "bench", "type": {"name": "zino"}, "user": SOURCE_USER});
        value["details_url"] = json!("");
        value["ticket_url"] = json!("");
        value["acked"] = json!(false);
        value["open"] = json!(open);
        value["stateful"] = json!(true);
        added_by_source(&mut value);
        let text = value.to_string();
        let began = value["start_time"].as_str().and_then(Stamp::parse).unwrap_or_default();
        self.by_start.entry(began).or_default().insert(pk);
        self.numbers.insert(number, pk);
        self.incidents.insert(pk, Kept { value, text: text.clone(), open, events: Vec::new() });
        self.event(pk, &json!({"type": "STA", "timestamp": now(), "description": ""}));
        ("201 Created", text)
    }

    fn patch(&mut self, pk: u64, changes: &Value) -> String {
        let kept = self.incidents.get_mut(&pk).unwrap();
        for (key, new) in changes.as_object().unwrap() {
            kept.value[key] = new.clone();
        }
        added_by_source(&mut kept.value);
        kept.text = kept.value.to_string();
        kept.text.clone()
    }

    fn event(&mut self, pk: u64, event: &Value) -> String {
        self.last_event += 1;
        let kind = event["type"].as_str().unwrap();
        let text = json!({"pk": self.last_event, "incident": pk, "actor": {"pk": SOURCE_USER, "username": "bench"},
                          "timestamp": event["timestamp"], "received": now(), "type": {"value": kind, "display": kind},
                          "description": event["description"]})
        .to_string();
        let kept = self.incidents.get_mut(&pk).unwrap();
        if kind == "END" || kind == "RES" {
            kept.open = kind == "RES";
            kept.value["open"] = json!(kept.open);
            kept.value["end_time"] = if kept.open { json!("infinity") } else { event["timestamp"].clone() };
            kept.text = kept.value.to_string();
        }
        kept.events.push(text.clone());
        self.feed.push_front((self.last_event, text.clone()));
        self.feed.truncate(FEED);
        text
    }

    /// In the order of their arrival: who looks at what is new asks for no more than the newest.
    fn newest(&self, query: &str) -> String {
        let size = page_size(query);
        let next = (self.feed.len() > size).then_some("cursor=bz0x");
        page_of(self.feed.iter().take(size).map(|(_, text)| text.as_str()), next)
    }

    fn count_open(&self) -> String {
        json!({"count": self.incidents.values().filter(|kept| kept.open).count()}).to_string()
    }

    /// The newest first; those of one time begin with another one in each page.
    fn list(&mut self, query: &str) -> String {
        self.lists += 1;
        let open = !query.contains("open=false");
        let size = page_size(query);
        let until = value_in(query, "start_time__lte=").and_then(|text| Stamp::parse(&text.replace("%3A", ":")));
        let within = self.by_start.range(..=until.unwrap_or(Stamp::from_micros(i64::MAX))).rev();
        let turned = within.flat_map(|(_, pks)| {
            let turn = self.lists as usize % pks.len().max(1);
            pks.iter().cycle().skip(turn).take(pks.len())
        });
        let mut chosen = turned.map(|pk| &self.incidents[pk]).filter(|kept| kept.open == open);
        let page: Vec<_> = chosen.by_ref().take(size).collect();
        let next = chosen.next().map(|_| "cursor=cD0x");
        page_of(page.iter().map(|kept| kept.text.as_str()), next)
    }
}

fn added_by_source(incident: &mut Value) {
    for tag in incident["tags"].as_array_mut().into_iter().flatten() {
        tag["added_by"] = json!(SOURCE_USER);
        tag["added_time"] = json!("2026-01-01T00:00:00Z");
    }
}

fn value_in<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query.split('&').find_map(|part| part.strip_prefix(key))
}

fn page_size(query: &str) -> usize {
    value_in(query, "page_size=").and_then(|size| size.parse().ok()).unwrap_or(100)
}

/// The link to the next page only says that there is one: the stub takes no cursor.
fn page_of<'a>(items: impl Iterator<Item = &'a str>, next: Option<&str>) -> String {
    let next = next.map_or("null".to_owned(), |cursor| format!(r#""http://stub/?{cursor}""#));
    let items: Vec<&str> = items.collect();
    format!(r#"{{"next":{next},"previous":null,"results":[{}]}}"#, items.join(","))
}
