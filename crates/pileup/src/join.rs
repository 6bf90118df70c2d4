//! One program seen by its console and by its probe.

use std::collections::HashSet;
use std::sync::Arc;

use pileup::{Site, Snapshot, TaskId};

/// No console counts that far: ids of tasks that only the probe knows begin here.
const FROM_PROBE: u64 = 1 << 63;

/// What a console tells, and the tasks that it withholds or has not told yet from the probe:
/// the same where Tokio's id is. The probe's counts stand for the tasks that finished.
pub fn join(mut console: Snapshot, probe: &Snapshot) -> Snapshot {
    let known: HashSet<u64> = console
        .tasks
        .iter()
        .filter_map(|task| task.tokio_id)
        .collect();
    let counted: HashSet<&Site> = probe.turnover.iter().map(|counted| &counted.site).collect();
    let is_counted = |site: Option<&Site>| site.is_some_and(|site| counted.contains(site));
    console
        .finished
        .retain(|task| !is_counted(task.site.as_ref()));

    let unknown = probe.tasks.iter().filter(|task| {
        task.created_at <= console.at && task.tokio_id.is_some_and(|id| !known.contains(&id))
    });
    let unknown: Vec<_> = unknown
        .map(|task| {
            let mut task = Arc::clone(task);
            let id = task.id.0 | FROM_PROBE;
            Arc::make_mut(&mut task).id = TaskId(id);
            task
        })
        .collect();
    // Both are in the order of their ids, and these come after all others.
    console.tasks.extend(unknown);
    console.turnover.clone_from(&probe.turnover);
    console
}

#[cfg(test)]
mod tests {
    use pileup::Task;
    use pileup_model::{Coverage, TaskKind, Turnover, Wakers};

    use super::*;

    fn task(id: u64, tokio_id: u64, wakers: Option<Wakers>) -> Arc<Task> {
        Arc::new(Task {
            tokio_id: Some(tokio_id),
            site: Some(site()),
            wakers,
            ..Task::new(TaskId(id), TaskKind::Async, jiff::Timestamp::UNIX_EPOCH)
        })
    }

    fn site() -> Site {
        Site {
            file: "src/orders.rs".into(),
            line: 40,
            column: 5,
        }
    }

    fn snapshot(tasks: Vec<Arc<Task>>, finished: Vec<Arc<Task>>) -> Snapshot {
        Snapshot {
            at: jiff::Timestamp::UNIX_EPOCH,
            tasks,
            finished,
            resources: Vec::new(),
            async_ops: Vec::new(),
            turnover: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    #[test]
    fn a_task_that_both_know_is_the_consoles_and_the_others_are_the_probes() {
        let wakers = Some(Wakers::default());
        let console = snapshot(vec![task(1, 71, wakers)], vec![task(2, 70, wakers)]);
        let mut probe = snapshot(vec![task(71, 71, None), task(72, 72, None)], Vec::new());
        probe.turnover.push(Turnover {
            site: site(),
            spawned: 3,
            finished: Vec::new(),
        });
        let joined = join(console, &probe);
        let ids: Vec<_> = joined
            .tasks
            .iter()
            .map(|task| (task.tokio_id, task.wakers))
            .collect();
        assert_eq!(ids, [(Some(71), wakers), (Some(72), None)]);
        assert!(joined.finished.is_empty(), "the probe has counted it");
        assert_eq!(joined.turnover, probe.turnover);
        assert!(joined.tasks.is_sorted_by_key(|task| task.id));
    }
}
