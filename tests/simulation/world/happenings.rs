//! What happens in the world by chance: in Zino, in Argus, to the servers. Never knows about the
//! program.

use super::{TEXTS, World};
use crate::argus::ByPerson;
use crate::zino::fresh_case;
use zinoargus::argus::models::IncidentPk;
use zinoargus::zino::case::{CaseId, CaseState};
use zinoargus::zino::decode::Happening;

impl World {
    pub fn something_happens(&mut self) {
        match self.rng.below(100) {
            0..=54 => self.zino_happens(),
            55..=89 => {
                let all: Vec<IncidentPk> = self.argus.incidents.keys().copied().collect();
                // Only then: the seeds of the other scenarios would mean something else.
                let duplicates = if self.scenario.beside { self.argus.ended_duplicates() } else { Vec::new() };
                let any = duplicates.is_empty() || self.rng.chance(500);
                if let Some(pk) = self.rng.pick(if any { &all } else { &duplicates }) {
                    self.person_acts_on(pk);
                }
            }
            90..=92 => {
                self.argus.away = !self.argus.away;
                let away = self.argus.away;
                self.note(|| format!("argus away: {away}"));
            }
            93..=95 => self.drop_notices(),
            96 => {
                self.pass(9 * 3600 * 1_000_000);
                let now = self.now;
                self.zinos.iter_mut().for_each(|zino| zino.scavenge(now));
                self.note(|| "nine hours later, closed cases are deleted".to_owned());
            }
            _ => self.server_fails(),
        }
    }

    fn drop_notices(&mut self) {
        let z = self.rng.below(self.zinos.len() as u64) as usize;
        let Some(zino) = self.zinos.get_mut(z) else { return };
        for notices in zino.clients.values_mut() {
            match self.rng.below(3) {
                0 => notices.clear(),
                1 => notices.reverse(),
                _ => notices.extend(notices.clone()),
            }
        }
    }

    fn server_fails(&mut self) {
        let z = self.rng.below(self.zinos.len() as u64) as usize;
        let (roll, amnesia, now) = (self.rng.below(6), self.scenario.amnesia, self.now);
        let Some(zino) = self.zinos.get_mut(z) else { return };
        let what = match roll {
            0 => {
                zino.clients.clear();
                "connections cut"
            }
            1 => {
                let forgot_at = zino.forgot_at;
                zino.save();
                zino.restart(now, true);
                zino.forgot_at = forgot_at;
                "restarted with its state"
            }
            2 if amnesia => {
                zino.restart(now, true);
                "restarted with an old state"
            }
            3 if amnesia => {
                zino.restart(now, false);
                "restarted without its state"
            }
            4 => {
                zino.save();
                "state saved"
            }
            _ => {
                zino.down = !zino.down;
                zino.clients.clear();
                "up or down"
            }
        };
        self.note(|| format!("zino {z}: {what}"));
    }

    fn zino_happens(&mut self) {
        let z = self.rng.below(self.zinos.len() as u64) as usize;
        let ids: Vec<CaseId> = self.zinos.get(z).map(|zino| zino.cases.keys().copied().collect()).unwrap_or_default();
        let roll = self.rng.below(100);
        if roll < 25 || ids.is_empty() {
            self.case_opens(z);
            return;
        }
        let Some(id) = self.rng.pick(&ids) else { return };
        let text = self.rng.pick(&TEXTS).unwrap_or_default();
        let again = self.rng.chance(300);
        let state = self.rng.pick(&[CaseState::Working, CaseState::Waiting, CaseState::Open, CaseState::Ignored]);
        let priority = self.rng.pick(&[100, 300, 600]).unwrap_or(100);
        let now = self.now;
        let Some(zino) = self.zinos.get_mut(z) else { return };
        let what = match roll {
            25..=44 => {
                zino.add_history(now, id, "ford", text);
                if again {
                    zino.add_history(now, id, "ford", text);
                }
                format!("history {text:?}, twice: {again}")
            }
            45..=59 => {
                let state = state.unwrap_or(CaseState::Working);
                zino.set_state(now, id, &state, "ford");
                format!("state {}", state.word())
            }
            60..=74 => {
                zino.set_state(now, id, &CaseState::Closed, "ford");
                "closed by ford".to_owned()
            }
            75..=84 => {
                if let Some(held) = zino.cases.get_mut(&id) {
                    held.case.priority = priority;
                }
                zino.notify(id, &Happening::Other);
                format!("priority {priority}")
            }
            85..=89 => {
                if let Some(held) = zino.cases.get_mut(&id) {
                    let says = held.case.log_says_down;
                    held.case.log_says_down = says.map(|_| true);
                }
                zino.notify(id, &Happening::Other);
                "log says down".to_owned()
            }
            90..=94 => {
                zino.reopen(now, id);
                "reopened by a maintenance".to_owned()
            }
            _ => {
                // The start of a planned maintenance is not notified.
                if let Some(held) = zino.cases.get_mut(&id).filter(|h| !h.case.is_closed()) {
                    held.case.state = CaseState::Ignored;
                }
                "ignored by a maintenance".to_owned()
            }
        };
        self.note(|| format!("zino {z} case {id}: {what}"));
        self.note_lives();
    }

