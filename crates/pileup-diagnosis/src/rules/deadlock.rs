//! PU04 and PU05: tasks that wait for one another's locks, or for one of their own.
//!
//! In a cycle of the wait-for graph nobody can go first. Where a lock of the cycle was
//! granted to a future that its task has stopped to poll, the pattern has a name of its
//! own, futurelock (Oxide's RFD 609): the task waits for itself through a future that only
//! it could poll.
//!
//! A wait with a deadline looks the same until the deadline: a cycle must have stood still
//! for a good part of the watch.
//!
//! A circle is only as sure as the pile that it explains, and a suspicion without one, where
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

use super::claim::{Claim, Observation};
use crate::history::{Holder, SeenTask};
use crate::report::{Advice, Code, Doubt, Evidence, WaitsOn};
use crate::thresholds::standstill;
use crate::waits::{Wait, WaitGraph};

const DEADLOCK: Advice = Advice {
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

const FUTURELOCK: Advice = Advice {
    title: [
        "waits for a lock that its own unpolled future has",
        "wait for a lock that an unpolled future has",
    ],
    cause: "granted, not polled",
    explanation: "Tokio's locks are fair: the lock went to a future that had queued for it, and \
                  which its task started and then stopped to poll without dropping it. Only that \
                  task could poll it, and it waits behind it.",
    fix: "Do not select! on a &mut future that waits for a lock and then await the same lock in \
          another branch: drop the future first, spawn it, or move the wait out of the select!.",
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
    /// Who waits for which lock, and who holds it: of the first circle.
    steps: Vec<Evidence>,
    /// For how long all of them have stood still.
    still_for: Option<Duration>,
    /// Why somebody who is not seen may open a circle.
    doubt: Option<Doubt>,
    /// In a circle of one the lock may have been given back, and taken by somebody unseen.
    /// That several locks stand so is no chance.
    was_polled_since: bool,
}

pub(super) fn deadlocks(observation: &Observation) -> Vec<Claim> {
    claims(observation, Code::Deadlock)
}

pub(super) fn futurelocks(observation: &Observation) -> Vec<Claim> {
    claims(observation, Code::Futurelock)
}

/// The circles of one code.
fn claims(observation: &Observation, wanted: Code) -> Vec<Claim> {
    let Observation {
        history,
        latest,
        waits: graph,
        ..
    } = observation;
    let patience = standstill(history);
    let mut kinds: BTreeMap<Places, Kind> = BTreeMap::new();
    for cycle in graph.cycles() {
        let inside: HashSet<TaskId> = cycle.iter().copied().collect();
        let within = |wait: &&Wait| {
            let mut holders = graph.living_holders(wait).iter();
            holders.any(|holder| inside.contains(holder))
        };
        let waits: Vec<&Wait> = cycle
            .iter()
            .filter_map(|task| graph.waits_of(*task).iter().find(within))
            .collect();
        if can_be_opened(&waits, &inside, graph) {
            continue;
        }
        if code(&waits, graph) != wanted {
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
        .map(|(places, kind)| kind.claim(&places, wanted, observation))
        .collect()
}

/// A circle in which a lock was granted to a future that is not polled is a futurelock.
fn code(waits: &[&Wait], graph: &WaitGraph) -> Code {
    let unpolled = waits
        .iter()
        .any(|wait| matches!(graph.holder(wait.resource), Holder::Granted(..)));
    if unpolled {
        Code::Futurelock
    } else {
        Code::Deadlock
    }
}

/// Who waits for which lock, and who of the circle holds it.
fn steps(waits: &[&Wait], inside: &HashSet<TaskId>, graph: &WaitGraph) -> Vec<Evidence> {
    let step = |wait: &&Wait| {
        let mut holders = graph.holder(wait.resource).tasks().iter();
        let holder = holders.find(|holder| inside.contains(&holder.id))?;
        Some(Evidence::CircleStep {
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

/// Whether a lock of a circle has a holder who is not stuck in it or behind it: one permit of
/// many is enough to go on.
fn can_be_opened(waits: &[&Wait], inside: &HashSet<TaskId>, graph: &WaitGraph) -> bool {
    let holders = waits.iter().flat_map(|wait| graph.living_holders(wait));
    let mut outside = holders.filter(|holder| !inside.contains(holder)).peekable();
    outside.peek().is_some() && {
        let behind = graph.behind(inside);
        outside.any(|holder| !behind.contains(holder))
    }
}

/// Why somebody who is not seen may open a circle.
fn doubt(waits: &[&Wait], code: Code, graph: &WaitGraph, latest: &Snapshot) -> Option<Doubt> {
    if waits
        .iter()
        .any(|wait| graph.may_be_passed_on(wait.resource))
    {
        return Some(Doubt::GuardPassedOn);
    }
    if code == Code::Futurelock {
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
                Doubt::PermitsOfTheCircle
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
    fn claim(&self, places: &Places, code: Code, observation: &Observation) -> Claim {
        let inside: HashSet<TaskId> = self.cycles.iter().flatten().map(|task| task.id).collect();
        let behind = observation.waits.behind(&inside);
        let size = self.cycles.iter().map(Vec::len).max().unwrap_or_default();
        let mut evidence = vec![match code {
            Code::Futurelock => Evidence::GrantedUnpolled {
                tasks: self.cycles.len(),
            },
            _ => Evidence::Circle {
                tasks: size,
                circles: self.cycles.len(),
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
            ..Claim::new(
                code,
                places.spawned.first().and_then(Option::as_ref),
                match code {
                    Code::Futurelock => FUTURELOCK,
                    _ => DEADLOCK,
                },
            )
        }
    }

    fn doubt(&self) -> Option<Doubt> {
        let alone = self.was_polled_since && self.cycles.len() == 1;
        self.doubt.or(alone.then_some(Doubt::MayHaveGivenBack))
    }
}
