//! Writes that Argus refused or accepted without effect, for each case. All other writes still
//! happen, and none of these is repeated over and over. Pure; never writes, and never says when a
//! write is tried again.

use super::text::{cut, normal};
use crate::argus::models::{EventKind, EventPk, IncidentPk, NewEvent};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A write without effect is made this often.
pub const TRIES: u32 = 2;
/// The longest name of a write in a log line, in bytes.
const MAX_NAME: usize = 100;

/// What makes a write the same one when it is proposed again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WriteKey {
    /// The incident; `None` for the creation of a case's incident.
    pub incident: Option<IncidentPk>,
    /// What it does, without the time of the decision.
    pub what: String,
}

impl WriteKey {
    /// The creation of a case's incident, under whatever number.
    #[must_use]
    pub fn creation() -> Self {
        Self { incident: None, what: "CREATE".to_owned() }
    }

    /// An event on an incident. A RES and the END of a duplicate have the time of the decision, so
    /// texts and times of state events do not count.
    #[must_use]
    pub fn event(incident: IncidentPk, event: &NewEvent) -> Self {
        let what = match &event.kind {
            EventKind::Other | EventKind::Acknowledge => {
                let word = if event.kind == EventKind::Other { "OTH" } else { "ACK" };
                // The hash stands for a text that can be long.
                let mut hasher = DefaultHasher::new();
                normal(&event.description).hash(&mut hasher);
                format!("{word} {} {:016x}", event.timestamp, hasher.finish())
            }
            kind => format!("{kind:?}"),
        };
        Self { incident: Some(incident), what }
    }

    /// A change of an incident.
    #[must_use]
    pub fn patch(incident: IncidentPk) -> Self {
        Self { incident: Some(incident), what: "PATCH".to_owned() }
    }

    /// The end of an acknowledgement.
    #[must_use]
    pub fn expire(incident: IncidentPk, ack: EventPk) -> Self {
        Self { incident: Some(incident), what: format!("EXPIRE {ack}") }
    }

    /// Not a write: the read of the acknowledgements of an incident.
    #[must_use]
    pub fn reading_acks(incident: IncidentPk) -> Self {
        Self { incident: Some(incident), what: "READ acks".to_owned() }
    }

    /// Not a write: a read of an incident, or the search for one by its number.
    #[must_use]
    pub fn reading(incident: Option<IncidentPk>) -> Self {
        Self { incident, what: "READ".to_owned() }
    }

    fn is_reading(&self) -> bool {
        self.what.starts_with("READ")
    }
}

/// The state of a case and of the complete readings of Argus. A setback is tried again when it
/// differs from that of the last try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chance {
    /// The hash of the case (`plan::fingerprint`).
    pub fingerprint: u64,
    /// The number of complete readings.
    pub look: u64,
    /// Whether Zino has deleted the case.
    pub last: bool,
}

/// Why a write did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A 4xx, or a 500 of a write that was repeated.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server said of it.
        why: String,
    },
    /// Argus accepted it this often, and a read shows no effect.
    NoEffect {
        /// How often.
        times: u32,
    },
    /// Both numbers of the case belong to incidents about something else.
    NumbersTaken,
}

/// A write that was refused, or accepted and its effect not seen yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setback {
    /// Its name in a log line.
    name: String,
    cause: Cause,
    tried_at: Chance,
    /// Whether a read follows that shows the effect.
    looked_for: bool,
}

impl Setback {
    /// Whether it is not tried again at the same chance.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        !matches!(self.cause, Cause::NoEffect { times } if times < TRIES)
    }

    /// Whether a log line about one of the two is enough.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (&self.cause, &other.cause) {
            (Cause::Refused { status, .. }, Cause::Refused { status: other, .. }) => status == other,
            (Cause::NoEffect { .. }, Cause::NoEffect { .. }) => other.is_given_up() == self.is_given_up(),
            (Cause::NumbersTaken, Cause::NumbersTaken) => true,
            _ => false,
        }
    }
}

impl std::fmt::Display for Setback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = &self.name;
        match &self.cause {
            Cause::Refused { status: status @ 500.., why } => write!(f, "Argus fails at {name} ({status}: {why})"),
            Cause::Refused { status, why } => write!(f, "Argus refuses {name} ({status}: {why})"),
            Cause::NoEffect { times } => write!(f, "Argus accepts {name} without effect ({times} times)"),
            Cause::NumbersTaken => f.write_str("both numbers of this case belong to incidents about something else"),
        }
    }
}

