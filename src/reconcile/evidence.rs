//! What an incident's events prove (design 4.3 to 4.7). Pure; never decides what follows from it.

use super::identity::{PYTHON_OFFSET_SECS, SURELY_AFTER_SECS};
use super::text::normal;
use crate::argus::models::{Event, EventKind, Incident, IncidentPk};
use crate::time::Stamp;
use crate::zino::case::{CaseId, CaseState};
use std::collections::HashMap;

const DUPLICATE: &str = "Duplicate of incident ";
const LOST_CLOSE: &str = "Closed in Argus by ";

/// How the record begins that Zino has lost its newest state, and with it perhaps an incident's
/// case.
pub const FORGOTTEN: &str = "Zino may have forgotten this case";

/// The text of the RES that says that a case lives.
#[must_use]
pub fn restart_text(case: CaseId, state: &CaseState, server: &str) -> String {
    format!("Case {case} is {} in Zino {server}", state.word())
}

/// The text of the END that ends a duplicate.
#[must_use]
pub fn duplicate_text(kept: IncidentPk) -> String {
    format!("{DUPLICATE}{kept}")
}

/// A history entry as an event counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryText {
    /// The second of the entry.
    pub at: i64,
    /// Its text in normal form.
    pub text: String,
    /// Whether it closes the case: then an END counts it as well.
    pub closes: bool,
}

/// The text of the END that ends an incident again whose close by this person Argus lost.
#[must_use]
pub fn lost_close_text(person: &str) -> String {
    format!("{LOST_CLOSE}{person}")
}

/// How often we have said something on an incident: by OTH, and by END.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    other: usize,
    end: usize,
}

/// An incident's events in order of arrival, with the user that counts as us.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// The incident.
    pub incident: &'a Incident,
    events: Vec<&'a Event>,
    /// How far the times of our events may be off, besides not at all.
    off: &'static [i64],
}

impl<'a> Evidence<'a> {
    /// Orders the events of an incident by arrival: timestamps can be back-dated, primary keys
    /// cannot. Where the Python program made the incident, times of events may be off as its start
    /// may.
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

