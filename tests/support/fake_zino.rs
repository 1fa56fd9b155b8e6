//! A scriptable Zino on loopback: real sockets and threads, an in-memory world, and faults on
//! demand. Never decides whether a test passes.
//!
//! It answers as Zino 2.5.2 does, in particular when commands are pipelined: a refusal overtakes
//! the replies of its batch, a reply that breaks halfway gets its `500 internal error` after them,
//! and text sent before the 302 is run as commands.
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

#[path = "fake_zino_commands.rs"]
mod commands;
#[path = "fake_zino_world.rs"]
pub mod world;
use commands::serve_commands;
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
    /// The answer is one line without end, a byte every now and then, so that it never stands
    /// still.
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
