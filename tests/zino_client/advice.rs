//! What a person reads when Zino cannot be used: where it was looked for, once, the cause, and what
//! to do about it.

use crate::QUICK;
use crate::fake_zino::FakeZino;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use zinoargus::zino::notify::Notifications;
use zinoargus::zino::session::{Login, Session};

fn login(fake: &FakeZino, server: &str, port: u16) -> Login {
    Login { server: server.to_owned(), port, notify_port: port, ..fake.login.clone() }
}

/// Why neither of the two connections comes about there.
fn why(server: &str, port: u16) -> [String; 2] {
    let fake = FakeZino::start();
    let login = login(&fake, server, port);
    let address = SocketAddr::new(server.parse().unwrap(), port);
    let commands = Session::connect_within(&login, &QUICK).map(drop).unwrap_err().to_string();
    let notifications = Notifications::connect_within(&login, address, &QUICK).map(drop).unwrap_err().to_string();
    [commands, notifications]
}

/// A server that says this to whoever comes, and nothing more.
fn saying(greeting: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            // The client may be gone already.
            let _ = stream.write_all(greeting);
            held.push(stream);
        }
    });
    address
}

#[test]
fn the_place_is_named_once_and_as_people_write_it() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (server, place) in [("127.0.0.1", format!("127.0.0.1:{free}")), ("::1", format!("[::1]:{free}"))] {
        for (why, key) in why(server, free).into_iter().zip(["zino.port", "zino.notify_port"]) {
            assert_eq!(why, format!("{place}: nothing listens there: is Zino running, and is {key} right?"));
        }
    }
}

#[test]
fn a_name_without_an_address_asks_for_the_name() {
    let login = login(&FakeZino::start(), "zino.invalid", 9);
    let why = Session::connect_within(&login, &QUICK).map(drop).unwrap_err().to_string();
    // Without a name server nobody can tell whether there is such a name.
    let advice = [": is zino.server right?", ": does this host's name server answer?"];
    let words = why.strip_prefix("zino.invalid:9: the name ").unwrap_or_default();
    assert!(advice.iter().any(|advice| words.ends_with(advice)) || words.contains("/etc/resolv.conf"), "{why}");
}

#[test]
fn a_server_that_is_no_zino_is_called_that() {
    let address = saying(b"SSH-2.0-OpenSSH_9.2p1\r\n");
    for (why, key) in why("127.0.0.1", address.port()).into_iter().zip(["zino.port", "zino.notify_port"]) {
        let expected = format!("{address}: not the greeting of a Zino (SSH-2.0-OpenSSH_9.2p1): is {key} right?");
        assert_eq!(why, expected);
    }
}

#[test]
fn the_two_ports_the_wrong_way_round_are_called_that() {
    let fake = FakeZino::start();
    let swapped = Login { port: fake.login.notify_port, notify_port: fake.login.port, ..fake.login.clone() };
    for why in [
        Session::connect_within(&swapped, &QUICK).map(drop).unwrap_err().to_string(),
        Notifications::connect_within(&swapped, SocketAddr::from(([127, 0, 0, 1], swapped.notify_port)), &QUICK)
            .map(drop)
            .unwrap_err()
            .to_string(),
    ] {
        assert!(why.contains("are zino.port and zino.notify_port the wrong way round?"), "{why}");
    }
}

#[test]
fn a_server_that_says_nothing_is_called_silent() {
    let address = saying(b"");
    for why in why("127.0.0.1", address.port()) {
        assert!(why.starts_with(&format!("{address}: connected, but nothing came within 300ms: ")), "{why}");
    }
}
