//! One HTTP request and its answer, bounded in time and size. Never follows a redirect, never
//! repeats a request, never sends the token anywhere but to `argus.url` (through the proxy that the
//! environment names), and does not know what the JSON means.
//!
//! ureq 3.5 repeats nothing by itself, not even on a pooled connection that is dead. It probes a
//! pooled connection before it uses it, and drops those that were idle for too long. This was read
//! in its source, and is tested.

use super::ArgusError;
use super::advice::{self, Setting};
use super::api_url::ApiUrl;
use super::client::Settings;
use super::proxy::Route;
use super::text::sanitised;
use super::tls::{self, Trust};
use super::transport::{Dial, Later, not_connected};
use crate::progress;
use crate::time::Stamp;
use log::{debug, info};
use std::cell::Cell;
use std::io::{ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use ureq::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, PROXY_AUTHORIZATION};
use ureq::http::{HeaderValue, Method, Request, Response, Uri};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};
use ureq::{Agent, Body, SendBody, Timeout};

/// The longest that an idle connection is kept. Argus' usual server drops one after 2 s, and a POST
/// that is on its way then is lost.
const MAX_IDLE: Duration = Duration::from_millis(1500);
/// The size of each buffer of a connection (ureq's default is 128 KiB). The headers of an answer
/// must fit; ureq takes at most 64 KiB of them.
const INPUT_BUFFER: usize = 64 * 1024;
const OUTPUT_BUFFER: usize = 16 * 1024;
/// The longest body. A page of 100 incidents is below 1 MiB, and so is an incident with 1000
/// events. Each writer may hold one in memory, with its models.
const MAX_BODY: u64 = 16 * 1024 * 1024;
/// How much of an error's body is read.
const MAX_ERROR_BODY: u64 = 64 * 1024;
/// The longest time for a connection, with a TLS handshake and a second address.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
/// The longest extra time, beyond `argus.timeout`, of a request that asks for much at a time.
/// Argus' usual server ends every request after 30 s.
const LONGEST_EXTENSION: Duration = Duration::from_secs(30);
/// The longest time-out. The arithmetic of clocks must not overflow.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How to talk to one server.
pub(super) struct Exchange {
    agent: Agent,
    base: ApiUrl,
    trust: Trust,
    /// From the first byte of a request to the last of its answer.
    timeout: Duration,
    /// Before that: the name, the connection, TLS.
    to_connect: Duration,
    route: Route,
    /// The user and password for a proxy that passes requests on as they are.
    to_forwarder: Option<HeaderValue>,
    /// No request is sent any more.
    closed: AtomicBool,
}

/// An answer.
pub(super) struct Answer {
    pub status: u16,
    /// Where a redirect points.
    pub location: Option<String>,
    /// What `argus.url` should probably be, if it is not the address of the API.
    pub better: Option<String>,
    /// What the server's clock said, if it says that.
    pub date: Option<Stamp>,
    pub body: Vec<u8>,
}

