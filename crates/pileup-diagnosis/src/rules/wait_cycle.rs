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

use pileup_model::{Site, Snapshot, TaskId, TaskState, elapsed};

use super::case::{Case, Verdict, held_by, place, waits_on};
use super::piling_up::{Pile, grade_by_pile};
use crate::locks::Holder;
use crate::pollers::SeenTask;
use crate::wait_graph::{Wait, WaitGraph, WaitKind};
use crate::words::{span, tasks_wait};
use crate::{Code, Finding, Grade, History};

const SHORTEST: Duration = Duration::from_secs(1);
/// The part of the watch for which a cycle must have stood still.
const PART: u32 = 4;

/// What cycles have in common: where their tasks were spawned, and their locks made.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Places {
    code: Code,
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
    still_for: Duration,
    /// Why somebody who is not seen may open a circle.
    doubt: Option<&'static str>,
    /// In a circle of one the lock may have been given back, and taken by somebody unseen.
    /// That several locks stand so is no chance.
    was_polled_since: bool,
}

pub(super) fn cases(history: &History, graph: &WaitGraph, piles: &[Pile]) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let patience = still_for(history);
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
        let still = waits.iter().map(|wait| stood_still(wait, latest)).min();
        let Some(still) = still else {
            continue;
        };
        let unpolled = waits
            .iter()
            .any(|wait| matches!(graph.holder(wait.resource), Holder::Granted(..)));
        let code = if unpolled {
            Code::Futurelock
        } else {
            Code::Deadlock
        };
        let places = Places {
            code,
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
        kind.still_for = kind.still_for.max(still);
        kind.doubt = kind.doubt.or_else(|| doubt(&waits, code, graph, latest));
        kind.was_polled_since |= was_polled_since(&waits, graph, latest);
        kind.waits.extend(waits);
    }
    let proven = kinds
        .into_iter()
        .filter(|(_, kind)| !kind.cycles.is_empty());
    proven
        .map(|(places, kind)| kind.case(&places, history, graph, piles))
        .collect()
}

fn distinct<'a>(sites: impl Iterator<Item = &'a Option<Site>>) -> Vec<Option<Site>> {
    let sites: BTreeSet<Option<Site>> = sites.cloned().collect();
    sites.into_iter().collect()
}

/// For how long a wait must have stood still to be beyond doubt.
pub(super) fn still_for(history: &History) -> Duration {
    SHORTEST.max(history.window() / PART)
}

