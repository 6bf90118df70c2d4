//! One fresh look at the registry: what all views of one moment are made from.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pileup_model::Wait;
use pileup_profile::{AGE_CLASSES, age_class, other_waits};
use pileup_registry::{
    BUCKETS, Counted, LiveTask, Registry, SiteNumber, SpawnSite, Tick, Waits, bucket, longest,
};

use crate::runtimes::{Runtime, Runtimes};

/// The live tasks of one moment, counted.
pub(crate) struct Look {
    pub(crate) at: Timestamp,
    pub(crate) now: Tick,
    pub(crate) runtimes: Vec<Arc<Runtime>>,
    /// The sites at which something was spawned.
    pub(crate) sites: Vec<SiteLook>,
}

/// What lives at one spawn site, and what was counted there.
pub(crate) struct SiteLook {
    pub(crate) number: SiteNumber,
    pub(crate) site: &'static SpawnSite,
    pub(crate) counted: Counted,
    pub(crate) alive: u64,
    pub(crate) oldest: Duration,
    /// The live tasks by their age, in the buckets of lifetimes.
    ages: [u64; BUCKETS],
    /// The live tasks by where they wait, by runtime, by whether they run, and by age class.
    pub(crate) groups: Vec<Group>,
}

/// Live tasks of one site that are alike.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) waiting: Waiting,
    /// The number of their runtime, where it is known.
    pub(crate) runtime: Option<u8>,
    pub(crate) running: bool,
    /// The least age of those that belong here.
    pub(crate) age_class: Duration,
    pub(crate) alive: u64,
    /// Their ages, added up.
    pub(crate) age: Duration,
}

/// Where a task waits.
#[derive(Debug, Clone)]
pub(crate) enum Waiting {
    /// That is not known, or was not asked for.
    Unknown,
    /// It does not: it has no waker, so nothing can wake it. Where it waited last is there if it
    /// is known.
    WithoutWaker(Option<Arc<Wait>>),
    /// In the newest of its waits, and in those that
    /// [`other_waits`](pileup_profile::other_waits) names.
    In(Arc<Wait>, Option<Arc<str>>),
}

/// All places at which tasks wait, by number.
struct Places<'a> {
    waits: Option<Waits<'a>>,
    /// The numbers of lists of waits that many tasks share, by the address of their first.
    lists: HashMap<*const Arc<Wait>, usize>,
    numbers: HashMap<Place, usize>,
    by_number: Vec<Waiting>,
}

/// A place by the addresses of its waits, which are kept meanwhile.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    WithoutWaker(Option<*const Wait>),
    In(*const Wait, Option<Arc<str>>),
}

/// The sums of one site while the look goes on.
struct Sums {
    /// Two for each runtime and age class, by the number of the place at which the tasks wait.
    groups: BTreeMap<usize, Vec<(u64, u64)>>,
    ages: [u64; BUCKETS],
    oldest: u64,
}

impl Look {
    /// Counts all live tasks, by where they wait if there are `waits`. It takes some tens of
    /// nanoseconds a task: not on a worker, where there may be many.
    pub(crate) fn take(registry: &Registry, runtimes: &Runtimes, waits: Option<Waits<'_>>) -> Self {
        let now = registry.tick();
        let mut places = Places::new(waits);
        let runtimes = runtimes.all();
        let mut sums: Vec<Option<Box<Sums>>> = Vec::new();
        registry.for_each_live(|task| {
            let site = usize::from(task.site);
            if sums.len() <= site {
                sums.resize_with(site + 1, || None);
            }
            let sums = sums[site].get_or_insert_with(Box::default);
            sums.add(&task, now.saturating_sub(task.born), places.number(&task));
        });
        let sites = registry.sites().into_iter().filter_map(|site| {
            let sums = sums
                .get_mut(usize::from(site.number))
                .and_then(Option::take)
                .unwrap_or_default();
            Some(sums.finish(site.number, site.spawn, site.counted?, &places.by_number))
        });
        Self {
            at: registry.time(now),
            now,
            runtimes,
            sites: sites.collect(),
        }
    }
}

impl<'a> Places<'a> {
    const UNKNOWN: usize = 0;

