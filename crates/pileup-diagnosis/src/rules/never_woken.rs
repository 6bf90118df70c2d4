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

use jiff::Timestamp;
use pileup_model::{Snapshot, Task, TaskKind, elapsed};

use super::claim::{Claim, Observation, usual_state};
use crate::history::{History, SiteHistory};
use crate::report::{Advice, Code, Doubt, Evidence};
use crate::thresholds::{ENDED_AS_OLD_PART, WITHOUT_WAKER, are_most};

const ADVICE: Advice = Advice {
    title: ["can never be woken"; 2],
    cause: "no waker left",
    explanation: "A task is polled again only when one of its wakers is used. These tasks wait, \
                  and no waker of theirs exists any more: nothing can wake them.",
    fix: "Find the future that returns Pending without keeping the waker: std::future::pending(), \
          an optional channel that was never installed, a select! whose live branches are all \
          disabled, or a hand-written poll. Give it a branch that can complete, such as a \
          cancellation.",
};

pub(super) fn claims(observation: &Observation) -> Vec<Claim> {
    let Observation {
        history, latest, ..
    } = observation;
    let closures = closures(latest);
    let mut claims = Vec::new();
    for (site, seen) in history.sites() {
        let living = seen.living.iter().map(AsRef::as_ref);
        let unwakeable: Vec<&Task> = living
            .filter(|task| is_unwakeable(task, history, latest, &closures))
            .collect();
        let Some(oldest) = unwakeable.first() else {
            continue;
        };
        let polls = unwakeable.iter().map(|task| task.polls.count);
        let claim = Claim {
            members: unwakeable.iter().map(|task| task.id).collect(),
            state: usual_state(unwakeable.iter().copied()),
            evidence: vec![
                Evidence::WakersDropped {
                    tasks: unwakeable.len(),
                },
                Evidence::OldestPolled {
                    polls: oldest.polls.count,
                    ago_seconds: elapsed(oldest.last_active(), latest.at).into(),
                },
                Evidence::PolledAtMost {
                    tasks: unwakeable.len(),
                    polls: polls.max().unwrap_or_default(),
                },
            ],
            doubts: doubt(&unwakeable, seen, history, latest)
                .into_iter()
                .collect(),
            ..Claim::new(Code::NeverWoken, site, ADVICE)
        };
        claims.push(claim.with_those_behind(observation));
    }
    claims
}

fn doubt(
    unwakeable: &[&Task],
    seen: &SiteHistory,
    history: &History,
    latest: &Snapshot,
) -> Option<Doubt> {
    let counted = |task: &&Task| history.has_all_clones_counted(task);
    let oldest = unwakeable.first()?.age(latest.at);
    let ended_as_old = [&seen.finished, &seen.finished_before]
        .into_iter()
        .any(|finished| finished.longest() * ENDED_AS_OLD_PART >= oldest);
    if !unwakeable.iter().any(counted) {
        Some(Doubt::WakersUncounted)
    } else if !have_not_finished(unwakeable, history) {
        Some(Doubt::MayHaveFinished)
    } else if ended_as_old {
        Some(Doubt::OthersEndedAsOld)
    } else {
        None
    }
}

/// Whether tasks have not finished, and have no waker, as far as was asked of them. Most must
/// have been found so: by chance one in a hundred seems so.
fn have_not_finished(tasks: &[&Task], history: &History) -> bool {
    let proven = |task: &&&Task| has_not_finished(task) && history.has_all_clones_counted(task);
    let proven = tasks.iter().filter(proven).count();
    let refuted = |task: &&&Task| {
        let wakers = task.wakers.unwrap_or_default();
        wakers.woken_for_last_poll == Some(false)
    };
    let asked = proven + tasks.iter().filter(refuted).count();
    proven > 0 && are_most(proven, asked)
}

fn is_unwakeable(
    task: &Task,
    history: &History,
    latest: &Snapshot,
    closures: &[Timestamp],
) -> bool {
    let since = history.without_waker_since(task);
    since.is_some_and(|since| elapsed(since, latest.at) >= WITHOUT_WAKER)
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

/// When the live blocking closures were born, in order.
fn closures(latest: &Snapshot) -> Vec<Timestamp> {
    let tasks = latest.tasks.iter();
    let mut closures: Vec<Timestamp> = tasks
        .filter(|task| task.kind == TaskKind::Blocking)
        .map(|task| task.created_at)
        .collect();
    closures.sort_unstable();
    closures
}
