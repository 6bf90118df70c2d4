//! PU10: a few tasks stand still beside many of their site that finish.
//!
//! Too few to be a pile, or not growing any more; but the site's other tasks say how long
//! its work takes, and these have stood still for many times that.

use pileup_model::{Task, TaskState, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::thresholds::{LEFT_BEHIND_ONE_IN, LEFT_BEHIND_PART, MANY_FINISHED, TIMES_THE_LONGEST};
use crate::waits::{LastWakers, WaitsOn};

const ADVICE: Advice = Advice {
    title: [
        "stands still beside many that finish",
        "stand still beside many that finish",
    ],
    cause: "others finish",
    explanation: "The site's other tasks are done in a fraction of the time for which these have \
                  stood still: they may be the first of a pile that grows slowly, or long-lived \
                  tasks that share a spawn site with short ones.",
    fix: "Watch for longer, and see whether they become more. Look at the paths that few requests \
          take: an error, a rare message, a lost reply.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        // Where none finishes any more, they are not the exception.
        if observation
            .stalled
            .iter()
            .any(|stalled| stalled.site == site)
        {
            continue;
        }
        let finished = seen.finished.total() + seen.finished_before.total();
        let longest = seen.finished.longest().max(seen.finished_before.longest());
        let long = longest
            .saturating_mul(TIMES_THE_LONGEST)
            .max(history.window() / LEFT_BEHIND_PART);
        let still = |task: &&Task| {
            task.state() == Some(TaskState::Idle) && elapsed(task.last_active(), latest.at) >= long
        };
        let live = seen.live.iter().map(AsRef::as_ref);
        let left: Vec<&Task> = live.filter(still).collect();
        let Some(oldest) = left.first() else {
            continue;
        };
        if finished < MANY_FINISHED || left.len() as u64 * LEFT_BEHIND_ONE_IN > finished {
            continue;
        }
        let mut claim = Claim {
            members: left.iter().map(|task| task.id).collect(),
            waits_on: observation
                .waits
                .waits_of(oldest.id)
                .first()
                .map(WaitsOn::of),
            evidence: vec![
                Evidence::OthersFinished {
                    tasks: finished,
                    longest_seconds: longest.into(),
                },
                Evidence::LeftBehind {
                    tasks: left.len(),
                    oldest_seconds: oldest.age(latest.at).into(),
                    idle_seconds: elapsed(oldest.last_active(), latest.at).into(),
                },
            ],
            doubts: vec![Doubt::MayBeLongLived],
            ..Claim::new(site, ADVICE)
        };
        let wakers = LastWakers::of(left, history);
        claim.evidence.extend(wakers.evidence());
        claims.push(claim);
    }
    claims
}

/// What `pileup explain PU10` prints.
pub(super) const PAGE: &str = r"# PU10 left-behind

A few tasks stand still beside many of the same spawn site that have finished.

## What it means

Nearly all tasks of the site are done in a moment. These few have waited for
many times as long without a poll. They may have come to a path that is seldom
taken: an error, a retry, the first request after a start. Each costs little;
but it is a request without an answer, and it may be the first of a pile that
grows slowly.

## What was seen

Thirty tasks or more of the site have finished, and the longest of them took
some time T. A few, at most one for ten that finished, were not polled for ten
times T, and for half of the watch. They are too few, or have not become more
for long enough, to be a pile (PU03).

The grade is *suspicious*: it is unusual, and nothing proves that they will not
finish. `--fail-on suspicious` makes it count for the exit code. What the oldest
waits for is named where Tokio shows it.

## In tokio-console

Sort by age (*Total*): among the tasks of a *Location* that come and go, some
rows at the top stay, idle, with the same count of *Polls*. There is no warning.

## When it is wrong

- One spawn site for two kinds of work: a helper such as `fn spawn_task(future)`
  has one location for all that goes through it. Long-lived tasks are then left
  behind by short ones.
- A rare request that really takes so long: a report, a backup, a long poll.

## How to fix it

Find the path that these few took. Then see that on *every* path the reply is
sent, or dropped.

Before: on an error the reply stays in the map, and whoever waits for it waits
on.

```rust
let Ok(value) = load(&key).await else { return };
for reply in waiting.remove(&key).unwrap_or_default() {
    reply.send(value.clone()).ok();
}
```

After: it leaves the map first. What is not answered is dropped, and its
receiver gets an error.

```rust
let replies = waiting.remove(&key).unwrap_or_default();
let Ok(value) = load(&key).await else { return };
for reply in replies {
    reply.send(value.clone()).ok();
}
```

- A timeout around the wait is the safety net: `timeout(limit, answer).await`.
  It does not fix what loses the reply, and the entry must leave the map too.

## What would show more

Time: watch for longer (`--for 10m`), and see whether they become more. A log
line with the key of each request, at its start and its end, shows which ones
these are; the console does not.

## In real projects

- [kameo#335](https://github.com/tqwewe/kameo/issues/335): a message that was in
  the mailbox when the actor stopped; the sender of its reply lived on, and the
  `ask` with it.
- [hyper#3647](https://github.com/hyperium/hyper/pull/3647): now and then a
  connection that does not close, after a wake that was lost.

## Scenarios

- `cargo pileup investigate first-asker-forgotten`
";
