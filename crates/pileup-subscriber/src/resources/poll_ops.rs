//! The last poll ops: each time that something of a resource was polled.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

use super::names::NameNumber;

/// Words of an entry.
const WORDS: usize = 4;

/// The last poll ops of the program, numbered from 0: a ring, in which the next one takes the
/// place of the oldest.
///
/// They are kept only where that is asked for, and only while a client is attached.
pub(crate) struct PollOps {
    /// Made when the first client attaches.
    ring: OnceLock<Box<[Entry]>>,
    /// How many are kept.
    most: usize,
    /// The number of the next one.
    next: AtomicU64,
    clients: AtomicUsize,
}

struct Entry {
    /// Twice the number of the entry and two when it is whole, one less while it is written.
    state: AtomicU64,
    words: [AtomicU64; WORDS],
}

/// One poll op.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PollOp {
    /// What was polled, such as `poll_acquire`.
    pub(crate) name: NameNumber,
    /// The resource.
    pub(crate) resource: u64,
    /// The async op that it is a part of.
    pub(crate) op: u64,
    /// The task that polled.
    pub(crate) task: u64,
    /// Whether that returned `Poll::Ready`.
    pub(crate) is_ready: bool,
}

/// What a client gets of them.
pub(crate) struct NewPollOps {
    pub(crate) ops: Vec<PollOp>,
    /// How many were cut that the client has not got.
    pub(crate) cut: u64,
    /// The number of the next one.
    pub(crate) next: u64,
}

impl PollOps {
    /// Keeps the last `most`.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            ring: OnceLock::new(),
            most,
            next: AtomicU64::new(0),
            clients: AtomicUsize::new(0),
        }
    }

    /// A client attaches.
    pub(crate) fn attach(&self) {
        self.ring
            .get_or_init(|| (0..self.most).map(|_| Entry::new()).collect());
        self.clients.fetch_add(1, Ordering::Relaxed);
    }

    /// A client that has attached goes.
    pub(crate) fn detach(&self) {
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether any are kept now.
    #[inline]
    pub(super) fn are_kept(&self) -> bool {
        self.most > 0 && self.clients.load(Ordering::Relaxed) > 0
    }

    /// Keeps a poll op, the oldest one being cut where there is no room. Where another thread still
    /// writes to the entry that is next, it is left out, and clients learn that one is missing.
    pub(super) fn add(&self, op: PollOp) {
        let Some(ring) = self.ring.get() else { return };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(entry) = entry(ring, number) else {
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
        for (word, value) in entry.words.iter().zip(op.pack()) {
            word.store(value, Ordering::Relaxed);
        }
        entry.state.store(number * 2 + 2, Ordering::Release);
    }

    /// The number of the next one.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// At most this number of poll ops, from the one with this number on.
    pub(crate) fn since(&self, number: u64, most: usize) -> NewPollOps {
        let ring = self.ring.get().map_or(&[][..], |ring| ring);
        let end = self.next();
        let start = number.max(end.saturating_sub(ring.len() as u64));
        let until = end.min(start + most as u64);
        let ops: Vec<PollOp> = (start..until)
            .filter_map(|number| entry(ring, number)?.read(number))
            .collect();
        NewPollOps {
            cut: until - number - ops.len() as u64,
            next: until,
            ops,
        }
    }
}

fn entry(ring: &[Entry], number: u64) -> Option<&Entry> {
    let place = number.checked_rem(ring.len() as u64)?;
    ring.get(usize::try_from(place).ok()?)
}

impl Entry {
    const fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            words: [const { AtomicU64::new(0) }; WORDS],
        }
    }

    /// The poll op of this number, if it is still here, whole.
    fn read(&self, number: u64) -> Option<PollOp> {
        let whole = number * 2 + 2;
        if self.state.load(Ordering::Acquire) != whole {
            return None;
        }
        let words = std::array::from_fn(|index| self.words[index].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let is_still_here = self.state.load(Ordering::Relaxed) == whole;
        PollOp::unpack(words).filter(|_| is_still_here)
    }
}

impl PollOp {
    fn pack(self) -> [u64; WORDS] {
        let name = NameNumber::bits(Some(self.name));
        [
            self.resource,
            self.op,
            self.task,
            u64::from(name) << 1 | u64::from(self.is_ready),
        ]
    }

    fn unpack([resource, op, task, rest]: [u64; WORDS]) -> Option<Self> {
        Some(Self {
            name: NameNumber::from_bits(u16::try_from(rest >> 1).ok()?)?,
            resource,
            op,
            task,
            is_ready: rest & 1 == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(task: u64) -> PollOp {
        PollOp {
            name: NameNumber::from_bits(1).expect("a number"),
            resource: task + 1,
            op: task + 2,
            task,
            is_ready: task.is_multiple_of(2),
        }
    }

    #[test]
    fn a_client_gets_what_is_new_and_how_many_were_cut() {
        let ops = PollOps::new(3);
        ops.attach();
        for task in 0..5 {
            ops.add(op(task));
        }
        let first = ops.since(0, 2);
        assert_eq!(
            (first.ops, first.cut, first.next),
            (vec![op(2), op(3)], 2, 4)
        );
        let second = ops.since(first.next, 2);
        assert_eq!((second.ops, second.cut, second.next), (vec![op(4)], 0, 5));
        assert_eq!(ops.next(), 5);
    }

    #[test]
    fn a_client_never_gets_parts_of_two() {
        let ops = PollOps::new(4);
        ops.attach();
        let each = if cfg!(miri) { 50 } else { 20_000 };
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let ops = &ops;
                scope.spawn(move || (0..each).for_each(|step| ops.add(op(step * 3 + thread))));
            }
            let mut next = 0;
            for _ in 0..each {
                let new = ops.since(next, 2);
                next = new.next;
                assert!(new.ops.iter().all(|got| *got == op(got.task)));
            }
        });
        assert_eq!(ops.next(), each * 3);
    }
}
