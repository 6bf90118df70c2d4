//! PU09: a task wakes itself again and again.
//!
//! A future that calls `wake_by_ref` in its own poll, whenever it is not ready, is polled
//! without pause. This is tokio-console's lint `self-wakes`, with a rate: a few self-wakes
//! are how cooperative code yields. Wakes of `yield_now` and of an exhausted budget are
//! deferred past the poll, and do not count as the task's own.
//!
//! A storm is a suspicion: it costs time, and may end. A pile of them is as sure as a pile.

use std::collections::HashSet;

use pileup_model::{Task, TaskId};

use super::advice::Advice;
use super::claim::{Claim, Observation, usual_state};
use crate::facts::{Doubt, Evidence};
use crate::thresholds::{WAKE_STORM, WAKE_STORM_FOR};

const ADVICE: Advice = Advice {
    title: [
        "wakes itself without pause",
        "wake themselves without pause",
    ],
    cause: "wakes itself",
    explanation: "The task is polled without pause, whether there is something to do or not: it \
                  takes a worker's time from the others.",
    fix: "Keep the waker and use it when there is something to do, instead of calling wake_by_ref \
          whenever poll returns Pending.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let wakes_per_second = |task: &Task| {
        let age = task.age(latest.at).as_secs_f64();
        let self_wakes = task.wakers.map_or(0, |wakers| wakers.self_wakes);
        self_wakes as f64 / age
    };
    let storms = |task: &&Task| {
        task.age(latest.at) >= WAKE_STORM_FOR
            && history.window() >= WAKE_STORM_FOR
            && task
                .wakers
                .is_some_and(|wakers| wakers.self_wakes.saturating_mul(2) > wakers.wakes)
            && wakes_per_second(task) >= WAKE_STORM
    };
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let live = seen.live.iter().map(AsRef::as_ref);
        let storming: Vec<&Task> = live.filter(storms).collect();
        if storming.is_empty() {
            continue;
        }
        let rates = storming.iter().map(|task| wakes_per_second(task));
        let members: HashSet<TaskId> = storming.iter().map(|task| task.id).collect();
        let mut evidence = vec![Evidence::WakeThemselves {
            tasks: storming.len(),
            wakes_per_second: rates.fold(0.0, f64::max),
        }];
        let pile = observation.pile_explained_by(&members);
        evidence.extend(pile.map(|pile| pile.growth(history)));
        claims.push(Claim {
            members,
            state: usual_state(storming.iter().copied()),
            evidence,
            doubts: vec![Doubt::StormMayEnd],
            ..Claim::new(site, ADVICE)
        });
    }
    claims
}

/// What `pileup explain PU09` prints.
pub(super) const PAGE: &str = r"# PU09 wake-storm

A task wakes itself again and again, thousands of times a second.

## What it means

A future that is not ready should see that it is woken when something has
changed. One that calls `wake_by_ref` in its own `poll` instead is polled again
at once, finds nothing, and wakes itself once more. It works, and it never
stops: a worker is busy with asking. Other tasks still have their turn, later
than they should; a laptop gets warm, a bill gets long.

## What was seen

The console shows how often a task was woken, and how often by itself. More than
half of this one's wakes are its own, at more than a thousand a second over its
whole life: no source of events outside a task is as fast for long.

- *Suspicious*: it costs time, but the task may do its work and may finish.
- *Probable*: such tasks pile up, by the same measure as in PU03.

## In tokio-console

*Busy* grows with the clock, and *Polls* by thousands in a second; the state
flickers between *Running* and *Scheduled*. The warning says that the task has
*woken itself* more than half of the time. tokio-console warns of few such wakes
as well; pileup asks for a rate.

## When it is wrong

- A future that looks a few times before it goes to sleep does this for a
  moment, on purpose. Over a whole life that is no thousand a second, unless the
  life is short.
- `yield_now`, and a task that has used up its budget, are woken by the runtime,
  and do not count. A loop around a channel that is closed spins by way of the
  budget, and is *not* found here: look for a task with a growing *Busy*.

## How to fix it

Keep the waker, and use it when there is something to do.

Before: who is not ready asks again at once.

```rust
fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Item> {
    if let Some(item) = self.queue.pop() {
        return Poll::Ready(item);
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
```

After: and `push` takes the waker out and calls `wake`, under the same lock.

```rust
    let mut queue = self.queue.lock();
    if let Some(item) = queue.items.pop() {
        return Poll::Ready(item);
    }
    queue.waiting = Some(cx.waker().clone());
    Poll::Pending
```

Look and register under one lock, or register first and look again: between the
two, something may have come, and its wake would be lost.

- Better still, write no `poll`: `tokio::sync::Notify`, `watch` or `mpsc` have
  done this already.
- What gives no notice has to be asked, at intervals:
  `tokio::time::interval`.

## What would show more

`perf top`, or a flame graph, shows the `poll` that takes the time.

## In real projects

- [s2n-quic#705](https://github.com/aws/s2n-quic/pull/705),
  [unicycle#5](https://github.com/udoprog/unicycle/issues/5) and
  [tokio#5436](https://github.com/tokio-rs/tokio/issues/5436): tasks that wake
  themselves without need.
- [ntpd-rs#349](https://github.com/pendulum-project/ntpd-rs/issues/349), a
  relative: a loop around a channel that is closed, and always ready.

## Scenarios

- `cargo pileup investigate self-waking-poll`
";
