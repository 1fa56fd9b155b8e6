//! What this process counts and measures, for people who look at it from outside: one set of
//! metrics, which every thread adds to as it writes log lines. Never decides anything, and nobody
//! decides by it.
//!
//! The names are a promise (`packaging/doc/monitoring.md`). No label holds a router, a case, a
//! person or any other foreign text.

mod families;
#[cfg(test)]
mod tests;

use families::Families;
use prometheus_client::encoding::prometheus_text;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// One of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Our Zino.
    Zino,
    /// Argus.
    Argus,
}

impl Server {
    const ALL: [Self; 2] = [Self::Zino, Self::Argus];

    const fn label(self) -> &'static str {
        match self {
            Self::Zino => "zino",
            Self::Argus => "argus",
        }
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Zino => "Zino",
            Self::Argus => "Argus",
        })
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Ok,
    /// The server refuses this one request.
    Refused,
    /// The server answers that it cannot now, or with something that is no answer.
    Error,
    /// The request did not reach the server.
    Unreachable,
    /// It was sent, and no usable answer came.
    Unanswered,
}

impl Outcome {
    const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Error => "error",
            Self::Unreachable => "unreachable",
            Self::Unanswered => "unanswered",
        }
    }
}

/// What was written to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// A new incident.
    Create,
    /// Tags, description, level or link of an incident.
    Change,
    /// The end of an incident.
    End,
    /// The reopening of an incident.
    Reopen,
    /// An event that shows a history entry.
    Event,
    /// An acknowledgement.
    Acknowledge,
    /// The end of an acknowledgement of ours.
    Expire,
    /// A history entry in Zino.
    History,
    /// A state in Zino.
    State,
}

impl Write {
    const ALL: [Self; 9] = [
        Self::Create,
        Self::Change,
        Self::End,
        Self::Reopen,
        Self::Event,
        Self::Acknowledge,
        Self::Expire,
        Self::History,
        Self::State,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::End => "end",
            Self::Reopen => "reopen",
            Self::Event => "event",
            Self::Acknowledge => "acknowledge",
            Self::Expire => "expire",
            Self::History => "history",
            Self::State => "state",
        }
    }

    const fn server(self) -> Server {
        match self {
            Self::History | Self::State => Server::Zino,
            _ => Server::Argus,
        }
    }
}

/// What came of a question to the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinged {
    /// It answered.
    Answered,
    /// It did not answer.
    Silent,
    /// The question never left this host.
    Unasked,
}

impl Pinged {
    const ALL: [Self; 3] = [Self::Answered, Self::Silent, Self::Unasked];

    const fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Silent => "silent",
            Self::Unasked => "unasked",
        }
    }
}

/// How things are after a turn of the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gauges {
    /// This instance synchronises.
    pub is_active: bool,
    /// Cases that are known.
    pub cases: usize,
    /// Open incidents of our source that are known.
    pub incidents: usize,
    /// Problems that wait or are worked on.
    pub waiting: usize,
    /// Problems that Argus refuses, or fails over.
    pub troubled: usize,
    /// Zino can be used.
    pub is_zino_up: bool,
    /// Argus can be used.
    pub is_argus_up: bool,
    /// This instance acts, or could at once.
    pub is_takeover_ready: bool,
}

/// All metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    families: Families,
}

/// Rule: PROCESS-17.
///
/// Those of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(Metrics::new)
}

impl Metrics {
    fn new() -> Self {
        let families = Families::new();
        for server in Server::ALL {
            families.server_up.get_or_create(&[("server", server.label())]).set(0);
            families.last_success.get_or_create(&[("server", server.label())]).set(0.0);
        }
        for kind in Write::ALL {
            drop(families.writes.get_or_create(&[("server", kind.server().label()), ("kind", kind.label())]));
        }
        for result in Pinged::ALL {
            drop(families.pings.get_or_create(&[("result", result.label())]));
        }
        for mode in ["active", "standby"] {
            drop(families.transitions.get_or_create(&[("to", mode)]));
        }
        families.reload_succeeded.set(1);
        Self { families }
    }

    /// All of them in the text format of Prometheus, version 0.0.4.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = prometheus_text::encode(&mut text, &self.families.registry);
        text
    }

    /// A request to a server is over.
    pub fn request(&self, server: Server, operation: &'static str, outcome: Outcome, took: Duration) {
        let server = ("server", server.label());
        let all = &self.families;
        all.requests.get_or_create(&[server, ("operation", operation), ("result", outcome.label())]).inc();
        all.durations.get_or_create(&[server, ("operation", operation)]).observe(took.as_secs_f64());
        if outcome == Outcome::Ok {
            all.last_success.get_or_create(&[server]).set(unix_now());
        }
    }

    /// A server took a write.
    pub fn wrote(&self, kind: Write) {
        self.families.writes.get_or_create(&[("server", kind.server().label()), ("kind", kind.label())]).inc();
    }

    /// A new case has its incident, so long after its notification.
    pub fn created_after(&self, time: Duration) {
        self.families.until_incident.observe(time.as_secs_f64());
    }

    /// Zino was connected again.
    pub fn reconnected(&self) {
        self.families.reconnects.inc();
    }

    /// A server was read completely.
    pub fn read_completely(&self, server: Server, took: Duration) {
        self.families.full_reading.get_or_create(&[("server", server.label())]).set(took.as_secs_f64());
    }

    /// The configuration was read again, and is used or not.
    pub fn reloaded(&self, is_used: bool) {
        self.families.reload_succeeded.set(i64::from(is_used));
    }

    /// The primary was asked.
    pub fn pinged(&self, result: Pinged) {
        self.families.pings.get_or_create(&[("result", result.label())]).inc();
    }

    /// The mode has changed.
    pub fn changed_mode(&self, is_active: bool) {
        let mode = if is_active { "active" } else { "standby" };
        self.families.transitions.get_or_create(&[("to", mode)]).inc();
    }

    /// The token was made at this time, in seconds since 1970.
    pub fn token_made(&self, at: i64) {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a float")]
        self.families.token_made.set(at as f64);
    }

    /// How things are now.
    pub fn set(&self, now: &Gauges) {
        let all = &self.families;
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        all.active.set(i64::from(now.is_active));
        all.cases.set(number(now.cases));
        all.incidents.set(number(now.incidents));
        all.waiting.set(number(now.waiting));
        all.troubled.set(number(now.troubled));
        all.server_up.get_or_create(&[("server", Server::Zino.label())]).set(i64::from(now.is_zino_up));
        all.server_up.get_or_create(&[("server", Server::Argus.label())]).set(i64::from(now.is_argus_up));
        all.takeover_ready.set(i64::from(now.is_takeover_ready));
        all.last_update.set(unix_now());
    }
}

/// Seconds since 1970.
fn unix_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
