//! The probe's own verdict: which spawn sites pile up.
//!
//! The rule is the investigator's (PU03), in the crate `pileup-growth`. It needs the ages of
//! the live tasks, which the registry has, and the lifetimes of those that finished in the
//! same time: marks of the counters keep what had finished at a few moments of the last ten
//! minutes, or of all time until then. The marks count the tasks that stand still as well, so that a
//! kind of task that leaks is found beside others of the same site ([`cohort`]). The probe's thread
//! counts at each mark, and nothing is done for it on the poll path.
//!
//! A site is not split by the names of its tasks: the registry does not count them, and few tasks
//! have one. Tasks that leak and are polled all the time are found only where the whole site piles
//! up, or with the command `pileup`, which follows each task.

mod cohort;
mod walk;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use pileup_growth::{
    CohortSeen, Evidence, Lifetimes, Marks, Period, Population, SiteVerdict, Verdict,
};
use pileup_profile::{Profile, ProfileKind};

use self::cohort::Cohort;
use self::walk::{MOST_STACKS, walk};
use crate::look::{Look, SiteLook};
use pileup_registry::{BUCKETS, LiveTask, Registry, SiteNumber, Tick, WaitList, longest};

/// Before that nothing can be seen to grow.
const SHORTEST_WATCH: Tick = 2_000;
/// The rule asks for more live tasks than this.
const FEWEST: u64 = 6;

/// The tasks of each site that had finished at a moment, by lifetime.
type Finished = HashMap<SiteNumber, [u64; BUCKETS]>;

/// What had finished at some moments.
#[derive(Debug)]
pub(crate) struct Leaks(Mutex<Marks<Cohort, Finished>>);

/// What piles up at a site, and why that is said.
pub(crate) struct Leak<'a> {
    pub(crate) site: &'a SiteLook,
    /// Which of its tasks; all of them where there is none.
    cohort: Option<Cohort>,
    /// How many of them live.
    pub(crate) alive: u64,
    /// One of them, where they are a cohort.
    example: Option<LiveTask>,
    evidence: Evidence,
    watch: Duration,
}

/// The live tasks of a site at a question.
#[derive(Default)]
struct Live {
    born: Vec<Tick>,
    cohorts: Vec<LiveCohort>,
}

/// A cohort at a question.
struct LiveCohort {
    seen: CohortSeen<Cohort>,
    /// How long ago its tasks were spawned, longest ago first.
    born: Vec<Duration>,
    /// One of its tasks.
    example: Option<LiveTask>,
}

impl Leaks {
    /// Marks the start.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Marks::new(Finished::new())))
    }

    /// Marks the present if it is time to. It counts all live tasks, at some tens of nanoseconds
    /// each. While a question is answered it does nothing: it does not wait, since the same thread
    /// moves the clock.
    pub(crate) fn mark(&self, now: Tick, registry: &Registry) {
        let mut marks = match self.0.try_lock() {
            Ok(marks) => marks,
            Err(TryLockError::Poisoned(marks)) => marks.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if !marks.is_due(now) {
            return;
        }
        let mut count = marks.count();
        walk(registry, &mut count, |_, _| {});
        let sites = registry.sites().into_iter();
        let finished = sites.filter_map(|site| Some((site.number, site.counted?.finished)));
        marks.add(now, count, finished.collect());
    }

    fn marks(&self) -> MutexGuard<'_, Marks<Cohort, Finished>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What piles up. It goes through all live tasks once, and sorts when those of each site were
    /// spawned.
    pub(crate) fn find<'a>(
        &self,
        look: &'a Look,
        registry: &Registry,
        max_lifetime: Duration,
    ) -> Vec<Leak<'a>> {
        let many = |site: &&SiteLook| site.alive >= FEWEST;
        let candidates: Vec<&SiteLook> = look.sites.iter().filter(many).collect();
        let marks = self.marks();
        let Some((started, before)) = marks.oldest() else {
            return Vec::new();
        };
        let watch = look.now.saturating_sub(started);
        if watch < SHORTEST_WATCH || candidates.is_empty() {
            return Vec::new();
        }
        let mut live = live_tasks(&marks, registry);
        let watch = Duration::from_millis(watch);
        let lag = Duration::from_millis(look.now.saturating_sub(marks.last()));
        let mut leaks = Vec::new();
        for site in candidates {
            let Live { born, cohorts } = live.remove(&site.number).unwrap_or_default();
            let ages = ages(born, look.now);
            let finished = finished_since(before, site);
            let whole = Population {
                ages: &ages,
                came: None,
                watch: Period {
                    length: watch,
                    finished: &finished,
                    entered: &entered(&finished, watch),
                },
                before: None,
                lag: Duration::ZERO,
                slowed: false,
            };
            let cohorts = tested(cohorts, ages.len() as u64 + finished.total());
            let populations: Vec<Population> = cohorts
                .iter()
                .map(|cohort| cohort.seen.population(&cohort.born, watch, lag))
                .collect();
            let verdict = SiteVerdict::of(&whole, &populations, max_lifetime);
            leaks.extend(Leak::all(site, &verdict, &cohorts, watch));
        }
        leaks
    }
}

