//! Over a real connection: the leaky variant grows by what its manifest says for each arrival, and the
//! others stay bounded.

use std::ops::{Range, RangeInclusive};
use std::path::Path;

use pileup_investigate::{Recording, Snapshot};
use pileup_model::elapsed;

use crate::attempts::Shown;
use crate::counts::Counts;
use crate::truth::Scenario;

/// Fewer arrivals in a watch than this show neither growth nor its absence.
const ENOUGH_ARRIVALS: u64 = 40;
/// Tasks of some arrivals may not be spawned yet, and those of others not have finished yet.
const AT_WORK: f64 = 12.0;
/// Where several kinds of work arrive, one may be ahead of another.
const TOLERANCE: f64 = 0.1;

/// Whether the tasks in a recorded watch grow as they should, given what has arrived.
pub fn check(
    scenario: &Scenario,
    variant: &str,
    recording: &Path,
    counts: &Counts,
) -> Result<Shown, String> {
    let recording = Recording::open(recording).map_err(|error| error.to_string())?;
    let snapshots: Result<Vec<Snapshot>, _> = recording.collect();
    let snapshots = snapshots.map_err(|error| error.to_string())?;
    let (Some(first), Some(last)) = (snapshots.first(), snapshots.last()) else {
        return Ok(Shown::Incomplete("no snapshot came".to_owned()));
    };
    if variant == "leaky"
        && let Some(limit) = scenario.grows_to
    {
        return Ok(grows_to(limit, scenario, &snapshots));
    }
    // Births of the last moments may not be known yet.
    let known_until = last.at - last.coverage.lag;
    let arrived_by_then = counts.arrived_before(known_until);
    let in_watch = arrived_by_then.saturating_sub(counts.arrived_before(first.at));
    if in_watch < ENOUGH_ARRIVALS {
        let few = format!("only {in_watch} arrivals were counted");
        return Ok(Shown::Incomplete(few));
    }
    if variant == "leaky" {
        let arrived = arrived_by_then..=counts.arrived_after(last.at)?;
        grows(scenario, last, arrived)
    } else {
        Ok(stays_bounded(&snapshots, in_watch))
    }
}

/// The live tasks of the sites at fault.
fn at_fault(scenario: &Scenario, snapshot: &Snapshot) -> usize {
    let sites = snapshot.tasks.iter().filter_map(|task| task.site.as_ref());
    let is_at_fault = |file: &str, line: u32| {
        let mut known = scenario.sites.iter();
        known.any(|known| known.0 == file && known.1 == line)
    };
    sites
        .filter(|site| is_at_fault(&site.file, site.line))
        .count()
}

/// The program itself sets a limit. Tasks that finish may be alive in any one snapshot.
fn grows_to(limit: usize, scenario: &Scenario, snapshots: &[Snapshot]) -> Shown {
    let late = snapshots.iter().skip(snapshots.len() / 2);
    let alive = late.map(|snapshot| at_fault(scenario, snapshot)).min();
    if alive == Some(limit) {
        return Shown::All;
    }
    Shown::Incomplete(format!(
        "{alive:?} alive at the sites at fault, not {limit}"
    ))
}

/// The sites at fault have as many live tasks as the arrivals leave behind.
fn grows(
    scenario: &Scenario,
    snapshot: &Snapshot,
    arrived: RangeInclusive<u64>,
) -> Result<Shown, String> {
    let alive = at_fault(scenario, snapshot) as f64;
    let each = scenario.grows_by_arrival();
    let least = each * (*arrived.start() as f64 * (1.0 - TOLERANCE) - AT_WORK);
    let most = each * (*arrived.end() as f64 * (1.0 + TOLERANCE) + AT_WORK);
    let seen = format!("{alive} alive at the sites at fault after {arrived:?} arrivals");
    if alive > most {
        return Err(format!("{seen}: more than {most:.0}"));
    }
    if alive < least {
        return Ok(Shown::Incomplete(format!("{seen}: fewer than {least:.0}")));
    }
    Ok(Shown::All)
}

/// The least number of live tasks is no larger in the second half of the watch than in the first,
/// once started: a leak lifts the least, and a burst only the most.
fn stays_bounded(snapshots: &[Snapshot], in_watch: u64) -> Shown {
    let (first, last) = (&snapshots[0], &snapshots[snapshots.len() - 1]);
    let watch = elapsed(first.at, last.at);
    let least_alive = |eighths: Range<u32>| {
        let time = watch / 8 * eighths.start..watch / 8 * eighths.end;
        let alive = snapshots
            .iter()
            .filter(|snapshot| time.contains(&elapsed(first.at, snapshot.at)))
            .map(|snapshot| snapshot.tasks.len());
        alive.min()
    };
    let (Some(early), Some(late)) = (least_alive(2..5), least_alive(5..9)) else {
        return Shown::Incomplete("too few snapshots came".to_owned());
    };
    if late as f64 <= early as f64 * 1.3 + 6.0 {
        return Shown::All;
    }
    Shown::Incomplete(format!(
        "at least {early} alive at first and {late} later, after {in_watch} arrivals"
    ))
}
