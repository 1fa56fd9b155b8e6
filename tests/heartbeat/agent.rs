//! The agent of the heartbeat's tests: an SNMP agent on loopback that does with a question what a
//! test says. Never checks anything.

use crate::{LONGEST, TIMEOUT};
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

/// How much later than the time-out a late answer comes.
pub const SLACK: Duration = Duration::from_millis(150);

/// What the agent does with the bytes of a question, which end in a NULL.
pub type Act = fn(&UdpSocket, &[u8], SocketAddr);

/// An agent for as many questions as there are answers.
pub fn agent(answers: Vec<Act>) -> u16 {
    agent_at("127.0.0.1", answers)
}

/// One that listens on this address, or on all.
pub fn agent_at(address: &str, answers: Vec<Act>) -> u16 {
    let socket = UdpSocket::bind((address, 0)).unwrap();
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

pub fn fine(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    socket.send_to(&answer_to(question), from).unwrap();
}

fn changed(socket: &UdpSocket, question: &[u8], from: SocketAddr, change: impl Fn(&mut Vec<u8>)) {
    let mut reply = answer_to(question);
    change(&mut reply);
    socket.send_to(&reply, from).unwrap();
}

pub fn silent(_: &UdpSocket, _: &[u8], _: SocketAddr) {}

pub fn garbled(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(socket, question, from, |reply| reply[1] = 0x84);
}

pub fn of_another_question(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(socket, question, from, |reply| reply[18] ^= 1);
}

pub fn error_status(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(socket, question, from, |reply| reply[23] = 6);
}

pub fn text(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(socket, question, from, |reply| {
        let tag = reply.len() - 3;
        reply[tag] = 0x04;
    });
}

pub fn from_another_port(_: &UdpSocket, question: &[u8], from: SocketAddr) {
    fine(&UdpSocket::bind("127.0.0.1:0").unwrap(), question, from);
}

pub fn from_another_address(_: &UdpSocket, question: &[u8], from: SocketAddr) {
    fine(&UdpSocket::bind("127.0.0.2:0").unwrap(), question, from);
}

pub fn too_late(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    thread::sleep(TIMEOUT + SLACK);
    fine(socket, question, from);
}

pub fn a_little_late(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    thread::sleep(TIMEOUT / 3);
    fine(socket, question, from);
}

pub fn foreign_ones_first(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    for _ in 0..50 {
        socket.send_to(b"", from).unwrap();
        garbled(socket, question, from);
        of_another_question(socket, question, from);
    }
    fine(socket, question, from);
}

/// Foreign datagrams for longer than the time-out.
pub fn chatter(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    for _ in 0..100 {
        of_another_question(socket, question, from);
        thread::sleep(TIMEOUT / 50);
    }
}

/// As many foreign datagrams as fit, from everywhere, until nobody listens any more.
pub fn flood(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    let elsewhere = UdpSocket::bind("127.0.0.2:0").unwrap();
    elsewhere.connect(from).unwrap();
    let until = Instant::now() + LONGEST * 2;
    let cut = answer_to(question).split_at(30).0.to_vec();
    while Instant::now() < until && [&cut[..], b"x", &[0; 3000]].iter().all(|wrong| elsewhere.send(wrong).is_ok()) {
        of_another_question(socket, question, from);
    }
}

/// The answer, among a flood from elsewhere.
pub fn fine_in_a_flood(socket: &UdpSocket, question: &[u8], from: SocketAddr) {
    let elsewhere = UdpSocket::bind("127.0.0.2:0").unwrap();
    for n in 0..2000 {
        of_another_question(&elsewhere, question, from);
        if n == 1000 {
            fine(socket, question, from);
        }
    }
}

pub fn error_from_another_address(_: &UdpSocket, question: &[u8], from: SocketAddr) {
    error_status(&UdpSocket::bind("127.0.0.2:0").unwrap(), question, from);
}

pub fn another_community_from_another_address(_: &UdpSocket, question: &[u8], from: SocketAddr) {
    changed(&UdpSocket::bind("127.0.0.2:0").unwrap(), question, from, |reply| reply[7] ^= 1);
}
