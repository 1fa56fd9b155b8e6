//! What the servers do to single writes and reads beside what happens by chance: they refuse them,
//! or accept them and do nothing. Never decides what the program should make of it.

use crate::argus::ByPerson;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use zinoargus::argus::models::IncidentPk;

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Argus serves it.
    Serve,
    /// A filter answers with this status.
    Refuse(u16),
    /// It is answered as if it had been executed. An END or RES is on record, and nothing else
    /// changes.
    Nothing,
    /// It is executed, and the answer is lost.
    LoseReply,
    /// It breaks Argus: 500, and nothing is executed.
    Break,
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
    pub between: Option<(IncidentPk, ByPerson)>,
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
        let seed = self.chance.filter(|_| !what.starts_with("zino"))?;
        let key = key(what);
        let roll = roll(seed, &key);
        if let Some(does) = for_good(roll) {
            return Some(does);
        }
        // Nobody looks again for a text that Argus says it has.
        let is_text = key.contains(" Other ") || key.contains(" Acknowledge ") || key.starts_with("EXPIRE ");
        let is_first = || self.came.iter().all(|(came, _)| self::key(came) != key);
        match roll % 1000 {
            16..=31 if stormy => Some(refusal(roll)),
            32..=47 if !is_text && is_first() => Some(Does::Nothing),
            _ => None,
        }
    }

    /// Whether chance lets writes with these words, that came, never have their effect.
    pub fn spoils(&self, words: &[&str]) -> bool {
        let Some(seed) = self.chance else { return false };
        let mut keys = self.came.iter().filter(|(_, does)| *does != Does::Serve).map(|(what, _)| key(what));
        keys.any(|key| {
            words.iter().all(|word| format!("{key} ").contains(word)) && for_good(roll(seed, &key)).is_some()
        })
    }

    /// How often each write came that had no effect, since so many had come.
    pub fn in_vain_since(&self, before: usize) -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for (what, _) in
            self.came.iter().skip(before).filter(|(_, does)| matches!(does, Does::Refuse(_) | Does::Nothing))
        {
            *count.entry(key(what)).or_default() += 1;
        }
        count
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

/// What makes a write the same one when it is made again: its line without what can differ then.
fn key(what: &str) -> String {
    let mut words: Vec<&str> = what.split(' ').collect();
    match words.as_slice() {
        // The time of an event can be that of the writing.
        ["POST", _, "End" | "Restart", ..] => drop(words.remove(3)),
        ["POST", "incident", ..] | ["EXPIRE", ..] => words.truncate(3),
        _ => {}
    }
    words.join(" ")
}

fn roll(seed: u64, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, key).hash(&mut hasher);
    hasher.finish()
}

fn refusal(roll: u64) -> Does {
    Does::Refuse(match (roll >> 32) % 3 {
        0 => 400,
        1 => 403,
        _ => 413,
    })
}

fn for_good(roll: u64) -> Option<Does> {
    match roll % 1000 {
        0..=7 => Some(refusal(roll)),
        8..=15 => Some(Does::Nothing),
        _ => None,
    }
}
