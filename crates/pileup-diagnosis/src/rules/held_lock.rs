//! PU07: tasks pile up behind a lock whose holder does nothing.
//!
//! A pile of waiters is the symptom; the cause is whoever holds what they wait for. Where
//! the chains of a pile's waits end at tasks that are alive and have not been polled for as
//! long, the finding is theirs.

use std::collections::{BTreeMap, HashSet};
use std::iter;
use std::time::Duration;

use pileup_model::{Site, Snapshot, Task, TaskId, TaskState, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::growth::Pile;
use crate::history::SeenTask;
use crate::thresholds::are_most;
use crate::waits::WaitsOn;

const ADVICE: Advice = Advice {
    title: [
        "holds what others wait for, and does nothing",
        "wait for a lock whose holder does nothing",
    ],
    cause: "holder does nothing",
    explanation: "Tasks pile up behind a lock that is not given back: the task that holds it waits \
                  for something else that does not come.",
    fix: "Look at what the holder awaits while it holds the guard. End the guard before that await, \
          give the await a timeout, or let one task own the state and send it messages.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let piles = observation.piles.iter().enumerate();
    let claims = piles.filter_map(|(number, pile)| {
        Some(Claim {
            reads_pile: Some(number),
            ..claim(pile, observation)?
        })
    });
    claims.collect()
}

fn claim(pile: &Pile, observation: &Observation) -> Option<Claim> {
    let Observation {
        history,
        latest,
        waits,
        ..
    } = observation;
    let mut by_site: BTreeMap<Option<&Site>, (HashSet<TaskId>, HashSet<TaskId>)> = BTreeMap::new();
    for task in pile.old() {
        let roots = waits.roots(task.id);
        let roots = roots.iter().filter_map(|root| latest.task(*root));
        for root in roots.filter(|root| is_still(root, pile, latest)) {
            let (waiting, holders) = by_site.entry(root.site.as_ref()).or_default();
            waiting.insert(task.id);
            holders.insert(root.id);
        }
    }
    let (site, (waiting, holders)) = by_site
        .into_iter()
        .max_by_key(|(_, (waiting, _))| waiting.len())?;
    // The holders themselves may be among the old.
    let others = pile.old().filter(|task| !holders.contains(&task.id));
    let others: HashSet<TaskId> = others.map(|task| task.id).collect();
    if !are_most(waiting.len(), others.len()) || others.is_empty() {
        return None;
    }
    let live = latest.tasks.iter().map(AsRef::as_ref);
    let holding: Vec<&Task> = live.filter(|task| holders.contains(&task.id)).collect();
    let idle = holding
        .iter()
        .map(|task| elapsed(task.last_active(), latest.at));
    let wait = pile.old().find_map(|task| waits.waits_of(task.id).first());
    Some(Claim {
        holders: holding.iter().map(|task| SeenTask::of(task)).collect(),
        waits_on: wait.map(WaitsOn::of),
        evidence: vec![
            Evidence::WaitForHolders {
                waiting: waiting.len(),
                spawned_at: pile.site.cloned(),
                holders: holding.len(),
            },
            Evidence::HolderIdle {
                idle_seconds: idle.max().unwrap_or_default().into(),
            },
            pile.growth(history),
        ],
        members: holders,
        waiting: others,
        doubts: iter::once(Doubt::HolderMayGoOn)
            .chain(pile.undecided())
            .collect(),
        ..Claim::new(site, ADVICE)
    })
}

/// Whether a holder has done nothing for as long as makes a task old.
fn is_still(holder: &Task, pile: &Pile, latest: &Snapshot) -> bool {
    let idle_for: Duration = elapsed(holder.last_active(), latest.at);
    holder.state() == Some(TaskState::Idle) && idle_for >= pile.old_age
}

/// What `pileup explain PU07` prints.
pub(super) const PAGE: &str = r"# PU07 held-lock

Tasks pile up behind a lock whose holder is alive, and does nothing.

## What it means

One task has locked what all others need, and awaits something that does not
come: an answer, a connection, a message. The lock is not the cause. Whatever
hangs behind it would hang without it as well, but as one task; with the lock
held, the whole service waits for it. It is the way in which one slow peer stops
everything.

## What was seen

A pile (PU03) whose tasks wait for a lock. The chains of their waits, from task
to lock to holder, end at a task that is alive, idle, and was not polled for as
long as makes a task of the pile old (a third of the watch, or more). The
finding is at the *holder's* spawn site: that is where to look. At least four in
five of the pile must wait for holders of one site.

The grade is *probable*: the pile is proven, the holder is inferred from the op
that took the lock last, and what it waits for may still come.

## In tokio-console

Many idle tasks of one *Location*. Press `r`: one `Mutex` with `locked=true` and
a long list of `Mutex::lock`. All have the same few *Polls*. The holder is one
more idle task, perhaps of the same location, and the only one of them that
waits for nothing in that list.

## When it is wrong

- A slow holder that gives back looks the same until it does. In a convoy behind
  a hot lock the holder changes, and the waiting tasks rotate: watch for longer
  than one hold takes.
- A guard taken by `try_lock` has no known holder; the finding is then PU03. So
  has a guard that was taken so long before pileup was attached that the program
  no longer remembers it.
- A semaphore that had no free permit when pileup was attached: the tasks that
  took permits and have not been polled since are its holders. One of them may
  have given its permit back in the poll in which it took it.

## How to fix it

Do not await what others decide on while you hold what others need.

Before: one call that is not answered, and nobody gets the line any more.

```rust
let mut line = line.lock().await;
let answer = line.ask(question).await?;
```

After: the call has a deadline, and a line on which an answer is due is not used
again.

```rust
let mut line = line.lock().await;
let Ok(answer) = timeout(PATIENCE, line.ask(question)).await else {
    *line = dial().await?;
    return Err(Error::TooLate);
};
```

- If the lock only protects a value: copy it out, end the guard, then call.
- Let one task own the connection, and send it questions with a oneshot for the
  answer: the queue is then in one place, can be bounded, and each who asks can
  give up alone.
- A pool of connections puts the end off; it is used up by as many calls that
  hang.

## What would show more

What the holder waits for. With a probe or pileup's own subscriber the report
names that line: its await stack. The sockets of the process (`ss -tnp`) show
whose answer is missing.

## In real projects

- [risingwave#3411](https://github.com/risingwavelabs/risingwave/issues/3411): a
  source held its lock for as long as its `next` took, and that was for ever; no
  barrier could pass.
- [omicron#9259](https://github.com/oxidecomputer/omicron/issues/9259) had the
  same face, and another cause: see PU05.

## Scenarios

- `cargo pileup investigate lock-held-across-call`
";
