//! A ring of the last entries, written by many threads without a lock.
//!
//! The next entry takes the place of the oldest. Whoever reads has a cursor of its own, and learns
//! of what was overwritten before.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The last entries that were added, of a fixed number of words each. They are numbered from 0.
///
/// It has no room, and keeps nothing, before [`make`](Self::make).
pub struct Ring<const WORDS: usize> {
    entries: OnceLock<Box<[Entry<WORDS>]>>,
    /// The number of the next entry.
    next: AtomicU64,
}

struct Entry<const WORDS: usize> {
    /// Twice the number of the entry and two when it is whole, one less while it is written.
    state: AtomicU64,
    words: [AtomicU64; WORDS],
}

impl<const WORDS: usize> Ring<WORDS> {
    /// A ring without room.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: OnceLock::new(),
            next: AtomicU64::new(0),
        }
    }

    /// Makes room for this number of entries, of 8 bytes a word and 8 more each. The first call
    /// holds.
    pub fn make(&self, capacity: usize) {
        self.entries
            .get_or_init(|| (0..capacity).map(|_| Entry::new()).collect());
    }

    /// Whether it has been made.
    #[inline]
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.entries.get().is_some()
    }

    /// Adds an entry, whose words are computed if there is room. Where another thread still writes
    /// to the place that is next, the entry is left out, and readers learn that one is missing.
    pub fn push(&self, words: impl FnOnce() -> [u64; WORDS]) {
        let Some(entries) = self.entries.get() else {
            return;
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(entry) = entry(entries, number) else {
            return;
        };
        let state = entry.state.load(Ordering::Relaxed);
        let is_free = state.is_multiple_of(2) && state <= number * 2;
        if !is_free
            || entry
                .state
                .compare_exchange(state, number * 2 + 1, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        fence(Ordering::Release);
        for (word, value) in entry.words.iter().zip(words()) {
            word.store(value, Ordering::Relaxed);
        }
        entry.state.store(number * 2 + 2, Ordering::Release);
    }

    /// The number of the next entry: a cursor at the end.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// The number of the oldest entry that is kept, if the ring ends before `end`.
    #[must_use]
    pub fn start(&self, end: u64) -> u64 {
        let kept = self.entries.get().map_or(0, |entries| entries.len());
        end.saturating_sub(kept as u64)
    }

    /// The entry of this number, which must be before the [end](Self::end); none where it is no
    /// longer kept.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<[u64; WORDS]> {
        let entry = entry(self.entries.get()?, number)?;
        let whole = number * 2 + 2;
        if entry.state.load(Ordering::Acquire) != whole {
            return None;
        }
        let words = std::array::from_fn(|index| entry.words[index].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        (entry.state.load(Ordering::Relaxed) == whole).then_some(words)
    }
}

impl<const WORDS: usize> Default for Ring<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

fn entry<const WORDS: usize>(entries: &[Entry<WORDS>], number: u64) -> Option<&Entry<WORDS>> {
    let place = number.checked_rem(entries.len() as u64)?;
    entries.get(usize::try_from(place).ok()?)
}

impl<const WORDS: usize> Entry<WORDS> {
    const fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            words: [const { AtomicU64::new(0) }; WORDS],
        }
    }
}
