//! Open incidents whose case Zino does not know (ORPHAN): was it scavenged, or forgotten by a
//! Zino that lost its newest state? Only an incident whose case was scavenged for sure is ended; a
//! person decides about all others. The incident's record says that its case may be forgotten,
//! because a day later nothing else shows it. Never asks Argus itself.

use super::unreadable::Unreadable;
use crate::argus::ArgusError;
use crate::argus::models::{EventKind, Incident, IncidentPk, NewEvent};
use crate::engine::component::Situation;
use crate::engine::context::{Answer, Context};
use crate::engine::problems::KnownCase;
use crate::engine::problems::Problems;
use crate::engine::{Job, ZinoCommand};
use crate::reconcile::identity::same_problem;
use crate::reconcile::orphan::{Facts, Fate, Numbers, fate, is_of_zino, named_case};
use crate::zino::case::CaseId;
use log::warn;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often the incidents are gone through, and how often at the most where the grace is short.
const CHECK_EVERY: Duration = Duration::from_secs(10);
const CHECK_AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// How many orphans are logged one by one.
const MAX_LOGGED: usize = 100;

#[derive(Debug)]
struct Orphan {
    unknown_since: Duration,
    /// Zino is asked for the number once more.
    is_confirming: bool,
}

/// What is known about incidents without a case.
#[derive(Debug, Default)]
pub struct Orphans {
    unknown: BTreeMap<IncidentPk, Orphan>,
    /// Those that are to be ended.
    to_end: BTreeSet<IncidentPk>,
    /// Those whose record is to say that the case may be forgotten, and where that was tried.
    to_mark: BTreeSet<IncidentPk>,
    marked: BTreeSet<IncidentPk>,
    logged: BTreeSet<IncidentPk>,
    /// Where Argus refuses what was to be written, and after how many complete readings.
    refused: BTreeMap<IncidentPk, u64>,
    check_at: Duration,
}

impl Orphans {
    /// The connection to Zino is lost. Every grace period starts again.
    pub(super) fn interrupt(&mut self) {
        self.unknown.clear();
        self.to_end.clear();
    }

    /// The next check is due now.
    pub(super) fn check_now(&mut self, now: Duration) {
        self.check_at = self.check_at.min(now);
    }

    /// Whether nothing is about to be done about any.
    pub(super) fn is_idle(&self) -> bool {
        self.to_end.is_empty() && self.to_mark.is_empty() && !self.unknown.values().any(|orphan| orphan.is_confirming)
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        (!self.unknown.is_empty()).then_some(self.check_at)
    }

    /// How many incidents without a case there are for which Argus refuses our events.
    pub fn refused(&self) -> usize {
        self.refused.len()
    }

    /// Goes through the open incidents, once in a while. `leaves`: those that are not tried again.
    pub(super) fn check(
        &mut self,
        ctx: &mut Context,
        at: &Situation,
        problems: &Problems,
        unreadable: &Unreadable,
        leaves: impl Fn(IncidentPk) -> bool,
    ) {
        let now = ctx.now.mono;
        if now < self.check_at {
            return;
        }
        let pause = CHECK_EVERY.min(ctx.settings.orphan_grace / 4).max(CHECK_AT_MOST_EVERY);
        self.check_at = now + pause;
        let unknown = problems.incidents().open().filter(|incident| is_unknown(incident, problems, unreadable));
        let pks: BTreeSet<IncidentPk> = unknown.map(|incident| incident.pk).collect();
        self.unknown.retain(|pk, _| pks.contains(pk));
        for set in [&mut self.to_end, &mut self.to_mark, &mut self.logged] {
            set.retain(|pk| pks.contains(pk));
        }
        self.refused.retain(|pk, _| pks.contains(pk));
        for pk in &pks {
            self.unknown.entry(*pk).or_insert(Orphan { unknown_since: now, is_confirming: false });
        }
        if pks.is_empty() {
            return;
        }
        let numbers = numbers(ctx, problems);
        for pk in pks.into_iter().filter(|pk| !leaves(*pk)) {
            let incident = problems.incidents().get(pk);
            let fate = incident.map_or(Fate::Unclear, |i| fate_of(ctx, problems, unreadable, i, &numbers));
            self.judge(ctx, at, problems, pk, fate);
        }
    }

