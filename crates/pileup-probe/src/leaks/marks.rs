//! What had finished at some moments, and which stays had ended.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use pileup_growth::{Lifetimes, Period, Population};
use pileup_registry::{BUCKETS, LiveTask, Registry, SiteNumber, Tick, longest};

use super::stays::{Cohort, Ended, Stays};
use crate::look::SiteLook;

/// Beyond this number of marks, the oldest go.
const MOST_MARKS: usize = 20;
const FIRST_SPACING: Tick = 1_000;
const WIDEST_SPACING: Tick = 32_000;

/// The marks of the last ten minutes, or of all time until then.
#[derive(Debug)]
pub(super) struct Marks {
    kept: VecDeque<Mark>,
    spacing: Tick,
    stays: Stays,
}

#[derive(Debug)]
struct Mark {
    at: Tick,
    finished: HashMap<SiteNumber, [u64; BUCKETS]>,
    /// Stays that have ended since the mark before.
    ended: Ended,
}

/// What was seen of a cohort, up to a question.
pub(super) struct CohortSeen {
    pub(super) cohort: Cohort,
    /// For how long its live tasks have stood still, longest first.
    pub(super) ages: Vec<Duration>,
    /// How long ago they were spawned, longest ago first.
    pub(super) born: Vec<Duration>,
    pub(super) ended: Lifetimes,
    pub(super) entered: Lifetimes,
    pub(super) example: Option<LiveTask>,
}

/// What is known of all cohorts, up to a question.
pub(super) struct CohortsSeen {
    pub(super) by_site: BTreeMap<SiteNumber, Vec<CohortSeen>>,
    /// How long ago the last stays began that are known.
    pub(super) lag: Duration,
}

impl Marks {
    /// Marks the start: nothing had finished.
    pub(super) fn new() -> Self {
        let start = Mark {
            at: 0,
            finished: HashMap::new(),
            ended: Ended::new(),
        };
        Self {
            kept: VecDeque::from([start]),
            spacing: FIRST_SPACING,
            stays: Stays::default(),
        }
    }

    /// Whether it is time for the next mark.
    pub(super) fn is_due(&self, now: Tick) -> bool {
        let last = self.kept.back().map_or(0, |mark| mark.at);
        now.saturating_sub(last) >= self.spacing
    }

    /// The oldest mark's time, and what has finished since then at each site.
    pub(super) fn finished_since_start(
        &self,
        sites: &[&SiteLook],
    ) -> Option<(Tick, Vec<Lifetimes>)> {
        let start = self.kept.front()?;
        let finished = sites.iter().map(|site| start.lifetimes_since(site));
        Some((start.at, finished.collect()))
    }

    /// Marks the present.
    pub(super) fn add(&mut self, now: Tick, registry: &Registry) {
        let counted = self.stays.count(registry, |_, _| {});
        let ended = self.stays.ended(&counted);
        self.stays.mark(now, counted);
        let sites = registry.sites().into_iter();
        let finished = sites.filter_map(|site| Some((site.number, site.counted?.finished)));
        self.kept.push_back(Mark {
            at: now,
            finished: finished.collect(),
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

    /// What is known of the cohorts of all sites, by one more count of all live tasks.
    pub(super) fn cohorts(&self, registry: &Registry) -> CohortsSeen {
        let now = registry.tick();
        let mut found: HashMap<Cohort, (Vec<Duration>, LiveTask)> = HashMap::new();
        let counted = self.stays.count(registry, |task, cohort| {
            let (born, example) = found.entry(cohort).or_insert_with(|| (Vec::new(), *task));
            born.push(Duration::from_millis(now.saturating_sub(task.born)));
            if task.last_poll < example.last_poll {
                *example = *task;
            }
        });
        let start = self.kept.front().map_or(0, |mark| mark.at);
        let since_start = self.kept.iter().skip(1);
        let mut ended: Vec<(Tick, &Ended)> =
            since_start.map(|mark| (mark.at, &mark.ended)).collect();
        let ended_just_now = self.stays.ended(&counted);
        ended.push((now, &ended_just_now));
        let mut by_site: BTreeMap<SiteNumber, Vec<CohortSeen>> = BTreeMap::new();
        for (cohort, counts) in &counted {
            let (mut born, example) = found
                .remove(cohort)
                .map_or((Vec::new(), None), |(born, example)| (born, Some(example)));
            born.sort_unstable_by(|a, b| b.cmp(a));
            let mut seen = CohortSeen {
                cohort: *cohort,
                ages: self.stays.ages(counts, now),
                born,
                ended: Lifetimes::default(),
                entered: Lifetimes::default(),
                example,
            };
            for (at, ended) in &ended {
                for (begun, stays) in ended.get(cohort).into_iter().flatten() {
                    let millis =
                        |from: Tick, to: Tick| Duration::from_millis(to.saturating_sub(from));
                    seen.ended.add_many(millis(*begun, *at), *stays);
                    if *begun <= start {
                        seen.entered.add_many(millis(*begun, start), *stays);
                    }
                }
            }
            by_site.entry(cohort.site).or_default().push(seen);
        }
        for cohorts in by_site.values_mut() {
            cohorts.sort_unstable_by_key(|seen| seen.cohort);
        }
        let last = self.kept.back().map_or(0, |mark| mark.at);
        CohortsSeen {
            by_site,
            lag: Duration::from_millis(now.saturating_sub(last)),
        }
    }
}

impl Mark {
    /// The lifetimes of those that finished at a site since then.
    fn lifetimes_since(&self, site: &SiteLook) -> Lifetimes {
        let before = self.finished.get(&site.number);
        let mut lifetimes = Lifetimes::default();
        for (bucket, count) in site.counted.finished.iter().enumerate() {
            let before = before.map_or(0, |before| before[bucket]);
            lifetimes.add_many(longest(bucket), count.saturating_sub(before));
        }
        lifetimes
    }
}

impl CohortSeen {
    pub(super) fn population(&self, watch: Duration, lag: Duration) -> Population<'_> {
        Population {
            ages: &self.ages,
            came: Some(&self.born),
            watch: Period {
                length: watch,
                finished: &self.ended,
                entered: &self.entered,
            },
            before: None,
            lag,
        }
    }
}
