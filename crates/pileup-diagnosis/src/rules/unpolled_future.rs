//! PU16: tasks stand still, and keep a future in a queue that they no longer poll.
//!
//! [`super::futurelock`] sees this in Tokio's own locks, by their ops. The await stacks show it
//! in any lock, semaphore or bounded channel, also those of other crates: a waker of the task is
//! still held at an await that the task has left behind ([`Wait::passed`]).

use std::collections::{BTreeMap, HashSet};

use pileup_model::{AwaitKind, Site, Task, TaskId, TaskState, Wait, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::thresholds::standstill;

const ADVICE: Advice = Advice {
    title: [
        "keeps a future in a queue and no longer polls it",
        "keep a future in a queue and no longer poll it",
    ],
    cause: "queued, not polled",
    explanation: "A future that waits for its turn, at a lock or in a full channel, takes the turn \
                  only when it is polled. These tasks have started such a future, have gone on to \
                  another await, and have not dropped it: when its turn comes, nobody takes it, \
                  and whoever queues behind it waits.",
    fix: "Drop the future before the next await: let select! own it instead of a &mut to it, or \
          spawn it, or await both with join!.",
};

/// A task that stands still, and the queue in which it keeps a future that it does not poll.
struct Keeper<'a> {
    task: &'a Task,
    queued: &'a Wait,
}

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let still: Vec<&Task> = still(observation).collect();
    let mut by_site: BTreeMap<Option<&Site>, Vec<Keeper>> = BTreeMap::new();
    for task in &still {
        if let Some(queued) = queued_and_unpolled(task) {
            let keepers = by_site.entry(task.site.as_ref()).or_default();
            keepers.push(Keeper { task, queued });
        }
    }
    let claims = by_site.into_iter();
    claims
        .filter_map(|(site, keepers)| claim(site, &keepers, &still, observation))
        .collect()
}

fn claim(
    site: Option<&Site>,
    keepers: &[Keeper],
    still: &[&Task],
    observation: &Observation,
) -> Option<Claim> {
    let members: HashSet<TaskId> = keepers.iter().map(|keeper| keeper.task.id).collect();
    let kinds: HashSet<&str> = keepers.iter().map(|keeper| &*keeper.queued.kind).collect();
    let queue = still.iter().filter(|task| waits_in(task, &kinds));
    let queue: HashSet<TaskId> = queue.map(|task| task.id).collect();
    // A queue in which nobody else waits keeps nobody.
    if queue.is_empty() {
        return None;
    }
    let waiting = &queue - &members;
    Some(Claim {
        evidence: vec![
            Evidence::Unpolled {
                tasks: keepers.len(),
                kind: keepers.first()?.queued.kind.to_string(),
                still_seconds: standstill(observation.history.window()).into(),
            },
            Evidence::SameKindOfQueue {
                members: queue.intersection(&members).count(),
                others: waiting.len(),
                spawned_at: observation.sites(&waiting),
            },
        ],
        members,
        waiting,
        doubts: vec![Doubt::QueueUnseen],
        ..Claim::new(site, ADVICE)
    })
}

/// The live tasks that have done nothing for a good part of the watch.
fn still<'a>(observation: &Observation<'a>) -> impl Iterator<Item = &'a Task> {
    let (latest, long) = (observation.latest, standstill(observation.history.window()));
    let live = latest.live_tasks().map(AsRef::as_ref);
    live.filter(move |task: &&Task| {
        task.state() == Some(TaskState::Idle) && elapsed(task.last_active(), latest.at) >= long
    })
}

/// The await that a task has left behind while its future still queues there.
fn queued_and_unpolled(task: &Task) -> Option<&Wait> {
    let mut waits = task.waits.as_deref()?.iter().map(AsRef::as_ref);
    waits.find(|wait| wait.passed && is_queue(wait))
}

/// Whether a task waits now in a queue of one of these kinds.
fn waits_in(task: &Task, kinds: &HashSet<&str>) -> bool {
    let mut waits = task.waits.as_deref().into_iter().flatten();
    waits.any(|wait| !wait.passed && kinds.contains(&*wait.kind))
}

/// Whether a turn that comes must be taken, or nobody else gets it.
fn is_queue(wait: &Wait) -> bool {
    AwaitKind::of(&wait.kind).is_some_and(AwaitKind::is_given_back)
}

/// What `pileup explain PU16` prints.
pub(super) const PAGE: &str = r"# PU16 unpolled-future

Tasks stand still, and each keeps a future in a queue that it no longer polls.

## What it means

Fair locks, semaphores and bounded channels have a queue. Whoever comes to its
head is woken, and takes its turn when it is polled. A task that starts such a
future and then awaits something else, *without dropping it*, leaves it in the
queue. When its turn comes, the task is woken and polls its other await: nobody
takes the turn, and all that queue behind it wait. If the other await needs the
same lock, the task waits for itself, for good.

PU05 is this pattern in Tokio's own locks, proven by their ops. PU16 finds it by
the await stacks, so also in `async-lock`, `flume`, `async-channel` and others
that are not instrumented.

## What was seen

A probe, or pileup's own subscriber, saw a waker of the task at an await that
the task has left behind, in a lock, a semaphore, a cell that is initialised
once, or a send into a bounded channel. The task has been idle for a quarter of
the watch. It waits in a queue of the same kind itself, or others do that have
been idle for as long.

The grade is *probable* if these tasks are most of a pile that grows, else
*suspicious*: the stacks show the kind of the queue, and not which one it is.

## In tokio-console

The task is idle, without a warning, and has more wakers than one. With pileup's
own subscriber the field `waits` shows both awaits, and for one of them `in a
future that is no longer polled`.

## When it is wrong

- The task goes on, and takes the turn late: a slow service, not a leak.
- The unpolled future and those that wait are in different queues of one kind.

A future whose turn has already come has no waker any more. It is not seen, and
its task counts among those that wait.

## How to fix it

Before: `select!` has a `&mut` to the future, and leaves it alive.

```rust
tokio::select! {
    cache = &mut write => cache?.store(entry),
    () = sleep(PATIENCE) => audit.lock().await.note_delay(),
}
```

After: the future goes into the `select!`, and is dropped when the other branch
is taken.

```rust
tokio::select! {
    cache = write => cache?.store(entry),
    () = sleep(PATIENCE) => audit.lock().await.note_delay(),
}
```

- To keep the future alive, let something poll it: `tokio::join!`, or spawn it
  and `select!` on the `JoinHandle`.
- The same holds for `poll_immediate`, for `FuturesUnordered` and `buffered`
  with an await in the loop that reads them.

## What would show more

Which queue it is. `pileup tasks --each` prints the await stack of every task:
the frames below the wait name the value whose lock or channel it is.

## In real projects

- [RFD 609](https://rfd.shared.oxide.computer/rfd/0609): the analysis that gave
  the pattern its name.
- [futures-rs#2387](https://github.com/rust-lang/futures-rs/issues/2387): a
  stream of futures and a semaphore.

## Scenarios

No scenario: `futurelock` shows the same in a lock of Tokio, where the ops prove
it (PU05).
";
