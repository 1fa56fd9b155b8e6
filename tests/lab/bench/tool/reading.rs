//! Reads a Zino completely with the program's own code: as the program does it, or one command after the other. Never judges
//! which is better.

use crate::{road, seconds};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};
use zinoargus::config::Filter;
use zinoargus::execute::zino_reads::{PART, snapshot};
use zinoargus::reconcile::filter::wants_log;
use zinoargus::secret::Secret;
use zinoargus::zino::ZinoServer;
use zinoargus::zino::case::Case;
use zinoargus::zino::session::{Login, Session};

/// Prints how long it took, and a digest of what was read: both ways must give the same.
pub fn run(host: &str, port: u16, user: &str, secret: &str, delay: Duration, way: &str) {
    let secret = Secret::new(secret.to_owned());
    let (host, port) = if delay.is_zero() { (host, port) } else { ("127.0.0.1", road::to(host, port, delay)) };
    let login = Login { server: host.to_owned(), port, notify_port: port, user: user.to_owned(), secret };
    let mut session = Session::connect(&login).unwrap();
    let began = Instant::now();
    let cases = match way {
        "pipelined" => pipelined(&mut session),
        _ => sequential(&mut session),
    };
    let seconds = seconds(began);
    let mut digest = DefaultHasher::new();
    format!("{cases:?}").hash(&mut digest);
    let digest = format!("{:016x}", digest.finish());
    println!("{}", serde_json::json!({"cases": cases.len(), "seconds": seconds, "digest": digest}));
}

fn pipelined(session: &mut Session) -> Vec<Case> {
    let mut cases = Vec::new();
    let rest = snapshot(session, PART, &Filter::default(), |part| cases.extend(part)).unwrap();
    cases.extend(rest.cases);
    cases
}

fn sequential(session: &mut Session) -> Vec<Case> {
    let ids = session.case_ids().unwrap();
    ids.iter().filter_map(|id| session.case(*id, &|case| wants_log(case, &Filter::default())).unwrap()).collect()
}
