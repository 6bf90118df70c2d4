//! Tasks that stand still, counted from mark to mark.
//!
//! One spawn site often serves several kinds of task, and healthy tasks that live long then hide
//! those that leak. So the rule is also asked about the tasks of a site that stand still, about those
//! that wait at one await stack, and about those without a waker. Each of these is a *cohort* in the
//! sense of `pileup-growth`, whose module `cohorts` explains why it consists of stays.
//!
//! The probe follows no task. The table has the time of each task's last poll, and that is enough:
//! a task that was last polled before a mark stands still since then. So a *stay* begins with the
//! first mark after a poll, and ends when the task is woken, is polled again, or finishes. The stays
//! that have begun by a mark can only become fewer. Those that are missing at the next mark have
//! ended. So the probe counts the tasks of a cohort at each mark, by the mark with which their stay
//! began. The poll path does nothing for it.
//!
//! When a task first came to its cohort is not known, and its birth stands for it. So a cohort
//! piles up only if tasks keep being spawned that stand still now: workers of a pool that come back
//! to rest are old.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use pileup_registry::{LiveTask, Registry, SiteNumber, Tick};

/// Beyond this number of cohorts, new ones are not counted.
const MOST_COHORTS: usize = 1024;
/// Beyond this number of beginnings, the two that differ least are taken together: those of stays
/// that are older than the marks go back.
const MOST_BEGINNINGS: usize = 48;
/// The clock is moved each time that this number of tasks has been counted.
const TASKS_PER_TICK: u32 = 4096;

/// Tasks of a site that stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Cohort {
    pub(crate) site: SiteNumber,
    waiting: Waiting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Waiting {
    /// All tasks of the site that stand still.
    Anywhere,
    /// Those that have cloned no waker.
    WithoutWaker,
    /// Those whose newest await stack has this number.
    At(u32),
}

impl Cohort {
    /// The cohorts of a task: none while it is polled or about to be, and before its first poll.
    fn of(task: &LiveTask) -> impl Iterator<Item = Self> {
        let is_scheduled = task.kind.is_scheduled();
        let last_wake = task.wakers.and_then(|wakers| wakers.last_wake);
        let is_woken = last_wake.is_some_and(|wake| wake > task.last_poll);
        let stands_still = is_scheduled && task.polls > 0 && !task.running && !is_woken;
        let waiting = task.wakers.and_then(|wakers| {
            let newest = wakers.stacks.and_then(|stacks| stacks.newest_first[0]);
            let without_waker = (wakers.outstanding == 0).then_some(Waiting::WithoutWaker);
            newest
                .map(|stack| Waiting::At(stack.get()))
                .or(without_waker)
        });
        let all = [Some(Waiting::Anywhere), waiting].into_iter().flatten();
        let site = task.site;
        all.filter(move |_| stands_still)
            .map(move |waiting| Self { site, waiting })
    }

    /// Whether a task belongs to it.
    pub(crate) fn has(self, task: &LiveTask) -> bool {
        Self::of(task).any(|cohort| cohort == self)
    }

    /// Whether its tasks wait alike: at one await stack, or without a waker.
    pub(crate) fn waits_alike(self) -> bool {
        self.waiting != Waiting::Anywhere
    }
}

/// Tasks of each cohort, by the number of the mark with which their stay began. The last count is
/// of those whose stay has not begun with any mark yet.
pub(super) type Counted = HashMap<Cohort, Vec<u64>>;

/// Stays that have ended, by when they had begun.
pub(super) type Ended = HashMap<Cohort, BTreeMap<Tick, u64>>;

/// The stays of all tasks, as the last mark has counted them.
#[derive(Debug, Default)]
pub(super) struct Stays {
    /// When stays have begun, in order.
    beginnings: Vec<Tick>,
    alive: Counted,
}

impl Stays {
    /// Counts the tasks that stand still.
    pub(super) fn count(
        &self,
        registry: &Registry,
        mut show: impl FnMut(&LiveTask, Cohort),
    ) -> Counted {
        let beginnings = &self.beginnings;
        let none = || vec![0; beginnings.len() + 1];
        let mut counted: Counted = self.alive.keys().map(|cohort| (*cohort, none())).collect();
        let mut until_tick = TASKS_PER_TICK;
        registry.for_each_live(|task| {
            let begun = beginnings.partition_point(|begun| *begun < task.last_poll);
            for cohort in Cohort::of(&task) {
                let is_full = counted.len() >= MOST_COHORTS;
                if is_full && !counted.contains_key(&cohort) {
                    continue;
                }
                counted.entry(cohort).or_insert_with(none)[begun] += 1;
                show(&task, cohort);
            }
            until_tick -= 1;
            if until_tick == 0 {
                registry.tick();
                until_tick = TASKS_PER_TICK;
            }
        });
        // Nobody enters a stay that has begun: what is more was not counted before.
        for (cohort, counts) in &mut counted {
            let before = self.alive.get(cohort);
            for (number, count) in counts[..beginnings.len()].iter_mut().enumerate() {
                *count = before.map_or(0, |before| before[number]).min(*count);
            }
        }
        counted
    }

