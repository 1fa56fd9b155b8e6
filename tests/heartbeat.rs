//! The heartbeat against an agent on loopback that answers as it is told: every way in which an answer can be missing is a
//! failed ping with its reason, and never takes longer than the time-out.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crossbeam_channel::{Receiver, unbounded};
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};
use zinoargus::heartbeat::{Pinger, Target};
use zinoargus::machine::Input;
use zinoargus::secret::Secret;
use zinoargus::threads::Wake;
use zinoargus::threads::heartbeat::{self, Setup};

const TIMEOUT: Duration = Duration::from_millis(300);
/// How much longer than the time-out a ping may take on a machine that has other things to do.
const SLACK: Duration = Duration::from_millis(150);

/// What the agent does with the bytes of a question, which end in a NULL.
type Answer = fn(&UdpSocket, &[u8], SocketAddr);

/// An agent for as many questions as there are answers.
fn agent(answers: Vec<Answer>) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        for answer in answers {
            let mut question = [0; 2048];
            let (length, from) = socket.recv_from(&mut question).unwrap();
            answer(&socket, &question[..length], from);
        }
        // The port stays taken: nobody answers, but somebody listens.
        thread::sleep(Duration::from_secs(20));
    });
    port
}

/// Zino's answer to a question with a short community: 28 s.
fn answer_to(question: &[u8]) -> Vec<u8> {
    let mut reply = question.to_vec();
    let get = reply.iter().position(|byte| *byte == 0xa0).unwrap();
    reply[get] = 0xa2;
    for length in [1, get + 1, get + 15, get + 17] {
        reply[length] += 1;
    }
    reply.truncate(reply.len() - 2);
    reply.extend([0x41, 1, 28]);
    reply
}

fn fine(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    socket.send_to(&answer_to(question), from).unwrap();
}

fn changed(socket: &UdpSocket, question: &[u8], from: SocketAddr, change: impl Fn(&mut Vec<u8>)) {
    let mut reply = answer_to(question);
    change(&mut reply);
    socket.send_to(&reply, from).unwrap();
}

fn silent(_: &UdpSocket, _: &[u8], _: SocketAddr) {}

fn garbled(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(socket, question, from, |reply| reply[1] = 0x84);
}

fn of_another_question(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(socket, question, from, |reply| reply[18] ^= 1);
}

fn error_status(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(socket, question, from, |reply| reply[23] = 6);
}

fn text(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(socket, question, from, |reply| {
        let tag = reply.len() - 3;
        reply[tag] = 0x04;
    });
}

fn from_another_port(_: &UdpSocket, question: &[u8], from: SocketAddr) {
    fine(&UdpSocket::bind("127.0.0.1:0").unwrap(), question, from);
}

fn from_another_address(_: &UdpSocket, question: &[u8], from: SocketAddr) {
    fine(&UdpSocket::bind("127.0.0.2:0").unwrap(), question, from);
}

fn too_late(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    thread::sleep(TIMEOUT + SLACK);
    fine(socket, question, from);
}

fn a_little_late(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    thread::sleep(TIMEOUT / 3);
    fine(socket, question, from);
}

fn foreign_ones_first(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    for _ in 0..50 {
        socket.send_to(b"", from).unwrap();
        garbled(socket, question, from);
        of_another_question(socket, question, from);
    }
    fine(socket, question, from);
}

/// Foreign datagrams for longer than the time-out.
fn chatter(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    for _ in 0..100 {
        of_another_question(socket, question, from);
        thread::sleep(TIMEOUT / 50);
    }
}

fn pinger(server: &str, port: u16) -> Pinger {
    let community = Secret::new("public".to_owned());
    Pinger::new(Target { server: server.to_owned(), port, community, timeout: TIMEOUT })
}

/// Pings once; within the time-out, whatever comes of it.
fn ping(pinger: &mut Pinger) -> Result<u64, String> {
    let began = Instant::now();
    let answer = pinger.ping();
    let took = began.elapsed();
    assert!(took < TIMEOUT + SLACK, "{took:?}");
    if let Err(why) = &answer {
        assert!(!why.contains("public"), "{why}");
    }
    answer
}

#[test]
fn a_good_answer_is_the_uptime() {
    for answer in [fine as Answer, a_little_late, foreign_ones_first] {
        assert_eq!(ping(&mut pinger("127.0.0.1", agent(vec![answer]))), Ok(28));
    }
}

