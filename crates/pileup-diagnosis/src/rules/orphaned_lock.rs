//! PU06: a lock is held, and the task that took it has ended.
//!
//! A guard gives its lock back when it is dropped, also on panic and on cancellation. When
//! the task that took a lock is gone and the lock is still held, the guard was moved out of
//! the task, into a map or a static, or was forgotten. It may still come back: the hold
//! must have lasted for a good part of the watch, with somebody waiting all that time.
//!
//! The guard may also be with a living task, which uses it: a lease that is handed to a worker
//! looks the same, be the guard an owned one or that of a lock which lives for ever. And who
//! took a lock by `try_lock` is not seen at all. So the finding is only as sure as the pile of
//! those who wait, and a suspicion without one.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pileup_model::{Site, TaskId, TaskState, elapsed};

use super::case::{Case, Verdict, held_by, place, waits_on};
use super::piling_up::{Pile, grade_by_pile};
use super::wait_cycle::{still_for, stood_still};
use crate::locks::Holder;
use crate::pollers::SeenTask;
use crate::wait_graph::{Wait, WaitGraph, lives};
use crate::words::{count, span, tasks_wait};
use crate::{Code, History};

/// Locks made at one place, whose holders were spawned at one place and have ended.
#[derive(Default)]
struct Orphans<'a> {
    holders: Vec<&'a SeenTask>,
    waits: Vec<&'a Wait<'a>>,
    locks: HashSet<pileup_model::ResourceId>,
    held_for: Duration,
}

pub(super) fn cases(history: &History, graph: &WaitGraph, piles: &[Pile]) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let patience = still_for(history);
    let mut orphans: BTreeMap<(Option<&Site>, Option<&Site>), Orphans> = BTreeMap::new();
    for wait in graph.waits() {
        let Holder::One(holder, since) = graph.holder(wait.resource) else {
            continue;
        };
        let held_for = elapsed(*since, latest.at);
        if lives(holder, latest) || held_for < patience || stood_still(wait, latest) < patience {
            continue;
        }
        let places = (holder.site.as_ref(), wait.resource.site.as_ref());
        let orphans = orphans.entry(places).or_default();
        orphans.held_for = orphans.held_for.max(held_for);
        orphans.locks.insert(wait.resource.id);
        orphans.holders.push(holder);
        orphans.waits.push(wait);
    }
    orphans
        .into_iter()
        .map(|((holder_site, lock_site), orphans)| {
            orphans.case(holder_site, lock_site, history, graph, piles)
        })
        .collect()
}

impl Orphans<'_> {
    fn case(
        &self,
        holder_site: Option<&Site>,
        lock_site: Option<&Site>,
        history: &History,
        graph: &WaitGraph,
        piles: &[Pile],
    ) -> Case {
        let mut tasks: HashSet<TaskId> = self.waits.iter().map(|wait| wait.task.id).collect();
        tasks.extend(graph.behind(&tasks));
        let verdict = Verdict {
            code: Code::OrphanedLock,
            grade: grade_by_pile(&tasks, piles),
            state: TaskState::Idle,
            waits_on: self.waits.first().map(|wait| waits_on(wait)),
            held_by: held_by(self.holders.iter().copied()),
            evidence: vec![
                format!(
                    "{} made at {} still held, the longest for {}",
                    count(self.locks.len(), "lock"),
                    place(lock_site),
                    span(self.held_for)
                ),
                format!(
                    "the tasks that took them were spawned at {} and have ended",
                    place(holder_site)
                ),
                format!(
                    "{} for them, directly or behind one another",
                    tasks_wait(tasks.len())
                ),
            ],
            explanation: "A guard gives its lock back when it is dropped. The task that took \
                          this one has ended, and the lock is still held: the guard was moved \
                          into something that lives on, or was forgotten.",
            fix: "Look at where the guard goes: a map or a list of owned guards, a struct that \
                  outlives the request, mem::forget. Keep guards on the stack, and store what \
                  they protect, or the knowledge that it is taken, instead.",
        };
        Case {
            finding: verdict.at(holder_site, history),
            tasks,
        }
    }
}
