//! What Argus holds: incidents, events, and what we send. Domain types; their JSON is `wire.rs`.
//!
//! Never talks to a server. Field meanings are those of the Argus REST API v2.

pub use super::tags::{Tag, Tags};
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Primary key of an incident.
pub type IncidentPk = i64;
/// An incident in a log line. One that a dry run would have created has a negative key.
#[must_use]
pub fn incident_name(pk: IncidentPk) -> String {
    if pk < 0 { format!("new incident {}", pk.unsigned_abs()) } else { format!("incident {pk}") }
}

/// Primary key of an event; rises with arrival.
pub type EventPk = i64;
/// Primary key of a user.
pub type UserPk = i64;

/// When an incident ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndTime {
    /// `"infinity"`: it is open.
    Open,
    /// It ended, or will end, at this time. It counts as ended whatever `open` says.
    At(Stamp),
    /// `null`: it never has a duration; not an incident of ours.
    Stateless,
}

/// The identity written into the metadata of our incidents, so that any host recognises them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeFor {
    /// The case number.
    pub case: i64,
    /// When the case opened, in seconds.
    pub opened: i64,
    /// The router.
    pub router: Box<str>,
    /// Zino's word for the kind of problem.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// The sub-index of the problem.
    pub subindex: Box<str>,
    /// `zino.server` of the instance.
    pub server: Box<str>,
}

impl MadeFor {
    /// Reads it from the JSON of metadata. `None` if a part of it is missing or of another type.
    /// Everything else in the metadata is skipped without a copy in memory, however much and
    /// however deep it is.
    #[must_use]
    pub fn read(metadata: &str) -> Option<Box<Self>> {
        #[derive(Deserialize)]
        struct Metadata {
            zino: MadeFor,
        }
        serde_json::from_str::<Metadata>(metadata).ok().map(|metadata| Box::new(metadata.zino))
    }
}

/// An incident as Argus returns it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its primary key.
    pub pk: IncidentPk,
    /// When the problem began.
    pub start_time: Stamp,
    /// When it ended.
    pub end_time: EndTime,
    /// The user of the source system that owns it: us, for our own incidents.
    pub source_user: UserPk,
    /// The number we gave it; unique per source for ever.
    pub source_incident_id: Box<str>,
    /// One line for people.
    pub description: Box<str>,
    /// 1 critical to 5 information.
    pub level: u8,
    /// The link to more about it, as Argus shows it; empty if none.
    #[serde(default)]
    pub details_url: Box<str>,
    /// URL of the ticket; empty if none.
    pub ticket_url: Box<str>,
    /// The identity in its metadata, if this program or another instance of it made the incident.
    /// The rest of the metadata is not kept: parsed JSON takes twenty times the memory of its text.
    pub made_for: Option<Box<MadeFor>>,
    /// Its tags.
    pub tags: Tags,
    /// `open` as Argus gives it; it can lag behind `end_time` when clocks differ.
    pub open: bool,
    /// Whether an acknowledgement is in force.
    pub acked: bool,
}

impl Incident {
    /// Whether it has not ended. A finite end time means ended, whatever `open` says.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.end_time == EndTime::Open
    }
}

/// What kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// STA: the incident began.
    Start,
    /// END: its source ended it.
    End,
    /// RES: its source says that it goes on.
    Restart,
    /// CLO: a person closed it.
    Close,
    /// REO: a person reopened it.
    Reopen,
    /// ACK: a person acknowledged it.
    Acknowledge,
    /// OTH: text.
    Other,
    /// CHI: a field changed.
    Change,
    /// LES: stateless, or any type this program does not know.
    Unknown(String),
}

/// An event of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its primary key; rises with arrival.
    pub pk: EventPk,
    /// The incident it belongs to.
    pub incident: IncidentPk,
    /// Who made it.
    pub actor: UserPk,
    /// Name of who made it.
    pub actor_name: String,
    /// When it happened, on the maker's clock.
    pub timestamp: Stamp,
    /// When Argus got it, on Argus' clock.
    pub received: Stamp,
    /// What kind.
    pub kind: EventKind,
    /// Its text.
    pub description: String,
}

