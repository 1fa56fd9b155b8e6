//! Against a real Zino, on request.

use crate::{always, never};
use std::time::{Duration, Instant};
use zinoargus::secret::Secret;
use zinoargus::zino::ZinoServer;
use zinoargus::zino::case::{Case, CaseState};
use zinoargus::zino::notify::Notifications;
use zinoargus::zino::session::{Login, Session};

/// Against the Zino at `ZINO_ADDR` (host:port:notify_port:user:secret): every case reads the same
/// alone and pipelined, and the time of both is printed. Case 1 is written to.
#[test]
#[ignore = "needs a real Zino"]
fn a_real_zino_reads_the_same_alone_and_pipelined() {
    let address = std::env::var("ZINO_ADDR").unwrap();
    let parts: Vec<&str> = address.splitn(5, ':').collect();
    let login = Login {
        server: parts[0].to_owned(),
        port: parts[1].parse().unwrap(),
        notify_port: parts[2].parse().unwrap(),
        user: parts[3].to_owned(),
        secret: Secret::new(parts[4].to_owned()),
    };
    let mut session = Session::connect(&login).unwrap();
    let address = session.notify_address(login.notify_port).unwrap();
    let (mut channel, nonce) = Notifications::connect(&login, address).unwrap();
    session.tie(&nonce).unwrap();
    let ids = session.case_ids().unwrap();
    for count in [300, ids.len()] {
        let ids = &ids[..count.min(ids.len())];
        let started = Instant::now();
        let pipelined = session.cases(ids, &always).unwrap();
        let together = started.elapsed();
        let alone = ids.iter().map(|&id| session.case(id, &always).unwrap().unwrap());
        let alone: Vec<Case> = alone.collect();
        let one_by_one = started.elapsed() - together;
        assert_eq!(pipelined, alone);
        println!("{} cases: {together:?} pipelined, {one_by_one:?} one by one", ids.len());
    }
    let with_unknown: Vec<u64> = ids.iter().copied().chain([9_999_999]).collect();
    assert_eq!(session.cases(&with_unknown, &never).unwrap().len(), ids.len());
    assert_eq!(session.case(9_999_999, &never), Ok(None));

    let text = "å\n.\nSETSTATE 2 closed\u{2028}x\u{1f}\0\u{b}\u{85}..\r  y \t\r\n\r\n . ";
    session.add_history(1, text).unwrap();
    session.set_state(1, &CaseState::Working).unwrap();
    let case = session.case(1, &never).unwrap().unwrap();
    let entry = case.history.iter().rev().find(|e| e.author().is_some()).unwrap();
    let stripped: Vec<String> = entry.lines.iter().map(|l| l.trim().to_owned()).collect();
    assert_eq!(stripped, zinoargus::zino::entry::stored_lines(text));
    assert_eq!(case.state, CaseState::Working);
    assert_eq!(session.case_ids().unwrap(), ids);
    let notices = channel.poll(Duration::from_secs(5)).unwrap();
    assert!(notices.iter().any(|notice| notice.id == 1));
}
