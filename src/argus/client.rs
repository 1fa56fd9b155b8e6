//! The HTTP client of the Argus API: one method, one request. Never repeats a request, never follows a redirect, and never
//! sends the token anywhere but to the configured origin.

use super::models::{Event, Incident, IncidentPk, ListQuery, NewEvent, NewIncident, Page, Patch};
use super::{ArgusError, ArgusServer, tls, wire};
use crate::secret::Secret;
use log::debug;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::RwLock;
use std::time::{Duration, Instant};
use ureq::Agent;

/// Log target of the protocol.
const LOG: &str = "argus";
/// Argus' usual server drops a connection that was idle for 2 s; a POST sent into that would be of unknown outcome.
const MAX_IDLE: Duration = Duration::from_millis(1500);
/// The largest answer that is read; a page of 100 incidents is well under 1 MiB.
const MAX_BODY: u64 = 32 * 1024 * 1024;
/// How many of the newest events one page holds.
const NEWEST: usize = 100;
/// How much of an error's text is told.
const MAX_WHY: usize = 300;

/// How to reach Argus.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base address of the API, such as `https://argus.example.org/api/v2`, with or without the last slash.
    pub url: String,
    /// The source system's token.
    pub token: Secret,
    /// Bounds each request as a whole, from the look-up of the name to the last byte of the answer.
    pub timeout: Duration,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How many connections are kept.
    pub connections: usize,
}

/// A client that several threads share.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    token: RwLock<Secret>,
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Client {
    /// Sets the client up; connects to nothing yet.
    ///
    /// # Errors
    /// What is wrong with the certificates, for a person.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let tls = tls::config(settings.ca_file.as_deref())?;
        let agent = Agent::config_builder()
            .timeout_global(Some(settings.timeout))
            .timeout_connect(Some(settings.timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_age(MAX_IDLE)
            .max_idle_connections(settings.connections)
            .max_idle_connections_per_host(settings.connections)
            .proxy(None)
            .user_agent(concat!("zinoargus/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build()
            .into();
        let base = settings.url.trim_end_matches('/').to_owned();
        Ok(Self { agent, base, token: RwLock::new(settings.token.clone()) })
    }

    /// Uses another token from now on.
    pub fn set_token(&self, token: Secret) {
        *self.token.write().unwrap_or_else(std::sync::PoisonError::into_inner) = token;
    }

    fn authorization(&self) -> String {
        let token = self.token.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        format!("Token {}", token.reveal())
    }

    /// One request; any answer that is not an outage is `Ok`, whatever its status.
    fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, ArgusError> {
        let url = format!("{}/{path}", self.base);
        let began = Instant::now();
        let result = self.send(method, &url, body);
        let took = began.elapsed().as_millis();
        match &result {
            Ok(answer) => debug!(target: LOG, "{method} {path}: {} in {took} ms", answer.status),
            Err(error) => debug!(target: LOG, "{method} {path}: {error} after {took} ms"),
        }
        result
    }

    fn send(&self, method: &str, url: &str, body: Option<&Value>) -> Result<Answer, ArgusError> {
        let headers = |name: &'static str| match name {
            "accept" => "application/json".to_owned(),
            _ => self.authorization(),
        };
        let sent = match body {
            None => self
                .agent
                .get(url)
                .header("Accept", headers("accept"))
                .header("Authorization", headers("authorization"))
                .call(),
            // A whole body, so that it goes with Content-Length: Argus reads a chunked one as empty.
            Some(body) => {
                let request = if method == "PATCH" { self.agent.patch(url) } else { self.agent.post(url) };
                request
                    .header("Accept", headers("accept"))
                    .header("Authorization", headers("authorization"))
                    .header("Content-Type", "application/json")
                    .send(body.to_string().as_bytes())
            }
        };
        let mut response = sent.map_err(failure)?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MAX_BODY).read_to_vec();
        match body {
            Ok(body) => Ok(Answer { status, body }),
            Err(error) => Err(ArgusError::Unknown { why: told(&error), status: Some(status) }),
        }
    }

    /// A request whose answer is JSON; `None` for 404.
    fn ask<T>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Result<Option<T>, ArgusError> {
        let answer = self.exchange(method, path, body)?;
        if answer.status == 404 {
            return Ok(None);
        }
        judge(&answer)?;
        let nonsense = |why: String| ArgusError::Unknown { why, status: Some(answer.status) };
        let value = serde_json::from_slice(&answer.body)
            .map_err(|_| nonsense(format!("status {} with something that is not JSON", answer.status)))?;
        read(value).map(Some).map_err(|why| nonsense(cleaned(&why)))
    }

    /// As [`Client::ask`], where 404 means that the request is wrong.
    fn must<T>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Result<T, ArgusError> {
        self.ask(method, path, body, read)?.ok_or_else(|| ArgusError::Request {
            status: 404,
            why: "not found; does argus.url end in /api/v2?".to_owned(),
        })
    }
}

/// What a status means.
fn judge(answer: &Answer) -> Result<(), ArgusError> {
    let why = || reason(&answer.body);
    match answer.status {
        200..=299 => Ok(()),
        300..=399 => Err(ArgusError::Busy(format!(
            "status {}: Argus wants to be reached at another address; correct argus.url",
            answer.status
        ))),
        401 => Err(ArgusError::Unauthorized(why())),
        429 => Err(ArgusError::Busy(format!("status 429: {}", why()))),
        status @ 400..=499 => Err(ArgusError::Request { status, why: why() }),
        status => Err(ArgusError::Unknown { why: format!("status {status}: {}", why()), status: Some(status) }),
    }
}

/// What went wrong before there was an answer, told apart by whether Argus can have seen the request.
fn failure(error: ureq::Error) -> ArgusError {
    use std::io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let why = told(&error);
    let unsent = match &error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::BadUri(_) => true,
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => true,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => true,
        ureq::Error::Io(io) => {
            matches!(io.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable)
                || tls::is_certificate_error(io)
        }
        _ => false,
    };
    if unsent { ArgusError::Refused(why) } else { ArgusError::Unknown { why, status: None } }
}

