//! Where a task is.

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::parent::Parent;
use super::slot::{Activity, Chunk, FREE, Group, Lineage, Live, Origin, SLOTS_OF_GROUP, TAKEN};
use super::times::{TaskTimes, Times};
use super::waking::Waking;
use crate::clock::Tick;

/// A slot of the table. Whoever keeps one checks by the task's number whether it is still
/// that task's.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    chunk: &'static Chunk,
    slot: usize,
}

impl Place {
    #[inline]
    pub(super) fn new(chunk: &'static Chunk, slot: usize) -> Self {
        Self { chunk, slot }
    }

    /// Whether the two are the same slot.
    #[inline]
    pub(crate) fn is(self, other: Self) -> bool {
        ptr::eq(self.chunk, other.chunk) && self.slot == other.slot
    }

    /// Whether the task of this number is here.
    #[inline]
    pub(crate) fn holds(self, number: u64) -> bool {
        self.number().load(Ordering::Acquire) == number
    }

    /// The number of the task that is here now; none while the slot is free.
    #[inline]
    pub(crate) fn held(self) -> Option<u64> {
        let number = self.number().load(Ordering::Acquire);
        (number != FREE && number != TAKEN).then_some(number)
    }

    /// The task that is here now.
    #[inline]
    pub(crate) fn task(self) -> Option<Parent> {
        Some(Parent {
            number: self.held()?,
            site: self.origin().site,
        })
    }

    /// Notes that a poll of the task here begins.
    #[inline]
    pub(crate) fn begin_poll(self, now: Tick) {
        self.activity().begin_poll(now);
    }

    /// Notes that a poll of the task here has ended.
    #[inline]
    pub(crate) fn end_poll(self, now: Tick) {
        self.activity().end_poll(now);
    }

    /// The origin of the task here.
    #[inline]
    pub(crate) fn origin(self) -> Origin {
        Origin::unpack(self.origin_word().load(Ordering::Relaxed))
    }

    /// The lineage of the task of this number, which is here.
    #[inline]
    pub(crate) fn lineage(self, number: u64) -> Lineage {
        Lineage::unpack(self.lineage_word().load(Ordering::Relaxed), number)
    }

    /// Notes that the wakers of the task here are seen from now on. Only for the thread that
    /// polls it.
    pub(crate) fn set_lineage(self, lineage: Lineage) {
        self.lineage_word().store(lineage.pack(), Ordering::Relaxed);
    }

    /// Notes the runtime of a task that was inserted without one.
    pub(crate) fn set_runtime(self, runtime: u8) {
        let word = self.origin_word();
        let packed = word.load(Ordering::Relaxed);
        let origin = Origin {
            runtime,
            ..Origin::unpack(packed)
        };
        // Where it fails, the task has ended, and the slot is another's.
        let _ = word.compare_exchange(packed, origin.pack(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The wakers of the task here; none where no wakers of the chunk are seen.
    #[inline]
    pub(crate) fn waking(self) -> Option<&'static Waking> {
        self.chunk.waking(self.slot)
    }

    /// The wakers of the task here. The first call for a chunk allocates.
    pub(crate) fn waking_or_new(self) -> &'static Waking {
        self.chunk.waking_or_new(self.slot)
    }

    /// The times of the task here; none where no times of the chunk are kept.
    #[inline]
    pub(crate) fn times(self) -> Option<&'static Times> {
        self.chunk.times(self.slot)
    }

    /// The times of the task here. The first call for a chunk allocates.
    pub(crate) fn times_or_new(self) -> &'static Times {
        self.chunk.times_or_new(self.slot)
    }

    /// Gives the task here another number, that of its Tokio task, once it is known. Only for
    /// the thread that polls it, before it has wakers.
    pub(crate) fn renumber(self, from: u64, to: u64) {
        let renumbered =
            self.number()
                .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed);
        if renumbered.is_ok()
            && let Some(waking) = self.waking()
        {
            waking.renumber(to);
        }
    }

    /// Removes a task, and gives where it came from; nothing if it is not here, for all
    /// but one of those who remove the same one at once.
    pub(crate) fn remove(self, number: u64) -> Option<Origin> {
        let origin = self.origin();
        self.number()
            .compare_exchange(number, FREE, Ordering::AcqRel, Ordering::Relaxed)
            .ok()?;
        Some(origin)
    }

    /// The task here, if there is one all the while.
    pub(crate) fn read(self) -> Option<Live> {
        let mut number = self.held()?;
        loop {
            let origin = self.origin();
            let lineage = self.lineage(number);
            let (polls, last_poll, running) = self.activity().read();
            let waking = self.waking().filter(|_| lineage.has_wakers);
            let woken = waking.map(|waking| waking.read(number));
            let changed = woken.map_or(0, |woken| woken.changed);
            let times = self.times().map(|times| TaskTimes {
                changed,
                ..times.read()
            });
            fence(Ordering::Acquire);
            let now = self.number().load(Ordering::Relaxed);
            if now == number {
                return Some(Live {
                    number,
                    origin,
                    lineage,
                    polls,
                    last_poll,
                    running,
                    woken,
                    times,
                });
            }
            // The task has another number by now, or the slot another task.
            number = self.held()?;
        }
    }

    pub(super) fn fill(self, origin: Origin, lineage: Lineage) {
        self.origin_word().store(origin.pack(), Ordering::Relaxed);
        self.set_lineage(lineage);
        self.activity().reset(origin.born);
    }

    #[inline]
    pub(super) fn number(self) -> &'static AtomicU64 {
        &self.group().numbers[self.slot % SLOTS_OF_GROUP]
    }

    fn origin_word(self) -> &'static AtomicU64 {
        &self.group().origins[self.slot % SLOTS_OF_GROUP]
    }

    fn lineage_word(self) -> &'static AtomicU64 {
        &self.group().lineages[self.slot % SLOTS_OF_GROUP]
    }

    #[inline]
    fn activity(self) -> &'static Activity {
        &self.group().activities[self.slot % SLOTS_OF_GROUP]
    }

    #[inline]
    fn group(self) -> &'static Group {
        self.chunk.group(self.slot)
    }
}
