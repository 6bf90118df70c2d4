//! What growth shows at a spawn site: the verdict of `pileup-growth` on its tasks.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use pileup_growth::{Period, Population, SiteVerdict, Verdict};
use pileup_model::{Site, Task, TaskId};

use super::cohorts::{Cohort, cohorts};
use super::expected::Expected;
use crate::facts::InCommon;
use crate::history::{History, SiteHistory};
use crate::starvation::is_starved_or_slowed;
use crate::thresholds::are_most;

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
    let mut grown = all_growth(history, expected);
    // Of several cohorts that leak, one decides a site.
    grown.dedup_by_key(|grown| grown.site);
    grown
}

/// The same, with several verdicts on a site of which several cohorts leak.
pub(super) fn all_growth<'a>(history: &'a History, expected: &Expected) -> Vec<Grown<'a>> {
    let slowed = is_starved_or_slowed(history);
    let sites = history.sites();
    sites
        .flat_map(|(site, seen)| grown(site, seen, history, expected.max_lifetime(site), slowed))
        .collect()
}

fn grown<'a>(
    site: Option<&'a Site>,
    seen: &'a SiteHistory,
    history: &'a History,
    max_lifetime: Duration,
    slowed: bool,
) -> Vec<Grown<'a>> {
    let Some(latest) = history.latest() else {
        return Vec::new();
    };
    let live: Vec<&Task> = seen.live.iter().map(AsRef::as_ref).collect();
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
        slowed,
    };
    let cohorts = cohorts(site, &live, history, latest.at);
    let populations: Vec<Population> = cohorts
        .iter()
        .map(|cohort| cohort.population(watch, lag, slowed))
        .collect();
    let verdict = SiteVerdict::of(&population, &populations, max_lifetime);
    let of = |verdict: Verdict, cohort: Option<Cohort<'a>>| Grown {
        site,
        verdict,
        seen,
        cohort,
        live: live.clone(),
    };
    match (verdict.cohort, verdict.verdict) {
        (Some(surest), leaks @ Verdict::Leaks(_)) => {
            let all = [(surest, leaks)].into_iter().chain(verdict.others);
            let distinct = distinct(all.collect(), cohorts).into_iter();
            distinct
                .map(|(verdict, cohort)| of(verdict, Some(cohort)))
                .collect()
        }
        (surest, verdict) => {
            let cohort = surest.and_then(|surest| cohorts.into_iter().nth(surest));
            vec![of(verdict, cohort)]
        }
    }
}

/// Of the cohorts of a site that leak or are undecided, those that are not the same tasks seen from
/// another side. Where a task waits says more than its name does; and that it is not polled says
/// least.
fn distinct(
    mut verdicts: Vec<(usize, Verdict)>,
    cohorts: Vec<Cohort<'_>>,
) -> Vec<(Verdict, Cohort<'_>)> {
    let old = |verdict: &Verdict| verdict.evidence().map_or(0, |evidence| evidence.old);
    let mut cohorts: Vec<Option<Cohort>> = cohorts.into_iter().map(Some).collect();
    verdicts.sort_by_key(|(number, verdict)| {
        let in_common = cohorts[*number].as_ref().map(|cohort| cohort.in_common);
        let is_still = matches!(in_common, Some(InCommon::NotPolled));
        let is_name = matches!(in_common, Some(InCommon::Name { .. }));
        let leaks = matches!(verdict, Verdict::Leaks(_));
        (!leaks, is_still, Reverse(old(verdict)), is_name)
    });
    let mut known: HashSet<TaskId> = HashSet::new();
    let mut distinct = Vec::new();
    for (number, verdict) in verdicts {
        let Some(cohort) = cohorts[number].take() else {
            continue;
        };
        let old: Vec<TaskId> = cohort.tasks[..old(&verdict)]
            .iter()
            .map(|task| task.id)
            .collect();
        let again = old.iter().filter(|task| known.contains(task)).count();
        // All that are not polled any more are those that wait at several places.
        let is_still = *cohort.in_common == InCommon::NotPolled;
        let is_known = are_most(again, old.len()) || (is_still && again * 2 >= old.len());
        if again == 0 || !is_known {
            known.extend(old);
            distinct.push((verdict, cohort));
        }
    }
    distinct
}
