//! How long the polls of a task take, and how long it waits for them: for the few tasks that
//! somebody looks at.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use crate::clock::Nanos;
use crate::registry::Registry;
use crate::table::TaskTimes;

/// Tasks that are looked at at the same time, at most.
const MOST: usize = 64;
/// Buckets of each doubling: no time is off by more than one part in this. They are those of an
/// HDR histogram with two significant figures.
const OF_DOUBLING: usize = 128;
/// Doublings of the nanoseconds, up to 18 minutes.
const DOUBLINGS: usize = 33;
const BUCKETS: usize = OF_DOUBLING * (DOUBLINGS + 1);

/// The tasks that are looked at.
pub(crate) struct Watched {
    count: AtomicUsize,
    tasks: RwLock<Vec<(u64, Weak<PollTimes>)>>,
}

/// The polls of one task, from the last one before the call of [`Registry::watch_polls`] on.
/// Dropped, it ends.
pub struct PollTimes {
    polls: Counts,
    scheduled: Counts,
}

/// Counts of times, of a fixed size.
pub struct Counts {
    buckets: Box<[AtomicU64]>,
    longest: AtomicU64,
}

impl Watched {
    pub(crate) const fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            tasks: RwLock::new(Vec::new()),
        }
    }

    /// Whether any task is looked at.
    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Forgets the tasks that nobody looks at any more, and has `change` change the others.
    fn change<T>(&self, change: impl FnOnce(&mut Vec<(u64, Weak<PollTimes>)>) -> T) -> T {
        let mut tasks = self.tasks.write().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|(_, times)| times.strong_count() > 0);
        let changed = change(&mut tasks);
        self.count.store(tasks.len(), Ordering::Relaxed);
        changed
    }

    /// Has `note` note something of a task, if it is looked at.
    #[cold]
    pub(crate) fn note(&self, number: u64, note: impl FnOnce(&PollTimes)) {
        // The poll path does not wait: what cannot be noted now is left out.
        let Ok(tasks) = self.tasks.try_read() else {
            return;
        };
        let task = tasks.iter().find(|(watched, _)| *watched == number);
        if let Some(times) = task.and_then(|(_, times)| times.upgrade()) {
            note(&times);
        }
    }
}

impl Registry {
    /// Counts how long the polls of a task take, from its last one on. None where too many tasks
    /// are looked at already.
    #[must_use]
    pub fn watch_polls(&self, number: u64) -> Option<Arc<PollTimes>> {
        self.watched.change(|tasks| {
            let known = tasks.iter().find(|(known, _)| *known == number);
            let known = known.and_then(|(_, times)| times.upgrade());
            if known.is_some() || tasks.len() == MOST {
                return known;
            }
            let times = Arc::new(PollTimes {
                polls: Counts::new(),
                scheduled: Counts::new(),
            });
            if let Some(last) = self.live_task_of(number).and_then(|task| task.times) {
                times.note_last(last);
            }
            tasks.push((number, Arc::downgrade(&times)));
            Some(times)
        })
    }

    /// Forgets the tasks that nobody looks at any more.
    pub fn forget_unwatched_polls(&self) {
        self.watched.change(|_| ());
    }
}

impl PollTimes {
    /// How long the polls took.
    #[must_use]
    pub fn polls(&self) -> &Counts {
        &self.polls
    }

    /// How long the task waited, once it was woken, until it was polled.
    #[must_use]
    pub fn scheduled(&self) -> &Counts {
        &self.scheduled
    }

    /// Notes the last finished poll before the watch.
    fn note_last(&self, last: TaskTimes) {
        if last.poll_ended >= last.poll_began && last.poll_began > 0 {
            self.note_poll(last.poll_ended - last.poll_began);
        }
        if last.waited > 0 {
            self.note_scheduled(last.waited);
        }
    }

    pub(crate) fn note_poll(&self, took: Nanos) {
        self.polls.note(took);
    }

    pub(crate) fn note_scheduled(&self, waited: Nanos) {
        self.scheduled.note(waited);
    }
}

impl Counts {
    fn new() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            longest: AtomicU64::new(0),
        }
    }

    fn note(&self, time: Nanos) {
        self.buckets[bucket(time)].fetch_add(1, Ordering::Relaxed);
        self.longest.fetch_max(time, Ordering::Relaxed);
    }

    /// The longest time, in nanoseconds; 0 if there is none.
    #[must_use]
    pub fn longest(&self) -> Nanos {
        self.longest.load(Ordering::Relaxed)
    }

    /// Each time that was counted, in nanoseconds and rounded down to 1 part in 128, and how
    /// often it was; in rising order.
    pub fn counted(&self) -> impl Iterator<Item = (Nanos, u64)> {
        let counts = self.buckets.iter().enumerate();
        counts.filter_map(|(bucket, count)| {
            let count = count.load(Ordering::Relaxed);
            (count > 0).then(|| (least(bucket), count))
        })
    }
}

/// The bucket of a time: each time below 128 has its own, and each doubling above has 128.
fn bucket(time: Nanos) -> usize {
    let doubling = time.checked_ilog2().unwrap_or(0).saturating_sub(7) as usize;
    if doubling >= DOUBLINGS {
        return BUCKETS - 1;
    }
    // Below the first doubling the time is its own bucket; above it has 128 to 255 here.
    doubling * OF_DOUBLING + (time >> doubling) as usize
}

/// The least time of a bucket.
fn least(bucket: usize) -> Nanos {
    let doubling = (bucket / OF_DOUBLING).saturating_sub(1);
    ((bucket - doubling * OF_DOUBLING) as u64) << doubling
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sampling;

    #[test]
    fn a_bucket_is_right_to_one_part_in_128() {
        for time in (0..5_000).chain([1_000_000, 123_456_789, 1_000_000_000]) {
            let low = least(bucket(time));
            assert!(low <= time, "{time}: {low}");
            assert!((time - low) * 128 <= time, "{time}: {low}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_task_is_watched_for_as_long_as_somebody_looks() {
        let registry = Registry::new(Sampling::NONE);
        assert!(!registry.watched.is_any());
        let looked = registry.watch_polls(7).expect("there is room");
        let again = registry.watch_polls(7).expect("it is watched already");
        registry.watched.note(7, |times| times.note_poll(1_000));
        registry.watched.note(8, |times| times.note_poll(5));
        assert_eq!(again.polls().counted().collect::<Vec<_>>(), [(1_000, 1)]);
        drop((looked, again));
        registry.forget_unwatched_polls();
        assert!(!registry.watched.is_any());
    }

    #[test]
    fn there_is_a_bound_to_what_is_watched() {
        let registry = Registry::new(Sampling::NONE);
        let looked: Vec<_> = (1..=MOST as u64)
            .map(|task| registry.watch_polls(task))
            .collect();
        assert!(looked.iter().all(Option::is_some));
        assert!(registry.watch_polls(1_000).is_none());
        drop(looked);
        assert!(registry.watch_polls(1_000).is_some());
    }
}
