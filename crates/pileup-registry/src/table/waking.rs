//! What the table keeps of a task's wakers.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::parent::Parent;
use crate::clock::Tick;

/// Ticks are kept in units of eight, so that 32 bits last for more than a year.
const TICK_SHIFT: u32 = 3;

/// The wakers of one task. Any thread may clone, drop or use one at any time, also after the
/// task has ended and its slot is another's: whoever counts names the task, by the lower half of
/// its number.
pub(crate) struct Waking {
    /// The lower half of the task's number, and the wakers that exist: clones without drops.
    /// Both in one word, so that a late drop never counts for the next task of the slot.
    outstanding: AtomicU64,
    /// The task that called a waker last.
    waker: AtomicU64,
    /// Clones and wakes in the task's own polls: only the thread that polls it writes here.
    own_clones: AtomicU32,
    self_wakes: AtomicU32,
    /// All others.
    other_clones: AtomicU32,
    other_wakes: AtomicU32,
    last_wake: AtomicU32,
    /// When one was last cloned, dropped or used; 0 before that, and where nobody asks for it.
    changed: AtomicU32,
    /// Bytes of the future.
    size: AtomicU32,
    /// The record of the task's stacks; 0 for a task that is not sampled.
    record: AtomicU32,
}

/// The wakers of a live task, as they were when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Woken {
    /// Clones without drops. Negative where clones were not seen.
    pub(crate) outstanding: i32,
    pub(crate) clones: u32,
    pub(crate) wakes: u32,
    pub(crate) self_wakes: u32,
    /// When it was last woken, and by which task.
    pub(crate) last_wake: Option<Tick>,
    pub(crate) waker: Option<Parent>,
    /// When a waker was last cloned, dropped or used, to within eight ticks; 0 before that, and
    /// where no times are kept.
    pub(crate) changed: Tick,
    pub(crate) size: u32,
    pub(crate) record: u32,
}

impl Woken {
    /// No wakers.
    pub(crate) const NONE: Self = Self {
        outstanding: 0,
        clones: 0,
        wakes: 0,
        self_wakes: 0,
        last_wake: None,
        waker: None,
        changed: 0,
        size: 0,
        record: 0,
    };
}

impl Waking {
    pub(super) fn new() -> Self {
        Self {
            outstanding: AtomicU64::new(0),
            waker: AtomicU64::new(0),
            own_clones: AtomicU32::new(0),
            self_wakes: AtomicU32::new(0),
            other_clones: AtomicU32::new(0),
            other_wakes: AtomicU32::new(0),
            last_wake: AtomicU32::new(0),
            changed: AtomicU32::new(0),
            size: AtomicU32::new(0),
            record: AtomicU32::new(0),
        }
    }

    /// Begins to count for a new task.
    pub(crate) fn reset(&self, number: u64, size: u32, record: u32) {
        self.outstanding.store(number << 32, Ordering::Relaxed);
        self.waker.store(0, Ordering::Relaxed);
        self.own_clones.store(0, Ordering::Relaxed);
        self.self_wakes.store(0, Ordering::Relaxed);
        self.other_clones.store(0, Ordering::Relaxed);
        self.other_wakes.store(0, Ordering::Relaxed);
        self.last_wake.store(0, Ordering::Relaxed);
        self.changed.store(0, Ordering::Relaxed);
        self.size.store(size, Ordering::Relaxed);
        self.record.store(record, Ordering::Relaxed);
    }

    /// Counts for the same task by another number, while it has no wakers.
    pub(super) fn renumber(&self, number: u64) {
        self.outstanding.store(number << 32, Ordering::Relaxed);
    }

    /// Counts a clone, in the task's own poll or elsewhere, and gives how many wakers there
    /// were. None if the slot is another task's by now.
    #[inline]
    pub(crate) fn count_clone(&self, number: u64, is_own: bool) -> Option<i32> {
        let before = self.change(number, 1)?;
        if is_own {
            count_alone(&self.own_clones);
        } else {
            self.other_clones.fetch_add(1, Ordering::Relaxed);
        }
        Some(before)
    }

    /// Counts a drop. False if the slot is another task's by now.
    #[inline]
    pub(crate) fn count_drop(&self, number: u64) -> bool {
        self.change(number, -1).is_some()
    }

