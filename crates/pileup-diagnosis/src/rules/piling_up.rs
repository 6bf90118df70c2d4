//! PU03: the live tasks of a spawn site grow, and its old ones do not finish.
//!
//! What makes a pile stands in [`crate::growth`]; here is what is claimed of one.

use pileup_model::{Task, TaskState, WaitKind};

use super::advice::Advice;
use super::claim::{Claim, Observation, usual_state};
use crate::facts::{Doubt, Evidence, Unseen};
use crate::growth::Pile;
use crate::starvation::is_slowed;
use crate::waits::{LastWakers, Waits, WaitsOn};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let piles = observation.piles.iter().enumerate();
    let claims = piles.map(|(number, pile)| Claim {
        reads_pile: Some(number),
        ..claim(pile, observation)
    });
    claims.collect()
}

fn claim(pile: &Pile, observation: &Observation) -> Claim {
    let graph = observation.waits;
    let waits = Waits::of(pile.old().map(|task| task.id), graph);
    let usual = waits.usual();
    // The tick of an Interval ends nothing.
    let ticks = usual.is_some_and(|wait| wait.kind == WaitKind::Interval);
    let timers = pile.timers().filter(|_| !ticks);
    let mut evidence = pile.evidence(observation.history);
    if usual.is_some() || timers.is_none() {
        let unseen = || Evidence::WaitUnseen {
            why: unseen(pile, observation),
        };
        evidence.push(waits.evidence(graph).unwrap_or_else(unseen));
    }
    let holders = usual.map(|wait| graph.holder(wait.resource).tasks());
    let wakers = LastWakers::of(pile.old(), observation.history);
    evidence.extend(wakers.evidence());
    let mut doubts = vec![Doubt::OnlyGrowth];
    doubts.extend(timers);
    // That nobody is left who woke the old decides more than a longer watch.
    doubts.extend(pile.undecided().filter(|_| !wakers.are_gone()));
    doubts.extend(wakers.wake_still().then_some(Doubt::StillWoken));
    let may_be_late = is_slowed(observation.history)
        && match pile.undecided() {
            // A task that waits for a timer does not wait for a processor.
            None => !ticks && pile.is_still_polled() && !pile.waits_for_time(),
            // New tasks may be late as well.
            Some(doubt) => matches!(doubt, Doubt::MayBecomeFull { .. }),
        };
    doubts.extend(may_be_late.then_some(Doubt::Starved));
    let old: Vec<&Task> = pile.old().collect();
    Claim {
        members: pile.stuck().map(|task| task.id).collect(),
        holders: holders.unwrap_or_default().to_vec(),
        state: if pile.is_still_polled() {
            TaskState::Running
        } else {
            usual_state(old)
        },
        waits_on: usual.map(WaitsOn::of),
        evidence,
        doubts,
        ..Claim::new(pile.site, Advice::on_pile(pile, usual))
    }
}

/// Why it is not seen what the tasks of a pile wait for.
fn unseen(pile: &Pile, observation: &Observation) -> Unseen {
    if observation.latest.coverage.waits_unseen {
        Unseen::Source
    } else if pile.is_of_closures() {
        Unseen::Closure
    } else {
        Unseen::NotInstrumented
    }
}

/// What `pileup explain PU03` prints.
pub(super) const PAGE: &str = r#"# PU03 piling-up

More and more tasks of one spawn site are alive, and the old ones do not finish.

## What it means

The site spawns again and again: for each request, message or client. Some of
the tasks come to an await that does not end, and stay, with all that they hold:
memory, sockets, permits. It is what the growing number of goroutines is in Go.
The finding is the symptom; where the console shows a cause, another code says so
instead (PU01, PU02, PU04 to PU09).

## What was seen

Growth alone would accuse every burst. Two things are asked of the tasks that
are older than some age, which short tasks of the same site do not reach:

- The old do not finish. For how long they lived without an end, added up over
  all of them, is the *exposure*. Healthy tasks that live for five minutes on
  average would have shown a death in 900 task-seconds, with a probability of
  95 %. The report says which mean the exposure excludes: "if these tasks finish
  at all, they live for 24 min or more on average". What finished before the
  watch counts as well, where that is known.
- It goes on. Tasks keep growing old up to the end of the watch, at no falling
  rate, and far more of them than finish. The first tasks of a watch do not count
  for that if most came there at once, as where a pool is filled. Tasks that are
  alive and came up to a minute before the watch count as well: if new ones
  become rarer since then, the finding is *suspicious*, since a pool that becomes
  full looks the same.

One spawn site often serves several kinds of task. Where its tasks differ by
name, by the line at which they wait, by what they wait for, or because some are
not polled any more, the same is asked of each kind, unless the whole site is
accused. A task counts there from the first snapshot that shows it there until it
finishes or goes on; one that comes back later is not new. The finding then names
the kind: "of the 96 live tasks of the site, the 40 that wait at src/handler.rs:88
stay". Each question is one more chance to be wrong, so more is asked of each kind
than of a whole site.

