//! A stub Zino: port cases in memory, its API as far as the program reads it, and notifications as fast as wanted. One thread a
//! connection; nothing is ever refused but unknown cases. Never writes: nobody acts in this half of the bench.

use crate::argus::Expected;
use crate::wall;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The server.
pub struct Zino {
    /// Where it takes commands.
    pub port: u16,
    /// Where it tells what changed.
    pub notify_port: u16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cases: BTreeMap<u64, Case>,
    last: u64,
    channels: Vec<TcpStream>,
    counts: BTreeMap<String, u64>,
    first: Option<f64>,
    last_asked: Option<f64>,
}

struct Case {
    router: String,
    port: u64,
    opened: u64,
    priority: u64,
    closed: Option<u64>,
}

fn epoch() -> u64 {
    wall() as u64
}

impl Zino {
    /// Listens on two free ports.
    pub fn start() -> Arc<Self> {
        let (commands, notifications) = (TcpListener::bind("127.0.0.1:0"), TcpListener::bind("127.0.0.1:0"));
        let (commands, notifications) = (commands.unwrap(), notifications.unwrap());
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let zino = Self { port: port(&commands), notify_port: port(&notifications), state: Mutex::default() };
        let zino = Arc::new(zino);
        let served = Arc::clone(&zino);
        std::thread::spawn(move || {
            for stream in commands.incoming().flatten() {
                served.state.lock().unwrap().first.get_or_insert_with(wall);
                let zino = Arc::clone(&served);
                std::thread::spawn(move || zino.talk(stream));
            }
        });
        let served = Arc::clone(&zino);
        std::thread::spawn(move || {
            for mut stream in notifications.incoming().flatten() {
                let _ = stream.set_nodelay(true);
                let _ = stream.write_all(b"ff1e04b4276bdd7e053b8650b82884839746d70b\r\n");
                served.state.lock().unwrap().channels.push(stream);
            }
        });
        zino
    }

    fn talk(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let mut out = stream.try_clone().unwrap();
        let mut reader = BufReader::with_capacity(1 << 16, stream);
        let mut answers = "200 ff1e04b4276bdd7e053b8650b82884839746d70b Hello\r\n".to_owned();
        let mut line = String::new();
        loop {
            // What was asked together is answered together.
            if !reader.buffer().contains(&b'\n') {
                if out.write_all(answers.as_bytes()).is_err() {
                    return;
                }
                answers.clear();
            }
            line.clear();
            if !matches!(reader.read_line(&mut line), Ok(1..)) {
                return;
            }
            self.state.lock().unwrap().answer(line.trim_end(), &mut answers);
        }
    }

    /// Opens so many port cases, spread over so many routers; gives the highest number.
    pub fn open_many(&self, count: u64, routers: u64) -> u64 {
        let mut state = self.state.lock().unwrap();
        (0..count).for_each(|n| {
            state.open(n % routers.max(1));
        });
        state.last
    }

    /// So many changes over the first cases, each with a new priority and a notification, at this rate; gives the seconds.
    pub fn storm(&self, changes: u64, cases: u64, per_second: u64) -> f64 {
        let began = Instant::now();
        let ids: Vec<u64> = self.state.lock().unwrap().cases.keys().copied().take(cases as usize).collect();
        let mut told = Vec::new();
        for n in 0..changes {
            let id = ids[n as usize % ids.len()];
            self.state.lock().unwrap().cases.get_mut(&id).unwrap().priority = 100 + (n / cases) % 1000;
            told.extend_from_slice(format!("{id} attr priority\r\n").as_bytes());
            let due = Duration::from_secs_f64(n as f64 / per_second.max(1) as f64);
            let early = due.saturating_sub(began.elapsed());
            if !early.is_zero() || told.len() > 8192 {
                self.tell(&told);
                told.clear();
                std::thread::sleep(early);
            }
        }
        self.tell(&told);
        began.elapsed().as_secs_f64()
    }

    /// One case opens, the oldest open one closes, and of the closed ones so many are kept; gives the number of the new one.
    pub fn turn_over(&self, keep_closed: u64) -> u64 {
        let mut told = String::new();
        let new = {
            let mut state = self.state.lock().unwrap();
            let new = state.open(epoch() % 100);
            let _ = write!(told, "{new} state embryonic open\r\n");
            let oldest = state.cases.iter().find(|(_, case)| case.closed.is_none()).map(|(id, _)| *id);
            if let Some(id) = oldest {
                state.cases.get_mut(&id).unwrap().closed = Some(epoch());
                let _ = write!(told, "{id} state open closed\r\n");
            }
            let closed: Vec<u64> = state.cases.iter().filter(|(_, c)| c.closed.is_some()).map(|(id, _)| *id).collect();
            for id in closed.iter().take(closed.len().saturating_sub(keep_closed as usize)) {
                state.cases.remove(id);
                let _ = write!(told, "{id} scavenged \r\n");
            }
            new
        };
        self.tell(told.as_bytes());
        new
    }

