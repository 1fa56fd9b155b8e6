//! The incidents of our source as last seen, and where to find those about a case. Never decides anything about them.

use crate::argus::models::{EndTime, Incident, IncidentPk};
use crate::reconcile::identity::{About, about, label};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The first label of a router's name and the kind of problem: common to a case and any incident about it.
type Place = (String, CaseKind);
/// A sub-index as a number; 0 where an incident does not tell one, so that it may be about any of its place. Two may have the same.
type Spot = u64;

#[derive(Debug)]
struct Slot {
    /// On its own, because the nodes of a map that grows at its end stay half empty.
    incident: Box<Incident>,
    /// The value of the store's counter when it was last seen; a list that began before proves nothing about it.
    seen: u64,
}

/// All incidents that may matter: the open ones, and the ended ones whose case is or was recently known.
#[derive(Debug, Default)]
pub struct Incidents {
    slots: BTreeMap<IncidentPk, Slot>,
    places: HashMap<Place, BTreeSet<(Spot, IncidentPk)>>,
    counter: u64,
}

fn place(incident: &Incident) -> Option<(Place, Spot)> {
    match about(incident) {
        About::Told { problem, .. } => {
            let spot = spot(&problem.subindex);
            Some(((label(&problem.router).to_owned(), problem.kind), spot))
        }
        About::Tagged { host, kind, .. } => Some(((label(&host).to_owned(), kind), 0)),
        About::Unclear => None,
    }
}

fn spot(subindex: &str) -> Spot {
    let mut hasher = DefaultHasher::new();
    subindex.hash(&mut hasher);
    hasher.finish().max(1)
}

/// Whether two views of one incident differ in what people can do to it.
fn differs(a: &Incident, b: &Incident) -> bool {
    (a.end_time, a.acked, a.level, &a.ticket_url, &a.description, &a.tags)
        != (b.end_time, b.acked, b.level, &b.ticket_url, &b.description, &b.tags)
}

impl Incidents {
    /// The incident as last seen.
    #[must_use]
    pub fn get(&self, pk: IncidentPk) -> Option<&Incident> {
        self.slots.get(&pk).map(|slot| &*slot.incident)
    }

    /// How many are known and open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open().count()
    }

    /// All open ones.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.slots.values().map(|slot| &*slot.incident).filter(|i| i.is_open())
    }

    /// Every one that is known.
    pub fn all(&self) -> impl Iterator<Item = &Incident> {
        self.slots.values().map(|slot| &*slot.incident)
    }

    /// A mark that says "seen before now" of everything seen until now.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.counter
    }

    /// Whether it was last seen at or before a mark.
    #[must_use]
    pub fn unseen_since(&self, pk: IncidentPk, mark: u64) -> bool {
        self.slots.get(&pk).is_some_and(|slot| slot.seen <= mark)
    }

    /// Takes a fresh view; true if it is new or differs from the last one.
    pub fn put(&mut self, incident: Incident) -> bool {
        if incident.end_time == EndTime::Stateless {
            return false;
        }
        self.counter += 1;
        if let Some(slot) = self.slots.get_mut(&incident.pk).filter(|slot| *slot.incident == incident) {
            // What stays is kept where it is: with every list all of it would move to another place in memory.
            slot.seen = self.counter;
            return false;
        }
        let changed = self.slots.get(&incident.pk).is_none_or(|slot| differs(&slot.incident, &incident));
        self.remove(incident.pk);
        if let Some((place, spot)) = place(&incident) {
            self.places.entry(place).or_default().insert((spot, incident.pk));
        }
        self.slots.insert(incident.pk, Slot { incident: Box::new(incident), seen: self.counter });
        changed
    }

    /// Forgets one.
    pub fn remove(&mut self, pk: IncidentPk) {
        if let Some(slot) = self.slots.remove(&pk)
            && let Some((place, spot)) = place(&slot.incident)
            && let Some(pks) = self.places.get_mut(&place)
        {
            pks.remove(&(spot, pk));
            if pks.is_empty() {
                self.places.remove(&place);
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.places.clear();
    }

    /// Forgets ended ones that ended before a time and are not to be kept.
    pub fn forget_ended_before(&mut self, time: Stamp, keep: impl Fn(&Incident) -> bool) {
        let old: Vec<IncidentPk> =
            self.all().filter(|i| matches!(i.end_time, EndTime::At(t) if t < time) && !keep(i)).map(|i| i.pk).collect();
        for pk in old {
            self.remove(pk);
        }
    }

    /// Those that may be about the problem of this case.
    pub fn near<'a>(&'a self, case: &Case) -> impl Iterator<Item = &'a Incident> {
        let place = (label(&case.router).to_owned(), case.kind.clone());
        let at =
            |pks: &'a BTreeSet<(Spot, IncidentPk)>, spot| pks.range((spot, IncidentPk::MIN)..=(spot, IncidentPk::MAX));
        let spot = spot(&case.problem().subindex);
        let near = self.places.get(&place).into_iter().flat_map(move |pks| at(pks, 0).chain(at(pks, spot)));
        near.filter_map(|(_, pk)| self.get(*pk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::testing::{case, incident, port_case};

    #[test]
    fn near_a_case_are_its_own_incident_and_those_that_do_not_tell_their_sub_index() {
        let mut incidents = Incidents::default();
        let neighbour = Case { ifindex: Some("18".into()), ..port_case(1) };
        let python = Incident { made_for: None, ..incident(3, &port_case(1)) };
        for known in [incident(1, &port_case(1)), incident(2, &neighbour), python, incident(4, &case(1))] {
            assert!(incidents.put(known));
        }
        let near = |incidents: &Incidents, case: &Case| incidents.near(case).map(|i| i.pk).collect::<BTreeSet<_>>();
        assert_eq!(near(&incidents, &port_case(1)), [1, 3].into());
        assert_eq!(near(&incidents, &neighbour), [2, 3].into());
        assert_eq!(near(&incidents, &case(1)), [4].into());
        incidents.put(incident(3, &neighbour));
        assert_eq!(near(&incidents, &port_case(1)), [1].into());
        incidents.remove(1);
        assert_eq!(near(&incidents, &port_case(1)), [].into());
    }
}
