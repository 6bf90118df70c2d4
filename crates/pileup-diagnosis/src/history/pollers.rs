//! Who polled an async op: a task that may be gone by now, and whose id another may have.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use pileup_model::{AsyncOp, AsyncOpId, Site, Snapshot, Task, TaskId};
use serde::{Deserialize, Serialize};

use super::changes::changes;

/// A task that was seen once, alive or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeenTask {
    /// Its id in the console protocol.
    pub id: TaskId,
    /// When it was spawned.
    pub born: Timestamp,
    /// Where it was spawned.
    pub site: Option<Site>,
}

impl SeenTask {
    /// What is remembered of a task.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        Self {
            id: task.id,
            born: task.created_at,
            site: task.site.clone(),
        }
    }

    /// Whether it is alive in a snapshot.
    pub(crate) fn lives(&self, snapshot: &Snapshot) -> bool {
        let known = snapshot.task(self.id);
        known.is_some_and(|known| known.created_at == self.born)
    }
}

/// Of each async op, the task that polled it last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pollers {
    by_op: HashMap<AsyncOpId, SeenTask>,
    /// Ops that were polled by a task that has not been seen.
    unseen: BTreeSet<AsyncOpId>,
}

impl Pollers {
    /// Finds the tasks of new ops among the live tasks and those that have just finished.
    pub(crate) fn observe(&mut self, before: &[Arc<AsyncOp>], snapshot: &Snapshot) {
        let finished: HashMap<TaskId, &Arc<Task>> = snapshot
            .finished
            .iter()
            .map(|task| (task.id, task))
            .collect();
        let unseen = std::mem::take(&mut self.unseen);
        for (old, new) in changes(before, &snapshot.async_ops, |op| op.id) {
            let known = old.and_then(|old| self.by_op.remove(&old.id));
            if let Some(op) = new {
                self.find(op, known, snapshot, &finished);
            }
        }
        for id in unseen {
            if !self.by_op.contains_key(&id)
                && let Some(op) = snapshot.async_op(id)
            {
                self.find(op, None, snapshot, &finished);
            }
        }
    }

    fn find(
        &mut self,
        op: &AsyncOp,
        known: Option<SeenTask>,
        snapshot: &Snapshot,
        finished: &HashMap<TaskId, &Arc<Task>>,
    ) {
        let Some(id) = op.task else { return };
        let seen = known.filter(|known| known.id == id).or_else(|| {
            let candidates = [snapshot.task(id), finished.get(&id).copied()];
            let polled = candidates
                .into_iter()
                .flatten()
                .find(|task| could_poll(task, op))?;
            Some(SeenTask::of(polled))
        });
        match seen {
            Some(seen) => _ = self.by_op.insert(op.id, seen),
            None => _ = self.unseen.insert(op.id),
        }
    }

    /// The task that polled an op last, if it was ever seen.
    pub(crate) fn of(&self, op: &AsyncOp) -> Option<&SeenTask> {
        self.by_op.get(&op.id)
    }
}

/// Whether a task lived at the same time as an op: another that got its id did not.
fn could_poll(task: &Task, op: &AsyncOp) -> bool {
    let born_in_time = op.dropped_at.is_none_or(|end| task.created_at <= end);
    let alive_then = task.finished_at.is_none_or(|end| end >= op.created_at);
    born_in_time && alive_then
}
