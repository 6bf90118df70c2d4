//! What the table keeps of a task's time, where a registry keeps times at all.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::{Nanos, Tick};

/// The times of one task. Only the thread that polls the task writes here, except for the time
/// of the last wake and of the last change.
pub(crate) struct Times {
    busy: AtomicU64,
    scheduled: AtomicU64,
    waited: AtomicU64,
    poll_began: AtomicU64,
    poll_ended: AtomicU64,
    woken: AtomicU64,
    changed: AtomicU64,
}

/// The times of a task, as they were when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TaskTimes {
    /// How long its finished polls took together, in nanoseconds.
    pub busy: Nanos,
    /// How long it waited for its polls after it was woken, in nanoseconds.
    pub scheduled: Nanos,
    /// How long it waited for its last poll since the wake before it; 0 if there was no wake
    /// between that poll and the one before.
    pub waited: Nanos,
    /// When its last poll began; 0 before the first.
    pub poll_began: Nanos,
    /// When its last finished poll ended; 0 before that.
    pub poll_ended: Nanos,
    /// When it was last woken; 0 if it was not.
    pub woken: Nanos,
    /// When a waker of it was last cloned, dropped or used; 0 before that.
    pub changed: Tick,
}

impl Times {
    pub(super) const fn new() -> Self {
        Self {
            busy: AtomicU64::new(0),
            scheduled: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            poll_began: AtomicU64::new(0),
            poll_ended: AtomicU64::new(0),
            woken: AtomicU64::new(0),
            changed: AtomicU64::new(0),
        }
    }

    /// Begins anew, for a task that is about to be added.
    pub(crate) fn reset(&self) {
        self.busy.store(0, Ordering::Relaxed);
        self.scheduled.store(0, Ordering::Relaxed);
        self.waited.store(0, Ordering::Relaxed);
        self.poll_began.store(0, Ordering::Relaxed);
        self.poll_ended.store(0, Ordering::Relaxed);
        self.woken.store(0, Ordering::Relaxed);
        self.changed.store(0, Ordering::Relaxed);
    }

    /// A poll begins. Gives how long the task waited for it; none for a task that nobody woke.
    #[inline]
    pub(crate) fn begin_poll(&self, now: Nanos) -> Option<Nanos> {
        let before = self.poll_began.load(Ordering::Relaxed);
        let woken = self.woken.load(Ordering::Relaxed);
        self.poll_began.store(now, Ordering::Relaxed);
        // A wake in a poll counts from the end of that poll, so that no time counts twice.
        let since = woken.max(self.poll_ended.load(Ordering::Relaxed));
        if woken <= before {
            self.waited.store(0, Ordering::Relaxed);
            return None;
        }
        let waited = now.saturating_sub(since);
        add(&self.scheduled, waited);
        self.waited.store(waited.max(1), Ordering::Relaxed);
        Some(waited)
    }

    /// A poll has ended. Gives how long it took.
    #[inline]
    pub(crate) fn end_poll(&self, now: Nanos) -> Nanos {
        let took = now.saturating_sub(self.poll_began.load(Ordering::Relaxed));
        add(&self.busy, took);
        self.poll_ended.store(now, Ordering::Relaxed);
        took
    }

    /// The task is woken. Any thread may call this.
    #[inline]
    pub(crate) fn note_wake(&self, now: Nanos) {
        self.woken.store(now, Ordering::Relaxed);
    }

    /// A waker of the task was cloned, dropped or used. Any thread may call this, after the
    /// change itself: who sees the time sees the change.
    #[inline]
    pub(crate) fn note_change(&self, now: Tick) {
        if self.changed.load(Ordering::Relaxed) != now {
            self.changed.store(now, Ordering::Release);
        }
    }

    pub(super) fn read(&self) -> TaskTimes {
        let changed = self.changed.load(Ordering::Acquire);
        TaskTimes {
            busy: self.busy.load(Ordering::Relaxed),
            scheduled: self.scheduled.load(Ordering::Relaxed),
            waited: self.waited.load(Ordering::Relaxed),
            poll_began: self.poll_began.load(Ordering::Relaxed),
            poll_ended: self.poll_ended.load(Ordering::Relaxed),
            woken: self.woken.load(Ordering::Relaxed),
            changed,
        }
    }
}

/// Adds to what one thread alone writes.
#[inline]
fn add(sum: &AtomicU64, amount: Nanos) {
    let before = sum.load(Ordering::Relaxed);
    sum.store(before.wrapping_add(amount), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_busy_in_its_polls_and_scheduled_from_its_wake_to_its_next_poll() {
        let times = Times::new();
        assert_eq!(times.begin_poll(10), None, "nobody woke it");
        assert_eq!(times.end_poll(30), 20);
        times.note_wake(100);
        assert_eq!(times.begin_poll(140), Some(40));
        assert_eq!(times.end_poll(145), 5);
        let read = times.read();
        assert_eq!((read.busy, read.scheduled, read.waited), (25, 40, 40));
        assert_eq!((read.poll_began, read.poll_ended), (140, 145));
    }

    #[test]
    fn a_task_that_wakes_itself_is_scheduled_from_the_end_of_its_poll() {
        let times = Times::new();
        times.begin_poll(10);
        times.note_wake(15);
        times.end_poll(20);
        assert_eq!(times.begin_poll(26), Some(6));
    }
}
