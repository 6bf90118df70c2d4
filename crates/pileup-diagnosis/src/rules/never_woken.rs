//! PU01: tasks that are idle, and no waker is left that could wake them.
//!
//! A task is only polled again when one of its wakers is used. When it is idle and every
//! waker that was ever cloned from it has been dropped, nothing can: not a message, not a
//! timer, not a lock. This is what tokio-console's lint `lost-waker` looks at, less its
//! false alarms: a task that has finished stays on the wire, without wakers, for as long as
//! a span is open that was made in it. A blocking closure has one, and so has a session that
//! is spawned with `.instrument(span)`.
//!
//! It is certain where the tasks have not finished for certain, where wakers were counted by
//! the time of their first poll, and where no task of the site has ever lived for half as long
//! and ended: those that somebody aborts in the end look the same until then. Otherwise it is
//! as sure as the pile that they are.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Snapshot, Task, TaskId, TaskKind, elapsed};

use super::case::{Case, Verdict, usual_state};
use super::piling_up::{Pile, grade_by_pile};
use crate::words::{count, span};
use crate::{Code, Grade, History};

/// A waker that is between its clone and its storing is gone from sight for microseconds.
const SEEN_FOR: Duration = Duration::from_secs(1);

/// Of those that were asked about, four in five must have been found not to have finished: by
/// chance one in a hundred seems so.
const OF_5: usize = 4;

pub(super) fn cases(history: &History, piles: &[Pile]) -> Vec<Case> {
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
        let tasks: HashSet<TaskId> = unwakeable.iter().map(|task| task.id).collect();
        let ended_as_old = [&seen.finished, &seen.finished_before]
            .into_iter()
            .any(|finished| finished.longest() * 2 >= oldest.age(latest.at));
        let doubt = if !unwakeable
            .iter()
            .any(|task| history.has_all_clones_counted(task))
        {
            Some(MAY_BE_UNCOUNTED)
        } else if !have_not_finished(&unwakeable, history) {
            Some(MAY_HAVE_FINISHED)
        } else if ended_as_old {
            Some(ENDED_AS_OLD)
        } else {
            None
        };
        let grade = match doubt {
            None => Grade::Certain,
            Some(_) => grade_by_pile(&tasks, piles),
        };
        let mut evidence = vec![
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
        ];
        evidence.extend(doubt.map(str::to_owned));
        let verdict = Verdict {
            code: Code::NeverWoken,
            grade,
            state: usual_state(unwakeable.iter().copied()),
            waits_on: None,
            held_by: Vec::new(),
            evidence,
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
            tasks,
        });
    }
    cases
}

/// Whether tasks have not finished, and have no waker, as far as was asked of them.
fn have_not_finished(tasks: &[&Task], history: &History) -> bool {
    let proven = |task: &&&Task| has_not_finished(task) && history.has_all_clones_counted(task);
    let proven = tasks.iter().filter(proven).count();
    let refuted = |task: &&&Task| {
        let wakers = task.wakers.unwrap_or_default();
        wakers.woken_for_last_poll == Some(false)
    };
    let asked = proven + tasks.iter().filter(refuted).count();
    proven > 0 && proven * 5 >= asked * OF_5
}

fn is_unwakeable(
    task: &Task,
    history: &History,
    latest: &Snapshot,
    closures: &[Timestamp],
) -> bool {
    let since = history.without_waker_since(task);
    since.is_some_and(|since| elapsed(since, latest.at) >= SEEN_FOR)
        && !may_have_finished(task, closures)
}

/// Whether the task has not finished, for certain: it was polled when it was spawned and not
/// again, or its last poll is the one that its last wake brought about.
fn has_not_finished(task: &Task) -> bool {
    let wakers = task.wakers.unwrap_or_default();
    (wakers.wakes == 0 && task.polls.count == 1) || wakers.woken_for_last_poll == Some(true)
}

/// Whether the task may have finished unseen: a blocking closure that was born during its
/// life keeps its span open.
fn may_have_finished(task: &Task, closures: &[Timestamp]) -> bool {
    let next = closures.partition_point(|born| *born < task.created_at);
    let kept_open = closures
        .get(next)
        .is_some_and(|born| *born <= task.last_active());
    task.is_ghost() || (kept_open && !has_not_finished(task))
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

const MAY_BE_UNCOUNTED: &str = "they were polled as the program began, and it may not have counted \
                                their wakers yet";
const MAY_HAVE_FINISHED: &str = "they may have finished: a span that was made in a task, and is \
                                 open, keeps it on the wire";
const ENDED_AS_OLD: &str = "others of the site have ended at half that age or more, perhaps \
                            aborted, as these may be";
