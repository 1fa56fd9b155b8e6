//! What only the simulation knows of incidents and cases, and what it holds against a write at
//! once. Never changes anything but the note that a rule was broken.

use crate::argus::Argus;
use crate::world::{US, World};
use zinoargus::argus::models::{Event, EventKind, Incident, IncidentPk, MadeFor, NewIncident};
use zinoargus::zino::case::{Case, CaseId};

/// A case's problem as text.
pub fn problem_text(case: &Case) -> String {
    let problem = case.problem();
    format!("{} {} {}", problem.kind.word(), problem.router, problem.subindex)
}

impl Argus {
    /// The problem that an incident is about, as text, and the case it was made for: what its
    /// metadata says, whatever its tags say.
    pub fn made_for(&self, incident: &Incident) -> (String, u64, i64) {
        let by_python = || self.by_python.get(&incident.pk).cloned().unwrap_or_default();
        incident.made_for.as_deref().map_or_else(by_python, |it| {
            let problem = format!("{} {} {}", it.kind, it.router, it.subindex);
            (problem, u64::try_from(it.case).unwrap_or_default(), it.opened)
        })
    }

    /// The incidents that were ended as duplicates.
    pub fn ended_duplicates(&self) -> Vec<IncidentPk> {
        let ended = |e: &&Event| e.kind == EventKind::End && e.description.starts_with("Duplicate of incident ");
        let pks = self.events.iter().filter(ended).map(|e| e.incident);
        pks.filter(|pk| self.incidents.get(pk).is_some_and(|i| !i.is_open())).collect()
    }

    /// Whether an incident was made for this very case. One that another instance has claimed still
    /// begins when its own case did.
    pub fn is_exactly(&self, case: &Case, incident: &Incident) -> bool {
        let began = incident.start_time.secs() == case.opened.secs() || self.by_python.contains_key(&incident.pk);
        began && self.made_for(incident) == (problem_text(case), case.id, case.opened.secs())
    }

    /// How far the times of an incident's events may be off: those of the Python program by an
    /// hour.
    pub fn offs(&self, incident: &Incident) -> &'static [i64] {
        if self.by_python.contains_key(&incident.pk) { &[0, 3600, -3600] } else { &[0] }
    }
}

impl World {
    /// We are about to close a case: a person must have closed its problem's incident, and have
    /// done so during the case's life unless the incident had stayed open into it all the same.
    pub fn check_our_close(&mut self, z: usize, id: CaseId) {
        let Some(held) = self.zinos.get(z).and_then(|zino| zino.cases.get(&id)) else {
            return;
        };
        let (name, opened) = (problem_text(&held.case), held.opened);
        let argus = &self.argus;
        let later = |e: &Event| argus.arrived.get(&e.pk).is_some_and(|at| *at >= opened);
        let was_lost = |e: &Event, incident: &Incident| {
            let mut after = argus.events.iter().filter(|other| other.incident == e.incident && other.pk > e.pk);
            incident.is_open() || after.any(|end| end.kind == EventKind::End && end.actor == US && later(end))
        };
        let closes = |e: &Event| {
            let incident = argus.incidents.get(&e.incident).filter(|i| argus.made_for(i).0 == name);
            e.kind == EventKind::Close && incident.is_some_and(|incident| later(e) || was_lost(e, incident))
        };
        let by_person = argus.events.iter().any(closes);
        self.broken_if(!by_person, &format!("case {id} of zino {z} is closed, and no person closed it"));
    }

    /// We are about to make an open incident: none about its problem must have been open for so
    /// long that everybody can have seen it, but for those of cases that closed, which keep their
    /// own. With one instance alone: two that write can cross each other.
    pub fn check_creation(&mut self, new: &NewIncident) {
        let Some(made_for) =
            MadeFor::read(&new.metadata.to_string()).filter(|_| self.scenario.crowds && new.end_time.is_none())
        else {
            return;
        };
        let about = |it: &MadeFor| (it.kind.clone(), it.router.clone(), it.subindex.clone());
        let is_old = |pk: IncidentPk| {
            let opening = |e: &&Event| !matches!(e.kind, EventKind::Other | EventKind::Change | EventKind::Acknowledge);
            let turns = self.argus.events.iter().filter(|e| e.incident == pk).filter(opening);
            turns.filter_map(|e| self.argus.arrived.get(&e.pk)).all(|at| *at < self.now - 120_000_000)
        };
        let other = self.argus.incidents.values().find(|i| {
            i.is_open()
                && *i.source_incident_id != *new.source_incident_id
                && i.made_for.as_deref().is_some_and(|it| about(it) == about(&made_for))
                && !self.ever_closed(i)
                && is_old(i.pk)
        });
        let rule = other
            .map(|it| format!("an incident {} is made, and {} is about its problem", new.source_incident_id, it.pk));
        self.broken_if(rule.is_some(), &rule.unwrap_or_default());
    }

    /// Whether the case that an incident was made for ever closed.
    fn ever_closed(&self, incident: &Incident) -> bool {
        let (problem, case, opened) = self.argus.made_for(incident);
        self.lives.get(&(case, opened, problem)).copied().unwrap_or(false)
    }

    /// We are about to end an incident because Zino deleted its case: that case must have closed
    /// once.
    pub fn check_orphan_end(&mut self, pk: IncidentPk) {
        let Some(incident) = self.argus.incidents.get(&pk) else {
            return;
        };
        let closed = self.ever_closed(incident);
        self.broken_if(!closed, &format!("incident {pk} is ended as scavenged, and its case was only forgotten"));
    }
}
