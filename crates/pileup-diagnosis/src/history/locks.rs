//! Who holds a lock, as far as it can be inferred.
//!
//! No message says who holds what. But a lock is taken by an async op, whose inner
//! `Acquire::new` has obtained what it requested when it ends. So:
//!
//! - An exclusive lock that is held is held by the task that took it last.
//! - A lock that several may hold, such as a semaphore or an `RwLock` that is read, is held by
//!   all that took it since it was last free, if they are no more than the holds; or by those of
//!   them that live, if these have taken exactly as many permits as are held.
//! - If all tasks that took it have ended, it is held by none of them: permits were forgotten,
//!   or owned guards were passed on or stored.
//!
//! This fails where the lock was taken by `try_lock`, which has no op, and where the target had
//! forgotten the op before we attached: then the holder is unknown, and is not guessed. Of a lock
//! that several may hold, and that was never seen free since whoever took it may be forgotten, only
//! readers are named that were not polled since they took it. A guard
//! can move to another task: a holder that has finished has given its guard away, or forgotten
//! it.
//!
//! No message says either how many permits a semaphore has: it is what is free at a moment
//! when none of the tasks that took one lives. If a semaphore was exhausted before that was seen,
//! its permits are with the live tasks among all that ever took one, unless some were forgotten.
//! Two cases are clear enough: there is only one such task, or none of them was polled since it
//! took its permit, so that none can have given it back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use pileup_model::{AsyncOp, ENDED_OPS_KEPT, Primitive, Resource, ResourceId, Snapshot};

use super::changes::changes;
use super::pollers::{Pollers, SeenTask};
use super::remembered::Remembered;
use super::takers::{TakenOf, Takers};

/// What a lock allows at once, and when it was last seen free.
#[derive(Debug, Clone, Default)]
pub(crate) struct LocksSeen {
    /// Since when every op that ended is known.
    remembered: Option<Remembered>,
    by_resource: HashMap<ResourceId, LockSeen>,
    /// Of semaphores that user code made.
    takers: HashMap<ResourceId, Takers>,
}

#[derive(Debug, Clone, Copy, Default)]
struct LockSeen {
    /// How many permits a semaphore has; none until a moment is seen when it is idle.
    capacity: Option<u64>,
    /// When it was last seen free.
    free_at: Option<Timestamp>,
}

/// How a lock is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// By one task, since then.
    One(SeenTask, Timestamp),
    /// By several tasks, or by one several times.
    Several(Vec<SeenTask>),
    /// By a future that was granted it, and is not polled any more.
    Granted(SeenTask, Timestamp),
    /// By none of the tasks that took it, which have all ended, the last at that time: what
    /// they took has not come back.
    Ended(Vec<SeenTask>, Timestamp),
    /// By somebody.
    Unknown,
}

impl Holder {
    /// The tasks that hold it, or that took it and have ended.
    pub(crate) fn tasks(&self) -> &[SeenTask] {
        match self {
            Self::One(task, _) | Self::Granted(task, _) => std::slice::from_ref(task),
            Self::Several(tasks) | Self::Ended(tasks, _) => tasks,
            Self::Unknown => &[],
        }
    }
}

impl LocksSeen {
    /// Takes in the next snapshot, with the ops of the one before.
    pub(crate) fn observe(
        &mut self,
        ops_before: &[Arc<AsyncOp>],
        snapshot: &Snapshot,
        pollers: &Pollers,
    ) {
        let remembered = self.remembered;
        let mut remembered = remembered.unwrap_or_else(|| Remembered::by_first(snapshot));
        let known_since = remembered.since(snapshot);
        self.remembered = Some(remembered);
        let before = std::mem::take(&mut self.by_resource);
        let mut unmeasured: HashMap<ResourceId, u64> = HashMap::new();
        for resource in &snapshot.resources {
            let known = before.get(&resource.id).copied();
            let mut seen = known.unwrap_or_default();
            // Nobody holds a lock that has just been made.
            let made = (resource.created_at >= known_since).then_some(resource.created_at);
            seen.free_at = seen.free_at.or(made);
            let free = match (resource.primitive(), seen.capacity) {
                (Primitive::Mutex { locked }, _) => locked == Some(false),
                (
                    Primitive::RwLock {
                        write_locked,
                        readers,
                    },
                    _,
                ) => write_locked == Some(false) && readers == Some(0),
                (Primitive::Semaphore { permits }, Some(capacity)) => {
                    // Permits can be added.
                    seen.capacity = permits.max(Some(capacity));
                    permits == seen.capacity && permits > Some(0)
                }
                (Primitive::Semaphore { permits }, None) => {
                    // Those inside of locks and channels are not asked about.
                    let free = permits.filter(|free| *free > 0 && !resource.is_internal);
                    unmeasured.extend(free.map(|free| (resource.id, free)));
                    false
                }
                _ => false,
            };
            if free {
                seen.free_at = Some(snapshot.at);
            }
            self.by_resource.insert(resource.id, seen);
        }
        self.measure(unmeasured, snapshot, pollers);
        self.note_takers(ops_before, snapshot, pollers);
    }

