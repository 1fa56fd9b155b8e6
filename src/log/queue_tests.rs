//! What fits into the queue, and what becomes of the rest.

use super::*;

fn mark(lost: u64) -> Piece {
    format!("{lost} lost\n").into_bytes().into()
}

fn bytes(piece: Piece) -> Vec<u8> {
    match piece {
        Piece::Text(bytes) => bytes.into(),
        Piece::Record(level, line) => format!("{level} {line}\n").into_bytes(),
    }
}

fn text(n: usize, length: usize) -> Vec<u8> {
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
        assert!(batch.pieces <= 1 || batch.text.len() <= MAX_PIECE);
        text.extend(batch.lost.map(|(_, mark)| bytes(mark)).unwrap_or_default());
        text.extend(batch.text);
        text.extend(batch.record.map(|(level, line)| format!("{level} {line}\n").into_bytes()).unwrap_or_default());
    }
}

#[test]
fn what_fits_is_written_in_order_and_several_lines_at_once() {
    let queue = Queue::new(mark);
    let pieces: Vec<Vec<u8>> = (0..100).map(|n| text(n, 100)).collect();
    pieces.iter().for_each(|piece| queue.push(piece.clone().into(), Weight::Ordinary));
    assert_eq!(queue.take().pieces, 40);
    assert_eq!(written(&queue).into_bytes(), pieces[40..].concat());
    assert_eq!(queue.lock().bytes, 0);
}

#[test]
fn pieces_that_do_not_fit_take_no_room_and_their_number_stands_in_their_place() {
    let queue = Queue::new(mark);
    let count = |length: usize| MOST / (length + PIECE_COST);
    (0..2 * count(1000)).for_each(|n| queue.push(text(n, 1000).into(), Weight::Ordinary));
    assert!(queue.lock().bytes <= MOST);
    let text = written(&queue);
    let kept: Vec<&str> = text.lines().collect();
    assert_eq!(kept.len(), count(1000) + 1);
    assert_eq!(*kept.last().unwrap(), format!("{} lost", 2 * count(1000) - count(1000)));
    queue.push("on\n".into(), Weight::Ordinary);
    assert_eq!(written(&queue), "on\n");
}

#[test]
fn after_a_loss_nothing_ordinary_is_taken_until_half_was_read() {
    let queue = Queue::new(mark);
    (0..MOST / 1000).for_each(|n| queue.push(text(n, 1000).into(), Weight::Ordinary));
    let lost = queue.lock().lost;
    assert!(lost > 0);
    queue.take();
    queue.push("too early\n".into(), Weight::Ordinary);
    assert_eq!(queue.lock().lost, lost + 1);
    while queue.lock().bytes > MOST / 2 {
        queue.take();
    }
    queue.push("again\n".into(), Weight::Ordinary);
    assert!(written(&queue).ends_with(&format!("{} lost\nagain\n", lost + 1)));
}

#[test]
fn warnings_have_room_of_their_own_and_keep_their_place() {
    let queue = Queue::new(mark);
    (0..MOST / 100).for_each(|n| queue.push(text(n, 1000).into(), Weight::Ordinary));
    queue.push("warning\n".into(), Weight::Important);
    queue.push("no room\n".into(), Weight::Ordinary);
    queue.push("progress\n".into(), Weight::Passing);
    let all = written(&queue);
    let last: Vec<&str> = all.lines().rev().take(3).collect();
    assert_eq!(last[..2], ["1 lost", "warning"]);
    assert!(last[2].ends_with(" lost"));
    (0..MOST / 10).for_each(|n| queue.push(text(n, 1000).into(), Weight::Important));
    assert!(queue.lock().bytes <= MOST + RESERVE);
}

#[test]
fn a_log_line_for_a_terminal_is_written_alone_and_in_its_order() {
    let queue = Queue::new(mark);
    let record = |line: &str| Piece::Record(Level::Warn, line.to_owned());
    for piece in ["a\n".into(), "b\n".into(), record("c"), record("d"), "e\n".into()] {
        queue.push(piece, Weight::Ordinary);
    }
    assert_eq!([2, 1, 1, 1].map(|_| queue.take().pieces), [2, 1, 1, 1]);
    assert_eq!(queue.lock().bytes, 0);
    (0..MOST / 50).for_each(|_| queue.push(record("x"), Weight::Ordinary));
    assert!(queue.lock().lost > 0, "a short line costs more than its text");
}
