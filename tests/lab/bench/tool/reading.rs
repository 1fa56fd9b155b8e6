//! Reads a Zino completely with the program's own code: as the program does it, and one command after the other. Both give the
//! same cases, or it ends.

use crate::{road, seconds};
use std::time::{Duration, Instant};
use zinoargus::secret::Secret;
use zinoargus::sync::errand::{PART, snapshot};
use zinoargus::sync::filter::wants_log;
use zinoargus::zino::ZinoServer;
use zinoargus::zino::session::{Login, Session};

/// Prints how long each took.
pub fn run(host: &str, port: u16, user: &str, secret: &str, delay: Duration) {
    let secret = Secret::new(secret.to_owned());
    let (host, port) = if delay.is_zero() { (host, port) } else { ("127.0.0.1", road::to(host, port, delay)) };
    let login = Login { server: host.to_owned(), port, notify_port: port, user: user.to_owned(), secret };
    let mut session = Session::connect(&login).unwrap();
    let began = Instant::now();
    let mut piped = Vec::new();
    let rest = snapshot(&mut session, PART, |cases| piped.extend(cases)).unwrap();
    piped.extend(rest.cases);
    let pipelined = seconds(began);
    let began = Instant::now();
    let ids = session.case_ids().unwrap();
    let single: Vec<_> = ids.iter().filter_map(|id| session.case(*id, wants_log).unwrap()).collect();
    let sequential = seconds(began);
    assert_eq!(piped, single, "both ways must read the same");
    println!("{}", serde_json::json!({"cases": piped.len(), "pipelined": pipelined, "sequential": sequential}));
}