    /// Notes who took permits since the snapshot before. What was taken before a semaphore was
    /// seen free has been given back.
    fn note_takers(&mut self, ops_before: &[Arc<AsyncOp>], snapshot: &Snapshot, pollers: &Pollers) {
        let has_taken =
            |op: &Arc<AsyncOp>| op.is_acquire() && op.was_granted() && op.dropped_at.is_some();
        let mut taken = TakenOf::default();
        for (old, new) in changes(ops_before, &snapshot.async_ops, |op| op.id) {
            if let Some(op) = new.filter(|op| has_taken(op))
                && !old.is_some_and(has_taken)
                && let Some(lock) = snapshot.resource_of(op)
                && !lock.is_internal
                && matches!(lock.primitive(), Primitive::Semaphore { .. })
            {
                taken.entry(lock.id).or_default().add(op, pollers.of(op));
            }
        }
        for id in taken.keys() {
            self.takers.entry(*id).or_default();
        }
        let Self {
            takers,
            by_resource,
            ..
        } = self;
        takers.retain(|id, seen| {
            let free_at = by_resource.get(id).and_then(|lock| lock.free_at);
            if free_at == Some(snapshot.at) {
                return false;
            }
            seen.observe(taken.remove(id).unwrap_or_default(), snapshot);
            by_resource.contains_key(id)
        });
    }

    /// Notes how many permits semaphores have of which no task that is seen holds one.
    fn measure(
        &mut self,
        mut unmeasured: HashMap<ResourceId, u64>,
        snapshot: &Snapshot,
        pollers: &Pollers,
    ) {
        if unmeasured.is_empty() {
            return;
        }
        let granted = snapshot.async_ops.iter();
        for op in granted.filter(|op| op.is_acquire() && op.was_granted()) {
            let may_hold = |task: &SeenTask| task.lives(snapshot);
            if pollers.of(op).is_none_or(may_hold) {
                let inner = snapshot.resource(op.resource);
                let outer = inner.and_then(|inner| inner.parent);
                unmeasured.remove(&outer.unwrap_or(op.resource));
            }
        }
        for (lock, permits) in unmeasured {
            if let Some(seen) = self.by_resource.get_mut(&lock) {
                seen.capacity = Some(permits);
                seen.free_at = Some(snapshot.at);
            }
        }
    }

    /// Who holds a lock that somebody waits for.
    ///
    /// `granted` are the `Acquire::new` ops on the lock's inner semaphore that have what they
    /// requested, ended or not.
    pub(crate) fn holder(
        &self,
        lock: &Resource,
        granted: &[&AsyncOp],
        pollers: &Pollers,
        latest: &Snapshot,
    ) -> Holder {
        let seen = self.by_resource.get(&lock.id).copied().unwrap_or_default();
        if let Some(unpolled) = granted.iter().find(|op| op.dropped_at.is_none())
            && let Some(task) = pollers.of(unpolled)
        {
            return Holder::Granted(task.clone(), unpolled.created_at);
        }
        // Whatever was taken before the lock was last seen free has been given back.
        let taken = granted.iter().filter_map(|op| {
            let at = op.dropped_at?;
            let later = seen.free_at.is_none_or(|free| at > free);
            later.then_some((at, *op))
        });
        let mut taken: Vec<(Timestamp, &AsyncOp)> = taken.collect();
        taken.sort_by_key(|(at, op)| (*at, op.id));
        let Some((at, newest)) = taken.last() else {
            return Holder::Unknown;
        };
        let exclusive = match lock.primitive() {
            Primitive::Mutex { .. } => true,
            Primitive::RwLock { write_locked, .. } => write_locked == Some(true),
            _ => seen.capacity == Some(1),
        };
        if exclusive {
            return match pollers.of(newest) {
                Some(task) => Holder::One(task.clone(), *at),
                None => Holder::Unknown,
            };
        }
        let all_ended = self.takers.get(&lock.id).and_then(Takers::all_ended);
        if let Some((ended, newest)) = all_ended
            && (seen.free_at.is_some() || is_wanted_by_one(lock, latest))
        {
            return Holder::Ended(ended.iter().cloned().collect(), newest);
        }
        several(lock, seen, &taken, pollers, latest)
    }
}

