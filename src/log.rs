//! Log lines for people on a terminal and for the journal. Never lets a message forge a line, never
//! logs for another crate (its messages may hold headers or tokens), and never blocks: lines that
//! nobody reads are lost.
//!
//! The [`Log`] of this file removes secrets from a message, makes it one line of bounded length,
//! and queues it (`queue.rs`). The thread of `outlet.rs` writes it. On a terminal, that thread
//! passes the line to simplelog's `TermLogger` (`terminal.rs`), which colours the level. Elsewhere
//! simplelog's `WriteLogger` makes the line before it is queued. Under the journal, a line begins
//! with its priority.

pub mod outlet;
pub mod queue;
mod terminal;

use crate::log::outlet::{Outlet, Target};
use crate::log::queue::{MAX_PIECE, Piece, Weight};
use crate::log::terminal::Terminal;
use crate::sanitise::must_be_escaped;
use crate::sanitise::redact;
use log::{Level, LevelFilter, Log, Metadata, Record};
use simplelog::{ConfigBuilder, FormatItem, WriteLogger, format_description};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The most bytes of a message with its level. The rest of a line (time, colour, "N bytes more")
/// fits into [`MAX_PIECE`] beside it.
const MAX_MESSAGE: usize = MAX_PIECE - 128;
/// The longest that the end of the process waits for a reader of the log that is slow.
const LONGEST_FINISH: Duration = Duration::from_secs(3);
/// The targets of our own messages. simplelog's filter is a plain prefix, which `argusx` would
/// pass, too.
const OUR_TARGETS: [&str; 3] = ["zinoargus", "zino", "argus"];
/// The target of the messages that say what was written to a server.
pub const WRITTEN: &str = "zinoargus::written";
/// RFC 3339 in whole seconds.
const TIME: &[FormatItem<'static>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// Takes the messages about writes, each as a line.
type Sink = Box<dyn Fn(&str) + Send + Sync>;

/// Standard error, for the whole process.
static OUTLET: OnceLock<Outlet> = OnceLock::new();
/// Where messages about writes go in a dry run.
static SINK: OnceLock<Sink> = OnceLock::new();
/// The time by which the process must have ended.
static END: Mutex<Option<Instant>> = Mutex::new(None);

/// How a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Time and level, for a file or a pipe.
    Plain,
    /// The level, in its colour where the terminal has colours, and time.
    Terminal,
    /// `<N>`, the priority that the journal reads; it has the time itself.
    Journal,
}

struct Logger {
    level: LevelFilter,
    lines: Lines,
    outlet: Outlet,
}

/// Starts logging to standard error: warnings and errors, with verbosity 1 also info, with 2 or
/// more also debug. A second call changes nothing.
///
/// # Errors
/// If there can be no more threads.
pub fn start(verbosity: usize) -> io::Result<()> {
    let level = match verbosity {
        0 => LevelFilter::Warn,
        1 => LevelFilter::Info,
        _ => LevelFilter::Debug,
    };
    if OUTLET.get().is_some() {
        return Ok(());
    }
    let style = style();
    let variable = |name| std::env::var_os(name);
    let target = match style {
        Style::Terminal => Target::Terminal(Terminal::new(wants_colours(variable("NO_COLOR"), variable("TERM")))),
        Style::Plain | Style::Journal => Target::Stderr,
    };
    let lines = Lines::new(style);
    let outlet = Outlet::start(target, move |lost| lines.piece(Level::Warn, &format!("{lost} log lines lost")))?;
    let outlet = OUTLET.get_or_init(|| outlet).clone();
    if log::set_boxed_logger(Box::new(Logger { level, lines: Lines::new(style), outlet })).is_ok() {
        log::set_max_level(level);
    }
    Ok(())
}

/// Gives each message about a write, as one bounded line without secrets, to `sink` instead of the
/// log, whatever the verbosity. A second call changes nothing.
pub fn divert_writes(sink: impl Fn(&str) + Send + Sync + 'static) {
    if SINK.set(Box::new(sink)).is_ok() {
        log::set_max_level(log::max_level().max(LevelFilter::Info));
    }
}

/// Waits until everything is written: for seconds while the reader of the log reads, for half a
/// second if it does not. Call it before the process ends, and before a message that refers to the
/// log.
pub fn finish() {
    if let Some(outlet) = OUTLET.get() {
        let end = *END.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + LONGEST_FINISH;
        outlet.finish(end.map_or(until, |end| until.min(end)));
    }
}

