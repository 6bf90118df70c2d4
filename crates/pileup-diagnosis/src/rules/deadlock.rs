//! PU04: tasks that wait for one another's locks, or for one of their own.
//!
//! In a cycle of the wait-for graph nobody can go first. A cycle in which a lock was granted to
//! a future that its task no longer polls has a code of its own: [`super::futurelock`].
//!
//! A wait with a deadline looks the same until the deadline: a cycle must have stood still
//! for a good part of the watch.
//!
//! A cycle is only as sure as the pile that it explains, and a suspicion without one, where
//! somebody who is not seen may open it:
//!
//! - Who took a lock by `lock_owned` or `acquire_owned` may have passed the guard on: a
//!   dispatcher that takes a permit, gives it to a job and waits for the next looks as if it
//!   waited for itself. Permits of a semaphore in a static are passed on as well, or are
//!   forgotten, and others added.
//! - A single task that waits for a lock which it took in an earlier poll may have given it
//!   back, and somebody have taken it by `try_lock`, which is not seen.
//! - A task that waits in several places at once, by `join!` or `select!`, may go on in
//!   another one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use pileup_model::{Site, Snapshot, TaskId, WaitKind, elapsed};

use super::advice::Advice;
use super::claim::{Claim, Observation};
use crate::facts::{Doubt, Evidence};
use crate::history::{Holder, SeenTask};
use crate::thresholds::standstill;
use crate::waits::{Wait, WaitGraph, WaitsOn};

const ADVICE: Advice = Advice {
    title: [
        "waits for a lock that it holds itself",
        "wait in a deadlock, or behind it",
    ],
    cause: "deadlock",
    explanation: "Each of these tasks holds a lock that another of them, or it itself, waits for. \
                  None can go on before another does: they wait for good, and so does whoever \
                  comes to these locks later.",
    fix: "Take locks in one order everywhere; hold one at a time, or one lock for both; end a \
          guard before the next lock (bind what it gives, then match on that: a guard in the \
          scrutinee lives to the end of the match).",
};

/// What cycles have in common: where their tasks were spawned, and their locks made.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Places {
    spawned: Vec<Option<Site>>,
    made: Vec<Option<Site>>,
}

/// All cycles of the same places.
#[derive(Default)]
struct Kind<'a> {
    cycles: Vec<Vec<&'a SeenTask>>,
    /// The tasks of more such cycles, which have not stood still for long enough to count.
    too_young: HashSet<TaskId>,
    waits: Vec<&'a Wait<'a>>,
    /// Who waits for which lock, and who holds it: of the first cycle.
    steps: Vec<Evidence>,
    /// For how long all of them have stood still.
    still_for: Option<Duration>,
    /// Why somebody who is not seen may open a cycle.
    doubt: Option<Doubt>,
    /// In a cycle of one the lock may have been given back, and taken by somebody unseen.
    /// That several locks stand so is no chance.
    was_polled_since: bool,
}

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    cycles(observation, Cycles::OfHolders, ADVICE)
}

/// Two kinds of cycles, each of which has a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cycles {
    /// Every lock of the cycle is held by a task of it.
    OfHolders,
    /// A lock of the cycle was granted to a future that is not polled.
    ThroughUnpolledFutures,
}

/// The claims about the cycles of one kind.
pub(super) fn cycles(observation: &Observation, wanted: Cycles, advice: Advice) -> Vec<Claim> {
    let Observation {
        history,
        latest,
        waits: graph,
        ..
    } = observation;
    let patience = standstill(history.window());
    let mut kinds: BTreeMap<Places, Kind> = BTreeMap::new();
    for cycle in graph.cycles() {
        let inside: HashSet<TaskId> = cycle.iter().copied().collect();
        let within = |wait: &&Wait| {
            let mut holders = graph.live_holders(wait).iter();
            holders.any(|holder| inside.contains(holder))
        };
        let waits: Vec<&Wait> = cycle
            .iter()
            .filter_map(|task| graph.waits_of(*task).iter().find(within))
            .collect();
        if can_be_opened(&waits, &inside, graph) {
            continue;
        }
        if kind_of(&waits, graph) != wanted {
            continue;
        }
        let still = waits.iter().map(|wait| elapsed(wait.since, latest.at));
        let Some(still) = still.min() else {
            continue;
        };
        let places = Places {
            spawned: distinct(waits.iter().map(|wait| &wait.task.site)),
            made: distinct(waits.iter().map(|wait| &wait.resource.site)),
        };
        let kind = kinds.entry(places).or_default();
        if still < patience {
            kind.too_young.extend(waits.iter().map(|wait| wait.task.id));
            continue;
        }
        kind.cycles
            .push(waits.iter().map(|wait| wait.task).collect());
        kind.still_for = Some(kind.still_for.map_or(still, |known| known.min(still)));
        kind.doubt = kind.doubt.or_else(|| doubt(&waits, wanted, graph, latest));
        if kind.steps.is_empty() {
            kind.steps = steps(&waits, &inside, graph);
        }
        kind.was_polled_since |= was_polled_since(&waits, graph, latest);
        kind.waits.extend(waits);
    }
    let proven = kinds
        .into_iter()
        .filter(|(_, kind)| !kind.cycles.is_empty());
    proven
        .map(|(places, kind)| kind.claim(&places, wanted, advice, observation))
        .collect()
}

