//! Nobody reads what the program says: a full pipe, a full disk, a reader that went away.

use crate::fake_zino::FakeZino;
use crate::little_argus::LittleArgus;
use crate::program::{Program, config, eventually, incident, new_case};
use rustix::io::ioctl_fionbio;
use std::fs::File;
use std::io::{PipeReader, Read, Write, pipe};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// An end on a signal may take this long.
const LONGEST_END: Duration = Duration::from_secs(5);
/// What the program may grow by, in KiB, while nobody reads.
const MOST_GROWTH: u64 = 24 << 10;
/// Each has a history that fills a pipe when it is logged.
pub const CASES: u64 = 20;
const ROUNDS: u64 = 20;
const LEVELS: [&str; 4] = ["ERROR", "WARN ", "INFO ", "DEBUG"];

/// A pipe into which nothing more fits.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, mut writer) = pipe().unwrap();
    ioctl_fionbio(&writer, true).unwrap();
    while writer.write(b"\n").is_ok() {}
    ioctl_fionbio(&writer, false).unwrap();
    (reader, writer.into())
}

/// With so many cases, each with a history of 80 kB.
pub fn zino_with_long_histories(cases: u64) -> FakeZino {
    let zino = FakeZino::with_cases(cases);
    for case in zino.world().cases.values_mut() {
        let line = format!("1 testuser\r\n {}", "long ".repeat(80));
        case.history.extend(vec![line.into_bytes(); 200]);
    }
    zino
}

/// Every case is notified again and again, and read and logged as often.
fn storm(zino: &FakeZino) {
    for _ in 0..ROUNDS {
        let reads = zino.received().len();
        zino.notify((1..=CASES).map(|id| format!("{id} attr updated\r\n")).collect::<String>());
        eventually("the cases are read", || zino.received().len(), || (zino.received().len() > reads).then_some(()));
    }
}

pub fn ends_in_time(program: &mut Program, code: i32) {
    let asked = Instant::now();
    program.signal("TERM");
    assert_eq!(program.wait(), Some(code));
    assert!(asked.elapsed() < LONGEST_END, "{:?}", asked.elapsed());
}

#[test]
fn a_log_that_nobody_reads_stops_neither_the_work_nor_the_end_and_takes_no_memory() {
    let (zino, argus) = (zino_with_long_histories(CASES), LittleArgus::start());
    let (_reader, log) = full_pipe();
    let mut program = Program::logging_to(log, &config(&zino, &argus), &["-vv"]);
    incident(&argus, CASES);
    let before = program.most_memory();
    storm(&zino);
    new_case(&zino, 1000);
    incident(&argus, 1000);
    let grown = program.most_memory().saturating_sub(before);
    assert!(grown < MOST_GROWTH, "memory grew by {grown} KiB");
    ends_in_time(&mut program, 0);
}

/// Whether a line is one that the program has written as a whole.
fn is_whole(line: &str) -> bool {
    line.get(19..21) == Some("Z ") && line.get(21..26).is_some_and(|level| LEVELS.contains(&level))
}

#[test]
fn a_reader_that_comes_back_gets_whole_lines_in_their_order_and_how_many_were_lost() {
    let (zino, argus) = (zino_with_long_histories(CASES), LittleArgus::start());
    let (mut reader, log) = pipe().unwrap();
    let mut program = Program::logging_to(log, &config(&zino, &argus), &["-vv"]);
    incident(&argus, CASES);
    storm(&zino);
    let reading = thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    new_case(&zino, 1000);
    incident(&argus, 1000);
    ends_in_time(&mut program, 0);
    let text = reading.join().unwrap();
    let torn: Vec<&str> = text.lines().filter(|line| !is_whole(line)).collect();
    assert!(torn.is_empty(), "{torn:?}");
    let times: Vec<u64> = text.lines().map(second_of_day).collect();
    // Two threads may make their lines at the turn of a second and queue them the other way round.
    assert!(times.windows(2).all(|two| two[1] + 1 >= two[0] || two[0] - two[1] > DAY / 2), "{times:?}");
    let lost = text.lines().filter(|line| line.contains("WARN ") && line.ends_with(" log lines lost")).count();
    assert!((1..=10).contains(&lost), "told of {lost} times");
    // A request that is under way may have a line after it.
    assert!(text.contains("INFO  ending on signal 15\n"), "{}", text.lines().last().unwrap());
}

const DAY: u64 = 24 * 3600;

/// The time that a line begins with, in seconds since midnight.
fn second_of_day(line: &str) -> u64 {
    line[11..19].split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().unwrap())
}

/// The time on a processor until now, in hundredths of a second.
fn ticks(program: &Program) -> u64 {
    let stat = program.stat();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11..=12].iter().map(|field| field.parse::<u64>().unwrap()).sum()
}

#[test]
fn a_log_whose_reader_is_gone_or_whose_disk_is_full_harms_nobody() {
    let gone = || pipe().unwrap().1.into();
    let full = || File::options().write(true).open("/dev/full").unwrap().into();
    for log in [&gone as &dyn Fn() -> Stdio, &full] {
        let (zino, argus) = (zino_with_long_histories(CASES), LittleArgus::start());
        let mut program = Program::logging_to(log(), &config(&zino, &argus), &["-vv"]);
        storm(&zino);
        new_case(&zino, 1000);
        incident(&argus, 1000);
        let (before, began) = (ticks(&program), Instant::now());
        eventually("a second", || (), || (began.elapsed() > Duration::from_secs(1)).then_some(()));
        assert!(ticks(&program) - before < 50, "it spins");
        ends_in_time(&mut program, 0);
    }
}

#[test]
fn a_single_run_and_a_check_end_although_nobody_reads_them() {
    let (zino, argus) = (zino_with_long_histories(CASES), LittleArgus::start());
    let (_reader, log) = full_pipe();
    let mut program = Program::logging_to(log, &config(&zino, &argus), &["--once", "-vv", "--timeout", "20"]);
    assert_eq!(program.wait(), Some(0));
    let (_reader, output) = full_pipe();
    let mut check = program.again(&["--check"]).stdout(output).stderr(Stdio::null()).spawn().unwrap();
    let ended = eventually("the end of the check", || (), || check.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn the_last_words_are_written_before_the_end() {
    let (zino, argus) = (FakeZino::start(), LittleArgus::start());
    let (mut reader, log) = pipe().unwrap();
    let text = config(&zino, &argus).replace("secret = \"s3", "secret = \"s4");
    let mut program = Program::logging_to(log, &text, &["-vv"]);
    assert_eq!(program.wait(), Some(77));
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    let last = said.lines().last().unwrap_or_default();
    assert!(last.contains("ERROR Zino refuses user"), "{said}");
}