/// All live tasks, by site, and the cohorts of each site, in order.
fn live_tasks(marks: &Marks<Cohort, Finished>, registry: &Registry) -> HashMap<SiteNumber, Live> {
    let mut sites: Vec<Vec<Tick>> = Vec::new();
    let mut cohorts: Vec<(Vec<Tick>, Option<LiveTask>)> = Vec::new();
    let mut count = marks.count();
    walk(registry, &mut count, |task, numbers| {
        at(&mut sites, usize::from(task.site)).push(task.born);
        for number in numbers {
            let (born, example) = at(&mut cohorts, *number);
            born.push(task.born);
            if example.is_none_or(|example| task.last_poll < example.last_poll) {
                *example = Some(*task);
            }
        }
    });
    let now = registry.tick();
    let mut live: HashMap<SiteNumber, Live> = HashMap::new();
    for (number, born) in (0..).zip(sites) {
        live.entry(number).or_default().born = born;
    }
    cohorts.resize_with(cohorts.len().max(count.cohorts()), Default::default);
    for (seen, (born, example)) in marks.cohorts(now, count).into_iter().zip(cohorts) {
        let site = live.entry(seen.cohort.site).or_default();
        site.cohorts.push(LiveCohort {
            seen,
            born: ages(born, now),
            example,
        });
    }
    for site in live.values_mut() {
        site.cohorts
            .sort_unstable_by_key(|cohort| cohort.seen.cohort);
    }
    live
}

/// The element of a number, which is there from now on.
fn at<T: Default>(all: &mut Vec<T>, number: usize) -> &mut T {
    if all.len() <= number {
        all.resize_with(number + 1, T::default);
    }
    &mut all[number]
}

/// How long ago tasks were born, longest ago first.
fn ages(mut born: Vec<Tick>, now: Tick) -> Vec<Duration> {
    born.sort_unstable();
    let ages = born.into_iter().map(|born| now.saturating_sub(born));
    ages.map(Duration::from_millis).collect()
}

/// The lifetimes of those that have finished at a site since a moment.
fn finished_since(before: &Finished, site: &SiteLook) -> Lifetimes {
    let before = before.get(&site.number);
    let mut lifetimes = Lifetimes::default();
    for (bucket, count) in site.counted.finished.iter().enumerate() {
        let before = before.map_or(0, |before| before[bucket]);
        lifetimes.add_many(longest(bucket), count.saturating_sub(before));
    }
    lifetimes
}

