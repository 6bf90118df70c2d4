//! PU06: a lock is held, and the task that took it has ended.
//!
//! A guard gives its lock back when it is dropped, also on panic and on cancellation. When
//! the task that took a lock is gone and the lock is still held, the guard was moved out of
//! the task, into a map or a static, or was forgotten. It may still come back: the hold
//! must have lasted for a good part of the watch, with somebody waiting all that time.
//!
//! The guard may also be with a live task, which uses it: a lease that is handed to a worker
//! looks the same, be the guard an owned one or that of a lock which lives for ever. And who
//! took a lock by `try_lock` is not seen at all. So the finding is only as sure as the pile of
//! those who wait, and a suspicion without one.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pileup_model::{ResourceId, Site, TaskId, WaitKind, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::history::{Holder, SeenTask};
use crate::thresholds::standstill;
use crate::waits::{Wait, WaitGraph, WaitsOn};

const ADVICE: Advice = Advice {
    title: [
        "waits for a lock whose holder has ended",
        "wait for locks whose holders have ended",
    ],
    cause: "holder has ended",
    explanation: "A guard gives its lock back when it is dropped. The task that took this one has \
                  ended, and the lock is still held: the guard was moved into something that \
                  lives on, or was forgotten.",
    fix: "Look at where the guard goes: a map or a list of owned guards, a struct that outlives \
          the request, mem::forget. Keep guards on the stack, and store what they protect, or the \
          knowledge that it is taken, instead.",
};

const PERMITS: Advice = Advice {
    title: [
        "waits for a permit that has not come back",
        "wait for permits that have not come back",
    ],
    cause: "permits not returned",
    explanation: "A permit goes back to its semaphore when it is dropped. Every task that took one \
                  has ended, and the permits have not come back: something keeps them.",
    fix: "Look for what keeps a permit after its task: an OwnedSemaphorePermit, or the connection \
          of a pool, that is stored in a map, a list or a struct that lives on, or sent to a queue; \
          or forget(). Hold permits on the stack of the work that they are for; \
          available_permits() shows how many are lost.",
};

/// Locks made at one place, whose holders were spawned at one place and have ended.
#[derive(Default)]
struct Orphans<'a> {
    holders: HashSet<&'a SeenTask>,
    waits: Vec<&'a Wait<'a>>,
    locks: HashSet<ResourceId>,
    held_for: Duration,
    /// Whether one of them has been held, and waited for, for long enough to count.
    is_proven: bool,
    /// Waits for more locks made there, whose holders are not known.
    unknown: Vec<&'a Wait<'a>>,
}

/// Where the holders were spawned, and the locks made.
type Places<'a> = (Option<&'a Site>, Option<&'a Site>);

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let orphans = orphans(observation).into_iter();
    orphans
        .map(|((holder_site, lock_site), orphans)| {
            orphans.claim(holder_site, lock_site, observation)
        })
        .collect()
}

fn orphans<'a>(observation: &Observation<'a>) -> BTreeMap<Places<'a>, Orphans<'a>> {
    let Observation {
        history,
        latest,
        waits,
        ..
    } = observation;
    let patience = standstill(history.window());
    let mut orphans: BTreeMap<Places, Orphans> = BTreeMap::new();
    for wait in waits.waits() {
        let (holders, since) = match waits.holder(wait.resource) {
            Holder::One(holder, since) if !holder.lives(latest) => {
                (std::slice::from_ref(holder), since)
            }
            Holder::Ended(holders, since) => (&holders[..], since),
            _ => continue,
        };
        let Some(holder) = holders.first() else {
            continue;
        };
        let held_for = elapsed(*since, latest.at);
        let places = (holder.site.as_ref(), wait.resource.site.as_ref());
        let orphans = orphans.entry(places).or_default();
        orphans.is_proven |= held_for >= patience && elapsed(wait.since, latest.at) >= patience;
        orphans.held_for = orphans.held_for.max(held_for);
        orphans.locks.insert(wait.resource.id);
        orphans.holders.extend(holders);
        orphans.waits.push(wait);
    }
    orphans.retain(|_, orphans| orphans.is_proven);
    add_unknown(&mut orphans, observation.waits);
    orphans
}

/// Adds the waits for locks made at the same places whose holders are not known, by tasks of
/// the same sites: those were taken before the attach.
fn add_unknown<'a>(orphans: &mut BTreeMap<Places<'a>, Orphans<'a>>, waits: &'a WaitGraph<'a>) {
    // Of each place where locks were made and of each site that waits for them.
    let mut known: BTreeMap<Places, Places> = BTreeMap::new();
    for (places, orphans) in &*orphans {
        for wait in orphans.waits.iter().filter(|_| places.1.is_some()) {
            let waiting = (places.1, wait.task.site.as_ref());
            known.entry(waiting).or_insert(*places);
        }
    }
    for wait in waits.waits().iter().filter(|wait| wait.kind.is_lock()) {
        let waiting = (wait.resource.site.as_ref(), wait.task.site.as_ref());
        let Some(places) = known.get(&waiting) else {
            continue;
        };
        if *waits.holder(wait.resource) == Holder::Unknown
            && let Some(orphans) = orphans.get_mut(places)
        {
            orphans.unknown.push(wait);
        }
    }
}

