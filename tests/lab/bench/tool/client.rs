//! The barest HTTP client: sends the requests of a file over so many connections, one after the other on each, and reads the
//! answers without looking into them. What nothing can beat that sends the same.

use crate::http::Wire;
use crate::seconds;
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Sends every line of the file, `METHOD PATH BODY`, and prints how long it took and what came back.
pub fn run(address: &str, token: &str, file: &str, connections: usize) {
    let text = std::fs::read_to_string(file).unwrap();
    let requests: Vec<Vec<u8>> = text.lines().map(|line| request(line, address, token)).collect();
    let (next, answers) = (AtomicUsize::new(0), Mutex::new(BTreeMap::<String, usize>::new()));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut wire = None;
                while let Some(bytes) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let status = ask(&mut wire, address, bytes);
                    *answers.lock().unwrap().entry(status).or_default() += 1;
                }
            });
        }
    });
    let took = seconds(began);
    println!(
        "{}",
        serde_json::json!({"seconds": took, "requests": requests.len(), "answers": *answers.lock().unwrap()})
    );
}

fn request(line: &str, address: &str, token: &str) -> Vec<u8> {
    let mut words = line.splitn(3, ' ');
    let (method, path, body) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Token {token}\r\n");
    format!(
        "{head}Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Sends one request, over a new connection if the last one has ended; gives the status.
fn ask(wire: &mut Option<Wire>, address: &str, bytes: &[u8]) -> String {
    for _ in 0..2 {
        let open = wire.get_or_insert_with(|| Wire::new(TcpStream::connect(address).unwrap()));
        if open.send(bytes)
            && let Some(answer) = open.read()
        {
            if answer.last {
                *wire = None;
            }
            return answer.start.split(' ').nth(1).unwrap_or_default().to_owned();
        }
        *wire = None;
    }
    "lost".to_owned()
}
