//! The last poll ops: each time that something of a resource was polled.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names of poll ops that are kept: Tokio has about twenty. Ops of further ones are left out.
const NAMES: usize = 64;

/// The last poll ops of the program, numbered from 0.
///
/// One lock guards them all, so that they stay in order. It is taken for each poll of a resource:
/// poll ops are kept only where that is asked for, and only while a client is attached.
pub(crate) struct PollOps {
    kept: Mutex<Kept>,
    pub(super) names: Names,
    /// How many are kept.
    most: usize,
    clients: AtomicUsize,
}

/// The names of poll ops, each of which is allocated once.
pub(super) struct Names([OnceLock<Box<str>>; NAMES]);

/// The number of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameNumber(u8);

#[derive(Default)]
struct Kept {
    ops: VecDeque<PollOp>,
    /// The number of the first that is kept.
    first: u64,
}

/// One poll op.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PollOp {
    /// What was polled: [`PollOps::name`] has it in words.
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
            kept: Mutex::default(),
            names: Names([const { OnceLock::new() }; NAMES]),
            most,
            clients: AtomicUsize::new(0),
        }
    }

    /// A client attaches.
    pub(crate) fn attach(&self) {
        self.clients.fetch_add(1, Ordering::Relaxed);
    }

    /// A client that has attached goes.
    pub(crate) fn detach(&self) {
        if self.clients.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.with(|kept| {
                kept.first += kept.ops.len() as u64;
                kept.ops = VecDeque::new();
            });
        }
    }

    /// Whether any are kept now.
    #[inline]
    pub(super) fn are_kept(&self) -> bool {
        self.most > 0 && self.clients.load(Ordering::Relaxed) > 0
    }

    /// Keeps a poll op, the oldest one being cut where there is no room.
    pub(super) fn add(&self, op: PollOp) {
        self.with(|kept| {
            if kept.ops.len() >= self.most {
                kept.ops.pop_front();
                kept.first += 1;
            }
            kept.ops.push_back(op);
        });
    }

    /// A name in words, such as `poll_acquire`.
    pub(crate) fn name(&self, number: NameNumber) -> &str {
        let name = self
            .names
            .0
            .get(usize::from(number.0))
            .and_then(OnceLock::get);
        name.map_or("", |name| name)
    }

    /// The number of the next poll op.
    pub(crate) fn next(&self) -> u64 {
        self.with(|kept| kept.first + kept.ops.len() as u64)
    }

    /// Up to `most` poll ops from this number on.
    pub(crate) fn since(&self, number: u64, most: usize) -> NewPollOps {
        self.with(|kept| {
            let start = number.max(kept.first);
            let skipped = usize::try_from(start - kept.first).unwrap_or(usize::MAX);
            let ops: Vec<PollOp> = kept.ops.iter().skip(skipped).take(most).copied().collect();
            NewPollOps {
                cut: start - number,
                next: start + ops.len() as u64,
                ops,
            }
        })
    }

    fn with<T>(&self, use_them: impl FnOnce(&mut Kept) -> T) -> T {
        use_them(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Names {
    /// The number of a name, which is kept if it is new; none where there is no room for it.
    pub(super) fn number_of(&self, name: &str) -> Option<NameNumber> {
        let mut slots = self.0.iter();
        let number = slots.position(|slot| **slot.get_or_init(|| name.into()) == *name)?;
        u8::try_from(number).ok().map(NameNumber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(task: u64) -> PollOp {
        PollOp {
            name: NameNumber(0),
            resource: 1,
            op: 2,
            task,
            is_ready: false,
        }
    }

    fn tasks(new: &NewPollOps) -> Vec<u64> {
        new.ops.iter().map(|op| op.task).collect()
    }

    #[test]
    fn a_client_gets_what_is_new_and_how_many_were_cut() {
        let ops = PollOps::new(3);
        for task in 0..5 {
            ops.add(op(task));
        }
        let first = ops.since(0, 2);
        assert_eq!((tasks(&first), first.cut, first.next), (vec![2, 3], 2, 4));
        let second = ops.since(first.next, 2);
        assert_eq!((tasks(&second), second.cut, second.next), (vec![4], 0, 5));
        assert_eq!(ops.next(), 5);
    }

    #[test]
    fn each_name_is_kept_once_up_to_a_number_of_them() {
        let ops = PollOps::new(1);
        let numbers = ["poll_recv", "poll_acquire", "poll_recv"].map(|name| {
            let number = ops.names.number_of(name).expect("there is room");
            assert_eq!(ops.name(number), name);
            number
        });
        assert_eq!(numbers[0], numbers[2]);
        let further = |number: usize| ops.names.number_of(&format!("poll_{number}"));
        let kept = (0..NAMES).filter_map(further).count();
        assert_eq!(kept, NAMES - 2);
    }
}
