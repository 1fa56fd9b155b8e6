//! The thread that writes, with descriptors that block, fail, or take a part of the bytes.

use super::*;
use std::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(20);

fn later() -> Instant {
    Instant::now() + PATIENCE
}

fn mark(lost: u64) -> Vec<u8> {
    format!("{lost} lost\n").into_bytes()
}

/// An outlet whose writes are answered by the test, one by one.
struct Scripted {
    outlet: Outlet,
    writes: mpsc::Receiver<String>,
    answers: mpsc::Sender<io::Result<usize>>,
}

impl Scripted {
    fn new() -> Self {
        let (tell, writes) = mpsc::channel();
        let (answers, answer) = mpsc::channel();
        let write = move |bytes: &[u8]| {
            let _ = tell.send(String::from_utf8_lossy(bytes).into_owned());
            answer.recv().unwrap_or(Err(io::ErrorKind::BrokenPipe.into()))
        };
        Self { outlet: Outlet::start_with(Pen { write, terminal: None, torn: false }, mark).unwrap(), writes, answers }
    }

    fn say(&self, text: &str) {
        self.outlet.push(text.into(), Weight::Ordinary);
    }

    /// The thread writes this, and is answered so.
    fn expect(&self, text: &str, answer: io::Result<usize>) {
        assert_eq!(self.writes.recv_timeout(PATIENCE).unwrap(), text);
        self.answers.send(answer).unwrap();
    }
}

fn fails<T>(kind: io::ErrorKind) -> io::Result<T> {
    Err(kind.into())
}

#[test]
fn a_reader_that_takes_parts_or_interrupts_gets_everything() {
    let scripted = Scripted::new();
    scripted.say("hello\n");
    scripted.expect("hello\n", Ok(2));
    scripted.expect("llo\n", fails(io::ErrorKind::Interrupted));
    scripted.expect("llo\n", fails(io::ErrorKind::WouldBlock));
    scripted.expect("llo\n", Ok(4));
    scripted.outlet.finish(later());
}

#[test]
fn after_a_full_disk_the_number_of_lost_lines_stands_on_a_line_of_its_own() {
    let scripted = Scripted::new();
    scripted.say("one\n");
    scripted.expect("one\n", Ok(2));
    scripted.expect("e\n", fails(io::ErrorKind::StorageFull));
    scripted.say("two\n");
    scripted.expect("\n", fails(io::ErrorKind::StorageFull));
    scripted.say("three\n");
    scripted.expect("\n", Ok(1));
    scripted.expect("2 lost\n", Ok(7));
    scripted.expect("three\n", Ok(6));
    scripted.outlet.finish(later());
}

#[test]
fn finish_waits_for_a_reader_that_reads_and_not_for_one_that_does_not() {
    let scripted = Scripted::new();
    scripted.say("first\n");
    // It is being written, for ever.
    assert_eq!(scripted.writes.recv_timeout(PATIENCE).unwrap(), "first\n");
    scripted.outlet.finish(later());
    assert!(scripted.outlet.queue.is_busy());
    scripted.say("last\n");
    scripted.answers.send(Ok(6)).unwrap();
    scripted.expect("last\n", Ok(5));
    scripted.outlet.finish(later());
    assert!(!scripted.outlet.queue.is_busy());
}

#[test]
fn what_is_printed_in_lines_goes_out_as_it_is() {
    let scripted = Scripted::new();
    let mut lines = io::LineWriter::new(scripted.outlet.clone());
    writeln!(lines, "{} and {}", 1, 2).unwrap();
    scripted.expect("1 and 2\n", Ok(8));
    scripted.outlet.finish(later());
}
