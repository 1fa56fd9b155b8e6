//! Whether Argus can be used: one probe tells an outage from one case's trouble. Never sends the probe itself.

use super::backoff::Backoff;
use std::time::Duration;

/// While Argus is away it is asked this often at the least, so that all that waited arrives within seconds of its return.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What is known of Argus' health.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    #[default]
    Fine,
    /// Something failed; a probe will tell whether it was Argus or that one request.
    Suspect {
        /// What failed.
        why: String,
    },
    /// It is away.
    Away {
        /// Since when.
        since: Duration,
        /// Failed probes, and when to ask again.
        retry: Backoff,
    },
}

impl Health {
    /// Something failed that may be an outage.
    pub fn suspect(&mut self, why: &str) {
        if *self == Self::Fine {
            *self = Self::Suspect { why: why.to_owned() };
        }
    }

    /// Whether it answers, as far as is known.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        *self == Self::Fine
    }

    /// Whether a probe is due.
    #[must_use]
    pub fn wants_probe(&self, now: Duration) -> bool {
        match self {
            Self::Fine => false,
            Self::Suspect { .. } => true,
            Self::Away { retry, .. } => retry.is_due(now),
        }
    }

    /// While it is away, the next probe is not to be later than this.
    pub fn probe_by(&mut self, at: Duration) {
        if let Self::Away { retry, .. } = self {
            retry.retry_by(at);
        }
    }

    /// When the next probe is due.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        match self {
            Self::Away { retry, .. } => Some(retry.next_wake()),
            Self::Fine | Self::Suspect { .. } => None,
        }
    }

    /// The probe went well; returns for how long Argus was away, if it was.
    pub fn answered(&mut self, now: Duration) -> Option<Duration> {
        match std::mem::take(self) {
            Self::Away { since, .. } => Some(now.saturating_sub(since)),
            Self::Fine | Self::Suspect { .. } => None,
        }
    }

    /// The probe failed; true if that is news.
    pub fn silent(&mut self, now: Duration) -> bool {
        let (since, mut retry, news) = match std::mem::take(self) {
            Self::Away { since, retry } => (since, retry, false),
            Self::Fine | Self::Suspect { .. } => (now, Backoff::default(), true),
        };
        retry.failed(now, LONGEST_WAIT);
        *self = Self::Away { since, retry };
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_when_argus_goes_and_one_when_it_comes_back() {
        let secs = Duration::from_secs;
        let mut health = Health::default();
        health.suspect("refused");
        assert!(health.wants_probe(secs(0)));
        assert!(health.silent(secs(0)));
        assert!(!health.wants_probe(secs(0)));
        assert!(!health.silent(secs(1)));
        for n in 2..10 {
            health.silent(secs(n * 5));
            assert!(health.next_wake().unwrap() <= secs(n * 5 + 5));
        }
        assert_eq!(health.answered(secs(62)), Some(secs(62)));
        assert_eq!(health.answered(secs(63)), None);
    }
}
