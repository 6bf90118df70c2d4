//! The cohorts of one spawn site: what `pileup-growth` needs of each, and which of them are
//! tested.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use pileup_growth::{Lifetimes, Period, Population};
use pileup_model::{Site, Task, elapsed};

use crate::facts::InCommon;
use crate::history::{History, LeftBy, Partition, Stay, Stays};

/// Fewer stays are no cohort of its own; and where fewer tasks are elsewhere, it is the site.
const FEWEST: u64 = 6;

/// Tasks of a site that have something in common, which others of the site have not.
pub(crate) struct Cohort<'a> {
    pub(crate) in_common: &'a InCommon,
    /// Its live tasks, those first that have been in it for the longest time.
    pub(crate) tasks: Vec<&'a Task>,
    /// For how long each of them has.
    pub(crate) ages: Vec<Duration>,
    /// How long ago each of them first came to it, longest ago first: some may have left it since,
    /// and come back.
    came: Vec<Duration>,
    /// For how long those had been in it that have left it.
    pub(crate) stayed: Lifetimes,
    entered: Lifetimes,
}

impl Cohort<'_> {
    pub(crate) fn population(
        &self,
        watch: Duration,
        lag: Duration,
        slowed: bool,
    ) -> Population<'_> {
        Population {
            ages: &self.ages,
            came: Some(&self.came),
            watch: Period {
                length: watch,
                finished: &self.stayed,
                entered: &self.entered,
            },
            before: None,
            lag,
            slowed,
        }
    }
}

/// The stays of one cohort, while they are gathered.
struct Group<'a> {
    in_common: &'a InCommon,
    stays: Vec<(&'a Stay, &'a Task)>,
}

/// The groups of one partition.
#[derive(Default)]
struct Groups<'a> {
    groups: Vec<Group<'a>>,
    numbers: BTreeMap<&'a InCommon, usize>,
}

impl<'a> Groups<'a> {
    /// Mostly there are few, and to compare with each is faster than to search in order.
    const FEW: usize = 8;

    fn of(&mut self, in_common: &'a InCommon) -> &mut Group<'a> {
        let mut few = self.groups.iter().take(Self::FEW);
        let number = few.position(|group| group.in_common == in_common);
        let number = number.unwrap_or_else(|| {
            *self.numbers.entry(in_common).or_insert_with(|| {
                self.groups.push(Group {
                    in_common,
                    stays: Vec::new(),
                });
                self.groups.len() - 1
            })
        });
        &mut self.groups[number]
    }

    /// All of them, in the order of what they have in common.
    fn in_order(mut self) -> Vec<Group<'a>> {
        self.groups
            .sort_unstable_by(|a, b| a.in_common.cmp(b.in_common));
        self.groups
    }
}

/// The cohorts of a site, each of which is to be tested.
pub(super) fn cohorts<'a>(
    site: Option<&Site>,
    live: &[&'a Task],
    history: &'a History,
    now: Timestamp,
) -> Vec<Cohort<'a>> {
    let seen = history.cohorts();
    let of_task = |task: &&'a Task| Some((*task, seen.stays(task.id)?));
    let stays: Vec<(&Task, &Stays)> = live.iter().filter_map(of_task).collect();
    let partitions = Partition::ALL.into_iter();
    partitions
        .flat_map(|partition| {
            let left = seen.left(site, partition);
            cohorts_by(partition, left, &stays, live.len(), now)
        })
        .collect()
}

fn cohorts_by<'a>(
    partition: Partition,
    left: Option<&'a LeftBy>,
    tasks: &[(&'a Task, &'a Stays)],
    live: usize,
    now: Timestamp,
) -> Vec<Cohort<'a>> {
    if left.is_some_and(LeftBy::are_too_many) {
        return Vec::new();
    }
    let mut groups = Groups::default();
    // A cohort that is empty now was tested before, and counts.
    for (in_common, _) in left.iter().flat_map(|left| left.all()) {
        groups.of(in_common);
    }
    for (task, stays) in tasks {
        let stay = stays[partition as usize].as_ref();
        // Whoever was polled since the snapshot before does not stand still.
        let has_begun = |stay: &&Stay| partition != Partition::Still || stay.since < now;
        if let Some(stay) = stay.filter(has_begun) {
            groups.of(&stay.in_common).stays.push((stay, task));
        }
    }
    let left_in_all: u64 = left.map_or(0, |left| {
        left.all().map(|(_, left)| left.stayed.total()).sum()
    });
    let mut cohorts = Vec::new();
    for Group {
        in_common,
        mut stays,
    } in groups.in_order()
    {
        let left = left.and_then(|left| left.of(in_common)).cloned();
        let left = left.unwrap_or_default();
        let elsewhere = (live - stays.len()) as u64 + left_in_all;
        if elsewhere < FEWEST || stays.len() as u64 + left.stayed.total() < FEWEST {
            continue;
        }
        stays.sort_by_key(|(stay, _)| stay.since);
        let mut came: Vec<Timestamp> = stays.iter().map(|(stay, _)| stay.first).collect();
        came.sort_unstable();
        cohorts.push(Cohort {
            in_common,
            tasks: stays.iter().map(|(_, task)| *task).collect(),
            ages: stays
                .iter()
                .map(|(stay, _)| elapsed(stay.since, now))
                .collect(),
            came: came.into_iter().map(|first| elapsed(first, now)).collect(),
            stayed: left.stayed,
            entered: left.entered,
        });
    }
    cohorts
}
