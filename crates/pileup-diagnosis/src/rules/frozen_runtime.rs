//! PU12: no task of a runtime is polled any more, because polls that do not return hold it.
//!
//! A single poll can stop a whole runtime: the only worker is in it; or the worker that is in it
//! has taken the I/O and timer driver with it, and the other workers sleep until something wakes
//! them. The rule asks for three facts, because each alone has a healthy reading:
//!
//! 1. A task is in a poll that has not returned for long. (Heavy work does that.)
//! 2. No task has begun or ended a poll since then. (In an idle program none does.)
//! 3. There was something to poll: a task that was woken or spawned since then, or a timer that
//!    became due since then. A runtime that works would have polled a task for it.
//!
//! The console and the probe have threads of their own, so they report on while a runtime is
//! frozen.

use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Primitive, Task, TaskKind, TaskState, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use super::pinned_worker::gave_up_worker;
use crate::facts::{Doubt, Evidence};
use crate::starvation::is_starved_beside_console;
use crate::thresholds::{FREEZE_BEGINS_IN, TIMER_FIRES_IN, frozen_for};

const ADVICE: Advice = Advice {
    title: [
        "stops the runtime, or waits for it",
        "stop the runtime, or wait for it",
    ],
    cause: "runtime is frozen",
    explanation: "A poll that does not return holds the runtime: no other task is polled, and timers \
                  and I/O stand still. Tasks that were woken wait for a worker that does not come.",
    fix: "Find what the poll blocks on or computes: a lock of std, a blocking call, a block_on inside \
          a task, or a stream that is asked again in a loop after its end. Await instead of \
          blocking, move the work to spawn_blocking, and end no wait for a task by blocking the \
          worker that would have to run that task.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let patience = frozen_for(history.window());
    if history.window() < patience {
        return Vec::new();
    }
    let is_polled = |task: &&Task| {
        let kind = task.kind;
        matches!(kind, TaskKind::Async | TaskKind::Local | TaskKind::BlockOn)
            && !task.has_finished()
    };
    let tasks: Vec<&Task> = latest
        .tasks
        .iter()
        .map(AsRef::as_ref)
        .filter(is_polled)
        .collect();
    let active = tasks.iter().filter(|task| task.polls.count > 0);
    let last_poll = active.map(|task| task.last_active()).max();
    let Some(frozen_at) = last_poll.max(history.last_finish()) else {
        return Vec::new();
    };
    let frozen = elapsed(frozen_at, latest.at);
    if frozen < patience {
        return Vec::new();
    }
    let gave_up = gave_up_worker(latest);
    let in_poll = |task: &&Task| task.in_poll_since().map(|at| elapsed(at, latest.at));
    let holding: Vec<(Duration, &Task)> = tasks
        .iter()
        .filter(|task| !gave_up.contains(&task.id))
        .filter_map(|task| Some((in_poll(task)?, *task)))
        .collect();
    let Some((longest_poll, longest)) = holding.iter().max_by_key(|(poll, _)| *poll) else {
        return Vec::new();
    };
    // What happened at the moment of the freeze may have been dealt with just before.
    let since = |at: Timestamp| elapsed(frozen_at, at + FREEZE_BEGINS_IN) > Duration::ZERO;
    let due = |task: &&&Task| {
        let is_frozen_out = |due: Timestamp| since(due) && elapsed(due, latest.at) >= patience / 2;
        task.kind == TaskKind::Async && task.due_since().is_some_and(is_frozen_out)
    };
    let waiting: Vec<&Task> = tasks.iter().filter(due).copied().collect();
    let overdue = overdue_timers(observation, frozen_at, patience / 2);
    if waiting.is_empty() && overdue.is_empty() {
        return Vec::new();
    }
    let mut evidence = vec![
        Evidence::InLongPoll {
            tasks: holding.len(),
            longest_seconds: (*longest_poll).into(),
        },
        Evidence::NoPollSince {
            seconds: frozen.into(),
        },
    ];
    if !waiting.is_empty() {
        evidence.push(Evidence::WokenUnpolled {
            tasks: waiting.len(),
        });
    }
    if let Some(longest) = overdue.iter().max() {
        evidence.push(Evidence::TimersOverdue {
            timers: overdue.len(),
            longest_seconds: (*longest).into(),
        });
    }
    evidence.extend(history.threads_since(frozen_at));
    vec![Claim {
        members: holding.iter().map(|(_, task)| task.id).collect(),
        waiting: waiting.iter().map(|task| task.id).collect(),
        state: TaskState::Running,
        evidence,
        doubts: is_starved_beside_console(history)
            .then_some(Doubt::Starved)
            .into_iter()
            .collect(),
        ..Claim::new(longest.site.as_ref(), ADVICE)
    }]
}

