//! All resources and async ops: the live ones, and those that were dropped last.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pileup_registry::{Nanos, Tick};

use super::{AsyncOp, Life, PollOps, Resource};

/// Each part has a lock of its own: a look holds up few who make a resource, and briefly.
const PARTS: usize = 64;

/// The resources and async ops of the program.
pub(crate) struct Resources {
    next_id: AtomicU64,
    things: Box<[Mutex<Lives<Resource>>]>,
    ops: Box<[Mutex<Lives<AsyncOp>>]>,
    pub(crate) poll_ops: PollOps,
}

/// The number of a part.
pub(crate) type Part = usize;

struct Lives<T> {
    live: HashMap<u64, Arc<T>>,
    dropped: VecDeque<Arc<T>>,
    /// How many of the dropped ones are kept.
    most: usize,
    cut: u64,
    last_cut: Tick,
}

/// What a look gives.
pub(crate) struct Changed<T> {
    /// What has changed since the last look.
    pub(crate) items: Vec<Arc<T>>,
    /// How many were cut since then that the last look may not have seen.
    pub(crate) cut: u64,
    /// The next part; none after the last.
    pub(crate) next: Option<Part>,
}

/// What both kinds have.
pub(crate) trait Lived {
    fn id(&self) -> u64;
    fn life(&self) -> &Life;
}

impl Lived for Resource {
    fn id(&self) -> u64 {
        self.id
    }

    fn life(&self) -> &Life {
        &self.life
    }
}

impl Lived for AsyncOp {
    fn id(&self) -> u64 {
        self.id
    }

    fn life(&self) -> &Life {
        &self.life
    }
}

impl Resources {
    /// Keeps the last `most` that were dropped of each kind, and as many poll ops as this.
    pub(crate) fn new(most: usize, poll_ops: usize) -> Self {
        Self {
            next_id: AtomicU64::new(1),
            things: parts(most),
            ops: parts(most),
            poll_ops: PollOps::new(poll_ops),
        }
    }

    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn add_resource(&self, resource: &Arc<Resource>) {
        add(&self.things, resource);
    }

    pub(super) fn add_op(&self, op: &Arc<AsyncOp>) {
        add(&self.ops, op);
    }

    pub(super) fn drop_resource(&self, resource: &Resource, at: Nanos, now: Tick) {
        drop_one(&self.things, resource, at, now);
    }

    pub(super) fn drop_op(&self, op: &AsyncOp, at: Nanos, now: Tick) {
        drop_one(&self.ops, op, at, now);
    }

    /// The resources of one part that have changed since then.
    pub(crate) fn changed_resources(&self, part: Part, since: Tick) -> Changed<Resource> {
        changed(&self.things, part, since)
    }

    /// The async ops of one part that have changed since then.
    pub(crate) fn changed_ops(&self, part: Part, since: Tick) -> Changed<AsyncOp> {
        changed(&self.ops, part, since)
    }
}

fn parts<T>(most: usize) -> Box<[Mutex<Lives<T>>]> {
    let part = || {
        Mutex::new(Lives {
            live: HashMap::new(),
            dropped: VecDeque::new(),
            most: most.div_ceil(PARTS),
            cut: 0,
            last_cut: 0,
        })
    };
    (0..PARTS).map(|_| part()).collect()
}

fn with<T, R>(part: &Mutex<Lives<T>>, use_it: impl FnOnce(&mut Lives<T>) -> R) -> R {
    use_it(&mut part.lock().unwrap_or_else(PoisonError::into_inner))
}

fn part_of<T: Lived>(parts: &[Mutex<Lives<T>>], id: u64) -> &Mutex<Lives<T>> {
    &parts[usize::try_from(id % PARTS as u64).unwrap_or_default()]
}

fn add<T: Lived>(parts: &[Mutex<Lives<T>>], item: &Arc<T>) {
    with(part_of(parts, item.id()), |part| {
        part.live.insert(item.id(), Arc::clone(item))
    });
}

fn drop_one<T: Lived>(parts: &[Mutex<Lives<T>>], item: &T, at: Nanos, now: Tick) {
    item.life().end(at, now);
    with(part_of(parts, item.id()), |part| {
        let Some(item) = part.live.remove(&item.id()) else {
            return;
        };
        part.dropped.push_back(item);
        if part.dropped.len() > part.most
            && let Some(cut) = part.dropped.pop_front()
        {
            part.cut += 1;
            part.last_cut = cut.life().changed();
        }
    });
}

fn changed<T: Lived>(parts: &[Mutex<Lives<T>>], number: Part, since: Tick) -> Changed<T> {
    let next = (number + 1 < parts.len()).then_some(number + 1);
    let Some(part) = parts.get(number) else {
        return Changed {
            items: Vec::new(),
            cut: 0,
            next,
        };
    };
    with(part, |part| {
        let has_changed = |item: &&Arc<T>| item.life().changed() >= since;
        let mut items: Vec<Arc<T>> = part.live.values().filter(has_changed).cloned().collect();
        // What was dropped before the last look is older than all after it.
        items.extend(part.dropped.iter().rev().take_while(has_changed).cloned());
        let is_unseen = since > 0 && part.last_cut >= since;
        // Each of them counts once: for the client that looks now, and not for the next ones.
        let cut = if is_unseen {
            std::mem::take(&mut part.cut)
        } else {
            0
        };
        Changed { items, cut, next }
    })
}
