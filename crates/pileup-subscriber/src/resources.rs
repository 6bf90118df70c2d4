//! Tokio's resources, such as locks and timers, and the async ops on them, such as one that waits
//! for a lock.

mod attributes;
mod entered;
mod layer;
mod poll_ops;
mod table;
mod visit;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pileup_registry::{Nanos, Tick};

pub(crate) use attributes::{Attribute, Attributes, Value};
pub(crate) use layer::{ResourceLayer, is_of_resources};
pub(crate) use poll_ops::{PollOp, PollOps};
pub(crate) use table::{Changed, Part, Resources};

/// A resource. Its id is never used again.
pub(crate) struct Resource {
    pub(crate) id: u64,
    pub(crate) concrete_type: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) location: Option<(Box<str>, u32, u32)>,
    pub(crate) is_internal: bool,
    /// The resource that it is a part of.
    pub(crate) parent: Option<Arc<Resource>>,
    pub(crate) life: Life,
    pub(crate) attributes: Attributes,
    inherits: bool,
}

/// An operation on a resource that a task awaits. Its id is never used again.
pub(crate) struct AsyncOp {
    pub(crate) id: u64,
    pub(crate) resource: Arc<Resource>,
    pub(crate) source: Box<str>,
    /// The operation that it is a part of.
    pub(crate) parent: Option<Arc<AsyncOp>>,
    pub(crate) life: Life,
    pub(crate) attributes: Attributes,
    /// The task that polled it last; 0 before its first poll.
    task: AtomicU64,
    polls: AtomicU64,
    poll_began: AtomicU64,
    poll_ended: AtomicU64,
    busy: AtomicU64,
    inherits: bool,
}

/// When something was made, changed and dropped.
pub(crate) struct Life {
    pub(crate) born: Tick,
    pub(crate) created: Nanos,
    /// 0 while it lives.
    dropped: AtomicU64,
    changed: AtomicU64,
}

/// The polls of an async op.
pub(crate) struct OpPolls {
    pub(crate) count: u64,
    pub(crate) began: Nanos,
    pub(crate) ended: Nanos,
    pub(crate) busy: Nanos,
}

impl Life {
    fn new(born: Tick, created: Nanos) -> Self {
        Self {
            born,
            created,
            dropped: AtomicU64::new(0),
            changed: AtomicU64::new(born),
        }
    }

    /// Notes a change, after it was made: who sees the time sees the change.
    fn note_change(&self, now: Tick) {
        self.changed.fetch_max(now, Ordering::Release);
    }

    fn end(&self, at: Nanos, now: Tick) {
        self.dropped.store(at, Ordering::Relaxed);
        self.note_change(now);
    }

    pub(crate) fn changed(&self) -> Tick {
        self.changed.load(Ordering::Acquire)
    }

    /// When it was dropped, if it was.
    pub(crate) fn dropped(&self) -> Option<Nanos> {
        Some(self.dropped.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }
}

impl AsyncOp {
    pub(crate) fn task(&self) -> Option<u64> {
        Some(self.task.load(Ordering::Relaxed)).filter(|task| *task > 0)
    }

    pub(crate) fn polls(&self) -> OpPolls {
        OpPolls {
            count: self.polls.load(Ordering::Relaxed),
            began: self.poll_began.load(Ordering::Relaxed),
            ended: self.poll_ended.load(Ordering::Relaxed),
            busy: self.busy.load(Ordering::Relaxed),
        }
    }

    fn begin_poll(&self, task: Option<u64>, now: Nanos) {
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.poll_began.store(now, Ordering::Relaxed);
        if let Some(task) = task {
            self.task.store(task, Ordering::Relaxed);
        }
    }

    fn end_poll(&self, now: Nanos) {
        let took = now.saturating_sub(self.poll_began.load(Ordering::Relaxed));
        self.busy.fetch_add(took, Ordering::Relaxed);
        self.poll_ended.store(now, Ordering::Relaxed);
    }
}
