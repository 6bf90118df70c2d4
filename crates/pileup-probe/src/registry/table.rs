//! Every living task by number, without a lock.
//!
//! The table is a stack of levels, each twice as large as the one below. A task lives in
//! one of the eight slots of the group that its number falls into, at the highest level
//! that had a slot free when it was spawned; when no level has, a new one is added. So
//! nothing ever moves, and a worker that polls a task needs no permission of anybody:
//! between spawn and end only the thread that polls the task writes to its slot.
//!
//! Numbers are never used twice in a process. That is what lets a reader know that the
//! facts it has read belong together: the slot had the same number before and after.
//!
//! Slots live as long as the process, so that a thread may keep the place of the task that
//! it polls; the next table takes over those that one leaves behind.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::clock::Tick;

const SLOTS: usize = 8;
const GROUPS_OF_CHUNK: usize = 64;
/// Groups of the lowest level: 4,096 slots.
const FIRST_GROUPS_LOG2: u32 = 9;
/// Up to four thousand million slots.
const LEVELS: usize = 20;

const FREE: u64 = 0;
/// In a slot that is being filled.
const TAKEN: u64 = u64::MAX;

/// Groups that are made at once.
type Chunk = [Group; GROUPS_OF_CHUNK];

/// Those of tables that are no more: every slot is free.
static LEFT_BEHIND: Mutex<Vec<&'static Chunk>> = Mutex::new(Vec::new());

/// The living tasks.
pub(crate) struct Table {
    levels: [OnceLock<Level>; LEVELS],
    highest: AtomicUsize,
}

/// Groups in chunks that are made when they are first needed, so that no spawn pays for
/// more than one.
struct Level {
    chunks: Box<[OnceLock<&'static Chunk>]>,
    groups_log2: u32,
}

/// Eight slots. A look for a number reads one line of the processor's cache.
#[repr(align(64))]
struct Group {
    numbers: [AtomicU64; SLOTS],
    origins: [AtomicU64; SLOTS],
    activities: [Activity; SLOTS],
}

struct Activity {
    polls: AtomicU64,
    /// The tick of the last poll's start or end, and in the lowest bit whether it runs.
    last: AtomicU64,
}

/// Where a task is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    group: &'static Group,
    slot: usize,
}

/// Where and when a task was spawned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) born: Tick,
    pub(crate) site: u16,
    pub(crate) runtime: u8,
}

/// One living task, as it was when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Living {
    pub(crate) number: u64,
    pub(crate) origin: Origin,
    pub(crate) polls: u64,
    /// When its last poll began, or ended where that was later.
    pub(crate) last_poll: Tick,
    pub(crate) running: bool,
}

