//! Over the wire: the leaky variant grows by what its manifest says, the others stay bounded.

use std::time::Duration;

use pileup_console::{Address, Connection};
use pileup_model::{Snapshot, elapsed};

use crate::process::Process;
use crate::truth::Scenario;

const EVERY: Duration = Duration::from_millis(100);
const PERIOD: Duration = Duration::from_millis(500);
/// Of the program's own time.
const WATCH: Duration = Duration::from_secs(8);
/// On a machine that is busy with other tests, arrivals come late.
const SLOWEST_PACE: f64 = 0.4;

pub fn check(scenario: &Scenario, variant: &str, process: &Process) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let address: Address = process.console.parse().map_err(text)?;
        let mut connection = Connection::attach(address).await.map_err(text)?;
        let mut snapshots = vec![
            connection
                .next_snapshot(Duration::ZERO)
                .await
                .map_err(text)?,
        ];
        while watched(&snapshots) < WATCH {
            snapshots.push(connection.next_snapshot(PERIOD).await.map_err(text)?);
        }
        if variant == "leaky" {
            grows(scenario, &snapshots)
        } else {
            stays_bounded(&snapshots)
        }
    })
}

/// The living of the sites at fault grow with the arrivals, by as many for each as the
/// manifest says.
fn grows(scenario: &Scenario, snapshots: &[Snapshot]) -> Result<(), String> {
    let at_fault = |snapshot: &Snapshot| {
        let sites = snapshot.tasks.iter().filter_map(|task| task.site.as_ref());
        sites
            .filter(|site| {
                let known = scenario.sites.iter();
                known
                    .clone()
                    .any(|(file, line)| *file == *site.file && *line == site.line)
            })
            .count()
    };
    let (first, last) = ends(snapshots);
    if let Some(limit) = scenario.grows_to {
        // Those that finish may be alive in any one snapshot.
        let late = snapshots.iter().skip(snapshots.len() / 2);
        return match late.map(at_fault).min() {
            Some(alive) if alive == limit => Ok(()),
            alive => Err(format!("{alive:?} alive, and not {limit}")),
        };
    }
    let grown = at_fault(last).saturating_sub(at_fault(first)) as f64;
    let arrivals = watched(snapshots).as_secs_f64() / EVERY.as_secs_f64();
    let expected = arrivals * scenario.grows_by as f64;
    // A round of tasks that is still at work comes on top.
    let most = expected + 12.0 * scenario.grows_by as f64;
    if (expected * SLOWEST_PACE..=most).contains(&grown) {
        Ok(())
    } else {
        Err(format!("grew by {grown}, expected {expected:.0}"))
    }
}

/// The least of the living are no more in the second half of the watch than in the first, once
/// started: a leak lifts the least, and a burst only the most.
fn stays_bounded(snapshots: &[Snapshot]) -> Result<(), String> {
    let (first, _) = ends(snapshots);
    let least_alive = |from: Duration, to: Duration| {
        let alive = snapshots
            .iter()
            .filter(|snapshot| (from..to).contains(&elapsed(first.at, snapshot.at)))
            .map(|snapshot| snapshot.tasks.len());
        alive.min().unwrap_or_default()
    };
    let early = least_alive(WATCH / 4, WATCH * 5 / 8);
    let late = least_alive(WATCH * 5 / 8, Duration::MAX);
    if late as f64 <= early as f64 * 1.3 + 6.0 {
        Ok(())
    } else {
        Err(format!("at least {early} alive at first, {late} later"))
    }
}

fn watched(snapshots: &[Snapshot]) -> Duration {
    let (first, last) = ends(snapshots);
    elapsed(first.at, last.at)
}

fn ends(snapshots: &[Snapshot]) -> (&Snapshot, &Snapshot) {
    let ends = snapshots.first().zip(snapshots.last());
    ends.expect("the first snapshot is always there")
}

fn text(error: impl std::error::Error) -> String {
    error.to_string()
}
