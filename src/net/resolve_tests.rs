use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(30);

fn list(addresses: &[&str]) -> Vec<SocketAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn servfail() -> Answer {
    Err(Failure::Unanswered("Try again".to_owned()))
}

/// A resolver without a search list.
fn plain(ask: impl Fn(&str, Family) -> Answer + Send + Sync + 'static) -> Resolver {
    Resolver::new(|_| Vec::new(), ask)
}

#[test]
fn an_address_in_figures_is_itself_and_asks_nobody() {
    let resolver = plain(|_, _| panic!("asked"));
    for (host, expected) in [("192.0.2.7", "192.0.2.7:8001"), ("::1", "[::1]:8001"), ("[::1]", "[::1]:8001")] {
        assert_eq!(resolver.addresses(host, 8001, SHORT), Ok(list(&[expected])));
        assert_eq!(resolver.last_known(host, 8001), list(&[expected]));
    }
}

#[test]
fn a_name_server_that_fails_the_question_for_one_family_does_not_hide_the_other() {
    let resolver = plain(|_, family| match family {
        Family::V4 => Ok(list(&["192.0.2.1:0"])),
        Family::Both | Family::V6 => servfail(),
    });
    assert_eq!(resolver.addresses("argus", 80, LONG), Ok(list(&["192.0.2.1:80"])));
}

#[test]
fn a_name_server_that_never_answers_for_one_family_does_not_hide_the_other() {
    let (release, held) = crossbeam_channel::bounded::<()>(0);
    let resolver = plain(move |_, family| match family {
        Family::V4 => Ok(list(&["192.0.2.1:0"])),
        Family::Both | Family::V6 => {
            let _ = held.recv();
            servfail()
        }
    });
    assert_eq!(resolver.addresses("argus", 80, LONG), Ok(list(&["192.0.2.1:80"])));
    drop(release);
}

#[test]
fn a_search_domain_that_fails_does_not_hide_the_next() {
    let candidates =
        |name: &str| vec![format!("{name}.broken.example."), format!("{name}.good.example."), format!("{name}.")];
    let resolver = Resolver::new(candidates, |name, family| match (name, family) {
        ("argus.good.example.", Family::V4) => Ok(list(&["192.0.2.1:0"])),
        ("argus.", Family::V4) => Ok(list(&["192.0.2.99:0"])),
        _ => servfail(),
    });
    assert_eq!(resolver.addresses("argus", 80, LONG), Ok(list(&["192.0.2.1:80"])));
    assert_eq!(resolver.last_known("argus", 81), list(&["192.0.2.1:81"]));
}

#[test]
fn a_look_up_that_hangs_is_shared_and_never_begun_again() {
    let begun = Arc::new(AtomicUsize::new(0));
    let (release, held) = crossbeam_channel::bounded::<()>(0);
    let count = Arc::clone(&begun);
    let resolver = plain(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        let _ = held.recv();
        Ok(list(&["192.0.2.1:0"]))
    });
    for _ in 0..20 {
        let error = resolver.addresses("argus", 80, SHORT).unwrap_err();
        assert_eq!(error.kind, ResolveErrorKind::TimedOut(SHORT));
    }
    assert!(resolver.addresses("argus", 80, Duration::from_millis(600)).is_err());
    assert_eq!(begun.load(Ordering::SeqCst), 3, "one thread for each question");
    let waiting = {
        let resolver = resolver.clone();
        thread::spawn(move || resolver.addresses("argus", 80, LONG))
    };
    drop(release);
    assert_eq!(waiting.join().unwrap(), Ok(list(&["192.0.2.1:80"])));
}

#[test]
fn the_last_known_addresses_stay_when_the_name_servers_do_not() {
    let works = Arc::new(AtomicUsize::new(1));
    let working = Arc::clone(&works);
    let resolver = plain(move |_, _| match working.load(Ordering::SeqCst) {
        0 => servfail(),
        n => Ok(list(&[&format!("192.0.2.{n}:0")])),
    });
    assert!(resolver.last_known("argus", 80).is_empty());
    assert_eq!(resolver.addresses("argus", 80, LONG), Ok(list(&["192.0.2.1:80"])));
    works.store(2, Ordering::SeqCst);
    assert_eq!(resolver.addresses("argus", 80, LONG), Ok(list(&["192.0.2.2:80"])));
    works.store(0, Ordering::SeqCst);
    let error = resolver.addresses("argus", 80, LONG).unwrap_err();
    assert_eq!(error.kind, ResolveErrorKind::Unanswered("Try again".to_owned()));
    assert_eq!(resolver.last_known("argus", 80), list(&["192.0.2.2:80"]));
}

#[test]
fn an_answer_that_comes_after_its_question_is_known_to_the_next() {
    let (release, held) = crossbeam_channel::bounded::<()>(0);
    let resolver = plain(move |_, family| {
        let _ = held.recv();
        if family == Family::Both { Ok(list(&["192.0.2.1:0"])) } else { servfail() }
    });
    assert!(resolver.addresses("argus", 80, SHORT).is_err());
    drop(release);
    let deadline = Instant::now() + LONG;
    while resolver.last_known("argus", 80).is_empty() {
        assert!(Instant::now() < deadline, "the late answer was lost");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_error_says_what_is_the_matter_with_the_name() {
    let error = |kind, has_servers| ResolveError { name: "argus".to_owned(), kind, has_servers }.to_string();
    assert_eq!(error(ResolveErrorKind::NoAddress, true), "the name argus has no address");
    assert_eq!(
        error(ResolveErrorKind::TimedOut(Duration::from_secs(2)), true),
        "the name argus could not be looked up within 2s"
    );
    let hint = error(ResolveErrorKind::Unanswered("Try again".to_owned()), false);
    assert!(
        hint.starts_with("the name argus could not be looked up: Try again (") && hint.contains("/etc/resolv.conf")
    );
}

#[test]
fn the_name_of_this_host_has_an_address() {
    let found = addresses("localhost", 80, LONG).unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 80), "{found:?}");
    assert_eq!(last_known("localhost", 80), found);
}
