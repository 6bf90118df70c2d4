//! PU11: closures keep all threads of the blocking pool, and others wait for one.
//!
//! The pool has 512 threads unless the program says otherwise, and no message says how many. But
//! a closure that was not begun after a good part of the watch found none free: then those that
//! have begun have them all. It is a full pool that works where one of them began after the
//! oldest of those that wait was spawned, or where closures of the same sites take about as long as
//! these have taken by now: a long queue of work that takes its time.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pileup_model::{Site, Task, TaskId, TaskKind, TaskState, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::thresholds::{LASTING_POLL_PART, TIME_TO_BEGIN_PART, TIMES_THE_LONGEST, standstill};

const ADVICE: Advice = Advice {
    title: [
        "keeps the blocking pool full, or waits for it",
        "keep the blocking pool full, or wait for it",
    ],
    cause: "blocking pool is full",
    explanation: "These closures have all threads of the blocking pool and do not return. Whatever \
                  needs such a thread waits: other closures, tokio::fs, and the lookup of names.",
    fix: "Give what the closures block on a limit (recv_timeout, wait_timeout, set_read_timeout), \
          or a flag to look at. Start no more of them than there is work for, by a permit that is \
          taken before spawn_blocking; give those that live for as long as the program a thread of \
          their own (std::thread). A closure must not wait for another closure of the same pool.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let patience = standstill(history.window());
    let tasks = latest.tasks.iter().map(AsRef::as_ref);
    let closures = tasks.filter(|task| task.kind == TaskKind::Blocking && !task.is_worker());
    let (begun, queued): (Vec<&Task>, Vec<&Task>) =
        closures.partition(|task| task.polls.last_started.is_some());
    let waits = |task: &&&Task| elapsed(task.created_at, latest.at) >= patience;
    let Some(oldest) = queued
        .iter()
        .filter(waits)
        .map(|task| task.created_at)
        .min()
    else {
        return Vec::new();
    };
    // The threads of a pool that becomes full begin at about the time at which the first waits.
    let one_began_since = begun.iter().any(|task| {
        let start = task.polls.last_started;
        start.is_some_and(|start| elapsed(oldest, start) > patience / TIME_TO_BEGIN_PART)
    });
    if begun.is_empty() || one_began_since || history.window() < patience {
        return Vec::new();
    }
    let kept_for = |task: &&Task| {
        let since = task.polls.last_started;
        since.map_or(Duration::ZERO, |since| elapsed(since, latest.at))
    };
    let least = begun.iter().map(kept_for).min().unwrap_or_default();
    let mut by_site: BTreeMap<Option<&Site>, HashSet<TaskId>> = BTreeMap::new();
    for task in &begun {
        by_site
            .entry(task.site.as_ref())
            .or_default()
            .insert(task.id);
    }
    let seen = by_site.keys().filter_map(|site| history.site(*site));
    let longest = seen.map(|seen| seen.finished.longest()).max();
    let usually = longest
        .unwrap_or_default()
        .saturating_mul(TIMES_THE_LONGEST);
    let lasts = least >= usually.max(history.window() / LASTING_POLL_PART);
    let waiting: HashSet<TaskId> = queued.iter().map(|task| task.id).collect();
    // One cause: the finding is that of the site with the most threads.
    let site = by_site.iter().max_by_key(|(_, tasks)| tasks.len());
    let site = site.and_then(|(site, _)| *site);
    vec![Claim {
        members: by_site.into_values().flatten().collect(),
        state: TaskState::Running,
        evidence: vec![
            Evidence::ThreadsKept {
                closures: begun.len(),
                queued: queued.len(),
                kept_seconds: least.into(),
            },
            Evidence::Behind {
                tasks: waiting.len(),
                spawned_at: observation.sites(&waiting),
            },
        ],
        waiting,
        doubts: vec![if lasts {
            Doubt::PollMayReturn
        } else {
            Doubt::MayBeHeavyWork
        }],
        ..Claim::new(site, ADVICE)
    }]
}

/// What `pileup explain PU11` prints.
pub(super) const PAGE: &str = r"# PU11 blocking-pool-full

Closures keep all threads of the blocking pool, and others wait for one.

## What it means

`spawn_blocking` runs a closure on a thread of the blocking pool: at most 512,
unless `max_blocking_threads` says otherwise. When all threads are taken by
closures that do not return, no other closure begins. `tokio::fs`, `stdin` and
the lookup of names need such a thread too: they wait as well, and whoever
awaits them.

## What was seen

Closures that were spawned and have not begun for a quarter of the watch, and
none began since the oldest of them was spawned (but for the first half of that
quarter, in which threads that were free may have started). So the closures that have begun
hold all threads there are.

- *Probable*: each has kept its thread for half of the watch or longer, and for
  ten times the longest lifetime of those that returned in the watch.
- *Suspicious*: others took about as long. The pool may be busy with heavy work.

## In tokio-console

Rows of kind `blocking`: some are running, with one poll that lasts; the others
are idle, with no poll at all.

## When it is wrong

- A batch of heavy work, each piece of which takes longer than half of the
  watch. Watch for longer: the pieces finish, and the queue becomes shorter.

## How to fix it

Find what the closures block on, and give that a limit.

Before: each subscriber keeps a thread until it is sent something.

```rust
tokio::task::spawn_blocking(move || updates.recv());
```

After: the thread is given back, and the loop can end.

```rust
tokio::task::spawn_blocking(move || updates.recv_timeout(Duration::from_secs(5)));
```

- Work that lives for as long as the program: a thread of its own.
- A burst: take a permit before `spawn_blocking`, so that the queue is yours.
- A closure that waits for another closure: both need a thread, and with a full
  pool neither ends.

## What would show more

What a closure blocks on, Tokio does not know. A debugger's backtraces of the
program's threads show it.

## In real projects

- [delta-kernel-rs#3202](https://github.com/delta-io/delta-kernel-rs/pull/3202):
  closures that fill the pool, and wait for a result that another closure of the
  same pool was to hand over.

## Scenarios

None of its own: `unstoppable-closure` shows how such closures pile up (PU03).
";
