//! The numbers of Zino's cases: which are asked for, which mean no case, and how far they go. Never
//! decides what a case needs.

use crate::argus::models::{EndTime, Incident};
use crate::engine::ZinoCommand;
use crate::engine::context::Context;
use crate::engine::problems::Problems;
use crate::reconcile::identity::number;
use crate::reconcile::matching::ENDED_WINDOW_SECS;
use crate::zino::case::CaseId;
use std::collections::BTreeSet;

/// How many numbers are asked for to find cases that opened and closed while this program did not
/// look.
const MAX_GAP: u64 = 2000;
/// How many numbers beyond the highest known one are asked for.
const BEYOND: u64 = 20;

/// The numbers of Zino's cases.
#[derive(Debug, Default)]
pub(super) struct CaseNumbers {
    /// Cases requested from Zino and not yet received.
    awaited: BTreeSet<CaseId>,
    /// Numbers that mean no case, as Zino said since the last complete reading. Zino notifies of
    /// every new case, so that they need not be asked for again.
    absent: BTreeSet<CaseId>,
    /// Cases that were awaited when the connection was lost; the next complete reading asks for
    /// them again.
    unanswered: BTreeSet<CaseId>,
    /// The highest number that any reading of this Zino showed; `None` before the first.
    highest: Option<CaseId>,
}

impl CaseNumbers {
    pub(super) fn awaited(&self) -> usize {
        self.awaited.len()
    }

    /// The connection is lost.
    pub(super) fn interrupt(&mut self) {
        self.unanswered.append(&mut self.awaited);
    }

    /// The answer about a number has come. Returns whether it was awaited.
    pub(super) fn received(&mut self, id: CaseId) -> bool {
        self.awaited.remove(&id)
    }

    /// The number means no case.
    pub(super) fn absent(&mut self, id: CaseId) {
        self.awaited.remove(&id);
        self.absent.insert(id);
    }

    /// The number means a case.
    pub(super) fn present(&mut self, id: CaseId) {
        self.absent.remove(&id);
    }

    /// Asks Zino for cases. Nothing is created before the answer.
    pub(super) fn ask(&mut self, ctx: &mut Context, ids: BTreeSet<CaseId>) {
        let new: Vec<CaseId> = ids.into_iter().filter(|id| self.awaited.insert(*id)).collect();
        if !new.is_empty() {
            ctx.outbox.zino(ZinoCommand::Read(new));
        }
    }

    /// The numbers to ask for after a complete reading that listed `listed`, unless it brought the
    /// cases as well.
    pub(super) fn numbers_to_read(
        &mut self,
        problems: &Problems,
        listed: &BTreeSet<CaseId>,
        is_first_of_a_secondary: bool,
    ) -> BTreeSet<CaseId> {
        self.absent.clear();
        let cases = problems.cases().all();
        let unlisted = cases.filter(|known| known.case.is_closed() || !listed.contains(&known.case.id));
        let mut to_read: BTreeSet<CaseId> = unlisted.map(|known| known.case.id).collect();
        to_read.extend(listed.iter());
        // A secondary's first reading also asks for what closed before, so that a takeover knows
        // it.
        let known = if is_first_of_a_secondary { Some(0) } else { self.highest };
        to_read.extend(self.gap(problems, listed, known));
        to_read.append(&mut self.unanswered);
        to_read
    }

    /// A complete reading has ended.
    pub(super) fn note_highest(&mut self, problems: &Problems) {
        let highest = in_zino(problems).next_back();
        // If no server knows a number, the first case of all is the next one to come.
        let begins = problems.incidents().all().next().is_none().then_some(0);
        self.highest = self.highest.max(highest).or(begins);
    }

    /// Asks for the cases of incidents that are not known. An incident that ended lately counts,
    /// too: much can have happened to its case.
    pub(super) fn ask_for_incidents(&mut self, ctx: &mut Context, problems: &Problems, is_ready: bool) {
        let since = ctx.now.wall.plus_secs(-ENDED_WINDOW_SECS);
        let lately = |i: &&Incident| i.is_open() || matches!(i.end_time, EndTime::At(t) if t >= since);
        let mut ids: BTreeSet<CaseId> = problems.incidents().all().filter(lately).filter_map(number).collect();
        ids.retain(|id| problems.cases().get(*id).is_none() && !self.absent.contains(id));
        if !is_ready {
            let held: BTreeSet<CaseId> = in_zino(problems).collect();
            // A secondary has asked for them before, unless only Argus can tell it how far the
            // numbers go.
            let known = (!ctx.settings.rules.secondary || held.is_empty()).then_some(0);
            ids.extend(self.gap(problems, &held, known));
        }
        self.ask(ctx, ids);
    }

    /// Zino forgot an open case, so it lost its newest state and gives out numbers again. Their new
    /// cases may have opened and closed while this program did not look.
    pub(super) fn begin_again(&mut self, ctx: &mut Context, problems: &Problems) {
        self.absent.clear();
        let held: BTreeSet<CaseId> = in_zino(problems).collect();
        self.highest = Some(held.last().copied().unwrap_or_default());
        let ids = self.gap(problems, &held, Some(0));
        self.ask(ctx, ids);
    }

    /// The numbers above a known one, up to some beyond the highest that Zino shows: cases may have
    /// opened and closed while this program did not look. Of very many only the highest: a closed
    /// case can be read for eight hours.
    fn gap(&self, problems: &Problems, held: &BTreeSet<CaseId>, known: Option<CaseId>) -> BTreeSet<CaseId> {
        let Some(known) = known else {
            return BTreeSet::new();
        };
        // A number in Argus can be of an earlier life of Zino, so it counts only if Zino shows
        // none.
        let in_argus = || problems.incidents().all().filter_map(number).max();
        let highest = held.last().copied().max(self.highest).or_else(in_argus).unwrap_or_default();
        let last = known.max(highest).saturating_add(BEYOND);
        let first = known.saturating_add(1).max(last.saturating_sub(MAX_GAP));
        let is_open_question = |id: &CaseId| !held.contains(id) && !self.absent.contains(id);
        let is_unknown = |id: &CaseId| problems.cases().get(*id).is_none_or(|known| known.gone);
        (first..=last).filter(is_open_question).filter(is_unknown).collect()
    }
}

/// The numbers that mean a case in Zino, in order. Cases that are only kept until their last state
/// is delivered do not count.
fn in_zino(problems: &Problems) -> impl DoubleEndedIterator<Item = CaseId> {
    problems.cases().all().filter(|known| !known.gone).map(|known| known.case.id)
}
