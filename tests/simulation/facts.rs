//! What only the simulation knows of incidents and cases. Never changes anything.

use crate::argus::Argus;
use zinoargus::argus::models::{Event, EventKind, Incident, IncidentPk};
use zinoargus::zino::case::{Case, Problem};

/// A case's problem as text.
pub fn problem_text(case: &Case) -> String {
    problem_name(&case.problem())
}

/// A problem as text.
pub fn problem_name(problem: &Problem) -> String {
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