/// Makes [`finish`] end after this time at the latest. The earliest of several such times counts.
pub fn end_within(time: Duration) {
    let mut end = END.lock().unwrap_or_else(PoisonError::into_inner);
    // A time beyond the clock's range is no limit.
    *end = [*end, Instant::now().checked_add(time)].into_iter().flatten().min();
}

/// Writes text to standard error as it is, in order with the log lines. Never waits. Before
/// [`start`] it does nothing.
pub fn print(text: &str, weight: Weight) {
    if let Some(outlet) = OUTLET.get() {
        outlet.push(text.into(), weight);
    }
}

fn style() -> Style {
    if stderr_is_journal() {
        Style::Journal
    } else if io::stderr().is_terminal() {
        Style::Terminal
    } else {
        Style::Plain
    }
}

/// Whether to use colours on a terminal, by the values of `NO_COLOR` (<https://no-color.org>) and
/// `TERM`.
fn wants_colours(no_color: Option<OsString>, term: Option<OsString>) -> bool {
    no_color.is_none_or(|value| value.is_empty()) && term.is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Whether standard error is the stream to the journal that systemd named in `JOURNAL_STREAM`
/// (`device:inode`). The variable alone proves nothing: a child whose output goes elsewhere
/// inherits it.
fn stderr_is_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    // A duplicate of the descriptor, because `File` closes the one it has.
    let Ok(metadata) =
        io::stderr().as_fd().try_clone_to_owned().and_then(|descriptor| File::from(descriptor).metadata())
    else {
        return false;
    };
    named == format!("{}:{}", metadata.dev(), metadata.ino())
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_diverted = metadata.target() == WRITTEN && SINK.get().is_some();
        is_diverted || metadata.level() <= self.level && is_ours(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // The message as plain text. `text` removes secrets from it, then escapes and cuts it.
        let message = record.args().to_string();
        if let Some(sink) = SINK.get().filter(|_| record.target() == WRITTEN) {
            let mut line = String::new();
            push_bounded(&mut line, &redact::own_line(&message));
            return sink(&line);
        }
        let weight = if record.level() <= Level::Warn { Weight::Important } else { Weight::Ordinary };
        self.outlet.push(self.lines.piece(record.level(), &message), weight);
    }

    fn flush(&self) {
        finish();
    }
}

fn is_ours(target: &str) -> bool {
    OUR_TARGETS
        .iter()
        .any(|ours| target.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

thread_local! {
    /// The line that is being made.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Collects a line in [`LINE`], because simplelog writes it in several calls.
struct ToLine;

impl io::Write for ToLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A thread that is ending has no thread-local storage any more.
        let _ = LINE.try_with(|line| line.borrow_mut().extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes lines.
struct Lines {
    style: Style,
    maker: Box<WriteLogger<ToLine>>,
}

impl Lines {
    fn new(style: Style) -> Self {
        let time = if style == Style::Journal { LevelFilter::Off } else { LevelFilter::Error };
        let config = ConfigBuilder::new()
            .set_time_level(time)
            .set_time_format_custom(TIME)
            // `text` writes the level, which simplelog would write in brackets.
            .set_max_level(LevelFilter::Off)
            .set_thread_level(LevelFilter::Off)
            .set_target_level(LevelFilter::Off)
            .set_location_level(LevelFilter::Off)
            .build();
        Self { style, maker: WriteLogger::new(LevelFilter::Trace, config, ToLine) }
    }

    /// One finished line, or what the terminal needs to make one.
    fn piece(&self, level: Level, message: &str) -> Piece {
        let text = text(self.style, level, message);
        self.maker.log(&Record::builder().level(level).args(format_args!("{text}")).build());
        let line = LINE.try_with(RefCell::take).unwrap_or_default();
        debug_assert!(line.len() <= MAX_PIECE, "a line is written as a whole or not at all");
        match self.style {
            Style::Terminal => {
                Piece::Record(level, String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned())
            }
            Style::Plain | Style::Journal => line.into(),
        }
    }
}

/// The line without its time.
fn text(style: Style, level: Level, message: &str) -> String {
    let mut text = match style {
        Style::Plain => format!("{level:<5} "),
        Style::Terminal => String::new(),
        Style::Journal => format!("<{}>", priority(level)),
    };
    push_bounded(&mut text, &redact::own_line(message));
    text
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
        if line.len() > MAX_MESSAGE {
            line.truncate(length);
            let missing = message.len().saturating_sub(index);
            let _ = write!(line, " … ({missing} bytes more)");
            return;
        }
    }
}

#[cfg(test)]
mod tests;
