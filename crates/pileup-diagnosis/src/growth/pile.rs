//! A spawn site whose live tasks grow, and whose old ones do not finish.
//!
//! What makes a pile stands in the crate `pileup-growth`; here is what is known of one, and
//! when its tasks are excused: by a timer that gives them an end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_growth::{Evidence as Growth, Verdict};
use pileup_model::{AwaitKind, Site, Task, TaskId, Wait, elapsed};

use super::activity::{activity, are_closures};
use super::cohorts::Cohort;
use super::deadlines::deadlines;
use super::expected::Expected;
use super::site::{Grown, all_growth};
use crate::facts::{Doubt, Evidence};
use crate::history::{History, SiteHistory};
use crate::thresholds::{END_IN_WATCHES, FIRST_WAIT_PART, OLD_PART, are_most};

/// The evidence of one site that piles up.
pub(crate) struct Pile<'a> {
    pub(crate) site: Option<&'a Site>,
    /// From this age on a task is old. In a cohort, it is the time that a task has been there.
    pub(crate) old_age: Duration,
    seen: &'a SiteHistory,
    /// The cohort of the site that piles up; none where all of its tasks do.
    cohort: Option<Cohort<'a>>,
    now: Timestamp,
    /// Live tasks that are old, oldest first.
    old: Vec<&'a Task>,
    /// Live tasks that are older than any that finished in the watch: the old, and those that
    /// do as they do. Oldest first.
    stuck: Vec<&'a Task>,
    shape: Growth,
    /// Why it is not decided yet whether it is one; none where it is.
    undecided: Option<Doubt>,
    /// When the timers are due under which most of the old wait, each for the first time.
    timers: Option<Doubt>,
}

/// The piles of the latest snapshot, and what may become one.
pub(crate) fn piles<'a>(history: &'a History, expected: &Expected) -> Vec<Pile<'a>> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let grown = all_growth(history, expected).into_iter();
    let mut piles: Vec<Pile> = grown
        .filter_map(|grown| {
            let max_lifetime = expected.max_lifetime(grown.site);
            Pile::of(grown, latest.at, max_lifetime)
        })
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

impl<'a> Pile<'a> {
    /// The pile that the growth of a site shows, if it does.
    fn of(grown: Grown<'a>, now: Timestamp, max_lifetime: Duration) -> Option<Self> {
        let (shape, undecided) = match grown.verdict {
            Verdict::Leaks(shape) => (shape, None),
            Verdict::Undecided {
                so_far,
                more,
                may_end,
            } if so_far.is_growth() => {
                let more_seconds = more.map(Into::into);
                let doubt = if may_end {
                    Doubt::MayBecomeFull { more_seconds }
                } else {
                    Doubt::WatchTooShort {
                        max_lifetime_seconds: max_lifetime.into(),
                        more_seconds,
                    }
                };
                (so_far, Some(doubt))
            }
            Verdict::Undecided { .. } | Verdict::Clear => return None,
        };
        let Grown {
            site,
            seen,
            cohort,
            live,
            ..
        } = grown;
        // Where all tasks stay, the youngest have not shown yet what they do.
        let old_age = shape.old_age.max(shape.window / OLD_PART);
        let (tasks, old, outlived) = if let Some(cohort) = &cohort {
            let longest = cohort.stayed.longest();
            let old = cohort.ages.partition_point(|age| *age >= old_age);
            let outlived = cohort.ages.partition_point(|age| *age > longest);
            (&cohort.tasks, old, outlived)
        } else {
            let longest = seen.finished.longest();
            let old = live.partition_point(|task| task.age(now) >= old_age);
            let outlived = live.partition_point(|task| task.age(now) > longest);
            (&live, old, outlived)
        };
        Some(Self {
            site,
            old_age,
            seen,
            now,
            stuck: tasks[..outlived.max(old)].to_vec(),
            old: tasks[..old].to_vec(),
            cohort,
            shape,
            undecided,
            timers: None,
        })
    }

    /// Whether it is decided that it is a pile.
    pub(crate) fn is_decided(&self) -> bool {
        self.undecided.is_none()
    }

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

    /// Whether most of the old wait for a timer, and for nothing else: of those that are seen to
    /// wait, as a source may show the stacks of some tasks only.
    pub(crate) fn waits_for_time(&self) -> bool {
        let is_time = |wait: &Arc<Wait>| AwaitKind::of(&wait.kind) == Some(AwaitKind::Time);
        let waits = self.old().filter_map(|task| task.waits.as_deref());
        let seen: Vec<&[Arc<Wait>]> = waits.filter(|waits| !waits.is_empty()).collect();
        let wait_for_time = seen.iter().filter(|waits| waits.iter().all(is_time));
        !seen.is_empty() && are_most(wait_for_time.count(), seen.len())
    }

    /// When the timers are due under which most of the old wait.
    pub(crate) fn timers(&self) -> Option<Doubt> {
        self.timers
    }

    /// Why it is not decided yet whether it is a pile.
    pub(crate) fn undecided(&self) -> Option<Doubt> {
        self.undecided
    }

    /// How the live tasks grew.
    pub(crate) fn growth(&self, history: &History) -> Evidence {
        Evidence::Growth {
            alive_at_start: history.alive_at_start(self.seen),
            alive: self.seen.live.len(),
            watch_seconds: history.window().into(),
        }
    }

    /// Everything that makes it a pile.
    pub(crate) fn evidence(&self, history: &History) -> Vec<Evidence> {
        let mut evidence = vec![self.growth(history)];
        match &self.cohort {
            Some(cohort) => evidence.extend(self.stays(cohort)),
            None => evidence.extend(self.lives(history)),
        }
        evidence.push(activity(&self.old, self.old_age, self.now));
        evidence.push(Evidence::Exposure {
            task_seconds: self.shape.exposure.into(),
            mean_at_least_seconds: self.shape.mean_at_least.into(),
        });
        if self.cohort.is_none() && self.seen.finished.total() > 0 {
            evidence.push(Evidence::LongestLifetime {
                lifetime_seconds: self.seen.finished.longest().into(),
            });
        }
        evidence
    }

    /// How the tasks of the site came and went.
    fn lives(&self, history: &History) -> [Evidence; 2] {
        let finished = self.seen.finished.at_least(self.old_age);
        [
            Evidence::Births {
                born: self.shape.born,
                within_seconds: self.shape.window.into(),
                whole_watch: self.shape.window * 10 >= history.window() * 9,
                finished: self.seen.finished.total(),
            },
            Evidence::OldTasks {
                reached: self.old.len() as u64 + finished,
                age_seconds: self.old_age.into(),
                finished,
            },
        ]
    }

    /// How the tasks of the cohort came and went.
    fn stays(&self, cohort: &Cohort) -> [Evidence; 2] {
        let left = cohort.stayed.at_least(self.old_age);
        [
            Evidence::Cohort {
                tasks: cohort.tasks.len(),
                alive: self.seen.live.len(),
                in_common: cohort.in_common.clone(),
                came: self.shape.born,
                within_seconds: self.shape.window.into(),
            },
            Evidence::OldStays {
                reached: self.old.len() as u64 + left,
                age_seconds: self.old_age.into(),
                left,
            },
        ]
    }
}