    fn tell(&self, bytes: &[u8]) {
        let mut channels: Vec<TcpStream> =
            self.state.lock().unwrap().channels.iter().map(|channel| channel.try_clone().unwrap()).collect();
        for channel in &mut channels {
            // One that is gone hears nothing, as in reality.
            let _ = channel.write_all(bytes);
        }
    }

    /// What Argus should show of the cases.
    pub fn expected(&self) -> Expected {
        let state = self.state.lock().unwrap();
        let of = |(id, case): (&u64, &Case)| (id.to_string(), (case.closed.is_none(), case.priority.to_string()));
        state.cases.iter().map(of).collect()
    }

    /// What was asked so far.
    pub fn stats(&self) -> Value {
        let state = self.state.lock().unwrap();
        json!({"commands": state.counts, "cases": state.cases.len(), "first": state.first, "last": state.last_asked})
    }

    /// Counts from zero again; `client_left` also forgets the channels of clients before.
    pub fn forget_counts(&self, client_left: bool) {
        let mut state = self.state.lock().unwrap();
        state.counts.clear();
        if client_left {
            state.first = None;
            state.channels.clear();
        }
    }
}

impl State {
    fn open(&mut self, router: u64) -> u64 {
        self.last += 1;
        let case = Case {
            router: format!("router{router}-gw"),
            port: self.last,
            // Fifty in a second, as when a router with many ports fails.
            opened: epoch().saturating_sub(600 + self.last / 50),
            priority: 300,
            closed: None,
        };
        self.cases.insert(self.last, case);
        self.last
    }

    fn answer(&mut self, line: &str, out: &mut String) {
        self.last_asked = Some(wall());
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or_default().to_uppercase();
        let (verb, id) = (verb.as_str(), words.next().and_then(|word| word.parse::<u64>().ok()));
        *self.counts.entry(verb.to_owned()).or_default() += 1;
        let case = id.and_then(|id| self.cases.get(&id));
        let _ = match (verb, id, case) {
            ("USER" | "NTIE", ..) => write!(out, "200 ok\r\n"),
            ("VERSION", ..) => write!(out, "200 zino version is 2.5.2\r\n"),
            ("CASEIDS", ..) => {
                out.push_str("304 list of active cases follows, terminated with '.'\r\n");
                for (id, _) in self.cases.iter().filter(|(_, case)| case.closed.is_none()) {
                    let _ = write!(out, "{id}\r\n");
                }
                write!(out, ".\r\n")
            }
            ("GETATTRS", Some(id), Some(case)) => case.attributes(id, out),
            ("GETHIST", _, Some(case)) => case.history(out),
            ("GETLOG", _, Some(case)) => case.log(out),
            _ => write!(out, "500 event \"{}\" does not exist\r\n", id.unwrap_or_default()),
        };
    }
}

impl Case {
    fn attributes(&self, id: u64, out: &mut String) -> std::fmt::Result {
        let Self { router, port, opened, priority, closed } = self;
        let state = if closed.is_some() { "closed" } else { "open" };
        write!(out, "303 simple attributes follow, terminated with '.'\r\n")?;
        write!(out, "id: {id}\r\nrouter: {router}\r\ntype: portstate\r\nstate: {state}\r\nopened: {opened}\r\n")?;
        write!(out, "updated: {opened}\r\npriority: {priority}\r\npolladdr: 192.0.2.1\r\nlasttrans: {opened}\r\n")?;
        write!(
            out,
            "ifindex: {port}\r\nport: ge-0/0/{port}\r\nportstate: down\r\ndescr: a customer, 10G, no. {port}\r\n"
        )?;
        write!(out, "ac-down: 600\r\nflaps: 0\r\nflapstate: stable\r\n")?;
        if let Some(closed) = closed {
            write!(out, "closed: {closed}\r\n")?;
        }
        write!(out, ".\r\n")
    }

    fn history(&self, out: &mut String) -> std::fmt::Result {
        write!(out, "301 history follows, terminated with '.'\r\n")?;
        write!(out, "{} state change embryonic -> open (monitor)\r\n", self.opened)?;
        if let Some(closed) = self.closed {
            write!(out, "{closed} state change open -> closed (monitor)\r\n")?;
        }
        write!(out, ".\r\n")
    }

    fn log(&self, out: &mut String) -> std::fmt::Result {
        let Self { router, port, opened, .. } = self;
        write!(out, "300 log follows, terminated with '.'\r\n")?;
        write!(out, "{opened} {router}: port \"ge-0/0/{port}\" ix {port} changed state from up to down\r\n.\r\n")
    }
}
