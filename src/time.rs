//! Points in time, as both servers write them. Never reads a clock.
//!
//! Zino writes whole UNIX seconds, Argus ISO 8601 with microseconds and a zone. Both become a
//! [`Stamp`].

use serde::{Deserialize, Serialize};
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// A point in time: microseconds since the UNIX epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Stamp(i64);

/// The last second that RFC 3339 can write (9999-12-31T23:59:59Z).
const LAST_SECOND: i64 = 253_402_300_799;

impl Stamp {
    /// From whole UNIX seconds; a value outside the years 1970 to 9999 becomes the nearest of them,
    /// because Argus would refuse it.
    #[must_use]
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.clamp(0, LAST_SECOND) * 1_000_000)
    }

    /// From microseconds since the UNIX epoch, clamped like [`Stamp::from_secs`].
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(0, LAST_SECOND * 1_000_000))
    }

    /// Whole UNIX seconds, fraction cut off.
    #[must_use]
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Microseconds since the UNIX epoch.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// This time plus a (possibly negative) number of seconds, clamped.
    #[must_use]
    pub fn plus_secs(self, secs: i64) -> Self {
        Self::from_micros(self.0.saturating_add(secs.saturating_mul(1_000_000)))
    }

    /// Reads an ISO 8601 time with a zone, as Argus writes it; `None` if it is anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let t = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(t.unix_timestamp_nanos() / 1000).ok().map(Self::from_micros)
    }

    /// Reads the time of a `Date` header, which is the server's own; `None` if it is anything else.
    #[must_use]
    pub fn parse_date_header(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text.trim(), &Rfc2822).ok().map(|t| Self::from_secs(t.unix_timestamp()))
    }
}

impl fmt::Display for Stamp {
    /// RFC 3339 in UTC, as Argus accepts it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .ok()
            .and_then(|t| t.format(&Rfc3339).ok());
        match text {
            Some(text) => f.write_str(&text),
            // Unreachable by construction (values are clamped), but a log line must never panic.
            None => write!(f, "{}us", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argus_times_compare_as_instants_whatever_their_zone() {
        let a = Stamp::parse("2026-11-22T20:51:18.254951+01:00").unwrap();
        let b = Stamp::parse("2026-11-22T19:51:18.254951Z").unwrap();
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "2026-11-22T19:51:18.254951Z");
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in ["", "infinity", "1795376392", "2026-11-22", "2026-13-40T00:00:00Z"] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_time_of_the_server_is_read_from_its_answer() {
        let read = |text| Stamp::parse_date_header(text).map(Stamp::secs);
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for text in ["", "now", "1994-11-06T08:49:37Z", "Sun, 06 Nov"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn extreme_numbers_stay_writable() {
        assert_eq!(Stamp::from_secs(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Stamp::from_secs(i64::MIN).secs(), 0);
        assert_eq!(Stamp::from_secs(5).plus_secs(i64::MIN).secs(), 0);
    }
}