fn kind_of(waits: &[&Wait], graph: &WaitGraph) -> Cycles {
    let unpolled = waits
        .iter()
        .any(|wait| matches!(graph.holder(wait.resource), Holder::Granted(..)));
    if unpolled {
        Cycles::ThroughUnpolledFutures
    } else {
        Cycles::OfHolders
    }
}

/// Who waits for which lock, and who of the cycle holds it.
fn steps(waits: &[&Wait], inside: &HashSet<TaskId>, graph: &WaitGraph) -> Vec<Evidence> {
    let step = |wait: &&Wait| {
        let mut holders = graph.holder(wait.resource).tasks().iter();
        let holder = holders.find(|holder| inside.contains(&holder.id))?;
        Some(Evidence::CycleStep {
            waiting: wait.task.site.clone(),
            wait: wait.what(),
            holder: holder.site.clone(),
        })
    };
    let mut steps: Vec<Evidence> = waits.iter().filter_map(step).collect();
    // Tasks of one site that wait for each other's locks of one kind say it once.
    steps.dedup();
    steps
}

fn distinct<'a>(sites: impl Iterator<Item = &'a Option<Site>>) -> Vec<Option<Site>> {
    let sites: BTreeSet<Option<Site>> = sites.cloned().collect();
    sites.into_iter().collect()
}

/// Whether a lock of a cycle has a holder who is not stuck in it or behind it: one permit of
/// many is enough to go on.
fn can_be_opened(waits: &[&Wait], inside: &HashSet<TaskId>, graph: &WaitGraph) -> bool {
    let holders = waits.iter().flat_map(|wait| graph.live_holders(wait));
    let mut outside = holders.filter(|holder| !inside.contains(holder)).peekable();
    outside.peek().is_some() && {
        let behind = graph.behind(inside);
        outside.any(|holder| !behind.contains(holder))
    }
}

/// Why somebody who is not seen may open a cycle.
fn doubt(waits: &[&Wait], cycles: Cycles, graph: &WaitGraph, latest: &Snapshot) -> Option<Doubt> {
    if waits
        .iter()
        .any(|wait| graph.may_be_passed_on(wait.resource))
    {
        return Some(Doubt::GuardPassedOn);
    }
    if cycles == Cycles::ThroughUnpolledFutures {
        // Its task does wait in two places, and polls one of them.
        return None;
    }
    let permits = || waits.iter().filter(|wait| wait.kind == WaitKind::Semaphore);
    if permits().next().is_some() {
        let sites: BTreeSet<Option<Site>> =
            waits.iter().map(|wait| wait.task.site.clone()).collect();
        let are_theirs = |wait: &&&Wait| graph.is_shared_among(wait.resource, &sites);
        return Some(
            if waits.len() > 1 && permits().all(|wait| are_theirs(&wait)) {
                Doubt::PermitsOfTheCycle
            } else {
                Doubt::PermitsPassedOn
            },
        );
    }
    let several = |wait: &Wait| graph.waits_of(wait.task.id).len() > 1;
    let wakers = |wait: &Wait| latest.task(wait.task.id)?.waker_count();
    let elsewhere = match waits {
        [wait] => several(wait) || wakers(wait) > Some(1),
        _ => waits.iter().any(|wait| several(wait)),
    };
    elsewhere.then_some(Doubt::WokenElsewhere)
}

/// Whether a task that waits for its own lock was polled since it took it. In one poll it
/// cannot have given the lock back and wait for somebody who took it by `try_lock`.
fn was_polled_since(waits: &[&Wait], graph: &WaitGraph, latest: &Snapshot) -> bool {
    let [wait] = waits else { return false };
    let polled = latest
        .task(wait.task.id)
        .map(|task| task.polls.last_started);
    match graph.holder(wait.resource) {
        Holder::One(_, taken) => polled.is_some_and(|polled| polled > Some(*taken)),
        _ => false,
    }
}

