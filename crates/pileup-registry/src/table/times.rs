//! What the table keeps of a task's time, where a registry keeps times at all.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::{Nanos, Tick};

/// The times of one task. Only the thread that polls the task writes here, except for the time
/// of the last wake.
pub(crate) struct Times {
    busy: AtomicU64,
    scheduled: AtomicU64,
    /// In the lowest bit is whether the task was woken after the poll before: see
    /// [`TaskTimes::waited`].
    poll_began: AtomicU64,
    poll_ended: AtomicU64,
    woken: AtomicU64,
}

/// Set in the time at which a poll began, which is known to within two nanoseconds.
const WAS_WOKEN: Nanos = 1;

/// The times of a task, as they were when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TaskTimes {
    /// How long its finished polls took together, in nanoseconds.
    pub busy: Nanos,
    /// How long it waited for its polls after it was woken, in nanoseconds.
    pub scheduled: Nanos,
    /// How long it waited for its last poll since the wake before it; 0 if there was no wake
    /// between that poll and the one before, or if it was woken again since.
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
            poll_began: AtomicU64::new(0),
            poll_ended: AtomicU64::new(0),
            woken: AtomicU64::new(0),
        }
    }

    /// Begins anew, for a task that is about to be added.
    pub(crate) fn reset(&self) {
        self.busy.store(0, Ordering::Relaxed);
        self.scheduled.store(0, Ordering::Relaxed);
        self.poll_began.store(0, Ordering::Relaxed);
        self.poll_ended.store(0, Ordering::Relaxed);
        self.woken.store(0, Ordering::Relaxed);
    }

    /// A poll begins. Gives how long the task waited for it; none for a task that nobody woke.
    #[inline]
    pub(crate) fn begin_poll(&self, now: Nanos) -> Option<Nanos> {
        let before = self.poll_began.load(Ordering::Relaxed);
        let woken = self.woken.load(Ordering::Relaxed);
        let ended = self.poll_ended.load(Ordering::Relaxed);
        let was_woken = if woken > before && woken > ended {
            now | WAS_WOKEN
        } else {
            now & !WAS_WOKEN
        };
        self.poll_began.store(was_woken, Ordering::Relaxed);
        if woken <= before {
            return None;
        }
        // A wake in a poll counts from the end of that poll, so that no time counts twice.
        let waited = now.saturating_sub(woken.max(ended));
        add(&self.scheduled, waited);
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

    /// The times now, but for the last change, which stands elsewhere.
    pub(super) fn read(&self) -> TaskTimes {
        let began = self.poll_began.load(Ordering::Relaxed);
        let woken = self.woken.load(Ordering::Relaxed);
        let waited = began.checked_sub(woken).map(|waited| waited.max(1));
        TaskTimes {
            busy: self.busy.load(Ordering::Relaxed),
            scheduled: self.scheduled.load(Ordering::Relaxed),
            waited: waited.filter(|_| began & WAS_WOKEN > 0).unwrap_or_default(),
            poll_began: began,
            poll_ended: self.poll_ended.load(Ordering::Relaxed),
            woken,
            changed: 0,
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
        times.note_wake(101);
        assert_eq!(times.begin_poll(141), Some(40));
        assert_eq!(times.end_poll(146), 5);
        let read = times.read();
        assert_eq!((read.busy, read.scheduled, read.waited), (25, 40, 40));
        assert_eq!((read.poll_began, read.poll_ended), (141, 146));
        times.note_wake(200);
        assert_eq!(times.read().waited, 0, "it was woken again");
    }

    #[test]
    fn a_task_that_wakes_itself_is_scheduled_from_the_end_of_its_poll() {
        let times = Times::new();
        times.begin_poll(10);
        times.note_wake(15);
        times.end_poll(20);
        assert_eq!(times.begin_poll(26), Some(6));
        assert_eq!(times.read().waited, 0, "the wake was in the poll before");
    }
}
