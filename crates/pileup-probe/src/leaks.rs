//! The probe's own verdict: which spawn sites pile up.
//!
//! The rule is the investigator's (PU03), in the crate `pileup-growth`. It needs the ages of
//! the live tasks, which the registry has, and the lifetimes of those that finished in the
//! same time: marks of the counters keep what had finished at a few moments of the last ten
//! minutes, or of all time until then.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pileup_growth::{Evidence, Lifetimes, Period, Population, Verdict};
use pileup_profile::{Profile, ProfileKind};

use crate::look::{Look, SiteLook};
use pileup_registry::{BUCKETS, Registry, SiteNumber, Tick, longest};

/// Beyond so many marks the oldest go.
const MOST_MARKS: usize = 20;
const FIRST_SPACING: Tick = 1_000;
const WIDEST_SPACING: Tick = 32_000;
/// Before that nothing can be seen to grow.
const SHORTEST_WATCH: Tick = 2_000;
/// The rule asks for more than so few.
const FEWEST: u64 = 6;

/// What had finished at some moments.
#[derive(Debug)]
pub(crate) struct Leaks(Mutex<Marks>);

#[derive(Debug)]
struct Marks {
    marks: VecDeque<Mark>,
    spacing: Tick,
}

#[derive(Debug)]
struct Mark {
    at: Tick,
    finished: HashMap<SiteNumber, [u64; BUCKETS]>,
}

/// A site that piles up, and why that is said.
pub(crate) struct Leak<'a> {
    pub(crate) site: &'a SiteLook,
    evidence: Evidence,
    watch: Duration,
}

impl Leaks {
    /// Marks the start: nothing had finished.
    pub(crate) fn new() -> Self {
        let start = Mark {
            at: 0,
            finished: HashMap::new(),
        };
        Self(Mutex::new(Marks {
            marks: VecDeque::from([start]),
            spacing: FIRST_SPACING,
        }))
    }

    /// Marks the present if it is time to.
    pub(crate) fn mark(&self, now: Tick, registry: &Registry) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = marks.marks.back().map_or(0, |mark| mark.at);
        if now.saturating_sub(last) >= marks.spacing {
            marks.add(now, registry);
        }
    }

    /// The sites that pile up. It collects and sorts the ages of their tasks.
    pub(crate) fn find<'a>(
        &self,
        look: &'a Look,
        registry: &Registry,
        max_lifetime: Duration,
    ) -> Vec<Leak<'a>> {
        let many = |site: &&SiteLook| site.alive >= FEWEST;
        let candidates: Vec<&SiteLook> = look.sites.iter().filter(many).collect();
        let Some((started, finished)) = self.finished_since_start(&candidates) else {
            return Vec::new();
        };
        let watch = look.now.saturating_sub(started);
        if watch < SHORTEST_WATCH {
            return Vec::new();
        }
        let mut ages: HashMap<SiteNumber, Vec<Duration>> = candidates
            .iter()
            .map(|site| (site.number, Vec::new()))
            .collect();
        registry.for_each_live(|task| {
            if let Some(ages) = ages.get_mut(&task.site) {
                ages.push(Duration::from_millis(look.now.saturating_sub(task.born)));
            }
        });
        let watch = Duration::from_millis(watch);
        let candidates = candidates.into_iter().zip(&finished);
        let piles = candidates.filter_map(|(site, finished)| {
            let ages = ages.get_mut(&site.number)?;
            ages.sort_unstable_by(|a, b| b.cmp(a));
            let population = Population {
                ages,
                came: None,
                watch: Period {
                    length: watch,
                    finished,
                    entered: &entered(finished, watch),
                },
                before: None,
                lag: Duration::ZERO,
            };
            match population.verdict(max_lifetime) {
                Verdict::Leaks(evidence) => Some(Leak {
                    site,
                    evidence,
                    watch,
                }),
                Verdict::Undecided { .. } | Verdict::Clear => None,
            }
        });
        piles.collect()
    }

    /// The oldest mark's time, and what has finished since then at each site. The marks are
    /// not kept from the probe's thread for longer: it moves the clock.
    fn finished_since_start(&self, sites: &[&SiteLook]) -> Option<(Tick, Vec<Lifetimes>)> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = marks.marks.front()?;
        let finished = sites.iter().map(|site| start.lifetimes_since(site));
        Some((start.at, finished.collect()))
    }
}

/// The ages that tasks had at the start of a time in which they finished, as far as their
/// lifetimes show: whoever lived for longer than that was alive before.
fn entered(finished: &Lifetimes, within: Duration) -> Lifetimes {
    let mut entered = Lifetimes::default();
    for (lifetime, tasks) in finished.counts() {
        if let Some(age) = lifetime.checked_sub(within) {
            entered.add_many(age, tasks);
        }
    }
    entered
}

/// The tasks of sites that pile up, with the evidence as comments.
pub(crate) fn profile(look: &Look, leaks: &[Leak]) -> Profile {
    let mut comments = vec![
        "sites whose live tasks grow in number while their old ones do not finish; each is \
         shown with all its live tasks"
            .to_owned(),
    ];
    comments.extend(leaks.iter().map(Leak::evidence));
    Profile {
        kind: ProfileKind::GoroutineLeak,
        taken_at: look.at,
        duration: None,
        stacks: leaks
            .iter()
            .flat_map(|leak| look.stacks(leak.site))
            .collect(),
        comments,
    }
}

impl Marks {
    fn add(&mut self, now: Tick, registry: &Registry) {
        let sites = registry.sites().into_iter();
        let finished = sites.filter_map(|site| Some((site.number, site.counted?.finished)));
        self.marks.push_back(Mark {
            at: now,
            finished: finished.collect(),
        });
        if self.marks.len() <= MOST_MARKS {
            return;
        }
        if self.spacing < WIDEST_SPACING {
            let mut number = 0;
            self.marks.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.spacing *= 2;
        } else {
            self.marks.pop_front();
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

impl Leak<'_> {
    fn evidence(&self) -> String {
        let site = &self.site.site.site;
        let seen = &self.evidence;
        format!(
            "{}:{}: {} alive, {} of them born in the last {:.0?}; of {} that reached the age of \
             {:.1?} {} finished; if they finish at all, they live for {:.0?} or more on average \
             (95 % confidence)",
            site.file,
            site.line,
            self.site.alive,
            seen.born,
            self.watch,
            seen.old as u64 + seen.finished,
            seen.old_age,
            match seen.finished {
                0 => "none has".to_owned(),
                1 => "1 has".to_owned(),
                more => format!("{more} have"),
            },
            seen.mean_at_least,
        )
    }
}
