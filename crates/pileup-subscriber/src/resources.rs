//! Tokio's resources, such as locks and timers, and the async ops on them, such as one that waits
//! for a lock.

mod attributes;
mod entered;
mod events;
mod layer;
mod names;
mod poll_ops;
mod slots;
mod span_id;
mod subscriber;
mod table;
mod visit;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use pileup_registry::{Nanos, Tick};

pub(crate) use attributes::{Attribute, Value};
pub(crate) use events::{ResourceEvents, is_of_resources};
pub(crate) use layer::ResourceLayer;
pub(crate) use names::{NameNumber, Names};
pub(crate) use poll_ops::{PollOp, PollOps};
pub(crate) use slots::Part;
pub(crate) use subscriber::ResourceSubscriber;
pub(crate) use table::{Changed, Drops, Resources};

use slots::Slot;

/// A resource, as it was when it was looked at. Its id is never used again.
pub(crate) struct Resource {
    pub(crate) id: u64,
    pub(crate) concrete_type: NameNumber,
    pub(crate) kind: NameNumber,
    /// The file, the line and the column.
    pub(crate) location: Option<(NameNumber, u32, u32)>,
    pub(crate) is_internal: bool,
    /// The resource that it is a part of.
    pub(crate) parent: Option<u64>,
    pub(crate) life: Life,
    pub(crate) attributes: Vec<Attribute>,
}

/// An operation on a resource that a task awaits, as it was when it was looked at. Its id is never
/// used again.
pub(crate) struct AsyncOp {
    pub(crate) id: u64,
    pub(crate) resource: u64,
    resource_index: u32,
    pub(crate) source: NameNumber,
    /// The operation that it is a part of.
    pub(crate) parent: Option<u64>,
    pub(crate) life: Life,
    pub(crate) attributes: Vec<Attribute>,
    /// The task that polled it last.
    pub(crate) task: Option<u64>,
    pub(crate) polls: OpPolls,
}

/// When something was made and dropped.
pub(crate) struct Life {
    pub(crate) born: Tick,
    pub(crate) created: Nanos,
    /// None while it lives.
    pub(crate) dropped: Option<Nanos>,
}

/// The polls of an async op.
pub(crate) struct OpPolls {
    pub(crate) count: u64,
    /// When the last one began, and when the last finished one ended; 0 before the first.
    pub(crate) began: Nanos,
    pub(crate) ended: Nanos,
    /// How long all of them took.
    pub(crate) busy: Nanos,
}

/// What a slot has of a resource alone.
#[derive(Default)]
struct ResourceWords {
    /// The lowest bit says whether it is internal. Above it are the numbers of its concrete type,
    /// of its kind, and of the file, with 16 bits each.
    names: AtomicU64,
    /// The line in the upper half, the column in the lower.
    place: AtomicU64,
}

/// What a slot has of an async op alone. Only the thread that polls it writes its times.
#[derive(Default)]
struct OpWords {
    resource: AtomicU64,
    resource_index: AtomicU32,
    source: AtomicU32,
    /// The task that polled it last; 0 before its first poll.
    task: AtomicU64,
    polls: AtomicU64,
    poll_began: AtomicU64,
    poll_ended: AtomicU64,
    busy: AtomicU64,
}

impl Life {
    fn read<T>(slot: &Slot<T>) -> Self {
        Self {
            born: slot.born.load(Ordering::Relaxed),
            created: slot.created.load(Ordering::Relaxed),
            dropped: slot.dropped(),
        }
    }
}

impl Resource {
    /// The resource in a slot; none if there is none all the while.
    #[expect(clippy::cast_possible_truncation, reason = "words are unpacked")]
    fn read(slot: &Slot<ResourceWords>) -> Option<Self> {
        let words = &slot.of_kind;
        slot.read(|id| {
            let packed = words.names.load(Ordering::Relaxed);
            let name = |number: u32| NameNumber::from_bits((packed >> (1 + 16 * number)) as u16);
            let place = words.place.load(Ordering::Relaxed);
            let location = name(2).map(|file| (file, (place >> 32) as u32, place as u32));
            Some(Self {
                id,
                concrete_type: name(0)?,
                kind: name(1)?,
                location: location.filter(|(_, line, _)| *line > 0),
                is_internal: packed & 1 == 1,
                parent: slot.parent(),
                life: Life::read(slot),
                attributes: slot.attributes.read(),
            })
        })
    }
}

impl AsyncOp {
    /// The async op in a slot; none if there is none all the while.
    fn read(slot: &Slot<OpWords>) -> Option<Self> {
        let words = &slot.of_kind;
        slot.read(|id| {
            let source = words.source.load(Ordering::Relaxed);
            let task = words.task.load(Ordering::Relaxed);
            Some(Self {
                id,
                resource: words.resource.load(Ordering::Relaxed),
                resource_index: words.resource_index.load(Ordering::Relaxed),
                source: NameNumber::from_bits(u16::try_from(source).ok()?)?,
                parent: slot.parent(),
                life: Life::read(slot),
                attributes: slot.attributes.read(),
                task: Some(task).filter(|task| *task > 0),
                polls: words.polls(),
            })
        })
    }
}

impl OpWords {
    fn polls(&self) -> OpPolls {
        OpPolls {
            count: self.polls.load(Ordering::Relaxed),
            began: self.poll_began.load(Ordering::Relaxed),
            ended: self.poll_ended.load(Ordering::Relaxed),
            busy: self.busy.load(Ordering::Relaxed),
        }
    }

    fn begin_poll(&self, task: Option<u64>, now: Nanos) {
        add(&self.polls, 1);
        self.poll_began.store(now, Ordering::Relaxed);
        if let Some(task) = task {
            self.task.store(task, Ordering::Relaxed);
        }
    }

    fn end_poll(&self, now: Nanos) {
        let took = now.saturating_sub(self.poll_began.load(Ordering::Relaxed));
        add(&self.busy, took);
        self.poll_ended.store(now, Ordering::Relaxed);
    }
}

/// Adds to what one thread alone writes.
fn add(sum: &AtomicU64, amount: u64) {
    let before = sum.load(Ordering::Relaxed);
    sum.store(before.wrapping_add(amount), Ordering::Relaxed);
}