    /// The stays that have ended since the last mark, and when they had begun.
    pub(super) fn ended(&self, now: &Counted) -> Ended {
        let mut ended = Ended::new();
        for (cohort, before) in &self.alive {
            let now = now.get(cohort);
            for (number, begun) in self.beginnings.iter().enumerate() {
                let missing = before[number] - now.map_or(0, |now| now[number]);
                if missing > 0 {
                    ended.entry(*cohort).or_default().insert(*begun, missing);
                }
            }
        }
        ended
    }

    /// Marks the moment at which the tasks were counted.
    pub(super) fn mark(&mut self, at: Tick, mut counted: Counted) {
        counted.retain(|_, counts| counts.iter().any(|count| *count > 0));
        self.alive = counted;
        self.beginnings.push(at);
        while self.beginnings.len() > MOST_BEGINNINGS {
            let number = self.least_different();
            self.beginnings.remove(number);
            for counts in self.alive.values_mut() {
                let count = counts.remove(number);
                counts[number] += count;
            }
        }
    }

    /// The number of the beginning whose age differs from that of the next by the smallest part.
    fn least_different(&self) -> usize {
        let last = self.beginnings.last().copied().unwrap_or_default();
        let age = |number: usize| (last - self.beginnings[number]) as f64;
        let numbers = 0..self.beginnings.len().saturating_sub(2);
        let ratio = |number: usize| age(number) / age(number + 1).max(1.0);
        numbers
            .min_by(|a, b| ratio(*a).total_cmp(&ratio(*b)))
            .unwrap_or(0)
    }

    /// For how long the counted stays of a cohort go on, the longest first. Those that have not
    /// begun with any mark are left out.
    pub(super) fn ages(&self, counts: &[u64], now: Tick) -> Vec<Duration> {
        let counts = self.beginnings.iter().zip(counts);
        let ages = counts.flat_map(|(begun, count)| {
            let age = Duration::from_millis(now.saturating_sub(*begun));
            std::iter::repeat_n(age, usize::try_from(*count).unwrap_or(usize::MAX))
        });
        ages.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COHORT: Cohort = Cohort {
        site: 3,
        waiting: Waiting::Anywhere,
    };

    fn counted(counts: &[u64]) -> Counted {
        HashMap::from([(COHORT, counts.to_vec())])
    }

    #[test]
    fn stays_that_are_missing_have_ended() {
        let mut stays = Stays::default();
        stays.mark(1_000, counted(&[5]));
        stays.mark(2_000, counted(&[3, 4]));
        let now = counted(&[3, 1, 7]);
        let ended = stays.ended(&now);
        assert_eq!(ended[&COHORT], BTreeMap::from([(2_000, 3)]));
        let ages: Vec<u128> = stays
            .ages(&now[&COHORT], 5_000)
            .iter()
            .map(Duration::as_millis)
            .collect();
        assert_eq!(ages, [4_000, 4_000, 4_000, 3_000]);
    }

    #[test]
    fn the_beginnings_are_bounded_and_no_stay_is_lost() {
        let mut stays = Stays::default();
        let mut counts = vec![1];
        for mark in 1..=1_000 {
            stays.mark(mark * 32_000, counted(&counts));
            counts.clone_from(&stays.alive[&COHORT]);
            counts.push(1);
        }
        assert_eq!(stays.beginnings.len(), MOST_BEGINNINGS);
        assert_eq!(stays.alive[&COHORT].iter().sum::<u64>(), 1_000);
        // The youngest are told apart, and of the oldest the age is known to within a third.
        let last = stays.beginnings.len() - 1;
        assert_eq!(
            stays.beginnings[last - 4..]
                .iter()
                .map(|begun| begun / 32_000)
                .collect::<Vec<_>>(),
            [996, 997, 998, 999, 1_000]
        );
        let ages: Vec<u64> = stays
            .beginnings
            .iter()
            .map(|begun| 1_001 * 32_000 - begun)
            .collect();
        assert!(
            ages.windows(2)
                .take(MOST_BEGINNINGS - 8)
                .all(|ages| ages[0] * 3 <= ages[1] * 4),
            "{ages:?}"
        );
    }
}
