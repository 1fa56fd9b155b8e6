//! The view of Zino: the connection, the complete readings, which cases are asked for, which cannot
//! be read, and which incidents have no case. Never decides what a case needs in Argus.

mod numbers;
mod orphans;
mod unreadable;

use super::admission::{Admission, Refusal};
use super::component::{Component, Reset, Situation};
use super::context::Context;
use super::periodic::Periodic;
use super::problems::Priority;
use super::problems::Problems;
use super::{Job, Output, ZinoCommand};
use crate::argus::models::IncidentPk;
use crate::execute::zino_reads::{Found, Snapshot};
use crate::zino::case::{Case, CaseId, CaseKind};
use log::{error, warn};
use numbers::CaseNumbers;
use orphans::Orphans;
use std::collections::BTreeSet;
use std::time::Duration;
use unreadable::Unreadable;

/// How many unknown types of cases are logged.
const MAX_KINDS: usize = 100;

/// The view of Zino.
#[derive(Debug, Default)]
pub(super) struct ZinoView {
    is_connected: bool,
    /// It was read completely since it was connected.
    is_read: bool,
    /// It was read completely at least once.
    ever_read: bool,
    /// Whether Zino accepts our user and secret.
    login: Admission,
    /// The complete reading: the first one of a connection, or a requested one.
    full_reading: Periodic,
    /// What a complete reading under way has brought.
    reading: Reading,
    numbers: CaseNumbers,
    unreadable: Unreadable,
    orphans: Orphans,
    /// Types of cases that are left out, as logged.
    unknown_kinds: BTreeSet<String>,
}

/// The first parts of a complete reading. They count when its end has come.
#[derive(Debug, Default)]
struct Reading {
    /// Cases that are just as they are known.
    same: BTreeSet<CaseId>,
    others: Vec<Case>,
    /// Cases that came on their own since the reading began. The version of the reading is older.
    newer: BTreeSet<CaseId>,
}

impl ZinoView {
    /// At a reload: whether Zino accepted our login is kept.
    pub(super) fn after_reload(login: Admission) -> Self {
        Self { login: login.after_reload(), ..Self::default() }
    }

    /// What the next engine goes on with.
    pub(super) fn keep(self) -> Admission {
        self.login
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }

    pub(super) fn ever_read(&self) -> bool {
        self.ever_read
    }

    /// Whether no answer to a question about cases is awaited.
    pub(super) fn is_answered(&self) -> bool {
        self.numbers.awaited() == 0
    }

    /// How many cases were requested from Zino and not yet received.
    pub(super) fn awaited(&self) -> usize {
        self.numbers.awaited()
    }

    /// Whether a refusal of the login may yet end the program.
    pub(super) fn is_refused_at_start(&self) -> bool {
        self.login.confirmed_at().is_some()
    }

