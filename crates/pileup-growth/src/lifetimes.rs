//! How long tasks have lived: counts of ages.

use std::time::Duration;

/// Four buckets to each doubling: an age is known to within 19 %.
const BUCKETS_PER_DOUBLING: f64 = 4.0;
/// The upper end of the first bucket, in seconds.
const SHORTEST: f64 = 1e-6;
/// Up to about 9 years.
pub(crate) const BUCKETS: usize = 192;

/// Counts of ages or lifetimes, in buckets of growing width. The size is fixed, however many
/// tasks there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lifetimes {
    buckets: Vec<Bucket>,
    total: u64,
    longest: Duration,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bucket {
    tasks: u64,
    /// The sum of their lifetimes.
    lived: Duration,
}

impl Lifetimes {
    /// Counts one more task.
    pub fn add(&mut self, lifetime: Duration) {
        self.add_many(lifetime, 1);
    }

    /// Counts a number of tasks that all have this lifetime.
    pub fn add_many(&mut self, lifetime: Duration, tasks: u64) {
        if tasks == 0 {
            return;
        }
        if self.buckets.is_empty() {
            self.buckets = vec![Bucket::default(); BUCKETS];
        }
        let bucket = &mut self.buckets[bucket(lifetime)];
        bucket.tasks = bucket.tasks.saturating_add(tasks);
        let times = u32::try_from(tasks).unwrap_or(u32::MAX);
        bucket.lived = bucket.lived.saturating_add(lifetime.saturating_mul(times));
        self.total = self.total.saturating_add(tasks);
        self.longest = self.longest.max(lifetime);
    }

    /// How many tasks were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The longest lifetime; zero when no task was counted.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// How many tasks lived for at least `lifetime`; those in the same bucket count as if they
    /// had.
    #[must_use]
    pub fn at_least(&self, lifetime: Duration) -> u64 {
        let older = self.buckets.iter().skip(bucket(lifetime));
        older.map(|bucket| bucket.tasks).sum()
    }

    /// The mean lifetime in each bucket that has tasks, with the number of tasks.
    pub fn counts(&self) -> impl Iterator<Item = (Duration, u64)> {
        let filled = self.buckets.iter().filter(|bucket| bucket.tasks > 0);
        filled.map(|bucket| (bucket.lived.div_f64(bucket.tasks as f64), bucket.tasks))
    }

    /// The mean lifetime in each bucket that has tasks, in seconds, with the number of tasks.
    pub(crate) fn means(&self) -> impl Iterator<Item = (f64, f64)> {
        self.counts()
            .map(|(mean, tasks)| (mean.as_secs_f64(), tasks as f64))
    }
}

/// The bucket of a lifetime.
pub(crate) fn bucket(lifetime: Duration) -> usize {
    bucket_of_seconds(lifetime.as_secs_f64())
}

/// The bucket of a lifetime in seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to the buckets that exist"
)]
pub(crate) fn bucket_of_seconds(lifetime: f64) -> usize {
    let doublings = (lifetime / SHORTEST).max(1.0).log2();
    ((doublings * BUCKETS_PER_DOUBLING) as usize).min(BUCKETS - 1)
}

/// The shortest lifetime in a bucket.
pub(crate) fn start_of(bucket: usize) -> Duration {
    if bucket == 0 {
        return Duration::ZERO;
    }
    // A little more, so that rounding does not put it into the bucket before.
    let doublings = bucket as f64 / BUCKETS_PER_DOUBLING;
    Duration::from_secs_f64(SHORTEST * doublings.exp2()) + Duration::from_nanos(1)
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
    fn a_bucket_begins_with_its_shortest_lifetime() {
        for number in 0..BUCKETS {
            assert_eq!(bucket(start_of(number)), number);
        }
    }

    #[test]
    fn no_length_of_time_is_out_of_range() {
        let mut lifetimes = Lifetimes::default();
        lifetimes.add(Duration::ZERO);
        lifetimes.add(Duration::MAX);
        assert_eq!(lifetimes.at_least(Duration::from_secs(1)), 1);
    }
}
