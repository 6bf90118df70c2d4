//! One program seen by its console and by its probe.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::{Site, Snapshot, Task, TaskId};
use jiff::Timestamp;
use pileup_model::elapsed;

/// No console counts that far: ids of tasks that only the probe knows begin here.
const FROM_PROBE: u64 = 1 << 63;
/// The clocks of console and probe differ by less: both follow the system's.
const CLOCKS: Duration = Duration::from_secs(10);

/// Joins the snapshots of both: a task that both know is the console's, and those that the
/// console does not report, or not yet, are the probe's. The probe's counts stand for the tasks
/// that finished.
#[derive(Default)]
pub struct Join {
    probe: Option<Snapshot>,
    /// By Tokio's id: the tasks that the console has reported finished and that an answer of
    /// the probe may still have.
    finished: HashMap<u64, Timestamp>,
    /// What finished before the probe's first answer.
    before_probe: Vec<Arc<Task>>,
}

impl Join {
    /// Takes in an answer of the probe.
    pub fn by_probe(&mut self, probe: Snapshot) {
        self.finished
            .retain(|_, finished| elapsed(*finished, probe.at) < CLOCKS);
        self.probe = Some(probe);
    }

    /// Takes in a snapshot of the console, and joins it with the probe's latest. None before
    /// the probe's first answer.
    pub fn by_console(&mut self, mut console: Snapshot) -> Option<Snapshot> {
        self.finished.extend(
            console
                .finished
                .iter()
                .filter_map(|task| Some((task.tokio_id?, task.finished_at.unwrap_or(console.at)))),
        );
        let Some(probe) = &self.probe else {
            self.before_probe.append(&mut console.finished);
            return None;
        };
        let later = std::mem::take(&mut console.finished);
        console.finished = std::mem::take(&mut self.before_probe);
        console.finished.extend(later);
        Some(joined(console, probe, &self.finished))
    }
}

fn joined(mut console: Snapshot, probe: &Snapshot, finished: &HashMap<u64, Timestamp>) -> Snapshot {
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
        let is_unknown = |id| !known.contains(&id) && !finished.contains_key(&id);
        task.created_at <= console.at && task.tokio_id.is_some_and(is_unknown)
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
    let gaps = &mut console.coverage;
    gaps.reconnects += probe.coverage.reconnects;
    gaps.unwatched = gaps.unwatched.max(probe.coverage.unwatched);
    gaps.scheduling = probe.coverage.scheduling;
    console
}

#[cfg(test)]
mod tests {
    use crate::Task;
    use pileup_model::{TaskKind, Turnover, Wakers};

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
            tasks,
            finished,
            ..Snapshot::new(jiff::Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn a_task_that_both_know_is_the_consoles_and_the_others_are_the_probes() {
        let wakers = Some(Wakers::default());
        let console = snapshot(vec![task(1, 71, wakers)], vec![task(2, 70, wakers)]);
        let mut probe = snapshot(vec![task(71, 71, None), task(72, 72, None)], Vec::new());
        probe.turnover.push(Turnover {
            site: site(),
            since: None,
            spawned: 3,
            finished: Vec::new(),
        });
        let mut join = Join::default();
        join.by_probe(probe.clone());
        let joined = join.by_console(console).expect("the probe has answered");
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

    fn ids(snapshot: &Snapshot) -> Vec<Option<u64>> {
        snapshot.tasks.iter().map(|task| task.tokio_id).collect()
    }

    fn finished(id: u64, tokio_id: u64, second: i64) -> Arc<Task> {
        let mut task = task(id, tokio_id, None);
        Arc::make_mut(&mut task).finished_at = jiff::Timestamp::from_second(second).ok();
        task
    }

    fn at(second: i64, mut snapshot: Snapshot) -> Snapshot {
        snapshot.at = jiff::Timestamp::from_second(second).expect("a small number");
        snapshot
    }

    #[test]
    fn a_task_that_finished_after_the_probes_answer_stays_finished() {
        let mut join = Join::default();
        let probed = || {
            at(
                100,
                snapshot(vec![task(71, 71, None), task(72, 72, None)], Vec::new()),
            )
        };
        join.by_probe(probed());
        let ends = at(101, snapshot(Vec::new(), vec![finished(1, 71, 101)]));
        let first = join.by_console(ends).expect("the probe has answered");
        assert_eq!(ids(&first), [Some(72)]);
        let second = join.by_console(at(102, snapshot(Vec::new(), Vec::new())));
        assert_eq!(ids(&second.expect("it is joined")), [Some(72)]);
        // An answer that was on its way when the task finished.
        join.by_probe(probed());
        let third = join.by_console(at(103, snapshot(Vec::new(), Vec::new())));
        assert_eq!(ids(&third.expect("it is joined")), [Some(72)]);
    }

    #[test]
    fn what_finished_before_the_probes_first_answer_is_not_lost() {
        let mut join = Join::default();
        let early = at(100, snapshot(Vec::new(), vec![finished(1, 71, 99)]));
        assert!(join.by_console(early).is_none());
        join.by_probe(at(101, snapshot(Vec::new(), Vec::new())));
        let later = at(102, snapshot(Vec::new(), vec![finished(2, 72, 101)]));
        let joined = join.by_console(later).expect("the probe has answered");
        let ended: Vec<_> = joined.finished.iter().map(|task| task.tokio_id).collect();
        assert_eq!(ended, [Some(71), Some(72)]);
    }
}
