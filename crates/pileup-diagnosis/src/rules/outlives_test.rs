//! PU15: tasks that are alive although the test that spawned them is done.
//!
//! It is asked only where nothing is expected to be alive at the end of the watch, as
//! `pileup-test` does. There every live task is one that nobody waits for: the end of the
//! program's runtime cancels it, and in a service that goes on it would stay.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pileup_model::{Site, Task, TaskKind, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation, usual_state};
use crate::facts::{Doubt, Evidence};

const ADVICE: Advice = Advice {
    title: ["outlives the test", "outlive the test"],
    cause: "alive after the test",
    explanation: "The test is done, and these tasks are still alive. Only the drop of the test's \
                  runtime ends them; in a service that goes on they would stay.",
    fix: "Await the task's JoinHandle before the test ends, or end the task: abort it, drop the \
          sender it receives from, or cancel its token. A dropped JoinHandle does not stop its \
          task; a JoinSet that is dropped does. If the task is meant to live as long as the \
          program, allow its file.",
};

const CLOSURES: Advice = Advice {
    title: [
        "runs in the blocking pool after the test",
        "run in the blocking pool after the test",
    ],
    cause: "closure still runs",
    explanation: "The test is done, and these closures of spawn_blocking have not returned. \
                  Nothing can cancel them: a runtime that is dropped waits for them.",
    fix: "Await the closure's JoinHandle, and give the closure a way to stop: a flag that it \
          checks, or a channel whose other end is dropped. For a loop that runs as long as the \
          program, use std::thread::spawn.",
};

const BLOCKED: Advice = Advice {
    title: [
        "blocks its thread after the test",
        "block their threads after the test",
    ],
    cause: "poll does not return",
    explanation: "The test is done, and these tasks are still in a poll that does not return: they \
                  compute or block without reaching an .await. Tokio can neither interrupt nor \
                  abort them, and a runtime that is dropped waits for them.",
    fix: "Await instead of blocking (tokio::time::sleep for std::thread::sleep, Tokio's channels \
          and locks for std's), yield in long loops, or move the work to a thread of its own; and \
          see that the loop's condition can become false.",
};
/// A poll that lasts this long has not just begun.
const LONG_POLL: Duration = Duration::from_millis(100);

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    if !observation.none_expected {
        return Vec::new();
    }
    let history = observation.history;
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let is_closure = |task: &&Task| task.kind == TaskKind::Blocking;
        let live = seen.live.iter().map(AsRef::as_ref);
        let seen_twice = live.filter(|task| Some(task.created_at) <= history.started());
        let (closures, tasks): (Vec<&Task>, Vec<&Task>) = seen_twice.partition(is_closure);
        let is_blocked = |task: &&Task| poll_lasts(task, observation) >= Some(LONG_POLL);
        let (blocked, tasks): (Vec<&Task>, Vec<&Task>) = tasks.into_iter().partition(is_blocked);
        claims.extend(claim(site, &tasks, ADVICE, observation));
        let mut of_blocked = claim(site, &blocked, BLOCKED, observation);
        if let Some(claim) = &mut of_blocked {
            claim.evidence.extend(in_long_poll(&blocked, observation));
        }
        claims.extend(of_blocked);
        claims.extend(claim(site, &closures, CLOSURES, observation));
    }
    claims
}

/// For how long a task has been in its poll; none if it is in none.
fn poll_lasts(task: &Task, observation: &Observation) -> Option<Duration> {
    Some(elapsed(task.in_poll_since()?, observation.latest.at))
}

/// Of tasks that are in a poll, the poll that has lasted longest.
fn in_long_poll(tasks: &[&Task], observation: &Observation) -> Option<Evidence> {
    let polls = tasks
        .iter()
        .filter_map(|task| poll_lasts(task, observation));
    Some(Evidence::InLongPoll {
        tasks: tasks.len(),
        longest_seconds: polls.max()?.into(),
    })
}

