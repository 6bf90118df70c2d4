//! Counts by lifetime, of a fixed size. They are coarser than those of `pileup-growth`: every spawn
//! site has several, and they are counted without a lock.

use std::time::Duration;

use crate::clock::Tick;

/// Two buckets to each doubling of the milliseconds, up to about 49 days.
pub const BUCKETS: usize = 64;

/// The bucket of a lifetime: 0 for none at all, and from there on two to a doubling.
#[must_use]
pub fn bucket(lifetime: Tick) -> usize {
    let Some(doublings) = lifetime.checked_ilog2() else {
        return 0;
    };
    let doublings = doublings as usize;
    // The bit after the first: whether it is in the upper half of its doubling.
    let upper = doublings > 0 && lifetime >> (doublings - 1) & 1 == 1;
    (doublings * 2 + usize::from(upper) + 1).min(BUCKETS - 1)
}

/// The longest lifetime in a bucket.
#[must_use]
pub fn longest(bucket: usize) -> Duration {
    let Some(place) = bucket.checked_sub(1) else {
        return Duration::ZERO;
    };
    let start = 1u64 << (place / 2);
    let end = if place % 2 == 1 {
        start * 2
    } else {
        start + start.div_ceil(2)
    };
    Duration::from_millis(end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lifetime_is_within_its_bucket_and_beyond_the_one_before() {
        for lifetime in (0..10_000).chain([1 << 20, (1 << 31) + 7]) {
            let bucket = bucket(lifetime);
            let lived = Duration::from_millis(lifetime);
            assert!(lived <= longest(bucket), "{lifetime} in {bucket}");
            if bucket > 0 {
                assert!(lived > longest(bucket - 1), "{lifetime} in {bucket}");
            }
        }
    }

    #[test]
    fn no_lifetime_is_out_of_range() {
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }
}
