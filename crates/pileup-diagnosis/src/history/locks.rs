//! Who holds a lock, as far as it can be inferred.
//!
//! No message says who holds what. But a lock is taken by an async op, whose inner
//! `Acquire::new` has obtained what it requested when it ends; and an exclusive lock that is
//! held is held by whoever took it last. This fails where the lock was taken by `try_lock`,
//! which has no op, and where the target had forgotten the op before we attached: then the
//! holder is unknown, and is not guessed. A guard can move to another task: a holder that
//! has finished has given its guard away, or forgotten it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use pileup_model::{AsyncOp, Primitive, Resource, ResourceId, Snapshot};

use super::pollers::{Pollers, SeenTask};

/// What a lock allows at once, and when it was last seen free.
#[derive(Debug, Clone, Default)]
pub(crate) struct LocksSeen {
    started: Option<Timestamp>,
    by_resource: HashMap<ResourceId, LockSeen>,
}

#[derive(Debug, Clone, Copy, Default)]
struct LockSeen {
    /// The most permits ever seen free.
    capacity: u64,
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
    /// By somebody.
    Unknown,
}

impl Holder {
    /// The tasks that hold it.
    pub(crate) fn tasks(&self) -> &[SeenTask] {
        match self {
            Self::One(task, _) | Self::Granted(task, _) => std::slice::from_ref(task),
            Self::Several(tasks) => tasks,
            Self::Unknown => &[],
        }
    }
}

impl LocksSeen {
    pub(crate) fn observe(&mut self, snapshot: &Snapshot) {
        let started = *self.started.get_or_insert(snapshot.at);
        let before = std::mem::take(&mut self.by_resource);
        for resource in &snapshot.resources {
            let known = before.get(&resource.id).copied();
            let mut seen = known.unwrap_or_else(|| LockSeen {
                // Nobody holds a lock that has just been made.
                free_at: (resource.created_at >= started).then_some(resource.created_at),
                ..LockSeen::default()
            });
            let permits = resource.free_permits();
            seen.capacity = seen.capacity.max(permits.unwrap_or_default());
            let free = match resource.primitive() {
                Primitive::Mutex { locked } => locked == Some(false),
                Primitive::RwLock {
                    write_locked,
                    readers,
                } => write_locked == Some(false) && readers == Some(0),
                _ => permits.is_some_and(|permits| permits == seen.capacity),
            };
            if free {
                seen.free_at = Some(snapshot.at);
            }
            self.by_resource.insert(resource.id, seen);
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
            _ => seen.capacity == 1,
        };
        if exclusive {
            return match pollers.of(newest) {
                Some(task) => Holder::One(task.clone(), *at),
                None => Holder::Unknown,
            };
        }
        several(lock, seen, &taken, pollers)
    }
}

/// The holders of a lock that several may hold: known if all that took it must still hold
/// it, or if one and the same task alone has taken it since it was seen free.
fn several(
    lock: &Resource,
    seen: LockSeen,
    taken: &[(Timestamp, &AsyncOp)],
    pollers: &Pollers,
) -> Holder {
    let held = match lock.primitive() {
        Primitive::RwLock { readers, .. } => readers.unwrap_or_default(),
        _ => seen
            .capacity
            .saturating_sub(lock.free_permits().unwrap_or_default()),
    };
    let tasks: Option<HashSet<&SeenTask>> = taken.iter().map(|(_, op)| pollers.of(op)).collect();
    match tasks {
        Some(tasks)
            if held > 0
                && (taken.len() as u64 <= held || (tasks.len() == 1 && seen.free_at.is_some())) =>
        {
            let mut tasks: Vec<SeenTask> = tasks.into_iter().cloned().collect();
            tasks.sort();
            Holder::Several(tasks)
        }
        _ => Holder::Unknown,
    }
}
