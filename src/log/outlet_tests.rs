//! The queue and the thread that writes, with descriptors that block, fail, or take a part of the
//! bytes.

use super::*;
use std::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(20);

fn later() -> Instant {
    Instant::now() + PATIENCE
}

fn mark(lost: u64) -> Vec<u8> {
    format!("{lost} lost\n").into_bytes()
}

fn piece(n: usize, length: usize) -> Vec<u8> {
    format!("{n:0width$}\n", width = length - 1).into_bytes()
}

/// Everything that waits, as one text.
fn written(queue: &Queue) -> String {
    let mut text = Vec::new();
    loop {
        let state = queue.lock();
        if state.waiting.is_empty() && state.lost == 0 {
            return String::from_utf8(text).unwrap();
        }
        drop(state);
        let batch = queue.take();
        assert!(batch.pieces <= 1 || batch.bytes.len() <= MAX_PIECE);
        text.extend(batch.lost.unwrap_or_default().1);
        text.extend(batch.bytes);
    }
}

#[test]
fn what_fits_is_written_in_order_and_several_lines_at_once() {
    let queue = Queue::new(mark);
    let pieces: Vec<Vec<u8>> = (0..100).map(|n| piece(n, 100)).collect();
    pieces.iter().for_each(|piece| queue.push(piece, Weight::Ordinary));
    assert_eq!(queue.take().pieces, 40);
    assert_eq!(written(&queue).into_bytes(), pieces[40..].concat());
    assert_eq!(queue.lock().bytes, 0);
}

#[test]
fn pieces_that_do_not_fit_take_no_room_and_their_number_stands_in_their_place() {
    let queue = Queue::new(mark);
    let count = |length: usize| MOST / (length + PIECE_COST);
    (0..2 * count(1000)).for_each(|n| queue.push(&piece(n, 1000), Weight::Ordinary));
    assert!(queue.lock().bytes <= MOST);
    let text = written(&queue);
    let kept: Vec<&str> = text.lines().collect();
    assert_eq!(kept.len(), count(1000) + 1);
    assert_eq!(*kept.last().unwrap(), format!("{} lost", 2 * count(1000) - count(1000)));
    queue.push(b"on\n", Weight::Ordinary);
    assert_eq!(written(&queue), "on\n");
}

#[test]
fn after_a_loss_nothing_ordinary_is_taken_until_half_was_read() {
    let queue = Queue::new(mark);
    (0..MOST / 1000).for_each(|n| queue.push(&piece(n, 1000), Weight::Ordinary));
    let lost = queue.lock().lost;
    assert!(lost > 0);
    queue.take();
    queue.push(b"too early\n", Weight::Ordinary);
    assert_eq!(queue.lock().lost, lost + 1);
    while queue.lock().bytes > MOST / 2 {
        queue.take();
    }
    queue.push(b"again\n", Weight::Ordinary);
    assert!(written(&queue).ends_with(&format!("{} lost\nagain\n", lost + 1)));
}

#[test]
fn warnings_have_room_of_their_own_and_keep_their_place() {
    let queue = Queue::new(mark);
    (0..MOST / 100).for_each(|n| queue.push(&piece(n, 1000), Weight::Ordinary));
    queue.push(b"warning\n", Weight::Important);
    queue.push(b"no room\n", Weight::Ordinary);
    queue.push(b"progress\n", Weight::Passing);
    let text = written(&queue);
    let last: Vec<&str> = text.lines().rev().take(3).collect();
    assert_eq!(last[..2], ["1 lost", "warning"]);
    assert!(last[2].ends_with(" lost"));
    (0..MOST / 10).for_each(|n| queue.push(&piece(n, 1000), Weight::Important));
    assert!(queue.lock().bytes <= MOST + RESERVE);
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
        Self { outlet: Outlet::start_with(write, mark).unwrap(), writes, answers }
    }

    fn say(&self, text: &str) {
        self.outlet.push(text.as_bytes(), Weight::Ordinary);
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
    assert!(scripted.outlet.queue.lock().writing);
    scripted.say("last\n");
    scripted.answers.send(Ok(6)).unwrap();
    scripted.expect("last\n", Ok(5));
    scripted.outlet.finish(later());
    let state = scripted.outlet.queue.lock();
    assert!(!state.writing && state.waiting.is_empty());
}

#[test]
fn what_is_printed_in_lines_goes_out_as_it_is() {
    let scripted = Scripted::new();
    let mut lines = io::LineWriter::new(scripted.outlet.clone());
    writeln!(lines, "{} and {}", 1, 2).unwrap();
    scripted.expect("1 and 2\n", Ok(8));
    scripted.outlet.finish(later());
}