    /// The cases that cannot be read, and why.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = (CaseId, &str)> {
        self.unreadable.all()
    }

    pub(super) fn orphans(&self) -> &Orphans {
        &self.orphans
    }

    pub(super) fn orphans_mut(&mut self) -> &mut Orphans {
        &mut self.orphans
    }

    pub(super) fn connected(&mut self, ctx: &mut Context) {
        ctx.status.zino_answered();
        if let Some(lasted) = self.login.admitted(ctx.now.mono) {
            warn!("Zino takes our login again after {} s", lasted.as_secs());
        }
        self.reading = Reading::default();
        self.is_connected = true;
        self.full_reading.start(ctx.now.mono, ctx.settings.full_interval);
    }

    /// The connection has ended. Every grace period starts again.
    pub(super) fn disconnected(&mut self) {
        (self.is_connected, self.is_read) = (false, false);
        self.full_reading.stop();
        self.reading = Reading::default();
        self.numbers.interrupt();
        self.orphans.interrupt();
    }

    /// There is no connection now.
    pub(super) fn take_unusable(&mut self, ctx: &mut Context, why: String) {
        // Before, a single run ends over it and says why then; of the daemon, the poller logs it.
        if ctx.is_single_run() && self.ever_read && ctx.status.zino().is_none() {
            warn!("Zino cannot be used: {why}");
        }
        self.login.doubted();
        ctx.status.zino_failed(ctx.now, why);
    }

    pub(super) fn take_refused_login(&mut self, ctx: &mut Context, why: &str) {
        let user = &ctx.settings.rules.user;
        match self.login.refused(ctx.now.mono, ctx.is_single_run()) {
            Refusal::Fatal => {
                let why = format!("Zino refuses user {user} ({why}): check zino.user and zino.secret");
                ctx.outbox.push(Output::Refused(why));
            }
            Refusal::News if self.login.is_at_start() => {
                warn!("Zino refuses user {user} ({why}); asking again for 10 s, then this program ends");
            }
            Refusal::News => {
                error!("Zino refuses the login of user {user} ({why}); trying again: check zino.user and zino.secret");
            }
            Refusal::Again => {}
        }
        ctx.status.zino_failed(ctx.now, format!("login refused: {why}"));
    }

    /// Requests a complete reading, if it is due.
    pub(super) fn reread(&mut self, ctx: &mut Context) {
        if self.is_connected && self.is_read && self.full_reading.is_due(ctx.now.mono) {
            self.full_reading.start(ctx.now.mono, ctx.settings.full_interval);
            ctx.outbox.zino(ZinoCommand::Reread);
        }
    }

    /// Takes a part of a complete reading.
    pub(super) fn take_part(&mut self, problems: &Problems, cases: Vec<Case>) {
        for case in cases {
            self.reading.newer.remove(&case.id);
            if problems.cases().get(case.id).is_some_and(|known| *known.case == case) {
                self.reading.same.insert(case.id);
            } else {
                self.reading.others.push(case);
            }
        }
    }

    /// Takes the end of a complete reading.
    pub(super) fn take_snapshot(&mut self, ctx: &mut Context, problems: &mut Problems, snapshot: Snapshot) {
        if let Some(took) = self.full_reading.finish(ctx.now.mono) {
            // After a reading that took long, the next one waits for as long, but not for hours
            // because this host was stopped meanwhile.
            self.full_reading.not_before(ctx.now.mono + took.min(ctx.settings.full_interval));
        }
        let is_first_of_a_secondary = ctx.settings.rules.secondary && !self.ever_read;
        let mut to_read = self.numbers.numbers_to_read(problems, &snapshot.ids, is_first_of_a_secondary);
        to_read.extend(self.unreadable.all().map(|(id, _)| id));
        let Reading { same, others, newer } = std::mem::take(&mut self.reading);
        for id in same {
            if newer.contains(&id) {
                to_read.remove(&id);
                continue;
            }
            self.unreadable.succeeded(id);
            if problems.confirm_case(id) {
                to_read.remove(&id);
            }
        }
        for case in others {
            to_read.remove(&case.id);
            if !newer.contains(&case.id) {
                self.put_case(ctx, problems, case, Priority::Bulk);
            }
        }
        for case in snapshot.cases {
            to_read.remove(&case.id);
            self.put_case(ctx, problems, case, Priority::Bulk);
        }
        (self.is_read, self.ever_read) = (true, true);
        self.numbers.note_highest(problems);
        self.numbers.ask(ctx, to_read);
    }

    /// Takes cases that were asked for, or that a notification was about.
    pub(super) fn take_found(&mut self, ctx: &mut Context, problems: &mut Problems, found: Found) {
        self.reading.newer.extend(found.cases.iter().map(|case| case.id).chain(found.unknown.iter().copied()));
        for (id, why) in found.garbled {
            self.cannot_read(ctx, problems, id, &why);
        }
        for case in found.cases {
            let was_asked_for = self.numbers.received(case.id);
            let priority = if was_asked_for { Priority::Bulk } else { Priority::Live };
            let (id, notified) = (case.id, found.notified.get(&case.id));
            self.put_case(ctx, problems, case, priority);
            let at = notified.map(|ago| ctx.now.mono.saturating_sub(*ago));
            at.into_iter().for_each(|at| problems.note_notified(id, at));
        }
        let is_open = |id: &CaseId| problems.cases().get(*id).is_some_and(|known| !known.case.is_closed());
        let forgot = found.unknown.iter().any(is_open);
        for id in found.unknown {
            self.numbers.absent(id);
            self.forget_case(ctx, problems, id);
            self.orphans.confirm(problems, id);
        }
        for id in found.asked {
            self.numbers.received(id);
        }
        if forgot {
            self.numbers.begin_again(ctx, problems);
        }
    }

    /// Zino has deleted a closed case.
    pub(super) fn take_scavenged(&mut self, ctx: &mut Context, problems: &mut Problems, id: CaseId) {
        self.reading.newer.insert(id);
        self.forget_case(ctx, problems, id);
    }

    /// Takes a case as it is after a delivery; `None` if Zino does not know it.
    pub(super) fn take_written(&mut self, ctx: &mut Context, problems: &mut Problems, id: CaseId, case: Option<Case>) {
        self.reading.newer.insert(id);
        match case {
            Some(case) => self.put_case(ctx, problems, case, Priority::Live),
            None => self.forget_case(ctx, problems, id),
        }
    }

    /// Zino has this case, and its reply about it makes no sense.
    fn cannot_read(&mut self, ctx: &mut Context, problems: &Problems, id: CaseId, why: &str) {
        if self.unreadable.failed(id, why) {
            let line = format!("case {id}: cannot decode the reply of Zino ({why})");
            warn!("{line}; its incident is not updated");
            ctx.status.failed(ctx.now, line);
        }
        self.orphans.doubt(problems, id);
    }

    fn put_case(&mut self, ctx: &Context, problems: &mut Problems, case: Case, priority: Priority) {
        self.unreadable.succeeded(case.id);
        self.numbers.present(case.id);
        if let CaseKind::Other(kind) = &case.kind
            && self.unknown_kinds.len() < MAX_KINDS
            && self.unknown_kinds.insert(kind.to_string())
        {
            warn!("{}: cases of type \"{kind}\" are unknown to this program and left out", case.name());
        }
        problems.put_case(ctx, case, priority);
    }

    fn forget_case(&mut self, ctx: &mut Context, problems: &mut Problems, id: CaseId) {
        self.unreadable.succeeded(id);
        problems.forget_case(ctx, id);
    }

    /// Asks for a case that something in Argus is about.
    pub(super) fn read_case(&mut self, ctx: &mut Context, id: CaseId) {
        if self.is_read {
            self.numbers.ask(ctx, BTreeSet::from([id]));
        }
    }

    /// Asks for the cases of incidents that were not in the snapshot: they closed while this
    /// program did not look, or Zino does not know them. Before the first work also for cases that
    /// may have opened and closed meanwhile.
    pub(super) fn read_cases_of_incidents(&mut self, ctx: &mut Context, problems: &Problems, is_ready: bool) {
        if self.is_read {
            self.numbers.ask_for_incidents(ctx, problems, is_ready);
        }
    }

    /// Goes through the open incidents for those without a case, once in a while. `leaves`: those
    /// that a single run does not try again.
    pub(super) fn check_orphans(
        &mut self,
        ctx: &mut Context,
        at: &Situation,
        problems: &Problems,
        leaves: impl Fn(IncidentPk) -> bool,
    ) {
        if at.is_ready && self.is_read && self.is_answered() {
            self.orphans.check(ctx, at, problems, &self.unreadable, leaves);
        }
    }

    /// The next incident without a case is not waited for.
    pub(super) fn check_orphans_now(&mut self, now: Duration) {
        self.orphans.check_now(now);
    }

    /// What is to be done next about an incident without a case.
    pub(super) fn next_orphan_job(&mut self, ctx: &Context, at: &Situation, problems: &Problems) -> Option<Job> {
        if at.may_write { self.orphans.next_job(ctx, problems, &self.unreadable) } else { None }
    }
}

impl Component for ZinoView {
    fn next_wake(&self, at: &Situation) -> Option<Duration> {
        if !self.is_connected {
            return None;
        }
        let orphans = self.orphans.next_wake().filter(|due| at.is_active && !at.is_looking && *due > at.now);
        self.full_reading.next_wake().filter(|due| *due > at.now).into_iter().chain(orphans).min()
    }

    fn is_idle(&self) -> bool {
        self.is_read && self.is_answered() && self.orphans.is_idle()
    }

    fn reset(&mut self, _why: Reset) {
        self.orphans = Orphans::default();
    }
}
