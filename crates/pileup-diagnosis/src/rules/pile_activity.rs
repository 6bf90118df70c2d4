//! What the old of a pile have done of late, in words.

use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Task, elapsed};

use super::case::{are_closures, are_most};
use crate::words::span;

pub(super) fn activity(old: &[&Task], old_age: Duration, now: Timestamp) -> String {
    if are_closures(old) {
        return threads_kept(old, now);
    }
    let mut still_for: Vec<Duration> = old
        .iter()
        .map(|task| elapsed(task.last_active(), now))
        .collect();
    still_for.sort_unstable_by(|a, b| b.cmp(a));
    let still = still_for.partition_point(|still_for| *still_for * 2 >= old_age);
    if still == old.len() {
        let still_for = still_for.last().copied().unwrap_or_default();
        return format!("none of the old was polled in the last {}", span(still_for));
    }
    if are_most(still, old.len()) {
        return format!(
            "{still} of the {} old were not polled in the last {}",
            old.len(),
            span(still_for[still - 1])
        );
    }
    let polls: u64 = old.iter().map(|task| task.polls.count).sum();
    let lived: Duration = old.iter().map(|task| task.age(now)).sum();
    format!(
        "the old are still polled, each {:.1} times a second on average, and do not finish",
        polls as f64 / lived.as_secs_f64()
    )
}

/// How many closures have a thread, and for how long: when all are taken, the others wait.
fn threads_kept(closures: &[&Task], now: Timestamp) -> String {
    let begun = closures.iter().filter_map(|task| task.polls.last_started);
    let kept_for: Vec<Duration> = begun.map(|begun| elapsed(begun, now)).collect();
    let least = span(kept_for.iter().min().copied().unwrap_or_default());
    match closures.len() - kept_for.len() {
        0 => {
            format!("each of the old has kept a thread of the blocking pool for {least} or longer")
        }
        queued => format!(
            "{} of the old have each kept a thread of the blocking pool for {least} or longer, and \
             {queued} wait for one",
            kept_for.len()
        ),
    }
}
