//! How connections are kept and given up, and that a dead one never costs a write twice.

use super::*;
use crate::fake_argus::{Act, FakeArgus, Manners, answer, json};
use crate::own_ca::OwnCa;
use std::sync::Arc;
use zinoargus::argus::ArgusServer;

fn keeping(idle: Duration) -> FakeArgus {
    FakeArgus::with(Manners { idle: Some(idle), ..Manners::default() }, |_| json("200 OK", INCIDENT))
}

#[test]
fn a_connection_is_used_again() {
    let fake = keeping(Duration::from_secs(20));
    let argus = client(&fake);
    for _ in 0..5 {
        argus.create(&new_incident()).unwrap();
    }
    assert_eq!((fake.seen().len(), fake.connections()), (5, 1));
}

#[test]
fn a_connection_that_was_idle_for_long_is_not_used_again_although_it_is_open() {
    let fake = keeping(Duration::from_secs(60));
    let argus = client(&fake);
    argus.create(&new_incident()).unwrap();
    std::thread::sleep(Duration::from_millis(1600));
    argus.create(&new_incident()).unwrap();
    assert_eq!((fake.seen().len(), fake.connections()), (2, 2));
}

#[test]
fn a_connection_that_the_server_closed_is_noticed_before_it_is_used() {
    let fake = keeping(Duration::from_millis(50));
    let argus = client(&fake);
    argus.create(&new_incident()).unwrap();
    fake.wait_for_closed(1);
    argus.create(&new_incident()).unwrap();
    assert_eq!((fake.seen().len(), fake.connections()), (2, 2));
}

#[test]
fn a_write_on_a_kept_connection_that_dies_under_it_is_unknown_and_not_repeated() {
    let fake = FakeArgus::new(|seen| match seen.body.contains("second") {
        true => Act::Close,
        false => json("201 Created", EVENT),
    });
    let argus = client(&fake);
    argus.post_event(1, &other_event("first")).unwrap();
    unknown(argus.post_event(1, &other_event("second")));
    argus.post_event(1, &other_event("third")).unwrap();
    let seen: Vec<_> = fake.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(seen, [0, 0, 1]);
}

#[test]
fn a_server_that_closes_every_connection_is_served_all_the_same() {
    let text = String::from_utf8(answer("200 OK", "application/json", INCIDENT)).unwrap();
    let closing = text.replacen("\r\n", "\r\nConnection: close\r\n", 1).into_bytes();
    let fake = FakeArgus::always(Act::AnswerAndClose(closing));
    let argus = client(&fake);
    for _ in 0..3 {
        argus.create(&new_incident()).unwrap();
    }
    assert_eq!(fake.connections(), 3);
}

#[test]
fn bytes_after_an_answer_are_not_taken_for_the_next_one() {
    let mut bytes = answer("200 OK", "application/json", INCIDENT);
    bytes.extend(answer("200 OK", "application/json", &INCIDENT.replace("\"pk\":1,", "\"pk\":666,")));
    let fake = FakeArgus::always(Act::Answer(bytes));
    let argus = client(&fake);
    for _ in 0..3 {
        assert_eq!(argus.incident(1).unwrap().unwrap().pk, 1);
    }
}

#[test]
fn several_threads_share_a_client_and_keep_as_many_connections() {
    let fake = keeping(Duration::from_secs(20));
    let argus = Arc::new(client(&fake));
    let work = |argus: Arc<Client>| {
        move || {
            for _ in 0..20 {
                argus.create(&new_incident()).unwrap();
            }
        }
    };
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(work(Arc::clone(&argus)))).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(fake.seen().len(), 80);
    assert!(fake.connections() <= 4, "{}", fake.connections());
}

#[test]
fn nothing_is_kept_of_an_answer_that_was_not_read_to_its_end() {
    let head = b"HTTP/1.1 500 Oh\r\nContent-Length: 100000\r\n\r\n".to_vec();
    let long = [head, vec![b'x'; 100_000]].concat();
    let fake = FakeArgus::new(move |seen| match seen.connection {
        0 => Act::Answer(long.clone()),
        _ => json("200 OK", INCIDENT),
    });
    let argus = client(&fake);
    assert_eq!(unknown(argus.incident(1)).1, Some(500));
    argus.incident(1).unwrap();
    assert_eq!(fake.connections(), 2);
}

/// A server whose handshake takes so long, and each answer as well.
fn slow(ca: &OwnCa, handshake: Duration, answering: Duration) -> FakeArgus {
    let manners = Manners { tls: Some(ca.server.clone()), tarries: handshake, ..Manners::default() };
    FakeArgus::with(manners, move |_| {
        std::thread::sleep(answering);
        json("200 OK", INCIDENT)
    })
}

fn trusting(fake: &FakeArgus, ca: &OwnCa, timeout: Duration) -> Client {
    let ca_file = Some(crate::tls::file("connections.pem", &ca.pem));
    Client::new(&Settings { timeout, ca_file, ..settings(&fake.url()) }).unwrap()
}

#[test]
fn a_slow_connection_takes_nothing_of_the_time_that_the_request_has() {
    let (ca, most) = (OwnCa::new("127.0.0.1"), Duration::from_millis(1500));
    let fake = slow(&ca, most, most);
    let argus = trusting(&fake, &ca, Duration::from_secs(2));
    assert_eq!(argus.create(&new_incident()).unwrap().pk, 1);
    assert_eq!(argus.create(&new_incident()).unwrap().pk, 1);
    assert_eq!(fake.connections(), 1);
}

#[test]
fn a_request_on_a_kept_connection_has_the_same_time_as_on_a_new_one() {
    let timeout = Duration::from_secs(2);
    let stalling = FakeArgus::new(|seen| if seen.body.is_empty() { Act::Stall } else { json("200 OK", INCIDENT) });
    let argus = Client::new(&Settings { timeout, ..settings(&stalling.url()) }).unwrap();
    argus.create(&new_incident()).unwrap();
    let began = std::time::Instant::now();
    let (why, _) = unknown(argus.incident(1));
    assert!(why.contains("no whole answer within 2s (argus.timeout)"), "{why}");
    assert!(began.elapsed() < Duration::from_millis(3500), "{:?}", began.elapsed());
    assert_eq!(stalling.connections(), 1);
}
