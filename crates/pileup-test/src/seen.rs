//! What a guard sees of its runtime.

use std::collections::HashSet;
use std::panic::Location;
use std::sync::Arc;

use pileup_model::{Snapshot, Task, TaskId, TaskKind};
use tokio::runtime::Handle;

use crate::watch::Watched;

/// The tasks of one runtime, less those that were there before the guard.
pub(crate) struct Seen {
    watched: Arc<Watched>,
    handle: Handle,
    before: HashSet<TaskId>,
    alive_before: usize,
}

/// What is alive at one moment.
#[derive(Debug, Default)]
pub(crate) struct Alive {
    /// The tasks that are known one by one.
    pub(crate) tasks: Vec<Task>,
    /// How many more Tokio counts.
    pub(crate) unlisted: usize,
}

impl Seen {
    /// All tasks of a runtime.
    pub(crate) fn all(watched: Arc<Watched>, handle: &Handle) -> Self {
        Self {
            watched,
            handle: handle.clone(),
            before: HashSet::new(),
            alive_before: 0,
        }
    }

    /// The tasks of a runtime that are spawned from now on.
    pub(crate) fn from_now_on(watched: Arc<Watched>, handle: &Handle) -> Self {
        let before = watched.tasks();
        Self {
            watched,
            handle: handle.clone(),
            before: before.iter().map(|task| task.id).collect(),
            alive_before: handle.metrics().num_alive_tasks(),
        }
    }

    /// The runtime.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether the runtime was made by this crate, and no task can be missed.
    pub(crate) fn sees_all(&self) -> bool {
        self.watched.sees_all()
    }

    /// What is alive now.
    pub(crate) fn alive(&self) -> Alive {
        let mut tasks = self.watched.tasks();
        tasks.retain(|task| !self.before.contains(&task.id));
        if self.watched.sees_all() {
            return Alive { tasks, unlisted: 0 };
        }
        let counted = self.handle.metrics().num_alive_tasks();
        let is_counted = |task: &Task| task.kind == TaskKind::Async;
        if counted == 0 {
            // What this thread has spawned lives on another runtime.
            tasks.retain(|task| !is_counted(task));
        }
        let listed = tasks.iter().filter(|task| is_counted(task)).count();
        let new = counted.saturating_sub(self.alive_before);
        Alive {
            tasks,
            unlisted: new.saturating_sub(listed),
        }
    }

    /// What was spawned at the line of the test itself, which is its own future.
    pub(crate) fn spawned_at(&self, at: &Location<'static>) -> Vec<Task> {
        self.watched.outside_at(at)
    }

    /// The first snapshot of a history.
    pub(crate) fn first_snapshot(&self) -> Snapshot {
        self.without_earlier(self.watched.first_snapshot())
    }

    /// All of this runtime, by where its tasks wait.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.without_earlier(self.watched.snapshot())
    }

    fn without_earlier(&self, mut snapshot: Snapshot) -> Snapshot {
        let is_new = |task: &Arc<Task>| !self.before.contains(&task.id);
        snapshot.tasks.retain(is_new);
        snapshot
    }
}

impl Alive {
    pub(crate) fn is_nothing(&self) -> bool {
        self.tasks.is_empty() && self.unlisted == 0
    }
}
