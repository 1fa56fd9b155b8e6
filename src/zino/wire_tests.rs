use super::*;
use std::net::TcpListener;

fn pair() -> (Wire, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let port = Port { server: "127.0.0.1", number: port, key: "zino.port" };
    let wire = Wire::open(&port, &Timeouts::default()).unwrap();
    (wire, listener.accept().unwrap().0)
}

#[test]
#[cfg(target_os = "linux")]
fn a_dead_peer_is_found_within_a_minute() {
    let (wire, _peer) = pair();
    let socket = SockRef::from(wire.reader.get_ref());
    assert!(socket.keepalive().unwrap());
    let silent = socket.tcp_keepalive_time().unwrap();
    let probes = socket.tcp_keepalive_interval().unwrap();
    let times = socket.tcp_keepalive_retries().unwrap();
    assert!(silent + probes * times < Duration::from_secs(60));
    let unacknowledged = socket.tcp_user_timeout().unwrap().unwrap();
    assert!(unacknowledged < Duration::from_secs(60));
}

#[test]
fn a_line_is_cut_at_its_bound_and_a_reply_ends_at_its_own() {
    let (mut wire, mut peer) = pair();
    let writer = std::thread::spawn(move || {
        peer.write_all(b"hello\r\n").unwrap();
        peer.write_all(&vec![b'x'; 3 * MAX_LINE]).unwrap();
        peer.write_all(b"\r\nnext\r\r\nlong").unwrap();
        peer
    });
    assert_eq!(wire.first_line().unwrap(), b"hello");
    let mut bounds = wire.bounds();
    assert_eq!(wire.line(&mut bounds).unwrap().len(), MAX_LINE);
    assert!(bounds.room < MAX_REPLY - 3 * MAX_LINE);
    assert_eq!(wire.line(&mut bounds).unwrap(), b"next");
    bounds.room = LINE_COST + 3;
    assert!(matches!(wire.line(&mut bounds), Err(ZinoError::Protocol(_))));
    drop(writer.join().unwrap());
}

#[test]
fn the_first_line_decides_whether_a_bare_line_feed_ends_a_line() {
    for (sent, first) in [("200 a\r\nb\nc\r\n", "b\nc"), ("200 a\nb\r\nc\n", "b")] {
        let (mut wire, mut peer) = pair();
        peer.write_all(sent.as_bytes()).unwrap();
        assert_eq!(wire.first_line().unwrap(), b"200 a");
        assert_eq!(wire.line(&mut wire.bounds()).unwrap(), first.as_bytes());
    }
}
