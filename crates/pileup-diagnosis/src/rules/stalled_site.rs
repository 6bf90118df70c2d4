//! PU13: the tasks of a spawn site used to finish; now none does, and all stand still.
//!
//! What makes a site stalled stands in `growth/stalled.rs`. Here it is asked what the tasks
//! wait for, since idle connections and idle workers stand still as well: those wait for an
//! event that comes from outside. A permit, a lock or room in a channel is given back by
//! another task of the program; where nobody gives it back for many times the longest lifetime,
//! the site is exhausted.

use std::collections::HashSet;
use std::time::Duration;

use pileup_model::{AwaitKind, TaskId, TaskState, WaitKind, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::growth::Stalled;
use crate::history::SeenTask;
use crate::thresholds::{LONG_WITHOUT_HOLDER, are_most};
use crate::waits::{LastWakers, Waits, WaitsOn};

const ADVICE: Advice = Advice {
    title: [
        "stands still at a spawn site where none finishes any more",
        "stand still at a spawn site where none finishes any more",
    ],
    cause: "site is exhausted",
    explanation: "Tasks of this spawn site used to be done in a moment. Now none of them finishes, and \
                  all that are live have stood still for many times as long: what they need is not \
                  given back. Nothing grows, because whoever would come waits already.",
    fix: "Find who holds what they wait for: permits, connections of a pool, a lock, a place in a \
          channel. Look at paths that take one and do not give it back (an error, a task that was \
          detached, mem::forget), and at tasks that hold one and ask for a second. Give the wait a \
          timeout, so that the next exhaustion is an error and not a silence.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let stalled = observation.stalled.iter();
    stalled.map(|stalled| claim(stalled, observation)).collect()
}

fn claim(stalled: &Stalled, observation: &Observation) -> Claim {
    let graph = observation.waits;
    let waits = Waits::of(stalled.tasks.iter().map(|task| task.id), graph);
    let usual = waits.usual();
    let members: HashSet<TaskId> = stalled.tasks.iter().map(|task| task.id).collect();
    let holders = usual.map(|wait| graph.holder(wait.resource).tasks());
    let holders = holders.unwrap_or_default().to_vec();
    let mut evidence = vec![Evidence::UsedToFinish {
        finished: stalled.finished,
        longest_seconds: stalled.longest.into(),
        still: stalled.tasks.len(),
        still_seconds: stalled.still.into(),
    }];
    evidence.extend(waits.evidence(graph));
    let wakers = LastWakers::of(stalled.tasks.iter().copied(), observation.history);
    evidence.extend(wakers.evidence());
    let is_given_back = usual.is_some_and(|wait| must_be_given_back(wait.kind))
        || awaits_what_is_given_back(stalled);
    let is_long = !holders.is_empty() || stalled.longest_still >= LONG_WITHOUT_HOLDER;
    let doubt = if is_given_back && is_long && !holders_work(&holders, stalled, observation) {
        Doubt::OnlyStandstill
    } else {
        Doubt::MayBeIdle
    };
    Claim {
        members,
        holders,
        state: TaskState::Idle,
        waits_on: usual.map(WaitsOn::of),
        evidence,
        doubts: vec![doubt],
        gives_way: true,
        ..Claim::new(stalled.site, ADVICE)
    }
}

/// Whether another task of the program has to give back what is waited for. An answer, a message
/// or a tick may come from outside, or not at all.
fn must_be_given_back(kind: WaitKind) -> bool {
    kind.is_lock() || kind == WaitKind::ChannelSend
}

/// The same by the await stacks of most of the tasks.
fn awaits_what_is_given_back(stalled: &Stalled) -> bool {
    let waits = stalled.tasks.iter().filter(|task| {
        let newest = task.waits.as_ref().and_then(|waits| waits.first());
        let kind = newest.and_then(|wait| AwaitKind::of(&wait.kind));
        kind.is_some_and(AwaitKind::is_given_back)
    });
    are_most(waits.count(), stalled.tasks.len())
}

/// Whether a holder that is known was polled while the tasks stood still: it may be slow work.
fn holders_work(holders: &[SeenTask], stalled: &Stalled, observation: &Observation) -> bool {
    let latest = observation.latest;
    let idle_for = |holder: &SeenTask| -> Option<Duration> {
        let task = latest.task(holder.id)?;
        let is_idle = task.state() == Some(TaskState::Idle);
        Some(if is_idle {
            elapsed(task.last_active(), latest.at)
        } else {
            Duration::ZERO
        })
    };
    let mut idle = holders.iter().filter_map(idle_for);
    idle.any(|idle| idle < stalled.still / 2)
}

/// What `pileup explain PU13` prints.
pub(super) const PAGE: &str = r"# PU13 stalled-site

The tasks of a spawn site used to finish. Now none does, and all stand still.

## What it means

A pool, a semaphore, a lock or a bounded channel is exhausted: all of it is
taken, and nothing is given back. Whoever needs it waits. Such a program does not
grow any more, because the callers wait as well: it is silent rather than full.
Often the leak was earlier, when permits were lost one by one.

## What was seen

- Thirty tasks or more of the site finished, and then none any more.
- At least three are live, and four in five of them have not been polled for ten
  times the longest of those lifetimes, for the whole watch, and for 20 s. Where
  tasks still finished in the watch, both must be true for a minute instead.
- They stopped at their first wait: they did no more before than others did in
  all their life.

The grade is *probable* where they wait for what another task must give back: a
permit, a lock, a `OnceCell`, or room in a bounded channel, and no holder that is
known was polled meanwhile. Where no holder is known, the first of them must have
waited for a minute: permits may be passed on to work that takes its time. It is *suspicious* where they wait for anything else,
or where that is not seen: idle connections and idle workers look the same.

## In tokio-console

Many idle rows of one *Location*, all with the same few *Polls*, and no new ones.
`r` shows a `Semaphore` with `permits=0`.

## When it is wrong

- A consumer that takes nothing for longer than the watch on purpose.
- A lock that is held for one very long operation.

## How to fix it

Give back what was taken, on every path.

Before: an error path forgets the permit.

```rust
let permit = pool.acquire().await?;
if let Err(error) = work().await {
    std::mem::forget(permit);
    return Err(error);
}
```

After: the permit is dropped with the scope.

```rust
let _permit = pool.acquire().await?;
work().await?;
```

- A timeout around `acquire` turns the silence into an error with a line number.
- A task that holds a permit must not wait for a second one of the same pool.

## What would show more

A watch that begins before the exhaustion: it shows who took the permits, and
from where.

## In real projects

- [bb8#67](https://github.com/djc/bb8/issues/67): a pool that lost its connections
  to calls that were cancelled; from then on every caller waited.

## Scenarios

No scenario: `cargo run -p pileup-stuck -- exhausted-pool` loses all permits of a
pool. `permit-hoarding` (PU03) shows how they are lost one by one.
";
