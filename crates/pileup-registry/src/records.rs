//! The stacks of sampled tasks: of each, where its wakers were cloned, the newest first.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use pileup_stacks::StackId;

/// Stacks that are kept of one task: a `select!` of as many branches is whole.
pub const STACKS_OF_TASK: usize = 8;

/// Stacks of one record: most tasks have no more. One that has takes a second record.
const STACKS_OF_RECORD: usize = STACKS_OF_TASK / 2;

const RECORDS_OF_CHUNK: usize = 1024;
/// A million sampled tasks at once, in 20 MB. Beyond that, new tasks are not sampled.
const CHUNKS: usize = 1024;

/// Records that are reused when their task ends. Record 0 is nobody's.
pub(crate) struct Records {
    chunks: Box<[OnceLock<Box<[Record]>>]>,
    /// Records that were never used begin here.
    end: AtomicU32,
    /// The first free record, and in the upper half a count that makes each value of this word
    /// differ from those before.
    free: AtomicU64,
}

/// Stacks of one task. Only the thread that polls the task writes here.
struct Record {
    /// In the highest bit of the newest is whether the poll that has noted it has dropped as many
    /// wakers as it has cloned.
    stacks: [AtomicU32; STACKS_OF_RECORD],
    /// The record with the older stacks of the task, or 0. While this one is free, the free record
    /// after it.
    next: AtomicU32,
}

/// The stacks of one task: a record, and a second one where the task has more of them.
#[derive(Clone, Copy)]
pub(crate) struct StacksOfTask<'a> {
    records: &'a Records,
    first: &'a Record,
}

/// Set in the newest stack. No stack has so high a number.
const IS_DROPPED: u32 = 1 << 31;

impl Records {
    pub(crate) fn new() -> Self {
        Self {
            chunks: (0..CHUNKS).map(|_| OnceLock::new()).collect(),
            end: AtomicU32::new(1),
            free: AtomicU64::new(0),
        }
    }

    /// Takes an empty record, and gives its number: 0 if there is none. It may allocate.
    pub(crate) fn take(&self) -> u32 {
        let number = self.take_free().unwrap_or_else(|| self.take_new());
        if let Some(record) = self.get_or_new(number) {
            record.clear();
        }
        number
    }

    /// Takes a record without allocating: 0 if that is not possible.
    pub(crate) fn take_made(&self) -> u32 {
        let is_made = |number: &u32| self.get(*number).is_some();
        let unused = || is_made(&self.end.load(Ordering::Relaxed)).then(|| self.take_new());
        let number = self.take_free().or_else(unused);
        // Another thread may have taken the last one of the chunk meanwhile.
        let Some(number) = number.filter(is_made) else {
            return 0;
        };
        if let Some(record) = self.get(number) {
            record.clear();
        }
        number
    }

    /// Gives the records of a task back; nothing for 0.
    pub(crate) fn give_back(&self, number: u32) {
        let Some(record) = self.get(number) else {
            return;
        };
        let second = record.next.load(Ordering::Relaxed);
        self.free(number, record);
        if let Some(record) = self.get(second) {
            self.free(second, record);
        }
    }

