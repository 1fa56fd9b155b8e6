//! One HTTP request and its answer, bounded in time and size. Never follows a redirect, never repeats a request, never
//! sends the token anywhere but to `argus.url`, and does not know what the JSON means.
//!
//! Read in the source of ureq 3.5, and tested: it repeats nothing by itself, not even on a pooled connection that turns
//! out to be dead; it probes such a connection before it is used, and drops those idle for longer than they may be.

use super::ArgusError;
use super::base::Base;
use super::client::Settings;
use super::text::shown;
use super::tls::{self, Trust};
use crate::pulse;
use log::debug;
use std::cell::Cell;
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};
use ureq::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use ureq::http::{HeaderValue, Method, Request, Response, Uri};
use ureq::{Agent, Body, SendBody, Timeout};

/// Argus' usual server drops a connection after 2 s of silence, just when the next POST may be on its way.
const MAX_IDLE: Duration = Duration::from_millis(1500);
/// For each connection; ureq's own are 128 KiB each. The headers of an answer must fit in, and it takes at most 64 KiB of them.
const INPUT_BUFFER: usize = 64 * 1024;
const OUTPUT_BUFFER: usize = 16 * 1024;
/// More than any answer has: a page of 100 incidents is below 1 MiB.
const MAX_BODY: u64 = 32 * 1024 * 1024;
/// How much of an error's body is read.
const MAX_ERROR_BODY: u64 = 64 * 1024;
/// How much longer than `argus.timeout` a request may take that asks for much at a time. Argus'
/// usual server ends whatever it has worked on for 30 s.
const LONGEST_EXTENSION: Duration = Duration::from_secs(30);
/// A clock's arithmetic must not overflow, however long somebody is ready to wait.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How to talk to one server.
pub(super) struct Exchange {
    agent: Agent,
    base: Base,
    trust: Trust,
    timeout: Duration,
}

/// What came back.
pub(super) struct Answer {
    pub status: u16,
    /// Where a redirect points.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

impl Exchange {
    pub fn new(base: Base, settings: &Settings) -> Result<Self, String> {
        if settings.timeout.is_zero() {
            return Err("argus.timeout must be above zero".to_owned());
        }
        let timeout = settings.timeout.min(LONGEST_TIMEOUT);
        let connections = settings.connections.max(1);
        // A little less than the whole, so that a connection that does not come about is told from a missing answer.
        let to_connect = timeout.mul_f64(0.9);
        let (tls, trust) = tls::config(settings.ca_file.as_deref())?;
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(timeout))
            .timeout_resolve(Some(to_connect))
            .timeout_connect(Some(to_connect))
            .max_idle_age(MAX_IDLE)
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            // One named in the environment would be a place that the token goes to and no configuration shows.
            .proxy(None)
            .accept("application/json")
            .user_agent(concat!("zinoargus/", env!("CARGO_PKG_VERSION")));
        Ok(Self { agent: config.build().into(), base, trust, timeout })
    }

