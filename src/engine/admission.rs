//! Whether a server accepts us, and when a refusal ends the program (FAIL-8). Pure; never logs
//! and never asks.

use std::time::Duration;

/// A refusal at the start is confirmed once it has lasted this long: the server may be reading a
/// file that is being rewritten.
const CONFIRMED: Duration = Duration::from_secs(10);

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The first one; another attempt follows.
    News,
    /// As before; another attempt follows.
    Again,
    /// The program cannot start.
    Fatal,
}

/// Whether one server accepts us.
#[derive(Debug, Clone, Default)]
pub(super) struct Admission {
    /// A refusal is an error from now on, and tried again.
    is_past_start: bool,
    /// Since when every answer to our token or secret was a refusal.
    refused_since: Option<Duration>,
    /// Since when the log says that we are refused.
    logged_since: Option<Duration>,
    /// The next refusal is logged again.
    is_news_again: bool,
}

impl Admission {
    /// The server accepts us. Returns for how long it did not, if the log says so.
    pub(super) fn admitted(&mut self, now: Duration) -> Option<Duration> {
        self.end_start();
        self.logged_since.take().map(|since| now.saturating_sub(since))
    }

    /// The mode has changed, or an answer shows that the server accepted us. That answer may be
    /// older than the last refusal.
    pub(super) fn end_start(&mut self) {
        self.is_past_start = true;
        self.refused_since = None;
    }

    /// The same after a reload: a refusal of the new settings is logged, and does not end the
    /// program.
    pub(super) fn after_reload(self) -> Self {
        Self { is_past_start: true, refused_since: None, is_news_again: true, ..self }
    }

    /// Whether the log says that we are refused.
    pub(super) fn is_refused(&self) -> bool {
        self.logged_since.is_some()
    }

    /// The server refuses us. `is_single_run`: nobody waits for another attempt.
    pub(super) fn refused(&mut self, now: Duration, is_single_run: bool) -> Refusal {
        let since = *self.refused_since.get_or_insert(now);
        let is_confirmed = !self.is_past_start && now >= since.saturating_add(CONFIRMED);
        if is_single_run || is_confirmed {
            return Refusal::Fatal;
        }
        let is_news = std::mem::take(&mut self.is_news_again) || self.logged_since.is_none();
        self.logged_since.get_or_insert(now);
        if is_news { Refusal::News } else { Refusal::Again }
    }

    /// The server failed in another way, which neither confirms a refusal nor clears it: its time
    /// begins anew.
    pub(super) fn doubted(&mut self) {
        self.refused_since = None;
    }

    /// When a refusal is confirmed at the earliest; `None` without one at the start.
    pub(super) fn confirmed_at(&self) -> Option<Duration> {
        self.refused_since.filter(|_| !self.is_past_start).map(|since| since.saturating_add(CONFIRMED))
    }

    /// Whether a refusal ends the program if it lasts.
    pub(super) fn is_at_start(&self) -> bool {
        !self.is_past_start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_refusal_at_the_start_is_fatal_after_ten_seconds_and_no_other_is() {
        let mut admission = Admission::default();
        assert_eq!(admission.refused(secs(5), false), Refusal::News);
        assert_eq!(admission.confirmed_at(), Some(secs(15)));
        assert_eq!(admission.refused(secs(14), false), Refusal::Again);
        assert_eq!(admission.refused(secs(15), false), Refusal::Fatal);
        let ends: [fn(&mut Admission); 3] = [
            |a| assert!(a.admitted(Duration::ZERO).is_none()),
            Admission::end_start,
            |a| *a = std::mem::take(a).after_reload(),
        ];
        for end_start in ends {
            let mut admission = Admission::default();
            end_start(&mut admission);
            assert_eq!(admission.refused(secs(30), false), Refusal::News);
            assert_eq!(admission.refused(secs(3000), false), Refusal::Again);
            assert_eq!(admission.confirmed_at(), None);
        }
    }

    #[test]
    fn an_answer_of_another_kind_in_between_begins_the_ten_seconds_anew() {
        let mut admission = Admission::default();
        admission.refused(secs(0), false);
        admission.doubted();
        assert_eq!(admission.refused(secs(11), false), Refusal::Again, "the log says it once");
        assert_eq!(admission.refused(secs(20), false), Refusal::Again);
        assert_eq!(admission.refused(secs(21), false), Refusal::Fatal);
    }

    #[test]
    fn a_good_answer_clears_a_refusal_and_says_how_long_it_lasted() {
        let mut admission = Admission::default();
        assert_eq!(admission.admitted(secs(1)), None);
        admission.refused(secs(2), false);
        assert_eq!(admission.admitted(secs(9)), Some(secs(7)));
        assert_eq!(admission.admitted(secs(10)), None);
        assert_eq!(admission.refused(secs(11), false), Refusal::News);
    }

    #[test]
    fn a_refusal_of_new_settings_is_worth_a_line_and_so_is_its_end() {
        let mut admission = Admission::default();
        admission.admitted(secs(0));
        admission.refused(secs(2), false);
        admission = admission.after_reload();
        assert_eq!(admission.refused(secs(4), false), Refusal::News);
        assert_eq!(admission.refused(secs(5), false), Refusal::Again);
        admission = admission.after_reload();
        assert_eq!(admission.admitted(secs(6)), Some(secs(4)));
    }

    #[test]
    fn a_single_run_ends_at_the_first_refusal_whenever_it_comes() {
        let mut admission = Admission::default();
        assert_eq!(admission.refused(secs(0), true), Refusal::Fatal);
        admission.admitted(secs(1));
        assert_eq!(admission.refused(secs(2), true), Refusal::Fatal);
    }
}
