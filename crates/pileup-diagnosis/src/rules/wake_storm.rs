//! PU09: a task wakes itself again and again.
//!
//! A future that calls `wake_by_ref` in its own poll, whenever it is not ready, is polled
//! without pause. This is tokio-console's lint `self-wakes`, with a rate: a few self-wakes
//! are how cooperative code yields. Wakes of `yield_now` and of an exhausted budget are
//! deferred past the poll, and do not count as the task's own.
//!
//! A storm is a suspicion: it costs time, and may end. A pile of them is as sure as a pile.

use std::collections::HashSet;
use std::time::Duration;

use pileup_model::{Task, TaskId};

use super::case::{Case, Verdict, usual_state};
use super::piling_up::{Pile, grade_by_pile};
use crate::{Code, History};

/// Wakes a second: no source of events outside the task is as fast for long.
const FAST: f64 = 1000.0;
const SHORTEST: Duration = Duration::from_secs(1);

pub(super) fn cases(history: &History, piles: &[Pile]) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let wakes_per_second = |task: &Task| {
        let age = task.age(latest.at).as_secs_f64();
        let self_wakes = task.wakers.map_or(0, |wakers| wakers.self_wakes);
        self_wakes as f64 / age
    };
    let storms = |task: &&Task| {
        task.age(latest.at) >= SHORTEST
            && history.window() >= SHORTEST
            && task
                .wakers
                .is_some_and(|wakers| wakers.self_wakes.saturating_mul(2) > wakers.wakes)
            && wakes_per_second(task) >= FAST
    };
    let mut cases = Vec::new();
    for (site, seen) in history.sites() {
        let storming: Vec<&Task> = seen
            .living
            .iter()
            .map(AsRef::as_ref)
            .filter(storms)
            .collect();
        let fastest = storming
            .iter()
            .map(|task| wakes_per_second(task))
            .fold(0.0, f64::max);
        if storming.is_empty() {
            continue;
        }
        let tasks: HashSet<TaskId> = storming.iter().map(|task| task.id).collect();
        let pile = piles.iter().find(|pile| pile.is_explained_by(&tasks));
        let mut evidence = vec![format!(
            "{} up to {fastest:.0} times a second",
            match storming.len() {
                1 => "1 task wakes itself".to_owned(),
                more => format!("{more} tasks wake themselves"),
            }
        )];
        evidence.extend(pile.map(|pile| pile.growth(history)));
        let verdict = Verdict {
            code: Code::WakeStorm,
            grade: grade_by_pile(&tasks, piles),
            state: usual_state(storming.iter().copied()),
            waits_on: None,
            held_by: Vec::new(),
            evidence,
            explanation: "The task is polled without pause, whether there is something to do or \
                          not: it takes a worker's time from the others.",
            fix: "Keep the waker and use it when there is something to do, instead of calling \
                  wake_by_ref whenever poll returns Pending.",
        };
        cases.push(Case {
            finding: verdict.at(site, history),
            tasks,
        });
    }
    cases
}
