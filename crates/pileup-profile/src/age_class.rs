//! Ages as few enough values to be labels.

use std::time::Duration;

/// The least age of each class, ascending from zero. Near enough to each other to tell a
/// request from a leak; `go tool pprof -tagfocus=age=30s:` selects by them.
pub const AGE_CLASSES: [Duration; 20] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(2 * 60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(20 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(4 * 60 * 60),
    Duration::from_secs(8 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
    Duration::from_secs(2 * 24 * 60 * 60),
    Duration::from_secs(7 * 24 * 60 * 60),
];

/// The number of the class that an age is in: the last whose least age it has reached.
#[must_use]
pub fn age_class(age: Duration) -> usize {
    AGE_CLASSES
        .partition_point(|least| *least <= age)
        .saturating_sub(1)
}
