//! The requests of the listener and their answers, as bytes. Pure; never touches a connection.

use super::board::Board;
use crate::metrics::CONTENT_TYPE;

/// The longest head of a request.
pub const LONGEST_HEAD: usize = 8 * 1024;
/// The most lines of a head.
const MOST_HEADERS: usize = 64;

/// What a head asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is not complete yet.
    More,
    /// A page; without its content for HEAD.
    Page {
        /// Which one.
        page: Page,
        /// Only the head of the answer is wanted.
        is_head: bool,
    },
    /// It is no request.
    Nonsense,
}

/// What the listener can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// `/metrics`
    Metrics,
    /// `/health`
    Health,
    /// Any other path.
    Unknown,
    /// Any other method.
    Forbidden,
}

/// Reads what has come of a head.
#[must_use]
pub fn asked(head: &[u8]) -> Asked {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) if head.len() < LONGEST_HEAD => return Asked::More,
        Ok(httparse::Status::Partial) | Err(_) => return Asked::Nonsense,
    }
    let is_head = request.method == Some("HEAD");
    let path = request.path.unwrap_or_default();
    let page = match path.split_once('?').map_or(path, |(path, _)| path) {
        _ if !is_head && request.method != Some("GET") => Page::Forbidden,
        "/metrics" => Page::Metrics,
        "/health" => Page::Health,
        _ => Page::Unknown,
    };
    Asked::Page { page, is_head }
}

/// The answer with a page.
#[must_use]
pub fn answer(page: Page, is_head: bool, board: &Board) -> Vec<u8> {
    let plain = "text/plain; charset=utf-8";
    let (status, kind, body) = match page {
        Page::Metrics => ("200 OK", CONTENT_TYPE, board.text()),
        Page::Health => {
            let health = board.health();
            let status = if health.is_fine { "200 OK" } else { "503 Service Unavailable" };
            (status, plain, health.line + "\n")
        }
        Page::Unknown => ("404 Not Found", plain, "there are /metrics and /health\n".to_owned()),
        Page::Forbidden => ("405 Method Not Allowed\r\nAllow: GET, HEAD", plain, "only GET and HEAD\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    let body = if is_head { "" } else { body.as_str() };
    [head.as_bytes(), body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;
    use proptest::prelude::*;
    use std::sync::Arc;
    use std::time::Instant;

    fn page(head: &str) -> Asked {
        asked(head.as_bytes())
    }

    #[test]
    fn get_and_head_of_the_two_pages_are_understood() {
        for (head, expected, is_head) in [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", Page::Metrics, false),
            ("HEAD /health HTTP/1.0\r\n\r\n", Page::Health, true),
            ("GET /metrics?name=x HTTP/1.1\r\n\r\n", Page::Metrics, false),
            ("GET / HTTP/1.1\r\n\r\n", Page::Unknown, false),
            ("GET /metrics/ HTTP/1.1\r\n\r\n", Page::Unknown, false),
            ("POST /metrics HTTP/1.1\r\n\r\n", Page::Forbidden, false),
        ] {
            assert_eq!(page(head), Asked::Page { page: expected, is_head }, "{head}");
        }
        assert_eq!(page("GET /metrics HT"), Asked::More);
        assert_eq!(page(""), Asked::More);
        for nonsense in ["\u{16}\u{3}\u{1} TLS", "GET /metrics FTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\n\r\n"] {
            assert_eq!(page(nonsense), Asked::Nonsense, "{nonsense:?}");
        }
        let endless = format!("GET /metrics HTTP/1.1\r\nx: {}", "y".repeat(LONGEST_HEAD));
        assert_eq!(page(&endless), Asked::Nonsense);
    }

    #[test]
    fn an_answer_says_how_long_it_is_and_the_head_alone_is_the_same() {
        let board = Board::new(Arc::new(Progress::new(Instant::now())));
        for (page, status) in [(Page::Metrics, 200), (Page::Health, 503), (Page::Unknown, 404), (Page::Forbidden, 405)]
        {
            let whole = String::from_utf8(answer(page, false, &board)).unwrap();
            let (head, body) = whole.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
            assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
            let short = String::from_utf8(answer(page, true, &board)).unwrap();
            let (_, nothing) = short.split_once("\r\n\r\n").unwrap();
            assert_eq!(nothing, "");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = asked(&bytes);
        }
    }
}