/// For how long timers are overdue that became due after a freeze began. A `Sleep` that had
/// elapsed before may be kept by a task that works.
fn overdue_timers(
    observation: &Observation,
    frozen_at: Timestamp,
    least: Duration,
) -> Vec<Duration> {
    let now = observation.latest.at;
    let timers =
        observation
            .latest
            .resources
            .iter()
            .filter_map(|resource| match resource.primitive() {
                Primitive::Timer { due } if resource.dropped_at.is_none() => due,
                _ => None,
            });
    let overdue = timers.filter(|due| *due > frozen_at + TIMER_FIRES_IN);
    overdue
        .map(|due| elapsed(due, now))
        .filter(|overdue| *overdue >= least)
        .collect()
}

/// What `pileup explain PU12` prints.
pub(super) const PAGE: &str = r"# PU12 frozen-runtime

A poll that does not return has stopped the whole runtime.

## What it means

Tokio polls tasks on a few worker threads, and one of them also waits for I/O
and timers. A poll that does not return keeps its thread. If that is the only
one, or the one that had the driver, nothing else is polled: no timer fires, no
connection is accepted, and tasks that were woken stay in the queue of a worker
that does not come back.

The program cannot report this itself: its health check does not run either. The
console and the probe have threads of their own and go on.

## What was seen

Three facts together, for half of the watch (at least 10 s, at most 30 s):

- a task is in a poll that has not returned;
- no task has begun or ended a poll since;
- there was something to poll: a task was woken or spawned since then, or a timer
  has been overdue since then.

The grade is *certain*: the runtime does not run its tasks. Whether the poll
ever returns is not known; in the time that was watched it did not. The grade is
*suspicious* where the machine gave the process too little processor time.

## In tokio-console

One row is *Running*, and its *Busy* grows with the clock. No row has new polls.
Other rows are *Scheduled* for as long.

## When it is wrong

- A computation of half a minute inside a task: the runtime is frozen until it
  ends, and works again then. Move it to `spawn_blocking`.

## How to fix it

Let the poll return.

Before: the worker blocks until another task has answered, which only this worker
could run.

```rust
let flushed = flush_tx.send(()).and_then(|()| done_rx.recv());
```

After: the task awaits the answer.

```rust
flush_tx.send(()).await?;
done_rx.await?;
```

- `Mutex` of std: end the guard before an await.
- `block_on` inside of a task: await instead.
- A loop over a stream: leave it when the stream returns `None`.

## What would show more

Where pileup runs on the machine of the program and may read `/proc/PID`, the
finding says which threads compute, and which sleep on a futex: a worker that
blocks on a lock of std, and one without work. If none computes, the poll blocks.

A stack of the thread, from `gdb -p PID` (`thread apply all bt`) or
`perf top -p PID`. In `top -H -p PID`, a loop takes a whole core and a blocked
thread none.

## In real projects

- [tokio#4730](https://github.com/tokio-rs/tokio/issues/4730): one blocking task
  stops others on the same runtime.
- [notify_push#739](https://github.com/nextcloud/notify_push/issues/739): a
  guard of a map held across an await; the server was dead at 0 % of CPU.

## Scenarios

No scenario: `cargo run -p pileup-stuck -- blocking-flush` blocks a runtime of
four workers, and `stream-after-its-end --worker-threads 1` computes for good.
`blocking-loop` has the milder form (PU02), in which one worker is held and
others go on.
";
