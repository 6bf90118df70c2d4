//! The cohorts of one spawn site: what `pileup-growth` needs of each, and which of them are
//! tested.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use pileup_growth::{Lifetimes, Period, Population};
use pileup_model::{Site, Task, elapsed};

use crate::history::{History, LeftBy, Partition, Stay};
use crate::report::InCommon;

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
    pub(crate) fn population(&self, watch: Duration, lag: Duration) -> Population<'_> {
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
        }
    }
}

/// The cohorts of a site, each of which is to be tested.
pub(super) fn cohorts<'a>(
    site: Option<&Site>,
    live: &[&'a Task],
    history: &'a History,
    now: Timestamp,
) -> Vec<Cohort<'a>> {
    let partitions = Partition::ALL.into_iter();
    partitions
        .flat_map(|partition| cohorts_by(partition, site, live, history, now))
        .collect()
}

fn cohorts_by<'a>(
    partition: Partition,
    site: Option<&Site>,
    live: &[&'a Task],
    history: &'a History,
    now: Timestamp,
) -> Vec<Cohort<'a>> {
    let seen = history.cohorts();
    let left = seen.left(site, partition);
    if left.is_some_and(LeftBy::are_too_many) {
        return Vec::new();
    }
    let mut members: BTreeMap<&InCommon, Vec<(&Stay, &Task)>> = BTreeMap::new();
    // A cohort that is empty now was tested before, and counts.
    for (in_common, _) in left.iter().flat_map(|left| left.all()) {
        members.insert(in_common, Vec::new());
    }
    for task in live {
        let stay = seen.stay(task.id, partition);
        // Whoever was polled since the snapshot before does not stand still.
        let has_begun = |stay: &&Stay| partition != Partition::Still || stay.since < now;
        if let Some(stay) = stay.filter(has_begun) {
            let stays = members.entry(&stay.in_common).or_default();
            stays.push((stay, task));
        }
    }
    let left_in_all: u64 = left.map_or(0, |left| {
        left.all().map(|(_, left)| left.stayed.total()).sum()
    });
    let mut cohorts = Vec::new();
    for (in_common, mut stays) in members {
        let left = left.and_then(|left| left.of(in_common)).cloned();
        let left = left.unwrap_or_default();
        let elsewhere = (live.len() - stays.len()) as u64 + left_in_all;
        if elsewhere < FEWEST || stays.len() as u64 + left.stayed.total() < FEWEST {
            continue;
        }
        stays.sort_by_key(|(stay, _)| stay.since);
        let mut came: Vec<Duration> = stays
            .iter()
            .map(|(stay, _)| elapsed(stay.first, now))
            .collect();
        came.sort_unstable_by_key(|ago| Reverse(*ago));
        cohorts.push(Cohort {
            in_common,
            tasks: stays.iter().map(|(_, task)| *task).collect(),
            ages: stays
                .iter()
                .map(|(stay, _)| elapsed(stay.since, now))
                .collect(),
            came,
            stayed: left.stayed,
            entered: left.entered,
        });
    }
    cohorts
}
