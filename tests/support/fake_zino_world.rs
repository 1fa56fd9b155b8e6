//! What the fake Zino knows, and the replies that follow from it. Never touches a socket but to
//! remember it.

use super::{Fault, USER};
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::time::Duration;

#[derive(Debug, Clone, Default)]
pub struct FakeCase {
    pub attrs: Vec<(String, Vec<u8>)>,
    /// Lines as they go on the wire.
    pub history: Vec<Vec<u8>>,
    pub log: Vec<Vec<u8>>,
}

impl FakeCase {
    pub fn attr(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.set(name, value);
        self
    }

    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.attrs.retain(|(known, _)| known != name);
        self.attrs.push((name.to_owned(), value.into()));
    }

    pub fn get(&self, name: &str) -> String {
        let found = self.attrs.iter().find(|(known, _)| known == name);
        String::from_utf8_lossy(&found.unwrap().1).into_owned()
    }
}

#[derive(Debug, Default)]
pub struct World {
    pub cases: BTreeMap<u64, FakeCase>,
    /// A command that begins with this text meets this fault; each fault strikes once.
    pub faults: Vec<(String, Fault)>,
    /// All bytes that came over command connections.
    pub received: Vec<u8>,
    /// As Zino 1: attributes in another order, odd spellings, history not stripped.
    pub zino1: bool,
    /// Lines end in a bare LF.
    pub bare_lf: bool,
    /// Commands that begin so take so long each.
    pub slow: Option<(&'static str, Duration)>,
    /// The replies to commands that came together go out together, once all of them are there.
    pub hoards: bool,
    pub channels: Vec<Channel>,
    pub connections: Vec<TcpStream>,
    /// Goes on by one second with every change.
    clock: u64,
}

#[derive(Debug)]
pub struct Channel {
    pub nonce: String,
    pub stream: TcpStream,
    pub tied: bool,
}

impl World {
    pub fn new() -> Self {
        Self { clock: 1_800_000_000, ..Self::default() }
    }

    pub fn add_port_case(&mut self, id: u64) {
        self.clock += 1;
        let now = self.clock;
        let case = FakeCase {
            history: vec![format!("{now} state change embryonic -> open (monitor)").into()],
            log: vec![format!("{now} gw: changed state from up to down").into()],
            ..FakeCase::default()
        };
        let case = case
            .attr("id", id.to_string())
            .attr("router", format!("r{id}-gw"))
            .attr("type", "portstate")
            .attr("state", "open")
            .attr("opened", now.to_string())
            .attr("priority", "300")
            .attr("port", format!("ge-0/0/{id}"))
            .attr("ifindex", id.to_string())
            .attr("portstate", "down")
            .attr("descr", "NTNU Ålesund, 10G");
        self.cases.insert(id, case);
    }

    pub fn end(&self) -> &'static str {
        if self.bare_lf { "\n" } else { "\r\n" }
    }

    pub fn strikes(&mut self, line: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|(start, _)| line.starts_with(start))?;
        Some(self.faults.remove(at).1)
    }

    pub fn known(&self, id: &str) -> Result<u64, String> {
        let unknown = format!("event \"{id}\" does not exist");
        let id = id.parse().map_err(|_| unknown.clone())?;
        self.cases.contains_key(&id).then_some(id).ok_or(unknown)
    }

    fn multiline(&self, header: &str, lines: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
        let end = self.end().as_bytes();
        let mut bytes = [header.as_bytes(), b", terminated with '.'", end].concat();
        for line in lines {
            bytes.extend(line);
            bytes.extend(end);
        }
        bytes.extend(b".");
        bytes.extend(end);
        bytes
    }

    pub fn case_ids(&self) -> Vec<u8> {
        let open = self.cases.iter().filter(|(_, c)| c.get("state") != "closed");
        let lines = open.map(|(id, _)| id.to_string().into_bytes());
        self.multiline("304 list of active cases follows", lines)
    }

    pub fn read(&self, verb: &str, id: &str) -> Result<Vec<u8>, String> {
        let case = &self.cases[&self.known(id)?];
        let line = |(name, value): &(String, Vec<u8>)| [name.as_bytes(), b": ", value].concat();
        let attrs = case.attrs.iter().map(line);
        Ok(match verb {
            "GETATTRS" if self.zino1 => self.multiline("303 attributes follow", attrs.rev()),
            "GETATTRS" => self.multiline("303 simple attributes follow", attrs),
            "GETHIST" => self.multiline("301 history follows", case.history.iter().cloned()),
            _ => self.multiline("300 log follows", case.log.iter().cloned()),
        })
    }

    pub fn add_history(&mut self, id: u64, text: &[String]) -> bool {
        self.clock += 1;
        let first = format!("{} {USER}", self.clock);
        let zino1 = self.zino1;
        let Some(case) = self.cases.get_mut(&id) else {
            return false;
        };
        case.history.push(first.into());
        for line in text {
            let line = if zino1 { line.as_str() } else { line.trim() };
            case.history.push(format!(" {line}").into());
        }
        true
    }

    pub fn set_state(&mut self, id: u64, state: &str) -> Result<(), String> {
        let states = ["embryonic", "open", "working", "waiting", "confirm-wait", "ignored", "closed"];
        if !states.contains(&state) {
            return Err(format!("state must be one of {}", states.join(", ")));
        }
        self.clock += 1;
        let now = self.clock;
        let case = self.cases.get_mut(&id).unwrap();
        let before = case.get("state");
        if before == "closed" && state != "closed" {
            return Err(format!("Cannot reopen closed event {id}"));
        }
        if before != state {
            case.set("state", state);
            let line = format!("{now} state change {before} -> {state} ({USER})");
            case.history.push(line.into());
        }
        Ok(())
    }
}