    fn judge(&mut self, ctx: &mut Context, at: &Situation, problems: &Problems, pk: IncidentPk, fate: Fate) {
        let now = ctx.now.mono;
        let is_refused = self.refused.get(&pk) == Some(&at.full_looks);
        let may_act = !ctx.settings.rules.secondary && !is_refused;
        if fate == Fate::Forgotten && may_act && !self.marked.contains(&pk) {
            // At once: what shows it may be gone when the grace is over.
            self.to_mark.insert(pk);
        }
        let grace = ctx.settings.orphan_grace;
        if self.unknown.get(&pk).is_none_or(|orphan| now < orphan.unknown_since + grace) {
            return;
        }
        match fate {
            Fate::Scavenged(number) if may_act => self.ask_once_more(ctx, problems, pk, number),
            Fate::Scavenged(_) if is_refused => {}
            // A person cannot decide either what cannot be known yet.
            Fate::Hidden => self.begin_grace(now, pk),
            _ => {
                // It was not scavenged for sure: the grace starts again should that change.
                self.begin_grace(now, pk);
                self.log(problems, pk);
            }
        }
    }

    fn begin_grace(&mut self, now: Duration, pk: IncidentPk) {
        self.unknown.insert(pk, Orphan { unknown_since: now, is_confirming: false });
    }

    /// Zino is asked for this number alone before the incident is ended.
    fn ask_once_more(&mut self, ctx: &mut Context, problems: &Problems, pk: IncidentPk, number: CaseId) {
        let Some(orphan) = self.unknown.get_mut(&pk) else {
            return;
        };
        if orphan.is_confirming || self.to_end.contains(&pk) {
            return;
        }
        orphan.is_confirming = true;
        if problems.cases().get(number).is_some() {
            self.to_end.insert(pk);
        } else {
            ctx.outbox.zino(ZinoCommand::Read(vec![number]));
        }
    }

    fn log(&mut self, problems: &Problems, pk: IncidentPk) {
        let Some(incident) = problems.incidents().get(pk) else {
            return;
        };
        if self.logged.insert(pk) && self.logged.len() <= MAX_LOGGED {
            warn!(
                "incident {pk} ({}, case {}): Zino does not know this case and may have forgotten it; it stays open until \
                 a person closes it",
                incident.description, incident.source_incident_id
            );
        }
    }

    /// Zino has just answered, about this number alone, that it does not exist.
    pub(super) fn confirm(&mut self, problems: &Problems, id: CaseId) {
        let confirming = self.unknown.iter().filter(|(_, orphan)| orphan.is_confirming).map(|(pk, _)| *pk);
        self.to_end.extend(confirming.filter(|pk| names(problems, *pk, id)));
    }

    /// Zino has this case and cannot show it: its incident is not ended.
    pub(super) fn doubt(&mut self, problems: &Problems, id: CaseId) {
        self.unknown.retain(|pk, _| !names(problems, *pk, id));
        self.to_end.retain(|pk| !names(problems, *pk, id));
    }

    /// What is to be done next about an incident without a case.
    pub(super) fn next_job(&mut self, ctx: &Context, problems: &Problems, unreadable: &Unreadable) -> Option<Job> {
        let now = ctx.now.wall;
        if let Some(pk) = self.to_mark.pop_first() {
            self.marked.insert(pk);
            return Some(Job::MarkForgotten(pk, now));
        }
        let pk = self.to_end.pop_first()?;
        self.unknown.remove(&pk);
        let incident = problems.incidents().get(pk).filter(|i| i.is_open() && is_unknown(i, problems, unreadable))?;
        let fate = fate_of(ctx, problems, unreadable, incident, &numbers(ctx, problems));
        if !matches!(fate, Fate::Scavenged(_)) || ctx.settings.rules.secondary {
            return None;
        }
        let description =
            format!("Case {} is no longer in Zino: it was closed and deleted there", incident.source_incident_id);
        Some(Job::EndOrphan(pk, NewEvent { kind: EventKind::End, timestamp: now, description }))
    }