/// The cohorts of a site that are tested, where the site has had this number of tasks.
fn tested(mut cohorts: Vec<LiveCohort>, tasks: u64) -> Vec<LiveCohort> {
    let waits_alike = |cohort: &LiveCohort| cohort.seen.cohort.waits_alike();
    let are_too_many = cohorts.iter().filter(|cohort| waits_alike(cohort)).count() > MOST_STACKS;
    cohorts.retain(|cohort| cohort.seen.is_tested(tasks) && !(are_too_many && waits_alike(cohort)));
    cohorts
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

/// The tasks that pile up, with the evidence as comments.
pub(crate) fn profile(look: &Look, leaks: &[Leak], registry: &Registry) -> Profile {
    let mut comments = vec![
        "tasks that grow in number while the old ones of them do not finish: all live tasks of a \
         spawn site, or those of its tasks that stand still"
            .to_owned(),
    ];
    let mut stacks = Vec::new();
    for leak in leaks {
        let waits = leak.waits(registry);
        comments.push(leak.evidence(waits.as_ref()));
        stacks.extend(look.stacks(leak.site, waits.as_ref()));
    }
    Profile {
        kind: ProfileKind::GoroutineLeak,
        taken_at: look.at,
        duration: None,
        stacks,
        comments,
    }
}

impl<'a> Leak<'a> {
    /// What piles up at a site. Of cohorts, those that wait alike say more than all tasks that
    /// stand still, unless they are the smaller part of them.
    fn all(
        site: &'a SiteLook,
        verdict: &SiteVerdict,
        cohorts: &[LiveCohort],
        watch: Duration,
    ) -> Vec<Self> {
        let Verdict::Leaks(evidence) = verdict.verdict else {
            return Vec::new();
        };
        let whole = Self {
            site,
            cohort: None,
            alive: site.alive,
            example: None,
            evidence,
            watch,
        };
        let Some(first) = verdict.cohort else {
            return vec![whole];
        };
        let others = verdict
            .others
            .iter()
            .filter_map(|(number, other)| match other {
                Verdict::Leaks(evidence) => Some((*number, *evidence)),
                Verdict::Undecided { .. } | Verdict::Clear => None,
            });
        let found = [(first, evidence)].into_iter().chain(others);
        let found = found.filter_map(|(number, evidence)| {
            let cohort = cohorts.get(number)?;
            Some(Self {
                cohort: Some(cohort.seen.cohort),
                alive: cohort.seen.alive() as u64,
                example: cohort.example,
                evidence,
                ..whole
            })
        });
        let mut found: Vec<Self> = found.collect();
        let waits_alike = |leak: &Self| leak.cohort.is_some_and(Cohort::waits_alike);
        let alive = |found: &[Self], alike: bool| -> u64 {
            let found = found.iter().filter(|leak| waits_alike(leak) == alike);
            found.map(|leak| leak.alive).sum()
        };
        // The await stacks of some tasks may not be known.
        let alike_say_it = alive(&found, true) * 2 >= alive(&found, false).max(1);
        found.retain(|leak| waits_alike(leak) == alike_say_it);
        found
    }
}

impl Leak<'_> {
    /// Whether a task is one of those that pile up.
    pub(crate) fn has(&self, task: &LiveTask) -> bool {
        match self.cohort {
            None => task.site == self.site.number,
            Some(cohort) => cohort.has(task),
        }
    }

    /// Where its tasks wait, if they wait alike: nowhere if they have no waker.
    fn waits(&self, registry: &Registry) -> Option<WaitList> {
        self.cohort.filter(|cohort| cohort.waits_alike())?;
        registry.waits().of(self.example.as_ref()?)
    }

    fn evidence(&self, waits: Option<&WaitList>) -> String {
        let place = &self.site.site.site;
        let seen = &self.evidence;
        let still = self.cohort.is_some();
        let finished = match (seen.finished, still) {
            (0, false) => "none has finished".to_owned(),
            (1, false) => "1 has finished".to_owned(),
            (more, false) => format!("{more} have finished"),
            (0, true) => "none was polled again".to_owned(),
            (1, true) => "1 was polled again, or has finished".to_owned(),
            (more, true) => format!("{more} were polled again, or have finished"),
        };
        let old = seen.old as u64 + seen.finished;
        if !still {
            return format!(
                "{}:{}: {} alive, {} of them born in the last {:.0?}; of {old} that reached the \
                 age of {:.1?} {finished}; if they finish at all, they live for {:.0?} or more on \
                 average (95 % confidence)",
                place.file,
                place.line,
                self.alive,
                seen.born,
                self.watch,
                seen.old_age,
                seen.mean_at_least,
            );
        }
        let alike = match waits.map(|waits| waits.first()) {
            None => String::new(),
            Some(None) => ", and have no waker".to_owned(),
            Some(Some(wait)) => format!(" at {wait}"),
        };
        format!(
            "{}:{}: {} of its {} live tasks stand still{alike}, {} of them for less than \
             {:.0?}; of {old} that stood still for {:.1?} {finished}; if they go on at all, they \
             stand still for {:.0?} or more on average (95 % confidence)",
            place.file,
            place.line,
            self.alive,
            self.site.alive,
            seen.born,
            self.watch,
            seen.old_age,
            seen.mean_at_least,
        )
    }
}
