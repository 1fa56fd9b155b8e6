//! As much of HTTP/1.1 as both sides of the bench need: messages with a Content-Length on a connection that stays. Never knows
//! what a body means.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A connection with a buffer.
pub struct Wire {
    reader: BufReader<TcpStream>,
    line: String,
}

/// The first line of a message and its body.
pub struct Message {
    /// `POST /path HTTP/1.1`, or `HTTP/1.1 201 Created`.
    pub start: String,
    /// Whatever Content-Length said.
    pub body: Vec<u8>,
    /// Whether the connection ends after it.
    pub last: bool,
}

impl Wire {
    /// Takes a connection.
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { reader: BufReader::with_capacity(1 << 16, stream), line: String::new() }
    }

    /// The next message; `None` at the end of the connection.
    pub fn read(&mut self) -> Option<Message> {
        let start = self.next_line()?;
        let (mut length, mut last) = (0, false);
        loop {
            let line = self.next_line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
            last |= name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close");
            assert!(!name.eq_ignore_ascii_case("transfer-encoding"), "chunks are not understood here");
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).ok()?;
        Some(Message { start, body, last })
    }

    fn next_line(&mut self) -> Option<String> {
        self.line.clear();
        match self.reader.read_line(&mut self.line) {
            Ok(1..) => Some(self.line.trim_end().to_owned()),
            _ => None,
        }
    }

    /// Sends bytes in one piece; false if nobody listens any more.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.reader.get_mut().write_all(bytes).is_ok()
    }
}
