//! What the events of an incident prove (HISTORY, USER). Pure; never decides what follows from it.

use super::identity::{PYTHON_OFFSET_SECS, SURELY_AFTER_SECS};
use super::text::normal;
use crate::argus::models::{Event, EventKind, Incident, IncidentPk};
use crate::time::Stamp;
use crate::zino::case::{CaseId, CaseState};
use std::collections::HashMap;

const DUPLICATE: &str = "Duplicate of incident ";
const LOST_CLOSE: &str = "Closed in Argus by ";

/// The beginning of the event that records a loss: Zino lost its newest state, and perhaps the case
/// of this incident.
pub const FORGOTTEN: &str = "Zino may have forgotten this case";

/// The text of a RES: the case is open.
#[must_use]
pub fn restart_text(case: CaseId, state: &CaseState, server: &str) -> String {
    format!("Case {case} is {} in Zino {server}", state.word())
}

/// The text of the END that ends a duplicate.
#[must_use]
pub fn duplicate_text(kept: IncidentPk) -> String {
    format!("{DUPLICATE}{kept}")
}

/// A history entry, as an event has to carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryText {
    /// The second of the entry.
    pub at: i64,
    /// Its text in normal form.
    pub text: String,
    /// Whether the entry closes the case. Then an END can carry it as well.
    pub closes: bool,
}

/// The text of the END that repeats a close by this person, which Argus lost.
/// Rule: USER-12.
#[must_use]
pub fn lost_close_text(person: &str) -> String {
    format!("{LOST_CLOSE}{person}")
}

/// The number of our events with one text and second.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    other: usize,
    end: usize,
}

/// An incident and its events in order of arrival, as both were at one time. Only this type can
/// justify an END, a RES or a PATCH: a list cannot.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// The incident.
    pub incident: &'a Incident,
    events: Vec<&'a Event>,
    /// By how many seconds the times of our events may differ, besides not at all.
    off: &'static [i64],
}

impl<'a> Evidence<'a> {
    /// Orders the events of an incident by arrival: timestamps can be back-dated, primary keys
    /// cannot. The times of the Python program's events may be off like the start of its incident.
    /// Rule: PRINCIPLE-2.
    #[must_use]
    pub fn of(incident: &'a Incident, events: &'a [Event]) -> Self {
        let mut events: Vec<&Event> = events.iter().collect();
        events.sort_by_key(|e| e.pk);
        let off: &[i64] = if incident.made_for.is_none() { &[PYTHON_OFFSET_SECS, -PYTHON_OFFSET_SECS] } else { &[] };
        Self { incident, events, off }
    }

    /// The primary key of the incident.
    #[must_use]
    pub fn pk(&self) -> IncidentPk {
        self.incident.pk
    }

