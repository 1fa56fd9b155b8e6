//! The heartbeat, with an SNMP agent on loopback whose answers a test chooses. Every way in which an
//! answer can be missing is a failed ping with its reason, and never takes longer than it may.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod agent;

use agent::{
    Act, SLACK, a_little_late, agent, agent_at, another_community_from_another_address, chatter,
    error_from_another_address, error_status, fine, fine_in_a_flood, flood, foreign_ones_first, from_another_address,
    from_another_port, garbled, of_another_question, silent, text, too_late,
};
use crossbeam_channel::{Receiver, unbounded};
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use zinoargus::engine::Input;
use zinoargus::failover::heartbeat::{Pinger, Target};
use zinoargus::failover::{Answer, Ping};
use zinoargus::net::library::Failure;
use zinoargus::net::resolve::Resolver;
use zinoargus::secret::Secret;
use zinoargus::threads::heartbeat::{self, Setup};

const TIMEOUT: Duration = Duration::from_millis(300);
/// The longest that a ping may take on a machine that has other things to do.
const LONGEST: Duration = Duration::from_secs(3);

fn target(server: &str, port: u16) -> Target {
    let community = Secret::new("public".to_owned());
    Target { server: server.to_owned(), port, community, timeout: TIMEOUT }
}

fn pinger(server: &str, port: u16) -> Pinger {
    Pinger::new(target(server, port))
}

/// Pings once; in time, whatever comes of it.
fn ping(pinger: &mut Pinger) -> Answer {
    let began = Instant::now();
    let answer = pinger.ping();
    let took = began.elapsed();
    assert!(took < LONGEST, "{took:?}");
    if let Answer::Silence(why) | Answer::Unasked(why) = &answer {
        assert!(!why.contains("public"), "{why}");
    }
    answer
}

const UP: Answer = Answer::Uptime(28);

fn silence(port: u16, why: &str) -> Answer {
    Answer::Silence(format!("127.0.0.1:{port}: {why}"))
}

fn is_silent(answer: &Answer) -> bool {
    matches!(answer, Answer::Silence(_))
}

/// A name server that knows what this list holds at the time.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<SocketAddr>>>);

impl Names {
    fn pinger(&self, port: u16) -> Pinger {
        let held = Arc::clone(&self.0);
        let ask = move |_: &str, _| match held.lock().unwrap().clone() {
            none if none.is_empty() => Err(Failure::Unanswered("Try again".to_owned())),
            found => Ok(found),
        };
        Pinger::with_resolver(target("primary.example", port), Resolver::new(|_| Vec::new(), ask))
    }

    fn hold(&self, addresses: &[&str]) {
        *self.0.lock().unwrap() =
            addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
    }
}

/// An address to which no host has a way: a link-local one without its link.
const UNREACHABLE: &str = "fe80::1";

#[test]
fn a_good_answer_is_the_uptime() {
    for answer in [fine as Act, a_little_late, foreign_ones_first, fine_in_a_flood] {
        assert_eq!(ping(&mut pinger("127.0.0.1", agent(vec![answer]))), UP);
    }
}

#[test]
fn an_answer_counts_wherever_it_comes_from() {
    for answer in [from_another_port as Act, from_another_address] {
        assert_eq!(ping(&mut pinger("127.0.0.1", agent(vec![answer]))), UP);
    }
}

#[test]
fn an_agent_on_all_addresses_may_be_asked_at_any_of_them() {
    // The system answers from 127.0.0.1, whichever was asked.
    let port = agent_at("0.0.0.0", vec![fine, fine, fine]);
    for address in ["127.0.0.2", "127.0.0.1", "127.9.9.9"] {
        assert_eq!(ping(&mut pinger(address, port)), UP, "{address}");
    }
}

#[test]
fn everything_else_is_a_failed_ping_that_says_why() {
    let nothing = "no answer within 300ms";
    for (answer, expected) in [
        (silent as Act, nothing.to_owned()),
        (too_late, nothing.to_owned()),
        (garbled, format!("{nothing}, but a datagram that is not SNMP came (ASN.1 invalid length)")),
        (of_another_question, format!("{nothing}, but an answer to another question came")),
        (another_community_from_another_address, format!("{nothing}, but an answer to another question came")),
        (chatter, format!("{nothing}, but an answer to another question came")),
        (error_status, "the agent answers with error noAccess".to_owned()),
        (error_from_another_address, "the agent answers with error noAccess".to_owned()),
        (text, "the agent answers with something that is not a number".to_owned()),
    ] {
        let port = agent(vec![answer]);
        assert_eq!(ping(&mut pinger("127.0.0.1", port)), silence(port, &expected));
    }
}

#[test]
fn a_flood_of_wrong_datagrams_does_not_make_the_time_out_longer() {
    assert!(is_silent(&ping(&mut pinger("127.0.0.1", agent(vec![flood])))));
}

#[test]
fn an_answer_that_comes_too_late_is_not_the_next_ones() {
    let mut pinger = pinger("127.0.0.1", agent(vec![too_late, silent, fine]));
    assert!(is_silent(&ping(&mut pinger)));
    thread::sleep(SLACK * 2);
    assert!(is_silent(&ping(&mut pinger)));
    assert_eq!(ping(&mut pinger), UP);
}

