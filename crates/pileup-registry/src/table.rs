//! Every live task, without a lock.
//!
//! The table is a stack of levels, each twice as large as the one below. A task lives in
//! one of the eight slots of the group that its number falls into, at the highest level
//! that had a slot free when it was spawned; when no level has, a new one is added. So
//! nothing ever moves, and a worker that polls a task needs no permission of anybody:
//! between spawn and end only the thread that polls the task writes to the poll counts of its
//! slot.
//!
//! Numbers are never used twice in a process. That is what lets a reader know that the
//! facts it has read belong together: the slot had the same number before and after.
//!
//! Slots live as long as the process, so that a thread may keep the place of the task that
//! it polls; the next table takes over those that one leaves behind.

mod parent;
mod place;
mod slot;
mod times;
mod waking;

use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Mutex, OnceLock, PoisonError};

pub(crate) use parent::{OWN_NUMBER, Parent};
pub(crate) use place::Place;
pub(crate) use slot::{Lineage, Live, NO_RUNTIME, Origin};
pub use times::TaskTimes;
pub(crate) use waking::{Waking, Woken};

use slot::{Chunk, FREE, SLOTS_OF_CHUNK, SLOTS_OF_GROUP, TAKEN};

/// Slots of the lowest level.
const FIRST_SLOTS: usize = 1 << FIRST_SLOTS_LOG2;
const FIRST_SLOTS_LOG2: u32 = 12;
/// Up to 268 million slots: an index of a slot has [`INDEX_BITS`] bits.
const LEVELS: usize = 16;
/// Bits of the index of a slot.
pub(crate) const INDEX_BITS: u32 = 28;

/// Chunks of tables that no longer exist: every slot is free.
static LEFT_BEHIND: Mutex<Vec<&'static Chunk>> = Mutex::new(Vec::new());

/// The live tasks.
pub(crate) struct Table {
    levels: [OnceLock<Level>; LEVELS],
    highest: AtomicUsize,
}

/// Slots in chunks that are made when they are first needed, so that no spawn pays for
/// more than one.
struct Level {
    chunks: Box<[OnceLock<&'static Chunk>]>,
    groups_log2: u32,
    /// The index of its first slot among those of all levels.
    first: usize,
}

impl Table {
    pub(crate) fn new() -> Self {
        let table = Self {
            levels: [const { OnceLock::new() }; LEVELS],
            highest: AtomicUsize::new(0),
        };
        table.levels[0].get_or_init(|| Level::new(0));
        table
    }

    /// Adds a task, and gives its place and the index of its slot. `None` when the table is
    /// as large as it can be, and full.
    ///
    /// `prepare` sees the slot before any reader does.
    pub(crate) fn insert(
        &self,
        number: u64,
        origin: Origin,
        lineage: Lineage,
        prepare: impl Fn(Place),
    ) -> Option<(Place, usize)> {
        loop {
            let highest = self.highest.load(Ordering::Acquire);
            for level in self.levels[..=highest].iter().rev() {
                let Some(level) = level.get() else { continue };
                let Some((place, index)) = level.take_slot(number) else {
                    continue;
                };
                // A reader that sees what follows sees that the slot is no longer as it was.
                fence(Ordering::Release);
                place.fill(origin, lineage);
                prepare(place);
                // Sequentially consistent for the sake of who asks right after it whether
                // the task has ended already.
                place.number().swap(number, Ordering::SeqCst);
                return Some((place, index));
            }
            let above = highest + 1;
            self.levels.get(above)?.get_or_init(|| Level::new(above));
            // Who loses has been helped by who won.
            let _ =
                self.highest
                    .compare_exchange(highest, above, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// Where a task is, if it lives.
    #[inline]
    pub(crate) fn find(&self, number: u64) -> Option<Place> {
        self.at_home(number).or_else(|| self.elsewhere(number))
    }

    /// The slot of an index that [`insert`](Self::insert) gave.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> Option<Place> {
        let level = (index / FIRST_SLOTS + 1).ilog2() as usize;
        let level = self.levels.get(level)?.get()?;
        let within = index - level.first;
        let chunk = level.chunks.get(within / SLOTS_OF_CHUNK)?.get()?;
        Some(Place::new(chunk, within % SLOTS_OF_CHUNK))
    }

    /// The place of a task that is where most are: in the first slot of its group at the
    /// highest level.
    #[inline]
    fn at_home(&self, number: u64) -> Option<Place> {
        let level = self.highest.load(Ordering::Acquire);
        let at = self.levels[level].get()?;
        let (group, slot) = at.home(number);
        let place = at.place(group * SLOTS_OF_GROUP + slot)?;
        place.holds(number).then_some(place)
    }

    #[cold]
    fn elsewhere(&self, number: u64) -> Option<Place> {
        let highest = self.highest.load(Ordering::Acquire);
        let levels = self.levels[..=highest].iter().rev();
        levels.filter_map(OnceLock::get).find_map(|level| {
            let first = level.home(number).0 * SLOTS_OF_GROUP;
            let mut slots = first..first + SLOTS_OF_GROUP;
            slots.find_map(|slot| level.place(slot).filter(|place| place.holds(number)))
        })
    }

    /// Shows each live task, in no order. One that comes or goes meanwhile may be missed;
    /// one that lives all along is shown once.
    pub(crate) fn for_each(&self, mut show: impl FnMut(Place, Live)) {
        let levels = self.levels.iter().map_while(OnceLock::get);
        let chunks = levels.flat_map(|level| level.chunks.iter().filter_map(OnceLock::get));
        for chunk in chunks {
            for slot in 0..SLOTS_OF_CHUNK {
                let place = Place::new(chunk, slot);
                if let Some(live) = place.read() {
                    show(place, live);
                }
            }
        }
    }
}

/// A part of the table, of some hundred tasks: see [`Registry::look_at`](crate::Registry::look_at).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    level: usize,
    chunk: usize,
}

impl Table {
    /// Shows each live task of one part, and gives the next part; none after the last.
    pub(crate) fn for_each_of(
        &self,
        part: Part,
        mut show: impl FnMut(Place, Live),
    ) -> Option<Part> {
        let level = self.levels.get(part.level)?.get()?;
        if let Some(chunk) = level.chunks.get(part.chunk).and_then(OnceLock::get) {
            let places = (0..SLOTS_OF_CHUNK).map(|slot| Place::new(chunk, slot));
            for place in places {
                if let Some(live) = place.read() {
                    show(place, live);
                }
            }
        }
        // Most of a high level may not have been made yet.
        let rest = level.chunks.iter().enumerate().skip(part.chunk + 1);
        let mut made = rest.filter(|(_, chunk)| chunk.get().is_some());
        Some(made.next().map_or(
            Part {
                level: part.level + 1,
                chunk: 0,
            },
            |(chunk, _)| Part { chunk, ..part },
        ))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let levels = self.levels.iter().filter_map(OnceLock::get);
        let chunks = levels.flat_map(|level| level.chunks.iter().filter_map(OnceLock::get));
        let mut left = LEFT_BEHIND.lock().unwrap_or_else(PoisonError::into_inner);
        left.extend(chunks.inspect(|chunk| chunk.clear()));
    }
}

impl Level {
    fn new(level: usize) -> Self {
        let slots = FIRST_SLOTS << level;
        Self {
            chunks: (0..slots / SLOTS_OF_CHUNK)
                .map(|_| OnceLock::new())
                .collect(),
            groups_log2: (slots / SLOTS_OF_GROUP).ilog2(),
            first: slots - FIRST_SLOTS,
        }
    }

