//! A spawn site whose tasks used to finish, and whose live tasks now all stand still.
//!
//! When a pool is exhausted, nothing grows any more: whoever would ask for a permit waits
//! already, and no one comes behind. What is left to see is that the site's tasks were done in
//! a moment before, and that those that are live have not moved for many times that.
//!
//! Idle connections and idle workers stand still as well. They differ in two ways: they have
//! worked before they became idle, where a task that waits for a permit stopped at its first
//! wait; and they wait for an event, where the others wait for what must be given back. The
//! rule in `rules/stalled_site.rs` asks for the second.

use std::time::Duration;

use pileup_model::{Site, Task, TaskState, elapsed};

use crate::history::{History, SiteHistory};
use crate::thresholds::{
    FEWEST_STALLED, FIRST_WAIT, LONG_WITHOUT_HOLDER, MANY_FINISHED, SHORTEST_STALL,
    TIMES_THE_LONGEST, are_most,
};

/// The live tasks of a site that stand still, where others of it used to finish.
pub(crate) struct Stalled<'a> {
    pub(crate) site: Option<&'a Site>,
    /// Those that stand still, oldest first.
    pub(crate) tasks: Vec<&'a Task>,
    /// How many finished before.
    pub(crate) finished: u64,
    /// The longest lifetime of those.
    pub(crate) longest: Duration,
    /// For how long all of `tasks` have stood still.
    pub(crate) still: Duration,
    /// For how long the first of them has.
    pub(crate) longest_still: Duration,
}

/// The stalled sites of the latest snapshot.
pub(crate) fn stalled(history: &History) -> Vec<Stalled<'_>> {
    let sites = history.sites();
    sites
        .filter_map(|(site, seen)| stalled_at(site, seen, history))
        .collect()
}

fn stalled_at<'a>(
    site: Option<&'a Site>,
    seen: &'a SiteHistory,
    history: &'a History,
) -> Option<Stalled<'a>> {
    let now = history.latest()?.at;
    let finished = seen.finished_before.total() + seen.finished.total();
    let is_scheduled = |task: &&Task| task.kind.is_scheduled();
    let live: Vec<&Task> = seen
        .live
        .iter()
        .map(AsRef::as_ref)
        .filter(is_scheduled)
        .collect();
    if finished < MANY_FINISHED || live.len() < FEWEST_STALLED {
        return None;
    }
    let longest = seen.finished_before.longest().max(seen.finished.longest());
    // Where some still finished in the watch, there must be nothing to wait for any more.
    let least = if seen.finished.total() > 0 {
        LONG_WITHOUT_HOLDER
    } else {
        history.window().max(SHORTEST_STALL)
    };
    let long = longest.saturating_mul(TIMES_THE_LONGEST).max(least);
    if seen
        .last_finish
        .is_some_and(|last| elapsed(last, now) < long)
    {
        return None;
    }
    let stands_still = |task: &&Task| {
        let idle = task.state() == Some(TaskState::Idle) && task.polls.count > 0;
        idle && elapsed(task.last_active(), now) >= long
    };
    // Its first wait: it did no more before than those that finished did in all.
    let at_first_wait = |task: &&&Task| {
        elapsed(task.created_at, task.last_active()) <= longest.saturating_mul(2) + FIRST_WAIT
    };
    let still: Vec<&Task> = live.iter().copied().filter(stands_still).collect();
    let first = still.iter().filter(at_first_wait).count();
    if !are_most(still.len(), live.len())
        || still.len() < FEWEST_STALLED
        || !are_most(first, still.len())
    {
        return None;
    }
    let still_for = || still.iter().map(|task| elapsed(task.last_active(), now));
    let (shortest, longest_still) = (still_for().min()?, still_for().max()?);
    Some(Stalled {
        site,
        tasks: still,
        finished,
        longest,
        still: shortest,
        longest_still,
    })
}