impl Orphans<'_> {
    fn claim(
        &self,
        holder_site: Option<&Site>,
        lock_site: Option<&Site>,
        observation: &Observation,
    ) -> Claim {
        let all = self.waits.iter().chain(&self.unknown);
        let mut waiting: HashSet<TaskId> = all.map(|wait| wait.task.id).collect();
        waiting.extend(observation.waits.behind(&waiting));
        let of_permits = self
            .waits
            .iter()
            .any(|wait| wait.kind == WaitKind::Semaphore);
        let mut evidence = vec![
            Evidence::Held {
                locks: self.locks.len(),
                kind: self.waits.first().map_or(WaitKind::Other, |wait| wait.kind),
                made_at: lock_site.cloned(),
                longest_seconds: self.held_for.into(),
            },
            Evidence::TakersEnded {
                tasks: self.holders.len(),
                spawned_at: holder_site.cloned(),
            },
            Evidence::WaitForLocks {
                tasks: waiting.len(),
                spawned_at: observation.sites(&waiting),
            },
        ];
        if !self.unknown.is_empty() {
            let locks = self.unknown.iter().map(|wait| wait.resource.id);
            evidence.push(Evidence::TakersUnknown {
                locks: locks.collect::<HashSet<_>>().len(),
                tasks: self.unknown.len(),
            });
        }
        Claim {
            holders: self.holders.iter().copied().cloned().collect(),
            waits_on: self.waits.first().copied().map(WaitsOn::of),
            evidence,
            waiting,
            doubts: vec![Doubt::GuardInUse],
            ..Claim::new(holder_site, if of_permits { PERMITS } else { ADVICE })
        }
    }
}

/// What `pileup explain PU06` prints.
pub(super) const PAGE: &str = r#"# PU06 orphaned-lock

A lock is held, and the task that took it has ended.

## What it means

A guard gives its lock back when it is dropped: at the end of its scope, on
`return`, on `?`, on panic and on cancellation. "Forgot to unlock" cannot be
written by accident. But a guard can be moved: an `OwnedMutexGuard` into a map,
a struct or a static that outlives the task; or it can be forgotten by
`mem::forget`. Then the task is gone, the lock is held, and all others wait.

## What was seen

A lock that tasks wait for. The op that took it last belongs to a task that has
ended, and the lock was not seen free since. It has been held, and waited for,
for a quarter of the watch.

A semaphore is found in the same way: every task that was seen to take a permit has
ended, and the permits have not come back. Then `forget()` was called, or an
owned permit was stored or sent elsewhere.

Locks made at the same place whose holder is not known are counted with these
where tasks of the same spawn site wait for them: they were taken before the
attach.

- *Probable*: tasks pile up behind it.
- *Suspicious*: there is no pile, and somebody may be using the guard. One that
  outlives its task is owned, or borrows from a static, or was forgotten.

## In tokio-console

The waiting tasks are idle. Press `r`: the mutex has `locked=true` and async ops
that wait. That its holder has ended is not shown.

## When it is wrong

- A lease on purpose: a task takes a guard, hands it to a worker, and ends. If the worker is slow, this is what it looks like. See whether the lock
  ever comes free.
- A lock that was taken before pileup was attached has no known holder: then
  nothing is said of one. Who took it by `try_lock` is not seen, and the one who
  had it before is taken for the holder.

## How to fix it

Keep the guard in the scope that needs it; store what it protects, not the
guard.

Before: the entry is removed under another key, or on a path that is not taken.

```rust
let account = accounts.get(&id).clone().lock_owned().await;
in_use.insert(id, account);
work(id).await;
in_use.remove(&other);
```

After: whatever happens in `work`, the guard ends with the block.

```rust
let mut account = accounts.get(&id).lock().await;
work(&mut account).await;
```

If others must see what is in use, store the key, and a guard of your own whose
`Drop` removes it.

## What would show more

Where the guard is now is not in the console protocol. Search for `lock_owned`,
`read_owned`, `write_owned`, `acquire_owned`, `forget`, and for structs and maps
with a guard as a field.

## In real projects

- [sqlx#1901](https://github.com/transact-rs/sqlx/issues/1901), a relative: what
  a pool had given out was not given back when the future was cancelled.
- [tokio#7709](https://github.com/tokio-rs/tokio/issues/7709): an owned permit
  of a channel, kept for later, starves all others.

## Scenarios

- `cargo pileup investigate lock-never-released`
"#;