#[test]
fn a_port_where_nobody_listens_is_told_at_once() {
    for address in ["127.0.0.1", "127.0.0.2"] {
        let port = UdpSocket::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let expected = Answer::Silence(format!("{address}:{port}: nothing listens there"));
        // The time-out would outlast the test.
        let target = Target { timeout: LONGEST * 100, ..target(address, port) };
        assert_eq!(ping(&mut Pinger::new(target)), expected);
    }
}

#[test]
fn a_question_that_cannot_leave_this_host_says_nothing_of_the_primary() {
    let Answer::Unasked(why) = ping(&mut pinger(UNREACHABLE, 9)) else { panic!("it was asked") };
    assert!(why.starts_with("[fe80::1]:9: "), "{why}");
}

#[test]
fn a_name_is_asked_at_all_its_addresses() {
    // Where localhost is also ::1, that one is refused or silent.
    assert_eq!(ping(&mut pinger("localhost", agent(vec![fine]))), UP);
}

#[test]
fn a_name_that_never_resolved_says_nothing_of_the_primary() {
    let expected = "the name primary.example could not be looked up: Try again";
    let Answer::Unasked(why) = ping(&mut Names::default().pinger(9)) else { panic!("it was asked") };
    assert!(why.starts_with(expected), "{why}");
    let Answer::Unasked(why) = pinger("no-such-host.invalid", 9).ping() else { panic!("it was asked") };
    assert!(why.starts_with("the name no-such-host.invalid "), "{why}");
}

#[test]
fn a_name_that_resolves_no_more_is_asked_at_its_last_known_address() {
    let names = Names::default();
    names.hold(&["127.0.0.1"]);
    let port = agent(vec![fine, fine, silent, fine]);
    let mut pinger = names.pinger(port);
    assert_eq!(ping(&mut pinger), UP);
    names.hold(&[]);
    assert_eq!(ping(&mut pinger), UP);
    assert_eq!(ping(&mut pinger), silence(port, "no answer within 300ms"));
    names.hold(&["127.0.0.3"]);
    assert_eq!(ping(&mut pinger), Answer::Silence(format!("127.0.0.3:{port}: nothing listens there")), "it has moved");
}

#[test]
fn one_address_that_can_be_asked_is_enough() {
    let names = Names::default();
    names.hold(&["127.0.0.1", UNREACHABLE]);
    let port = agent(vec![fine, silent]);
    let mut pinger = names.pinger(port);
    assert_eq!(ping(&mut pinger), UP);
    assert!(is_silent(&ping(&mut pinger)));
}

fn setup(port: u16, interval: Duration) -> Setup {
    let community = Secret::new("hush".to_owned());
    let server = "127.0.0.1".to_owned();
    Setup { target: Target { server, port, community, timeout: TIMEOUT }, interval }
}

fn next_answer(input_receiver: &Receiver<Input>) -> bool {
    match input_receiver.recv_timeout(Duration::from_secs(5)).unwrap() {
        Input::Ping(Ping { answer, .. }) => answer == UP,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_thread_reports_each_answer_and_ends_when_it_is_stopped() {
    let (input_sender, input_receiver) = unbounded();
    let (stop_sender, stop_receiver) = unbounded();
    let interval = Duration::from_millis(50);
    let first = setup(agent(vec![fine, error_status, fine]), interval);
    let began = Instant::now();
    let thread = thread::spawn(move || heartbeat::run(&first, began, None, &stop_receiver, &input_sender));
    let answers: Vec<bool> = (0..3).map(|_| next_answer(&input_receiver)).collect();
    assert_eq!(answers, [true, false, true]);
    assert!(began.elapsed() >= interval * 2);
    drop(stop_sender);
    assert!(thread.join().unwrap().is_some_and(|asked| asked >= began + interval * 2));
}

#[test]
fn the_next_generation_asks_an_interval_after_the_last_question() {
    let (input_sender, input_receiver) = unbounded();
    let (stop_sender, stop_receiver) = unbounded();
    let (began, interval) = (Instant::now(), Duration::from_millis(300));
    let setup = setup(agent(vec![fine]), interval);
    let asked = Some(began - interval / 3);
    let thread = thread::spawn(move || heartbeat::run(&setup, began, asked, &stop_receiver, &input_sender));
    assert!(next_answer(&input_receiver));
    assert!(began.elapsed() >= interval * 2 / 3);
    drop(stop_sender);
    thread.join().unwrap();
}

#[test]
fn one_that_is_stopped_while_it_waits_ends_at_once() {
    let (input_sender, _input_receiver) = unbounded();
    let (stop_sender, stop_receiver) = unbounded();
    let (setup, now) = (setup(agent(vec![]), Duration::from_secs(3600)), Instant::now());
    let thread = thread::spawn(move || heartbeat::run(&setup, now, Some(now), &stop_receiver, &input_sender));
    drop(stop_sender);
    assert_eq!(thread.join().unwrap(), Some(now));
}
