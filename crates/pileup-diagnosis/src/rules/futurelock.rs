//! PU05: a lock was granted to a future that its task no longer polls.
//!
//! Such a task waits for itself, through a future that only it could poll: a cycle of the
//! wait-for graph, found as those of [`super::deadlock`] are. The name is that of Oxide's RFD
//! 609.

use super::advice::Advice;
use super::claim::{Claim, Observation};
use super::deadlock::{Cycles, cycles};

const ADVICE: Advice = Advice {
    title: [
        "waits for a lock that its own unpolled future has",
        "wait for a lock that an unpolled future has",
    ],
    cause: "granted, not polled",
    explanation: "Tokio's locks are fair: the lock went to a future that had queued for it, and \
                  which its task started, and then stopped polling without dropping it. Only that \
                  task could poll it, and it waits behind it.",
    fix: "Do not select! on a &mut future that waits for a lock and then await the same lock in \
          another branch: drop the future first, spawn it, or move the wait out of the select!.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    cycles(observation, Cycles::ThroughUnpolledFutures, ADVICE)
}

/// What `pileup explain PU05` prints.
pub(super) const PAGE: &str = r"# PU05 futurelock

A lock was granted to a future that its task no longer polls, and the task waits
behind it.

## What it means

Tokio's locks are fair: whoever queued first gets the lock, and it is handed
over when it comes free, ready or not. A task that starts a future which queues
for a lock, and then stops polling that future *without dropping it*, leaves it
in the queue. If the task then waits for the same lock, it waits behind its own
future. The lock goes to that future; only the task could poll it; and the task
is at another await. Nobody holds the lock, and nobody can have it.

## What was seen

An `Acquire::new` that has obtained all that it requested, and has not ended: a
lock that was granted and not taken. Behind it, another wait of the same task
for the same lock. No healthy program is in this state for longer than a worker
takes to come round; here it has lasted for a quarter of the watch. The grade is
*certain*.

## In tokio-console

The task is idle, without a warning. Press `r`: the mutex has `locked=false`,
and yet async ops wait for it. In the semaphore inside of it, one op has
`permits_obtained` equal to `permits_requested`, and belongs to the same task as
an op that has none.

## When it is wrong

The unpolled future is known by its op; that it belongs to the task is known
because that task polled it last. A future that was polled in one task and then
moved into another is reported wrongly, until the other has polled it.

## How to fix it

While you await one future, no other that you have started may be able to hold
what you await.

Before: `select!` has only a `&mut` to the future, and leaves it alive.

```rust
tokio::select! {
    () = &mut save => {}
    () = sleep(PATIENCE) => state.lock().await.note_delay(),
}
```

After: the future goes into the `select!`, and is dropped when the other branch
is taken.

```rust
tokio::select! {
    () = save => {}
    () = sleep(PATIENCE) => state.lock().await.note_delay(),
}
```

- To keep the future alive, let something poll it: `tokio::join!`, or spawn it
  and `select!` on the `JoinHandle`.
- The same holds for a stream of futures (`buffered`, `FuturesUnordered`) with
  an await in the loop that reads it, and for a send into a full channel.

## What would show more

With a probe or pileup's own subscriber the report names the line at which the
task waits now. Above it, look for `&mut` futures in a `select!`, for
`poll_immediate`, and for streams of futures. PU16 finds the same in locks and
channels that Tokio does not instrument.

## In real projects

- [omicron#9259](https://github.com/oxidecomputer/omicron/issues/9259) and
  [RFD 609](https://rfd.shared.oxide.computer/rfd/0609): a control plane that
  hung; the analysis gave the pattern its name.
- [moka#240](https://github.com/moka-rs/moka/issues/240): a `get_with` of a
  cache that is polled once and put aside blocks all others for the same key.
- [futures-rs#2387](https://github.com/rust-lang/futures-rs/issues/2387): the
  same with a stream of futures and a semaphore.

## Scenarios

- `cargo pileup investigate futurelock`
";