/// The setbacks of one case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(WriteKey, Setback)>", into = "Vec<(WriteKey, Setback)>")]
pub struct Setbacks(BTreeMap<WriteKey, Setback>);

impl From<Vec<(WriteKey, Setback)>> for Setbacks {
    fn from(all: Vec<(WriteKey, Setback)>) -> Self {
        Self(all.into_iter().collect())
    }
}

impl From<Setbacks> for Vec<(WriteKey, Setback)> {
    fn from(all: Setbacks) -> Self {
        all.0.into_iter().collect()
    }
}

impl Setbacks {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are not tried again at the same chance.
    pub fn given_up(&self) -> impl Iterator<Item = (&WriteKey, &Setback)> {
        self.0.iter().filter(|(_, setback)| setback.is_given_up())
    }

    /// The setback of this write.
    #[must_use]
    pub fn get(&self, key: &WriteKey) -> Option<&Setback> {
        self.0.get(key)
    }

    /// Whether a write is not to be made at this chance.
    /// Rules: FAIL-4, FAIL-5, DECIDE-5.
    #[must_use]
    pub fn leaves_out(&self, key: &WriteKey, now: Chance) -> bool {
        self.0.get(key).is_some_and(|setback| setback.is_given_up() && setback.tried_at == now)
    }

    /// Argus refused a write.
    pub fn failed(&mut self, key: WriteKey, name: &str, cause: Cause, tried_at: Chance) {
        let name = cut(name, MAX_NAME);
        self.0.insert(key, Setback { name, cause, tried_at, looked_for: true });
    }

    /// Argus accepted a write. The next read shows its effect, if it is `looked_for`.
    pub fn accepted(&mut self, key: WriteKey, name: &str, looked_for: bool, tried_at: Chance) {
        let before = match self.0.get(&key).map(|setback| &setback.cause) {
            Some(Cause::NoEffect { times }) => *times,
            _ => 0,
        };
        let times = before.saturating_add(1);
        let cause = Cause::NoEffect { times };
        self.0.insert(key, Setback { name: cut(name, MAX_NAME), cause, tried_at, looked_for });
    }

    /// Of all writes to an incident only these are still lacking. The others had their effect or
    /// are not needed any more.
    pub fn lacks_only(&mut self, incident: IncidentPk, lacking: &BTreeSet<WriteKey>) {
        self.0.retain(|key, _| key.incident != Some(incident) || key.is_reading() || lacking.contains(key));
    }

    /// A write had its effect or is not needed any more.
    pub fn is_over(&mut self, key: &WriteKey) {
        self.0.remove(key);
    }

    /// An incident was read; `our_newest_turn` is its newest state event, if that is ours. An END
    /// or RES that somebody else undid was not without effect.
    pub fn forget_undone(&mut self, incident: IncidentPk, our_newest_turn: Option<&EventKind>) {
        let newest = our_newest_turn.map(|kind| format!("{kind:?}"));
        let turns = [EventKind::End, EventKind::Restart].map(|kind| format!("{kind:?}"));
        let undone = |key: &WriteKey, setback: &Setback| {
            key.incident == Some(incident)
                && matches!(setback.cause, Cause::NoEffect { .. })
                && turns.contains(&key.what)
                && newest.as_ref() != Some(&key.what)
        };
        self.0.retain(|key, setback| !undone(key, setback));
    }

    /// An incident does not exist.
    pub fn forget_incident(&mut self, incident: IncidentPk) {
        self.0.retain(|key, _| key.incident != Some(incident));
    }

    /// Keeps the setbacks about these incidents only.
    pub fn concerns_only(&mut self, incidents: &BTreeSet<IncidentPk>) {
        self.0.retain(|key, _| key.incident.is_none_or(|pk| incidents.contains(&pk)));
    }

    /// The run is over. A write that no read looks for counts as done.
    pub fn trust(&mut self) {
        let doubted = |setback: &Setback| setback.looked_for || setback.is_given_up();
        self.0.retain(|_, setback| doubted(setback));
    }
}

#[cfg(test)]
#[path = "setbacks_tests.rs"]
mod tests;