impl Exchange {
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let base = settings.url.clone();
        if settings.timeout.is_zero() {
            return Err("argus.timeout must be above zero".to_owned());
        }
        let timeout = settings.timeout.min(LONGEST_TIMEOUT);
        let connections = settings.connections.max(1);
        let to_connect = timeout.min(LONGEST_CONNECT);
        let (tls, trust) = tls::config(settings.ca_file.as_deref())?;
        let route = Route::choose(&settings.environment, base.scheme, &base.host, base.port)?;
        if let Some(way) = route.description() {
            info!("Argus is reached {way}");
        }
        let via = route.via();
        let forwarder = via.and_then(|via| via.forwarder(base.scheme, &base.origin));
        let to_forwarder = via.filter(|_| forwarder.is_some()).and_then(|via| via.authorization());
        let tunnel = via.filter(|_| forwarder.is_none()).map(|via| via.proxy.clone());
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(to_connect + timeout))
            .timeout_connect(Some(to_connect))
            .max_idle_age(MAX_IDLE)
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER)
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            // `proxy.rs` reads the environment, by rules of its own.
            .proxy(tunnel)
            .accept("application/json")
            .user_agent(concat!("zinoargus/", env!("CARGO_PKG_VERSION")));
        let dial = Dial { request: timeout, to_connect, forwarder };
        let connector = ().chain(ConnectProxyConnector::default()).chain(dial).chain(RustlsConnector::default());
        let agent = Agent::with_parts(config.build(), connector, Later);
        Ok(Self { agent, base, trust, timeout, to_connect, route, to_forwarder, closed: AtomicBool::new(false) })
    }

    /// Sends no request any more, also not one that is still connecting. One that is under way may
    /// finish.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether no request is sent any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Through which proxy, for people; `None` if the environment names none.
    pub fn proxy(&self) -> Option<String> {
        self.route.description()
    }

    /// Sends a request and reads the whole answer, whatever its status. A body is JSON. Without a
    /// token, the server does not learn who we are.
    pub fn run(
        &self,
        token: Option<HeaderValue>,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Answer, ArgusError> {
        self.run_longer(token, method, path, body, 1)
    }

    /// [`Exchange::run`] with this multiple of the time-out, for a request that asks for more than
    /// others do.
    pub fn run_longer(
        &self,
        token: Option<HeaderValue>,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        times: u32,
    ) -> Result<Answer, ArgusError> {
        progress::beat();
        let longest = self.timeout.saturating_add(LONGEST_EXTENSION);
        let timeout = self.timeout.saturating_mul(times.max(1)).min(longest);
        let started = Instant::now();
        let result = self.send(token, method.clone(), path, body, timeout);
        let outcome = match &result {
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.to_string(),
        };
        debug!(target: "argus", "{method} {} -> {outcome} in {} ms", sanitised(path), started.elapsed().as_millis());
        result
    }

    fn send(
        &self,
        token: Option<HeaderValue>,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        timeout: Duration,
    ) -> Result<Answer, ArgusError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(ArgusError::Refused("not sent: the connections to Argus are being closed".to_owned()));
        }
        let uri = self.base.join(path).map_err(|why| ArgusError::Refused(format!("{}: {why}", sanitised(path))))?;
        let begun = Cell::new(false);
        let response = match body {
            None => {
                let request = self.request(token, method, uri).body(()).map_err(unusable)?;
                let whole = self.to_connect.saturating_add(timeout);
                self.agent.run(self.agent.configure_request(request).timeout_global(Some(whole)).build())
            }
            Some(data) => {
                let request = self
                    .request(token, method, uri)
                    .header(CONTENT_TYPE, "application/json")
                    // Without this header ureq sends chunks, which Argus reads as an empty body.
                    .header(CONTENT_LENGTH, data.len());
                let mut reader = Watched { data, begun: &begun, closed: &self.closed };
                self.agent.run(request.body(SendBody::from_reader(&mut reader)).map_err(unusable)?)
            }
        };
        // A server that did not get the first byte of a body did not execute the request. For a
        // request without a body, the kind of the error says whether it arrived.
        let has_bytes = body.is_some_and(|body| !body.is_empty());
        let has_arrived = |error: &ureq::Error| if has_bytes { begun.get() } else { may_have_arrived(error) };
        let response = response.map_err(|error| match self.describe(&error, timeout) {
            why if has_arrived(&error) => ArgusError::Unknown { why, status: None },
            why => ArgusError::Refused(why),
        })?;
        self.read(path, response, timeout)
    }

    fn request(&self, token: Option<HeaderValue>, method: Method, uri: Uri) -> ureq::http::request::Builder {
        let forwarder = self.to_forwarder.clone().map(|header| (PROXY_AUTHORIZATION, header));
        let headers = token.map(|token| (AUTHORIZATION, token)).into_iter().chain(forwarder);
        let request = Request::builder().method(method).uri(uri);
        headers.fold(request, |request, (name, value)| request.header(name, value))
    }

    fn read(&self, path: &str, mut response: Response<Body>, timeout: Duration) -> Result<Answer, ArgusError> {
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).map(|to| sanitised(&String::from_utf8_lossy(to.as_bytes())));
        let date = response.headers().get(DATE).and_then(|date| Stamp::parse_date_header(date.to_str().ok()?));
        let leads = location.as_deref().and_then(|to| self.base.redirected(path, to));
        let better = leads.or_else(|| self.base.better());
        if !response.status().is_success() {
            // The status is the error. Its text is optional, and must not become another error.
            let mut body = Vec::new();
            let _ = response.body_mut().as_reader().take(MAX_ERROR_BODY).read_to_end(&mut body);
            if let Some(via) = self.route.via().filter(|_| status == 407) {
                let why = format!("the proxy {}: {}", via.description(), advice::wants_password(via));
                return Err(ArgusError::Refused(why));
            }
            return Ok(Answer { status, location, better, date, body });
        }
        let unknown = |why| ArgusError::Unknown { why, status: Some(status) };
        if response.body().content_length().is_some_and(|length| length > MAX_BODY) {
            return Err(unknown("the answer is too long to be one".to_owned()));
        }
        match response.body_mut().with_config().limit(MAX_BODY).read_to_vec() {
            Ok(body) => Ok(Answer { status, location, better, date, body }),
            Err(error) => Err(unknown(format!("{} while reading the answer", self.describe(&error, timeout)))),
        }
    }

    fn describe(&self, error: &ureq::Error, timeout: Duration) -> String {
        let to_connect = self.to_connect;
        let setting = Setting { base: &self.base, trust: &self.trust, route: &self.route, timeout, to_connect };
        advice::of_failure(error, &setting)
    }
}

fn unusable(error: ureq::http::Error) -> ArgusError {
    ArgusError::Refused(format!("the request cannot be made: {error}"))
}

/// Whether the server may have got a request without a body, or with an empty one, that ended so.
/// When in doubt, it may.
fn may_have_arrived(error: &ureq::Error) -> bool {
    use ureq::Error as E;
    match error {
        E::Timeout(at) => *at != Timeout::Connect,
        E::Other(_) => not_connected(error).is_none(),
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
        E::ConnectionFailed | E::TlsRequired | E::InvalidProxyUrl | E::ConnectProxyFailed(_) => false,
        E::Tls(_) | E::Rustls(_) | E::Pem(_) | E::BadUri(_) | E::Http(_) => false,
        _ => true,
    }
}

/// A body that records whether ureq read any of it, which happens after all headers were sent.
struct Watched<'a> {
    data: &'a [u8],
    begun: &'a Cell<bool>,
    closed: &'a AtomicBool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        // The last moment: without its body, a request is not executed.
        if !self.begun.get() && self.closed.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("the connections to Argus are being closed"));
        }
        self.begun.set(true);
        self.data.read(buf)
    }
}