/// An acknowledgement of an incident, which is the event that made it and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The event. Its primary key is the acknowledgement's, too.
    pub event: Event,
    /// When it ends, on Argus' clock; `None`: never.
    pub expiration: Option<Stamp>,
}

/// The acknowledgements of an incident, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Acks {
    /// All of them, also those that are over.
    pub all: Vec<Ack>,
    /// What Argus' clock said at the time of the answer, if it says that.
    pub at: Option<Stamp>,
}

/// An incident to be created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewIncident {
    /// When the problem began.
    pub start_time: Stamp,
    /// `None`: open; else created closed.
    pub end_time: Option<Stamp>,
    /// Its number.
    pub source_incident_id: String,
    /// One line for people.
    pub description: String,
    /// The link to more about it.
    #[serde(default)]
    pub details_url: Option<String>,
    /// 1 to 5.
    pub level: u8,
    /// `key=value` texts.
    pub tags: Vec<String>,
    /// Its identity.
    pub metadata: Value,
}

impl NewIncident {
    /// The incident that Argus makes of it for the user of our source, with its key.
    #[must_use]
    pub fn made(&self, pk: IncidentPk, source_user: UserPk) -> Incident {
        Incident {
            pk,
            start_time: self.start_time,
            end_time: self.end_time.map_or(EndTime::Open, EndTime::At),
            source_user,
            source_incident_id: self.source_incident_id.as_str().into(),
            description: self.description.as_str().into(),
            level: self.level,
            details_url: self.details_url.as_deref().unwrap_or_default().into(),
            ticket_url: "".into(),
            made_for: MadeFor::read(&self.metadata.to_string()),
            tags: self.tags.iter().map(|text| (text, source_user)).collect(),
            open: self.end_time.is_none(),
            acked: false,
        }
    }
}

/// A change to an incident; `None` leaves a field alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Patch {
    /// The whole new set of tags, foreign ones included.
    pub tags: Option<Vec<String>>,
    /// The new description.
    pub description: Option<String>,
    /// The new link.
    #[serde(default)]
    pub details_url: Option<String>,
    /// The new level.
    pub level: Option<u8>,
    /// The new metadata.
    pub metadata: Option<Value>,
}

/// An event to be posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEvent {
    /// [`EventKind::Other`], [`EventKind::End`], [`EventKind::Restart`] or
    /// [`EventKind::Acknowledge`].
    pub kind: EventKind,
    /// When it happened.
    pub timestamp: Stamp,
    /// Its text.
    pub description: String,
}

impl NewEvent {
    /// An END.
    #[must_use]
    pub fn end(timestamp: Stamp, description: String) -> Self {
        Self { kind: EventKind::End, timestamp, description }
    }
}

/// Which incidents of our own source a list asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListQuery {
    /// All open ones.
    Open,
    /// Those that ended at or after this time.
    EndedSince(Stamp),
    /// The one with this number.
    Number(String),
    /// The open ones that have, of each key in these `key=value` texts, one of its values.
    OpenTagged(Vec<String>),
    /// The open ones to which people did this.
    OpenMarked(Mark),
}

/// What people do to an open incident that it shows afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// An acknowledgement is in force.
    Acknowledged,
    /// It has the URL of a ticket.
    Ticketed,
}

impl Mark {
    /// Whether this incident is open and has it.
    #[must_use]
    pub fn is_on(self, incident: &Incident) -> bool {
        incident.is_open()
            && match self {
                Self::Acknowledged => incident.acked,
                Self::Ticketed => !incident.ticket_url.is_empty(),
            }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The items, newest first. Items of one time are in no order, which is another one in each
    /// page.
    pub items: Vec<T>,
    /// Whether there are items behind these: older ones, or others of the oldest one's time.
    pub more: bool,
}
