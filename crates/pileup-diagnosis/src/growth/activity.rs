//! What the old tasks of a pile have done of late.

use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Task, TaskKind, elapsed};

use crate::facts::Evidence;
use crate::thresholds::{STILL_PART, are_most};

pub(super) fn activity(old: &[&Task], old_age: Duration, now: Timestamp) -> Evidence {
    if are_closures(old) {
        return threads_kept(old, now);
    }
    let mut still_for: Vec<Duration> = old
        .iter()
        .map(|task| elapsed(task.last_active(), now))
        .collect();
    still_for.sort_unstable_by(|a, b| b.cmp(a));
    let still = still_for.partition_point(|still_for| *still_for * STILL_PART >= old_age);
    if let Some(shortest) = still.checked_sub(1).and_then(|last| still_for.get(last))
        && are_most(still, old.len())
    {
        return Evidence::NotPolled {
            tasks: still,
            old: old.len(),
            still_seconds: (*shortest).into(),
        };
    }
    let polls: u64 = old.iter().map(|task| task.polls.count).sum();
    let lived: Duration = old.iter().map(|task| task.age(now)).sum();
    Evidence::StillPolled {
        polls_per_second: polls as f64 / lived.as_secs_f64(),
    }
}

/// Whether all are closures of `spawn_blocking`.
pub(crate) fn are_closures(tasks: &[&Task]) -> bool {
    tasks.iter().all(|task| task.kind == TaskKind::Blocking)
}

/// How many closures have a thread, and for how long: when all are taken, the others wait.
fn threads_kept(closures: &[&Task], now: Timestamp) -> Evidence {
    let begun = closures.iter().filter_map(|task| task.polls.last_started);
    let kept_for: Vec<Duration> = begun.map(|begun| elapsed(begun, now)).collect();
    Evidence::ThreadsKept {
        closures: kept_for.len(),
        queued: closures.len() - kept_for.len(),
        kept_seconds: kept_for.iter().min().copied().unwrap_or_default().into(),
    }
}