    /// The group that a number falls into, and the slot to try first.
    fn home(&self, number: u64) -> (usize, usize) {
        // Fibonacci hashing: numbers that follow each other, or that are multiples of one
        // stride, are spread evenly.
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let group = spread >> (u64::BITS - self.groups_log2);
        (group as usize, (spread >> 8) as usize % SLOTS_OF_GROUP)
    }

    #[inline]
    fn place(&self, slot: usize) -> Option<Place> {
        let chunk = self.chunks.get(slot / SLOTS_OF_CHUNK)?.get()?;
        Some(Place::new(chunk, slot % SLOTS_OF_CHUNK))
    }

    /// Takes a free slot of the group of a number, if there is one, and gives its index.
    fn take_slot(&self, number: u64) -> Option<(Place, usize)> {
        let (group, first) = self.home(number);
        let start = group * SLOTS_OF_GROUP;
        let chunk = self.chunk_or_new(start / SLOTS_OF_CHUNK);
        for slot in (first..first + SLOTS_OF_GROUP).map(|slot| start + slot % SLOTS_OF_GROUP) {
            let place = Place::new(chunk, slot % SLOTS_OF_CHUNK);
            let held = place.number();
            if held.load(Ordering::Relaxed) == FREE
                && held
                    .compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                return Some((place, self.first + slot));
            }
        }
        None
    }

    fn chunk_or_new(&self, chunk: usize) -> &'static Chunk {
        self.chunks[chunk].get_or_init(|| {
            let mut left = LEFT_BEHIND.lock().unwrap_or_else(PoisonError::into_inner);
            left.pop().unwrap_or_else(|| Chunk::leaked())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_leads_to_the_slot_that_was_taken() {
        let table = Table::new();
        let origin = Origin {
            born: 1,
            site: 2,
            runtime: 3,
        };
        let mut places = Vec::new();
        for number in 1..20_000 {
            let inserted = table.insert(number, origin, Lineage::default(), |_| {});
            let (place, index) = inserted.expect("there is room");
            assert!(index < 1 << INDEX_BITS);
            places.push((number, place, index));
        }
        for (number, place, index) in places {
            let at = table.at(index).expect("the slot exists");
            assert!(at.is(place) && at.holds(number));
            assert!(table.find(number).is_some_and(|found| found.is(place)));
        }
        assert!(table.highest.load(Ordering::Relaxed) > 0, "it has grown");
    }

    #[test]
    fn the_highest_index_fits() {
        let slots = FIRST_SLOTS * ((1 << LEVELS) - 1);
        assert!(slots <= 1 << INDEX_BITS);
    }
}
