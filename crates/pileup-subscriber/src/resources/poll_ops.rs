//! The last poll ops: each time that something of a resource was polled.

use std::sync::atomic::{AtomicUsize, Ordering};

use pileup_registry::Ring;

use super::names::NameNumber;

/// Words of an entry.
const WORDS: usize = 4;

/// The last poll ops of the program, numbered from 0.
///
/// They are kept only where that is asked for, and only while a client is attached.
pub(crate) struct PollOps {
    /// Made when the first client attaches.
    ring: Ring<WORDS>,
    /// How many are kept.
    most: usize,
    clients: AtomicUsize,
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
            ring: Ring::new(),
            most,
            clients: AtomicUsize::new(0),
        }
    }

    /// A client attaches.
    pub(crate) fn attach(&self) {
        self.ring.make(self.most);
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

    /// Keeps a poll op, the oldest one being cut where there is no room.
    pub(super) fn add(&self, op: PollOp) {
        self.ring.push(|| op.pack());
    }

    /// The number of the next one.
    pub(crate) fn next(&self) -> u64 {
        self.ring.end()
    }

    /// At most this number of poll ops, from the one with this number on.
    pub(crate) fn since(&self, number: u64, most: usize) -> NewPollOps {
        let end = self.next();
        let start = number.max(self.ring.start(end));
        let until = end.min(start + most as u64);
        let ops: Vec<PollOp> = (start..until)
            .filter_map(|number| PollOp::unpack(self.ring.get(number)?))
            .collect();
        NewPollOps {
            cut: until - number - ops.len() as u64,
            next: until,
            ops,
        }
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
