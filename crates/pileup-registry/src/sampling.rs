//! Of which tasks the await stacks are kept.

use std::sync::atomic::{AtomicU64, Ordering};

/// Of which tasks the await stacks are kept.
///
/// Tasks are sampled, not captures: what is known of a sampled task is always current, as an
/// idle task clones no more wakers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sampling {
    /// The first tasks of each spawn site, always. Each of up to 16 stripes of threads counts
    /// its own first ones.
    pub first: u32,
    /// After those, one task in this number; none if it is 0.
    pub one_in: u32,
}

impl Sampling {
    /// Of no task.
    pub const NONE: Self = Self {
        first: 0,
        one_in: 0,
    };

    /// Of every task.
    pub const ALL: Self = Self {
        first: 0,
        one_in: 1,
    };

    /// Of the first `first` tasks of each spawn site, and of one in `one_in` after those.
    #[must_use]
    pub const fn new(first: u32, one_in: u32) -> Self {
        Self { first, one_in }
    }

    /// Whether the task that comes after `before` others of its site is sampled.
    #[inline]
    fn takes(self, before: u64) -> bool {
        before < u64::from(self.first)
            || match self.one_in {
                0 => false,
                1 => true,
                more => before.is_multiple_of(u64::from(more)),
            }
    }
}

/// The first 32 tasks of each site, and one in 16.
impl Default for Sampling {
    fn default() -> Self {
        Self::new(32, 16)
    }
}

/// A sampling that can be changed while tasks run.
pub(crate) struct Switch(AtomicU64);

impl Switch {
    pub(crate) fn new(sampling: Sampling) -> Self {
        let switch = Self(AtomicU64::new(0));
        switch.set(sampling);
        switch
    }

    pub(crate) fn set(&self, sampling: Sampling) {
        let packed = u64::from(sampling.first) << 32 | u64::from(sampling.one_in);
        self.0.store(packed, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> Sampling {
        let packed = self.0.load(Ordering::Relaxed);
        Sampling::new((packed >> 32) as u32, packed as u32)
    }

    /// Whether the task that comes after `before` others of its site is sampled.
    #[inline]
    pub(crate) fn takes(&self, before: u64) -> bool {
        self.get().takes(before)
    }

    /// Whether a task is sampled that some others of its site came before, by its number.
    pub(crate) fn takes_any(&self, before: u64, number: u64) -> bool {
        let sampling = self.get();
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        before < u64::from(sampling.first)
            || Sampling {
                first: 0,
                ..sampling
            }
            .takes(spread)
    }

    /// Whether every task is sampled, also those that are alive already.
    #[inline]
    pub(crate) fn takes_all(&self) -> bool {
        self.get().one_in == 1
    }

    /// Whether no stacks are captured, also of tasks that were sampled before.
    #[inline]
    pub(crate) fn is_off(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tasks_are_sampled_and_one_in_so_many_after_them() {
        let sampled = |sampling: Sampling| (0..64).filter(move |n| sampling.takes(*n)).count();
        assert_eq!(sampled(Sampling::new(4, 16)), 4 + 3);
        assert_eq!(sampled(Sampling::ALL), 64);
        assert_eq!(sampled(Sampling::NONE), 0);
        assert_eq!(sampled(Sampling::new(4, 0)), 4);
    }

    #[test]
    fn a_switch_gives_what_was_set() {
        let switch = Switch::new(Sampling::default());
        assert_eq!(switch.get(), Sampling::default());
        switch.set(Sampling::NONE);
        assert!(switch.is_off() && !switch.takes_all());
        switch.set(Sampling::ALL);
        assert!(switch.takes_all() && !switch.is_off());
    }
}