/// For how long a task has waited so, and was not polled for any other reason.
pub(super) fn stood_still(wait: &Wait, latest: &Snapshot) -> Duration {
    elapsed(wait.since, latest.at)
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
fn doubt(
    waits: &[&Wait],
    code: Code,
    graph: &WaitGraph,
    latest: &Snapshot,
) -> Option<&'static str> {
    if waits
        .iter()
        .any(|wait| graph.may_be_passed_on(wait.resource))
    {
        return Some(PASSED_ON);
    }
    if code == Code::Futurelock {
        // Its task does wait in two places, and polls one of them.
        return None;
    }
    if waits.iter().any(|wait| wait.kind == WaitKind::Semaphore) {
        return Some(PERMITS);
    }
    let several = |wait: &Wait| graph.waits_of(wait.task.id).len() > 1;
    let wakers = |wait: &Wait| latest.task(wait.task.id)?.waker_count();
    let elsewhere = match waits {
        [wait] => several(wait) || wakers(wait) > Some(1),
        _ => waits.iter().any(|wait| several(wait)),
    };
    elsewhere.then_some(ELSEWHERE)
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
    fn case(&self, places: &Places, history: &History, graph: &WaitGraph, piles: &[Pile]) -> Case {
        let inside: HashSet<TaskId> = self.cycles.iter().flatten().map(|task| task.id).collect();
        let behind = graph.behind(&inside);
        let tasks = &(&inside | &behind) | &self.too_young;
        let grade = match self.doubt() {
            Some(_) => grade_by_pile(&tasks, piles),
            None => Grade::Certain,
        };
        Case {
            finding: self.finding(places, grade, behind.len(), history),
            tasks,
        }
    }

    fn finding(&self, places: &Places, grade: Grade, behind: usize, history: &History) -> Finding {
        let Places { code, made, .. } = places;
        let code = *code;
        let site = places.spawned.first().and_then(Option::as_ref);
        let made: Vec<String> = made.iter().map(|site| place(site.as_ref())).collect();
        let mut evidence = vec![self.sentence(code)];
        evidence.push(format!(
            "the {} made at {}",
            if made.len() == 1 {
                "lock was"
            } else {
                "locks were"
            },
            made.join(" and at ")
        ));
        evidence.push(format!(
            "none of them was polled in the last {}",
            span(self.still_for)
        ));
        if behind > 0 {
            evidence.push(format!("{} behind them", tasks_wait(behind)));
        }
        evidence.extend(self.doubt().map(str::to_owned));
        let (explanation, fix) = match code {
            Code::Futurelock => (FUTURELOCK, FUTURELOCK_FIX),
            _ => (DEADLOCK, DEADLOCK_FIX),
        };
        let verdict = Verdict {
            code,
            grade,
            state: TaskState::Idle,
            waits_on: self.waits.first().map(|wait| waits_on(wait)),
            held_by: held_by(self.cycles.iter().flatten().copied()),
            evidence,
            explanation,
            fix,
        };
        verdict.at(site, history)
    }

    fn doubt(&self) -> Option<&'static str> {
        let alone = self.was_polled_since && self.cycles.len() == 1;
        self.doubt.or(alone.then_some(SINCE_THEN))
    }

    fn sentence(&self, code: Code) -> String {
        let size = self.cycles.iter().map(Vec::len).max().unwrap_or_default();
        let times = self.cycles.len();
        match (code, size, times) {
            (Code::Futurelock, ..) => format!(
                "{} for a lock that was granted to a future which its task has stopped to poll",
                tasks_wait(times)
            ),
            (_, 1, 1) => "1 task waits for a lock that it holds itself".to_owned(),
            (_, 1, _) => format!("{times} tasks wait each for a lock that it holds itself"),
            (_, _, 1) => {
                format!("{size} tasks wait in a circle, each for a lock that the next one holds")
            }
            _ => format!(
                "{times} times, {size} tasks wait in a circle, each for a lock that the next one holds"
            ),
        }
    }
}

const PASSED_ON: &str = "guards of this lock are owned ones, which a task can pass on: whoever \
                         took it need not hold it any more";
const PERMITS: &str = "permits of a semaphore can be passed on, and new ones be added: whoever took \
                       one need not hold it any more";
const SINCE_THEN: &str = "it was polled between the two: it may have given the lock back, and \
                          another have taken it by a `try_lock`, which is not seen";
const ELSEWHERE: &str = "a task of them can be woken by something else as well, and may then go on";
const DEADLOCK: &str = "Each of these tasks holds a lock that another of them, or it itself, \
                        waits for. None can go on before another does: they wait for good, and \
                        so does whoever comes to these locks later.";
const DEADLOCK_FIX: &str = "Take locks in one order everywhere; hold one at a time, or one lock \
                            for both; end a guard before the next lock (bind what it gives, \
                            then match on that: a guard in the scrutinee lives to the end of \
                            the match).";
const FUTURELOCK: &str = "Tokio's locks are fair: the lock went to a future that had queued for \
                          it, and which its task started and then stopped to poll without \
                          dropping it. Only that task could poll it, and it waits behind it.";
const FUTURELOCK_FIX: &str = "Do not select! on a &mut future that waits for a lock and then \
                              await the same lock in another branch: drop the future first, \
                              spawn it, or move the wait out of the select!.";
