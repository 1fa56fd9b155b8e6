//! The Argus side: what the rest of the program may ask of an Argus server, and the errors that
//! come back.
//!
//! Owns the REST client (`client.rs`: questions and errors; `exchange.rs`: one HTTP request;
//! `transport.rs`: its connection; `proxy.rs`: through what; `tls.rs`: whom to trust; `ca.rs`: the
//! CA file; `api_url.rs`: where it is; `advice.rs`: what to do about what went wrong), its JSON
//! (`wire.rs`, `list.rs`, `event_kind.rs`) and the models. Never decides what an incident should
//! look like.

pub mod about;
mod advice;
pub mod api_url;
pub mod ca;
pub mod client;
mod event_kind;
mod exchange;
pub mod limits;
mod list;
pub mod models;
pub mod proxy;
pub mod renewal;
mod tags;
mod text;
mod tls;
mod tokens;
mod transport;
mod wire;

use crate::secret::Secret;
use crate::time::Stamp;
use models::{Event, Incident, IncidentPk, ListQuery, NewEvent, NewIncident, Page, Patch};

/// Everything that synchronisation asks of an Argus server; implemented by the real client and by
/// the simulation's model. One call is one request; none is repeated behind the caller's back.
/// Shared by the writer's workers.
pub trait ArgusServer {
    /// One page of our own incidents, at most so many: of all of them, or of those that began at
    /// this time or before.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn list(&self, query: &ListQuery, until: Option<Stamp>, most: usize) -> Result<Page<Incident>, ArgusError>;

    /// How many open incidents we have.
    ///
    /// # Errors
    /// See [`ArgusError`]; [`ArgusError::Request`] by a server that does not count.
    fn count_open(&self) -> Result<usize, ArgusError>;

    /// The newest events of all incidents of all sources, at most so many, newest timestamp first.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn newest_events(&self, most: usize) -> Result<Page<Event>, ArgusError>;

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

    /// Posts an event.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn post_event(&self, pk: IncidentPk, event: &NewEvent) -> Result<Event, ArgusError>;

    /// Tells Argus that this source lives (`POST incidents/sources/heartbeat/`).
    ///
    /// # Errors
    /// See [`ArgusError`]; [`ArgusError::Request`] by a server that has no such thing.
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

/// What Argus does with tokens; each call shows the token that it is given.
pub trait TokenServer {
    /// Whether Argus takes this token.
    ///
    /// # Errors
    /// See [`ArgusError`]; [`ArgusError::Unauthorized`] if it does not.
    fn accepts(&self, token: &Secret) -> Result<(), ArgusError>;

    /// A session token, good for some hours, for as good a token. The first one stays good.
    ///
    /// # Errors
    /// See [`ArgusError`].
    fn session_token(&self, token: &Secret) -> Result<Secret, ArgusError>;

    /// A new token for the user of this one, of either kind. The user's old one is dead at once,
    /// whether or not the reply arrives.
    ///
    /// # Errors
    /// See [`ArgusError`]; after [`ArgusError::Unknown`] the old token may be dead.
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
    /// The server could not be reached, so the request was certainly not executed. May be repeated
    /// at once.
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
    /// This one request is wrong (4xx, 403 among them): repeating it as it is will not help; others
    /// may work.
    Request {
        /// The HTTP status.
        status: u16,
        /// What the server said of it.
        why: String,
    },
    /// 401 in Argus' own JSON: the token was refused.
    Unauthorized(String),
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
