//! What a view learns from an answer of Argus. A newer fact takes the place of an older one, and an
//! answer that contradicts another one counts for nothing. Never decides what follows from it.

use super::identity::exact;
use super::setbacks::{Cause, WriteKey};
use super::view::{IncidentRead, View};
use crate::argus::models::{Ack, Acks, Event, EventKind, EventPk, Incident, IncidentPk};
use crate::time::Stamp;
use crate::zino::case::CaseId;

impl View {
    /// Takes the answer to [`Question::Incident`]. False if it contradicts what the look-up of its
    /// number answered: then it counts for nothing.
    pub fn take_incident(&mut self, pk: IncidentPk, found: Option<IncidentRead>) -> bool {
        let by_number = self.argus.numbers.values().flatten().any(|incident| incident.pk == pk);
        if found.is_none() && by_number {
            return false;
        }
        self.argus.accepted.retain(|key| key.incident != Some(pk));
        let turn = found.as_ref().and_then(|read| read.evidence().our_newest_turn().map(|event| event.kind.clone()));
        for work in &mut self.cases {
            work.setbacks.is_over(&WriteKey::reading(Some(pk)));
            work.setbacks.forget_undone(pk, turn.as_ref());
            if found.is_none() {
                work.setbacks.forget_incident(pk);
            }
        }
        if found.is_none()
            && let Some(lost) = self.argus.listed.remove(&pk)
        {
            for work in self.cases.iter_mut().filter(|work| work.due && exact(&work.case, &lost)) {
                // Argus said that it had made it, and does not have it.
                let name = format!("its incident, number {}", work.case.id);
                work.setbacks.accepted(WriteKey::creation(), &name, true, work.chance);
            }
        }
        self.argus.read.insert(pk, found);
        true
    }

    /// Takes the answer to [`Question::Number`]. False if it contradicts what Argus answered about
    /// that incident before: then it counts for nothing.
    pub fn take_number(&mut self, case: CaseId, number: &str, found: Option<Incident>) -> bool {
        let gone = |incident: &Incident| self.argus.read.get(&incident.pk).is_some_and(Option::is_none);
        if found.as_ref().is_some_and(gone) {
            return false;
        }
        if found.is_none()
            && let Some(why) = self.argus.denied.get(number).cloned()
            && let Some(work) = self.cases.iter_mut().find(|work| work.case.id == case)
        {
            // The number is not taken, so that the refusal has another reason.
            let name = format!("its incident, number {number}");
            let cause = Cause::Refused { status: 400, why };
            work.setbacks.failed(WriteKey::creation(), &name, cause, work.chance);
        }
        self.argus.numbers.insert(number.to_owned(), found);
        true
    }

    /// Takes the answer to [`Question::OpenAboutProblem`].
    pub fn take_open(&mut self, found: impl IntoIterator<Item = Incident>) {
        self.argus.lists_all_open = true;
        self.argus.listed.extend(found.into_iter().map(|incident| (incident.pk, incident)));
    }

    /// Takes the answer to [`Question::Acks`].
    pub fn take_acks(&mut self, pk: IncidentPk, found: Acks) {
        for work in &mut self.cases {
            work.setbacks.is_over(&WriteKey::reading_acks(pk));
        }
        self.argus.acks.insert(pk, found);
    }

    /// Takes the end of an acknowledgement, as Argus accepted it.
    pub fn take_expired(&mut self, pk: IncidentPk, ack: EventPk, at: Stamp) {
        let acks = self.argus.acks.get_mut(&pk).into_iter().flat_map(|acks| &mut acks.all);
        for ended in acks.filter(|one| one.event.pk == ack) {
            ended.expiration = Some(at);
        }
    }

    /// Takes an incident that Argus says it has made. It has no events, unless Argus has said so
    /// before and did not have it: then it is only a candidate.
    pub fn take_created(&mut self, case: CaseId, incident: Incident) {
        let doubted = self.case(case).is_some_and(|work| work.setbacks.get(&WriteKey::creation()).is_some());
        let pk = incident.pk;
        self.argus.listed.insert(pk, incident.clone());
        self.argus.read.remove(&pk);
        if !doubted {
            self.argus.read.insert(pk, Some(IncidentRead { incident, events: Vec::new() }));
        }
    }

    /// Takes an event that Argus accepted and that changes no state.
    pub fn take_posted(&mut self, event: Event, pk: IncidentPk) {
        if let Some(Some(read)) = self.argus.read.get_mut(&pk) {
            if event.kind == EventKind::Acknowledge {
                read.incident.acked = true;
                let acks = self.argus.acks.get_mut(&pk).map(|acks| &mut acks.all);
                acks.into_iter().for_each(|acks| acks.push(Ack { event: event.clone(), expiration: None }));
            }
            read.events.push(event);
        }
    }

    /// An incident is no longer as it was read: it has to be asked for again.
    /// Rules: DECIDE-2, TAGS-6.
    pub fn forget_read(&mut self, pk: IncidentPk) {
        if let Some(Some(read)) = self.argus.read.remove(&pk) {
            for found in self.argus.numbers.values_mut().flatten().filter(|incident| incident.pk == pk) {
                *found = read.incident.clone();
            }
            self.argus.listed.insert(pk, read.incident);
        }
    }
}
