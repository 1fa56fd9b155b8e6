//! Open incidents whose case Zino does not know (design 4.6): scavenged, or forgotten by a Zino that lost its newest state?
//! Only what is surely scavenged is ended; everything else is a person's to decide. That a case may be forgotten is put on the
//! incident's record, because a day later nothing else shows it.

use super::look::Look;
use super::{Engine, Job, Now, Output, ZinoCommand};
use crate::argus::ArgusError;
use crate::argus::models::{EventKind, Incident, IncidentPk, NewEvent};
use crate::reconcile::identity::{About, PYTHON_OFFSET_SECS, about, number, same_problem};
use crate::reconcile::orphan::{Life, Numbers};
use crate::time::Stamp;
use crate::zino::case::CaseId;
use log::{info, warn};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Zino deletes a closed case eight hours after its closing at the earliest.
const SCAVENGED_AFTER_SECS: i64 = 8 * 3600;
/// How often the incidents are gone through, and how often at the most where the grace is short.
const CHECK_EVERY: Duration = Duration::from_secs(10);
const CHECK_AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// How many are told one by one.
const MAX_TOLD: usize = 100;

#[derive(Debug)]
struct Orphan {
    since: Duration,
    confirming: bool,
}

/// The number of the case that an incident tells of, and when that case opened.
fn told_case(incident: &Incident) -> Option<Life> {
    match incident.made_for.as_deref() {
        Some(told) => {
            let number = CaseId::try_from(told.case).ok().filter(|number| *number > 0);
            number.map(|number| (number, Stamp::from_secs(told.opened)))
        }
        None => number(incident).map(|number| (number, incident.start_time)),
    }
}

/// What became of a case that Zino does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Closed and deleted, with this number.
    Scavenged(CaseId),
    /// Zino lost its newest state after the case had opened.
    Forgotten,
    /// One of the cases that cannot be read may be the open case of its problem.
    Hidden,
    /// Nothing shows it.
    Unclear,
}

/// What is known about incidents without a case.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    unknown: BTreeMap<IncidentPk, Orphan>,
    ready: BTreeSet<IncidentPk>,
    /// Whose record is to say that the case may be forgotten, and where that has been tried.
    to_mark: BTreeSet<IncidentPk>,
    marked: BTreeSet<IncidentPk>,
    told: BTreeSet<IncidentPk>,
    /// Where Argus refuses what was to be written, and after how many full looks that was.
    refused: BTreeMap<IncidentPk, u64>,
    check_at: Duration,
}

impl Orphans {
    /// The connection to Zino ended: whatever held until now has to hold again from the start.
    pub(super) fn interrupt(&mut self) {
        self.unknown.clear();
        self.ready.clear();
    }

    /// The next check is not to be waited for.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.check_at = self.check_at.min(now);
    }

    /// Whether nothing is about to be done about any.
    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.to_mark.is_empty() && !self.unknown.values().any(|orphan| orphan.confirming)
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        (!self.unknown.is_empty()).then_some(self.check_at)
    }
}

impl Engine {
    /// Goes through the open incidents, once in a while.
    pub(super) fn check_orphans(&mut self, now: Now) {
        if now.mono < self.orphans.check_at || !self.link.read || !self.link.awaited.is_empty() || !self.is_ready() {
            return;
        }
        let pause = CHECK_EVERY.min(self.settings.orphan_grace / 4).max(CHECK_AT_MOST_EVERY);
        self.orphans.check_at = now.mono + pause;
        let pks: BTreeSet<IncidentPk> = self.incidents.open().filter(|i| self.is_unknown(i)).map(|i| i.pk).collect();
        let known = &mut self.orphans;
        known.unknown.retain(|pk, _| pks.contains(pk));
        for set in [&mut known.ready, &mut known.to_mark, &mut known.told] {
            set.retain(|pk| pks.contains(pk));
        }
        known.refused.retain(|pk, _| pks.contains(pk));
        for pk in &pks {
            known.unknown.entry(*pk).or_insert(Orphan { since: now.mono, confirming: false });
        }
        if pks.is_empty() {
            return;
        }
        let numbers = self.numbers();
        for pk in pks {
            let fate = self.incidents.get(pk).map(|incident| self.fate(incident, now, &numbers));
            self.judge_orphan(now, pk, fate.unwrap_or(Fate::Unclear));
        }
    }