    fn new(waits: Option<Waits<'a>>) -> Self {
        Self {
            waits,
            lists: HashMap::new(),
            numbers: HashMap::new(),
            by_number: vec![Waiting::Unknown],
        }
    }

    fn number(&mut self, task: &LiveTask) -> usize {
        let Some(all) = self.waits.as_mut() else {
            return Self::UNKNOWN;
        };
        let Some(waits) = all.of(task) else {
            return Self::UNKNOWN;
        };
        let Some(newest) = waits.first() else {
            let last = all.last_of(task);
            let place = Place::WithoutWaker(last.as_ref().map(Arc::as_ptr));
            return self.add(place, Waiting::WithoutWaker(last));
        };
        let list = waits.as_ptr();
        if let Some(number) = self.lists.get(&list) {
            return *number;
        }
        let others = other_waits(&waits);
        let place = Place::In(Arc::as_ptr(newest), others.clone());
        let number = self.add(place, Waiting::In(Arc::clone(newest), others));
        self.lists.insert(list, number);
        number
    }

    fn add(&mut self, place: Place, waiting: Waiting) -> usize {
        *self.numbers.entry(place).or_insert_with(|| {
            // Kept here, so that no other wait gets its address.
            self.by_number.push(waiting);
            self.by_number.len() - 1
        })
    }
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            groups: BTreeMap::new(),
            ages: [0; BUCKETS],
            oldest: 0,
        }
    }
}

impl Sums {
    fn add(&mut self, task: &LiveTask, age: u64, place: usize) {
        let class = age_class(Duration::from_millis(age));
        let kind = usize::from(task.runtime.map_or(0, |runtime| runtime + 1)) * 2
            + usize::from(task.running);
        let index = kind * AGE_CLASSES.len() + class;
        let groups = self.groups.entry(place).or_default();
        if groups.len() <= index {
            groups.resize(index + 1, (0, 0));
        }
        let (alive, ages) = &mut groups[index];
        *alive += 1;
        *ages += age;
        self.ages[bucket(age)] += 1;
        self.oldest = self.oldest.max(age);
    }

    fn finish(
        &self,
        number: SiteNumber,
        site: &'static SpawnSite,
        counted: Counted,
        places: &[Waiting],
    ) -> SiteLook {
        let groups = self.groups.iter().flat_map(|(place, groups)| {
            let groups = groups.iter().enumerate();
            groups.map(move |(index, sums)| (*place, index, sums))
        });
        let groups = groups.filter(|(_, _, (alive, _))| *alive > 0);
        let groups = groups.map(|(place, index, (alive, ages))| {
            let (kind, class) = (index / AGE_CLASSES.len(), index % AGE_CLASSES.len());
            Group {
                waiting: places.get(place).cloned().unwrap_or(Waiting::Unknown),
                runtime: (kind / 2)
                    .checked_sub(1)
                    .and_then(|runtime| u8::try_from(runtime).ok()),
                running: kind % 2 == 1,
                age_class: AGE_CLASSES[class],
                alive: *alive,
                age: Duration::from_millis(*ages),
            }
        });
        SiteLook {
            number,
            site,
            counted,
            alive: self.ages.iter().sum(),
            oldest: Duration::from_millis(self.oldest),
            ages: self.ages,
            groups: groups.collect(),
        }
    }
}

impl Group {
    /// Whether its tasks wait in these places, the newest first; without a waker if there is none.
    pub(crate) fn waits_in(&self, waits: &[Arc<Wait>]) -> bool {
        match (&self.waiting, waits) {
            (Waiting::In(newest, others), [first, ..]) => {
                newest == first && *others == other_waits(waits)
            }
            (Waiting::WithoutWaker(_), []) => true,
            _ => false,
        }
    }
}

impl SiteLook {
    /// The age that half of the live tasks have not reached; zero where nothing lives.
    pub(crate) fn median_age(&self) -> Duration {
        let mut younger = 0;
        let median = self.ages.iter().position(|count| {
            younger += count;
            younger * 2 >= self.alive
        });
        longest(median.unwrap_or(0)).min(self.oldest)
    }
}
