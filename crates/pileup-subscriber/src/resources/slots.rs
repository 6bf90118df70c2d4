//! What lives in the program, and what was dropped last, without a lock.
//!
//! A slot is taken when something is made. Once that is dropped, its slot stays as it is until a
//! number of others have been dropped after it, so that clients learn of its end; then the slot
//! is free again. Slots are made in chunks, when more of them are needed than ever before, and
//! never go.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

use pileup_registry::{Nanos, Tick};

use super::attributes::Attributes;
use super::span_id::{INDEX_BITS, SpanId};

const SLOTS_OF_CHUNK: usize = 1024;
/// Four million slots: what is made beyond that is not seen.
const CHUNKS: usize = 4096;
const _: () = assert!(CHUNKS * SLOTS_OF_CHUNK <= 1 << INDEX_BITS);

/// The number of a slot that is free. Numbers of what lives in slots are never used again.
const FREE: u64 = 0;

type Chunk<T> = Box<[Slot<T>]>;

/// Slots of one kind. The slot with index 0 is never used.
pub(super) struct Slots<T> {
    chunks: Box<[OnceLock<Chunk<T>>]>,
    /// Slots that were never used begin here.
    end: AtomicU32,
    /// The first free slot, and in the upper half a count that makes each value of this word
    /// differ from those before.
    free: AtomicU64,
    /// The slots of what was dropped last: a ring. 0 where there is none yet.
    dropped: Box<[AtomicU32]>,
    /// How many were dropped so far.
    drops: AtomicU64,
}

/// A slot, and what every kind has.
pub(super) struct Slot<T> {
    number: AtomicU64,
    /// Handles of its span that exist.
    handles: AtomicU32,
    /// The free slot after this one, while this one is free.
    next: AtomicU32,
    pub(super) born: AtomicU64,
    pub(super) created: AtomicU64,
    /// 0 while it lives.
    dropped: AtomicU64,
    changed: AtomicU64,
    /// The number of what it is a part of; 0 for none.
    parent: AtomicU64,
    /// The span of that.
    parent_span: AtomicU64,
    /// Whether its attributes are those of its parts as well; 0 or 1.
    pub(super) inherits: AtomicU32,
    pub(super) attributes: Attributes,
    pub(super) of_kind: T,
}

/// Slots that are looked at at once.
pub(crate) type Part = usize;

impl<T: Default> Slots<T> {
    /// Keeps the last `most` that were dropped.
    pub(super) fn new(most: usize) -> Self {
        Self {
            chunks: (0..CHUNKS).map(|_| OnceLock::new()).collect(),
            end: AtomicU32::new(1),
            free: AtomicU64::new(0),
            dropped: (0..most).map(|_| AtomicU32::new(0)).collect(),
            drops: AtomicU64::new(0),
        }
    }

    /// Adds what has this number and one handle, and gives the index of its slot. None where there
    /// are too many. `fill` sees the slot before any reader does.
    pub(super) fn insert(&self, number: u64, fill: impl FnOnce(&Slot<T>)) -> Option<u32> {
        let index = self.take_free().or_else(|| self.take_new())?;
        let chunk = self.chunks.get(index as usize / SLOTS_OF_CHUNK)?;
        let chunk = chunk.get_or_init(|| (0..SLOTS_OF_CHUNK).map(|_| Slot::default()).collect());
        let slot = &chunk[index as usize % SLOTS_OF_CHUNK];
        // A reader that sees what follows sees that the slot was free.
        fence(Ordering::Release);
        slot.handles.store(1, Ordering::Relaxed);
        slot.dropped.store(0, Ordering::Relaxed);
        slot.attributes.clear();
        fill(slot);
        slot.number.store(number, Ordering::Release);
        Some(index)
    }

    /// The slot of an index that [`insert`](Self::insert) gave.
    #[inline]
    pub(super) fn at(&self, index: u32) -> Option<&Slot<T>> {
        let index = index as usize;
        let chunk = self.chunks.get(index / SLOTS_OF_CHUNK)?.get()?;
        chunk.get(index % SLOTS_OF_CHUNK)
    }

    /// The slot of what this span is of, which is of the kind of these slots. None once it is gone.
    #[inline]
    pub(super) fn find(&self, span: SpanId) -> Option<&Slot<T>> {
        let slot = self.at(span.index())?;
        span.is_of(slot.number()).then_some(slot)
    }

