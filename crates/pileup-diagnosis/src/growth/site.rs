//! What growth shows at a spawn site: the verdict of `pileup-growth` on its tasks.

use std::time::Duration;

use pileup_growth::{Period, Population, SiteVerdict, Verdict};
use pileup_model::{Site, Task};

use super::Expected;
use super::cohorts::{Cohort, cohorts};
use crate::history::{History, SiteHistory};

/// The verdict on the tasks of one spawn site.
pub struct Grown<'a> {
    /// Where they were spawned.
    pub site: Option<&'a Site>,
    /// Whether they leak, or those of one cohort do.
    pub verdict: Verdict,
    pub(crate) seen: &'a SiteHistory,
    /// The cohort that the verdict is about; none where it is about all tasks of the site.
    pub(crate) cohort: Option<Cohort<'a>>,
    /// The live tasks, oldest first.
    pub(crate) live: Vec<&'a Task>,
}

/// The verdicts on the tasks of all spawn sites, in the order of the sites.
#[must_use]
pub fn growth<'a>(history: &'a History, expected: &Expected) -> Vec<Grown<'a>> {
    let sites = history.sites();
    sites
        .filter_map(|(site, seen)| grown(site, seen, history, expected.max_lifetime(site)))
        .collect()
}

fn grown<'a>(
    site: Option<&'a Site>,
    seen: &'a SiteHistory,
    history: &'a History,
    max_lifetime: Duration,
) -> Option<Grown<'a>> {
    let latest = history.latest()?;
    let live: Vec<&Task> = seen.living.iter().map(AsRef::as_ref).collect();
    let ages: Vec<Duration> = live.iter().map(|task| task.age(latest.at)).collect();
    let before = Period {
        length: seen.known_before,
        finished: &seen.finished_before,
        entered: &seen.entered_before,
    };
    let (watch, lag) = (history.window(), latest.coverage.lag);
    let population = Population {
        ages: &ages,
        came: None,
        watch: Period {
            length: watch,
            finished: &seen.finished,
            entered: &seen.entered,
        },
        before: Some(before),
        lag,
    };
    let mut cohorts = cohorts(site, &live, history, latest.at);
    let populations: Vec<Population> = cohorts
        .iter()
        .map(|cohort| cohort.population(watch, lag))
        .collect();
    let SiteVerdict { cohort, verdict } = SiteVerdict::of(&population, &populations, max_lifetime);
    Some(Grown {
        site,
        verdict,
        seen,
        cohort: cohort.map(|number| cohorts.swap_remove(number)),
        live,
    })
}