    /// All events, in order of arrival.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &'a Event> + '_ {
        self.events.iter().copied()
    }

    /// Whether we (or another instance on the same source) made this event.
    #[must_use]
    pub fn is_ours(&self, event: &Event) -> bool {
        event.actor == self.incident.source_user
    }

    /// Whether this event is a person's close: a CLO or an END that is not ours.
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

    /// A person's close that no reopening follows, whatever `open` says and whatever END follows
    /// it.
    #[must_use]
    pub fn standing_close(&self) -> Option<&'a Event> {
        self.all()
            .rev()
            .take_while(|e| !matches!(e.kind, EventKind::Reopen | EventKind::Restart))
            .find(|e| self.is_persons_close(e))
    }

    /// Whether what ended the incident last did so while the case that opened then was open. It was
    /// received well after, because the servers' clocks differ; where it is our END for a close
    /// that Argus lost, the incident was open until then for an open case.
    #[must_use]
    pub fn ended_after(&self, opened: Stamp) -> bool {
        self.newest_turn().is_some_and(|turn| self.is_after(turn, opened))
    }

    fn is_after(&self, turn: &Event, opened: Stamp) -> bool {
        let for_open_case = self.is_our_end(turn) && turn.description.starts_with(LOST_CLOSE);
        turn.received >= if for_open_case { opened } else { opened.plus_secs(SURELY_AFTER_SECS) }
    }

    /// Whether a user action concerns the case that opened then and has adopted the incident: it
    /// was received well after; or it was done since the incident was reopened last, and the
    /// incident stayed open into the life of the case.
    #[must_use]
    pub fn concerns(&self, action: &Event, opened: Stamp) -> bool {
        let reopens = |e: &&Event| matches!(e.kind, EventKind::Reopen | EventKind::Restart);
        let reopened = self.all().rev().find(reopens).map(|e| e.pk);
        let in_this_life = |e: &Event| reopened.is_none_or(|pk| e.pk > pk);
        let closes = |e: &&Event| matches!(e.kind, EventKind::Close | EventKind::End) && in_this_life(e);
        // We end only what is open: a close that an END of ours follows was lost.
        let ended = self.all().rev().filter(closes).find(|e| self.is_our_end(e)).or_else(|| self.all().find(closes));
        let stayed_open = self.is_open() || ended.is_some_and(|e| self.is_after(e, opened));
        action.received >= opened.plus_secs(SURELY_AFTER_SECS) || in_this_life(action) && stayed_open
    }

    /// The incident that this one was ended for as a duplicate, if that is the last thing that
    /// happened to it.
    #[must_use]
    pub fn duplicate_of(&self) -> Option<IncidentPk> {
        let turn = self.newest_turn().filter(|e| self.is_our_end(e))?;
        turn.description.strip_prefix(DUPLICATE)?.parse().ok()
    }

    /// Our END at this second.
    #[must_use]
    pub fn our_end_at(&self, at: Stamp) -> Option<&'a Event> {
        let end_at = |secs| self.all().rev().find(|e| self.is_our_end(e) && e.timestamp.secs() == secs);
        end_at(at.secs()).or_else(|| self.off.iter().find_map(|off| end_at(at.secs() + off)))
    }

    /// Whether somebody wants the incident open although its case closed then: our END is there and
    /// another's reopening follows it; without our END, a person's reopening is the last word and
    /// was received later.
    #[must_use]
    pub fn is_wanted_open(&self, closed: Stamp, server: &str) -> bool {
        match self.our_end_at(closed) {
            // Open although our END is the last word: Argus lost it.
            Some(end) => self.reopened_after(end, server),
            None => self.newest_turn().is_some_and(|e| e.kind == EventKind::Reopen && e.received > closed),
        }
    }

    fn is_our_end(&self, event: &Event) -> bool {
        event.kind == EventKind::End && self.is_ours(event)
    }

    /// Our newest END with this text.
    #[must_use]
    pub fn our_end_saying(&self, text: &str) -> Option<&'a Event> {
        let text = normal(text);
        self.all().rev().find(|e| self.is_our_end(e) && normal(&e.description) == text)
    }

    /// Whether a reopening arrived after this event: a person's, or that of an instance on another
    /// Zino. One on behalf of our own Zino does not count, for that is what our own Zino said
    /// before it said what it says now.
    #[must_use]
    pub fn reopened_after(&self, event: &Event, server: &str) -> bool {
        self.all().any(|e| e.pk > event.pk && self.is_others_reopening(e, server))
    }

    /// Whether this event is a person's reopening, or that of an instance on another Zino than
    /// ours.
    #[must_use]
    pub fn is_others_reopening(&self, event: &Event, server: &str) -> bool {
        match event.kind {
            EventKind::Reopen => true,
            EventKind::Restart => !(self.is_ours(event) && event.description.ends_with(&format!(" in Zino {server}"))),
            _ => false,
        }
    }

    /// Whether the last word is that the case of another Zino lives.
    #[must_use]
    pub fn lives_elsewhere(&self, server: &str) -> bool {
        let restarted = self.newest_turn().filter(|e| e.kind == EventKind::Restart && self.is_ours(e));
        restarted.is_some_and(|e| self.is_others_reopening(e, server))
    }

    /// Whether it is on record that Zino may have forgotten the case.
    #[must_use]
    pub fn records_a_loss(&self) -> bool {
        self.all().any(|e| e.kind == EventKind::Other && self.is_ours(e) && e.description.starts_with(FORGOTTEN))
    }

    /// For each of these history entries whether we have delivered it. Equal entries are counted: each
    /// event counts one of them.
    #[must_use]
    pub fn are_delivered(&self, entries: &[EntryText]) -> Vec<bool> {
        let mut said = self.said();
        let mut delivered = vec![false; entries.len()];
        // An event at the very second is the entry's own; only what is left may be another's that
        // is off.
        for off in std::iter::once(&0).chain(self.off) {
            for (entry, delivered) in entries.iter().zip(&mut delivered).filter(|(_, delivered)| !**delivered) {
                let said = said.get_mut(entry.text.as_str()).and_then(|said| said.get_mut(&(entry.at + off)));
                *delivered = said.is_some_and(|said| said.takes(entry.closes));
            }
        }
        delivered
    }

    /// How often we have said what, by the normal form of the text and the second.
    fn said(&self) -> HashMap<String, HashMap<i64, Said>> {
        let mut said: HashMap<String, HashMap<i64, Said>> = HashMap::new();
        let counts = |e: &&Event| matches!(e.kind, EventKind::Other | EventKind::End) && self.is_ours(e);
        for event in self.all().filter(counts) {
            let count = said.entry(normal(&event.description)).or_default().entry(event.timestamp.secs()).or_default();
            if event.kind == EventKind::End {
                count.end += 1;
            } else {
                count.other += 1;
            }
        }
        said
    }
}

impl Said {
    /// Takes one of the events away for an entry; false if there is none left that counts it.
    fn takes(&mut self, closes: bool) -> bool {
        let left = if self.other == 0 && closes { &mut self.end } else { &mut self.other };
        let taken = left.checked_sub(1);
        *left = taken.unwrap_or_default();
        taken.is_some()
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