/// An error for a person.
fn told(error: &ureq::Error) -> String {
    let text = cleaned(&error.to_string());
    if text.contains("UnknownIssuer") || text.contains("invalid peer certificate") {
        return format!(
            "{text}: its certificate is not trusted; if an internal CA made it, name that in argus.ca_file"
        );
    }
    text
}

/// One line of at most 300 bytes, whatever a server put into it.
fn cleaned(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    crate::sync::text::cut(line.trim(), MAX_WHY)
}

/// What an error's body says: the title of an HTML page, else its text.
fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..4096.min(body.len())).unwrap_or_default());
    let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title);
    cleaned(title.unwrap_or(if text.contains('<') { "an HTML page" } else { &text }))
}

impl ArgusServer for Client {
    fn list(&self, query: &ListQuery, cursor: Option<&str>) -> Result<Page<Incident>, ArgusError> {
        let query = cursor.map_or_else(|| wire::query(query), str::to_owned);
        self.must("GET", &format!("incidents/mine/?{query}"), None, |v| wire::page(v, wire::incident))
    }

    fn newest_events(&self, cursor: Option<&str>) -> Result<Page<Event>, ArgusError> {
        let query = cursor.map_or_else(|| format!("page_size={NEWEST}"), str::to_owned);
        self.must("GET", &format!("incidents/events/?{query}"), None, |v| wire::page(v, wire::event))
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        self.ask("GET", &format!("incidents/{pk}/"), None, wire::incident)
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        self.ask("GET", &format!("incidents/{pk}/events/"), None, wire::events)
    }

    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError> {
        self.must("POST", "incidents/", Some(&wire::new_incident(new)), wire::incident)
    }

    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError> {
        self.must("PATCH", &format!("incidents/{pk}/"), Some(&wire::patch(patch)), wire::incident)
    }

    fn post_event(&self, pk: IncidentPk, event: &NewEvent) -> Result<Event, ArgusError> {
        self.must("POST", &format!("incidents/{pk}/events/"), Some(&wire::new_event(event)), wire::event)
    }

    fn check_token(&self) -> Result<(), ArgusError> {
        self.must("GET", "auth/user/", None, |_| Ok(()))
    }
}
