use super::*;
use crate::net::library::Failure;
use crate::net::testing::Silent;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const LONG: Duration = Duration::from_secs(20);

/// A name with these addresses, as long as name servers answer.
fn dialer(addresses: Vec<SocketAddr>) -> (Dialer, Arc<AtomicBool>) {
    let answering = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&answering);
    let ask = move |_: &str, _| match asked.load(Ordering::SeqCst) {
        true => Ok(addresses.clone()),
        false => Err(Failure::Unanswered("Try again".to_owned())),
    };
    (Dialer::new(Resolver::new(|_| Vec::new(), ask)), answering)
}

#[test]
fn the_address_that_answered_is_tried_first_the_next_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = Silent::on_port(port);
    let (dialer, _) = dialer(vec![silent.address, listener.local_addr().unwrap()]);
    let began = Instant::now();
    dialer.dial("argus", port, LONG).unwrap();
    assert!(began.elapsed() >= connect::ATTEMPT_DELAY);
    let began = Instant::now();
    for _ in 0..20 {
        dialer.dial("argus", port, LONG).unwrap();
    }
    assert!(began.elapsed() < 20 * connect::ATTEMPT_DELAY, "the dead address is waited for each time");
    drop(listener);
    assert!(dialer.dial("argus", port, Duration::from_millis(600)).is_err());
}

#[test]
fn while_no_name_server_answers_the_addresses_known_before_are_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (dialer, answering) = dialer(vec![listener.local_addr().unwrap()]);
    answering.store(false, Ordering::SeqCst);
    let error = dialer.dial("argus", port, LONG).unwrap_err();
    assert_eq!(error.to_string(), "the name argus could not be looked up: Try again");
    answering.store(true, Ordering::SeqCst);
    dialer.dial("argus", port, LONG).unwrap();
    answering.store(false, Ordering::SeqCst);
    dialer.dial("argus", port, LONG).unwrap();
}

#[test]
fn one_address_is_put_in_front_and_the_others_keep_their_order() {
    let list = |ports: &[u16]| ports.iter().map(|port| SocketAddr::from(([192, 0, 2, 1], *port))).collect::<Vec<_>>();
    let mut addresses = list(&[1, 2, 3, 4]);
    first(&mut addresses, SocketAddr::from(([192, 0, 2, 1], 3)));
    assert_eq!(addresses, list(&[3, 1, 2, 4]));
    first(&mut addresses, SocketAddr::from(([192, 0, 2, 1], 9)));
    assert_eq!(addresses, list(&[3, 1, 2, 4]));
}
