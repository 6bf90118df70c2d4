//! A whole program at one moment.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AsyncOp, AsyncOpId, Coverage, Process, Resource, ResourceId, Task, TaskId, Turnover};

/// This many async ops that ended are kept of each resource: enough to tell who holds it.
pub const ENDED_OPS_KEPT: usize = 64;

/// A whole program at one moment, and what ended in it since the snapshot before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The moment, by the program's own clock.
    pub at: Timestamp,
    /// The live tasks, by id.
    pub tasks: Vec<Arc<Task>>,
    /// The tasks that finished since the snapshot before; in the first one, those that the
    /// program still remembered.
    pub finished: Vec<Arc<Task>>,
    /// The live resources, by id.
    pub resources: Vec<Arc<Resource>>,
    /// The async ops by id: the open ones, and of those that ended the newest of each
    /// resource that still lives, at most [`ENDED_OPS_KEPT`].
    pub async_ops: Vec<Arc<AsyncOp>>,
    /// What was counted at each spawn site, where the source counts the tasks that finish
    /// instead of telling them in `finished`.
    #[serde(default)]
    pub turnover: Vec<Turnover>,
    /// The process of the program, in some of the snapshots: where the source runs on the same
    /// machine and may look at it.
    #[serde(default)]
    pub process: Option<Process>,
    /// What is not shown.
    pub coverage: Coverage,
}

impl Snapshot {
    /// A snapshot of a moment at which nothing of the program is known.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self {
            at,
            tasks: Vec::new(),
            finished: Vec::new(),
            resources: Vec::new(),
            async_ops: Vec::new(),
            turnover: Vec::new(),
            process: None,
            coverage: Coverage::default(),
        }
    }

    /// The tasks that live as far as is known: those of `tasks` that have not
    /// [finished](Task::has_finished).
    pub fn live_tasks(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.tasks.iter().filter(|task| !task.has_finished())
    }

    /// The live task with this id.
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<&Arc<Task>> {
        by_id(&self.tasks, &id, |task| task.id)
    }

    /// Keeps the name of each file once, however many tasks were spawned in it.
    pub fn share_files(&mut self) {
        let mut files: HashSet<Arc<str>> = HashSet::new();
        for task in &mut self.tasks {
            let task = Arc::make_mut(task);
            let sites = [&mut task.site, &mut task.parent_site];
            for site in sites.into_iter().flatten() {
                match files.get(&site.file) {
                    Some(file) => site.file = Arc::clone(file),
                    None => {
                        files.insert(Arc::clone(&site.file));
                    }
                }
            }
        }
    }

    /// The live resource with this id.
    #[must_use]
    pub fn resource(&self, id: ResourceId) -> Option<&Arc<Resource>> {
        by_id(&self.resources, &id, |resource| resource.id)
    }

    /// What an async op is about: the resource that the program made. Tokio builds some out of
    /// others, such as a lock of a semaphore, and reports the ops of the inner one.
    #[must_use]
    pub fn resource_of(&self, op: &AsyncOp) -> Option<&Arc<Resource>> {
        let inner = self.resource(op.resource)?;
        let outer = inner.parent.and_then(|parent| self.resource(parent));
        Some(outer.unwrap_or(inner))
    }

    /// The async op with this id.
    #[must_use]
    pub fn async_op(&self, id: AsyncOpId) -> Option<&Arc<AsyncOp>> {
        by_id(&self.async_ops, &id, |op| op.id)
    }
}

fn by_id<'a, T, I: Ord>(sorted: &'a [T], id: &I, id_of: impl Fn(&T) -> I) -> Option<&'a T> {
    let index = sorted.binary_search_by_key(id, id_of).ok()?;
    sorted.get(index)
}
