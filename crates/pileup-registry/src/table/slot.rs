//! What the table keeps of a task.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use pileup_model::TaskKind;

use super::parent::Parent;
use super::times::{TaskTimes, Times};
use super::waking::{Waking, Woken};
use crate::clock::Tick;
use crate::sites::SiteNumber;

pub(super) const SLOTS_OF_GROUP: usize = 8;
pub(super) const SLOTS_OF_CHUNK: usize = GROUPS_OF_CHUNK * SLOTS_OF_GROUP;
const GROUPS_OF_CHUNK: usize = 32;

/// The number of a slot that no task has.
pub(super) const FREE: u64 = 0;
/// The number of a slot that is being filled.
pub(super) const TAKEN: u64 = u64::MAX;

/// The number of no runtime.
pub(crate) const NO_RUNTIME: u8 = u8::MAX;

/// Slots that are made at once.
pub(super) struct Chunk {
    groups: [Group; GROUPS_OF_CHUNK],
    /// Made when the first task comes whose wakers are seen.
    waking: OnceLock<Box<[Waking]>>,
    /// Made when the first task comes whose times are kept.
    times: OnceLock<Box<[Times]>>,
}

/// Eight slots. A look for a number reads one line of the processor's cache.
#[repr(align(64))]
pub(super) struct Group {
    pub(super) numbers: [AtomicU64; SLOTS_OF_GROUP],
    pub(super) origins: [AtomicU64; SLOTS_OF_GROUP],
    pub(super) lineages: [AtomicU64; SLOTS_OF_GROUP],
    pub(super) activities: [Activity; SLOTS_OF_GROUP],
}

pub(super) struct Activity {
    polls: AtomicU64,
    /// The tick of the last poll's start or end, and in the lowest bit whether it runs.
    last: AtomicU64,
}

/// Where and when a task was spawned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) born: Tick,
    pub(crate) site: SiteNumber,
    pub(crate) runtime: u8,
}

/// Which task spawned this one, and how the table knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lineage {
    pub(crate) parent: Option<Parent>,
    pub(crate) kind: TaskKind,
    /// Tokio's span of the task reports its polls, its wakers and its end: the hooks leave it
    /// alone.
    pub(crate) has_span: bool,
    /// Its wakers are seen.
    pub(crate) has_wakers: bool,
}

/// One live task, as it was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) number: u64,
    pub(crate) origin: Origin,
    pub(crate) lineage: Lineage,
    pub(crate) polls: u64,
    /// When its last poll began, or ended where that was later.
    pub(crate) last_poll: Tick,
    pub(crate) running: bool,
    /// None where its wakers are not seen.
    pub(crate) woken: Option<Woken>,
    /// None where no times are kept.
    pub(crate) times: Option<TaskTimes>,
}

impl Chunk {
    /// A chunk of free slots, for as long as the process lives.
    pub(super) fn leaked() -> &'static Self {
        Box::leak(Box::new(Self {
            groups: [const { Group::new() }; GROUPS_OF_CHUNK],
            waking: OnceLock::new(),
            times: OnceLock::new(),
        }))
    }

    #[inline]
    pub(super) fn group(&self, slot: usize) -> &Group {
        &self.groups[slot / SLOTS_OF_GROUP % GROUPS_OF_CHUNK]
    }

    #[inline]
    pub(super) fn waking(&self, slot: usize) -> Option<&Waking> {
        self.waking.get()?.get(slot)
    }

    pub(super) fn waking_or_new(&self, slot: usize) -> &Waking {
        let make = || (0..SLOTS_OF_CHUNK).map(|_| Waking::new()).collect();
        &self.waking.get_or_init(make)[slot]
    }

    #[inline]
    pub(super) fn times(&self, slot: usize) -> Option<&Times> {
        self.times.get()?.get(slot)
    }

    pub(super) fn times_or_new(&self, slot: usize) -> &Times {
        let make = || (0..SLOTS_OF_CHUNK).map(|_| Times::new()).collect();
        &self.times.get_or_init(make)[slot]
    }

    /// Frees every slot.
    pub(super) fn clear(&self) {
        let numbers = self.groups.iter().flat_map(|group| &group.numbers);
        numbers.for_each(|number| number.store(FREE, Ordering::Relaxed));
    }
}