#[test]
fn everything_else_is_a_failed_ping_that_says_why() {
    let silence = "no answer within 300ms";
    for (answer, expected) in [
        (silent as Answer, silence.to_owned()),
        (too_late, silence.to_owned()),
        (from_another_port, silence.to_owned()),
        (from_another_address, silence.to_owned()),
        (garbled, format!("{silence}, but a datagram that is not SNMP came (ASN.1 invalid length)")),
        (of_another_question, format!("{silence}, but an answer to another question came")),
        (chatter, format!("{silence}, but an answer to another question came")),
        (error_status, "the agent answers with error noAccess".to_owned()),
        (text, "the agent answers with something that is not a number".to_owned()),
    ] {
        let port = agent(vec![answer]);
        assert_eq!(ping(&mut pinger("127.0.0.1", port)), Err(format!("127.0.0.1:{port}: {expected}")));
    }
}

#[test]
fn an_answer_that_comes_too_late_is_not_the_next_ones() {
    let mut pinger = pinger("127.0.0.1", agent(vec![too_late, silent, fine]));
    assert!(ping(&mut pinger).is_err());
    thread::sleep(SLACK * 2);
    assert!(ping(&mut pinger).is_err());
    assert_eq!(ping(&mut pinger), Ok(28));
}

#[test]
fn a_port_where_nobody_listens_is_told_at_once() {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let began = Instant::now();
    assert_eq!(ping(&mut pinger("127.0.0.1", port)), Err(format!("127.0.0.1:{port}: nothing listens there")));
    assert!(began.elapsed() < TIMEOUT);
}

#[test]
fn a_name_is_asked_at_all_its_addresses() {
    // Where localhost is also ::1, that one is refused or silent.
    assert_eq!(ping(&mut pinger("localhost", agent(vec![fine]))), Ok(28));
}

#[test]
fn the_primary_lives_if_one_of_several_questions_is_answered() {
    assert_eq!(pinger("127.0.0.1", agent(vec![silent, error_status, fine])).any_answer(3, Duration::ZERO), Ok(28));
    let port = agent(vec![silent, error_status, fine]);
    assert_eq!(
        pinger("127.0.0.1", port).any_answer(2, Duration::ZERO),
        Err(format!("127.0.0.1:{port}: the agent answers with error noAccess"))
    );
}

fn setup(port: u16, interval: Duration) -> Setup {
    let community = Secret::new("hush".to_owned());
    let server = "127.0.0.1".to_owned();
    Setup { target: Target { server, port, community, timeout: TIMEOUT }, interval }
}

fn answer_heard(woken: &Receiver<Wake>) -> bool {
    match woken.recv_timeout(Duration::from_secs(5)).unwrap() {
        Wake::Input(Input::Ping(answer)) => answer.is_ok(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_thread_reports_each_answer_and_ends_with_the_daemon() {
    let (wakes, woken) = unbounded();
    let (change, setups) = unbounded();
    let interval = Duration::from_millis(50);
    let first = setup(agent(vec![fine, error_status, fine]), interval);
    let began = Instant::now();
    let thread = thread::spawn(move || heartbeat::run(first, &setups, &wakes));
    let answers: Vec<bool> = (0..3).map(|_| answer_heard(&woken)).collect();
    assert_eq!(answers, [true, false, true]);
    assert!(began.elapsed() >= interval * 2);
    drop(change);
    thread.join().unwrap();
}

#[test]
fn another_primary_is_asked_at_once_and_the_answer_of_the_old_one_does_not_count() {
    let (wakes, woken) = unbounded();
    let (change, setups) = unbounded();
    // Its interval would outlast the test.
    let old = setup(agent(vec![fine]), Duration::from_secs(3600));
    let thread = thread::spawn(move || heartbeat::run(old, &setups, &wakes));
    assert!(answer_heard(&woken));
    change.send(setup(agent(vec![silent]), Duration::from_secs(3600))).unwrap();
    // Its question is not answered in time, and before that it is replaced.
    change.send(setup(agent(vec![fine]), Duration::from_secs(3600))).unwrap();
    assert!(answer_heard(&woken), "the failure of the one in between was reported");
    drop(change);
    thread.join().unwrap();
}
