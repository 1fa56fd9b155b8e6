//! The notified cases that are not read yet: one entry per case, however many notifications there
//! were. Never decides when they are read.

use crate::config::Filter;
use crate::engine::ZinoEvent;
use crate::execute::zino_reads::{Found, read};
use crate::zino::case::CaseId;
use crate::zino::decode::{Happening, Notice};
use crate::zino::{ZinoError, ZinoServer};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// The most case numbers that are kept. After more of them a complete reading takes their place.
const MOST: usize = 100_000;

/// The cases that are to be read again.
#[derive(Debug, Default)]
pub struct Notified {
    /// With the time of the first notification that is not followed yet.
    changed: BTreeMap<CaseId, Instant>,
    scavenged: BTreeSet<CaseId>,
    too_many: bool,
}

impl Notified {
    /// Takes notifications in. Each of them only means "look again".
    pub fn take(&mut self, notices: &[Notice]) {
        let now = Instant::now();
        for notice in notices {
            if notice.what == Happening::Scavenged {
                self.changed.remove(&notice.id);
                self.scavenged.insert(notice.id);
            } else if !self.scavenged.contains(&notice.id) {
                self.changed.entry(notice.id).or_insert(now);
            }
        }
        if self.changed.len() + self.scavenged.len() > MOST {
            *self = Self { too_many: true, ..Self::default() };
        }
    }

    /// Whether nothing is to be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.scavenged.is_empty()
    }

    /// Whether a complete reading has to take the place of the numbers. True once.
    pub fn was_too_much(&mut self) -> bool {
        std::mem::take(&mut self.too_many)
    }

    /// Reads the next cases, at most `most` of them.
    ///
    /// # Errors
    /// See [`ZinoError`]; the connection is lost.
    pub fn read_part<Z: ZinoServer>(
        &mut self,
        zino: &mut Z,
        most: usize,
        filter: &Filter,
    ) -> Result<Vec<ZinoEvent>, ZinoError> {
        let scavenged: Vec<CaseId> = std::iter::from_fn(|| self.scavenged.pop_first()).take(most).collect();
        let mut events: Vec<ZinoEvent> = scavenged.into_iter().map(ZinoEvent::Scavenged).collect();
        let changed: BTreeMap<CaseId, Instant> = std::iter::from_fn(|| self.changed.pop_first()).take(most).collect();
        if !changed.is_empty() {
            let ids: Vec<CaseId> = changed.keys().copied().collect();
            let found = read(zino, &ids, filter)?;
            let notified = changed.into_iter().map(|(id, at)| (id, at.elapsed())).collect();
            events.push(ZinoEvent::Found(Found { notified, ..found }));
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(id: CaseId, what: Happening) -> Notice {
        Notice { id, what }
    }

    #[test]
    fn a_case_is_kept_once_however_often_it_is_notified_and_a_deleted_one_is_not_read() {
        let mut notified = Notified::default();
        for _ in 0..1000 {
            notified.take(&[notice(1, Happening::Other), notice(2, Happening::Other), notice(2, Happening::Scavenged)]);
        }
        assert_eq!((notified.changed.len(), notified.scavenged.len()), (1, 1));
        assert!(!notified.is_empty() && !notified.was_too_much());
    }

    #[test]
    fn more_numbers_than_can_be_kept_become_one_complete_reading() {
        let mut notified = Notified::default();
        for chunk in 0..=MOST as u64 / 1000 {
            let notices: Vec<Notice> = (0..1000).map(|n| notice(chunk * 1000 + n, Happening::Other)).collect();
            notified.take(&notices);
            assert!(notified.changed.len() <= MOST);
        }
        assert!(notified.is_empty());
        assert!(notified.was_too_much());
        assert!(!notified.was_too_much());
    }
}
