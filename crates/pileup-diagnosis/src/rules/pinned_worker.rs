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
use std::iter;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Snapshot, Task, TaskId, TaskKind, TaskState, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::starvation::is_starved_beside_console;
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
    let everywhere = lasting_polls(latest, window / LASTING_POLL_PART, &gave_up_worker);
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let mean = seen.mean_poll();
        let long = LONG_POLL.max(mean.saturating_mul(TIMES_THE_MEAN_POLL));
        let in_poll =
            |task: &Task| in_poll_for(task, latest).filter(|_| !gave_up_worker.contains(&task.id));
        // Two snapshots at least have seen the same poll.
        let pinned: Vec<(TaskId, Duration)> = seen
            .live
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
        let behind = behind_worker(latest, longest, window / LASTING_POLL_PART);
        let has_behind = !behind.is_empty();
        if has_behind {
            evidence.push(Evidence::WokenUnpolled {
                tasks: behind.len(),
            });
        }
        evidence.extend(history.threads_since(latest.at - longest));
        let doubt = if latest.coverage.workers_unseen {
            Doubt::WorkerUnseen
        } else if lasting > 0 && (everywhere >= LASTING_POLLS || has_behind) {
            Doubt::PollMayReturn
        } else {
            Doubt::MayBeHeavyWork
        };
        let starved = is_starved_beside_console(history).then_some(Doubt::Starved);
        let claim = Claim {
            members: pinned.iter().map(|(task, _)| *task).collect(),
            waiting: behind,
            state: TaskState::Running,
            evidence,
            doubts: iter::once(doubt).chain(starved).collect(),
            ..Claim::new(site, ADVICE)
        };
        claims.push(claim.with_those_behind(observation));
    }
    claims
}

/// Tasks that were spawned or woken during a poll which has lasted for that time, and have waited
/// for a worker for most of it. Where other workers run, they sit in the one place that these
/// cannot take tasks from: the slot for the next task of the worker that is held.
fn behind_worker(latest: &Snapshot, poll: Duration, least: Duration) -> HashSet<TaskId> {
    let least = least.max(LONG_POLL * TIMES_THE_MEAN_POLL);
    let waits = |task: &Task| {
        let waited = elapsed(task.due_since()?, latest.at);
        let during = waited <= poll && waited * LASTING_POLL_PART >= poll;
        (during && waited >= least).then_some(task.id)
    };
    let tasks = latest.tasks.iter().map(AsRef::as_ref);
    let tasks = tasks.filter(|task: &&Task| task.kind == TaskKind::Async && !task.has_finished());
    tasks.filter_map(waits).collect()
}

/// How many tasks, of all spawn sites, are in a poll that has lasted for that time or longer.
fn lasting_polls(latest: &Snapshot, least: Duration, gave_up: &HashSet<TaskId>) -> usize {
    let lasts = |task: &Task| {
        let poll = in_poll_for(task, latest);
        poll.is_some_and(|poll| poll >= least.max(LONG_POLL)) && !gave_up.contains(&task.id)
    };
    latest.tasks.iter().filter(|task| lasts(task)).count()
}

/// For how long a task of a worker has been in a poll that has not returned.
fn in_poll_for(task: &Task, latest: &Snapshot) -> Option<Duration> {
    Some(elapsed(in_poll_since(task)?, latest.at))
}

/// Since when a task of a worker has been in a poll that has not returned.
fn in_poll_since(task: &Task) -> Option<Timestamp> {
    task.in_poll_since().filter(|_| task.kind.is_scheduled())
}

/// The tasks that started another worker in place of their own: the one that has spawned the
/// worker, where that is known, and otherwise, of those in a poll when the worker was born, the one
/// that had entered its poll last.
pub(super) fn gave_up_worker(latest: &Snapshot) -> HashSet<TaskId> {
    let tasks = || latest.tasks.iter().map(AsRef::as_ref);
    let mut gave_up = HashSet::new();
    for worker in tasks().filter(|task| task.is_worker()) {
        if worker.parent.is_some() {
            let mut parents = tasks().filter(|task| task.tokio_id == worker.parent);
            gave_up.extend(parents.next().map(|task| task.id));
            continue;
        }
        let others = tasks().filter(|task| !gave_up.contains(&task.id));
        let before = others.filter_map(|task| {
            let started = in_poll_since(task)?;
            (started <= worker.created_at).then_some((started, task.id))
        });
        gave_up.extend(before.max().map(|(_, id)| id));
    }
    gave_up
}

/// What `pileup explain PU02` prints.
pub(super) const PAGE: &str = r"# PU02 pinned-worker

Tasks hold a worker thread in a poll that does not return.

## What it means

Tokio cannot interrupt a poll. A task gives its worker back at an await that is
not ready, and nowhere else. One that computes, sleeps or waits for a lock of
`std` keeps its thread from all other tasks. `abort` has no effect on it, and
the runtime cannot shut down. With as many such tasks as there are workers the
program stands still, its timers and its health check included.

## What was seen

The last poll has started and not ended, for a second at least and for ten times
as long as the site's polls take on average. Tokio's own advice is 10 to 100
microseconds.

- *Suspicious*: one such poll. It may be heavy work that ends.
- *Probable*: two tasks or more, of any site, in the same poll for half of the
  watch or longer; or one, while a task that was woken or spawned during that poll
  has waited for a worker for ten seconds and half of the watch.

Where no other task is polled either, the finding is PU12.

## In tokio-console

State *Running*, *Busy* grows with the clock, *Polls* stands still. The warning
that it has *never yielded* comes only for a task's first poll; after an earlier
await there is none. Other tasks may be *Scheduled*: woken, and without a
worker.

## When it is wrong

- A long computation that ends looks the same until it does.
- Whether the thread computes or blocks is not in the console protocol. Ask the system: in
  `top -H` a loop takes a whole core, a blocked thread takes nothing.
- `block_in_place` starts another worker first; it is recognised, and not
  reported.

## How to fix it

Await instead of blocking; where that is not possible, block on a thread made
for it.

Before: the thread sleeps.

```rust
while !ready() {
    std::thread::sleep(PAUSE);
}
```

After: the task does.

```rust
while !ready() {
    tokio::time::sleep(PAUSE).await;
}
```

- Heavy computation: `tokio::task::spawn_blocking`, or a thread of its own.
- A long loop over many items: `tokio::task::yield_now().await` once in a while.
- A guard of `std`, `parking_lot` or `DashMap`: end it before the next await.
  Another task on the same worker may need it, and then the thread waits for a
  task that only it could run.

## What would show more

A stack of the thread, from `gdb -p PID` (`thread apply all bt`) or `perf top`:
it shows the line that computes or blocks. The console shows only where the task
was spawned.

## In real projects

- [zebra#3378](https://github.com/ZcashFoundation/zebra/issues/3378): two
  borrows of a `watch` channel, whose guard is a lock of `std`; found in core
  dumps.
- [tokio#4730](https://github.com/tokio-rs/tokio/issues/4730): one bad task
  halts 32 workers.
- [ipa#1123](https://github.com/private-attribution/ipa/issues/1123): an
  allocation that took minutes froze the endpoint which should have reported it.
- [notify_push#739](https://github.com/nextcloud/notify_push/issues/739): a
  guard of a map held across an await; the server dead after hours, at 0 % of
  CPU.

## Scenarios

- `cargo pileup investigate blocking-loop`: a loop that waits with a sleeping
  thread.
- `cargo pileup investigate sync-guard-across-await`: a guard of a map held
  while sending.
";