/// The holders of a lock that several may hold, of those that took it since it was free.
fn several(
    lock: &Resource,
    seen: LockSeen,
    taken: &[(Timestamp, &AsyncOp)],
    pollers: &Pollers,
    latest: &Snapshot,
) -> Holder {
    // Of each task what it took last.
    let mut takers: BTreeMap<&SeenTask, (Timestamp, u64)> = BTreeMap::new();
    for (at, op) in taken {
        let Some(task) = pollers.of(op) else {
            return Holder::Unknown;
        };
        takers.insert(task, (*at, permits(op)));
    }
    // Older takers may have been forgotten.
    let is_complete = taken.len() < ENDED_OPS_KEPT;
    let was_free = seen.free_at.is_some();
    let newest = takers.values().map(|(at, _)| *at).max();
    let is_semaphore = matches!(lock.primitive(), Primitive::Semaphore { .. });
    if let Some(newest) = newest
        .filter(|_| is_complete && (was_free || (is_semaphore && is_wanted_by_one(lock, latest))))
        && !takers.keys().any(|task| task.lives(latest))
    {
        return Holder::Ended(takers.into_keys().cloned().collect(), newest);
    }
    let is_exhausted = is_semaphore && lock.free_permits() == Some(0);
    if is_exhausted && seen.capacity.is_none() && was_free && is_complete {
        return holders_of_all(&takers, latest);
    }
    let Some(held) = held(lock, seen).filter(|held| *held > 0) else {
        return Holder::Unknown;
    };
    if !was_free {
        // Others, who took it before, may have been forgotten.
        return if is_semaphore {
            Holder::Unknown
        } else {
            still_readers(&takers, latest)
        };
    }
    let permits = |op: &AsyncOp| if is_semaphore { permits(op) } else { 1 };
    let all_taken: u64 = taken.iter().map(|(_, op)| permits(op)).sum();
    if all_taken <= held || takers.len() == 1 {
        return Holder::Several(takers.into_keys().cloned().collect());
    }
    let live = || takers.iter().filter(|(task, _)| task.lives(latest));
    let taken_by_live: u64 = live().map(|(_, (_, permits))| permits).sum();
    if is_complete && taken_by_live == held {
        return Holder::Several(live().map(|(task, _)| SeenTask::clone(task)).collect());
    }
    Holder::Unknown
}

/// Of the readers of an `RwLock`, those that cannot have given it back, as they were not polled
/// since they took it. A writer waits for each of them, whoever else reads.
fn still_readers(takers: &BTreeMap<&SeenTask, (Timestamp, u64)>, latest: &Snapshot) -> Holder {
    let still_reads = |taker: &&SeenTask, taken: Timestamp| {
        let task = latest.task(taker.id).filter(|_| taker.lives(latest));
        task.is_some_and(|task| task.polls.last_started <= Some(taken))
    };
    let readers = takers.iter();
    let readers = readers.filter(|(taker, (taken, _))| still_reads(taker, *taken));
    let readers: Vec<SeenTask> = readers.map(|(taker, _)| SeenTask::clone(taker)).collect();
    if readers.is_empty() {
        return Holder::Unknown;
    }
    Holder::Several(readers)
}

/// Whether each op that waits for permits of a semaphore wants but one. Then the permits of the task
/// that took them last have not come back, whoever else may hold some: the first in the queue would
/// have taken them.
fn is_wanted_by_one(lock: &Resource, latest: &Snapshot) -> bool {
    let ops = latest.async_ops.iter();
    let mut waiting = ops.filter(|op| {
        op.is_acquire()
            && op.dropped_at.is_none()
            && latest.resource_of(op).is_some_and(|of| of.id == lock.id)
    });
    waiting.all(|op| permits(op) == 1)
}

/// How many permits an op of a semaphore wants or has taken.
fn permits(op: &AsyncOp) -> u64 {
    op.permits_requested().unwrap_or(1)
}

/// The holders of all permits of a semaphore, of those that ever took one.
fn holders_of_all(takers: &BTreeMap<&SeenTask, (Timestamp, u64)>, latest: &Snapshot) -> Holder {
    let mut live = Vec::new();
    let mut were_polled = false;
    for (taker, (taken, _)) in takers {
        if let Some(task) = latest.task(taker.id).filter(|_| taker.lives(latest)) {
            live.push(SeenTask::clone(taker));
            were_polled |= task.polls.last_started > Some(*taken);
        }
    }
    if live.is_empty() || (live.len() > 1 && were_polled) {
        return Holder::Unknown;
    }
    Holder::Several(live)
}

/// How often a lock that several may hold is held, if that is known.
fn held(lock: &Resource, seen: LockSeen) -> Option<u64> {
    match lock.primitive() {
        Primitive::RwLock { readers, .. } => readers,
        _ => seen.capacity?.checked_sub(lock.free_permits()?),
    }
}
