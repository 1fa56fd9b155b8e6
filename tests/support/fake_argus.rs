//! A scriptable HTTP/1.1 server on loopback that plays Argus, or whatever may stand where Argus
//! should be.
//!
//! A handler decides what happens to each request; the server records all of them, and the
//! connections they came on. Never checks anything by itself.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What happens to one request.
#[derive(Clone)]
pub enum Act {
    /// These bytes, and the connection stays.
    Answer(Vec<u8>),
    /// These bytes, and the connection closes.
    AnswerAndClose(Vec<u8>),
    /// These bytes, and then the filler for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, and then one more every 20 ms for ever.
    Drip(Vec<u8>),
    /// These bytes after so long, and the connection stays.
    Late(Duration, Vec<u8>),
    /// The connection closes without a word: the reply is lost.
    Close,
    /// No answer for as long as the client stays.
    Stall,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which connection, from 0.
    pub connection: usize,
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Handler = dyn Fn(&Seen) -> Act + Send + Sync;

/// How a server behaves apart from its answers.
#[derive(Clone, Default)]
pub struct Manners {
    /// A connection without a request for so long is closed.
    pub idle: Option<Duration>,
    /// Accepts connections and closes them before it reads.
    pub slams: bool,
    /// Accepts connections and never reads.
    pub deaf: bool,
    /// Speaks TLS with this certificate and key.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Waits so long before it does anything with a connection.
    pub tarries: Duration,
}

struct Shared {
    handler: Box<Handler>,
    manners: Manners,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    closed: AtomicUsize,
    stop: AtomicBool,
}

/// The server; it stops when it is dropped.
pub struct FakeArgus {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl FakeArgus {
    /// A server that answers by a handler.
    pub fn new(handler: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::with(Manners::default(), handler)
    }

    /// A server that answers everything alike.
    pub fn always(act: Act) -> Self {
        Self::new(move |_| act.clone())
    }

    pub fn with(manners: Manners, handler: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            manners,
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let inner = Arc::clone(&shared);
        let accepting = Some(std::thread::spawn(move || accept(&listener, &inner)));
        Self { address, shared, accepting }
    }

    /// The address of its API.
    pub fn url(&self) -> String {
        let scheme = if self.shared.manners.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/api/v2/", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are over.
    pub fn wait_for_closed(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.shared.closed.load(Ordering::SeqCst) < count {
            assert!(Instant::now() < deadline, "the connections stay open");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for FakeArgus {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// A whole answer with Content-Length.
pub fn answer(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// A JSON answer that keeps the connection.
pub fn json(status: &str, body: &str) -> Act {
    Act::Answer(answer(status, "application/json", body))
}

/// A page of HTML.
pub fn html(status: &str, title: &str) -> Act {
    let body = format!("<!doctype html><html><head><title>{title}</title></head><body>x</body></html>");
    Act::Answer(answer(status, "text/html", &body))
}

/// A redirect.
pub fn redirect(status: &str, to: &str) -> Act {
    Act::Answer(format!("HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes())
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    while let Ok((socket, _)) = listener.accept() {
        if shared.stop.load(Ordering::SeqCst) {
            break;
        }
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(shared);
        threads.push(std::thread::spawn(move || {
            serve(socket, number, &shared);
            shared.closed.fetch_add(1, Ordering::SeqCst);
        }));
    }
    threads.into_iter().for_each(|thread| drop(thread.join()));
}

fn serve(socket: TcpStream, number: usize, shared: &Shared) {
    if shared.manners.slams {
        let _ = socket.shutdown(Shutdown::Both);
        return;
    }
    std::thread::sleep(shared.manners.tarries);
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    socket.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.set_nodelay(true).unwrap();
    match &shared.manners.tls {
        None => talk(socket, number, shared),
        Some(config) => {
            let session = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
            talk(rustls::StreamOwned::new(session, socket), number, shared);
        }
    }
}

fn talk(mut stream: impl Read + Write, number: usize, shared: &Shared) {
    while let Some(seen) = read_request(&mut stream, number, shared) {
        let act = (shared.handler)(&seen);
        shared.seen.lock().unwrap().push(seen);
        if !perform(&mut stream, act, shared) {
            return;
        }
    }
}

/// Whether the connection goes on.
fn perform(stream: &mut (impl Read + Write), act: Act, shared: &Shared) -> bool {
    match act {
        Act::Answer(bytes) => stream.write_all(&bytes).and_then(|()| stream.flush()).is_ok(),
        Act::AnswerAndClose(bytes) => {
            let _ = stream.write_all(&bytes).and_then(|()| stream.flush());
            false
        }
        Act::Endless(start, filler) => {
            let mut next = start;
            while !shared.stop.load(Ordering::SeqCst) && stream.write_all(&next).is_ok() {
                next.clone_from(&filler);
            }
            false
        }
        Act::Drip(mut next) => {
            while !shared.stop.load(Ordering::SeqCst) && stream.write_all(&next).and_then(|()| stream.flush()).is_ok() {
                next = vec![b' '];
                std::thread::sleep(Duration::from_millis(20));
            }
            false
        }
        Act::Late(pause, bytes) => {
            let due = Instant::now() + pause;
            while Instant::now() < due && !shared.stop.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(10));
            }
            stream.write_all(&bytes).and_then(|()| stream.flush()).is_ok()
        }
        Act::Close => false,
        Act::Stall => {
            let _ = more(stream, &mut Vec::new(), shared, None);
            false
        }
    }
}

/// Waits for more bytes; false at the end of the connection, the server or the patience.
fn more(stream: &mut impl Read, into: &mut Vec<u8>, shared: &Shared, patience: Option<Duration>) -> bool {
    let started = Instant::now();
    let mut buffer = [0; 65536];
    loop {
        if shared.stop.load(Ordering::SeqCst) || patience.is_some_and(|patience| started.elapsed() > patience) {
            return false;
        }
        if shared.manners.deaf {
            std::thread::sleep(Duration::from_millis(10));
            continue;
        }
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(n) => {
                into.extend_from_slice(&buffer[..n]);
                return true;
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(_) => return false,
        }
    }
}

fn read_request(stream: &mut impl Read, connection: usize, shared: &Shared) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let patience = shared.manners.idle.filter(|_| bytes.is_empty());
        if !more(stream, &mut bytes, shared, patience) {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let split = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()));
    let headers: Vec<_> = lines.filter_map(split).collect();
    let mut seen = Seen { connection, method, target, headers, body: String::new() };
    let length = seen.header("content-length").map_or(0, |text| text.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if !more(stream, &mut bytes, shared, None) {
            return None;
        }
    }
    seen.body = String::from_utf8(bytes[head_end + 4..head_end + 4 + length].to_vec()).unwrap();
    Some(seen)
}