    fn judge_orphan(&mut self, now: Now, pk: IncidentPk, fate: Fate) {
        if self.run.as_ref().is_some_and(|run| run.leaves_orphan(pk)) {
            return;
        }
        let is_refused = self.orphans.refused.get(&pk) == Some(&self.full_looks());
        let actions = !self.settings.rules.secondary && !is_refused;
        if fate == Fate::Forgotten && actions && !self.orphans.marked.contains(&pk) {
            // At once: what shows it may be gone when the grace is over.
            self.orphans.to_mark.insert(pk);
        }
        let grace = self.settings.orphan_grace;
        if self.orphans.unknown.get(&pk).is_none_or(|orphan| now.mono < orphan.since + grace) {
            return;
        }
        match fate {
            Fate::Scavenged(number) if actions => self.ask_once_more(pk, number),
            Fate::Scavenged(_) if is_refused => {}
            // What cannot be known yet is nothing that a person has to decide.
            Fate::Hidden => drop(self.orphans.unknown.insert(pk, Orphan { since: now.mono, confirming: false })),
            _ => {
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
            .filter(|pk| self.incidents.get(*pk).and_then(told_case).is_some_and(|(number, _)| number == id))
            .collect();
        self.orphans.ready.extend(confirmed);
    }

    /// Zino has this case and cannot show it: nothing is ended for it.
    pub(super) fn doubt_orphans(&mut self, id: CaseId) {
        let incidents = &self.incidents;
        let is_its = |pk: IncidentPk| incidents.get(pk).and_then(told_case).is_some_and(|(number, _)| number == id);
        self.orphans.unknown.retain(|pk, _| !is_its(*pk));
        self.orphans.ready.retain(|pk| !is_its(*pk));
    }

    /// What is to be done next about an incident without a case.
    pub(super) fn next_orphan(&mut self, now: Now) -> Option<Job> {
        if !self.may_write() {
            return None;
        }
        if let Some(pk) = self.orphans.to_mark.pop_first() {
            self.orphans.marked.insert(pk);
            return Some(Job::MarkForgotten(pk, now.wall));
        }
        let pk = self.orphans.ready.pop_first()?;
        self.orphans.unknown.remove(&pk);
        let incident = self.incidents.get(pk).filter(|i| i.is_open() && self.is_unknown(i))?;
        let fate = self.fate(incident, now, &self.numbers());
        if !matches!(fate, Fate::Scavenged(_)) || self.settings.rules.secondary {
            return None;
        }
        let description =
            format!("Case {} is no longer in Zino: it was closed and deleted there", incident.source_incident_id);
        Some(Job::EndOrphan(pk, NewEvent { kind: EventKind::End, timestamp: now.wall, description }))
    }

    pub(super) fn take_mark(&mut self, now: Now, pk: IncidentPk, result: Result<Option<Incident>, ArgusError>) {
        self.looking.busy = false;
        if let Err(error) = result {
            if self.run.is_none() {
                // The whole grace passes before it is tried again; a single run leaves it to the next one.
                self.orphans.marked.remove(&pk);
            }
            if self.is_refusal(now, pk, &error) {
                return;
            }
            self.look_failed(now, Look::Orphan, "put on an incident's record that its case may be forgotten", &error);
        } else {
            self.look_succeeded(Look::Orphan);
        }
    }

    pub(super) fn take_orphan(&mut self, now: Now, pk: IncidentPk, result: Result<Option<Incident>, ArgusError>) {
        self.looking.busy = false;
        if let Some(run) = &mut self.run {
            run.tried_orphan(pk, &result);
        }
        if result.is_ok() {
            self.look_succeeded(Look::Orphan);
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
                if self.is_refusal(now, pk, &error) {
                    return;
                }
                // It is found again by the next check, and the whole grace passes before it is tried again.
                self.look_failed(now, Look::Orphan, "end an incident whose case is gone", &error);
            }
        }
    }

    /// Argus refuses a write to this one incident: left out until the next full look, and no reason
    /// to look at nothing else.
    fn is_refusal(&mut self, now: Now, pk: IncidentPk, error: &ArgusError) -> bool {
        let ArgusError::Request { status, why } = error else {
            return false;
        };
        self.look_succeeded(Look::Orphan);
        let looks = self.full_looks();
        if self.orphans.refused.insert(pk, looks).is_none() {
            let line = format!("incident {pk}, whose case is not in Zino: Argus refuses an event ({status}: {why})");
            if self.orphans.refused.len() <= MAX_TOLD {
                warn!("{line}; left out until the next full look");
            }
            self.told.failed(now, line);
        }
        true
    }

    /// How many incidents without a case Argus takes no event of ours for.
    pub(super) fn refused_orphans(&self) -> usize {
        self.orphans.refused.len()
    }

    /// No case of our Zino is about this incident's problem, and its number is unknown or means something else.
    fn is_unknown(&self, incident: &Incident) -> bool {
        let number = told_case(incident).map(|(number, _)| number);
        if number.is_some_and(|number| self.link.unreadable.contains(number)) {
            return false;
        }
        let held = number.and_then(|number| self.cases.get(number));
        let same_number = held.is_some_and(|s| same_problem(&s.case, incident));
        let mut near = self.cases.near(incident).flat_map(|problem| self.cases.of(problem));
        let open_case = near.any(|s| !s.case.is_closed() && same_problem(&s.case, incident));
        !same_number && !open_case
    }

    /// Whether an incident tells of a case of our own Zino.
    fn is_of_our_zino(&self, incident: &Incident) -> bool {
        match about(incident) {
            About::Told { server, .. } => server == self.settings.rules.server,
            About::Tagged { .. } => true,
            About::Unclear => false,
        }
    }

    /// What is known of our Zino's numbers.
    fn numbers(&self) -> Numbers {
        let life = |slot: &super::cases::Slot| (slot.case.id, slot.case.opened);
        // A case that is only kept until its last state is delivered shows nothing of what Zino holds.
        let held = self.cases.all().filter(|slot| !slot.gone).map(life);
        let gone = self.cases.all().filter(|slot| slot.gone).map(life);
        let ours = || self.incidents.all().filter(|incident| self.is_of_our_zino(incident));
        // The Python program's times are not exact enough.
        let told = ours().filter(|incident| incident.made_for.is_some()).filter_map(told_case);
        let roughly = ours().filter(|incident| incident.made_for.is_none()).filter_map(told_case);
        Numbers::new(held, gone.chain(told), roughly)
    }

    fn fate(&self, incident: &Incident, now: Now, numbers: &Numbers) -> Fate {
        let Some((number, opened)) = told_case(incident).filter(|_| self.is_of_our_zino(incident)) else {
            return Fate::Unclear;
        };
        // Zino never gives a number out twice unless it lost its state: then this case was forgotten, not scavenged.
        if self.cases.get(number).is_some() || numbers.show_a_loss_after((number, opened)) {
            return Fate::Forgotten;
        }
        let off = if incident.made_for.is_none() { PYTHON_OFFSET_SECS } else { 0 };
        let old = opened <= now.wall.plus_secs(-SCAVENGED_AFTER_SECS - off);
        // What a case was about that could be read once is known.
        let hidden = self.link.unreadable.all().any(|(id, _)| self.cases.get(id).is_none());
        match old && numbers.surround((number, opened)) {
            true if hidden => Fate::Hidden,
            true => Fate::Scavenged(number),
            false => Fate::Unclear,
        }
    }
}
