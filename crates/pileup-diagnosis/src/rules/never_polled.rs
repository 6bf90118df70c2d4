//! PU08: tasks that were spawned, and never polled.
//!
//! A spawned task is polled as soon as a worker is free. One that waits for its first poll
//! for long sits in a `LocalSet` that nobody drives, behind a worker that is pinned, or, a
//! blocking closure, behind a blocking pool whose threads are all taken. tokio-console shows
//! such tasks as idle.
//!
//! One such task is a suspicion; a pile of them is as sure as a pile, and says why it grows.

use std::collections::HashSet;

use pileup_model::{Task, TaskId, TaskKind, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::thresholds::standstill;

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let patience = standstill(history.window());
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let waits = |task: &&Task| {
            task.kind != TaskKind::BlockOn
                && task.polls.count == 0
                && elapsed(task.created_at, latest.at) >= patience
                && history.window() >= patience
        };
        let live = seen.live.iter().map(AsRef::as_ref);
        let waiting: Vec<&Task> = live.filter(waits).collect();
        let Some(oldest) = waiting.first() else {
            continue;
        };
        let members: HashSet<TaskId> = waiting.iter().map(|task| task.id).collect();
        let mut evidence = vec![Evidence::NeverPolled {
            tasks: waiting.len(),
            oldest_seconds: oldest.age(latest.at).into(),
        }];
        let pile = observation.pile_explained_by(&members);
        evidence.extend(pile.map(|pile| pile.growth(history)));
        claims.push(Claim {
            members,
            evidence,
            doubts: vec![Doubt::MayBePolledYet],
            ..Claim::new(site, advice(oldest.kind))
        });
    }
    claims
}

const TITLE: [&str; 2] = ["was never polled", "were never polled"];
const CAUSE: &str = "never polled";

fn advice(kind: TaskKind) -> Advice {
    match kind {
        TaskKind::Local => Advice {
            title: TITLE,
            cause: CAUSE,
            explanation: "A local task is polled only while its LocalSet is: this one is not \
                          driven, or its thread is taken by something else.",
            fix: "Drive the LocalSet (run_until, or await it) for as long as it has tasks, and \
                  keep its thread free of blocking calls.",
        },
        TaskKind::Blocking => Advice {
            title: TITLE,
            cause: CAUSE,
            explanation: "A blocking closure waits for a thread of the blocking pool: all are \
                          taken, perhaps by closures that wait for this one.",
            fix: "Look at the closures that hold the threads: give what they block on a limit. A \
                  closure must not wait for another closure of the same pool; limit how many are \
                  started at once, by a permit that is taken before spawn_blocking.",
        },
        _ => Advice {
            title: TITLE,
            cause: CAUSE,
            explanation: "A spawned task is polled as soon as a worker is free: the workers are \
                          pinned, or the task sits behind one that is.",
            fix: "Free the worker from what holds it: a blocking call, a loop without an await, a \
                  synchronous lock.",
        },
    }
}

/// What `pileup explain PU08` prints.
pub(super) const PAGE: &str = r"# PU08 never-polled

Tasks were spawned, and no poll of them has begun.

## What it means

To spawn a task only puts it into a queue. A worker takes it from there within
microseconds, if there is one. A task that still waits for its first poll after
seconds sits in a queue that nobody looks at:

- a `LocalSet`, which polls its tasks only while it is polled itself, by
  `run_until` or `.await`;
- a current-thread runtime whose `block_on` has returned;
- the queue of a worker that is pinned by another task (PU02);
- for a closure of `spawn_blocking`, a pool whose threads are all taken, perhaps
  by closures that wait for this one.

## What was seen

Tasks with no poll at all, for a second and for a quarter of the watch since
they were spawned.

- *Suspicious*: there are such tasks. A runtime that is overloaded for a while
  has them too.
- *Probable*: they pile up, by the same measure as in PU03.

The report says of which kind they are: local, blocking, or plain.

## In tokio-console

*Polls* is 0 and *Busy* is 0. The state is *Idle* and not *Scheduled*, as one
would expect: the console reports no wake before the first poll. There is no
warning. *Kind* says `local` or `blocking`.

## When it is wrong

- A queue that is long for a while drains. A `LocalSet` that is driven in turns
  is fine, as long as a turn comes.
- A runtime that is kept only to be dropped later, with tasks that were never
  meant to run.

## How to fix it

Whoever spawns local tasks must see that the set is driven for as long as it has
any.

Before: the set runs once, and again never; later tasks are taken in and lie
there.

```rust
room.run_until(prepare()).await;
while let Some(order) = orders.recv().await {
    room.spawn_local(carry_out(order));
}
```

After: the loop runs inside the set, and its tasks run while it waits.

```rust
room.run_until(async {
    while let Some(order) = orders.recv().await {
        tokio::task::spawn_local(carry_out(order));
    }
})
.await;
```

- `room.await` drives the set until all of its tasks have finished.
- Behind a pinned worker: fix what pins it.
- A full blocking pool: do not wait in one blocking closure for another; use a
  thread of its own for what runs as long as the program.

## What would show more

`RuntimeMetrics`: a `global_queue_depth` or `blocking_queue_depth` that does not
fall says that the workers or the threads are taken. For a `LocalSet` there is
no such figure, and `num_alive_tasks` does not count its tasks either: look for
who awaits the set.

## In real projects

- [tokio#7022](https://github.com/tokio-rs/tokio/issues/7022): a `LocalSet` that
  was never run.
- [tokio#4730](https://github.com/tokio-rs/tokio/issues/4730) and
  [tokio#4941](https://github.com/tokio-rs/tokio/issues/4941): tasks in the slot
  of a worker that is blocked, which no other worker can take.
- [hyper#3611](https://github.com/hyperium/hyper/issues/3611), a relative: a
  connection that is not driven, and requests that wait for it.

## Scenarios

- `cargo pileup investigate undriven-local-set`
";
