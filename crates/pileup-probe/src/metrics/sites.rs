//! The metrics of spawn sites.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::series::{count, seconds};
use crate::leaks::Leak;
use crate::look::{Look, SiteLook};
use pileup_registry::SiteNumber;

/// So many sites have a label of their own; what is beyond counts as `other`.
const MOST: usize = 200;
/// These labels are kept for sites that come up later and have many tasks.
const RESERVED: usize = 50;
const MANY: u64 = 100;
const OTHER: &str = "other";

/// The sites that have a label of their own. Once a site has one it keeps it.
#[derive(Default)]
pub(super) struct SiteLabels(BTreeMap<SiteNumber, Labelled>);

/// A site's label, and what it had counted before, as one of the others.
struct Labelled {
    label: String,
    spawned_before: u64,
    finished_before: u64,
}

/// What is counted under one label.
#[derive(Default)]
struct Series {
    alive: u64,
    spawned: u64,
    finished: u64,
    leaking: u64,
    oldest: f64,
    median: f64,
}

pub(super) fn encode(
    look: &Look,
    leaks: &[Leak],
    labels: &mut SiteLabels,
    encoder: &mut DescriptorEncoder,
) -> fmt::Result {
    labels.extend(look);
    let all = labels.series(look, leaks);
    count("tokio_tasks", "Live tasks by the place that spawned them.").gauge(
        encoder,
        "site",
        values(&all, |site| site.alive),
    )?;
    count("tokio_tasks_spawned", "Tasks spawned by each place.").counter(
        encoder,
        "site",
        values(&all, |site| site.spawned),
    )?;
    count(
        "tokio_tasks_finished",
        "Tasks of each place that returned, panicked or were aborted.",
    )
    .counter(encoder, "site", values(&all, |site| site.finished))?;
    seconds(
        "tokio_task_oldest_age",
        "Age of the oldest live task of each place.",
    )
    .gauge(encoder, "site", values(&all, |site| site.oldest))?;
    seconds(
        "tokio_task_median_age",
        "Age that half of the live tasks of each place have not reached.",
    )
    .gauge(encoder, "site", values(&all, |site| site.median))?;
    count(
        "tokio_tasks_leaking",
        "Live tasks of places that grow in number while the old ones of them do not finish.",
    )
    .gauge(encoder, "site", values(&all, |site| site.leaking))
}

fn values<'a, V>(
    all: &BTreeMap<&'a str, Series>,
    value: fn(&Series) -> V,
) -> impl Iterator<Item = (&'a str, V)> {
    all.iter()
        .map(move |(label, series)| (*label, value(series)))
}

impl SiteLabels {
    /// Gives labels to sites that have none, those with the most tasks first.
    fn extend(&mut self, look: &Look) {
        let mut new: Vec<&SiteLook> = look
            .sites
            .iter()
            .filter(|site| !self.0.contains_key(&site.number))
            .collect();
        new.sort_by_key(|site| std::cmp::Reverse(site.alive));
        for site in new {
            let room = if site.alive >= MANY {
                MOST
            } else {
                MOST - RESERVED
            };
            if self.0.len() >= room {
                break;
            }
            // At its first scrape it was no other's yet.
            let is_first = self.0.len() < MOST - RESERVED;
            let before = |count| if is_first { 0 } else { count };
            self.0.insert(
                site.number,
                Labelled {
                    label: site.site.site.to_string(),
                    spawned_before: before(site.counted.spawned),
                    finished_before: before(site.counted.finished()),
                },
            );
        }
    }

    /// Every label once, and what is counted under it. What a site had counted as one of the
    /// others stays theirs: a counter never falls.
    fn series(&self, look: &Look, leaks: &[Leak]) -> BTreeMap<&str, Series> {
        let mut all: BTreeMap<&str, Series> = BTreeMap::new();
        for site in &look.sites {
            let labelled = self.0.get(&site.number);
            let label = labelled.map_or(OTHER, |labelled| &labelled.label);
            let (spawned, finished) = labelled.map_or((0, 0), |labelled| {
                (labelled.spawned_before, labelled.finished_before)
            });
            if spawned > 0 {
                let other = all.entry(OTHER).or_default();
                other.spawned += spawned;
                other.finished += finished;
            }
            let series = all.entry(label).or_default();
            series.alive += site.alive;
            series.spawned += site.counted.spawned - spawned;
            series.finished += site.counted.finished() - finished;
            series.oldest = series.oldest.max(site.oldest.as_secs_f64());
            series.median = series.median.max(site.median_age().as_secs_f64());
            let leaks = leaks.iter().filter(|leak| leak.site.number == site.number);
            let leaking: u64 = leaks.map(|leak| leak.alive).sum();
            series.leaking += leaking.min(site.alive);
        }
        all
    }
}