Both together are *probable*, and never more: no watch proves that a task will
not finish. What most of the old wait for is named where Tokio shows it: a lock,
a semaphore, a barrier, a oneshot, a full channel.

Where a probe shows who woke the tasks last, the report says it: "until 20:14:03
UTC, 40 s ago, they were woken by tasks spawned at feed.rs:40:5, the last of
which has ended". If no task of that spawn site has been alive for a quarter of
the watch, and the old tasks wait for what tasks bring (a message, a
notification, a lock), growth is *probable* without a longer watch. If active
tasks still wake the old ones, they may go on: the finding says so, and comes
after the others of its grade.

A service that has just started and a leak look the same until the exposure
tells them apart. Until then the finding is *suspicious*, and says how much
longer to watch. `--until-decided` ends the watch when every site is decided.
`docs/accuracy.md` in the repository has how often the verdict is wrong.

## In tokio-console

Rows of one *Location*, more of them each time you look: idle, with the same
count of *Polls*; or running, where their *Kind* is `blocking`. There is no warning for it. Sort by age (*Total*) and compare
the polls of the oldest.

## When it is wrong

- Tasks that are known to live for long: a connection per user, a subscription
  per client. `--max-lifetime 10m`, or `max_lifetime = "10m"` for one site in
  the file of `--allow`, says for how long; then more is asked of the exposure.
- Tasks that all live for one and the same time, which is longer than the watch.
  Timers show that; where there are none, watch for longer than such a task
  lives.
- Load that sets in during the watch, of tasks that live for half of it.
- A machine that is too slow for the program: tasks that are still polled may be
  late rather than stuck. Where pileup runs on the machine of the program, it sees
  how long the threads wait for a processor. The finding is *suspicious* then,
  unless the tasks are seen to wait for a timer. Such a program also spawns fewer
  tasks: a site whose new tasks become rarer is *suspicious* then, and not clear.
- Overload: a backlog that grows looks the same while it does. Stop the load,
  and see whether the tasks go. A backlog drains, a leak stays.

## How to fix it

Ask what the tasks wait for, who should bring it, and whether that one still
can. Then give the wait an end.

Before: `results` stays in scope, so the channel never closes.

```rust
for job in jobs { tokio::spawn(work(job, results.clone())); }
while let Some(result) = received.recv().await { keep(result); }
```

After: the last sender goes, and the loop ends with the last result.

```rust
for job in jobs { tokio::spawn(work(job, results.clone())); }
drop(results);
while let Some(result) = received.recv().await { keep(result); }
```

- A request or a reply: a timeout, which also takes the entry out of the map of
  the waiting.
- A channel: drop the other side with its owner; `tokio::select!` with a
  `CancellationToken`.
- A `JoinHandle`: to drop it detaches the task. Abort it, or use a `JoinSet`.
- A blocking closure: a limit in the closure itself (`recv_timeout`,
  `wait_timeout`, `set_read_timeout`). A timeout around its handle does not end
  it, nor does `abort`.
- A backlog: take a permit *before* the spawn, not in the task.

## What would show more

By console-subscriber alone, `recv`, `Notify`, `watch`, `broadcast`,
`JoinHandle` and I/O are not seen: of these the console shows only that a task is
idle. Add a probe to the program, or use pileup's own subscriber: the report
then names the line of the `.await` at which each task waits, whatever it waits
for, and polls no task to find it. `pileup doctor` reports which of them a
program has.

## In real projects

- [linkerd2#4926](https://github.com/linkerd/linkerd2/issues/4926): tasks that
  learn of a client's end only when they next send.
- [materialize#35938](https://github.com/MaterializeInc/materialize/pull/35938):
  a connection leaked with each reconnect.
-
  [cowprotocol/services#3499](https://github.com/cowprotocol/services/pull/3499):
  a timeout dropped the handle, the tasks lived on until the process ran out of
  memory.
- [codex#8196](https://github.com/openai/codex/pull/8196): tasks that own what
  would end them.
- [reqwest#1592](https://github.com/seanmonstar/reqwest/issues/1592): requests
  without a timeout.

## Scenarios

Channels:

- `cargo pileup investigate send-without-receive`
- `cargo pileup investigate receive-without-send`
- `cargo pileup investigate full-channel`
- `cargo pileup investigate unclosed-channel`
- `cargo pileup investigate unread-fan-in`
- `cargo pileup investigate bounded-channel-cycle`
- `cargo pileup investigate unreplied-oneshot`

Everything else:

- `cargo pileup investigate request-without-timeout`
- `cargo pileup investigate endless-loop`
- `cargo pileup investigate waitgroup-missing-done`
- `cargo pileup investigate permit-hoarding`
- `cargo pileup investigate barrier-short-party`
- `cargo pileup investigate losing-branch-detached`
- `cargo pileup investigate unstoppable-closure`
"#;
