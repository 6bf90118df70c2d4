//! All resources and async ops: the live ones, and those that were dropped last.

use std::sync::atomic::{AtomicU64, Ordering};

use pileup_registry::Tick;

use super::slots::{Part, Slot, Slots};
use super::{AsyncOp, Names, OpWords, PollOps, Resource, ResourceWords};

/// The resources and async ops of the program. Who makes, changes or drops one takes no lock.
pub(crate) struct Resources {
    next_number: AtomicU64,
    pub(crate) names: Names,
    pub(super) things: Slots<ResourceWords>,
    pub(super) ops: Slots<OpWords>,
    pub(crate) poll_ops: PollOps,
}

/// What a look gives.
pub(crate) struct Changed<T> {
    /// What has changed since the last look.
    pub(crate) items: Vec<T>,
    /// The next part; none after the last.
    pub(crate) next: Option<Part>,
}

/// Up to where a client has seen what was dropped.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Drops {
    resources: u64,
    ops: u64,
}

impl Resources {
    /// Keeps the last `most` that were dropped of each kind, and as many poll ops as this.
    pub(crate) fn new(most: usize, poll_ops: usize) -> Self {
        Self {
            next_number: AtomicU64::new(1),
            names: Names::new(),
            things: Slots::new(most),
            ops: Slots::new(most),
            poll_ops: PollOps::new(poll_ops),
        }
    }

    pub(super) fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// Tells this table from others of the process.
    #[inline]
    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The resources of one part that have changed since then.
    pub(crate) fn changed_resources(&self, part: Part, since: Tick) -> Changed<Resource> {
        changed(&self.things, part, since, Resource::read)
    }

    /// The async ops of one part that have changed since then.
    pub(crate) fn changed_ops(&self, part: Part, since: Tick) -> Changed<AsyncOp> {
        changed(&self.ops, part, since, AsyncOp::read)
    }

    /// The resource of an async op, if it is still kept.
    pub(crate) fn resource_of(&self, op: &AsyncOp) -> Option<Resource> {
        let slot = self.things.at(op.resource_index)?;
        Resource::read(slot).filter(|resource| resource.id == op.resource)
    }

    /// A cursor at the end of what was dropped so far.
    pub(crate) fn drops(&self) -> Drops {
        Drops {
            resources: self.things.drops(),
            ops: self.ops.drops(),
        }
    }

    /// How many resources and async ops were dropped since then and are no longer kept.
    pub(crate) fn cut_since(&self, drops: Drops) -> (u64, u64) {
        (
            self.things.cut_since(drops.resources),
            self.ops.cut_since(drops.ops),
        )
    }
}

fn changed<T: Default, R>(
    slots: &Slots<T>,
    part: Part,
    since: Tick,
    read: impl Fn(&Slot<T>) -> Option<R>,
) -> Changed<R> {
    let mut items = Vec::new();
    let next = slots.for_each_changed(part, since, |slot| items.extend(read(slot)));
    Changed { items, next }
}
