//! Incidents whose case Zino does not know: what became of the case, as far as the numbering of
//! Zino proves it, and which event the incident lacks. Pure; never decides when Zino is asked.

use super::evidence::{Evidence, FORGOTTEN};
use super::identity::{About, PYTHON_OFFSET_SECS, SURELY_AFTER_SECS, about, number};
use super::rules::Rules;
use super::setbacks::TRIES;
use crate::argus::models::{EventKind, Incident, NewEvent};
use crate::time::Stamp;
use crate::zino::case::CaseId;

/// Zino deletes a closed case eight hours after its closing at the earliest.
const SCAVENGED_AFTER_SECS: i64 = 8 * 3600;

/// What became of a case that Zino does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Closed and deleted, with this number.
    Scavenged(CaseId),
    /// Zino lost its newest state after the case had opened.
    Forgotten,
    /// One of the cases that cannot be read may be the open case of its problem.
    Hidden,
    /// Nothing shows it.
    Unclear,
}

/// What is known about the case that an incident names.
pub struct Facts<'a> {
    /// Our Zino, with what follows the name of a secondary's.
    pub server: &'a str,
    /// The numbers of our Zino.
    pub numbers: &'a Numbers,
    /// Zino holds a case with this number, which is another one.
    pub is_held: bool,
    /// Zino lists a case that could never be read.
    pub hides_cases: bool,
    /// The time of the decision.
    pub now: Stamp,
}

/// What became of the case of this incident, which Zino does not know.
/// Rule: ORPHAN-2.
#[must_use]
pub fn fate(incident: &Incident, facts: &Facts<'_>) -> Fate {
    let Some((number, opened)) = named_case(incident).filter(|_| is_of_zino(incident, facts.server)) else {
        return Fate::Unclear;
    };
    // Zino never gives a number out twice unless it lost its state: then this case was forgotten.
    if facts.is_held || facts.numbers.show_a_loss_after((number, opened)) {
        return Fate::Forgotten;
    }
    let off = if incident.made_for.is_none() { PYTHON_OFFSET_SECS } else { 0 };
    let is_old = opened <= facts.now.plus_secs(-SCAVENGED_AFTER_SECS - off);
    match is_old && facts.numbers.surround((number, opened)) {
        true if facts.hides_cases => Fate::Hidden,
        true => Fate::Scavenged(number),
        false => Fate::Unclear,
    }
}

/// The number of the case that an incident names, and when that case opened.
#[must_use]
pub fn named_case(incident: &Incident) -> Option<Life> {
    match incident.made_for.as_deref() {
        Some(made_for) => {
            let number = CaseId::try_from(made_for.case).ok().filter(|number| *number > 0);
            number.map(|number| (number, Stamp::from_secs(made_for.opened)))
        }
        None => number(incident).map(|number| (number, incident.start_time)),
    }
}

/// Whether an incident is about a case of this Zino. The Python program had one Zino only.
#[must_use]
pub fn is_of_zino(incident: &Incident, zino: &str) -> bool {
    match about(incident) {
        About::Named { server, .. } => server == zino,
        About::Tagged { .. } => true,
        About::Unclear => false,
    }
}

/// One life of a case number: the number and the opening of its case.
pub type Life = (CaseId, Stamp);

/// The known numbers of a Zino. They rise, and none is given out twice, unless Zino loses its
/// newest state.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Every life of a case or an incident, by number.
    lives: Vec<Life>,
    /// The cases that Zino holds, by number. Each has the earliest opening up to it and the latest
    /// one from it on.
    held: Vec<(CaseId, Stamp, Stamp)>,
    setback: Option<Stamp>,
}

