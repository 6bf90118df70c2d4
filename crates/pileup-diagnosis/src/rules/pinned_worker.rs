//! PU02: tasks that hold a worker in a poll that does not return.
//!
//! Tokio cannot interrupt a poll. A task that computes or blocks without reaching an await
//! takes its worker away from all others, cannot be aborted, and keeps the runtime from
//! shutting down. Tokio's own advice is that 10 to 100 microseconds pass between two
//! awaits.
//!
//! `block_in_place` holds no worker: it starts another one first, as a blocking task that is
//! spawned inside Tokio's scheduler, during the poll.

use std::collections::HashSet;
use std::time::Duration;

use pileup_model::{Snapshot, Task, TaskId, TaskKind, TaskState, elapsed};

use super::case::{Case, Verdict};
use crate::words::{count, span};
use crate::{Code, Grade, History};

/// Ten thousand times what Tokio advises.
const LONG_POLL: Duration = Duration::from_secs(1);
/// A poll is only long beside the site's own: so many times their mean.
const TIMES_THE_MEAN: u32 = 10;

pub(super) fn cases(history: &History) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let window = history.window();
    let gave_up_worker = gave_up_worker(latest);
    let mut cases = Vec::new();
    for (site, seen) in history.sites() {
        let mean = seen.mean_poll();
        let long = LONG_POLL.max(mean.saturating_mul(TIMES_THE_MEAN));
        let in_poll = |task: &Task| {
            let started = task.polls.last_started?;
            let running = is_in_poll(task) && !gave_up_worker.contains(&task.id);
            running.then(|| elapsed(started, latest.at))
        };
        // Two snapshots at least have seen the same poll.
        let pinned: Vec<(&Task, Duration)> = seen
            .living
            .iter()
            .filter_map(|task| Some((task.as_ref(), in_poll(task)?)))
            .filter(|(_, poll)| *poll >= long && window >= LONG_POLL)
            .collect();
        let Some(longest) = pinned.iter().map(|(_, poll)| *poll).max() else {
            continue;
        };
        // One long poll may be a heavy one. Several that last for most of the watch, and
        // that none of the site came back from, are not.
        let lasting = pinned
            .iter()
            .filter(|(_, poll)| *poll >= window / 2)
            .count();
        let worker_unseen = latest.coverage.waits_unseen;
        let grade = if lasting >= 2 && !worker_unseen {
            Grade::Probable
        } else {
            Grade::Suspicious
        };
        let mut evidence = vec![format!(
            "{} in a poll that has not returned, the longest for {}",
            match pinned.len() {
                1 => "1 task is".to_owned(),
                tasks => format!("{tasks} tasks are"),
            },
            span(longest)
        )];
        evidence.push(if worker_unseen {
            "whether they gave up their worker first, by block_in_place, a probe does not see"
                .to_owned()
        } else if mean.is_zero() {
            "no poll of a task of this site has returned".to_owned()
        } else {
            format!(
                "the site's polls that did return took {} on average",
                span(mean)
            )
        });
        evidence.push(format!(
            "{} of the site finished in the {} of the watch",
            count(
                usize::try_from(seen.finished.total()).unwrap_or(usize::MAX),
                "task"
            ),
            span(window)
        ));
        let verdict = Verdict {
            code: Code::PinnedWorker,
            grade,
            state: TaskState::Running,
            waits_on: None,
            held_by: Vec::new(),
            evidence,
            explanation: "Each of these tasks holds a worker thread for itself: it computes \
                          or blocks without reaching an await. Tokio cannot interrupt it, \
                          and whatever else waits for that worker stands still.",
            fix: "Await instead of blocking (tokio::time::sleep for std::thread::sleep, \
                  Tokio's channels and locks for std's), yield in long loops, or move the \
                  work to spawn_blocking or a thread of its own; and see that the loop's \
                  condition can become false.",
        };
        cases.push(Case {
            finding: verdict.at(site, history),
            tasks: pinned.iter().map(|(task, _)| task.id).collect(),
        });
    }
    cases
}

fn is_in_poll(task: &Task) -> bool {
    task.state() == Some(TaskState::Running)
        && matches!(task.kind, TaskKind::Async | TaskKind::Local)
}

/// The tasks that started another worker in place of their own: of those in a poll when a
/// worker was born, the one that had entered its poll last.
fn gave_up_worker(latest: &Snapshot) -> HashSet<TaskId> {
    let tasks = || latest.tasks.iter().map(AsRef::as_ref);
    let mut gave_up = HashSet::new();
    for worker in tasks().filter(|task| is_worker(task)) {
        let in_poll = tasks().filter(|task| is_in_poll(task) && !gave_up.contains(&task.id));
        let before = in_poll.filter_map(|task| {
            let started = task.polls.last_started?;
            (started <= worker.created_at).then_some((started, task.id))
        });
        gave_up.extend(before.max().map(|(_, id)| id));
    }
    gave_up
}

/// Each worker of a runtime with several threads is a blocking task of Tokio's scheduler.
fn is_worker(task: &Task) -> bool {
    let site = task.site.as_ref();
    task.kind == TaskKind::Blocking
        && site.is_some_and(|site| {
            site.is_in_dependency()
                && site.file.contains("multi_thread")
                && site.file.ends_with("worker.rs")
        })
}
