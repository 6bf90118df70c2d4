//! How late new tasks come.

use std::time::{Duration, SystemTime};

use anyhow::Context;

use crate::figures::{Figure, goal};
use crate::program::SPAWNS_A_SECOND;
use crate::target::{Target, attach};
use crate::{BOTH, OURS, order};

const ROUNDS: usize = 3;
/// For how long new tasks are watched.
const WATCH: Duration = Duration::from_secs(10);
/// A new task waits for the next update for up to this long, by whichever subscriber.
const PUBLISH_INTERVAL: f64 = 1.0;

pub async fn measure() -> anyhow::Result<()> {
    println!(
        "\nHow old new tasks are when a client gets them, at {SPAWNS_A_SECOND} spawns a second"
    );
    let mut lags = Vec::new();
    for round in 0..ROUNDS {
        for by in order(&BOTH, round) {
            let target = Target::start(by, "spawns", 0)?;
            let ages = ages(&target.address).await?;
            let oldest = ages.last().map_or(0.0, Duration::as_secs_f64);
            let middle = ages.get(ages.len() / 2).map_or(0.0, Duration::as_secs_f64);
            println!(
                "{by:>20}  {:>7} tasks, half within {middle:.2} s, all within {oldest:.2} s",
                ages.len(),
            );
            if by == OURS {
                lags.push((oldest - PUBLISH_INTERVAL).max(0.0));
            }
        }
    }
    let what = format!("the oldest new task by {OURS}, beyond the interval that it waits anyway,");
    goal(&what, Figure::of(lags), "s", PUBLISH_INTERVAL);
    Ok(())
}

/// The ages of new tasks, in rising order.
async fn ages(address: &str) -> anyhow::Result<Vec<Duration>> {
    let mut updates = attach(address).await?;
    let attached = SystemTime::now();
    let mut ages = Vec::new();
    while attached.elapsed()? < WATCH {
        let update = updates.message().await?.context("the stream ends")?;
        let now = SystemTime::now();
        let mut tasks = update.task_update.unwrap_or_default();
        let new = tasks.new_tasks.into_iter().filter_map(|task| task.id);
        for id in new {
            let stats = tasks.stats_update.remove(&id.id);
            let born = stats.and_then(|stats| stats.created_at);
            let born = born.and_then(|born| SystemTime::try_from(born).ok());
            if let Some(born) = born.filter(|born| *born > attached) {
                ages.push(now.duration_since(born).unwrap_or_default());
            }
        }
    }
    ages.sort_unstable();
    Ok(ages)
}