impl Kind<'_> {
    fn claim(
        &self,
        places: &Places,
        cycles: Cycles,
        advice: Advice,
        observation: &Observation,
    ) -> Claim {
        let inside: HashSet<TaskId> = self.cycles.iter().flatten().map(|task| task.id).collect();
        let behind = observation.waits.behind(&inside);
        let size = self.cycles.iter().map(Vec::len).max().unwrap_or_default();
        let mut evidence = vec![match cycles {
            Cycles::ThroughUnpolledFutures => Evidence::GrantedUnpolled {
                tasks: self.cycles.len(),
            },
            Cycles::OfHolders => Evidence::Cycle {
                tasks: size,
                cycles: self.cycles.len(),
            },
        }];
        evidence.extend(self.steps.iter().cloned());
        evidence.push(Evidence::StoodStill {
            tasks: inside.len(),
            still_seconds: self.still_for.unwrap_or_default().into(),
        });
        if !behind.is_empty() {
            evidence.push(Evidence::Behind {
                tasks: behind.len(),
                spawned_at: observation.sites(&behind),
            });
        }
        let holders = self.cycles.iter().flatten();
        Claim {
            waiting: &behind | &self.too_young,
            members: inside,
            holders: holders.map(|task| SeenTask::clone(task)).collect(),
            waits_on: self.waits.first().copied().map(WaitsOn::of),
            evidence,
            doubts: self.doubt().into_iter().collect(),
            ..Claim::new(places.spawned.first().and_then(Option::as_ref), advice)
        }
    }

    fn doubt(&self) -> Option<Doubt> {
        let alone = self.was_polled_since && self.cycles.len() == 1;
        self.doubt.or(alone.then_some(Doubt::MayHaveGivenBack))
    }
}

/// What `pileup explain PU04` prints.
pub(super) const PAGE: &str = r"# PU04 deadlock

Tasks wait for one another's locks, or one waits for a lock that it holds
itself.

## What it means

In a cycle of waits nobody can go first. The tasks wait for good, and so does
everybody who comes to these locks later. A cycle of one is the commonest in
Rust: Tokio's locks are not reentrant, and a guard often lives longer than it
looks.

## What was seen

Each task's open async op names the lock that it waits for. The holder is
inferred: an exclusive lock is held by the task whose op took it last. Followed
from task to lock to holder, the chain comes back to where it began, and nobody
in it was polled for a quarter of the watch.

- *Certain*: the guards cannot have left the tasks that took them, and the tasks
  wait for nothing else.
- *Probable* or *suspicious*, with or without a pile behind them: the guards are
  owned ones (`lock_owned`) or permits, which a task can pass on; or a task waits
  in several places at once (`join!`, `select!`), and may go on in another; or a
  single task waits for a lock that it took some polls ago, and may have given
  back.

## In tokio-console

The tasks are idle, without a warning. Press `r`: each lock has `locked=true`
and a `Mutex::lock` that waits. Who holds it is not shown; `pileup graph` draws
it, with the cycle in red.

## When it is wrong

- A guard of a lock in a static is passed on like an owned one, and whoever takes
  a lock by `try_lock` is not seen to hold it.
- A lock with a deadline looks the same until the deadline, if that is longer
  than the watch.
- Locks of `std`, `parking_lot` and `DashMap`, and locks made by `const_new`,
  are not in the console protocol: cycles through them are not seen (PU02 may show the
  threads that they block).

## How to fix it

Take locks in one order everywhere, or only one at a time.

Before: the guard in the `match` lives to the end of the `match`.

```rust
match cache.lock().await.get(&key).cloned() {
    Some(value) => value,
    None => {
        let value = load(&key).await;
        cache.lock().await.insert(key, value.clone());
        value
    }
}
```

After: it ends with the `let`.

```rust
let known = cache.lock().await.get(&key).cloned();
match known {
    // the same arms
}
```

Clippy's `significant_drop_in_scrutinee` finds this form. For two locks: one
lock around both values, or a function that alone knows the order.

## What would show more

The report names the spawn sites of the tasks and the lines where the locks were
made. With a probe or pileup's own subscriber it also names the lines at which
the tasks wait now. The lines at which they took what they hold are above those.

## In real projects

- [rustfs#4421](https://github.com/rustfs/rustfs/pull/4421): two locks in two
  orders, rated as of the highest priority.
- [tokio#5056](https://github.com/tokio-rs/tokio/issues/5056) and
  [tokio#2849](https://github.com/tokio-rs/tokio/issues/2849): a lock taken
  twice by one task.

## Scenarios

- `cargo pileup investigate lock-order`: two tasks, two locks.
- `cargo pileup investigate recursive-lock`: one task, one lock, twice.
";
