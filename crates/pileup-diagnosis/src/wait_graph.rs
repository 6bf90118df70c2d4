//! Who waits for what, and who holds it: task → open async op → resource → holder.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use pileup_model::{
    AsyncOp, AsyncOpId, Resource, ResourceId, Site, Snapshot, Task, TaskId, TaskKind, TaskState,
};
use serde::{Deserialize, Serialize};

use crate::History;
use crate::locks::{Holder, flag, was_granted};
use crate::pollers::SeenTask;

/// What kind of thing a task waits for.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// To lock a `Mutex`.
    Mutex,
    /// To lock an `RwLock`, for reading or for writing.
    RwLock,
    /// To acquire permits of a `Semaphore`.
    Semaphore,
    /// For another task to initialise a `OnceCell`.
    OnceCell,
    /// To send into a bounded channel that is full.
    ChannelSend,
    /// To receive from a oneshot channel.
    Oneshot,
    /// For others to arrive at a `Barrier`.
    Barrier,
    /// For the next tick of an `Interval`.
    Interval,
    /// For something that this version does not know.
    Other,
}

impl WaitKind {
    /// Whether what is waited for is held by somebody.
    pub(crate) fn is_lock(self) -> bool {
        matches!(
            self,
            Self::Mutex | Self::RwLock | Self::Semaphore | Self::OnceCell
        )
    }
}

/// One wait of one task.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    pub(crate) task: SeenTask,
    pub(crate) kind: WaitKind,
    /// What it waits for: what user code made, or the inner part of a channel.
    pub(crate) resource: Arc<Resource>,
    pub(crate) since: Timestamp,
}

/// All waits of one moment, with the holders of what is waited for.
#[derive(Debug)]
pub(crate) struct WaitGraph {
    /// Waits for what is not there yet, by task.
    pub(crate) waits: BTreeMap<TaskId, Vec<Wait>>,
    holders: HashMap<ResourceId, Holder>,
    /// Locks of which guards are taken that a task can pass on.
    owned: HashSet<ResourceId>,
    blockers: BTreeMap<TaskId, Vec<TaskId>>,
}

impl WaitGraph {
    /// The graph of the latest snapshot.
    pub(crate) fn of(history: &History) -> Self {
        let mut graph = Self {
            waits: BTreeMap::new(),
            holders: HashMap::new(),
            owned: HashSet::new(),
            blockers: BTreeMap::new(),
        };
        let Some(latest) = history.latest() else {
            return graph;
        };
        let tasks: HashMap<TaskId, &Task> = latest
            .tasks
            .iter()
            .map(|task| (task.id, task.as_ref()))
            .collect();
        let ops = Ops::of(latest);
        let owned = latest.async_ops.iter().filter(|op| takes_owned_guard(op));
        graph.owned = owned.map(|op| op.resource).collect();
        for op in &latest.async_ops {
            if let Some(wait) = wait(op, latest, &tasks, &ops, history) {
                // Most tasks wait for one thing; a list that grows by itself has room for four.
                let waits = graph.waits.entry(wait.task.id);
                waits.or_insert_with(|| Vec::with_capacity(1)).push(wait);
            }
        }
        for wait in graph.waits.values().flatten() {
            if wait.kind.is_lock() {
                graph.holders.entry(wait.resource.id).or_insert_with(|| {
                    history.holder(&wait.resource, ops.acquires_of(&wait.resource))
                });
            }
        }
        for (task, waits) in &graph.waits {
            let holders = waits
                .iter()
                .flat_map(|wait| graph.holder(&wait.resource).tasks());
            let mut living: Vec<TaskId> = holders
                .filter(|holder| lives(holder, latest))
                .map(|holder| holder.id)
                .collect();
            living.sort_unstable();
            living.dedup();
            if !living.is_empty() {
                graph.blockers.insert(*task, living);
            }
        }
        graph
    }

    /// Who holds a lock that is waited for.
    pub(crate) fn holder(&self, lock: &Resource) -> &Holder {
        self.holders.get(&lock.id).unwrap_or(&Holder::Unknown)
    }

    /// Whether the holder may have passed its guard on, unseen: a task that took a lock by
    /// `lock_owned`, `acquire_owned` or their like can give the guard to another task, or
    /// store it. A guard that borrows the lock stays where it was taken.
    pub(crate) fn may_be_passed_on(&self, lock: &Resource) -> bool {
        self.owned.contains(&lock.id) && !matches!(self.holder(lock), Holder::Granted(..))
    }

    /// The tasks on which a task waits directly: the living holders of what it waits for.
    pub(crate) fn blockers(&self, task: TaskId) -> &[TaskId] {
        self.blockers.get(&task).map_or(&[], Vec::as_slice)
    }

    /// The tasks at the end of all chains that start at a task: whom it waits for in the end.
    /// Empty when it waits for nobody that is known, or only for tasks in a cycle.
    pub(crate) fn roots(&self, task: TaskId) -> BTreeSet<TaskId> {
        let mut roots = BTreeSet::new();
        let mut met = HashSet::from([task]);
        let mut next = self.blockers(task).to_vec();
        while let Some(blocker) = next.pop() {
            if !met.insert(blocker) {
                continue;
            }
            match self.blockers(blocker) {
                [] => _ = roots.insert(blocker),
                further => next.extend(further),
            }
        }
        roots
    }