    /// Takes what became of a mark. Returns an error unless it is only about this incident.
    pub fn take_marked(&mut self, ctx: &mut Context, at: &Situation, pk: IncidentPk, result: Answer<()>) -> Answer<()> {
        if result.is_err() && !ctx.is_single_run() {
            // The whole grace passes before it is tried again; a single run leaves it to the next
            // one.
            self.marked.remove(&pk);
        }
        result.or_else(|error| self.take_error(ctx, at, pk, error))
    }

    /// Takes what became of an END: the incident as it is after. Returns an error unless it is only
    /// about this incident: the next check finds the orphan again, and the whole grace passes
    /// before it is tried again.
    pub fn take_ended(
        &mut self,
        ctx: &mut Context,
        at: &Situation,
        problems: &mut Problems,
        pk: IncidentPk,
        result: Answer<Option<Incident>>,
    ) -> Answer<()> {
        match result {
            Ok(Some(incident)) => {
                problems.note_incident(incident);
                Ok(())
            }
            Ok(None) => {
                problems.remove_incident(pk);
                Ok(())
            }
            Err(error) => self.take_error(ctx, at, pk, error),
        }
    }

    /// If Argus refuses a write to this one incident, that is left out until the next complete
    /// reading, and all else goes on.
    fn take_error(&mut self, ctx: &mut Context, at: &Situation, pk: IncidentPk, error: ArgusError) -> Answer<()> {
        let ArgusError::Request { status, why } = error else {
            return Err(error);
        };
        if self.refused.insert(pk, at.full_looks).is_none() {
            let line = format!("incident {pk}, whose case is not in Zino: Argus refuses an event ({status}: {why})");
            if self.refused.len() <= MAX_LOGGED {
                warn!("{line}; left out until the next full look");
            }
            ctx.status.failed(ctx.now, line);
        }
        Ok(())
    }
}

/// Whether an incident names this case.
fn names(problems: &Problems, pk: IncidentPk, id: CaseId) -> bool {
    problems.incidents().get(pk).and_then(named_case).is_some_and(|(number, _)| number == id)
}

/// Whether no case of our Zino is about this incident's problem, and its number is unknown or means
/// something else.
/// Rule: ORPHAN-1.
fn is_unknown(incident: &Incident, problems: &Problems, unreadable: &Unreadable) -> bool {
    let number = named_case(incident).map(|(number, _)| number);
    if number.is_some_and(|number| unreadable.contains(number)) {
        return false;
    }
    let cases = problems.cases();
    let held = number.and_then(|number| cases.get(number));
    let same_number = held.is_some_and(|known| same_problem(&known.case, incident));
    let mut near = cases.near(incident).flat_map(|problem| cases.of(problem));
    let open_case = near.any(|known| !known.case.is_closed() && same_problem(&known.case, incident));
    !same_number && !open_case
}

/// What is known of our Zino's numbers.
fn numbers(ctx: &Context, problems: &Problems) -> Numbers {
    let life = |known: &KnownCase| (known.case.id, known.case.opened);
    // A case that is only kept until its last state is delivered shows nothing of what Zino holds.
    let held = problems.cases().all().filter(|known| !known.gone).map(life);
    let gone = problems.cases().all().filter(|known| known.gone).map(life);
    let ours = || problems.incidents().all().filter(|incident| is_of_zino(incident, &ctx.settings.rules.server));
    // The Python program's times are not exact enough.
    let exactly = ours().filter(|incident| incident.made_for.is_some()).filter_map(named_case);
    let roughly = ours().filter(|incident| incident.made_for.is_none()).filter_map(named_case);
    Numbers::new(held, gone.chain(exactly), roughly)
}

fn fate_of(
    ctx: &Context,
    problems: &Problems,
    unreadable: &Unreadable,
    incident: &Incident,
    numbers: &Numbers,
) -> Fate {
    let cases = problems.cases();
    let facts = Facts {
        server: &ctx.settings.rules.server,
        numbers,
        is_held: named_case(incident).is_some_and(|(number, _)| cases.get(number).is_some()),
        // What a case was about that could be read once is known.
        hides_cases: unreadable.all().any(|(id, _)| cases.get(id).is_none()),
        now: ctx.now.wall,
    };
    fate(incident, &facts)
}
