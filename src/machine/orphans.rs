//! Open incidents whose case Zino does not know (design 4.6): scavenged, or forgotten by a Zino that lost its newest state?
//! Only what is surely scavenged is ended; everything else is a person's to decide.

use super::{Job, Machine, Now, Output, ZinoCommand};
use crate::argus::ArgusError;
use crate::argus::models::{EventKind, Incident, IncidentPk, NewEvent};
use crate::sync::identity::{About, about, number, same_problem};
use crate::zino::case::CaseId;
use log::{info, warn};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Zino deletes a closed case eight hours after its closing at the earliest.
const SCAVENGED_AFTER_SECS: i64 = 8 * 3600;
/// How often the incidents are gone through.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// How many are told one by one.
const MAX_TOLD: usize = 100;

#[derive(Debug)]
struct Orphan {
    since: Duration,
    confirming: bool,
}

/// What is known about incidents without a case.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    unknown: BTreeMap<IncidentPk, Orphan>,
    ready: BTreeSet<IncidentPk>,
    told: BTreeSet<IncidentPk>,
    check_at: Duration,
}

impl Orphans {
    /// The connection to Zino ended: whatever held until now has to hold again from the start.
    pub(super) fn interrupt(&mut self) {
        self.unknown.clear();
        self.ready.clear();
    }

    /// Whether none is about to be ended.
    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && !self.unknown.values().any(|orphan| orphan.confirming)
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        (!self.unknown.is_empty()).then_some(self.check_at)
    }
}

impl Machine {
    /// Goes through the open incidents, once in a while.
    pub(super) fn check_orphans(&mut self, now: Now) {
        if now.mono < self.orphans.check_at || !self.link.read || !self.link.awaited.is_empty() || !self.is_ready() {
            return;
        }
        self.orphans.check_at = now.mono + CHECK_EVERY.min(self.settings.orphan_grace / 4);
        let pks: BTreeSet<IncidentPk> = self.incidents.open().filter(|i| self.is_unknown(i)).map(|i| i.pk).collect();
        self.orphans.unknown.retain(|pk, _| pks.contains(pk));
        self.orphans.ready.retain(|pk| pks.contains(pk));
        self.orphans.told.retain(|pk| pks.contains(pk));
        for pk in pks {
            self.watch_orphan(now, pk);
        }
    }

    fn watch_orphan(&mut self, now: Now, pk: IncidentPk) {
        if self.run.as_ref().is_some_and(|run| run.leaves_orphan(pk)) {
            return;
        }
        let orphan = self.orphans.unknown.entry(pk).or_insert(Orphan { since: now.mono, confirming: false });
        if now.mono < orphan.since + self.settings.orphan_grace {
            return;
        }
        let ours = self.incidents.get(pk).filter(|_| !self.settings.rules.secondary);
        match ours.filter(|incident| self.is_surely_scavenged(incident, now)).and_then(number) {
            Some(number) => self.ask_once_more(pk, number),
            None => {
                // Not scavenged for sure: the grace starts again should that change.
                self.orphans.unknown.insert(pk, Orphan { since: now.mono, confirming: false });
                self.tell_orphan(pk);
            }
        }
    }

    /// Zino is asked for the number alone before anything is ended.
    fn ask_once_more(&mut self, pk: IncidentPk, number: CaseId) {
        let Some(orphan) = self.orphans.unknown.get_mut(&pk) else {
            return;
        };
        if orphan.confirming || self.orphans.ready.contains(&pk) {
            return;
        }
        orphan.confirming = true;
        if self.cases.get(number).is_some() {
            self.orphans.ready.insert(pk);
        } else {
            self.out.push(Output::Zino(ZinoCommand::Read(vec![number])));
        }
    }

    fn tell_orphan(&mut self, pk: IncidentPk) {
        let Some(incident) = self.incidents.get(pk) else {
            return;
        };
        if self.orphans.told.insert(pk) && self.orphans.told.len() <= MAX_TOLD {
            warn!(
                "incident {pk} ({}, case {}): Zino does not know this case and may have forgotten it; it stays open until \
                 a person closes it",
                incident.description, incident.source_incident_id
            );
        }
    }

    /// Zino has just said, of this number alone, that it does not exist.
    pub(super) fn confirm_orphans(&mut self, id: CaseId) {
        let confirmed: Vec<IncidentPk> = self
            .orphans
            .unknown
            .iter()
            .filter(|(_, orphan)| orphan.confirming)
            .map(|(pk, _)| *pk)
            .filter(|pk| self.incidents.get(*pk).and_then(number) == Some(id))
            .collect();
        self.orphans.ready.extend(confirmed);
    }

    /// The next incident that is surely left over.
    pub(super) fn next_orphan(&mut self, now: Now) -> Option<Job> {
        let pk = self.orphans.ready.pop_first()?;
        self.orphans.unknown.remove(&pk);
        let incident = self.incidents.get(pk).filter(|i| i.is_open() && self.is_unknown(i))?;
        if !self.is_surely_scavenged(incident, now) || self.settings.rules.secondary {
            return None;
        }
        let description =
            format!("Case {} is no longer in Zino: it was closed and deleted there", incident.source_incident_id);
        Some(Job::EndOrphan(pk, NewEvent { kind: EventKind::End, timestamp: now.wall, description }))
    }

    pub(super) fn take_orphan(&mut self, now: Now, pk: IncidentPk, result: Result<Option<Incident>, ArgusError>) {
        self.looking.busy = false;
        if let Some(run) = &mut self.run {
            run.tried_orphan(pk, &result);
        }
        match result {
            Ok(Some(incident)) => {
                if !incident.is_open() {
                    info!("incident {pk}: ended, its case is no longer in Zino");
                }
                self.incidents.put(incident);
            }
            Ok(None) => self.incidents.remove(pk),
            Err(error) => {
                // It is found again by the next check, and the whole grace passes before it is tried again.
                self.look_failed(now, "end an incident whose case is gone", &error);
            }
        }
    }

    /// No case of our Zino is about this incident's problem, and its number is unknown or means something else.
    fn is_unknown(&self, incident: &Incident) -> bool {
        let same_number =
            number(incident).and_then(|n| self.cases.get(n)).is_some_and(|s| same_problem(&s.case, incident));
        let mut near = self.cases.near(incident).flat_map(|problem| self.cases.of(problem));
        let open_case = near.any(|s| !s.case.is_closed() && same_problem(&s.case, incident));
        !same_number && !open_case
    }

    /// Whether everything shows that Zino has deleted the case, and not forgotten it.
    fn is_surely_scavenged(&self, incident: &Incident, now: Now) -> bool {
        let ours = match about(incident) {
            About::Told { server, .. } => server == self.settings.rules.server,
            About::Tagged { .. } => true,
            About::Unclear => false,
        };
        let old = incident.start_time <= now.wall.plus_secs(-SCAVENGED_AFTER_SECS);
        let Some(number) = number(incident).filter(|_| ours && old) else {
            return false;
        };
        let started = incident.start_time;
        // Zino never gives a number out twice unless it lost its state: then this case was forgotten, not scavenged.
        let given_again = self.cases.get(number).is_some()
            || self.incidents.all().any(|i| {
                i.pk != incident.pk && i.start_time != started && crate::sync::identity::number(i) == Some(number)
            });
        // A case that is only kept until its last state is delivered shows nothing of what Zino holds.
        let held = || self.cases.all().filter(|s| !s.gone);
        let before = held().any(|s| s.case.id < number && s.case.opened < started);
        let after = held().any(|s| s.case.id > number && s.case.opened > started);
        before && after && !given_again
    }
}
