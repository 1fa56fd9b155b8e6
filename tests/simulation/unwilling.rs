//! What Argus does to single writes and reads beside what happens by chance: it refuses them, or accepts them and does
//! nothing. Never decides what the program should make of it.

use crate::argus::PersonsAct;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use zinoargus::argus::models::IncidentPk;

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Argus serves it.
    Serve,
    /// A filter answers with this status.
    Refuse(u16),
    /// It is answered as if it had been executed. An END or RES is on record, and nothing else changes.
    Nothing,
    /// It is executed, and the answer is lost.
    LoseReply,
}

/// A rule for the writes whose line in the trace has all these words.
struct Rule {
    words: Vec<String>,
    does: Does,
    /// `None`: for good.
    times: Option<u32>,
}

/// The rules, and what came.
#[derive(Default)]
pub struct Unwilling {
    rules: Vec<Rule>,
    /// Every write that came, as its line in the trace, and what became of it.
    pub came: Vec<(String, Does)>,
    /// Incidents that lists show and that cannot be read.
    pub hidden: BTreeSet<IncidentPk>,
    /// Incidents that a filter lets nobody read.
    pub barred: BTreeSet<IncidentPk>,
    /// What a person does to an incident once one of its two halves has been read.
    pub between: Option<(IncidentPk, PersonsAct)>,
    /// The seed, where chance decides, too.
    chance: Option<u64>,
}

impl Unwilling {
    /// From now on the next so many writes like this (`None`: all) go so.
    pub fn rule(&mut self, words: &[&str], does: Does, times: Option<u32>) {
        self.rules.push(Rule { words: words.iter().map(|w| (*w).to_owned()).collect(), does, times });
    }

    /// From now on everything is served.
    pub fn relent(&mut self) {
        *self = Self { came: std::mem::take(&mut self.came), ..Self::default() };
    }

    /// What becomes of a write; `what` is its line in the trace.
    pub fn meets(&mut self, what: &str, stormy: bool) -> Does {
        let does = self.by_rule(what).or_else(|| self.by_chance(what, stormy)).unwrap_or(Does::Serve);
        self.came.push((what.to_owned(), does));
        does
    }

    /// From now on chance decides, too: what is refused for a while is so while the storm lasts.
    pub fn by_chance_from(&mut self, seed: u64) {
        self.chance = Some(seed);
    }

    fn by_chance(&self, what: &str, stormy: bool) -> Option<Does> {
        let key = key(what);
        let mut hasher = DefaultHasher::new();
        (self.chance?, &key).hash(&mut hasher);
        let roll = hasher.finish();
        let before = self.came.iter().filter(|(came, _)| self::key(came) == key).count();
        let status = [400, 403, 413].into_iter().cycle().nth((roll >> 32) as usize % 3).unwrap_or(400);
        match roll % 1000 {
            0..=7 => Some(Does::Refuse(status)),
            8..=23 if stormy => Some(Does::Refuse(status)),
            24..=31 => Some(Does::Nothing),
            32..=47 if before < 1 => Some(Does::Nothing),
            _ => None,
        }
    }

    fn by_rule(&mut self, what: &str) -> Option<Does> {
        let left = |rule: &&mut Rule| rule.times != Some(0) && rule.words.iter().all(|word| what.contains(word));
        let rule = self.rules.iter_mut().find(left)?;
        rule.times = rule.times.map(|times| times - 1);
        Some(rule.does)
    }

    /// How many writes like this came.
    pub fn count(&self, words: &[&str]) -> usize {
        self.came.iter().filter(|(what, _)| words.iter().all(|word| what.contains(word))).count()
    }
}

/// What makes a write the same one when it is made again: its line without the time of an event, which can be that of the writing.
fn key(what: &str) -> String {
    let mut words: Vec<&str> = what.split(' ').collect();
    if matches!(words.as_slice(), ["POST", _, "End" | "Restart" | "Other", ..]) {
        words.remove(3);
    }
    words.join(" ")
}
