//! What had finished at a few moments of the last ten minutes, for a source that keeps no list of
//! finished tasks.

use std::collections::VecDeque;
use std::hash::Hash;
use std::time::Duration;

use crate::stays::{Count, Ended, Stays};
use crate::{Lifetimes, Period, Population};

/// Beyond this number of marks, the oldest go.
const MOST_MARKS: usize = 20;
/// Milliseconds between the first marks, and between marks when there are enough of them.
const FIRST_SPACING: u64 = 1_000;
const WIDEST_SPACING: u64 = 32_000;
/// The rule asks for more than this. Fewer stays are no cohort of its own; and where fewer tasks
/// are elsewhere, it is the site.
const FEWEST: u64 = 6;

/// The marks of the last ten minutes, or of all time until then, in milliseconds since the start.
/// Each keeps a state of the caller, `S`, and the stays that have ended in each cohort, `C`.
#[derive(Debug)]
pub struct Marks<C, S> {
    kept: VecDeque<Mark<C, S>>,
    spacing: u64,
    stays: Stays<C>,
}

#[derive(Debug)]
struct Mark<C, S> {
    at: u64,
    state: S,
    /// Stays that have ended since the mark before.
    ended: Ended<C>,
}

/// What was seen of a cohort, from the oldest mark to a count.
#[derive(Debug)]
pub struct CohortSeen<C> {
    /// Which cohort it is.
    pub cohort: C,
    /// For how long its stays go on, the longest first.
    ages: Vec<Duration>,
    ended: Lifetimes,
    entered: Lifetimes,
}

impl<C: Copy + Eq + Hash, S> Marks<C, S> {
    /// Marks the start, with the state of then.
    #[must_use]
    pub fn new(state: S) -> Self {
        let start = Mark {
            at: 0,
            state,
            ended: Ended::new(),
        };
        Self {
            kept: VecDeque::from([start]),
            spacing: FIRST_SPACING,
            stays: Stays::default(),
        }
    }

    /// Whether it is time for the next mark.
    #[must_use]
    pub fn is_due(&self, now: u64) -> bool {
        now.saturating_sub(self.last()) >= self.spacing
    }

    /// When the newest mark was made.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.kept.back().map_or(0, |mark| mark.at)
    }

    /// When the oldest mark was made, and the state of then.
    #[must_use]
    pub fn oldest(&self) -> Option<(u64, &S)> {
        let oldest = self.kept.front()?;
        Some((oldest.at, &oldest.state))
    }

    /// Begins a count of all live tasks, for [`add`](Self::add) or [`cohorts`](Self::cohorts).
    #[must_use]
    pub fn count(&self) -> Count<C> {
        self.stays.count()
    }

    /// Marks the moment of a count.
    pub fn add(&mut self, now: u64, mut count: Count<C>, state: S) {
        let ended = self.stays.ended(&mut count);
        self.stays.mark(now, count);
        self.kept.push_back(Mark {
            at: now,
            state,
            ended,
        });
        if self.kept.len() <= MOST_MARKS {
            return;
        }
        if self.spacing < WIDEST_SPACING {
            for number in (1..self.kept.len()).rev().step_by(2) {
                self.forget(number - 1);
            }
            self.spacing *= 2;
        } else {
            self.kept.pop_front();
        }
    }

    /// Forgets a mark. What ended until then has ended until the next.
    fn forget(&mut self, number: usize) {
        let Some(mark) = self.kept.remove(number) else {
            return;
        };
        if let Some(next) = self.kept.get_mut(number) {
            for (cohort, ended) in mark.ended {
                let next = next.ended.entry(cohort).or_default();
                for (begun, stays) in ended {
                    *next.entry(begun).or_default() += stays;
                }
            }
        }
    }

    /// What was seen of all cohorts, from the oldest mark to a count.
    #[must_use]
    pub fn cohorts(&self, now: u64, mut count: Count<C>) -> Vec<CohortSeen<C>> {
        let ended_just_now = self.stays.ended(&mut count);
        let start = self.kept.front().map_or(0, |mark| mark.at);
        let since_start = self.kept.iter().skip(1);
        let ended = since_start.map(|mark| (mark.at, &mark.ended));
        let ended: Vec<(u64, &Ended<C>)> = ended.chain([(now, &ended_just_now)]).collect();
        let seen = count.ages(now).map(|(cohort, ages)| {
            let mut seen = CohortSeen {
                cohort,
                ages,
                ended: Lifetimes::default(),
                entered: Lifetimes::default(),
            };
            for (at, ended) in &ended {
                for (begun, stays) in ended.get(&cohort).into_iter().flatten() {
                    let millis =
                        |from: u64, to: u64| Duration::from_millis(to.saturating_sub(from));
                    seen.ended.add_many(millis(*begun, *at), *stays);
                    if *begun <= start {
                        seen.entered.add_many(millis(*begun, start), *stays);
                    }
                }
            }
            seen
        });
        seen.collect()
    }
}

impl<C> CohortSeen<C> {
    /// How many of its stays go on.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.ages.len()
    }

    /// Whether it is to be tested: it has enough stays, and is not the same as its site, which has
    /// had this number of tasks.
    #[must_use]
    pub fn is_tested(&self, tasks: u64) -> bool {
        let stays = self.ages.len() as u64 + self.ended.total();
        let differs = tasks >= stays + FEWEST || self.ended.total() >= FEWEST;
        stays >= FEWEST && differs
    }

    /// Its population, in a watch that began with the oldest mark. `born` is how long ago its tasks
    /// were spawned, longest ago first: when a task first came to its cohort is not known, and its
    /// birth stands for it. So a cohort piles up only if tasks keep being spawned that stand still
    /// now: workers of a pool that come back to rest are old.
    #[must_use]
    pub fn population<'a>(
        &'a self,
        born: &'a [Duration],
        watch: Duration,
        lag: Duration,
    ) -> Population<'a> {
        Population {
            ages: &self.ages,
            came: Some(born),
            watch: Period {
                length: watch,
                finished: &self.ended,
                entered: &self.entered,
            },
            before: None,
            lag,
            slowed: false,
        }
    }
}
