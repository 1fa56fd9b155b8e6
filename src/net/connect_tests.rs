use super::*;
use crate::net::testing::{Silent, refusing};
use std::net::TcpListener;

const LONG: Duration = Duration::from_secs(20);

fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn an_address_that_never_answers_costs_a_quarter_of_a_second() {
    let silent = Silent::new();
    let (_listener, address) = listening();
    let began = Instant::now();
    let stream = connect(&[silent.address, silent.address, address], LONG).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
    assert!(began.elapsed() >= 2 * ATTEMPT_DELAY && began.elapsed() < LONG / 2, "{:?}", began.elapsed());
}

#[test]
fn an_address_that_refuses_costs_nothing_and_the_connection_blocks_as_any_other() {
    use std::io::{Read, Write};
    let (listener, address) = listening();
    let mut stream = connect(&[refusing(), address], LONG).unwrap();
    let mut peer = listener.accept().unwrap().0;
    let reader = std::thread::spawn(move || {
        let mut read = [0; 5];
        stream.read_exact(&mut read).map(|()| read)
    });
    peer.write_all(b"hello").unwrap();
    assert_eq!(&reader.join().unwrap().unwrap(), b"hello");
}

#[test]
fn when_all_refuse_each_says_so_and_nobody_is_waited_for() {
    let one = refusing();
    let failed = connect(&[one], LONG).unwrap_err();
    assert!(!failed.late && failed.to_string().starts_with("Connection refused"), "{failed}");
    let failed = connect(&[one, refusing()], LONG).unwrap_err();
    assert_eq!((failed.tried.len(), failed.late), (2, false));
    assert!(failed.to_string().starts_with("127.0.0.1: Connection refused"), "{failed}");
    assert_eq!(connect(&[], LONG).unwrap_err().to_string(), "no address to connect to");
}

#[test]
fn when_nobody_answers_the_time_is_bounded_and_no_socket_stays() {
    let silent = Silent::new();
    let limit = Duration::from_millis(400);
    let began = Instant::now();
    for _ in 0..5 {
        let failed = connect(&[silent.address; 3], limit).unwrap_err();
        assert_eq!((failed.tried.len(), failed.late), (2, true), "{failed}");
        assert!(failed.to_string().contains("no answer within 400ms"), "{failed}");
    }
    assert!(began.elapsed() < LONG);
    assert_eq!(silent.attempts_under_way(), 0);
}
