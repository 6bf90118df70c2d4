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

use super::claim::{Claim, Observation};
use crate::report::{Advice, Code, Doubt, Evidence};
use crate::thresholds::{LASTING_POLL_PART, LASTING_POLLS, LONG_POLL, TIMES_THE_MEAN_POLL};

const ADVICE: Advice = Advice {
    title: [
        "holds a worker in a poll that does not return",
        "hold a worker each, in polls that do not return",
    ],
    cause: "poll does not return",
    explanation: "Each of these tasks holds a worker thread for itself: it computes or blocks \
                  without reaching an await. Tokio cannot interrupt it, and whatever else waits \
                  for that worker stands still.",
    fix: "Await instead of blocking (tokio::time::sleep for std::thread::sleep, Tokio's channels \
          and locks for std's), yield in long loops, or move the work to spawn_blocking or a \
          thread of its own; and see that the loop's condition can become false.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let window = history.window();
    let gave_up_worker = gave_up_worker(latest);
    let workers_unseen = workers_unseen(latest);
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let mean = seen.mean_poll();
        let long = LONG_POLL.max(mean.saturating_mul(TIMES_THE_MEAN_POLL));
        let in_poll = |task: &Task| {
            let started = task.polls.last_started?;
            let running = is_in_poll(task) && !gave_up_worker.contains(&task.id);
            running.then(|| elapsed(started, latest.at))
        };
        // Two snapshots at least have seen the same poll.
        let pinned: Vec<(TaskId, Duration)> = seen
            .living
            .iter()
            .filter_map(|task| Some((task.id, in_poll(task)?)))
            .filter(|(_, poll)| *poll >= long && window >= LONG_POLL)
            .collect();
        let Some(longest) = pinned.iter().map(|(_, poll)| *poll).max() else {
            continue;
        };
        let lasts = |(_, poll): &&(TaskId, Duration)| *poll >= window / LASTING_POLL_PART;
        let lasting = pinned.iter().filter(lasts).count();
        let mut evidence = vec![Evidence::InLongPoll {
            tasks: pinned.len(),
            longest_seconds: longest.into(),
        }];
        if !latest.coverage.waits_unseen {
            evidence.push(Evidence::PollsReturned {
                mean_seconds: (!mean.is_zero()).then_some(mean.into()),
            });
        }
        evidence.push(Evidence::Finished {
            tasks: seen.finished.total(),
            watch_seconds: window.into(),
        });
        let claim = Claim {
            members: pinned.iter().map(|(task, _)| *task).collect(),
            state: TaskState::Running,
            evidence,
            doubts: vec![if workers_unseen {
                Doubt::WorkerUnseen
            } else if lasting >= LASTING_POLLS {
                Doubt::PollMayReturn
            } else {
                Doubt::MayBeHeavyWork
            }],
            ..Claim::new(Code::PinnedWorker, site, ADVICE)
        };
        claims.push(claim.with_those_behind(observation));
    }
    claims
}

fn is_in_poll(task: &Task) -> bool {
    task.state() == Some(TaskState::Running)
        && matches!(task.kind, TaskKind::Async | TaskKind::Local)
}

/// Whether the source shows no worker, so that a task in `block_in_place` looks as if it held
/// one. A source that counts the finished tasks of each site is a probe, and a probe sees the
/// tasks that run on a runtime rather than its workers.
fn workers_unseen(latest: &Snapshot) -> bool {
    let counts_finished = !latest.turnover.is_empty();
    let workers = latest.tasks.iter().filter(|task| task.is_worker());
    latest.coverage.waits_unseen || (counts_finished && workers.count() == 0)
}

/// The tasks that started another worker in place of their own: of those in a poll when a
/// worker was born, the one that had entered its poll last.
fn gave_up_worker(latest: &Snapshot) -> HashSet<TaskId> {
    let tasks = || latest.tasks.iter().map(AsRef::as_ref);
    let mut gave_up = HashSet::new();
    for worker in tasks().filter(|task| task.is_worker()) {
        let in_poll = tasks().filter(|task| is_in_poll(task) && !gave_up.contains(&task.id));
        let before = in_poll.filter_map(|task| {
            let started = task.polls.last_started?;
            (started <= worker.created_at).then_some((started, task.id))
        });
        gave_up.extend(before.max().map(|(_, id)| id));
    }
    gave_up
}