    /// Notes a wake, by which task, and whether the task itself is that. False if the slot is
    /// another task's by now.
    #[inline]
    pub(crate) fn note_wake(
        &self,
        number: u64,
        now: Tick,
        waker: Option<Parent>,
        is_self: bool,
    ) -> bool {
        if self.outstanding.load(Ordering::Relaxed) >> 32 != number & 0xffff_ffff {
            return false;
        }
        if is_self {
            count_alone(&self.self_wakes);
        } else {
            self.other_wakes.fetch_add(1, Ordering::Relaxed);
        }
        // Zero is for no wake.
        self.last_wake
            .store(((now >> TICK_SHIFT) + 1) as u32, Ordering::Relaxed);
        self.waker.store(Parent::pack(waker), Ordering::Relaxed);
        true
    }

    /// Notes when a waker was cloned, dropped or used, after the change itself: who sees the time
    /// sees the change.
    #[inline]
    pub(crate) fn note_change(&self, now: Tick) {
        let now = (now >> TICK_SHIFT) as u32;
        if self.changed.load(Ordering::Relaxed) != now {
            self.changed.store(now, Ordering::Release);
        }
    }

    /// The record of the task's stacks; 0 for none.
    #[inline]
    pub(crate) fn record(&self) -> u32 {
        self.record.load(Ordering::Relaxed)
    }

    /// Gives the task a record of its stacks.
    pub(crate) fn set_record(&self, record: u32) {
        self.record.store(record, Ordering::Relaxed);
    }

    /// Adds to the wakers of a task, and gives how many there were.
    #[inline]
    fn change(&self, number: u64, by: i32) -> Option<i32> {
        let mut word = self.outstanding.load(Ordering::Relaxed);
        loop {
            if word >> 32 != number & 0xffff_ffff {
                return None;
            }
            let before = (word as u32).cast_signed();
            let after = word >> 32 << 32 | u64::from(before.wrapping_add(by).cast_unsigned());
            match self.outstanding.compare_exchange_weak(
                word,
                after,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(before),
                Err(other) => word = other,
            }
        }
    }

    pub(super) fn read(&self, number: u64) -> Woken {
        let changed = self.changed.load(Ordering::Acquire);
        let last_wake = self.last_wake.load(Ordering::Relaxed);
        let own_clones = self.own_clones.load(Ordering::Relaxed);
        let self_wakes = self.self_wakes.load(Ordering::Relaxed);
        Woken {
            outstanding: (self.outstanding.load(Ordering::Relaxed) as u32).cast_signed(),
            clones: own_clones.wrapping_add(self.other_clones.load(Ordering::Relaxed)),
            wakes: self_wakes.wrapping_add(self.other_wakes.load(Ordering::Relaxed)),
            self_wakes,
            last_wake: last_wake
                .checked_sub(1)
                .map(|tick| Tick::from(tick) << TICK_SHIFT),
            waker: Parent::unpack(self.waker.load(Ordering::Relaxed), number),
            changed: Tick::from(changed) << TICK_SHIFT,
            size: self.size.load(Ordering::Relaxed),
            record: self.record.load(Ordering::Relaxed),
        }
    }
}

/// Counts where nobody else writes: no count is lost between the load and the store.
#[inline]
fn count_alone(count: &AtomicU32) {
    let before = count.load(Ordering::Relaxed);
    count.store(before.wrapping_add(1), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_drop_does_not_count_for_the_next_task() {
        let waking = Waking::new();
        waking.reset(7, 100, 0);
        assert_eq!(waking.count_clone(7, true), Some(0));
        assert_eq!(waking.count_clone(7, false), Some(1));
        waking.reset(8, 100, 0);
        assert!(!waking.count_drop(7));
        assert_eq!(waking.count_clone(8, true), Some(0));
        waking.note_wake(7, 80, None, false);
        let woken = waking.read(8);
        assert_eq!((woken.outstanding, woken.clones, woken.wakes), (1, 1, 0));
    }

    #[test]
    fn a_drop_without_its_clone_is_negative() {
        let waking = Waking::new();
        waking.reset(7, 0, 0);
        assert!(waking.count_drop(7));
        assert_eq!(waking.read(7).outstanding, -1);
        assert_eq!(waking.count_clone(7, true), Some(-1));
        assert_eq!(waking.read(7).outstanding, 0);
    }
}
