//! The Argus server: the requests that the rest of the program can make, and their errors. Never
//! decides what an incident should look like.
//!
//! The REST client is `client.rs` (requests and errors), with `exchange.rs` (one HTTP request),
//! `transport.rs` (its connection), `proxy.rs` (the proxy), `tls.rs` (trust), `ca.rs` (the CA
//! file), `api_url.rs` (the address), `advice.rs` (what to do about an error) and `limits.rs` (what
//! Argus accepts of a text). Its JSON is `wire.rs`, `acks.rs`, `list.rs` and `event_kind.rs`; the
//! models are `models.rs`.

pub mod about;
mod acks;
mod advice;
pub mod api_url;
pub mod ca;
pub mod client;
mod event_kind;
mod exchange;
pub mod limits;
mod list;
pub mod measured;
pub mod models;
pub mod proxy;
pub mod rehearsal;
pub mod renewal;
mod tags;
mod text;
mod tls;
mod tokens;
mod transport;
mod wire;

use crate::secret::Secret;
use crate::time::Stamp;
use models::{Acks, Event, EventPk, Incident, IncidentPk, ListQuery, Mark, NewEvent, NewIncident, Page, Patch};

/// The requests of synchronisation to an Argus server. The real client and the model of the
/// simulation implement it. One call is one request, which is never repeated. Shared by the
/// writer's workers.
pub trait ArgusServer {
    /// One page of our own incidents, at most `most`: of all of them, or of those that began at
    /// `until` or before.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn list(&self, query: &ListQuery, until: Option<Stamp>, most: usize) -> Result<Page<Incident>, ArgusError>;

    /// How many open incidents we have, or how many of them have this mark.
    ///
    /// # Errors
    /// See [`ArgusError`]; [`ArgusError::Request`] by a server that does not count.
    fn count_open(&self, mark: Option<Mark>) -> Result<usize, ArgusError>;

    /// The newest events of all incidents of all sources, at most so many, newest timestamp first.
    /// `times`: how many times the usual time-out the request may take.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn newest_events(&self, most: usize, times: u32) -> Result<Page<Event>, ArgusError>;

    /// One incident; `None` if Argus says that there is none (404).
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError>;

    /// All events of one incident, in any order; `None` if there is no such incident (404).
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError>;

    /// All acknowledgements of one incident; `None` if there is no such incident (404).
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn acks(&self, pk: IncidentPk) -> Result<Option<Acks>, ArgusError>;

    /// Creates an incident. A number that is taken is [`ArgusError::Request`] with status 400.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError>;

    /// Changes an incident.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError>;

    /// Posts an event, or an acknowledgement without an end.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn post_event(&self, pk: IncidentPk, event: &NewEvent) -> Result<Event, ArgusError>;

    /// Gives an acknowledgement an end, which must lie ahead on Argus' clock.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn expire(&self, pk: IncidentPk, ack: EventPk, at: Stamp) -> Result<(), ArgusError>;

    /// Sends the heartbeat of our source (`POST incidents/sources/heartbeat/`).
    ///
    /// # Errors
    /// See [`ArgusError`]; [`ArgusError::Request`] by a server without source heartbeats.
    fn sign_of_life(&self) -> Result<(), ArgusError>;

    /// Whether Argus still refuses our token (`GET auth/user/`), to confirm a 401 before it is
    /// believed.
    ///
    /// # Errors
    /// See [`ArgusError`]; [`ArgusError::Unauthorized`] if it does.
    fn check_token(&self) -> Result<(), ArgusError>;

    /// Whether Argus can be reached (`GET` beside the API, without the token, which Argus takes for
    /// no sign of life). Any answer of Argus' own will do.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn reach(&self) -> Result<(), ArgusError>;
}

/// The requests about tokens. Each call authenticates with the token that it is given.
pub trait TokenServer {
    /// Whether Argus takes this token.
    ///
    /// # Errors
    /// See [`ArgusError`]; [`ArgusError::Unauthorized`] if it does not.
    fn accepts(&self, token: &Secret) -> Result<(), ArgusError>;

    /// A session token, which is valid for some hours, for a token that is valid. That one stays
    /// valid.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn session_token(&self, token: &Secret) -> Result<Secret, ArgusError>;

    /// A new token for the user of this token or session token. The user's old token is invalid at
    /// once, also if the reply is lost.
    ///
    /// # Errors
    /// See [`ArgusError`]; after [`ArgusError::Unknown`] the old token may be invalid.
    fn refresh(&self, token: &Secret) -> Result<Secret, ArgusError>;

    /// Gives a session token back.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn end_session(&self, token: &Secret) -> Result<(), ArgusError>;
}

/// What can go wrong with Argus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgusError {
    /// The request did not arrive, so it was not executed. It may be repeated at once.
    Refused(String),
    /// The request was sent and no usable answer came (time-out, connection lost, 5xx, a body that
    /// is not the JSON we know): a write may or may not have been executed, or may still be.
    Unknown {
        /// What came instead.
        why: String,
        /// The HTTP status, if there was one.
        status: Option<u16>,
    },
    /// The server answered that it did not execute the request, and later may (429, 3xx). Not this
    /// request's fault.
    Busy(String),
    /// Argus refuses this one request (4xx, 403 among them). Repeating it does not help; other
    /// requests may succeed.
    Request {
        /// The HTTP status.
        status: u16,
        /// What the server said of it.
        why: String,
    },
    /// 401 in Argus' own JSON: the token was refused.
    Unauthorized(String),
}

impl ArgusError {
    /// Whether no answer came in time, as for a question that takes Argus too long: it, or
    /// something before it, stopped waiting.
    #[must_use]
    pub fn is_late(&self) -> bool {
        matches!(self, Self::Unknown { status: None | Some(408 | 502 | 504), .. })
    }
}

impl std::fmt::Display for ArgusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "cannot be reached: {why}"),
            Self::Unknown { why, .. } => write!(f, "no usable answer: {why}"),
            Self::Busy(why) => f.write_str(why),
            Self::Request { status, why } => write!(f, "refused with {status}: {why}"),
            Self::Unauthorized(why) => write!(f, "token refused: {why}"),
        }
    }
}

impl std::error::Error for ArgusError {}

/// Reads these bytes as everything that Argus can answer with; gives the incidents among it. For
/// `tests/fuzz`.
#[cfg(fuzzing)]
#[must_use]
pub fn read_anything(body: &[u8]) -> Vec<Incident> {
    let _ = (wire::event(body), wire::events(body), wire::count(body), wire::event_page(body));
    let _ = (acks::ack(body), acks::acks(body), text::summary(body));
    let page = wire::incident_page(body).map(|page| page.items).unwrap_or_default();
    page.into_iter().chain(wire::incident(body).ok()).collect()
}
