//! How long finished tasks had lived.

use std::time::Duration;

/// Four buckets to each doubling: a lifetime is known to within 19 %.
const BUCKETS_PER_DOUBLING: f64 = 4.0;
/// The upper end of the first bucket, in seconds.
const SHORTEST: f64 = 1e-6;
/// Up to about 9 years.
const BUCKETS: usize = 192;

/// Counts of lifetimes, in buckets of growing width: of fixed size, however many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lifetimes {
    counts: Vec<u64>,
    total: u64,
    longest: Duration,
}

impl Lifetimes {
    /// Counts one more finished task.
    pub fn add(&mut self, lifetime: Duration) {
        self.add_many(lifetime, 1);
    }

    /// Counts so many more, with lifetimes of at most that.
    pub fn add_many(&mut self, lifetime: Duration, tasks: u64) {
        if tasks == 0 {
            return;
        }
        if self.counts.is_empty() {
            self.counts = vec![0; BUCKETS];
        }
        let count = &mut self.counts[bucket(lifetime)];
        *count = count.saturating_add(tasks);
        self.total = self.total.saturating_add(tasks);
        self.longest = self.longest.max(lifetime);
    }

    /// How many tasks were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The longest of all; zero when there is none.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// How many lived for at least `lifetime`; those in the same bucket count as if they had.
    #[must_use]
    pub fn at_least(&self, lifetime: Duration) -> u64 {
        self.counts.iter().skip(bucket(lifetime)).sum()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to the buckets that exist"
)]
fn bucket(lifetime: Duration) -> usize {
    let doublings = (lifetime.as_secs_f64() / SHORTEST).max(1.0).log2();
    ((doublings * BUCKETS_PER_DOUBLING) as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lifetimes_are_told_from_short_ones() {
        let mut lifetimes = Lifetimes::default();
        for _ in 0..100 {
            lifetimes.add(Duration::from_millis(50));
        }
        lifetimes.add(Duration::from_secs(5));
        assert_eq!(lifetimes.total(), 101);
        assert_eq!(lifetimes.longest(), Duration::from_secs(5));
        assert_eq!(lifetimes.at_least(Duration::from_secs(4)), 1);
        assert_eq!(lifetimes.at_least(Duration::from_secs(10)), 0);
        assert_eq!(lifetimes.at_least(Duration::ZERO), 101);
    }

    #[test]
    fn no_length_of_time_is_out_of_range() {
        let mut lifetimes = Lifetimes::default();
        lifetimes.add(Duration::ZERO);
        lifetimes.add(Duration::MAX);
        assert_eq!(lifetimes.at_least(Duration::from_secs(1)), 1);
    }
}
