//! Who waits for what, and who holds it: task → open async op → resource → holder.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use pileup_model::{
    AsyncOp, ENDED_OPS_KEPT, Primitive, Resource, ResourceId, Site, Snapshot, Task, TaskId,
    TaskKind, TaskState, WaitKind,
};

use super::ops::Ops;
use crate::facts::WaitFor;
use crate::history::{History, Holder, SeenTask};

/// One wait of one task.
#[derive(Debug, Clone)]
pub(crate) struct Wait<'a> {
    pub(crate) task: &'a SeenTask,
    pub(crate) kind: WaitKind,
    /// What it waits for: what user code made, or the inner part of a channel.
    pub(crate) resource: &'a Resource,
    /// Since when it waits so, and was not polled for any other reason.
    pub(crate) since: Timestamp,
}

impl Wait<'_> {
    /// What it waits for, as evidence has it.
    pub(crate) fn what(&self) -> WaitFor {
        WaitFor {
            kind: self.kind,
            made_at: self.resource.site.clone(),
        }
    }
}

/// All waits of one moment, with the holders of what is waited for.
///
/// Tens of thousands of tasks may wait for one lock: what concerns the lock is kept once.
#[derive(Debug)]
pub(crate) struct WaitGraph<'a> {
    /// Waits for what is not there yet, by task.
    waits: Vec<Wait<'a>>,
    /// The task of each wait, apart: to search it touches little memory.
    waiting: Vec<TaskId>,
    locks: HashMap<ResourceId, Lock>,
    /// Locks of which guards are taken that a task can pass on.
    owned: HashSet<ResourceId>,
    /// Tasks with an open async op: sorted, each once.
    in_ops: Vec<TaskId>,
    /// Groups of tasks that wait for one another, or for themselves.
    cycles: Vec<Vec<TaskId>>,
}

/// What is known of a lock that is waited for.
#[derive(Debug)]
struct Lock {
    holder: Holder,
    /// Those who hold it and are alive.
    live: Vec<TaskId>,
    /// Where the tasks were spawned that have taken it, and how often they did; none where
    /// some of them are not known.
    taken_by: Option<TakenBy>,
}

/// Who has taken a lock so far.
#[derive(Debug)]
struct TakenBy {
    sites: BTreeSet<Option<Site>>,
    times: usize,
}

impl<'a> WaitGraph<'a> {
    /// The graph of the latest snapshot.
    pub(crate) fn of(history: &'a History) -> Self {
        let mut graph = Self {
            waits: Vec::new(),
            waiting: Vec::new(),
            locks: HashMap::new(),
            owned: HashSet::new(),
            in_ops: Vec::new(),
            cycles: Vec::new(),
        };
        let Some(latest) = history.latest() else {
            return graph;
        };
        let ops = Ops::of(latest);
        let mut tasks = latest.tasks.iter().peekable();
        for (id, op) in &ops.open {
            // Both are in the order of the tasks.
            while tasks.next_if(|task| task.id < *id).is_some() {}
            if let Some(task) = tasks.peek().filter(|task| task.id == *id)
                && let Some(wait) = wait(op, task, latest, &ops, history)
            {
                graph.waits.push(wait);
            }
        }
        graph.waiting = graph.waits.iter().map(|wait| wait.task.id).collect();
        for wait in graph.waits.iter().filter(|wait| wait.kind.is_lock()) {
            graph.locks.entry(wait.resource.id).or_insert_with(|| {
                let acquires = ops.acquires_of(wait.resource);
                Lock {
                    taken_by: taken_by(acquires, history),
                    ..Lock::new(history.holder(wait.resource, acquires), latest)
                }
            });
        }
        graph.owned = ops.owned;
        graph.in_ops = ops.tasks;
        graph.cycles = graph.find_cycles();
        graph
    }

    /// All waits, by task.
    pub(crate) fn waits(&self) -> &[Wait<'a>] {
        &self.waits
    }

    /// What a task waits for.
    pub(crate) fn waits_of(&self, task: TaskId) -> &[Wait<'a>] {
        let from = self.waiting.partition_point(|waiting| *waiting < task);
        let waits = self.waits.get(from..).unwrap_or_default();
        let until = waits.iter().take_while(|wait| wait.task.id == task).count();
        &waits[..until]
    }

    /// Tasks with an open async op, which may have what it wants: sorted, each once.
    pub(crate) fn tasks_in_ops(&self) -> &[TaskId] {
        &self.in_ops
    }

    /// Who holds a lock that is waited for.
    pub(crate) fn holder(&self, lock: &Resource) -> &Holder {
        let known = self.locks.get(&lock.id);
        known.map_or(&Holder::Unknown, |known| &known.holder)
    }

