//! PU01: tasks that are idle, and no waker is left that could wake them.
//!
//! A task is only polled again when one of its wakers is used. When it is idle and every
//! waker that was ever cloned from it has been dropped, nothing can: not a message, not a
//! timer, not a lock. This is what tokio-console's lint `lost-waker` looks at, less its
//! false alarms: a task that has finished stays on the console, without wakers, for as long as
//! a span is open that was made in it. A blocking closure has one, and so has a session that
//! is spawned with `.instrument(span)`.
//!
//! It is certain where the tasks have not finished for certain, where wakers were counted by
//! the time of their first poll, and where no task of the site has ever lived for half as long
//! and ended: those that somebody aborts in the end look the same until then. Otherwise it is
//! as sure as the pile that they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use pileup_model::{Site, Snapshot, Task, TaskKind, Wait, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation, usual_state};
use crate::facts::{Doubt, Evidence};
use crate::history::{History, SiteHistory};
use crate::thresholds::{ENDED_AS_OLD_PART, WITHOUT_WAKER, are_most};
use crate::waits::LastWakers;

const ADVICE: Advice = Advice {
    title: ["can never be woken"; 2],
    cause: "no waker left",
    explanation: "A task is polled again only when one of its wakers is used. These tasks wait, \
                  and no waker of theirs exists any more: nothing can wake them.",
    fix: "Find the future that returns Pending without keeping the waker: std::future::pending(), \
          an optional channel that was never installed, a select! whose live branches are all \
          disabled, or a hand-written poll. Give it a branch that can complete, such as a \
          cancellation.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let closures = closures(latest);
    let finished = finished_in_disguise(latest);
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let live = seen.live.iter().map(AsRef::as_ref);
        let unwakeable = live.filter(|task| is_unwakeable(task, &closures));
        let unwakeable: Vec<&Task> = unwakeable.collect();
        // Where one has been so for long enough, the younger ones count with it.
        let lasts = |task: &&Task| has_lasted(task, history, latest);
        let Some(oldest) = unwakeable.first().filter(|_| unwakeable.iter().any(lasts)) else {
            continue;
        };
        let disguised = finished.get(&site).copied().unwrap_or_default();
        let polls = unwakeable.iter().map(|task| task.polls.count);
        let mut claim = Claim {
            members: unwakeable.iter().map(|task| task.id).collect(),
            state: usual_state(unwakeable.iter().copied()),
            evidence: vec![
                Evidence::WakersDropped {
                    tasks: unwakeable.len(),
                },
                Evidence::OldestPolled {
                    polls: oldest.polls.count,
                    ago_seconds: elapsed(oldest.last_active(), latest.at).into(),
                },
                Evidence::PolledAtMost {
                    tasks: unwakeable.len(),
                    polls: polls.max().unwrap_or_default(),
                },
            ],
            doubts: doubt(&unwakeable, disguised, seen, history, latest)
                .into_iter()
                .collect(),
            ..Claim::new(site, ADVICE)
        };
        claim.evidence.extend(waited_last(&unwakeable));
        let wakers = LastWakers::of(unwakeable, history);
        claim.evidence.extend(wakers.evidence());
        claims.push(claim.with_those_behind(observation));
    }
    claims
}

/// Where most of these tasks waited last, if the source shows it.
fn waited_last(tasks: &[&Task]) -> Option<Evidence> {
    let mut counts: BTreeMap<&Wait, usize> = BTreeMap::new();
    for last in tasks.iter().filter_map(|task| task.last_wait.as_deref()) {
        *counts.entry(last).or_default() += 1;
    }
    let (last, waited) = counts.into_iter().max_by_key(|(_, tasks)| *tasks)?;
    let place = last.place.as_ref();
    Some(Evidence::WaitedLastAt {
        tasks: waited,
        of: tasks.len(),
        kind: last.kind.to_string(),
        function: place.map(|frame| frame.function.to_string()),
        file: place.and_then(|frame| frame.file.as_deref().map(str::to_owned)),
        line: place.and_then(|frame| frame.line),
    })
}

fn doubt(
    unwakeable: &[&Task],
    disguised: usize,
    seen: &SiteHistory,
    history: &History,
    latest: &Snapshot,
) -> Option<Doubt> {
    let counted = |task: &&Task| history.has_all_clones_counted(task);
    let oldest = unwakeable.first()?.age(latest.at);
    let ended_as_old = [&seen.finished, &seen.finished_before]
        .into_iter()
        .any(|finished| finished.longest() * ENDED_AS_OLD_PART >= oldest);
    if !unwakeable.iter().any(counted) {
        Some(Doubt::WakersUncounted)
    } else if !have_not_finished(unwakeable, disguised, history) {
        Some(Doubt::MayHaveFinished)
    } else if ended_as_old {
        Some(Doubt::OthersEndedAsOld)
    } else {
        None
    }
}

/// Whether tasks have not finished, and have no waker, as far as the target was asked about them.
/// Of the tasks of the site that look so, most must have been found so: one finished task in a
/// hundred seems so by chance.
fn have_not_finished(tasks: &[&Task], disguised: usize, history: &History) -> bool {
    let proven = |task: &&&Task| has_not_finished(task) && history.has_all_clones_counted(task);
    let proven = tasks.iter().filter(proven).count();
    proven > 0 && are_most(proven, proven + disguised)
}

