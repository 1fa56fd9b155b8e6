//! What shows that Zino has forgotten cases. Pure; never decides which cases are scavenged.

use super::identity::SURELY_AFTER_SECS;
use crate::time::Stamp;
use crate::zino::case::CaseId;

/// One life of a case number: the number and when its case opened.
pub type Life = (CaseId, Stamp);

/// What is known of a Zino's numbers. They rise, and none is given out twice, unless Zino loses its
/// newest state.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Every life that a case or an incident tells of, by number.
    lives: Vec<Life>,
    /// The cases that Zino holds, by number, each with the earliest opening up to it and the latest
    /// from it on.
    held: Vec<(CaseId, Stamp, Stamp)>,
    setback: Option<Stamp>,
}

impl Numbers {
    /// From the cases that Zino holds, from what exact records tell of others, and from records
    /// whose times are only roughly right.
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

    /// Whether it is certain that Zino lost its newest state after this case had opened, so that it
    /// may have forgotten it: it gave out the same number again, or any number that it had given
    /// out before.
    #[must_use]
    pub fn show_a_loss_after(&self, (number, opened): Life) -> bool {
        let same = self.lives.partition_point(|(other, _)| *other < number);
        let mut again = self.lives.iter().skip(same).take_while(|(other, _)| *other == number);
        again.any(|(_, other)| *other != opened) || self.setback.is_some_and(|setback| setback > opened)
    }

    /// Whether Zino holds a lower number that opened before this case and a higher one that opened
    /// after it.
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

/// When a Zino last gave out a number that it had given out before, as far as its lives, in order,
/// show it. `None`: nothing shows that it ever did.
///
/// It went back to a lower number where one number has two openings, or a lower number opened well
/// after a higher.
fn last_setback(lives: &[Life]) -> Option<Stamp> {
    let mut last = None;
    let mut earliest_above: Option<Stamp> = None;
    for same in lives.chunk_by(|a, b| a.0 == b.0).rev() {
        let [(_, first), ..] = same else { continue };
        let newest = same.last().map_or(*first, |(_, opened)| *opened);
        // Two cases that open at the same time may get their numbers the other way round.
        let after_higher = earliest_above.is_some_and(|above| newest > above.plus_secs(SURELY_AFTER_SECS));
        if newest.secs() > first.secs() || after_higher {
            last = last.max(Some(newest));
        }
        earliest_above = Some(earliest_above.map_or(*first, |above| above.min(*first)));
    }
    last
}

#[cfg(test)]
#[path = "orphan_tests.rs"]
mod tests;
