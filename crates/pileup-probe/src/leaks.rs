//! The probe's own verdict: which spawn sites pile up.
//!
//! The rule is the investigator's (PU03), in the crate `pileup-growth`. It needs the ages of
//! the live tasks, which the registry has, and the lifetimes of those that finished in the
//! same time: marks of the counters keep what had finished at a few moments of the last ten
//! minutes, or of all time until then. The marks count the tasks that stand still as well, so that a
//! kind of task that leaks is found beside others of the same site ([`stays`]).
//!
//! A site is not split by the names of its tasks: the registry does not count them, and few tasks
//! have one. Tasks that leak and are polled all the time are found only where the whole site piles
//! up, or with the command `pileup`, which follows each task.

mod marks;
mod stays;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use pileup_growth::{Evidence, Lifetimes, Period, Population, SiteVerdict, Verdict};
use pileup_profile::{Profile, ProfileKind};

use self::marks::{CohortSeen, Marks};
use self::stays::Cohort;
use crate::look::{Look, SiteLook};
use pileup_registry::{LiveTask, Registry, SiteNumber, Tick, WaitList};

/// Before that nothing can be seen to grow.
const SHORTEST_WATCH: Tick = 2_000;
/// The rule asks for more than this. Fewer stays are no cohort of its own; and where fewer tasks
/// are elsewhere, it is the site.
const FEWEST: u64 = 6;
/// A site whose tasks wait at more stacks than this is not split by them.
const MOST_STACKS: usize = 64;

/// What had finished at some moments.
#[derive(Debug)]
pub(crate) struct Leaks(Mutex<Marks>);

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

impl Leaks {
    /// Marks the start.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Marks::new()))
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
        if marks.is_due(now) {
            marks.add(now, registry);
        }
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What piles up. It collects and sorts the ages of the tasks of all sites.
    pub(crate) fn find<'a>(
        &self,
        look: &'a Look,
        registry: &Registry,
        max_lifetime: Duration,
    ) -> Vec<Leak<'a>> {
        let many = |site: &&SiteLook| site.alive >= FEWEST;
        let candidates: Vec<&SiteLook> = look.sites.iter().filter(many).collect();
        let Some((started, finished)) = self.marks().finished_since_start(&candidates) else {
            return Vec::new();
        };
        let watch = look.now.saturating_sub(started);
        if watch < SHORTEST_WATCH || candidates.is_empty() {
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
        let mut cohorts = self.marks().cohorts(registry);
        let watch = Duration::from_millis(watch);
        let mut leaks = Vec::new();
        for (site, finished) in candidates.into_iter().zip(&finished) {
            let Some(ages) = ages.get_mut(&site.number) else {
                continue;
            };
            ages.sort_unstable_by(|a, b| b.cmp(a));
            let whole = Population {
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
            let tasks = ages.len() as u64 + finished.total();
            let seen = cohorts.by_site.remove(&site.number).unwrap_or_default();
            let seen = tested(seen, tasks);
            let populations: Vec<Population> = seen
                .iter()
                .map(|seen| seen.population(watch, cohorts.lag))
                .collect();
            let verdict = SiteVerdict::of(&whole, &populations, max_lifetime);
            leaks.extend(Leak::all(site, &verdict, &seen, watch));
        }
        leaks
    }
}

/// The cohorts of a site that are tested: those that differ from the site, which has had this
/// number of tasks.
fn tested(seen: Vec<CohortSeen>, tasks: u64) -> Vec<CohortSeen> {
    let alike = seen.iter().filter(|seen| seen.cohort.waits_alike());
    let are_too_many = alike.count() > MOST_STACKS;
    let mut seen = seen;
    seen.retain(|seen| {
        let stays = seen.ages.len() as u64 + seen.ended.total();
        let differs = tasks >= stays + FEWEST || seen.ended.total() >= FEWEST;
        let is_known = !(seen.cohort.waits_alike() && are_too_many);
        stays >= FEWEST && differs && is_known
    });
    seen
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
    /// stand still.
    fn all(
        site: &'a SiteLook,
        verdict: &SiteVerdict,
        cohorts: &[CohortSeen],
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
        let others = verdict.others.iter().copied();
        let found = [(first, evidence)].into_iter().chain(others);
        let found = found.filter_map(|(number, evidence)| {
            let seen = cohorts.get(number)?;
            Some(Self {
                cohort: Some(seen.cohort),
                alive: seen.ages.len() as u64,
                example: seen.example,
                evidence,
                ..whole
            })
        });
        let mut found: Vec<Self> = found.collect();
        let waits_alike = |leak: &Self| leak.cohort.is_some_and(Cohort::waits_alike);
        if found.iter().any(waits_alike) {
            found.retain(waits_alike);
        }
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
