//! An in-memory Zino that behaves as the protocol's facts say. Never knows about Argus.

use crate::facts::problem_name;
use crate::unwilling::Does;
use crate::world::{OUR_USER, Shared};
use std::collections::{BTreeMap, BTreeSet};
use zinoargus::time::Stamp;
use zinoargus::zino::case::{Case, CaseId, CaseKind, CaseState, HistoryEntry, Problem};
use zinoargus::zino::decode::{Happening, Notice};
use zinoargus::zino::{LookedUp, WantsLog, ZinoError, ZinoServer};

/// A case with what only the simulation knows of it.
#[derive(Clone)]
pub struct Held {
    pub case: Case,
    /// When it opened and closed, on the true clock, in microseconds.
    pub opened: i64,
    pub closed: Option<i64>,
}

#[derive(Default)]
pub struct Zino {
    pub cases: BTreeMap<CaseId, Held>,
    pub next: CaseId,
    pub saved: (BTreeMap<CaseId, Held>, CaseId),
    pub down: bool,
    /// What each connected client has not read yet; no entry: not connected.
    pub clients: BTreeMap<usize, Vec<Notice>>,
    /// Clock offset to the true time, microseconds.
    pub offset: i64,
    /// When it last came back without its newest state, by the true time.
    pub forgot_at: i64,
    /// The numbers that it ever gave out, and in which second.
    pub given: BTreeSet<(CaseId, i64)>,
    /// When problems and single cases opened and closed, by the true time.
    pub turns: BTreeMap<String, Vec<(i64, bool)>>,
    /// Cases that it lists, and whose attributes make no sense.
    pub garbled: BTreeSet<CaseId>,
}

impl Zino {
    pub fn stamp(&self, now: i64) -> Stamp {
        Stamp::from_secs((now + self.offset).div_euclid(1_000_000))
    }

    pub fn notify(&mut self, id: CaseId, what: &Happening) {
        for notices in self.clients.values_mut() {
            notices.push(Notice { id, what: what.clone() });
        }
    }

    /// Notes that a case about this problem opened, or closed.
    pub fn turn(&mut self, id: CaseId, problem: &Problem, now: i64, open: bool) {
        let name = problem_name(problem);
        self.turns.entry(format!("{id} {name}")).or_default().push((now, open));
        self.turns.entry(name).or_default().push((now, open));
    }

    /// When a problem, or a case of it, opened and closed.
    pub fn turns(&self, problem: &str) -> impl Iterator<Item = (i64, bool)> {
        self.turns.get(problem).into_iter().flatten().copied()
    }

    /// Whether a case about this problem was open (or none was) at some time since then. The name
    /// may be that of one case, too.
    pub fn was(&self, problem: &str, open: bool, since: i64) -> bool {
        let mut state = false;
        for (at, turned) in self.turns(problem) {
            if at > since && state == open {
                return true;
            }
            state = turned;
        }
        state == open
    }

    pub fn open_case_of(&self, problem: &Problem) -> Option<&Held> {
        self.cases.values().find(|h| !h.case.is_closed() && h.case.problem() == *problem)
    }

    /// Opens a case; refused (`None`) while one about the problem is not closed.
    pub fn open(&mut self, now: i64, mut case: Case) -> Option<CaseId> {
        if self.open_case_of(&case.problem()).is_some() {
            return None;
        }
        let (id, at) = (self.next + 1, self.stamp(now));
        // No Zino comes back without its state and gives a number out again within the same second.
        if !self.given.insert((id, at.secs())) {
            return None;
        }
        self.next = id;
        case.id = id;
        case.opened = at;
        case.history =
            vec![HistoryEntry { at, header: "state change embryonic -> open (monitor)".into(), lines: vec![] }];
        self.turn(id, &case.problem(), now, true);
        self.cases.insert(id, Held { case, opened: now, closed: None });
        self.notify(id, &Happening::State { from: CaseState::Embryonic, to: CaseState::Open });
        Some(id)
    }

    pub fn set_state(&mut self, now: i64, id: CaseId, state: &CaseState, user: &str) -> bool {
        let at = self.stamp(now);
        let Some(held) = self.cases.get_mut(&id) else {
            return false;
        };
        if held.case.is_closed() {
            return *state == CaseState::Closed;
        }
        let from = held.case.state.clone();
        if from == *state {
            return true;
        }
        let header = format!("state change {} -> {} ({user})", from.word(), state.word());
        held.case.history.push(HistoryEntry { at, header, lines: vec![] });
        held.case.state = state.clone();
        if *state == CaseState::Closed {
            held.case.closed = Some(at);
            held.closed = Some(now);
            let problem = held.case.problem();
            self.turn(id, &problem, now, false);
        }
        self.notify(id, &Happening::State { from, to: state.clone() });
        true
    }

