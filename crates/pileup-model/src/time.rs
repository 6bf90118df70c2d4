//! Lengths of time between points in time.

use std::time::Duration;

use jiff::Timestamp;

/// The time from `earlier` to `later`; zero when they are the other way round, as the
/// clocks of different threads can be.
#[must_use]
pub fn elapsed(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}
