//! A scriptable Zino on loopback: real sockets and threads, an in-memory world, and faults on demand. Never decides
//! whether a test passes.
//!
//! It answers as Zino 2.5.2 does, in particular when commands are pipelined: a refusal overtakes the replies of its
//! batch, a reply that breaks halfway gets its `500 internal error` after them, and text sent before the 302 is run as commands.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)] // each test uses a part of it

use sha1::{Digest, Sha1};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;
use zinoargus::secret::Secret;
use zinoargus::zino::session::Login;

#[path = "fake_zino_world.rs"]
pub mod world;
use world::{Channel, World};

pub const USER: &str = "testuser";
pub const SECRET: &str = "s3 crét";
const CHALLENGE: &str = "ff1e04b4276bdd7e053b8650b82884839746d70b";

/// The answer to the challenge of each of its connections.
pub fn digest() -> String {
    let digest = Sha1::digest(format!("{CHALLENGE} {SECRET}"));
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// What goes wrong with one command.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Executed, but neither it nor anything after it is answered.
    Stall,
    /// The connection ends, nothing is executed.
    Cut,
    /// Executed, then the connection ends without an answer.
    LoseReply,
    /// Executed, then the connection ends in the middle of the answer.
    CutMidReply,
    /// The answer is one line without end, until the client goes away.
    EndlessLine,
    /// The answer is one line without end, a byte every now and then, so that it never stands still.
    Drip,
    /// The answer is line after line that is no answer, for as long as the client stays.
    Babble,
    /// The answer ends in `500 internal error` instead of its last line.
    Break,
    /// These bytes instead of the answer.
    Say(Vec<u8>),
}

/// The running server; it ends when this is dropped.
pub struct FakeZino {
    world: Arc<Mutex<World>>,
    stop: Arc<AtomicBool>,
    pub login: Login,
}

impl FakeZino {
    pub fn start() -> Self {
        let world = Arc::new(Mutex::new(World::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let port = listen(&world, &stop, serve_commands);
        let notify_port = listen(&world, &stop, serve_notifications);
        let login = Login {
            server: "127.0.0.1".to_owned(),
            port,
            notify_port,
            user: USER.to_owned(),
            secret: Secret::new(SECRET.to_owned()),
        };
        Self { world, stop, login }
    }

    /// With so many open portstate cases, numbered from 1.
    pub fn with_cases(count: u64) -> Self {
        let fake = Self::start();
        (1..=count).for_each(|id| fake.add_port_case(id));
        fake
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub fn add_port_case(&self, id: u64) {
        self.world().add_port_case(id);
    }

    /// The next command that begins so meets this fault.
    pub fn fault(&self, command: &str, fault: Fault) {
        self.world().faults.push((command.to_owned(), fault));
    }

    /// What came over command connections, as lines; whatever belongs to the login is left out.
    pub fn received(&self) -> Vec<String> {
        let bytes = self.world().received.clone();
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.split_terminator('\n').map(|l| l.trim_end_matches('\r'));
        let kept = lines.filter(|line| !line.starts_with("USER "));
        kept.map(str::to_owned).collect()
    }

    /// Sends bytes on all tied notification channels.
    pub fn notify(&self, bytes: impl AsRef<[u8]>) {
        for channel in self.world().channels.iter_mut().filter(|c| c.tied) {
            // A channel that is gone hears nothing, as in reality.
            let _ = channel.stream.write_all(bytes.as_ref());
        }
    }

    /// Ends all connections, as a crash would.
    pub fn cut_all(&self) {
        let mut world = self.world();
        for stream in world.connections.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        world.channels.clear();
    }
}

impl Drop for FakeZino {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Ok(mut world) = self.world.lock() {
            for stream in world.connections.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

fn listen(world: &Arc<Mutex<World>>, stop: &Arc<AtomicBool>, serve: fn(TcpStream, &Mutex<World>)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let (world, stop) = (Arc::clone(world), Arc::clone(stop));
    thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    let copy = stream.try_clone().unwrap();
                    world.lock().unwrap().connections.push(copy);
                    let world = Arc::clone(&world);
                    thread::spawn(move || serve(stream, &world));
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(2));
                }
                Err(_) => return,
            }
        }
    });
    port
}

fn serve_notifications(mut stream: TcpStream, world: &Mutex<World>) {
    let nonce = {
        let mut world = world.lock().unwrap();
        let nonce = format!("{:040x}", 0xabc + world.channels.len());
        let channel = Channel { nonce: nonce.clone(), stream: stream.try_clone().unwrap(), tied: false };
        world.channels.push(channel);
        nonce
    };
    let _ = stream.write_all(format!("{nonce}\r\n").as_bytes());
    // Input is ignored until the client leaves.
    while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
}

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

fn serve_commands(mut stream: TcpStream, world: &Mutex<World>) {
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

impl Conversation {
    /// Answers all whole lines of what has come; false if the connection is to end.
    fn hear(&mut self, pending: &mut Vec<u8>, out: &mut TcpStream, world: &Mutex<World>) -> bool {
        let mut answers = Vec::new();
        let mut prompted = None;
        let mut go_on = true;
        while let Some(end) = pending.iter().position(|&b| b == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            let fault = world.lock().unwrap().strikes(line);
            if matches!(fault, Some(Fault::Cut)) {
                return false;
            }
            let mut answer = self.answer(line, &mut prompted, &mut world.lock().unwrap());
            match fault {
                Some(Fault::Stall) => {
                    // Until the client gives up.
                    while matches!(out.read(&mut [0; 1024]), Ok(1..)) {}
                    return false;
                }
                Some(Fault::LoseReply) => return false,
                Some(Fault::CutMidReply) => {
                    let half = answer.iter().map(|a| a.bytes.len()).sum::<usize>() / 2;
                    answer[0].bytes.truncate(half);
                    go_on = false;
                }
                Some(Fault::EndlessLine) => {
                    while out.write_all(&[b'x'; 65536]).is_ok() {}
                    return false;
                }
                Some(Fault::Drip) => {
                    while out.write_all(b"x").is_ok() {
                        thread::sleep(Duration::from_millis(50));
                    }
                    return false;
                }
                Some(Fault::Babble) => {
                    while out.write_all(b"what was the question?\r\n").is_ok() {
                        thread::sleep(Duration::from_millis(5));
                    }
                    return false;
                }
                Some(Fault::Break) => {
                    let kept = answer[0].bytes.len() - b".\r\n".len();
                    answer[0].bytes.truncate(kept);
                    let bytes = b"500 internal error\r\n".to_vec();
                    answer.push(Answer { rank: 2, bytes });
                }
                Some(Fault::Say(bytes)) => answer = vec![Answer { rank: 1, bytes }],
                Some(Fault::Cut) | None => {}
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
            if !go_on {
                break;
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
