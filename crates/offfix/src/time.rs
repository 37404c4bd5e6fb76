//! The clock, and times as people and journals write them.
//!
//! Invariants: the time is read once a run; a debug build takes it from `OFFFIX_TEST_TIME`
//! (seconds since 1970), so that tests are deterministic. Absent on purpose: time zones; all
//! times are UTC and say so.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;
/// FILETIME counts these in a second.
const TICKS: u64 = 10_000_000;

/// One moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Timestamp);

impl Moment {
    /// Now.
    pub(crate) fn now() -> Moment {
        let pinned = cfg!(debug_assertions)
            .then(|| std::env::var("OFFFIX_TEST_TIME").ok()?.parse().ok())
            .flatten()
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        Moment(pinned.unwrap_or_else(Timestamp::now))
    }

    /// As FILETIME.
    pub(crate) fn filetime(self) -> u64 {
        let seconds = u64::try_from(self.0.as_second().saturating_add(EPOCH)).unwrap_or(0);
        let rest = u64::try_from(self.0.subsec_nanosecond()).unwrap_or(0) / 100;
        seconds.saturating_mul(TICKS).saturating_add(rest)
    }

    /// `20260915-0912`, the beginning of a run's name.
    pub(crate) fn run_name(self) -> String {
        self.show("%Y%m%d-%H%M")
    }

    /// `2026-09-15 09:12 UTC`.
    pub(crate) fn text(self) -> String {
        self.show("%Y-%m-%d %H:%M UTC")
    }

    fn show(self, format: &str) -> String {
        self.0.to_zoned(TimeZone::UTC).strftime(format).to_string()
    }
}

/// A FILETIME for people; `None` for times no calendar has.
pub(crate) fn filetime_text(filetime: u64) -> Option<String> {
    let seconds = i64::try_from(filetime / TICKS).ok()?.checked_sub(EPOCH)?;
    Some(Moment(Timestamp::from_second(seconds).ok()?).text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filetimes_are_counted_from_1601() {
        assert_eq!(filetime_text(0).as_deref(), Some("1601-01-01 00:00 UTC"));
        let moment = Moment(Timestamp::from_second(1_789_463_520).unwrap());
        assert_eq!(moment.text(), "2026-09-15 09:12 UTC");
        assert_eq!(moment.run_name(), "20260915-0912");
        assert_eq!(
            filetime_text(moment.filetime()).as_deref(),
            Some("2026-09-15 09:12 UTC")
        );
        assert_eq!(filetime_text(u64::MAX), None);
    }
}
