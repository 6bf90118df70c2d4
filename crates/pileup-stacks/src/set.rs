//! An interned set of stacks: each distinct stack once, by an id of four bytes.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::platform::Walk;
use crate::{Capture, MAX_FRAMES};

/// Words set aside for each stack: its header, and the frames that a common stack has. Deeper
/// stacks take from what shallower ones leave.
const WORDS_PER_STACK: usize = 24;

/// Names a stack of one [`StackSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(NonZeroU32);

impl StackId {
    /// The id as a number, to be kept in an atomic integer. It is never 0.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The id that [`get`](Self::get) gave; none for 0.
    #[must_use]
    pub fn new(id: u32) -> Option<Self> {
        NonZeroU32::new(id).map(Self)
    }
}

/// A set of stacks that keeps each distinct stack once.
///
/// It is bounded: when it is full, new stacks are counted and dropped, and those it has are
/// still found. Look-ups and inserts take no lock and allocate nothing. A stack is never
/// removed: the program's code bounds how many there are.
///
/// For `capacity` stacks it takes about `capacity` × 272 bytes of address space, of which the
/// system provides a page when it is first used.
#[derive(Debug)]
pub struct StackSet {
    /// Open addressing: the hash of a stack in the upper half, its id in the lower. 0 is free.
    slots: Box<[AtomicU64]>,
    /// The stacks one after another, each behind a header (see [`header`]). The id of a stack
    /// is the index of its header; index 0 is not used.
    words: Box<[AtomicUsize]>,
    /// The steps of each walk: that to an address at the index of the address, and the last at
    /// the index of the header.
    steps: Box<[AtomicU16]>,
    /// The first free word.
    end: AtomicUsize,
    capacity: u32,
    /// Tells the set from all others of the process.
    number: u32,
    len: AtomicU32,
    dropped: AtomicU64,
}