    pub fn add_history(&mut self, now: i64, id: CaseId, user: &str, text: &str) -> bool {
        let at = self.stamp(now);
        let Some(held) = self.cases.get_mut(&id) else {
            return false;
        };
        let lines = text.lines().map(|l| l.trim().to_owned()).collect();
        held.case.history.push(HistoryEntry { at, header: user.to_owned(), lines });
        self.notify(id, &Happening::Other);
        true
    }

    /// The end of a planned maintenance: a closed case is open again, without a history entry.
    pub fn reopen(&mut self, now: i64, id: CaseId) {
        let Some(problem) = self.cases.get(&id).filter(|h| h.case.is_closed()).map(|h| h.case.problem()) else {
            return;
        };
        if self.open_case_of(&problem).is_some() {
            return;
        }
        if let Some(held) = self.cases.get_mut(&id) {
            held.case.state = CaseState::Open;
            held.closed = None;
        }
        self.turn(id, &problem, now, true);
        self.notify(id, &Happening::State { from: CaseState::Closed, to: CaseState::Open });
    }

    /// Deletes cases that closed more than eight hours ago.
    pub fn scavenge(&mut self, now: i64) {
        let old: Vec<CaseId> = self
            .cases
            .iter()
            .filter(|(_, h)| h.closed.is_some_and(|t| now - t > 8 * 3600 * 1_000_000))
            .map(|(id, _)| *id)
            .collect();
        for id in old {
            self.cases.remove(&id);
            self.notify(id, &Happening::Scavenged);
        }
    }

    pub fn save(&mut self) {
        self.saved = (self.cases.clone(), self.next);
    }

    /// Starts again from the last saved state, or from nothing. What closed long ago does not
    /// outlive the first half hour.
    pub fn restart(&mut self, now: i64, with_state: bool) {
        self.clients.clear();
        self.down = false;
        let open = |zino: &Self| -> BTreeMap<CaseId, Problem> {
            let held = zino.cases.values().filter(|held| !held.case.is_closed());
            held.map(|held| (held.case.id, held.case.problem())).collect()
        };
        let before = open(self);
        let (cases, next) = if with_state { self.saved.clone() } else { (BTreeMap::new(), 0) };
        (self.cases, self.next) = (cases, next);
        self.forgot_at = now;
        self.scavenge(now);
        let after = open(self);
        let gone = before.iter().filter(|(id, problem)| after.get(*id) != Some(*problem));
        gone.for_each(|(id, problem)| self.turn(*id, problem, now, false));
        let new = after.iter().filter(|(id, problem)| before.get(*id) != Some(*problem));
        new.for_each(|(id, problem)| self.turn(*id, problem, now, true));
    }
}

/// A client's view of one Zino.
pub struct SimZino<'a> {
    pub world: &'a Shared,
    pub zino: usize,
    pub instance: usize,
}

impl SimZino<'_> {
    fn meets(&self, what: &str) -> Does {
        self.world.borrow_mut().unwilling.meets(what, false)
    }

    /// One exchange: the world may move before it, and the connection may be cut before or after.
    fn exchange<T>(
        &self,
        write: bool,
        run: impl FnOnce(&mut Zino, i64) -> Result<T, ZinoError>,
    ) -> Result<T, ZinoError> {
        let world = &mut *self.world.borrow_mut();
        world.between_requests();
        world.now += 400;
        let lost = || Err(ZinoError::Connection("cut".into()));
        let cut_before = world.fault(8);
        let cut_after = world.fault(8);
        let now = world.now;
        let dead = world.dead.contains(&self.instance);
        let Some(zino) = world.zinos.get_mut(self.zino) else {
            return lost();
        };
        if dead || zino.down || !zino.clients.contains_key(&self.instance) {
            return lost();
        }
        if cut_before {
            zino.clients.remove(&self.instance);
            return lost();
        }
        let result = run(zino, now);
        world.note(|| format!("  instance {} asks zino {}", self.instance, self.zino));
        let Some(zino) = world.zinos.get_mut(self.zino) else {
            return lost();
        };
        if cut_after {
            zino.clients.remove(&self.instance);
        }
        if write {
            world.writes += 1;
            world.check_writer(self.instance, "Zino");
        }
        if cut_after { lost() } else { result }
    }
}

