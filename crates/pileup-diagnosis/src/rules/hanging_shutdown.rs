//! PU14: a program that shuts down waits for tasks that do not end.
//!
//! The rule is asked only where the user says that the program was told to shut down: an idle
//! program stands still as well. Then every task that was alive for the whole watch keeps it, or
//! is dropped with the runtime in the end.

use pileup_model::{Task, TaskKind, TaskState, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation, usual_state};
use crate::facts::{Doubt, Evidence};
use crate::thresholds::standstill;
use crate::waits::{Waits, WaitsOn};

const ADVICE: Advice = Advice {
    title: [
        "is left in a shutdown, and does not end",
        "are left in a shutdown, and do not end",
    ],
    cause: "shutdown waits",
    explanation: "The program is shutting down, and these tasks were alive for the whole watch. \
                  Whoever awaits them all, such as a TaskTracker or a JoinSet, waits for good.",
    fix: "Tell each of them to end: drop the senders that their loops receive from, cancel a \
          CancellationToken that they select on, or close the connection that they serve. Give the \
          drain a deadline, and abort what is left then. A closure of spawn_blocking cannot be \
          aborted: runtime.shutdown_timeout leaves it behind.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    if !observation.shutting_down || history.window().is_zero() {
        return Vec::new();
    }
    let half = history.window() / 2;
    let last_finish = history.last_finish();
    let drains = last_finish.is_some_and(|at| elapsed(at, latest.at) < half);
    let finished: u64 = history.sites().map(|(_, seen)| seen.finished.total()).sum();
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let is_left =
            |task: &&Task| Some(task.created_at) <= history.started() && may_keep_a_program(task);
        let left: Vec<&Task> = seen
            .live
            .iter()
            .map(AsRef::as_ref)
            .filter(is_left)
            .collect();
        if left.is_empty() {
            continue;
        }
        let still_for = |task: &&Task| elapsed(task.last_active(), latest.at);
        let still = left.iter().map(still_for).min().unwrap_or_default();
        let works = still < standstill(history.window())
            && left
                .iter()
                .all(|task| task.state() != Some(TaskState::Running));
        let waits = Waits::of(left.iter().map(|task| task.id), observation.waits);
        let usual = waits.usual();
        let mut evidence = vec![
            Evidence::LeftInShutdown {
                tasks: left.len(),
                still_seconds: still.into(),
            },
            Evidence::FinishedMeanwhile {
                tasks: finished,
                watch_seconds: history.window().into(),
            },
        ];
        evidence.extend(waits.evidence(observation.waits));
        let holders = usual.map(|wait| observation.waits.holder(wait.resource).tasks());
        let mut doubts = vec![Doubt::OnlyStandstill];
        doubts.extend(works.then_some(Doubt::MayBeDetached));
        doubts.extend(drains.then_some(Doubt::StillDrains));
        claims.push(Claim {
            members: left.iter().map(|task| task.id).collect(),
            holders: holders.unwrap_or_default().to_vec(),
            state: usual_state(left.iter().copied()),
            waits_on: usual.map(WaitsOn::of),
            evidence,
            doubts,
            gives_way: true,
            ..Claim::new(site, ADVICE)
        });
    }
    claims
}

/// Whether a program may wait for the task: the future that drives the runtime waits itself, and
/// a worker is a thread of the runtime.
fn may_keep_a_program(task: &Task) -> bool {
    let kind = task.kind;
    let is_task = matches!(kind, TaskKind::Async | TaskKind::Local | TaskKind::Blocking);
    is_task && !task.is_worker() && !task.has_finished()
}

/// What `pileup explain PU14` prints.
pub(super) const PAGE: &str = r"# PU14 hanging-shutdown

A program that was told to shut down waits for tasks that do not end.

## What it means

A graceful shutdown stops what comes in, and then awaits what is still there: a
`TaskTracker`, a `JoinSet`, the connections of a server. One task that was not
told, or that waits for another one that has ended, keeps all of it waiting.
Nothing grows, and most tasks have ended: the few that are left are the answer.

## What was seen

The rule is asked only with `pileup diagnose --shutdown`: without it, an idle
program looks the same. Reported are the tasks that were alive for the whole
watch, by spawn site.

- *Probable*: they have not been polled for a quarter of the watch, or are in a
  poll that does not return, and nothing finished in the second half of the watch.
- *Suspicious*: they are still polled (perhaps a loop in the background that
  nobody awaits), or tasks still finish: the drain goes on.

## In tokio-console

A short list, in which nothing changes. Sort by *Idle*.

## When it is wrong

- A detached task that nobody awaits is dropped with the runtime, and keeps
  nothing. The console does not show who awaits a task.
- The signal has not been sent yet.

## How to fix it

Before: the worker waits for jobs; a sender lives on in the registry.

```rust
tracker.close();
tracker.wait().await;
```

After: each task learns of the shutdown, and the drain has a deadline.

```rust
token.cancel();
tracker.close();
if timeout(GRACE, tracker.wait()).await.is_err() {
    tracing::warn!(left = tracker.len());
}
```

## What would show more

The probe shows the line at which each of them waits.

## In real projects

- [hyper#1885](https://github.com/hyperium/hyper/issues/1885): a graceful
  shutdown waits for a connection that a browser opened and never used.
- [axum#1070](https://github.com/tokio-rs/axum/issues/1070): the wish for a
  deadline.

## Scenarios

No scenario: `cargo run -p pileup-stuck -- drain-without-end` shuts down while
three tasks wait.
";