    /// Sends a request and reads the whole answer, whatever its status. A body is JSON.
    pub fn run(
        &self,
        token: HeaderValue,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Answer, ArgusError> {
        self.run_longer(token, method, path, body, 1)
    }

    /// The same with this multiple of the time-out, for a request that asks for as many times as
    /// much as others do.
    pub fn run_longer(
        &self,
        token: HeaderValue,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        times: u32,
    ) -> Result<Answer, ArgusError> {
        pulse::beat();
        let longest = self.timeout.saturating_add(LONGEST_EXTENSION);
        let timeout = self.timeout.saturating_mul(times.max(1)).min(longest);
        let started = Instant::now();
        let result = self.send(token, method.clone(), path, body, timeout);
        let outcome = match &result {
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.to_string(),
        };
        debug!(target: "argus", "{method} {} -> {outcome} in {} ms", shown(path), started.elapsed().as_millis());
        result
    }

    fn send(
        &self,
        token: HeaderValue,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        timeout: Duration,
    ) -> Result<Answer, ArgusError> {
        let uri = self.base.join(path).map_err(|why| ArgusError::Refused(format!("{}: {why}", shown(path))))?;
        let begun = Cell::new(false);
        let response = match body {
            None => {
                let request = request(token, method, uri).body(()).map_err(unusable)?;
                self.agent.run(self.agent.configure_request(request).timeout_global(Some(timeout)).build())
            }
            Some(data) => {
                let request = request(token, method, uri)
                    .header(CONTENT_TYPE, "application/json")
                    // Without it ureq sends chunks, which Argus reads as an empty body.
                    .header(CONTENT_LENGTH, data.len());
                let mut reader = Watched { data, begun: &begun };
                self.agent.run(request.body(SendBody::from_reader(&mut reader)).map_err(unusable)?)
            }
        };
        // A server that did not get the first byte of a body did not execute the request. Without a body nothing is
        // executed anyway, and the kind of the error tells whether the server was reached.
        let reached = |error: &ureq::Error| if body.is_some() { begun.get() } else { may_have_arrived(error) };
        let response = response.map_err(|error| match self.describe(&error, timeout) {
            why if reached(&error) => ArgusError::Unknown { why, status: None },
            why => ArgusError::Refused(why),
        })?;
        self.read(response, timeout)
    }

    fn read(&self, mut response: Response<Body>, timeout: Duration) -> Result<Answer, ArgusError> {
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).map(|to| shown(&String::from_utf8_lossy(to.as_bytes())));
        if !response.status().is_success() {
            // The status says enough; its text is worth having, but no reason to fail in another way.
            let mut body = Vec::new();
            let _ = response.body_mut().as_reader().take(MAX_ERROR_BODY).read_to_end(&mut body);
            return Ok(Answer { status, location, body });
        }
        let unknown = |why| ArgusError::Unknown { why, status: Some(status) };
        if response.body().content_length().is_some_and(|length| length > MAX_BODY) {
            return Err(unknown("the answer is too long to be one".to_owned()));
        }
        match response.body_mut().with_config().limit(MAX_BODY).read_to_vec() {
            Ok(body) => Ok(Answer { status, location, body }),
            Err(error) => Err(unknown(format!("{} while reading the answer", self.describe(&error, timeout)))),
        }
    }

    /// What went wrong, and where it helps what to do about it.
    fn describe(&self, error: &ureq::Error, timeout: Duration) -> String {
        let words = shown(&error.to_string());
        let why = match error {
            ureq::Error::Timeout(Timeout::Resolve) => format!("the name was not found in {:?}", self.timeout),
            ureq::Error::Timeout(Timeout::Connect) => format!("no connection within {:?}", self.timeout),
            ureq::Error::Timeout(_) => format!("no whole answer within {timeout:?} (argus.timeout)"),
            ureq::Error::HostNotFound => "the name has no address".to_owned(),
            ureq::Error::BodyExceedsLimit(_) => "the answer is too long to be one".to_owned(),
            ureq::Error::Io(io) if io.kind() == ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
            ureq::Error::Io(_) | ureq::Error::Rustls(_) | ureq::Error::Tls(_) => match tls::advice(&words, &self.trust)
            {
                Some(advice) => format!("{advice} ({})", words.trim_start_matches("io: ")),
                None => words.trim_start_matches("io: ").to_owned(),
            },
            _ => words,
        };
        format!("{}: {why}", self.base.origin)
    }
}

fn request(token: HeaderValue, method: Method, uri: Uri) -> ureq::http::request::Builder {
    Request::builder().method(method).uri(uri).header(AUTHORIZATION, token)
}

fn unusable(error: ureq::http::Error) -> ArgusError {
    ArgusError::Refused(format!("the request cannot be made: {error}"))
}

/// Whether the server may have got a request without a body that ended so. When in doubt, it may.
fn may_have_arrived(error: &ureq::Error) -> bool {
    use ureq::Error as E;
    match error {
        E::Timeout(at) => !matches!(at, Timeout::Resolve | Timeout::Connect),
        E::Io(io) => matches!(
            io.kind(),
            ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::NotConnected
                | ErrorKind::TimedOut
                | ErrorKind::WriteZero
        ),
        E::HostNotFound | E::ConnectionFailed | E::TlsRequired | E::InvalidProxyUrl | E::ConnectProxyFailed(_) => false,
        E::Tls(_) | E::Rustls(_) | E::Pem(_) | E::BadUri(_) | E::Http(_) => false,
        _ => true,
    }
}

/// A body that remembers whether any of it was asked for, which is after all headers have been sent.
struct Watched<'a> {
    data: &'a [u8],
    begun: &'a Cell<bool>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.begun.set(true);
        self.data.read(buf)
    }
}
