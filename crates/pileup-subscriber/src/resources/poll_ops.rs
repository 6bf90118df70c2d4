//! The last poll ops: each time that something of a resource was polled.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Names of poll ops that are kept: Tokio has about twenty. Ops of further ones are left out.
const NAMES: usize = 256;

/// The last poll ops of the program, numbered from 0.
///
/// One lock guards them all, so that they stay in order. It is taken for each poll of a resource:
/// poll ops are kept only where that is asked for, and only while a client is attached.
pub(crate) struct PollOps {
    kept: Mutex<Kept>,
    /// How many are kept.
    most: usize,
    clients: AtomicUsize,
}

#[derive(Default)]
struct Kept {
    ops: VecDeque<PollOp>,
    /// The number of the first that is kept.
    first: u64,
    names: Vec<Arc<str>>,
}

/// One poll op.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PollOp {
    /// What was polled, such as `poll_acquire`.
    pub(crate) name: Arc<str>,
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

    pub(super) fn add(&self, name: &str, resource: u64, op: u64, task: u64, is_ready: bool) {
        self.with(|kept| {
            let known = kept.names.iter().find(|known| ***known == *name).cloned();
            let name = match known {
                Some(name) => name,
                None if kept.names.len() < NAMES => {
                    let name: Arc<str> = name.into();
                    kept.names.push(Arc::clone(&name));
                    name
                }
                None => return,
            };
            if kept.ops.len() >= self.most {
                kept.ops.pop_front();
                kept.first += 1;
            }
            kept.ops.push_back(PollOp {
                name,
                resource,
                op,
                task,
                is_ready,
            });
        });
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
            let ops: Vec<PollOp> = kept.ops.iter().skip(skipped).take(most).cloned().collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks(new: &NewPollOps) -> Vec<u64> {
        new.ops.iter().map(|op| op.task).collect()
    }

    #[test]
    fn a_client_gets_what_is_new_and_how_many_were_cut() {
        let ops = PollOps::new(3);
        for task in 0..5 {
            ops.add("poll_acquire", 1, 2, task, false);
        }
        let first = ops.since(0, 2);
        assert_eq!((tasks(&first), first.cut, first.next), (vec![2, 3], 2, 4));
        let second = ops.since(first.next, 2);
        assert_eq!((tasks(&second), second.cut, second.next), (vec![4], 0, 5));
        assert_eq!(ops.next(), 5);
    }

    #[test]
    fn names_are_kept_once() {
        let ops = PollOps::new(2);
        ops.add("poll_recv", 1, 2, 3, true);
        ops.add("poll_recv", 1, 2, 3, false);
        let new = ops.since(0, 2);
        assert!(Arc::ptr_eq(&new.ops[0].name, &new.ops[1].name));
    }
}