    /// Groups of tasks that wait for one another, or for themselves.
    pub(crate) fn cycles(&self) -> Vec<Vec<TaskId>> {
        let mut graph = DiGraphMap::<TaskId, ()>::new();
        for (task, blockers) in &self.blockers {
            // Whoever waits for nobody closes no circle.
            let waiting = blockers
                .iter()
                .filter(|blocker| self.blockers.contains_key(blocker));
            for blocker in waiting {
                graph.add_edge(*task, *blocker, ());
            }
        }
        let mut cycles: Vec<Vec<TaskId>> = tarjan_scc(&graph)
            .into_iter()
            .filter(|group| group.len() > 1 || graph.contains_edge(group[0], group[0]))
            .collect();
        for cycle in &mut cycles {
            cycle.sort_unstable();
        }
        cycles.sort_unstable();
        cycles
    }

    /// All tasks that wait for one of these, for one that waits for one of these, and so on.
    pub(crate) fn behind(&self, tasks: &HashSet<TaskId>) -> HashSet<TaskId> {
        let mut blocked_by: HashMap<TaskId, Vec<TaskId>> = HashMap::new();
        for (task, blockers) in &self.blockers {
            for blocker in blockers {
                blocked_by.entry(*blocker).or_default().push(*task);
            }
        }
        let mut behind = HashSet::new();
        let mut next: Vec<TaskId> = tasks.iter().copied().collect();
        while let Some(blocker) = next.pop() {
            for blocked in blocked_by.get(&blocker).into_iter().flatten() {
                if !tasks.contains(blocked) && behind.insert(*blocked) {
                    next.push(*blocked);
                }
            }
        }
        behind
    }
}

/// Whether a task that was seen once is alive.
pub(crate) fn lives(task: &SeenTask, latest: &Snapshot) -> bool {
    let known = latest.task(task.id);
    known.is_some_and(|known| known.created_at == task.born)
}

/// The ops of a snapshot, by what they belong to.
struct Ops<'a> {
    child_of: HashMap<AsyncOpId, &'a AsyncOp>,
    /// `Acquire::new` ops, by the resource whose inner semaphore they act on.
    acquires: HashMap<ResourceId, Vec<&'a AsyncOp>>,
}

impl<'a> Ops<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let mut ops = Self {
            child_of: HashMap::with_capacity(snapshot.async_ops.len()),
            acquires: HashMap::new(),
        };
        for op in &snapshot.async_ops {
            if let Some(parent) = op.parent {
                ops.child_of.insert(parent, op);
            }
            if &*op.source == "Acquire::new" {
                let resource = snapshot.resource(op.resource);
                let outer = resource.and_then(|resource| resource.parent);
                let of = ops.acquires.entry(outer.unwrap_or(op.resource));
                of.or_default().push(op);
            }
        }
        ops
    }

    fn acquires_of(&self, lock: &Resource) -> &[&'a AsyncOp] {
        self.acquires.get(&lock.id).map_or(&[], Vec::as_slice)
    }
}

/// The wait that an op is, unless it has ended, has what it wanted, or is a part of another.
fn wait(
    op: &AsyncOp,
    snapshot: &Snapshot,
    tasks: &HashMap<TaskId, &Task>,
    ops: &Ops,
    history: &History,
) -> Option<Wait> {
    if op.dropped_at.is_some() || op.parent.is_some() {
        return None;
    }
    let seen = history.poller(op)?;
    let task = tasks.get(&seen.id)?;
    let blocked = task.state() == Some(TaskState::Idle)
        || (task.kind == TaskKind::Blocking && task.state() == Some(TaskState::Running));
    if task.created_at != seen.born || !blocked {
        return None;
    }
    let inner = snapshot.resource(op.resource)?;
    let outer = inner.parent.and_then(|parent| snapshot.resource(parent));
    let resource = outer.unwrap_or(inner);
    let acquire = ops.child_of.get(&op.id).copied();
    let has_it = |acquire: &AsyncOp| was_granted(acquire);
    if acquire.is_some_and(has_it) || (&*op.source == "Acquire::new" && has_it(op)) {
        return None;
    }
    let kind = match (&*op.source, &*resource.concrete_type) {
        (_, "Mutex") => WaitKind::Mutex,
        (_, "RwLock") => WaitKind::RwLock,
        ("Acquire::new", "Semaphore") if resource.is_internal => WaitKind::ChannelSend,
        (_, "Semaphore") if is_once_cell(resource.site.as_ref()) => WaitKind::OnceCell,
        (_, "Semaphore") => WaitKind::Semaphore,
        ("Receiver::await", _) => {
            let answered = flag(resource, "value_sent") == Some(true)
                || flag(resource, "tx_dropped") == Some(true);
            if answered {
                return None;
            }
            WaitKind::Oneshot
        }
        ("Barrier::wait", _) => WaitKind::Barrier,
        ("Interval::tick", _) => WaitKind::Interval,
        _ => WaitKind::Other,
    };
    Some(Wait {
        task: seen.clone(),
        kind,
        resource: Arc::clone(resource),
        since: op.created_at,
    })
}

fn takes_owned_guard(op: &AsyncOp) -> bool {
    op.source.ends_with("_owned")
}

/// A `OnceCell` shows as a semaphore that Tokio itself made.
fn is_once_cell(site: Option<&Site>) -> bool {
    site.is_some_and(|site| site.is_in_dependency() && site.file.ends_with("once_cell.rs"))
}
