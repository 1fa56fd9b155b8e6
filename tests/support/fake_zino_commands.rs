//! The command connections of the fake Zino: what it answers, and what a fault does to the answer.
//! Never knows a case: that is the world's.

use super::world::{Channel, World};
use super::{CHALLENGE, Fault, USER, digest};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// One command connection.
struct Conversation {
    logged_in: bool,
    nonce: Option<String>,
    /// The case whose history is being written, and the lines so far.
    writing: Option<(u64, Vec<String>)>,
}

/// What one command brings.
struct Answer {
    /// Refusals overtake replies; the end of a broken reply comes after all of them.
    rank: u8,
    bytes: Vec<u8>,
}

pub fn serve_commands(mut stream: TcpStream, world: &Mutex<World>) {
    let mut conversation = Conversation { logged_in: false, nonce: None, writing: None };
    let greeting = format!("200 {CHALLENGE} Hello, there{}", world.lock().unwrap().end());
    let _ = stream.write_all(greeting.as_bytes());
    let mut pending = Vec::new();
    let mut chunk = [0; 65536];
    while let Ok(n @ 1..) = stream.read(&mut chunk) {
        pending.extend_from_slice(&chunk[..n]);
        world.lock().unwrap().received.extend_from_slice(&chunk[..n]);
        if !conversation.hear(&mut pending, &mut stream, world) {
            break;
        }
    }
    conversation.say_goodbye(world);
    let _ = stream.shutdown(Shutdown::Both);
}

/// Does what the fault does to this answer; false if nothing of it is to be sent any more.
fn spoil(fault: Fault, answer: &mut Vec<Answer>, out: &mut TcpStream) -> bool {
    match fault {
        Fault::Stall => {
            // Until the client gives up.
            while matches!(out.read(&mut [0; 1024]), Ok(1..)) {}
            return false;
        }
        Fault::Cut | Fault::LoseReply => return false,
        Fault::CutMidReply => {
            let half = answer.iter().map(|a| a.bytes.len()).sum::<usize>() / 2;
            answer[0].bytes.truncate(half);
        }
        Fault::EndlessLine => {
            while out.write_all(&[b'x'; 65536]).is_ok() {}
            return false;
        }
        Fault::Drip => {
            while out.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(50));
            }
            return false;
        }
        Fault::Babble => {
            while out.write_all(b"what was the question?\r\n").is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
            return false;
        }
        Fault::Break => {
            let kept = answer[0].bytes.len() - b".\r\n".len();
            answer[0].bytes.truncate(kept);
            let bytes = b"500 internal error\r\n".to_vec();
            answer.push(Answer { rank: 2, bytes });
        }
        Fault::Say(bytes) => *answer = vec![Answer { rank: 1, bytes }],
    }
    true
}

impl Conversation {
    /// Answers all whole lines of what has come; false if the connection is to end.
    fn hear(&mut self, pending: &mut Vec<u8>, out: &mut TcpStream, world: &Mutex<World>) -> bool {
        let mut answers = Vec::new();
        let mut prompted = None;
        let mut go_on = true;
        while let Some(end) = pending.iter().position(|&b| b == b'\n').filter(|_| go_on) {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            let fault = world.lock().unwrap().strikes(line);
            if matches!(fault, Some(Fault::Cut)) {
                return false;
            }
            let mut answer = self.answer(line, &mut prompted, &mut world.lock().unwrap());
            go_on = !matches!(fault, Some(Fault::CutMidReply));
            if fault.is_some_and(|fault| !spoil(fault, &mut answer, out)) {
                return false;
            }
            let (slow, hoards) = {
                let world = world.lock().unwrap();
                (world.slow, world.hoards)
            };
            if let Some((_, each)) = slow.filter(|(start, _)| line.starts_with(start)) {
                thread::sleep(each);
            }
            match hoards || prompted.is_some() || slow.is_none() {
                true => answers.extend(answer),
                false => go_on &= answer.iter().all(|answer| out.write_all(&answer.bytes).is_ok()),
            }
        }
        if prompted.is_some() {
            self.writing = prompted.map(|id| (id, Vec::new()));
        }
        answers.sort_by_key(|answer| answer.rank);
        let bytes: Vec<u8> = answers.into_iter().flat_map(|a| a.bytes).collect();
        out.write_all(&bytes).is_ok() && go_on
    }

    fn answer(&mut self, line: &str, prompted: &mut Option<u64>, world: &mut World) -> Vec<Answer> {
        let end = world.end();
        if let Some((id, text)) = &mut self.writing {
            if line != "." {
                text.push(line.to_owned());
                return Vec::new();
            }
            let outcome = world.add_history(*id, text);
            self.writing = None;
            let text = if outcome { "200 ok" } else { "500 internal error" };
            let bytes = format!("{text}{end}").into_bytes();
            return vec![Answer { rank: 1, bytes }];
        }
        if line.is_empty() {
            return Vec::new();
        }
        let (rank, bytes) = match self.obey(line, prompted, world) {
            Ok(bytes) => (1, bytes),
            Err(why) => (0, format!("500 {why}{end}").into_bytes()),
        };
        vec![Answer { rank, bytes }]
    }

    fn obey(&mut self, line: &str, prompted: &mut Option<u64>, world: &mut World) -> Result<Vec<u8>, String> {
        let words: Vec<&str> = line.split(' ').collect();
        let verb = words[0].to_uppercase();
        let end = world.end();
        let ok = |text: &str| Ok(format!("{text}{end}").into_bytes());
        match (verb.as_str(), words.get(1)) {
            ("USER", Some(user)) => {
                if *user != USER {
                    return Err("no such user".to_owned());
                }
                if words.get(2) != Some(&digest().as_str()) {
                    return Err("Authentication failure".to_owned());
                }
                self.logged_in = true;
                ok("200 ok")
            }
            ("VERSION", _) => ok("200 zino version is 2.5.2"),
            _ if !self.logged_in => Err("Not authenticated".to_owned()),
            ("NTIE", Some(nonce)) => {
                let mut channels = world.channels.iter_mut();
                let Some(channel) = channels.find(|c| c.nonce == *nonce) else {
                    return Err("Could not find your notify socket".to_owned());
                };
                channel.tied = true;
                self.nonce = Some((*nonce).to_owned());
                ok("200 ok")
            }
            ("CASEIDS", _) => Ok(world.case_ids()),
            ("GETATTRS" | "GETHIST" | "GETLOG", Some(id)) => world.read(&verb, id),
            ("ADDHIST", Some(id)) => {
                *prompted = Some(world.known(id)?);
                ok(match world.zino1 {
                    true => "302 please provide new history entry, termiate with '.'",
                    false => "302 please provide new history entry, terminate with '.'",
                })
            }
            ("SETSTATE", Some(id)) => {
                let id = world.known(id)?;
                world.set_state(id, words.get(2).copied().unwrap_or_default())?;
                ok("200 ok")
            }
            _ => Err(format!("unknown command: \"{line}\"")),
        }
    }

    fn say_goodbye(&self, world: &Mutex<World>) {
        let mut world = world.lock().unwrap();
        let ours = |channel: &Channel| Some(&channel.nonce) == self.nonce.as_ref();
        for channel in world.channels.iter_mut().filter(|c| ours(c)) {
            let farewell = b"Normal quit from client, closing down\r\n";
            let _ = channel.stream.write_all(farewell);
            let _ = channel.stream.shutdown(Shutdown::Both);
        }
    }
}