impl ZinoServer for SimZino<'_> {
    fn case_ids(&mut self) -> Result<Vec<CaseId>, ZinoError> {
        self.exchange(false, |z, _| Ok(z.cases.values().filter(|h| !h.case.is_closed()).map(|h| h.case.id).collect()))
    }

    fn case(&mut self, id: CaseId, wants_log: WantsLog<'_>) -> Result<Option<Case>, ZinoError> {
        self.exchange(false, |z, _| match z.garbled.contains(&id) {
            true => Err(ZinoError::Refused("there is no attribute \"type\"".into())),
            false => Ok(z.cases.get(&id).map(|h| as_listed(&h.case, wants_log))),
        })
    }

    fn look_up(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<LookedUp, ZinoError> {
        let wanted: BTreeSet<CaseId> = ids.iter().copied().collect();
        self.exchange(false, |z, _| {
            let legible = z.cases.values().filter(|h| wanted.contains(&h.case.id) && !z.garbled.contains(&h.case.id));
            let cases = legible.map(|h| as_listed(&h.case, wants_log)).collect();
            Ok(LookedUp { cases, unknown: wanted.iter().copied().filter(|id| !z.cases.contains_key(id)).collect() })
        })
    }

    fn add_history(&mut self, id: CaseId, text: &str) -> Result<(), ZinoError> {
        self.world.borrow_mut().note(|| format!("  zino {} case {id}: entry {text:?}", self.zino));
        match self.meets(&format!("zino case {id}: entry {text:?}")) {
            Does::Refuse(_) => self.exchange(true, |_, _| Err(ZinoError::Refused("500 no".into()))),
            Does::Nothing => self.exchange(true, |z, _| answer(z.cases.contains_key(&id))),
            Does::Serve | Does::LoseReply | Does::Break => {
                self.exchange(true, |z, now| answer(z.add_history(now, id, OUR_USER, text)))
            }
        }
    }

    fn set_state(&mut self, id: CaseId, state: &CaseState) -> Result<(), ZinoError> {
        self.world.borrow_mut().note(|| format!("  zino {} case {id}: state {}", self.zino, state.word()));
        if *state == CaseState::Closed {
            self.world.borrow_mut().check_our_close(self.zino, id);
        }
        match self.meets(&format!("zino case {id}: state {}", state.word())) {
            Does::Refuse(_) => self.exchange(true, |_, _| Err(ZinoError::Refused("500 no".into()))),
            Does::Nothing => self.exchange(true, |z, _| answer(z.cases.contains_key(&id))),
            Does::Serve | Does::LoseReply | Does::Break => {
                self.exchange(true, |z, now| answer(z.set_state(now, id, state, OUR_USER)))
            }
        }
    }
}

fn answer(known: bool) -> Result<(), ZinoError> {
    if known { Ok(()) } else { Err(ZinoError::Refused("event does not exist".into())) }
}

fn as_listed(case: &Case, wants_log: WantsLog<'_>) -> Case {
    let log = case.log_says_down.filter(|_| wants_log(case));
    Case { log_says_down: log, ..case.clone() }
}

/// A case of one of a few problems, with whatever its kind shows.
pub fn fresh_case(problem: u64) -> Case {
    let router = format!("r{}", problem % 3).into();
    let kinds = [CaseKind::Reachability, CaseKind::Portstate, CaseKind::Bgp, CaseKind::Alarm];
    let kind = kinds.get((problem / 3) as usize % kinds.len()).cloned().unwrap_or(CaseKind::Alarm);
    let only = |wanted: CaseKind, text: &str| (kind == wanted).then(|| text.into());
    Case {
        id: 0,
        router,
        state: CaseState::Open,
        opened: Stamp::default(),
        closed: None,
        priority: 100,
        port: only(CaseKind::Portstate, "ge-0/0/1"),
        ifindex: only(CaseKind::Portstate, "7"),
        descr: only(CaseKind::Portstate, "NTNU, 10G"),
        portstate: only(CaseKind::Portstate, "down"),
        remote_addr: only(CaseKind::Bgp, "2001:db8::1"),
        remote_as: only(CaseKind::Bgp, "65001"),
        bgp_os: only(CaseKind::Bgp, "idle"),
        reachability: only(CaseKind::Reachability, "no-response"),
        alarm_type: only(CaseKind::Alarm, "red"),
        alarm_count: (kind == CaseKind::Alarm).then_some(1),
        bfd_addr: None,
        bfd_state: None,
        history: vec![],
        log_says_down: (kind == CaseKind::Portstate).then_some(true),
        kind,
    }
}