    /// The stacks of a task by the number of its record; none for 0.
    #[inline]
    pub(crate) fn of_task(&self, number: u32) -> Option<StacksOfTask<'_>> {
        Some(StacksOfTask {
            records: self,
            first: self.get(number)?,
        })
    }

    #[inline]
    fn get(&self, number: u32) -> Option<&Record> {
        if number == 0 {
            return None;
        }
        let number = number as usize;
        let chunk = self.chunks.get(number / RECORDS_OF_CHUNK)?.get()?;
        chunk.get(number % RECORDS_OF_CHUNK)
    }

    fn free(&self, number: u32, record: &Record) {
        let mut first = self.free.load(Ordering::Relaxed);
        loop {
            record.next.store(first as u32, Ordering::Relaxed);
            let new = tagged(first, number);
            match self
                .free
                .compare_exchange_weak(first, new, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(other) => first = other,
            }
        }
    }

    fn get_or_new(&self, number: u32) -> Option<&Record> {
        if number == 0 {
            return None;
        }
        let number = number as usize;
        let make = || (0..RECORDS_OF_CHUNK).map(|_| Record::new()).collect();
        let chunk = self.chunks.get(number / RECORDS_OF_CHUNK)?;
        chunk.get_or_init(make).get(number % RECORDS_OF_CHUNK)
    }

    fn take_free(&self) -> Option<u32> {
        let mut first = self.free.load(Ordering::Acquire);
        loop {
            let number = first as u32;
            let next = self.get(number)?.next.load(Ordering::Relaxed);
            match self.free.compare_exchange_weak(
                first,
                tagged(first, next),
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(number),
                Err(other) => first = other,
            }
        }
    }

    fn take_new(&self) -> u32 {
        let most = (CHUNKS * RECORDS_OF_CHUNK) as u32;
        let more = |end: u32| (end < most).then_some(end + 1);
        self.end
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .unwrap_or(0)
    }
}

/// The word for a first free record that follows `before`.
fn tagged(before: u64, number: u32) -> u64 {
    ((before >> 32).wrapping_add(1) << 32) | u64::from(number)
}

impl Record {
    fn new() -> Self {
        Self {
            stacks: [const { AtomicU32::new(0) }; STACKS_OF_RECORD],
            next: AtomicU32::new(0),
        }
    }

    /// Forgets all stacks of a record that was free.
    fn clear(&self) {
        self.next.store(0, Ordering::Relaxed);
        self.forget();
    }

    fn forget(&self) {
        for stack in &self.stacks {
            stack.store(0, Ordering::Relaxed);
        }
    }

    /// Puts a stack before the others, from which it is taken. Gives the oldest one where that has
    /// no room any more.
    #[inline]
    fn put_first(&self, stack: u32) -> Option<u32> {
        let mut moved = stack;
        for place in &self.stacks {
            let was = place.load(Ordering::Relaxed);
            if was != moved {
                place.store(moved, Ordering::Relaxed);
            }
            let here = was & !IS_DROPPED;
            // Up to where it was, or to the first free place.
            if here == stack || here == 0 {
                return None;
            }
            moved = here;
        }
        Some(moved)
    }
}