    fn case_opens(&mut self, z: usize) {
        // Only then: the seeds of the other scenarios would mean something else.
        if self.scenario.crowds && self.rng.chance(400) {
            (0..12).for_each(|problem| self.case_of_problem_opens(z, problem));
            return;
        }
        let problem = self.rng.below(8);
        self.case_of_problem_opens(z, problem);
    }

    fn case_of_problem_opens(&mut self, z: usize, problem: u64) {
        let now = self.now;
        let mut case = fresh_case(problem);
        if case.log_says_down.is_some() && self.rng.chance(300) {
            case.log_says_down = Some(false);
        }
        let name = case.problem().to_string();
        // A fault is seen by every Zino, not always, and not in the same second.
        for (n, zino) in self.zinos.iter_mut().enumerate() {
            if n == z || self.rng.chance(700) {
                let seen_at = now + if n == z { 0 } else { self.rng.below(50_000_000) as i64 - 25_000_000 };
                if let Some(id) = zino.open(seen_at.min(now), case.clone()) {
                    let at = (now - 1_795_376_392_000_000) as f64 / 1e6;
                    self.trace.push(format!("{at:10.3} zino {n} case {id} opens: {name}"));
                }
            }
        }
        self.note_lives();
    }

    /// Sometimes a person acknowledges for a while, or ends an acknowledgement.
    fn about_acknowledgements(&mut self, action: ByPerson) -> ByPerson {
        match action {
            ByPerson::Acknowledge(text) if self.rng.chance(300) => {
                ByPerson::AcknowledgeFor(1 + self.rng.below(120) as i64, text)
            }
            ByPerson::Comment if self.rng.chance(300) => ByPerson::EndAck,
            other => other,
        }
    }

    pub fn person_acts_on(&mut self, pk: IncidentPk) {
        let text = self.rng.pick(&TEXTS).unwrap_or_default().to_owned();
        let action = match self.rng.below(100) {
            0..=29 => ByPerson::Acknowledge(text),
            30..=54 => ByPerson::Close(text),
            55..=69 => ByPerson::Reopen,
            70..=79 => ByPerson::Ticket(format!("https://t.example.org/{}", self.rng.below(3))),
            80..=85 => ByPerson::Level(self.rng.below(5) as u8 + 1),
            86..=91 => ByPerson::Tag(format!("note=n{}", self.rng.below(3))),
            _ => ByPerson::Comment,
        };
        // Only then: the seeds of the other scenarios would mean something else.
        let action = if self.scenario.python { crate::python::misleading(self, action) } else { action };
        let action = if self.scenario.acknowledges { self.about_acknowledgements(action) } else { action };
        if matches!(action, ByPerson::Level(_)) {
            self.levelled.insert(pk);
        }
        let mut at = self.argus.stamp(self.now);
        if self.fault(100) {
            at = at.plus_secs(300 - self.rng.below(900) as i64);
        }
        let done = self.argus.person(self.now, pk, &action, at).is_some();
        self.note(|| {
            format!("alice on incident {pk}: {action:?}{}", if done { "" } else { " (no effect or no event)" })
        });
    }
}
