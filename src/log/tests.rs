//! What a line looks like, whatever the message holds.

use super::*;
use crate::time::Stamp;
use proptest::prelude::*;
use std::time::{SystemTime, UNIX_EPOCH};

fn made(style: Style, level: Level, message: &str) -> String {
    match Lines::new(style).piece(level, message) {
        Piece::Text(bytes) => String::from_utf8(bytes.into()).unwrap(),
        Piece::Record(kept, line) => format!("{kept} {line}\n"),
    }
}

/// A line without its time.
fn plain(message: &str) -> String {
    made(Style::Plain, Level::Warn, message).split_off("1970-01-01T00:00:00Z ".len())
}

#[test]
fn a_file_gets_time_and_level() {
    let seconds = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let began = seconds();
    let line = made(Style::Plain, Level::Warn, "hello");
    let now = (began..=seconds()).map(|at| Stamp::from_secs(i64::try_from(at).unwrap()));
    assert!(now.map(|now| format!("{now} WARN  hello\n")).any(|expected| expected == line), "{line}");
}

#[test]
fn a_terminal_gets_the_level_apart_and_time_and_message_as_its_text() {
    for level in [Level::Error, Level::Warn, Level::Info, Level::Debug] {
        let line = made(Style::Terminal, level, "x\ny ");
        let (kept, rest) = line.split_once(' ').unwrap();
        assert_eq!((kept, rest.get(20..)), (level.as_str(), Some(" x\\ny \n")));
    }
}

#[test]
fn colours_are_for_terminals_that_have_them_and_people_who_want_them() {
    let wanted =
        |no_color: Option<&str>, term: Option<&str>| wants_colours(no_color.map(Into::into), term.map(Into::into));
    assert!(wanted(None, Some("xterm")) && wanted(Some(""), Some("xterm")));
    assert!(!wanted(Some("1"), Some("xterm")));
    assert!(!wanted(None, Some("dumb")) && !wanted(None, Some("")) && !wanted(None, None));
}

/// The panic itself happens in another process, which runs this test again.
#[test]
fn a_panic_in_any_thread_is_logged_before_the_process_ends() {
    const CHILD: &str = "ZINOARGUS_TEST_PANICS";
    if std::env::var_os(CHILD).is_some() {
        start(0).unwrap();
        crate::commands::parts::exit_on_panic();
        let _ = std::thread::spawn(|| panic!("as\nexpected")).join();
        return;
    }
    let name = "log::tests::a_panic_in_any_thread_is_logged_before_the_process_ends";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "{said}");
    let expected = ": as\\nexpected; please report this\n";
    assert!(said.contains(" ERROR internal error at src/log/tests.rs:") && said.ends_with(expected), "{said}");
}

#[test]
fn the_journal_gets_the_priority_alone() {
    for (level, expected) in
        [(Level::Error, "<3>x\n"), (Level::Warn, "<4>x\n"), (Level::Info, "<6>x\n"), (Level::Debug, "<7>x\n")]
    {
        assert_eq!(made(Style::Journal, level, "x"), expected);
    }
}

#[test]
fn a_message_cannot_forge_a_line() {
    let forged = plain("gone\r\n<3>2026-01-01 ERROR all is lost\x1b[2J\u{2028}\u{202e}\u{85}\0");
    assert_eq!(forged.matches('\n').count(), 1);
    assert!(
        forged.ends_with("gone\\r\\n<3>2026-01-01 ERROR all is lost\\u{1b}[2J\\u{2028}\\u{202e}\\u{85}\\u{0}\n"),
        "{forged}"
    );
}

#[test]
fn text_of_people_stays_readable() {
    assert_eq!(plain("blåbærsyltetøy \"ge-0/0/1\" {} ☃"), "WARN  blåbærsyltetøy \"ge-0/0/1\" {} ☃\n");
}

#[test]
fn other_crates_are_not_heard_at_any_level() {
    for (target, expected) in [
        ("zinoargus", true),
        ("zinoargus::argus::client", true),
        ("zino", true),
        ("argus::x", true),
        ("ureq", false),
        ("ureq::unversioned::run", false),
        ("rustls::client", false),
        ("argusx", false),
        ("zinoargus_evil", false),
        ("", false),
    ] {
        assert_eq!(is_ours(target), expected, "{target}");
    }
}

proptest! {
    #[test]
    fn any_message_becomes_one_bounded_line_without_control_characters(message in any::<String>(), times in 1_usize..3000) {
        for style in [Style::Plain, Style::Terminal, Style::Journal] {
            let text = made(style, Level::Warn, &message.repeat(times));
            prop_assert!(text.len() <= MAX_PIECE);
            let body = text.strip_suffix('\n').unwrap();
            prop_assert!(!body.chars().any(char::is_control));
        }
    }
}
