//! Who spawned whom. A task that has ended is remembered for as long as a descendant lives.

use std::collections::HashMap;
use std::sync::Arc;

use pileup_model::{Site, Snapshot, Task};

use super::changes::changes;

/// A dependency's task that was spawned by another, and so on: no further than this.
const MOST_ANCESTORS: usize = 16;
/// Tasks that have ended are forgotten when there are this many more than live ones.
const MOST_ENDED: usize = 4096;

/// Where tasks were spawned, and by which task, by `tokio::task::Id`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lineage(HashMap<u64, Origin>);

#[derive(Debug, Clone, PartialEq)]
struct Origin {
    site: Option<Site>,
    parent: Option<u64>,
    parent_site: Option<Site>,
}

impl Origin {
    fn of(task: &Task) -> Self {
        Self {
            site: task.site.clone(),
            parent: task.parent,
            parent_site: task.parent_site.clone(),
        }
    }
}

impl Lineage {
    /// Takes in the tasks that are new, and forgets those that have no descendants any more.
    pub(crate) fn observe(&mut self, before: &[Arc<Task>], snapshot: &Snapshot) {
        let changed = changes(before, &snapshot.tasks, |task| task.id);
        let new = changed.filter_map(|(_, new)| new).chain(&snapshot.finished);
        for task in new {
            let Some(id) = task.tokio_id else { continue };
            let origin = Origin::of(task);
            if self.0.get(&id) != Some(&origin) {
                self.0.insert(id, origin);
            }
        }
        if self.0.len() > 2 * (snapshot.tasks.len() + MOST_ENDED) {
            self.forget(snapshot);
        }
    }

    fn forget(&mut self, snapshot: &Snapshot) {
        let mut kept = HashMap::new();
        for task in &snapshot.tasks {
            let mut next = task.tokio_id;
            for _ in 0..=MOST_ANCESTORS {
                let Some((id, origin)) = next.and_then(|id| self.0.remove_entry(&id)) else {
                    break;
                };
                next = origin.parent;
                kept.insert(id, origin);
            }
        }
        self.0 = kept;
    }

    /// The program's own spawn site from which a task comes: that of its parent, or of the
    /// nearest ancestor that no dependency spawned.
    pub(crate) fn own_ancestor<'a>(&'a self, task: &'a Task) -> Option<&'a Site> {
        let (mut parent, mut reported) = (task.parent, task.parent_site.as_ref());
        for _ in 0..MOST_ANCESTORS {
            let known = parent.and_then(|parent| self.0.get(&parent));
            let site = known.and_then(|known| known.site.as_ref()).or(reported)?;
            if !site.is_in_dependency() {
                return Some(site);
            }
            parent = known?.parent;
            reported = known?.parent_site.as_ref();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use pileup_model::{TaskId, TaskKind};

    use super::*;

    fn task(id: u64, file: &str, parent: Option<u64>) -> Task {
        Task {
            tokio_id: Some(id),
            parent,
            site: Some(Site {
                file: file.into(),
                line: 1,
                column: 1,
            }),
            ..Task::new(TaskId(id), TaskKind::Async, Timestamp::UNIX_EPOCH)
        }
    }

    fn snapshot(tasks: Vec<Task>) -> Snapshot {
        Snapshot {
            tasks: tasks.into_iter().map(Into::into).collect(),
            ..Snapshot::new(Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn a_parent_is_remembered_for_as_long_as_a_descendant_lives() {
        let library = "/home/a/.cargo/registry/src/index.crates.io-1/hyper-1.0.0/src/rt.rs";
        let mut lineage = Lineage::default();
        let first = snapshot(vec![
            task(1, "src/main.rs", None),
            task(2, library, Some(1)),
            task(3, library, Some(2)),
        ]);
        lineage.observe(&[], &first);
        // The parents end, and very many others come and go.
        let only_child = snapshot(vec![task(3, library, Some(2))]);
        lineage.observe(&first.tasks, &only_child);
        for round in 0..4 {
            let many = (0..4096).map(|id| task(10 + round * 4096 + id, "src/short.rs", None));
            let mut tasks: Vec<Task> = only_child
                .tasks
                .iter()
                .map(|task| Task::clone(task))
                .collect();
            tasks.extend(many);
            let crowd = snapshot(tasks);
            lineage.observe(&only_child.tasks, &crowd);
            lineage.observe(&crowd.tasks, &only_child);
        }
        assert!(lineage.0.len() <= 4 * MOST_ENDED, "{}", lineage.0.len());
        let own = lineage.own_ancestor(&only_child.tasks[0]);
        assert_eq!(own.map(|site| &*site.file), Some("src/main.rs"));
    }
}
