//! What the machine makes of what comes from Zino.

use super::admission::Refusal;
use super::cases::Change;
use super::entry::Priority;
use super::{Engine, Now, Output, Reading, ZinoCommand, ZinoEvent};
use crate::argus::models::{EndTime, Incident};
use crate::reconcile::delivery::{Found, Snapshot};
use crate::reconcile::filter::{Verdict, verdict};
use crate::reconcile::identity::{number, same_problem};
use crate::reconcile::matching::ENDED_WINDOW_SECS;
use crate::reconcile::matching::may_have_an_old_incident;
use crate::zino::case::{Case, CaseId, CaseKind};
use log::{debug, error, warn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many numbers are asked for to find cases that opened and closed while nobody looked.
const MAX_GAP: u64 = 2000;
/// How far beyond the highest known number is looked at a time.
const BEYOND: u64 = 20;

impl Engine {
    pub(super) fn take_zino(&mut self, now: Now, event: ZinoEvent) {
        match event {
            ZinoEvent::Connected => {
                self.link.reading = Reading::default();
                self.told.zino = None;
                if let Some(lasted) = self.login.admitted(now.mono) {
                    warn!("Zino takes our login again after {} s", lasted.as_secs());
                }
                self.link.connected = true;
                self.link.full_reading.start(now.mono, self.settings.full_interval);
            }
            ZinoEvent::Part(cases) => self.take_part(cases),
            ZinoEvent::Snapshot(snapshot) => self.take_snapshot(now, snapshot),
            ZinoEvent::Found(found) => self.take_found(now, found),
            ZinoEvent::Scavenged(id) => {
                self.link.reading.newer.insert(id);
                self.forget_case(id);
            }
            ZinoEvent::Carried(id, result) => self.take_carried(now, id, result),
            ZinoEvent::Postponed(id) => self.take_postponed(now, id),
            ZinoEvent::Disconnected => {
                self.link.connected = false;
                self.link.read = false;
                self.link.full_reading.stop();
                self.link.reading = Reading::default();
                self.link.unanswered.append(&mut self.link.awaited);
                self.delivery_under_way = None;
                self.orphans.interrupt();
            }
            ZinoEvent::Unusable(why) => {
                // Before, a single run ends over it and says why then; the daemon's poller says it.
                if self.run.is_some() && self.link.ever_read && self.told.zino.is_none() {
                    warn!("Zino cannot be used: {why}");
                }
                self.login.doubted();
                self.told.zino_fails(now, why);
            }
            ZinoEvent::LoginRefused(why) => self.take_refused_login(now, &why),
        }
    }

    fn take_refused_login(&mut self, now: Now, why: &str) {
        let user = &self.settings.rules.user;
        match self.login.refused(now.mono, self.run.is_some()) {
            Refusal::Fatal => {
                let why = format!("Zino refuses user {user} ({why}): check zino.user and zino.secret");
                self.out.push(Output::Refused(why));
            }
            Refusal::News if self.login.is_at_start() => {
                warn!("Zino refuses user {user} ({why}); asking again for 10 s, then this program ends");
            }
            Refusal::News => {
                error!("Zino refuses the login of user {user} ({why}); trying again: check zino.user and zino.secret");
            }
            Refusal::Again => {}
        }
        self.told.zino_fails(now, format!("login refused: {why}"));
    }

    fn take_part(&mut self, cases: Vec<Case>) {
        for case in cases {
            self.link.reading.newer.remove(&case.id);
            if self.cases.get(case.id).is_some_and(|slot| *slot.case == case) {
                self.link.reading.same.insert(case.id);
            } else {
                self.link.reading.others.push(case);
            }
        }
    }

    /// A complete reading showed a case as it is held; false if it is held no more.
    fn confirm_case(&mut self, id: CaseId) -> bool {
        let Some(slot) = self.cases.get_mut(id) else {
            return false;
        };
        slot.gone = false;
        if slot.due() {
            let problem = Arc::clone(&slot.problem);
            self.line_up(&problem, Priority::Bulk);
        }
        true
    }

    fn take_snapshot(&mut self, now: Now, snapshot: Snapshot) {
        if let Some(took) = self.link.full_reading.finish(now.mono) {
            // After a reading that took long, the next one waits for as long.
            self.link.full_reading.not_before(now.mono + took);
        }
        self.link.absent.clear();
        let mut to_read: BTreeSet<CaseId> = self
            .cases
            .all()
            .filter(|s| s.case.is_closed() || !snapshot.ids.contains(&s.case.id))
            .map(|s| s.case.id)
            .collect();
        to_read.extend(snapshot.ids.iter());
        let first_of_a_secondary = self.settings.rules.secondary && !self.link.ever_read;
        // At its first reading also what closed before, so that a takeover finds it known.
        let known = if first_of_a_secondary { Some(0) } else { self.link.highest };
        to_read.extend(self.gap(&snapshot.ids, known));
        to_read.append(&mut self.link.unanswered);
        to_read.extend(self.link.unreadable.all().map(|(id, _)| id));
        let Reading { same, others, newer } = std::mem::take(&mut self.link.reading);
        for id in same {
            if newer.contains(&id) {
                to_read.remove(&id);
                continue;
            }
            self.link.unreadable.succeeded(id);
            if self.confirm_case(id) {
                to_read.remove(&id);
            }
        }
        for case in others {
            to_read.remove(&case.id);
            if !newer.contains(&case.id) {
                self.put_case(case, Priority::Bulk);
            }
        }
        for case in snapshot.cases {
            to_read.remove(&case.id);
            self.put_case(case, Priority::Bulk);
        }
        self.link.read = true;
        self.link.ever_read = true;
        self.act_at_once(now);
        let highest = self.in_zino().next_back();
        // Where nobody knows a number, the first case of all is the next one to come.
        let begins = self.incidents.all().next().is_none().then_some(0);
        self.link.highest = self.link.highest.max(highest).or(begins);
        self.read_cases(to_read);
        self.read_unheld_numbers(now);
    }

    /// Asks Zino for cases, and waits for the answer before anything is created.
    pub(super) fn read_cases(&mut self, ids: BTreeSet<CaseId>) {
        let new: Vec<CaseId> = ids.into_iter().filter(|id| self.link.awaited.insert(*id)).collect();
        if !new.is_empty() {
            self.out.push(Output::Zino(ZinoCommand::Read(new)));
        }
    }

    /// Asks for the cases of incidents that are not in the snapshot: they closed while nobody looked, or Zino does not know
    /// them. Much can have happened to a case that ended lately, too. Before the first work also for cases that may have
    /// opened and closed meanwhile.
    pub(super) fn read_unheld_numbers(&mut self, now: Now) {
        if !self.link.read || !self.looking.open_listed || !self.is_active() {
            return;
        }
        let since = now.wall.plus_secs(-ENDED_WINDOW_SECS);
        let lately = |i: &&Incident| i.is_open() || matches!(i.end_time, EndTime::At(t) if t >= since);
        let mut ids: BTreeSet<CaseId> = self.incidents.all().filter(lately).filter_map(number).collect();
        ids.retain(|id| self.cases.get(*id).is_none() && !self.link.absent.contains(id));
        if !self.is_ready() {
            let held: BTreeSet<CaseId> = self.in_zino().collect();
            // A secondary has asked for them before, unless only Argus can tell it how far the
            // numbers go.
            let known = (!self.settings.rules.secondary || held.is_empty()).then_some(0);
            ids.extend(self.gap(&held, known));
        }
        self.read_cases(ids);
    }

    /// The numbers above a known one, up to some beyond the highest that Zino shows: cases may have opened and closed while nobody
    /// looked. Of very many only the highest: a closed case can be read for eight hours.
    fn gap(&self, shown: &BTreeSet<CaseId>, known: Option<CaseId>) -> BTreeSet<CaseId> {
        let Some(known) = known else {
            return BTreeSet::new();
        };
        // What Argus knows counts only where Zino shows nothing: a number there can be of another life.
        let in_argus = || self.incidents.all().filter_map(number).max();
        let highest = shown.last().copied().max(self.link.highest).or_else(in_argus).unwrap_or_default();
        let last = known.max(highest).saturating_add(BEYOND);
        let first = known.saturating_add(1).max(last.saturating_sub(MAX_GAP));
        let is_open_question = |id: &CaseId| !shown.contains(id) && !self.link.absent.contains(id);
        (first..=last).filter(is_open_question).filter(|id| self.cases.get(*id).is_none_or(|slot| slot.gone)).collect()
    }

    fn take_found(&mut self, now: Now, found: Found) {
        let asked = found.asked;
        self.link.reading.newer.extend(found.cases.iter().map(|case| case.id).chain(found.unknown.iter().copied()));
        for (id, why) in found.garbled {
            self.cannot_read(now, id, &why);
        }
        for case in found.cases {
            let awaited = self.link.awaited.remove(&case.id);
            self.put_case(case, if awaited { Priority::Bulk } else { Priority::Live });
        }
        let is_open = |id: &CaseId| self.cases.get(*id).is_some_and(|slot| !slot.case.is_closed());
        let forgot = found.unknown.iter().any(is_open);
        for id in found.unknown {
            self.link.awaited.remove(&id);
            self.link.absent.insert(id);
            self.forget_case(id);
            self.confirm_orphans(id);
        }
        for id in asked {
            self.link.awaited.remove(&id);
        }
        if forgot {
            self.read_numbers_given_again();
        }
    }

    /// The numbers that mean a case in Zino, in order: those that are only kept until their last state is delivered do not.
    fn in_zino(&self) -> impl DoubleEndedIterator<Item = CaseId> + '_ {
        self.cases.all().filter(|slot| !slot.gone).map(|slot| slot.case.id)
    }

    /// Zino has forgotten an open case, so that it lost its newest state: it gives out numbers again that we thought were known, and
    /// their new cases may have opened and closed while nobody looked.
    fn read_numbers_given_again(&mut self) {
        self.link.absent.clear();
        let held: BTreeSet<CaseId> = self.in_zino().collect();
        self.link.highest = Some(held.last().copied().unwrap_or_default());
        self.read_cases(self.gap(&held, Some(0)));
    }

    /// Zino has this case, and what it says of it makes no sense.
    fn cannot_read(&mut self, now: Now, id: CaseId, why: &str) {
        if self.link.unreadable.failed(id, why) {
            warn!("case {id}: cannot decode the reply of Zino ({why}); its incident is not updated");
            self.told.failed(now, format!("case {id}: cannot decode the reply of Zino ({why})"));
        }
        self.doubt_orphans(id);
    }

    pub(super) fn put_case(&mut self, case: Case, priority: Priority) {
        self.link.unreadable.succeeded(case.id);
        self.link.absent.remove(&case.id);
        if let CaseKind::Other(kind) = &case.kind
            && self.unknown_kinds.len() < 100
            && self.unknown_kinds.insert(kind.to_string())
        {
            warn!("{}: cases of type \"{kind}\" are unknown to this program and left out", case.name());
        }
        match self.cases.put(case, &self.settings.rules) {
            Change::Nothing => {}
            Change::Due(problem) => self.line_up(&problem, priority),
            Change::Replaced { before, now } => {
                debug!("a case number now means {now}, before {before}");
                for id in self.cases.of(&before).map(|s| s.case.id).collect::<Vec<_>>() {
                    self.make_due(id);
                }
                self.line_up(&before, priority);
                self.line_up(&now, priority);
            }
        }
    }

    pub(super) fn make_due(&mut self, id: CaseId) {
        if let Some(slot) = self.cases.get_mut(id) {
            slot.ask();
        }
    }

    /// Zino does not know this number. A closed case is kept until its last state is delivered; an open one is forgotten by
    /// Zino, and what that means for its incident is decided elsewhere.
    pub(super) fn forget_case(&mut self, id: CaseId) {
        self.link.unreadable.succeeded(id);
        let Some(slot) = self.cases.get_mut(id) else {
            return;
        };
        self.deliveries.remove(&id);
        if slot.case.is_closed() && (slot.due() || self.queue.is_running(&slot.problem)) {
            slot.gone = true;
        } else if slot.case.is_closed() && !slot.gone && !slot.setbacks.is_empty() {
            // What Argus did not take is tried for the last time.
            slot.gone = true;
            slot.ask();
            let problem = Arc::clone(&slot.problem);
            self.line_up(&problem, Priority::Live);
        } else {
            self.drop_case(id);
        }
    }

    /// Forgets a case. What was its own, and its place as the problem's open case, are free for another case of the problem.
    pub(super) fn drop_case(&mut self, id: CaseId) {
        let Some(slot) = self.cases.get(id) else {
            return;
        };
        let problem = Arc::clone(&slot.problem);
        Self::tell_undelivered(slot);
        self.cases.remove(id);
        let others: Vec<CaseId> = self.cases.of(&problem).map(|s| s.case.id).collect();
        if others.is_empty() {
            self.queue.forget(&problem);
        } else {
            others.into_iter().for_each(|id| self.make_due(id));
            self.line_up(&problem, Priority::Bulk);
        }
    }

    /// A case that has no incident and shall get none needs no look at Argus.
    pub(super) fn needs_nothing(&self, case: &Case, now: Now) -> bool {
        verdict(case) != Verdict::Wanted
            && !may_have_an_old_incident(case, now.wall)
            && !self.incidents.near(case).any(|i| same_problem(case, i))
    }
}
