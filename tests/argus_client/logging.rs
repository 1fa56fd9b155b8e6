//! What the log shows of a request: never the token, and nothing of a server's text that commands a
//! terminal.

use super::*;
use crate::fake_argus::{FakeArgus, html, json};
use std::sync::Mutex;
use zinoargus::argus::ArgusServer;

/// Everything that this process logged, of all tests and crates, at every level.
struct Everything(Mutex<Vec<(String, String)>>);

static LOG: Everything = Everything(Mutex::new(Vec::new()));

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push((record.target().to_owned(), record.args().to_string()));
    }

    fn flush(&self) {}
}

#[test]
fn requests_are_logged_in_one_harmless_line_and_the_token_is_in_none() {
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let marker = 987_654_321;
    let fake = FakeArgus::new(|seen| match seen.method.as_str() {
        "GET" => json("200 OK", INCIDENT),
        _ => html("500 Oh", "a\u{1b}[2J\nERROR forged"),
    });
    let argus = client(&fake);
    argus.incident(marker).unwrap();
    let (why, _) = unknown(argus.post_event(marker, &other_event("x")));
    assert!(!why.contains(['\u{1b}', '\n']), "{why}");
    log::set_max_level(log::LevelFilter::Off);

    let lines = LOG.0.lock().unwrap();
    let ours: Vec<_> = lines.iter().filter(|(target, _)| target == "argus").collect();
    let of_this_test: Vec<_> = ours.iter().filter(|(_, line)| line.contains("987654321")).collect();
    assert_eq!(of_this_test.len(), 2, "{of_this_test:?}");
    assert!(of_this_test[0].1.starts_with("GET incidents/987654321/ -> 200 in "), "{of_this_test:?}");
    assert!(of_this_test[1].1.starts_with("POST incidents/987654321/events/ -> 500 in "), "{of_this_test:?}");
    assert!(ours.iter().all(|(_, line)| !line.contains(char::is_control)));
    assert!(lines.len() > ours.len(), "the libraries' own lines are here too");
    assert!(lines.iter().all(|(_, line)| !line.contains(TOKEN)));
}
