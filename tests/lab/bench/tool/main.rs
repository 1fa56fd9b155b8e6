//! The bench's own tool: fast stand-ins for both servers, and the plainest possible clients to compare with. Never part of the
//! program, and never judges it: it counts and tells the time.
//!
//! ```text
//! bench_tool serve                                    a stub Zino and a stub Argus, asked by JSON lines on stdin
//! bench_tool request HOST:PORT TOKEN FILE CONNECTIONS  the requests of a file, over so many connections, and nothing else
//! bench_tool snapshot HOST PORT USER SECRET MICROS WAY read a Zino completely, `pipelined` or `sequential`; every byte takes so
//!                                                      long each way
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // whatever goes wrong ends it, and the bench shows it

mod argus;
mod client;
mod http;
mod reading;
mod road;
mod serve;
mod zino;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve"] => serve::serve(),
        ["request", address, token, file, connections] => {
            client::run(address, token, file, connections.parse().unwrap());
        }
        ["snapshot", host, port, user, secret, micros, way] => {
            let delay = Duration::from_micros(micros.parse().unwrap());
            reading::run(host, port.parse().unwrap(), user, secret, delay, way);
        }
        _ => {
            eprintln!("see the first lines of tests/lab/bench/tool/main.rs");
            std::process::exit(64);
        }
    }
}

/// The time of day in seconds, as the bench's other half reads it.
fn wall() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// Seconds since then.
fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
