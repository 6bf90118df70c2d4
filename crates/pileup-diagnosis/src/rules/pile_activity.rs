//! What the old of a pile have done of late, in words.

use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Task, elapsed};

use super::case::are_closures;
use super::piling_up::EXPLAINED_OF_5;
use crate::words::span;

pub(super) fn activity(old: &[&Task], old_age: Duration, now: Timestamp) -> String {
    if are_closures(old) {
        return format!(
            "each of the old has kept a thread of the blocking pool for {} or longer",
            span(old_age)
        );
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
    if still * 5 >= old.len() * EXPLAINED_OF_5 {
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
