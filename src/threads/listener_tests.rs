use super::*;
use crate::progress::Progress;
use std::io::BufRead;
use std::net::Shutdown;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A deadline that only a fault reaches.
const SOON: Duration = Duration::from_secs(20);

struct Running {
    address: SocketAddr,
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        Self::at(address)
    }

    fn at(address: SocketAddr) -> Self {
        let (stop, stopped) = UnixStream::pair().unwrap();
        let board = Board::new(Arc::new(Progress::new(Instant::now())));
        let thread = thread::spawn(move || run(address, &board, &stopped));
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    /// A connection, once the listener listens.
    fn connect(&self) -> TcpStream {
        let until = Instant::now() + SOON;
        loop {
            match TcpStream::connect(self.address) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(SOON)).unwrap();
                    return stream;
                }
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
        }
    }

    /// The first line of the answer; empty if the connection is closed without one.
    fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(request);
        first_line(stream)
    }

    fn end(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

fn first_line(stream: TcpStream) -> String {
    let mut line = String::new();
    let _ = std::io::BufReader::new(stream).read_line(&mut line);
    line.trim_end().to_owned()
}

const METRICS: &[u8] = b"GET /metrics HTTP/1.1\r\n\r\n";

#[test]
fn it_answers_what_it_knows_and_closes_the_rest() {
    let mut running = Running::start();
    for (request, expected) in [
        (METRICS, "HTTP/1.1 200 OK"),
        (b"HEAD /health HTTP/1.1\r\n\r\n", "HTTP/1.1 503 Service Unavailable"),
        (b"GET /secrets HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found"),
        (b"DELETE /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ""),
        (&[b'x'; 64 * 1024], ""),
    ] {
        assert_eq!(running.ask(request), expected, "{}", String::from_utf8_lossy(request.get(..20).unwrap_or(request)));
    }
    running.end();
}

#[test]
fn those_who_hang_are_closed_in_time_and_others_are_answered_meanwhile() {
    let mut running = Running::start();
    let hanging: Vec<TcpStream> = (1..MOST).map(|_| running.connect()).collect();
    let mut dribbling = running.connect();
    dribbling.write_all(b"GET /met").unwrap();
    drop(hanging.into_iter().map(|stream| stream.shutdown(Shutdown::Write)).collect::<Vec<_>>());
    let until = Instant::now() + SOON;
    while running.ask(METRICS) != "HTTP/1.1 200 OK" {
        assert!(Instant::now() < until, "nobody is answered any more");
    }
    assert_eq!(first_line(dribbling), "");
    running.end();
}

#[test]
fn one_connection_too_many_is_closed() {
    let mut running = Running::start();
    let all: Vec<TcpStream> = (0..4 * MOST).map(|_| running.connect()).collect();
    let closed: Vec<String> = all.into_iter().map(first_line).collect();
    assert!(closed.iter().all(String::is_empty));
    assert_eq!(running.ask(METRICS), "HTTP/1.1 200 OK");
    running.end();
}

#[test]
fn an_address_that_is_taken_ends_nothing_and_the_end_waits_for_nobody() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut running = Running::at(taken.local_addr().unwrap());
    running.end();
    let mut running = Running::start();
    let _hanging = running.connect();
    running.end();
}