    /// There is one more handle of what is in this slot.
    #[inline]
    pub(super) fn clone_handle(&self, index: u32) {
        if let Some(slot) = self.at(index) {
            slot.handles.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// There is one handle less of what is in this slot. Says whether it was the last.
    #[inline]
    pub(super) fn drop_handle(&self, index: u32) -> bool {
        let slot = self.at(index).filter(|_| index > 0);
        slot.is_some_and(|slot| slot.handles.fetch_sub(1, Ordering::AcqRel) == 1)
    }

    /// What is in this slot is dropped. Call it once.
    pub(super) fn drop_one(&self, index: u32, at: Nanos, now: Tick) {
        let Some(slot) = self.at(index) else { return };
        slot.dropped.store(at, Ordering::Relaxed);
        slot.note_change(now);
        let drops = self.drops.fetch_add(1, Ordering::AcqRel);
        let place = drops.checked_rem(self.dropped.len() as u64);
        let place = place.and_then(|place| self.dropped.get(usize::try_from(place).ok()?));
        self.free(place.map_or(index, |place| place.swap(index, Ordering::AcqRel)));
    }

    /// How many were dropped so far: a cursor for [`cut_since`](Self::cut_since).
    pub(super) fn drops(&self) -> u64 {
        self.drops.load(Ordering::Acquire)
    }

    /// How many of those that were dropped since then are no longer kept.
    pub(super) fn cut_since(&self, drops: u64) -> u64 {
        let kept_from = self.drops().saturating_sub(self.dropped.len() as u64);
        kept_from.saturating_sub(drops)
    }

    /// Shows all that are in a part and have changed since then, and gives the next part; none
    /// after the last.
    pub(super) fn for_each_changed(
        &self,
        part: Part,
        since: Tick,
        mut show: impl FnMut(&Slot<T>),
    ) -> Option<Part> {
        let chunk = self.chunks.get(part)?.get()?;
        for slot in chunk {
            if slot.number() != FREE && slot.changed() >= since {
                show(slot);
            }
        }
        self.chunks.get(part + 1)?.get()?;
        Some(part + 1)
    }

    fn take_free(&self) -> Option<u32> {
        let mut first = self.free.load(Ordering::Acquire);
        loop {
            let index = low_half(first);
            if index == 0 {
                return None;
            }
            let next = self.at(index)?.next.load(Ordering::Relaxed);
            match self.free.compare_exchange_weak(
                first,
                tagged(first, next),
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(index),
                Err(other) => first = other,
            }
        }
    }

    fn take_new(&self) -> Option<u32> {
        let more = |end: u32| ((end as usize) < CHUNKS * SLOTS_OF_CHUNK).then_some(end + 1);
        let taken = self
            .end
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok()
    }

    /// Frees a slot; nothing for 0.
    fn free(&self, index: u32) {
        let Some(slot) = self.at(index).filter(|_| index > 0) else {
            return;
        };
        slot.number.store(FREE, Ordering::Release);
        let mut first = self.free.load(Ordering::Relaxed);
        loop {
            slot.next.store(low_half(first), Ordering::Relaxed);
            match self.free.compare_exchange_weak(
                first,
                tagged(first, index),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(other) => first = other,
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is the lower half")]
fn low_half(word: u64) -> u32 {
    word as u32
}

/// The word for a first free slot that follows `before`.
fn tagged(before: u64, index: u32) -> u64 {
    (before >> 32).wrapping_add(1) << 32 | u64::from(index)
}

impl<T> Slot<T> {
    /// The number of what is here.
    #[inline]
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Notes a change, after it was made: who sees the time sees the change.
    #[inline]
    pub(super) fn note_change(&self, now: Tick) {
        if self.changed.load(Ordering::Relaxed) != now {
            self.changed.store(now, Ordering::Release);
        }
    }

    /// When it was made, in both measures.
    pub(super) fn begin(&self, born: Tick, created: Nanos) {
        self.born.store(born, Ordering::Relaxed);
        self.created.store(created, Ordering::Relaxed);
        self.changed.store(born, Ordering::Relaxed);
    }

    /// The number of what it is a part of.
    pub(super) fn parent(&self) -> Option<u64> {
        Some(self.parent.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }

    /// The span of what it is a part of.
    pub(super) fn parent_span(&self) -> Option<SpanId> {
        SpanId::from_bits(self.parent_span.load(Ordering::Relaxed))
    }

    /// Notes of what it is a part: the span and the number of that.
    pub(super) fn set_parent(&self, parent: Option<(SpanId, u64)>) {
        let number = parent.map_or(0, |(_, number)| number);
        let span = parent.map_or(0, |(span, _)| span.bits());
        self.parent.store(number, Ordering::Relaxed);
        self.parent_span.store(span, Ordering::Relaxed);
    }

    /// Reads what is here: nothing where it is another one afterwards.
    pub(super) fn read<R>(&self, read: impl FnOnce(u64) -> Option<R>) -> Option<R> {
        let number = self.number();
        if number == FREE {
            return None;
        }
        let read = read(number)?;
        fence(Ordering::Acquire);
        (self.number.load(Ordering::Relaxed) == number).then_some(read)
    }

    pub(super) fn changed(&self) -> Tick {
        self.changed.load(Ordering::Acquire)
    }

    /// When it was dropped, if it was.
    pub(super) fn dropped(&self) -> Option<Nanos> {
        Some(self.dropped.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }
}

impl<T: Default> Default for Slot<T> {
    fn default() -> Self {
        Self {
            number: AtomicU64::new(FREE),
            handles: AtomicU32::new(0),
            next: AtomicU32::new(0),
            born: AtomicU64::new(0),
            created: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            changed: AtomicU64::new(0),
            parent: AtomicU64::new(0),
            parent_span: AtomicU64::new(0),
            inherits: AtomicU32::new(0),
            attributes: Attributes::new(),
            of_kind: T::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::span_id::Kind;
    use super::*;

    fn live(slots: &Slots<AtomicU64>) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut part = Some(0);
        while let Some(number) = part {
            part = slots.for_each_changed(number, 0, |slot| numbers.push(slot.number()));
        }
        numbers
    }

    #[test]
    fn the_last_that_were_dropped_are_kept_and_the_others_make_room() {
        let slots = Slots::<AtomicU64>::new(2);
        let indexes: Vec<u32> = (1..=4)
            .map(|number| slots.insert(number, |_| {}).expect("there is room"))
            .collect();
        let before = slots.drops();
        for index in &indexes[..3] {
            slots.drop_one(*index, 7, 3);
        }
        assert_eq!(live(&slots), [2, 3, 4]);
        assert_eq!(
            (slots.cut_since(before), slots.cut_since(before + 1)),
            (1, 0)
        );
        let find = |index, number| slots.find(SpanId::new(Kind::Resource, index, number));
        let dropped = find(indexes[1], 2).expect("it is kept");
        assert_eq!((dropped.dropped(), dropped.changed()), (Some(7), 3));
        assert_eq!(
            slots.insert(5, |_| {}),
            Some(indexes[0]),
            "the slot is used again"
        );
        assert!(find(indexes[0], 1).is_none());
        let new = find(indexes[0], 5).expect("it lives");
        assert_eq!(new.dropped(), None);
    }

    #[test]
    fn nothing_is_shown_twice_or_in_parts_while_others_come_and_go() {
        let slots = Slots::<AtomicU64>::new(8);
        let threads = 3;
        let each = if cfg!(miri) { 50 } else { 20_000 };
        thread::scope(|scope| {
            for thread in 0..threads {
                let slots = &slots;
                scope.spawn(move || {
                    for step in 0..each {
                        let number = step * threads + thread + 1;
                        let fill = |slot: &Slot<AtomicU64>| {
                            slot.begin(number, number * 10);
                            slot.of_kind.store(number * 1_000, Ordering::Relaxed);
                        };
                        let index = slots.insert(number, fill).expect("there is room");
                        assert!(slots.drop_handle(index));
                        slots.drop_one(index, number, number);
                    }
                });
            }
            for _ in 0..each / 10 {
                slots.for_each_changed(0, 0, |slot| {
                    let read = slot.read(|number| {
                        let created = slot.created.load(Ordering::Relaxed);
                        Some((number, created, slot.of_kind.load(Ordering::Relaxed)))
                    });
                    if let Some((number, created, of_kind)) = read {
                        assert_eq!((created, of_kind), (number * 10, number * 1_000));
                    }
                });
            }
        });
        assert_eq!(slots.drops(), each * threads);
        let mut kept = live(&slots);
        kept.sort_unstable();
        kept.dedup();
        assert_eq!(kept.len(), 8);
    }
}
