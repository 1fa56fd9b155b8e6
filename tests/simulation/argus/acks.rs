//! The acknowledgements of the in-memory Argus. Never knows whose they should be.

use super::{Argus, gone};
use crate::world::ALICE;
use zinoargus::argus::ArgusError;
use zinoargus::argus::models::*;
use zinoargus::time::Stamp;

impl Argus {
    /// An acknowledgement by anybody.
    pub fn acknowledge(&mut self, event: &Event, expiration: Option<Stamp>) {
        self.acks.insert(event.pk, (event.incident, expiration));
    }

    /// Whether an acknowledgement is in force.
    pub fn is_in_force(&self, now: i64, ack: EventPk) -> bool {
        let now = self.stamp(now);
        self.acks.get(&ack).is_some_and(|(_, end)| end.is_none_or(|end| end > now))
    }

    /// What ended meanwhile shows in the incidents.
    pub fn settle(&mut self, now: i64) {
        let now = self.stamp(now);
        for incident in self.incidents.values_mut() {
            let mut own = self.acks.values().filter(|(pk, _)| *pk == incident.pk);
            incident.acked = own.any(|(_, end)| end.is_none_or(|end| end > now));
        }
    }

    /// The acknowledgements of an incident, newest first.
    pub fn acks_of(&self, now: i64, pk: IncidentPk) -> Acks {
        let event = |ack: &EventPk| self.events.iter().find(|event| event.pk == *ack).cloned();
        let own = self.acks.iter().rev().filter(|(_, (incident, _))| *incident == pk);
        let all = own.filter_map(|(ack, (_, expiration))| Some(Ack { event: event(ack)?, expiration: *expiration }));
        Acks { all: all.collect(), at: Some(Stamp::from_secs(self.stamp(now).secs())) }
    }

    /// Gives an acknowledgement an end.
    pub fn expire(&mut self, now: i64, ack: EventPk, end: Stamp) -> Result<(), ArgusError> {
        let (is_over, now) = (!self.is_in_force(now, ack), self.stamp(now));
        let (_, expiration) = self.acks.get_mut(&ack).ok_or_else(gone)?;
        if is_over || end <= now {
            let why = format!("must be later than current moment ({now}), or is over");
            return Err(ArgusError::Request { status: 400, why });
        }
        *expiration = Some(end);
        Ok(())
    }

    /// Who made an acknowledgement.
    pub fn maker_of(&self, ack: EventPk) -> UserPk {
        self.events.iter().find(|event| event.pk == ack).map_or(ALICE, |event| event.actor)
    }

    /// A person ends the newest acknowledgement of an incident; false if none is in force.
    pub fn person_ends_an_ack(&mut self, now: i64, pk: IncidentPk) -> bool {
        let in_force =
            |(ack, (incident, _)): &(&EventPk, &(IncidentPk, _))| *incident == pk && self.is_in_force(now, **ack);
        let newest = self.acks.iter().rev().find(in_force).map(|(ack, _)| *ack);
        let Some(ack) = newest else { return false };
        self.ended_by_people.insert(ack);
        self.expire(now, ack, Stamp::from_micros(self.stamp(now).micros() + 1)).is_ok()
    }
}