    /// Whether the incident is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.incident.is_open()
    }

    /// All events in order of arrival.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &'a Event> + '_ {
        self.events.iter().copied()
    }

    /// Whether this event is ours: the user of our source made it, in this instance or another one.
    /// Rule: USER-11.
    #[must_use]
    pub fn is_ours(&self, event: &Event) -> bool {
        event.actor == self.incident.source_user
    }

    /// Whether this event is a person's close: a CLO or an END, and not ours.
    /// Rule: USER-11.
    #[must_use]
    pub fn is_persons_close(&self, event: &Event) -> bool {
        matches!(event.kind, EventKind::Close | EventKind::End) && !self.is_ours(event)
    }

    /// The newest event that opened or ended the incident.
    #[must_use]
    pub fn newest_turn(&self) -> Option<&'a Event> {
        self.all()
            .rev()
            .find(|e| matches!(e.kind, EventKind::Close | EventKind::Reopen | EventKind::Restart | EventKind::End))
    }

    /// The newest event that opened or ended the incident, where it is ours.
    #[must_use]
    pub fn our_newest_turn(&self) -> Option<&'a Event> {
        self.newest_turn().filter(|event| self.is_ours(event))
    }

    /// The newest close by a person, unless a reopening follows it. `open` and a later END do not
    /// matter.
    /// Rule: USER-7.
    #[must_use]
    pub fn standing_close(&self) -> Option<&'a Event> {
        self.all()
            .rev()
            .take_while(|e| !matches!(e.kind, EventKind::Reopen | EventKind::Restart))
            .find(|e| self.is_persons_close(e))
    }

    /// Whether the newest end of the incident belongs to the life of a case that opened then. It
    /// was received a minute after the opening or later, because the clocks of the servers differ.
    /// Our END for a lost close needs no such distance: until then the incident was open for an
    /// open case.
    /// Rule: IDENT-4.
    #[must_use]
    pub fn ended_after(&self, opened: Stamp) -> bool {
        self.newest_turn().is_some_and(|turn| self.is_after(turn, opened))
    }

    fn is_after(&self, turn: &Event, opened: Stamp) -> bool {
        let for_open_case = self.is_our_end(turn) && turn.description.starts_with(LOST_CLOSE);
        turn.received >= if for_open_case { opened } else { opened.plus_secs(SURELY_AFTER_SECS) }
    }

    /// Whether a user action concerns a case that opened then and adopted the incident. Either it
    /// was received a minute after the opening or later, or it follows the last reopening and the
    /// incident stayed open into the life of the case.
    /// Rule: USER-10.
    #[must_use]
    pub fn concerns(&self, action: &Event, opened: Stamp) -> bool {
        let reopens = |e: &&Event| matches!(e.kind, EventKind::Reopen | EventKind::Restart);
        let reopened = self.all().rev().find(reopens).map(|e| e.pk);
        let in_this_life = |e: &Event| reopened.is_none_or(|pk| e.pk > pk);
        let closes = |e: &&Event| matches!(e.kind, EventKind::Close | EventKind::End) && in_this_life(e);
        // We end only open incidents: a close was lost if our END follows it.
        let ended = self.all().rev().filter(closes).find(|e| self.is_our_end(e)).or_else(|| self.all().find(closes));
        let stayed_open = self.is_open() || ended.is_some_and(|e| self.is_after(e, opened));
        action.received >= opened.plus_secs(SURELY_AFTER_SECS) || in_this_life(action) && stayed_open
    }

    /// The incident that stays in place of this duplicate, if our END as a duplicate is the newest
    /// state event.
    #[must_use]
    pub fn duplicate_of(&self) -> Option<IncidentPk> {
        let turn = self.newest_turn().filter(|e| self.is_our_end(e))?;
        turn.description.strip_prefix(DUPLICATE)?.parse().ok()
    }

    /// Our END with this second.
    #[must_use]
    pub fn our_end_at(&self, at: Stamp) -> Option<&'a Event> {
        let end_at = |secs| self.all().rev().find(|e| self.is_our_end(e) && e.timestamp.secs() == secs);
        end_at(at.secs()).or_else(|| self.off.iter().find_map(|off| end_at(at.secs() + off)))
    }

    /// Whether the incident is to stay open although its case closed then. With our END for that
    /// closing: a reopening follows it, by a person or for another Zino. Without it: the newest
    /// state event is a person's reopening that was received after the closing.
    /// Rules: CLOSE-4, CLOSE-5, USER-6.
    #[must_use]
    pub fn is_wanted_open(&self, closed: Stamp, server: &str) -> bool {
        match self.our_end_at(closed) {
            // Without a reopening our END is the newest state event: Argus lost it.
            Some(end) => self.reopened_after(end, server),
            None => self.newest_turn().is_some_and(|e| e.kind == EventKind::Reopen && e.received > closed),
        }
    }

    /// Whether this event is an END of ours.
    #[must_use]
    pub fn is_our_end(&self, event: &Event) -> bool {
        event.kind == EventKind::End && self.is_ours(event)
    }

    /// Our newest END with this text.
    #[must_use]
    pub fn our_end_saying(&self, text: &str) -> Option<&'a Event> {
        let text = normal(text);
        self.all().rev().find(|e| self.is_our_end(e) && normal(&e.description) == text)
    }

    /// Whether a reopening follows this event: a person's, or the RES of an instance on another
    /// Zino. A RES for our own Zino does not count: our Zino says something newer now.
    #[must_use]
    pub fn reopened_after(&self, event: &Event, server: &str) -> bool {
        self.all().any(|e| e.pk > event.pk && self.is_others_reopening(e, server))
    }

    /// Whether this event is a person's reopening, or the RES of an instance on another Zino.
    #[must_use]
    pub fn is_others_reopening(&self, event: &Event, server: &str) -> bool {
        match event.kind {
            EventKind::Reopen => true,
            EventKind::Restart => !(self.is_ours(event) && event.description.ends_with(&format!(" in Zino {server}"))),
            _ => false,
        }
    }

    /// Whether the newest state event is the RES of an instance on another Zino.
    #[must_use]
    pub fn lives_elsewhere(&self, server: &str) -> bool {
        let restarted = self.newest_turn().filter(|e| e.kind == EventKind::Restart && self.is_ours(e));
        restarted.is_some_and(|e| self.is_others_reopening(e, server))
    }

    /// Whether an event of ours records that Zino may have forgotten the case.
    #[must_use]
    pub fn records_a_loss(&self) -> bool {
        self.all().any(|e| e.kind == EventKind::Other && self.is_ours(e) && e.description.starts_with(FORGOTTEN))
    }

    /// For each of these history entries, whether an event of ours carries it. Equal entries are
    /// counted: each event carries one of them.
    /// Rules: HISTORY-3, TEXT-2.
    #[must_use]
    pub fn are_delivered(&self, entries: &[EntryText]) -> Vec<bool> {
        let mut counts = self.counts();
        let mut delivered = vec![false; entries.len()];
        // Exact times first: an event with the very second cannot carry an entry an hour off.
        for off in std::iter::once(&0).chain(self.off) {
            for (entry, delivered) in entries.iter().zip(&mut delivered).filter(|(_, delivered)| !**delivered) {
                let count =
                    counts.get_mut(entry.text.as_str()).and_then(|by_second| by_second.get_mut(&(entry.at + off)));
                *delivered = count.is_some_and(|count| count.use_up(entry.closes));
            }
        }
        delivered
    }

    /// The number of our events by normal form and second.
    fn counts(&self) -> HashMap<String, HashMap<i64, Count>> {
        let mut all: HashMap<String, HashMap<i64, Count>> = HashMap::new();
        let carries_text = |e: &&Event| matches!(e.kind, EventKind::Other | EventKind::End) && self.is_ours(e);
        for event in self.all().filter(carries_text) {
            let count = all.entry(normal(&event.description)).or_default().entry(event.timestamp.secs()).or_default();
            if event.kind == EventKind::End {
                count.end += 1;
            } else {
                count.other += 1;
            }
        }
        all
    }
}

impl Count {
    /// Uses one of the events up for an entry; false if none is left.
    fn use_up(&mut self, closes: bool) -> bool {
        let left = if self.other == 0 && closes { &mut self.end } else { &mut self.other };
        let taken = left.checked_sub(1);
        *left = taken.unwrap_or_default();
        taken.is_some()
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
