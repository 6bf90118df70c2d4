//! PU01: tasks that are idle, and no waker is left that could wake them.
//!
//! A task is only polled again when one of its wakers is used. When it is idle and every
//! waker that was ever cloned from it has been dropped, nothing can: not a message, not a
//! timer, not a lock. This is what tokio-console's lint `lost-waker` looks at, less its
//! false alarm: a task that finished after it called `spawn_blocking` stays on the wire,
//! without wakers, until the closure ends.

use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Snapshot, Task, TaskKind, elapsed};

use super::case::{Case, Verdict, usual_state};
use crate::words::{count, span};
use crate::{Code, Grade, History};

/// A waker that is between its clone and its storing is gone from sight for microseconds.
const SEEN_FOR: Duration = Duration::from_secs(1);

pub(super) fn cases(history: &History) -> Vec<Case> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let closures = closures(latest);
    let mut cases = Vec::new();
    for (site, seen) in history.sites() {
        let unwakeable: Vec<&Task> = seen
            .living
            .iter()
            .map(AsRef::as_ref)
            .filter(|task| is_unwakeable(task, history, latest, &closures))
            .collect();
        let Some(oldest) = unwakeable.first() else {
            continue;
        };
        let polls = unwakeable.iter().map(|task| task.polls.count);
        let verdict = Verdict {
            code: Code::NeverWoken,
            grade: Grade::Certain,
            state: usual_state(unwakeable.iter().copied()),
            waits_on: None,
            held_by: Vec::new(),
            evidence: vec![
                format!(
                    "{} idle, and every waker cloned from them was dropped",
                    match unwakeable.len() {
                        1 => "1 task is".to_owned(),
                        tasks => format!("{tasks} tasks are"),
                    }
                ),
                format!(
                    "the oldest was polled {} in all, {} before the end of the watch",
                    times(oldest.polls.count),
                    span(elapsed(oldest.last_active(), latest.at)),
                ),
                format!(
                    "of {} that are so, none was polled more than {}",
                    count(unwakeable.len(), "task"),
                    times(polls.max().unwrap_or_default()),
                ),
            ],
            explanation: "A task is polled again only when one of its wakers is used. These \
                          tasks wait, and no waker of theirs exists any more: nothing can \
                          wake them.",
            fix: "Find the future that returns Pending without keeping the waker: \
                  std::future::pending(), an optional channel that was never installed, a \
                  select! whose live branches are all disabled, or a hand-written poll. Give \
                  it a branch that can complete, such as a cancellation.",
        };
        cases.push(Case {
            finding: verdict.at(site, history),
            tasks: unwakeable.iter().map(|task| task.id).collect(),
        });
    }
    cases
}

fn is_unwakeable(
    task: &Task,
    history: &History,
    latest: &Snapshot,
    closures: &[Timestamp],
) -> bool {
    matches!(task.kind, TaskKind::Async | TaskKind::Local)
        && history
            .without_waker_since(task)
            .is_some_and(|since| elapsed(since, latest.at) >= SEEN_FOR)
        && !may_have_finished(task, closures)
}

/// Whether the task may have finished unseen.
///
/// A task is polled once when it is spawned and at most once per wake; the drop of a
/// finished one shows as one poll more. Where wakes have fallen together that count says
/// nothing, so a blocking closure that was born during the task's life counts as well: it
/// keeps the task's span open.
fn may_have_finished(task: &Task, closures: &[Timestamp]) -> bool {
    let wakes = task.wakers.map_or(0, |wakers| wakers.wakes);
    let polled_on_drop = task.polls.count > wakes.saturating_add(1);
    let next = closures.partition_point(|born| *born < task.created_at);
    let kept_open = closures
        .get(next)
        .is_some_and(|born| *born <= task.last_active());
    polled_on_drop || kept_open
}

/// When the living blocking closures were born, in order.
fn closures(latest: &Snapshot) -> Vec<Timestamp> {
    let tasks = latest.tasks.iter();
    let mut closures: Vec<Timestamp> = tasks
        .filter(|task| task.kind == TaskKind::Blocking)
        .map(|task| task.created_at)
        .collect();
    closures.sort_unstable();
    closures
}

fn times(number: u64) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{number} times"),
    }
}