    /// Whether the holder may have passed its guard on, unseen: a task that took a lock by
    /// `lock_owned`, `acquire_owned` or their like can give the guard to another task, or
    /// store it. A guard that borrows the lock stays where it was taken.
    pub(crate) fn may_be_passed_on(&self, lock: &Resource) -> bool {
        self.owned.contains(&lock.id) && !matches!(self.holder(lock), Holder::Granted(..))
    }

    /// Whether only tasks of these sites have ever taken a lock, and one of them gave it back:
    /// it was taken more than once.
    pub(crate) fn is_shared_among(&self, lock: &Resource, sites: &BTreeSet<Option<Site>>) -> bool {
        let lock = self.locks.get(&lock.id);
        let taken_by = lock.and_then(|lock| lock.taken_by.as_ref());
        taken_by.is_some_and(|by| by.times > 1 && by.sites.is_subset(sites))
    }

    /// The tasks on which a task waits directly: the live holders of what it waits for.
    /// One that holds several of these is there several times.
    fn blockers(&self, task: TaskId) -> impl Iterator<Item = TaskId> {
        let waits = self.waits_of(task).iter();
        waits.flat_map(|wait| self.live_holders(wait)).copied()
    }

    /// The live tasks that hold what a task waits for.
    pub(crate) fn live_holders(&self, wait: &Wait) -> &[TaskId] {
        let lock = self.locks.get(&wait.resource.id);
        lock.map_or(&[], |lock| &lock.live)
    }

    /// The tasks at the end of all chains that start at a task: whom it waits for in the end.
    /// Empty when it waits for nobody that is known, or only for tasks in a cycle.
    pub(crate) fn roots(&self, task: TaskId) -> BTreeSet<TaskId> {
        let mut roots = BTreeSet::new();
        let mut met = HashSet::from([task]);
        let mut next: Vec<TaskId> = self.blockers(task).collect();
        while let Some(blocker) = next.pop() {
            if !met.insert(blocker) {
                continue;
            }
            let mut further = self.blockers(blocker).peekable();
            if further.peek().is_none() {
                roots.insert(blocker);
            }
            next.extend(further);
        }
        roots
    }

    /// Groups of tasks that wait for one another, or for themselves.
    pub(crate) fn cycles(&self) -> &[Vec<TaskId>] {
        &self.cycles
    }

    fn find_cycles(&self) -> Vec<Vec<TaskId>> {
        // Whoever waits for nobody closes no cycle.
        let waiting_holders: HashMap<ResourceId, Vec<TaskId>> = self
            .locks
            .iter()
            .map(|(id, lock)| {
                let live = lock.live.iter().copied();
                let waiting = live.filter(|holder| self.blockers(*holder).next().is_some());
                (*id, waiting.collect())
            })
            .collect();
        let mut graph = DiGraphMap::<TaskId, ()>::new();
        for wait in &self.waits {
            for holder in waiting_holders.get(&wait.resource.id).into_iter().flatten() {
                graph.add_edge(wait.task.id, *holder, ());
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
        for wait in &self.waits {
            for holder in self.live_holders(wait) {
                blocked_by.entry(*holder).or_default().push(wait.task.id);
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

impl Lock {
    fn new(holder: Holder, latest: &Snapshot) -> Self {
        let holders = holder.tasks().iter();
        let live = holders.filter(|holder| holder.lives(latest));
        Self {
            live: live.map(|holder| holder.id).collect(),
            holder,
            taken_by: None,
        }
    }
}

fn taken_by(acquires: &[&AsyncOp], history: &History) -> Option<TakenBy> {
    let sites = acquires
        .iter()
        .map(|op| history.poller(op).map(|task| task.site.clone()))
        .collect::<Option<BTreeSet<_>>>()?;
    // Of more, the first are forgotten.
    (acquires.len() < ENDED_OPS_KEPT).then_some(TakenBy {
        sites,
        times: acquires.len(),
    })
}

/// The wait of a task that an open op is, unless the task has gone on.
///
/// A `Sleep` is no such wait: it ends by itself, and nobody holds it.
fn wait<'a>(
    op: &AsyncOp,
    task: &Task,
    snapshot: &'a Snapshot,
    ops: &Ops,
    history: &'a History,
) -> Option<Wait<'a>> {
    let blocked = task.state() == Some(TaskState::Idle)
        || (task.kind == TaskKind::Blocking && task.state() == Some(TaskState::Running));
    if !blocked || ops.has_what_it_wants(op) {
        return None;
    }
    let seen = history.poller(op)?;
    if seen.id != task.id || seen.born != task.created_at {
        return None;
    }
    let resource = snapshot.resource_of(op)?;
    if matches!(
        resource.primitive(),
        Primitive::Oneshot { answered: true } | Primitive::Timer { .. }
    ) {
        return None;
    }
    Some(Wait {
        task: seen,
        kind: WaitKind::of(op, resource),
        resource,
        since: op.created_at.max(task.last_active()),
    })
}
