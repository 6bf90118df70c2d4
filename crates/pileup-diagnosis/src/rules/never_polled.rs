//! PU08: tasks that were spawned, and never polled.
//!
//! A spawned task is polled as soon as a worker is free. One that waits for its first poll
//! for long sits in a `LocalSet` that nobody drives, behind a worker that is pinned, or, a
//! blocking closure, behind a blocking pool whose threads are all taken. tokio-console shows
//! such tasks as idle.
//!
//! One such task is a suspicion; a pile of them is as sure as a pile, and says why it grows.

use std::collections::HashSet;

use pileup_model::{Task, TaskId, TaskKind, TaskState, elapsed};

use super::case::{Case, Verdict};
use super::piling_up::{Pile, grade_by_pile};
use super::wait_cycle::still_for;
use crate::words::span;
use crate::{Code, History};

pub(super) fn cases(history: &History, piles: &[Pile]) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let patience = still_for(history);
    let mut cases = Vec::new();
    for (site, seen) in history.sites() {
        let waits = |task: &&Task| {
            task.kind != TaskKind::BlockOn
                && task.polls.count == 0
                && elapsed(task.created_at, latest.at) >= patience
                && history.window() >= patience
        };
        let waiting: Vec<&Task> = seen
            .living
            .iter()
            .map(AsRef::as_ref)
            .filter(waits)
            .collect();
        let Some(oldest) = waiting.first() else {
            continue;
        };
        let tasks: HashSet<TaskId> = waiting.iter().map(|task| task.id).collect();
        let pile = piles.iter().find(|pile| pile.is_explained_by(&tasks));
        let mut evidence = vec![format!(
            "{} never polled, the oldest {} after it was spawned",
            match waiting.len() {
                1 => "1 task was".to_owned(),
                more => format!("{more} tasks were"),
            },
            span(oldest.age(latest.at))
        )];
        evidence.extend(pile.map(|pile| pile.growth(history)));
        let verdict = Verdict {
            code: Code::NeverPolled,
            grade: grade_by_pile(&tasks, piles),
            state: TaskState::Idle,
            waits_on: None,
            held_by: Vec::new(),
            evidence,
            explanation: match oldest.kind {
                TaskKind::Local => LOCAL,
                TaskKind::Blocking => BLOCKING,
                _ => ASYNC,
            },
            fix: "Drive the LocalSet (run_until, or await it) for as long as it has tasks; free \
                  the worker, or the threads of the blocking pool, from what holds them.",
        };
        cases.push(Case {
            finding: verdict.at(site, history),
            tasks,
        });
    }
    cases
}

const LOCAL: &str = "A local task is polled only while its LocalSet is: this one is not driven, or \
                     its thread is taken by something else.";
const BLOCKING: &str = "A blocking closure waits for a thread of the blocking pool: all are taken, \
                        perhaps by closures that wait for this one.";
const ASYNC: &str = "A spawned task is polled as soon as a worker is free: the workers are pinned, \
                     or the task sits behind one that is.";