impl Group {
    const fn new() -> Self {
        Self {
            numbers: [const { AtomicU64::new(FREE) }; SLOTS_OF_GROUP],
            origins: [const { AtomicU64::new(0) }; SLOTS_OF_GROUP],
            lineages: [const { AtomicU64::new(0) }; SLOTS_OF_GROUP],
            activities: [const {
                Activity {
                    polls: AtomicU64::new(0),
                    last: AtomicU64::new(0),
                }
            }; SLOTS_OF_GROUP],
        }
    }
}

impl Activity {
    pub(super) fn reset(&self, now: Tick) {
        self.polls.store(0, Ordering::Relaxed);
        self.last.store(now << 1, Ordering::Relaxed);
    }

    /// Only the thread that polls the task writes here: no count is lost between the load
    /// and the store.
    #[inline]
    pub(super) fn begin_poll(&self, now: Tick) {
        let polls = self.polls.load(Ordering::Relaxed);
        self.polls.store(polls.wrapping_add(1), Ordering::Relaxed);
        self.last.store(now << 1 | 1, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn end_poll(&self, now: Tick) {
        self.last.store(now << 1, Ordering::Relaxed);
    }

    /// Polls, the last tick, and whether a poll runs.
    pub(super) fn read(&self) -> (u64, Tick, bool) {
        let last = self.last.load(Ordering::Relaxed);
        let polls = self.polls.load(Ordering::Relaxed);
        (polls, last >> 1, last & 1 == 1)
    }
}

impl Origin {
    pub(crate) fn pack(self) -> u64 {
        self.born << 24 | u64::from(self.site) << 8 | u64::from(self.runtime)
    }

    pub(crate) fn unpack(packed: u64) -> Self {
        Self {
            born: packed >> 24,
            site: (packed >> 8) as u16,
            runtime: packed as u8,
        }
    }
}

impl Default for Lineage {
    fn default() -> Self {
        Self {
            parent: None,
            kind: TaskKind::Async,
            has_span: false,
            has_wakers: false,
        }
    }
}

impl Lineage {
    const KINDS: [TaskKind; 5] = [
        TaskKind::Async,
        TaskKind::Local,
        TaskKind::Blocking,
        TaskKind::BlockOn,
        TaskKind::Other,
    ];

    pub(crate) fn pack(self) -> u64 {
        let kind = Self::KINDS.iter().position(|kind| *kind == self.kind);
        Parent::pack(self.parent)
            | u64::from(self.has_span) << 7
            | u64::from(self.has_wakers) << 6
            | kind.unwrap_or_default() as u64
    }

    pub(crate) fn unpack(packed: u64, number: u64) -> Self {
        Self {
            parent: Parent::unpack(packed, number),
            kind: Self::KINDS[(packed & 0b111) as usize % Self::KINDS.len()],
            has_span: packed >> 7 & 1 == 1,
            has_wakers: packed >> 6 & 1 == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let origin = Origin {
            born: 123_456_789,
            site: 65_000,
            runtime: 7,
        };
        assert_eq!(Origin::unpack(origin.pack()), origin);
        for kind in Lineage::KINDS {
            let lineage = Lineage {
                parent: Some(Parent {
                    number: 77,
                    site: 300,
                }),
                kind,
                has_span: true,
                has_wakers: false,
            };
            assert_eq!(Lineage::unpack(lineage.pack(), 78), lineage);
        }
        let none = Lineage::default();
        assert_eq!(Lineage::unpack(none.pack(), 78), none);
    }
}