impl Origin {
    fn pack(self) -> u64 {
        self.born << 24 | u64::from(self.site) << 8 | u64::from(self.runtime)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "each part is cut out of the whole"
    )]
    fn unpack(packed: u64) -> Self {
        Self {
            born: packed >> 24,
            site: (packed >> 8) as u16,
            runtime: packed as u8,
        }
    }
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

    /// Takes in a new task. `None` when the table is as large as it can be, and full.
    pub(crate) fn insert(&self, number: u64, origin: Origin) -> Option<Place> {
        loop {
            let highest = self.highest.load(Ordering::Acquire);
            for level in (0..=highest).rev() {
                if let Some(place) = self.insert_at(level, number, origin) {
                    return Some(place);
                }
            }
            let above = highest + 1;
            self.levels.get(above)?.get_or_init(|| Level::new(above));
            // Who loses has been helped by who won.
            let _ =
                self.highest
                    .compare_exchange(highest, above, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    fn insert_at(&self, level: usize, number: u64, origin: Origin) -> Option<Place> {
        let at = self.levels[level].get()?;
        let (index, first) = at.home(number);
        let group = at.group_or_new(index);
        for slot in (first..first + SLOTS).map(|slot| slot % SLOTS) {
            let held = &group.numbers[slot];
            if held.load(Ordering::Relaxed) != FREE
                || held
                    .compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed)
                    .is_err()
            {
                continue;
            }
            // A reader that sees what follows sees that the slot is no longer as it was.
            fence(Ordering::Release);
            group.origins[slot].store(origin.pack(), Ordering::Relaxed);
            group.activities[slot].polls.store(0, Ordering::Relaxed);
            group.activities[slot]
                .last
                .store(origin.born << 1, Ordering::Relaxed);
            // Sequentially consistent for the sake of who asks right after it whether the
            // task has ended already.
            held.swap(number, Ordering::SeqCst);
            return Some(Place { group, slot });
        }
        None
    }

    /// Where a task is, if it lives.
    #[inline]
    pub(crate) fn find(&self, number: u64) -> Option<Place> {
        self.at_home(number).or_else(|| self.elsewhere(number))
    }

    /// The place of a task that is where most are: in the first slot of its group at the
    /// highest level.
    #[inline]
    fn at_home(&self, number: u64) -> Option<Place> {
        let level = self.highest.load(Ordering::Acquire);
        let at = self.levels[level].get()?;
        let (index, slot) = at.home(number);
        let place = Place {
            group: at.group(index)?,
            slot,
        };
        place.holds(number).then_some(place)
    }

    #[cold]
    fn elsewhere(&self, number: u64) -> Option<Place> {
        let highest = self.highest.load(Ordering::Acquire);
        let levels = self.levels[..=highest].iter().rev();
        let mut groups = levels.filter_map(|level| {
            let level = level.get()?;
            level.group(level.home(number).0)
        });
        groups.find_map(|group| {
            let mut places = (0..SLOTS).map(|slot| Place { group, slot });
            places.find(|place| place.holds(number))
        })
    }

    /// Shows each living task, in no order. One that comes or goes meanwhile may be missed;
    /// one that lives all along is shown once.
    pub(crate) fn for_each(&self, mut show: impl FnMut(Living)) {
        for level in self.levels.iter().map_while(OnceLock::get) {
            for group in level
                .chunks
                .iter()
                .filter_map(OnceLock::get)
                .flat_map(|chunk| chunk.iter())
            {
                for slot in 0..SLOTS {
                    if let Some(living) = group.living(slot) {
                        show(living);
                    }
                }
            }
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let levels = self.levels.iter().filter_map(OnceLock::get);
        let chunks = levels.flat_map(|level| level.chunks.iter().filter_map(OnceLock::get));
        let mut left = LEFT_BEHIND.lock().unwrap_or_else(PoisonError::into_inner);
        left.extend(chunks.inspect(|chunk| {
            let numbers = chunk.iter().flat_map(|group| &group.numbers);
            numbers.for_each(|number| number.store(FREE, Ordering::Relaxed));
        }));
    }
}

impl Level {
    fn new(level: usize) -> Self {
        let groups_log2 = FIRST_GROUPS_LOG2 + u32::try_from(level).unwrap_or(0);
        let chunks = (1usize << groups_log2) / GROUPS_OF_CHUNK;
        Self {
            chunks: (0..chunks).map(|_| OnceLock::new()).collect(),
            groups_log2,
        }
    }

    /// The group that a number falls into, and the slot to try first.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the value is below the number of groups"
    )]
    fn home(&self, number: u64) -> (usize, usize) {
        // Fibonacci hashing: numbers that follow each other, or that are multiples of one
        // stride, are spread evenly.
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let group = spread >> (u64::BITS - self.groups_log2);
        (group as usize, (spread >> 8) as usize % SLOTS)
    }

    fn group(&self, index: usize) -> Option<&'static Group> {
        let chunk = self.chunks.get(index / GROUPS_OF_CHUNK)?.get()?;
        Some(&chunk[index % GROUPS_OF_CHUNK])
    }

    fn group_or_new(&self, index: usize) -> &'static Group {
        let chunk = self.chunks[index / GROUPS_OF_CHUNK].get_or_init(|| {
            let mut left = LEFT_BEHIND.lock().unwrap_or_else(PoisonError::into_inner);
            left.pop()
                .unwrap_or_else(|| Box::leak(Box::new([const { Group::new() }; GROUPS_OF_CHUNK])))
        });
        &chunk[index % GROUPS_OF_CHUNK]
    }
}

impl Group {
    const fn new() -> Self {
        Self {
            numbers: [const { AtomicU64::new(FREE) }; SLOTS],
            origins: [const { AtomicU64::new(0) }; SLOTS],
            activities: [const {
                Activity {
                    polls: AtomicU64::new(0),
                    last: AtomicU64::new(0),
                }
            }; SLOTS],
        }
    }

    fn living(&self, slot: usize) -> Option<Living> {
        let number = self.numbers[slot].load(Ordering::Acquire);
        if number == FREE || number == TAKEN {
            return None;
        }
        let origin = self.origins[slot].load(Ordering::Relaxed);
        let polls = self.activities[slot].polls.load(Ordering::Relaxed);
        let last = self.activities[slot].last.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let unchanged = self.numbers[slot].load(Ordering::Relaxed) == number;
        unchanged.then(|| Living {
            number,
            origin: Origin::unpack(origin),
            polls,
            last_poll: last >> 1,
            running: last & 1 == 1,
        })
    }
}

impl Activity {
    /// Only the thread that polls the task writes here: no count is lost between the load
    /// and the store.
    #[inline]
    fn begin_poll(&self, now: Tick) {
        let polls = self.polls.load(Ordering::Relaxed);
        self.polls.store(polls.wrapping_add(1), Ordering::Relaxed);
        self.last.store(now << 1 | 1, Ordering::Relaxed);
    }

    #[inline]
    fn end_poll(&self, now: Tick) {
        self.last.store(now << 1, Ordering::Relaxed);
    }
}

impl Place {
    #[inline]
    fn holds(self, number: u64) -> bool {
        self.group.numbers[self.slot].load(Ordering::Acquire) == number
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

    #[inline]
    fn activity(self) -> &'static Activity {
        &self.group.activities[self.slot]
    }

    /// Takes a task out, and gives where it came from; nothing if it is not here, for all
    /// but one of those who take out the same one at once.
    pub(crate) fn remove(self, number: u64) -> Option<Origin> {
        let origin = self.group.origins[self.slot].load(Ordering::Relaxed);
        self.group.numbers[self.slot]
            .compare_exchange(number, FREE, Ordering::AcqRel, Ordering::Relaxed)
            .ok()?;
        Some(Origin::unpack(origin))
    }
}
