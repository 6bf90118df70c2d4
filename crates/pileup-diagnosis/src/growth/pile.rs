//! A spawn site whose live tasks grow, and whose old ones do not finish.
//!
//! What makes a pile stands in [`super::rule`]; here is what is known of one, and when its
//! tasks are excused: by a timer that gives them an end.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::{Site, Snapshot, Task, TaskId, elapsed};

use super::activity::{activity, are_closures};
use super::deadlines::deadlines;
use super::rule::{FinishedBefore, PileShape, Population};
use crate::history::{History, SiteHistory};
use crate::report::{Doubt, Evidence};
use crate::thresholds::{END_IN_WATCHES, FIRST_WAIT_PART, are_most};

/// The evidence of one site that piles up.
pub(crate) struct Pile<'a> {
    pub(crate) site: Option<&'a Site>,
    /// From this age on a task is old.
    pub(crate) old_age: Duration,
    seen: &'a SiteHistory,
    now: Timestamp,
    /// Live tasks that are old, oldest first.
    old: Vec<&'a Task>,
    /// Live tasks that are older than any that finished in the watch: the old, and those that
    /// do as they do. Oldest first.
    stuck: Vec<&'a Task>,
    shape: PileShape,
    /// When the timers are due under which most of the old wait, each for the first time.
    timers: Option<Doubt>,
}

/// The piles of the latest snapshot.
pub(crate) fn piles(history: &History) -> Vec<Pile<'_>> {
    let (Some(started), Some(latest)) = (history.started(), history.latest()) else {
        return Vec::new();
    };
    let sites = history.sites();
    let mut piles: Vec<Pile> = sites
        .filter_map(|(site, seen)| pile(site, seen, history.remembered(), started, latest))
        .collect();
    if !piles.is_empty() {
        let deadlines = deadlines(latest);
        if !deadlines.is_empty() {
            for pile in &mut piles {
                pile.timers = timers_ahead(pile, &deadlines, history.window());
            }
        }
    }
    piles
}

/// The deadlines of a pile of which most wait under a timer that is due soon enough to be an
/// end, and did not wait under one before: a loop that sleeps has a timer too, and no end.
fn timers_ahead(
    pile: &Pile,
    deadlines: &HashMap<TaskId, Timestamp>,
    window: Duration,
) -> Option<Doubt> {
    let soon = |deadline: &&Timestamp| elapsed(pile.now, **deadline) <= window * END_IN_WATCHES;
    let first_wait = |task: &&Task| {
        let worked = elapsed(task.created_at, task.last_active());
        worked * FIRST_WAIT_PART <= task.age(pile.now)
    };
    let timed = pile.old().filter(first_wait);
    let mut ends: Vec<Timestamp> = timed
        .filter_map(|task| deadlines.get(&task.id).filter(soon).copied())
        .collect();
    ends.sort_unstable();
    are_most(ends.len(), pile.old.len()).then_some(Doubt::TimersAhead {
        tasks: ends.len(),
        first_seconds: elapsed(pile.now, *ends.first()?).into(),
        last_seconds: elapsed(pile.now, *ends.last()?).into(),
    })
}

/// The pile at a site, if there is one in the latest snapshot.
fn pile<'a>(
    site: Option<&'a Site>,
    seen: &'a SiteHistory,
    remembered: Duration,
    started: Timestamp,
    latest: &Snapshot,
) -> Option<Pile<'a>> {
    let now = latest.at;
    let living = seen.living.iter().map(AsRef::as_ref);
    let living: Vec<&Task> = living.filter(|task| !task.is_ghost()).collect();
    let ages: Vec<Duration> = living.iter().map(|task| task.age(now)).collect();
    let population = Population {
        ages: &ages,
        finished: &seen.finished,
        before: Some(FinishedBefore {
            lifetimes: &seen.finished_before,
            within: remembered,
        }),
        watch: elapsed(started, now),
        lag: latest.coverage.lag,
    };
    let shape = population.pile()?;
    let longest = seen.finished.longest();
    let outlived = living.partition_point(|task| task.age(now) > longest);
    let stuck = living[..outlived.max(shape.old)].to_vec();
    Some(Pile {
        site,
        old_age: shape.old_age,
        seen,
        now,
        old: living.into_iter().take(shape.old).collect(),
        stuck,
        shape,
        timers: None,
    })
}

impl<'a> Pile<'a> {
    /// The tasks that grew old here.
    pub(crate) fn old(&self) -> impl Iterator<Item = &'a Task> {
        self.old.iter().copied()
    }

    /// The old, and the younger tasks that have outlived all that finished in the watch.
    pub(crate) fn stuck(&self) -> impl Iterator<Item = &'a Task> {
        self.stuck.iter().copied()
    }

    /// Whether most of the old are among these tasks.
    pub(crate) fn is_explained_by(&self, tasks: &HashSet<TaskId>) -> bool {
        let known = self.old().filter(|task| tasks.contains(&task.id));
        are_most(known.count(), self.old.len())
    }

    /// Whether its tasks are closures of `spawn_blocking`.
    pub(crate) fn is_of_closures(&self) -> bool {
        are_closures(&self.old)
    }

    /// Whether its old tasks are still polled, and do not stand still.
    pub(crate) fn is_still_polled(&self) -> bool {
        let activity = activity(&self.old, self.old_age, self.now);
        matches!(activity, Evidence::StillPolled { .. })
    }

    /// What speaks against the old never finishing, beside that only growth is seen.
    pub(crate) fn timers(&self) -> Option<Doubt> {
        self.timers
    }

    /// How the live tasks grew.
    pub(crate) fn growth(&self, history: &History) -> Evidence {
        Evidence::Growth {
            alive_at_start: self.seen.alive_at_start,
            alive: self.seen.living.len(),
            watch_seconds: history.window().into(),
        }
    }

    /// Everything that makes it a pile.
    pub(crate) fn evidence(&self, history: &History) -> Vec<Evidence> {
        let finished = self.seen.finished.total();
        let mut evidence = vec![
            self.growth(history),
            Evidence::Births {
                born: self.shape.born,
                within_seconds: self.shape.window.into(),
                whole_watch: self.shape.window * 10 >= history.window() * 9,
                finished,
            },
            Evidence::OldTasks {
                reached: self.old.len() as u64 + self.shape.escaped,
                age_seconds: self.old_age.into(),
                finished: self.shape.escaped,
            },
        ];
        if finished > 0 {
            evidence.push(Evidence::LongestLifetime {
                lifetime_seconds: self.seen.finished.longest().into(),
            });
        }
        evidence.push(activity(&self.old, self.old_age, self.now));
        evidence
    }
}
