//! Log lines for people on a terminal and for the journal. Never lets a message forge a line, never lets another
//! crate speak (theirs may hold headers or tokens), and never fails: a closed standard error loses lines, nothing else.

use crate::redact;
use crate::shown::must_be_escaped;
use crate::stamp::Stamp;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest line, in bytes, without its line end.
const MAX_LINE: usize = 4096;

/// Whose messages are logged: ours only.
const OUR_TARGETS: [&str; 3] = ["zinoargus", "zino", "argus"];

/// How a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Time and level, for a terminal or a file.
    Plain,
    /// `<N>`, the priority that the journal reads; it has the time itself.
    Journal,
}

struct Logger {
    style: Style,
    level: LevelFilter,
}

/// Starts logging to standard error: warnings and errors, with verbosity 1 also info, with 2 or more also debug.
/// A second call changes nothing.
pub fn start(verbosity: usize) {
    let level = match verbosity {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Info,
        _ => LevelFilter::Debug,
    };
    let style = if stderr_is_journal() { Style::Journal } else { Style::Plain };
    if log::set_boxed_logger(Box::new(Logger { style, level })).is_ok() {
        log::set_max_level(level);
    }
}

/// Whether standard error is the stream to the journal that systemd named in `JOURNAL_STREAM` (`device:inode`). The
/// variable alone proves nothing: a child whose output goes elsewhere inherits it.
fn stderr_is_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    // A duplicate of the descriptor, because `File` closes the one it has.
    let Ok(metadata) =
        std::io::stderr().as_fd().try_clone_to_owned().and_then(|descriptor| File::from(descriptor).metadata())
    else {
        return false;
    };
    named == format!("{}:{}", metadata.dev(), metadata.ino())
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= self.level && is_ours(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = line(self.style, now(), record.level(), &record.args().to_string());
        // One write per line, so that lines of several threads never mix. A failure has nowhere to be reported.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

fn is_ours(target: &str) -> bool {
    OUR_TARGETS
        .iter()
        .any(|ours| target.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

fn now() -> Stamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Stamp::from_secs(i64::try_from(seconds).unwrap_or(0))
}

/// One finished line.
fn line(style: Style, now: Stamp, level: Level, message: &str) -> String {
    let mut line = match style {
        Style::Plain => format!("{now} {level:<5} "),
        Style::Journal => format!("<{}>", priority(level)),
    };
    push_bounded(&mut line, &redact::composed(message));
    line.push('\n');
    line
}

/// The syslog priority of a level.
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

/// Appends the message in visible form until the line is full; then says how much is missing.
fn push_bounded(line: &mut String, message: &str) {
    for (index, character) in message.char_indices() {
        let length = line.len();
        if must_be_escaped(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
        if line.len() > MAX_LINE {
            line.truncate(length);
            let missing = message.len().saturating_sub(index);
            let _ = write!(line, " … ({missing} bytes more)");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(message: &str) -> String {
        line(Style::Plain, Stamp::from_secs(0), Level::Warn, message)
    }

    #[test]
    fn a_terminal_gets_time_and_level() {
        assert_eq!(plain("hello"), "1970-01-01T00:00:00Z WARN  hello\n");
    }

    #[test]
    fn the_journal_gets_the_priority_alone() {
        for (level, expected) in
            [(Level::Error, "<3>x\n"), (Level::Warn, "<4>x\n"), (Level::Info, "<6>x\n"), (Level::Debug, "<7>x\n")]
        {
            assert_eq!(line(Style::Journal, Stamp::from_secs(0), level, "x"), expected);
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
        assert!(plain("blåbærsyltetøy \"ge-0/0/1\" ☃").ends_with("blåbærsyltetøy \"ge-0/0/1\" ☃\n"));
    }

    #[test]
    fn other_crates_are_not_heard_at_any_level() {
        let logger = Logger { style: Style::Plain, level: LevelFilter::Trace };
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
            let metadata = Metadata::builder().target(target).level(Level::Error).build();
            assert_eq!(logger.enabled(&metadata), expected, "{target}");
        }
    }

    proptest! {
        #[test]
        fn any_message_becomes_one_bounded_line_without_control_characters(message in any::<String>(), times in 1_usize..3000) {
            let text = plain(&message.repeat(times));
            let body = text.strip_suffix('\n').unwrap();
            prop_assert!(!body.chars().any(char::is_control));
            prop_assert!(body.len() <= MAX_LINE + 40);
        }
    }
}