impl StacksOfTask<'_> {
    /// Forgets all stacks.
    pub(crate) fn clear(self) {
        self.first.forget();
        if let Some(second) = self.second() {
            second.forget();
        }
    }

    /// Notes that a waker was cloned on this stack: it is the newest.
    #[inline]
    pub(crate) fn note_clone(self, stack: StackId) {
        if let Some(moved) = self.first.put_first(stack.get()) {
            self.move_to_second(stack, moved);
        }
    }

    #[cold]
    fn move_to_second(self, newest: StackId, moved: u32) {
        let second = self.second().or_else(|| {
            let number = self.records.take_made();
            self.first.next.store(number, Ordering::Release);
            self.second()
        });
        let Some(second) = second else { return };
        // The newest one may have been here, and is first now.
        let mut moved = moved;
        for place in &second.stacks {
            let was = place.load(Ordering::Relaxed);
            place.store(moved, Ordering::Relaxed);
            if was == newest.get() || was == 0 {
                return;
            }
            moved = was;
        }
    }

    /// Notes, at the end of a poll that has cloned wakers, whether it has kept any.
    #[inline]
    pub(crate) fn note_kept(self, has_kept: bool) {
        let newest = self.first.stacks[0].load(Ordering::Relaxed);
        let is_dropped = if has_kept { 0 } else { IS_DROPPED };
        if newest != 0 && newest & IS_DROPPED != is_dropped {
            self.first.stacks[0].store(newest ^ IS_DROPPED, Ordering::Relaxed);
        }
    }

    /// The stacks, the newest first, and whether the poll of the newest has kept no waker.
    pub(crate) fn read(self) -> ([Option<StackId>; STACKS_OF_TASK], bool) {
        let mut words = [0; STACKS_OF_TASK];
        let second = self.second().into_iter();
        let records = std::iter::once(self.first).chain(second);
        let stacks = records.flat_map(|record| &record.stacks);
        for (word, stack) in words.iter_mut().zip(stacks) {
            *word = stack.load(Ordering::Relaxed);
        }
        let stacks = words.map(|word| StackId::new(word & !IS_DROPPED));
        (stacks, words[0] & IS_DROPPED > 0)
    }

    fn second(&self) -> Option<&Record> {
        self.records.get(self.first.next.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(number: u32) -> StackId {
        StackId::new(number).expect("not 0")
    }

    fn read(record: StacksOfTask<'_>) -> Vec<u32> {
        let (stacks, _) = record.read();
        stacks.into_iter().flatten().map(StackId::get).collect()
    }

    #[test]
    fn the_newest_stack_is_first_and_each_is_kept_once() {
        let records = Records::new();
        let taken = records.take();
        let record = records.of_task(taken).expect("it was taken");
        for number in [1, 2, 3, 2, 2, 1] {
            record.note_clone(stack(number));
        }
        assert_eq!(read(record), [1, 2, 3]);
        for number in 4..=20 {
            record.note_clone(stack(number));
        }
        assert_eq!(read(record), [20, 19, 18, 17, 16, 15, 14, 13]);
        // From each place of both records.
        record.note_clone(stack(17));
        assert_eq!(read(record), [17, 20, 19, 18, 16, 15, 14, 13]);
        record.note_clone(stack(16));
        assert_eq!(read(record), [16, 17, 20, 19, 18, 15, 14, 13]);
        record.note_clone(stack(13));
        assert_eq!(read(record), [13, 16, 17, 20, 19, 18, 15, 14]);
        record.note_kept(false);
        record.note_clone(stack(18));
        assert_eq!(read(record), [18, 13, 16, 17, 20, 19, 15, 14]);
        record.clear();
        assert_eq!(read(record), [0u32; 0]);
    }

    #[test]
    fn a_poll_that_keeps_no_waker_counts_until_the_next_clone() {
        let records = Records::new();
        let record = records.of_task(records.take()).expect("it was taken");
        record.note_clone(stack(1));
        record.note_kept(false);
        assert!(record.read().1);
        record.note_clone(stack(2));
        assert!(!record.read().1);
    }

    #[test]
    fn records_are_reused_and_empty() {
        let records = Records::new();
        let taken: Vec<u32> = (0..3_000).map(|_| records.take()).collect();
        assert!(taken.iter().all(|number| *number != 0));
        let record = records.of_task(taken[7]).expect("it was taken");
        for number in 1..=5 {
            record.note_clone(stack(number));
        }
        records.give_back(taken[7]);
        // The second one of the task is free again as well.
        assert_eq!(records.take_made(), 3_001);
        assert_eq!(records.take_made(), taken[7]);
        assert_eq!(read(record), [0u32; 0]);
        // The last chunk has room up to record 3,071.
        let made = (0..100).map(|_| records.take_made());
        assert_eq!(made.filter(|number| *number != 0).count(), 70);
        assert!(records.of_task(0).is_none());
    }

    #[test]
    fn threads_never_share_a_record() {
        let records = Records::new();
        std::thread::scope(|scope| {
            for thread in 1..=4 {
                let records = &records;
                scope.spawn(move || {
                    for _ in 0..if cfg!(miri) { 50 } else { 10_000 } {
                        let number = records.take();
                        let record = records.of_task(number).expect("it was taken");
                        let stacks: Vec<u32> = (0..6).map(|step| step * 10 + thread).collect();
                        for number in stacks.iter().rev() {
                            record.note_clone(stack(*number));
                        }
                        assert_eq!(read(record), stacks);
                        records.give_back(number);
                    }
                });
            }
        });
    }
}
