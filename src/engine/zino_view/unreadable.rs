//! Cases that Zino has and that cannot be read. Never decides what follows from it.
//!
//! Such a case is not unknown: what Argus has of it stays as it is.

use crate::zino::case::CaseId;
use std::collections::BTreeMap;

/// So many are logged by their numbers; a Zino of which nothing can be read must not fill the disk.
const MAX_LOGGED: usize = 1000;

/// The cases that could not be read when they were asked for last, and why.
#[derive(Debug, Default)]
pub(super) struct Unreadable(BTreeMap<CaseId, String>);

impl Unreadable {
    /// A case could not be read; true if that is worth a line in the log: each is logged once, and
    /// again when the reason is another one or when it could be read meanwhile.
    pub(super) fn failed(&mut self, id: CaseId, why: &str) -> bool {
        let before = self.0.insert(id, why.to_owned());
        before.as_deref() != Some(why) && (before.is_some() || self.0.len() <= MAX_LOGGED)
    }

    /// A case could be read, or is gone.
    pub(super) fn succeeded(&mut self, id: CaseId) {
        self.0.remove(&id);
    }

    pub(super) fn contains(&self, id: CaseId) -> bool {
        self.0.contains_key(&id)
    }

    /// Their numbers, and why each cannot be read.
    pub(super) fn all(&self) -> impl Iterator<Item = (CaseId, &str)> {
        self.0.iter().map(|(id, why)| (*id, why.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_cannot_be_read_is_logged_once_and_again_when_something_has_changed() {
        let mut unreadable = Unreadable::default();
        assert!(unreadable.failed(7, "no type"));
        assert!(!unreadable.failed(7, "no type"), "the same again");
        assert!(unreadable.failed(8, "no type"), "another case");
        assert!(unreadable.failed(7, "no state"), "another reason");
        unreadable.succeeded(7);
        assert!(!unreadable.contains(7) && unreadable.contains(8));
        assert!(unreadable.failed(7, "no state"), "it could be read meanwhile");
    }

    #[test]
    fn a_zino_of_which_nothing_can_be_read_does_not_fill_the_log() {
        let mut unreadable = Unreadable::default();
        assert_eq!((1..3000).filter(|id| unreadable.failed(*id, "no type")).count(), MAX_LOGGED);
        assert_eq!(unreadable.all().count(), 2999, "each is known all the same");
    }
}
