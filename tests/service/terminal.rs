//! The log on a terminal: colours, and a terminal that takes nothing.

use crate::fake_zino::FakeZino;
use crate::little_argus::LittleArgus;
use crate::program::{Program, config, incident, new_case};
use crate::unread::{CASES, ends_in_time, zino_with_long_histories};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::thread;

/// A terminal: the end that a person looks at, and the program's end.
fn terminal() -> (File, File) {
    let screen: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let program = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (screen.into(), program)
}

/// Everything that reaches the screen until the program's end is closed.
fn read(mut screen: File) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    // A terminal without a program answers with an error.
    while let Ok(length @ 1..) = screen.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8(seen).unwrap().replace("\r\n", "\n")
}

/// What a run with a wrong secret shows on a terminal.
fn run(environment: &[(&str, &str)]) -> String {
    let (zino, argus) = (FakeZino::start(), LittleArgus::start());
    let (screen, log) = terminal();
    let text = config(&zino, &argus).replace("secret = \"s3", "secret = \"s4");
    let reading = thread::spawn(move || read(screen));
    let mut program = Program::logging_in(log, &text, &["-vv"], environment);
    assert_eq!(program.wait(), Some(77));
    reading.join().unwrap()
}

/// Whether a line begins so, and goes on with a time.
fn has_line(screen: &str, start: &str) -> bool {
    screen
        .lines()
        .filter_map(|line| line.strip_prefix(start))
        .any(|rest| rest.starts_with("20") && rest.get(19..21) == Some("Z "))
}

#[test]
fn a_terminal_gets_each_level_in_its_colour() {
    let screen = run(&[("TERM", "xterm"), ("NO_COLOR", "")]);
    for (colour, level) in [(31, "[ERROR]"), (33, "[WARN ]"), (32, "[INFO ]"), (36, "[DEBUG]")] {
        let start = format!("\x1b[0m\x1b[{colour}m{level} \x1b[0m");
        assert!(has_line(&screen, &start), "{level}: {screen:?}");
    }
}

#[test]
fn a_terminal_without_colours_gets_none() {
    let screen = run(&[("TERM", "xterm"), ("NO_COLOR", "1")]);
    assert!(!screen.contains('\x1b') && has_line(&screen, "[ERROR] "), "{screen:?}");
}

#[test]
fn a_stopped_terminal_stops_neither_the_work_nor_the_end() {
    let (zino, argus) = (zino_with_long_histories(CASES), LittleArgus::start());
    // Nobody reads from the screen.
    let (_screen, log) = terminal();
    let same = log.try_clone().unwrap();
    let is_full = || poll(&mut [PollFd::new(&same, PollFlags::OUT)], Some(&Timespec::default())).unwrap() == 0;
    let mut program = Program::logging_in(log, &config(&zino, &argus), &["-vv"], &[("TERM", "xterm")]);
    incident(&argus, CASES);
    assert!(is_full());
    new_case(&zino, 1000);
    incident(&argus, 1000);
    ends_in_time(&mut program, 0);
}

#[test]
fn a_terminal_that_goes_on_gets_whole_lines() {
    let (zino, argus) = (zino_with_long_histories(CASES), LittleArgus::start());
    let (screen, log) = terminal();
    let mut program = Program::logging_in(log, &config(&zino, &argus), &["-vv"], &[("NO_COLOR", "1")]);
    incident(&argus, CASES);
    let reading = thread::spawn(move || read(screen));
    new_case(&zino, 1000);
    incident(&argus, 1000);
    ends_in_time(&mut program, 0);
    let screen = reading.join().unwrap();
    assert!(screen.lines().count() > 100, "{screen}");
    for line in screen.lines() {
        assert!(line.starts_with('[') && line.get(7..10) == Some(" 20") && line.get(27..29) == Some("Z "), "{line}");
    }
}