/// Of each site, the tasks that look as if nobody could wake them, and have finished: their last
/// poll followed no wake.
fn finished_in_disguise(latest: &Snapshot) -> BTreeMap<Option<&Site>, usize> {
    let mut finished = BTreeMap::new();
    let polled_unwoken = |task: &&Arc<Task>| {
        let wakers = task.wakers.unwrap_or_default();
        wakers.woken_for_last_poll == Some(false) && task.has_no_waker() && !task.is_ghost()
    };
    for task in latest.tasks.iter().filter(polled_unwoken) {
        *finished.entry(task.site.as_ref()).or_default() += 1;
    }
    finished
}

fn is_unwakeable(task: &Task, closures: &[Timestamp]) -> bool {
    task.has_no_waker() && !may_have_finished(task, closures)
}

/// Whether a task has been without a waker for longer than a waker takes to be stored.
fn has_lasted(task: &Task, history: &History, latest: &Snapshot) -> bool {
    let since = history.without_waker_since(task);
    since.is_some_and(|since| elapsed(since, latest.at) >= WITHOUT_WAKER)
}

/// Whether the task has not finished, for certain: it was polled when it was spawned and not
/// again, or its last poll is the one that its last wake brought about.
fn has_not_finished(task: &Task) -> bool {
    let wakers = task.wakers.unwrap_or_default();
    (wakers.wakes == 0 && task.polls.count == 1) || wakers.woken_for_last_poll == Some(true)
}

/// Whether the task may have finished unseen: a blocking closure that was born during its
/// life keeps its span open.
fn may_have_finished(task: &Task, closures: &[Timestamp]) -> bool {
    let next = closures.partition_point(|born| *born < task.created_at);
    let kept_open = closures
        .get(next)
        .is_some_and(|born| *born <= task.last_active());
    kept_open && !has_not_finished(task)
}

/// When the live blocking closures were born, in order.
fn closures(latest: &Snapshot) -> Vec<Timestamp> {
    let tasks = latest.tasks.iter();
    let mut closures: Vec<Timestamp> = tasks
        .filter(|task| task.kind == TaskKind::Blocking)
        .map(|task| task.created_at)
        .collect();
    closures.sort_unstable();
    closures
}

/// What `pileup explain PU01` prints.
pub(super) const PAGE: &str = r#"# PU01 never-woken

Tasks are idle, and nothing is left that could wake them.

## What it means

A task is polled when it is spawned, and after that only when one of its wakers
is used. A future that returns `Pending` must have handed a clone of the waker
to somebody: a timer, a channel, the I/O driver. These tasks wait, and every
clone is gone. No message, no timeout and no shutdown signal reaches them. Only
`abort`, or the end of the runtime, ends them.

## What was seen

The console counts the wakers of each task that were cloned and that were
dropped. Here the counts are equal, the task is idle, and it stayed so for a
second at least.

- *Certain*, from one task on and without any growth: the task has not finished.
  Either it was never woken, and polled once; or its last poll is the one that
  its last wake brought about. A finished task is polled once more, to be
  dropped. pileup asks the target for the times that lie between its wakes and
  its polls, and looks for the last of them.
- *Probable* or *suspicious*, with or without a pile: it may have finished, or
  others of the site have ended at half that age or more, or it was polled in the
  program's first moments, before wakers were counted.

## In tokio-console

The list shows the task as idle with few polls, and warns that it has *lost its
waker*. The task's own view counts its current wakers: 0. It is the one leak
that tokio-console names by itself.

## When it is wrong

- A task that has finished stays on the console, without wakers, while a span is
  open that was made in it: that of a blocking closure, or of a session that was
  spawned with `.instrument(span)`. Where it is known to have finished it is no
  finding, and where it may have, no certain one.
- The very first wakers of a program may go uncounted: while one thread makes the
  event of a clone known to the console, other threads lose theirs. Tasks whose
  first poll was then, at most a second after the first spawn, are never certain.
- A task on purpose that does nothing until it is aborted. Once others of the
  site have been, it is a suspicion at most.
- It is silent for a wait that will never end but that somebody could end: a
  receiver whose sender is kept has a waker. That is PU03 or PU10.

## How to fix it

Await only what somebody can complete; give every wait a branch that can end it.

Before: without a receiver the task waits for good.

```rust
match &mut updates {
    Some(updates) => updates.recv().await,
    None => std::future::pending().await,
}
```

After: without a receiver there is nothing to wait for, and a cancellation ends
the wait.

```rust
let Some(updates) = &mut updates else { return };
tokio::select! {
    update = updates.recv() => apply(update),
    () = cancelled.cancelled() => {}
}
```

In a `poll` written by hand: on every path to `Pending`, clone `cx.waker()` into
what will call it, or poll a future that does. A `Poll::Pending` in which `cx`
was not used is wrong.

## What would show more

By console-subscriber alone, only the spawn is seen. With a probe or pileup's own
subscriber the report also names the line at which the task waited last, if it
was woken before. A future that has never cloned a waker leaves no trace of its
own line: look below the spawn for `pending()`, for optional channels, for
hand-written `poll` functions, and for a `select!` whose live branches are all
disabled by an `if`.

## In real projects

- [linkerd2-proxy#2342](https://github.com/linkerd/linkerd2-proxy/pull/2342): a
  gate that returned `Pending` without the context; caught in review, "will leak
  the task".
- [chatmail/core#1922](https://github.com/chatmail/core/pull/1922),
  [rusoto#1790](https://github.com/rusoto/rusoto/pull/1790) and
  [h2#931](https://github.com/hyperium/h2/pull/931): futures that forgot to
  register.
- [console#149](https://github.com/tokio-rs/console/issues/149): a false alarm
  of tokio-console's warning.

## Scenarios

- `cargo pileup investigate nil-channel-receive`
- `cargo pileup investigate nil-channel-send`
"#;