impl StackSet {
    /// An empty set for at most `capacity` stacks.
    ///
    /// # Panics
    ///
    /// If `capacity` is above 100 million.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        assert!(capacity <= 100_000_000, "ids have 32 bits");
        let words = 1 + capacity * WORDS_PER_STACK;
        Self {
            slots: zeroed_u64((capacity * 2).next_power_of_two().max(2)),
            words: zeroed_usize(words),
            steps: zeroed_u16(words),
            end: AtomicUsize::new(1),
            capacity: capacity as u32,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            len: AtomicU32::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// The id of the stack from the caller outwards: [`capture`](crate::capture) and
    /// [`intern`](Self::intern) in one.
    ///
    /// If this thread has met the stack lately, it is not walked: the return addresses are
    /// compared where they are, which takes about a nanosecond each. None if the stack cannot be
    /// walked, or if the set is full.
    #[inline(never)]
    #[must_use]
    pub fn intern_here(&self, until: usize) -> Option<StackId> {
        let walk = Walk::here(until)?;
        RECENT.with(|recent| {
            recent.find(self, &walk).or_else(|| {
                let mut capture = Capture::empty();
                walk.capture(&mut capture);
                let stack = self.intern(&capture)?;
                recent.put(&walk, stack);
                Some(stack)
            })
        })
    }

    /// The id of a stack, which is added if it is new. None for an empty capture, and for a
    /// new stack when the set is full; the latter is counted in [`dropped`](Self::dropped).
    #[must_use]
    pub fn intern(&self, capture: &Capture) -> Option<StackId> {
        let addresses = capture.addresses();
        if addresses.is_empty() {
            return None;
        }
        let header = header(addresses.len(), capture.is_truncated());
        let hash = hash(addresses, header);
        let mask = self.slots.len() - 1;
        let mut index = hash as usize & mask;
        let mut added = None;
        for _ in 0..self.slots.len() {
            let slot = &self.slots[index];
            let mut value = slot.load(Ordering::Acquire);
            if value == 0 {
                // What was written for one free slot serves the next, if another thread was
                // faster here.
                let Some(id) = added.or_else(|| self.add(header, capture)) else {
                    self.dropped.fetch_add(1, Ordering::Relaxed);
                    return None;
                };
                added = Some(id);
                let new = hash & 0xffff_ffff_0000_0000 | u64::from(id.get());
                match slot.compare_exchange(0, new, Ordering::Release, Ordering::Acquire) {
                    Ok(_) => return Some(id),
                    Err(other) => value = other,
                }
            }
            if value >> 32 == hash >> 32
                && let Some(id) = StackId::new(value as u32)
                && self.is_same(id, header, addresses)
            {
                if added.is_some() {
                    // Another thread added the same stack first. The words stay unused.
                    self.len.fetch_sub(1, Ordering::Relaxed);
                }
                return Some(id);
            }
            index = (index + 1) & mask;
        }
        self.dropped.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// The return addresses of a stack, innermost first; nothing for an id of another set.
    #[must_use]
    pub fn get(&self, id: StackId) -> Vec<usize> {
        let start = id.get() as usize;
        let Some(header) = self.words.get(start) else {
            return Vec::new();
        };
        let len = (header.load(Ordering::Acquire) >> 1).min(MAX_FRAMES);
        let frames = self.words.iter().skip(start + 1).take(len);
        frames.map(|word| word.load(Ordering::Relaxed)).collect()
    }

    /// Whether the stack goes on outwards: see [`Capture::is_truncated`].
    #[must_use]
    pub fn is_truncated(&self, id: StackId) -> bool {
        let header = self.words.get(id.get() as usize);
        header.is_some_and(|header| header.load(Ordering::Acquire) & 1 == 1)
    }

    /// How many distinct stacks it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed) as usize
    }

    /// Whether it has no stacks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many captures were not kept because the set was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes a stack that no slot has yet. None if the set is full.
    fn add(&self, header: usize, capture: &Capture) -> Option<StackId> {
        let addresses = capture.addresses();
        let room = |len: u32| (len < self.capacity).then_some(len + 1);
        self.len
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .ok()?;
        let size = addresses.len() + 1;
        let fits = |end: usize| (end + size <= self.words.len()).then_some(end + size);
        let Ok(start) = self
            .end
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
        else {
            self.len.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        for (word, address) in self.words[start + 1..].iter().zip(addresses) {
            word.store(*address, Ordering::Relaxed);
        }
        for (place, step) in self.steps[start + 1..].iter().zip(capture.steps()) {
            place.store(*step, Ordering::Relaxed);
        }
        self.steps[start].store(capture.last_step(), Ordering::Relaxed);
        self.words[start].store(header, Ordering::Release);
        StackId::new(u32::try_from(start).ok()?)
    }

    /// Whether the stack that is about to be walked is this one, by the steps of its first walk.
    #[inline]
    fn is_repeated(&self, walk: &Walk, id: StackId) -> bool {
        let start = id.get() as usize;
        let Some(header) = self.words.get(start) else {
            return false;
        };
        // The steps were written before the header.
        let len = header.load(Ordering::Acquire) >> 1;
        let last_step = self.steps[start].load(Ordering::Relaxed);
        let frames = start + 1..start + 1 + len;
        let words = self.words.get(frames.clone()).unwrap_or_default();
        let steps = self.steps.get(frames).unwrap_or_default();
        let frames = words.iter().zip(steps);
        let frames =
            frames.map(|(word, step)| (word.load(Ordering::Relaxed), step.load(Ordering::Relaxed)));
        walk.repeats(frames, last_step)
    }

    fn is_same(&self, id: StackId, header: usize, addresses: &[usize]) -> bool {
        let start = id.get() as usize;
        let end = start + 1 + addresses.len();
        self.words.get(start..end).is_some_and(|words| {
            let mut expected = std::iter::once(&header).chain(addresses);
            words
                .iter()
                .all(|word| expected.next() == Some(&word.load(Ordering::Relaxed)))
        })
    }
}

thread_local! {
    static RECENT: Recent = const { Recent::new() };
}

/// The stacks that a thread has met lately, by the stack pointer at which it did. Two at one
/// stack pointer take turns.
struct Recent {
    /// The number of the set that has them.
    set: Cell<u32>,
    stacks: [Cell<[Option<StackId>; 2]>; RECENT_STACKS],
}

/// A power of two.
const RECENT_STACKS: usize = 16;

impl Recent {
    const fn new() -> Self {
        Self {
            set: Cell::new(0),
            stacks: [const { Cell::new([None; 2]) }; RECENT_STACKS],
        }
    }

    #[inline]
    fn find(&self, set: &StackSet, walk: &Walk) -> Option<StackId> {
        if self.set.get() != set.number {
            self.set.set(set.number);
            self.stacks.iter().for_each(|stacks| stacks.set([None; 2]));
            return None;
        }
        let stacks = self.place(walk).get().into_iter().flatten();
        let mut stacks = stacks.filter(|stack| set.is_repeated(walk, *stack));
        stacks.next()
    }

    /// Keeps a stack of the set that [`find`](Self::find) was last asked for.
    fn put(&self, walk: &Walk, stack: StackId) {
        let place = self.place(walk);
        let [newest, _] = place.get();
        place.set([Some(stack), newest]);
    }

    #[inline]
    fn place(&self, walk: &Walk) -> &Cell<[Option<StackId>; 2]> {
        let words = walk.stack_pointer() / size_of::<usize>();
        &self.stacks[(words ^ words >> 4) % RECENT_STACKS]
    }
}

/// What stands before the addresses: how many there are, and whether more were cut off.
fn header(len: usize, is_truncated: bool) -> usize {
    len << 1 | usize::from(is_truncated)
}

/// A hash of which both halves are good: the lower chooses the slot, the upper is compared.
fn hash(addresses: &[usize], header: usize) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix =
        |hash: u64, word: &usize| (hash.rotate_left(23) ^ *word as u64).wrapping_mul(MULTIPLIER);
    let hash = addresses.iter().fold(header as u64, mix);
    hash ^ hash >> 32
}

/// Zeros that take no memory until they are written.
fn zeroed_usize(len: usize) -> Box<[AtomicUsize]> {
    const { assert!(align_of::<usize>() == align_of::<AtomicUsize>()) };
    let zeros = vec![0usize; len].into_boxed_slice();
    // SAFETY: `AtomicUsize` has the same size and bit validity as `usize`, and the same
    // alignment as asserted above; so the layout of the allocation is the same.
    unsafe { Box::from_raw(Box::into_raw(zeros) as *mut [AtomicUsize]) }
}

/// Zeros that take no memory until they are written.
fn zeroed_u16(len: usize) -> Box<[AtomicU16]> {
    const { assert!(align_of::<u16>() == align_of::<AtomicU16>()) };
    let zeros = vec![0u16; len].into_boxed_slice();
    // SAFETY: `AtomicU16` has the same size and bit validity as `u16`, and the same alignment
    // as asserted above; so the layout of the allocation is the same.
    unsafe { Box::from_raw(Box::into_raw(zeros) as *mut [AtomicU16]) }
}

/// Zeros that take no memory until they are written.
fn zeroed_u64(len: usize) -> Box<[AtomicU64]> {
    const { assert!(align_of::<u64>() == align_of::<AtomicU64>()) };
    let zeros = vec![0u64; len].into_boxed_slice();
    // SAFETY: `AtomicU64` has the same size and bit validity as `u64`, and the same alignment
    // as asserted above; so the layout of the allocation is the same.
    unsafe { Box::from_raw(Box::into_raw(zeros) as *mut [AtomicU64]) }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::sync::Barrier;

    use super::*;

    fn stack(addresses: &[usize]) -> Capture {
        addresses.iter().copied().collect()
    }

    #[test]
    fn the_same_stack_has_the_same_id() {
        let set = StackSet::new(8);
        let first = set.intern(&stack(&[1, 2, 3])).expect("room");
        let other = set.intern(&stack(&[1, 2])).expect("room");
        assert_ne!(first, other);
        assert_eq!(set.intern(&stack(&[1, 2, 3])), Some(first));
        assert_eq!(set.get(first), [1, 2, 3]);
        assert_eq!(set.get(other), [1, 2]);
        assert_eq!(StackId::new(first.get()), Some(first));
        assert_eq!((set.len(), set.dropped()), (2, 0));
    }

    #[test]
    fn a_full_set_drops_new_stacks_and_finds_old_ones() {
        let set = StackSet::new(2);
        let first = set.intern(&stack(&[1]));
        assert!(set.intern(&stack(&[2])).is_some());
        assert_eq!(set.intern(&stack(&[3])), None);
        assert_eq!(set.intern(&stack(&[1])), first);
        assert_eq!((set.len(), set.dropped()), (2, 1));
    }

    #[test]
    fn deep_stacks_fill_the_set_before_its_capacity() {
        let set = StackSet::new(4);
        let deep: Vec<usize> = (1..=MAX_FRAMES).collect();
        assert!(set.intern(&stack(&deep)).is_some());
        assert_eq!(set.intern(&stack(&deep[1..])), None);
        assert!(set.intern(&stack(&[7])).is_some());
        assert_eq!((set.len(), set.dropped()), (2, 1));
    }

    #[test]
    fn an_empty_capture_has_no_id() {
        let set = StackSet::new(2);
        assert_eq!(set.intern(&Capture::empty()), None);
        assert_eq!((set.len(), set.dropped()), (0, 0));
    }

    /// Recurses, and interns the stack there twice, by different calls.
    #[inline(never)]
    fn at_depth(depth: usize, set: &StackSet, until: usize) -> [Option<StackId>; 2] {
        if depth == 0 {
            return [set.intern_here(until), black_box(set.intern_here(until))];
        }
        black_box(at_depth(depth - 1, set, until))
    }

    #[test]
    #[cfg_attr(miri, ignore = "reads registers")]
    fn a_stack_that_was_met_lately_is_the_one_that_a_walk_finds() {
        crate::prepare();
        let set = StackSet::new(1_000);
        let other = StackSet::new(1_000);
        let until = crate::stack_pointer();
        let mut of_depths = vec![None; 40];
        // The second set makes the thread forget what it knows of the first.
        for set in [&set, &set, &other, &set] {
            for depth in (0..40).chain((0..40).rev()) {
                let stacks = at_depth(depth, set, until);
                if std::ptr::eq(set, &raw const other) {
                    assert!(stacks.iter().all(Option::is_some));
                } else {
                    assert_eq!(*of_depths[depth].get_or_insert(stacks), stacks);
                }
            }
        }
        let distinct: std::collections::HashSet<_> =
            of_depths.into_iter().flatten().flatten().collect();
        assert!(distinct.iter().all(Option::is_some));
        assert_eq!((distinct.len(), set.len(), other.len()), (80, 80, 80));
        let mut stacks = distinct.into_iter().flatten();
        assert!(!stacks.any(|stack| set.is_truncated(stack)));
    }

    #[test]
    fn a_strange_id_gives_nothing() {
        let set = StackSet::new(2);
        let strange = StackId::new(u32::MAX).expect("not 0");
        assert_eq!(set.get(strange), Vec::<usize>::new());
        assert!(!set.is_truncated(strange));
    }

    #[test]
    fn threads_that_intern_the_same_stacks_agree_on_their_ids() {
        const THREADS: usize = 4;
        const STACKS: usize = if cfg!(miri) { 20 } else { 2_000 };
        // Threads that add the same stack at the same time take room for it twice.
        let set = StackSet::new(2 * STACKS);
        let start = Barrier::new(THREADS);
        let ids: Vec<Vec<_>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        (1..=STACKS)
                            .map(|n| set.intern(&stack(&[n, n + 1, n + 2])).expect("room"))
                            .collect()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"))
                .collect()
        });
        assert!(ids.iter().all(|of_thread| *of_thread == ids[0]));
        assert_eq!(set.len(), STACKS);
        for (index, id) in ids[0].iter().enumerate() {
            assert_eq!(set.get(*id), [index + 1, index + 2, index + 3]);
        }
    }
}
