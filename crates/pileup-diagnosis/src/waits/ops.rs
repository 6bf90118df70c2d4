//! The async ops of a snapshot, sorted by what the wait-for graph asks of them.

use std::collections::{HashMap, HashSet};

use pileup_model::{AsyncOp, AsyncOpId, Resource, ResourceId, Snapshot, TaskId};

/// The async ops of a snapshot, sorted by what the wait-for graph asks of them. There may be
/// very many: they are gone through once.
pub(crate) struct Ops<'a> {
    /// Those that a task polls and that are neither dropped nor a part of another, by task
    /// and then by id.
    pub(crate) open: Vec<(TaskId, &'a AsyncOp)>,
    /// The tasks of all that are not dropped: sorted, each once.
    pub(crate) tasks: Vec<TaskId>,
    /// Resources of which guards are taken that a task can pass on.
    pub(crate) owned: HashSet<ResourceId>,
    /// Those whose part has what it requested.
    granted: HashSet<AsyncOpId>,
    /// `Acquire::new` ops that have what they requested, by the resource whose inner
    /// semaphore they act on.
    acquires: HashMap<ResourceId, Vec<&'a AsyncOp>>,
}

impl<'a> Ops<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        let mut ops = Self {
            open: Vec::new(),
            tasks: Vec::new(),
            owned: HashSet::new(),
            granted: HashSet::new(),
            acquires: HashMap::new(),
        };
        for op in &snapshot.async_ops {
            ops.add(op, snapshot);
        }
        ops.open.sort_by_key(|(task, _)| *task);
        ops.tasks.sort();
        ops.tasks.dedup();
        ops
    }

    /// Whether an open op waits no more.
    pub(crate) fn has_what_it_wants(&self, op: &AsyncOp) -> bool {
        self.granted.contains(&op.id) || (op.is_acquire() && op.was_granted())
    }

    /// The `Acquire::new` ops on a lock's inner semaphore that have what they requested,
    /// ended or not.
    pub(crate) fn acquires_of(&self, lock: &Resource) -> &[&'a AsyncOp] {
        self.acquires.get(&lock.id).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, op: &'a AsyncOp, snapshot: &Snapshot) {
        if op.gives_owned_guard() {
            self.owned.insert(op.resource);
        }
        if let (None, Some(task)) = (op.dropped_at, op.task) {
            self.tasks.push(task);
            if op.parent.is_none() {
                self.open.push((task, op));
            }
        }
        let was_granted = (op.parent.is_some() || op.is_acquire()) && op.was_granted();
        if let Some(parent) = op.parent {
            // Of several parts the newest counts.
            if was_granted {
                self.granted.insert(parent);
            } else {
                self.granted.remove(&parent);
            }
        }
        if was_granted && op.is_acquire() {
            let resource = snapshot.resource(op.resource);
            let outer = resource.and_then(|resource| resource.parent);
            let of = self.acquires.entry(outer.unwrap_or(op.resource));
            of.or_default().push(op);
        }
    }
}
