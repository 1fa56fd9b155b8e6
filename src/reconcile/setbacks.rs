//! What Argus refused, and what it accepted without effect: remembered for each case and write, so
//! that everything else still happens and nothing is repeated over and over. Pure; never writes,
//! and never says when there is another chance.

use super::text::{cut, normal};
use crate::argus::models::{EventKind, IncidentPk, NewEvent};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How often a write is made that has no effect.
pub const TRIES: u32 = 2;
/// How much of a write is name to people, in bytes.
const MAX_NAME: usize = 100;

/// Which write: what makes it the same one when it is planned again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WriteKey {
    /// The incident; `None` for the creation of a case's incident.
    pub incident: Option<IncidentPk>,
    /// What it does, without the time of events that tell of now.
    pub what: String,
}

impl WriteKey {
    /// The creation of a case's incident, under whatever number.
    #[must_use]
    pub fn creation() -> Self {
        Self { incident: None, what: "CREATE".to_owned() }
    }

    /// An event on an incident. A RES and the END of a duplicate carry the time of the decision, so
    /// that their texts and times say nothing.
    #[must_use]
    pub fn event(incident: IncidentPk, event: &NewEvent) -> Self {
        let what = match &event.kind {
            EventKind::Other => {
                // A long text is known as well by its hash.
                let mut hasher = DefaultHasher::new();
                normal(&event.description).hash(&mut hasher);
                format!("OTH {} {:016x}", event.timestamp, hasher.finish())
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

    /// Not a write: the reading of an incident, or the search for one.
    #[must_use]
    pub fn reading(incident: Option<IncidentPk>) -> Self {
        Self { incident, what: "READ".to_owned() }
    }

    fn is_reading(&self) -> bool {
        self.what == "READ"
    }
}

/// What a case and the looks at Argus have come to. A write is tried again when this is another
/// one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chance {
    /// What synchronisation makes of the case (`plan::fingerprint`).
    pub fingerprint: u64,
    /// The number of the last full look.
    pub look: u64,
    /// Zino has deleted the case.
    pub last: bool,
}

/// Why a write did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A 4xx.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server said of it.
        why: String,
    },
    /// It was accepted so often, and nothing shows it.
    NoEffect {
        /// How often.
        times: u32,
    },
    /// Both numbers that a case's incident could have belong to incidents about something else.
    NumbersTaken,
}

/// A write that did not do what it should, or of which nobody has seen yet that it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setback {
    /// What it is, in words for people.
    name: String,
    cause: Cause,
    tried_at: Chance,
    /// A look follows that shows whether it had an effect.
    looked_for: bool,
}

impl Setback {
    /// Whether it is tried no more before there is another chance.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        !matches!(self.cause, Cause::NoEffect { times } if times < TRIES)
    }

    /// Whether people were told of that one when they were told of this.
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
            Cause::Refused { status, why } => write!(f, "Argus refuses {name} ({status}: {why})"),
            Cause::NoEffect { times } => write!(f, "Argus accepts {name} without effect ({times} times)"),
            Cause::NumbersTaken => f.write_str("both numbers of this case belong to incidents about something else"),
        }
    }
}

/// All of one case.
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

    /// Those that are tried no more before there is another chance.
    pub fn given_up(&self) -> impl Iterator<Item = (&WriteKey, &Setback)> {
        self.0.iter().filter(|(_, setback)| setback.is_given_up())
    }

    /// The one of this write.
    #[must_use]
    pub fn get(&self, key: &WriteKey) -> Option<&Setback> {
        self.0.get(key)
    }

    /// Whether a write is not to be made now.
    #[must_use]
    pub fn leaves_out(&self, key: &WriteKey, now: Chance) -> bool {
        self.0.get(key).is_some_and(|setback| setback.is_given_up() && setback.tried_at == now)
    }

    /// A write failed for good.
    pub fn failed(&mut self, key: WriteKey, name: &str, cause: Cause, tried_at: Chance) {
        let name = cut(name, MAX_NAME);
        self.0.insert(key, Setback { name, cause, tried_at, looked_for: true });
    }

    /// A write was accepted; the next look shows whether it had an effect, if one is `looked_for`.
    /// Returns how often it was now.
    pub fn accepted(&mut self, key: WriteKey, name: &str, looked_for: bool, tried_at: Chance) -> u32 {
        let before = match self.0.get(&key).map(|setback| &setback.cause) {
            Some(Cause::NoEffect { times }) => *times,
            _ => 0,
        };
        let times = before.saturating_add(1);
        let cause = Cause::NoEffect { times };
        self.0.insert(key, Setback { name: cut(name, MAX_NAME), cause, tried_at, looked_for });
        times
    }

    /// A look showed that of all writes to an incident only these are lacking: the others had their
    /// effect, or are needed no more.
    pub fn lacks_only(&mut self, incident: IncidentPk, lacking: &BTreeSet<WriteKey>) {
        self.0.retain(|key, _| key.incident != Some(incident) || key.is_reading() || lacking.contains(key));
    }

    /// It went well, or is needed no more.
    pub fn is_over(&mut self, key: &WriteKey) {
        self.0.remove(key);
    }

    /// An incident was read, and this is its newest turn where it is ours: an END or RES that had
    /// its effect and was undone by somebody else is not without effect.
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

    /// There is no such incident.
    pub fn forget_incident(&mut self, incident: IncidentPk) {
        self.0.retain(|key, _| key.incident != Some(incident));
    }

    /// The case has to do with these incidents only.
    pub fn concerns_only(&mut self, incidents: &BTreeSet<IncidentPk>) {
        self.0.retain(|key, _| key.incident.is_none_or(|pk| incidents.contains(&pk)));
    }

    /// No look has followed: what was accepted once is taken for done.
    pub fn trust(&mut self) {
        let doubted = |setback: &Setback| setback.looked_for || setback.is_given_up();
        self.0.retain(|_, setback| doubted(setback));
    }
}

#[cfg(test)]
#[path = "setbacks_tests.rs"]
mod tests;
