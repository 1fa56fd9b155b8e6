//! The incidents of our source as last seen, found by number or by what they are about. Never
//! decides anything about them.

use crate::argus::models::{EndTime, Incident, IncidentPk};
use crate::reconcile::identity::{About, about, label};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The first label of a router's name, and the kind of problem. A case and any incident about it
/// have them in common.
type Area = (String, CaseKind);
/// Hash of a sub-index, or 0 if the incident names none; 0 matches every sub-index. Hashes can
/// collide.
type SubindexHash = u64;

#[derive(Debug)]
struct Known {
    /// Boxed: keys arrive in order, so B-tree nodes stay half full and empty places must be small.
    incident: Box<Incident>,
    /// The store's counter when it was last seen. A list that began before says nothing about it.
    seen: u64,
}

/// All incidents that may matter: the open ones, and the ended ones whose case is known or was
/// lately.
#[derive(Debug, Default)]
pub struct Incidents {
    incidents: BTreeMap<IncidentPk, Known>,
    areas: HashMap<Area, BTreeSet<(SubindexHash, IncidentPk)>>,
    counter: u64,
}

fn area_of(incident: &Incident) -> Option<(Area, SubindexHash)> {
    match about(incident) {
        About::Named { problem, .. } => {
            let hash = hash_of(&problem.subindex);
            Some(((label(&problem.router).to_owned(), problem.kind), hash))
        }
        About::Tagged { host, kind, .. } => Some(((label(&host).to_owned(), kind), 0)),
        About::Unclear => None,
    }
}

fn hash_of(subindex: &str) -> SubindexHash {
    let mut hasher = DefaultHasher::new();
    subindex.hash(&mut hasher);
    hasher.finish().max(1)
}

/// Whether two views of one incident differ in what people can do to it.
fn differs(a: &Incident, b: &Incident) -> bool {
    (a.end_time, a.acked, a.level, &a.details_url, &a.ticket_url, &a.description, &a.tags)
        != (b.end_time, b.acked, b.level, &b.details_url, &b.ticket_url, &b.description, &b.tags)
}

impl Incidents {
    /// The incident as last seen.
    #[must_use]
    pub fn get(&self, pk: IncidentPk) -> Option<&Incident> {
        self.incidents.get(&pk).map(|known| &*known.incident)
    }

    /// How many are known and open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open().count()
    }

    /// All open ones.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values().map(|known| &*known.incident).filter(|i| i.is_open())
    }

    /// Every one that is known.
    pub fn all(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values().map(|known| &*known.incident)
    }

    /// A mark that says "seen before now" of everything seen until now.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.counter
    }

    /// Whether it was last seen at or before a mark.
    #[must_use]
    pub fn unseen_since(&self, pk: IncidentPk, mark: u64) -> bool {
        self.incidents.get(&pk).is_some_and(|known| known.seen <= mark)
    }

    /// Takes a fresh view; true if it is new or differs from the last one.
    pub fn put(&mut self, incident: Incident) -> bool {
        if incident.end_time == EndTime::Stateless {
            return false;
        }
        self.counter += 1;
        if let Some(known) = self.incidents.get_mut(&incident.pk).filter(|known| *known.incident == incident) {
            // An incident that did not change stays where it is in memory, whatever lists show it.
            known.seen = self.counter;
            return false;
        }
        let changed = self.incidents.get(&incident.pk).is_none_or(|known| differs(&known.incident, &incident));
        self.remove(incident.pk);
        if let Some((area, hash)) = area_of(&incident) {
            self.areas.entry(area).or_default().insert((hash, incident.pk));
        }
        self.incidents.insert(incident.pk, Known { incident: Box::new(incident), seen: self.counter });
        changed
    }

    /// Forgets one.
    pub fn remove(&mut self, pk: IncidentPk) {
        if let Some(known) = self.incidents.remove(&pk)
            && let Some((area, hash)) = area_of(&known.incident)
            && let Some(pks) = self.areas.get_mut(&area)
        {
            pks.remove(&(hash, pk));
            if pks.is_empty() {
                self.areas.remove(&area);
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.incidents.clear();
        self.areas.clear();
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
        let area = (label(&case.router).to_owned(), case.kind.clone());
        let at = |pks: &'a BTreeSet<(SubindexHash, IncidentPk)>, hash| {
            pks.range((hash, IncidentPk::MIN)..=(hash, IncidentPk::MAX))
        };
        let hash = hash_of(&case.problem().subindex);
        let near = self.areas.get(&area).into_iter().flat_map(move |pks| at(pks, 0).chain(at(pks, hash)));
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
