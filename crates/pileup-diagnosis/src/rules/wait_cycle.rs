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
//! Who took a lock by `lock_owned` or `acquire_owned` may have passed the guard on: a
//! dispatcher that takes a permit, gives it to a job and waits for the next looks as if it
//! waited for itself. Where a circle goes through such a lock it is only as sure as the pile
//! that it explains, and a suspicion without one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use pileup_model::{Site, Snapshot, TaskId, TaskState, elapsed};

use super::case::{Case, Verdict, held_by, place, waits_on};
use super::piling_up::{Pile, grade_by_pile};
use crate::locks::Holder;
use crate::pollers::SeenTask;
use crate::wait_graph::{Wait, WaitGraph};
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
    /// A guard of a circle may be with a task that is not in it.
    may_be_passed_on: bool,
}

pub(super) fn cases(history: &History, graph: &WaitGraph, piles: &[Pile]) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let patience = still_for(history);
    let mut kinds: BTreeMap<Places, Kind> = BTreeMap::new();
    for cycle in graph.cycles() {
        let within = |wait: &&Wait| {
            let holders = graph.holder(wait.resource).tasks();
            holders.iter().any(|holder| cycle.contains(&holder.id))
        };
        let waits: Vec<&Wait> = cycle
            .iter()
            .filter_map(|task| graph.waits_of(*task).iter().find(within))
            .collect();
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
        kind.may_be_passed_on |= waits
            .iter()
            .any(|wait| graph.may_be_passed_on(wait.resource));
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

impl Kind<'_> {
    fn case(&self, places: &Places, history: &History, graph: &WaitGraph, piles: &[Pile]) -> Case {
        let inside: HashSet<TaskId> = self.cycles.iter().flatten().map(|task| task.id).collect();
        let behind = graph.behind(&inside);
        let tasks = &(&inside | &behind) | &self.too_young;
        let grade = if self.may_be_passed_on {
            grade_by_pile(&tasks, piles)
        } else {
            Grade::Certain
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
        if self.may_be_passed_on {
            evidence.push(PASSED_ON.to_owned());
        }
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