fn claim(
    site: Option<&Site>,
    tasks: &[&Task],
    advice: Advice,
    observation: &Observation,
) -> Option<Claim> {
    let oldest = tasks.iter().min_by_key(|task| task.created_at)?;
    let latest = observation.latest;
    let idle = tasks
        .iter()
        .map(|task| elapsed(task.last_active(), latest.at));
    let mut doubts = vec![Doubt::MayBeMeantToStay];
    if site.is_some_and(Site::is_in_dependency) {
        doubts.push(Doubt::SpawnedInDependency);
    }
    let members: HashSet<_> = tasks.iter().map(|task| task.id).collect();
    let mut evidence = vec![Evidence::OutliveTest {
        tasks: tasks.len(),
        oldest_seconds: oldest.age(latest.at).into(),
        most_polls: tasks.iter().map(|task| task.polls.count).max()?,
        idle_seconds: idle.max()?.into(),
    }];
    evidence.extend(spawned_by_tasks(tasks));
    Some(Claim {
        members,
        state: usual_state(tasks.iter().copied()),
        evidence,
        doubts,
        gives_way: true,
        ..Claim::new(site, advice)
    })
}

/// Which tasks spawned most of those that were not spawned by the test itself.
fn spawned_by_tasks(tasks: &[&Task]) -> Option<Evidence> {
    let mut counts: BTreeMap<&Site, usize> = BTreeMap::new();
    for spawned_at in tasks.iter().filter_map(|task| task.parent_site.as_ref()) {
        *counts.entry(spawned_at).or_default() += 1;
    }
    let (spawned_at, tasks) = counts.into_iter().max_by_key(|(_, tasks)| *tasks)?;
    Some(Evidence::SpawnedByTasks {
        tasks,
        spawned_at: spawned_at.clone(),
    })
}

/// What `pileup explain PU15` prints.
pub(super) const PAGE: &str = r#"# PU15 outlives-test

A test is done, and tasks that it has spawned are still alive.

## What it means

`tokio::spawn` gives a task to the runtime. When the test's own future is done,
the runtime is dropped, and with it every task that is left. So a leak does not
show in a test: the end of the test hides it. In a service there is no such end,
and each call leaves one task more.

## What was seen

The tasks were alive when the test was done, and still were after up to 250 ms
in which they could have ended. A paused clock was advanced by that time.

- *Probable*: the tasks were spawned by the code under test.
- *Suspicious*: they were spawned inside a dependency. `pileup-test` only warns
  of these, unless `PILEUP_TEST=strict` is set.

Closures of `spawn_blocking` are counted apart: they cannot be cancelled. So are
tasks that block their thread: the poll in which they are has not returned for
100 ms or longer.

## In tokio-console

A test ends too soon for it. In the service, sort by age (*Total*) and look for
the same *Location*.

## When it is wrong

- A task that is meant to live as long as the program, such as one that writes
  metrics. Allow its file, with the reason: `#[pileup_test::test(allow =
  "src/metrics.rs", reason = "runs as long as the service")]`.
- A task that ends by itself, later than 250 ms after the test. Await it in the
  test: that also shows that it ends.

## How to fix it

Before: the handle is dropped, which detaches the task. It waits for messages
for as long as a sender lives, and one lives in a static.

```rust
tokio::spawn(forward(messages, socket));
```

After: whoever starts the task ends it as well. A `JoinSet` aborts its tasks
when it is dropped.

```rust
let mut tasks = tokio::task::JoinSet::new();
tasks.spawn(forward(messages, socket));
```

- A loop that serves until somebody stops it takes a `CancellationToken` of
  tokio-util; the test cancels it, and awaits the handle.
- A task that receives ends when the last sender is dropped: look for a clone
  that is kept.

## What would show more

With `--cfg tokio_unstable` and Tokio's feature `tracing`, the report shows the
line at which each task waits.

## In real projects

- [tokio#7591](https://github.com/tokio-rs/tokio/issues/7591): tests assert that
  `num_alive_tasks` is 0, and fail now and then, as a task that was joined is
  counted for a moment longer. So tasks get time to end before they count.
- [tokio#7223](https://github.com/tokio-rs/tokio/pull/7223): a `TaskTracker` of
  tokio-util does not abort its tasks when it is dropped, and its documentation
  says so now.

## Scenarios

None: scenarios are watched while they run, and this code is about tests.
"#;
