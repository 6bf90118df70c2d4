//! The tasks that have finished last, for those who look at the registry now and then.

use crate::clock::Nanos;
use crate::live::LiveTask;
use crate::registry::Registry;
use crate::ring::Ring;
use crate::table::{Lineage, Live, Origin, Parent, TaskTimes, Woken};

/// Words of an entry.
const WORDS: usize = 16;

/// The last tasks that have finished.
pub(crate) struct Finished(Ring<WORDS>);

/// A task that has finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FinishedTask {
    /// The task, as it was at its end.
    pub task: LiveTask,
    /// When it ended.
    pub ended: Nanos,
}

impl Finished {
    pub(crate) const fn new() -> Self {
        Self(Ring::new())
    }

    /// Adds a task, if any are kept.
    pub(crate) fn push(&self, live: &Live, ended: Nanos) {
        self.0.push(|| pack(live, ended));
    }

    /// Whether any are kept.
    #[inline]
    pub(crate) fn is_kept(&self) -> bool {
        self.0.is_made()
    }
}

impl Registry {
    /// Keeps the last `capacity` tasks that finish from now on: 136 bytes each. The first call
    /// holds.
    pub fn keep_finished(&self, capacity: usize) {
        self.finished.0.make(capacity.max(1));
    }

    /// The number of the next task that finishes: a cursor at the end.
    #[must_use]
    pub fn finished_end(&self) -> u64 {
        self.finished.0.end()
    }

    /// The number of the oldest task that has finished and is kept: a cursor at the start.
    #[must_use]
    pub fn finished_start(&self) -> u64 {
        self.finished.0.start(self.finished_end())
    }

    /// The task at this cursor, which must be before the [end](Self::finished_end); none where
    /// it is no longer kept.
    #[must_use]
    pub fn finished_at(&self, cursor: u64) -> Option<FinishedTask> {
        let (live, ended) = unpack(&self.finished.0.get(cursor)?);
        let task = LiveTask::new(&live, |_| None);
        Some(FinishedTask { task, ended })
    }
}

fn pack(live: &Live, ended: Nanos) -> [u64; WORDS] {
    let woken = live.woken.unwrap_or(Woken::NONE);
    let times = live.times.unwrap_or_default();
    let last_wake = woken.last_wake.map_or(0, |tick| tick + 1);
    [
        live.number,
        live.origin.pack(),
        live.lineage.pack(),
        live.polls,
        live.last_poll,
        u64::from(woken.outstanding.cast_unsigned()) << 32 | u64::from(woken.clones),
        u64::from(woken.wakes) << 32 | u64::from(woken.self_wakes),
        Parent::pack(woken.waker),
        last_wake,
        u64::from(woken.size) << 2
            | u64::from(live.woken.is_some()) << 1
            | u64::from(live.times.is_some()),
        times.busy,
        times.scheduled,
        times.poll_began,
        times.poll_ended,
        times.woken,
        ended,
    ]
}

fn unpack(words: &[u64; WORDS]) -> (Live, Nanos) {
    let number = words[0];
    let has_wakers = words[9] >> 1 & 1 == 1;
    let woken = has_wakers.then(|| Woken {
        outstanding: ((words[5] >> 32) as u32).cast_signed(),
        clones: words[5] as u32,
        wakes: (words[6] >> 32) as u32,
        self_wakes: words[6] as u32,
        waker: Parent::unpack(words[7], number),
        last_wake: words[8].checked_sub(1),
        changed: 0,
        size: (words[9] >> 2) as u32,
        record: 0,
    });
    let times = (words[9] & 1 == 1).then(|| TaskTimes {
        busy: words[10],
        scheduled: words[11],
        waited: 0,
        poll_began: words[12],
        poll_ended: words[13],
        woken: words[14],
        changed: 0,
    });
    let live = Live {
        number,
        origin: Origin::unpack(words[1]),
        lineage: Lineage::unpack(words[2], number),
        polls: words[3],
        last_poll: words[4],
        running: false,
        woken,
        times,
    };
    (live, words[15])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sampling;

    fn live(number: u64) -> Live {
        Live {
            number,
            origin: Origin {
                born: 5,
                site: 3,
                runtime: 1,
            },
            lineage: Lineage::default(),
            polls: 9,
            last_poll: 7,
            running: false,
            woken: Some(Woken {
                outstanding: -1,
                clones: 4,
                last_wake: Some(8),
                waker: Some(Parent {
                    number: 2,
                    site: 11,
                }),
                size: 120,
                ..Woken::NONE
            }),
            times: Some(TaskTimes {
                busy: 77,
                ..TaskTimes::default()
            }),
        }
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        assert_eq!(unpack(&pack(&live(6), 99)), (live(6), 99));
        let bare = Live {
            woken: None,
            times: None,
            ..live(7)
        };
        assert_eq!(unpack(&pack(&bare, 1)), (bare, 1));
    }

    #[test]
    fn the_oldest_make_room_and_a_late_reader_learns_of_it() {
        let registry = Registry::new(Sampling::NONE);
        registry.keep_finished(4);
        for number in 1..=10 {
            registry.finished.push(&live(number), number);
        }
        assert_eq!(
            (registry.finished_start(), registry.finished_end()),
            (6, 10)
        );
        assert_eq!(registry.finished_at(2), None);
        let kept = (6..10).map(|cursor| registry.finished_at(cursor).expect("kept").task.number);
        assert!(kept.eq(7..=10));
    }

    #[test]
    fn a_reader_never_sees_parts_of_two_tasks() {
        let registry = Registry::new(Sampling::NONE);
        registry.keep_finished(2);
        std::thread::scope(|scope| {
            for thread in 0..3u64 {
                let registry = &registry;
                scope.spawn(move || {
                    for step in 0..20_000 {
                        let number = step * 3 + thread + 1;
                        registry.finished.push(&live(number), number * 1_000);
                    }
                });
            }
            for _ in 0..20_000 {
                let start = registry.finished_start();
                for cursor in start..registry.finished_end() {
                    if let Some(finished) = registry.finished_at(cursor) {
                        assert_eq!(finished.ended, finished.task.number * 1_000);
                    }
                }
            }
        });
    }
}