impl Numbers {
    /// The numbers of the cases that Zino holds, those of exact records of other cases, and those
    /// of records whose times are only roughly right.
    #[must_use]
    pub fn new(
        held: impl Iterator<Item = Life>,
        recorded: impl Iterator<Item = Life>,
        roughly: impl Iterator<Item = Life>,
    ) -> Self {
        let mut cases: Vec<Life> = held.collect();
        cases.sort_unstable();
        let mut lives: Vec<Life> = cases.iter().copied().chain(recorded).collect();
        lives.sort_unstable();
        let setback = last_setback(&lives);
        lives.extend(roughly);
        lives.sort_unstable();
        let mut held: Vec<(CaseId, Stamp, Stamp)> = cases.iter().map(|(id, at)| (*id, *at, *at)).collect();
        let mut earliest = None;
        for (_, first, _) in &mut held {
            *first = earliest.map_or(*first, |earliest: Stamp| earliest.min(*first));
            earliest = Some(*first);
        }
        let mut latest = None;
        for (_, _, last) in held.iter_mut().rev() {
            *last = latest.map_or(*last, |latest: Stamp| latest.max(*last));
            latest = Some(*last);
        }
        Self { lives, held, setback }
    }

    /// Whether Zino certainly lost its newest state after this case had opened, and perhaps forgot
    /// the case: it gave this number out again, or any earlier number after this opening.
    /// Rules: ORPHAN-2, ORPHAN-4.
    #[must_use]
    pub fn show_a_loss_after(&self, (number, opened): Life) -> bool {
        let same = self.lives.partition_point(|(other, _)| *other < number);
        let mut again = self.lives.iter().skip(same).take_while(|(other, _)| *other == number);
        again.any(|(_, other)| *other != opened) || self.setback.is_some_and(|setback| setback > opened)
    }

    /// Whether Zino holds a lower number that opened earlier and a higher one that opened later.
    /// Rule: ORPHAN-2.
    #[must_use]
    pub fn surround(&self, (number, opened): Life) -> bool {
        let below = self.held.partition_point(|(other, _, _)| *other < number);
        let above = self.held.partition_point(|(other, _, _)| *other <= number);
        let before =
            below.checked_sub(1).and_then(|last| self.held.get(last)).is_some_and(|(_, first, _)| *first < opened);
        let after = self.held.get(above).is_some_and(|(_, _, last)| *last > opened);
        before && after
    }
}

/// The last time at which a Zino gave a number out again, as these lives show it, which are in
/// order.
///
/// Zino went back where one number has two openings, or where a lower number opened well after a
/// higher one.
fn last_setback(lives: &[Life]) -> Option<Stamp> {
    let mut last = None;
    let mut earliest_above: Option<Stamp> = None;
    for same in lives.chunk_by(|a, b| a.0 == b.0).rev() {
        let [(_, first), ..] = same else { continue };
        let newest = same.last().map_or(*first, |(_, opened)| *opened);
        // Two cases that open at the same time can get their numbers in either order.
        let after_higher = earliest_above.is_some_and(|above| newest > above.plus_secs(SURELY_AFTER_SECS));
        if newest.secs() > first.secs() || after_higher {
            last = last.max(Some(newest));
        }
        earliest_above = Some(earliest_above.map_or(*first, |above| above.min(*first)));
    }
    last
}

/// The END that an incident lacks whose case Zino deleted: the incident is open, nobody reopened it
/// for a reason of their own, and no event records that Zino may have forgotten the case.
#[must_use]
pub fn lacks_end(evidence: &Evidence<'_>, rules: &Rules) -> bool {
    let is_wanted = evidence.newest_turn().is_some_and(|e| evidence.is_others_reopening(e, &rules.server));
    evidence.is_open() && !is_wanted && !evidence.records_a_loss()
}

/// Whether this END was posted often enough: Argus accepts it without effect.
#[must_use]
pub fn is_without_effect(evidence: &Evidence<'_>, end: &NewEvent) -> bool {
    let is_it = |e: &&_| evidence.is_our_end(e) && e.description == end.description;
    evidence.all().filter(is_it).count() >= TRIES as usize
}

/// The event that records the loss on an open incident, unless it is there. The proof of the loss
/// will be gone from both servers one day.
#[must_use]
pub fn lacking_record(evidence: &Evidence<'_>, now: Stamp) -> Option<NewEvent> {
    let description = format!("{FORGOTTEN}: it gave out case numbers again. A person must close this incident.");
    let record = NewEvent { kind: EventKind::Other, timestamp: now, description };
    (evidence.is_open() && !evidence.records_a_loss()).then_some(record)
}

#[cfg(test)]
#[path = "orphan_tests.rs"]
mod tests;
