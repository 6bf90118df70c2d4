//! What a client gets that attaches late.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Context;
use prost::Message;
use tokio::time::timeout;

use crate::figures::{Figure, goal};
use crate::target::{Target, attach};
use crate::{BOTH, OURS, order};

/// Live tasks of a program that is attached to late, who serves them, and in how many rounds.
/// console-subscriber takes in 20,000 tasks in more than a minute, and 500,000 take it 25 GB.
const LATE: [(u64, &[&str], usize); 4] = [
    (1_000, &BOTH, 3),
    (20_000, &BOTH, 1),
    (50_000, &[OURS], 3),
    (500_000, &[OURS], 3),
];
/// The tasks for which there is a goal, in seconds.
const GOAL: (u64, f64) = (500_000, 5.0);
/// Nothing comes any more from a program that was silent for this long.
const SILENCE: Duration = Duration::from_secs(3);

/// Measures with this many live tasks alone, or with all numbers of them.
pub async fn measure(only: Option<u64>) -> anyhow::Result<()> {
    println!(
        "\nA client attaches late, twice: tasks that it is sent, time, bytes, largest message"
    );
    for (count, served_by, rounds) in LATE {
        if only.is_some_and(|only| only != count) {
            continue;
        }
        let mut took = Vec::new();
        for round in 0..rounds {
            for by in order(served_by, round) {
                let seconds = show(by, count).await?;
                if by == OURS {
                    took.extend(seconds);
                }
            }
        }
        if count == GOAL.0 {
            let what = format!("late attach of {count} tasks to {OURS}");
            goal(&what, Figure::of(took), "s", GOAL.1);
        }
    }
    Ok(())
}

/// Attaches twice to a program, and gives the seconds that each took.
async fn show(by: &str, count: u64) -> anyhow::Result<[f64; 2]> {
    let target = Target::start(by, "idle", count)?;
    let memory = target.memory()?;
    let mut seconds = [0.0; 2];
    for seconds in &mut seconds {
        let late = attach_late(&target.address, count).await?;
        *seconds = late.took.as_secs_f64();
        println!(
            "{by:>20}  {count:>7} live  {:>7} sent  {seconds:>6.3} s  {:>6.1} MB  {:>5.0} kB",
            late.tasks,
            late.bytes as f64 / 1e6,
            late.largest as f64 / 1e3,
        );
    }
    let grown = target.memory()?.saturating_sub(memory);
    println!(
        "{:>20}  the program had {:.1} MB before, and {:.1} MB more after",
        "",
        memory as f64 / 1e6,
        grown as f64 / 1e6
    );
    Ok(seconds)
}

struct Late {
    tasks: usize,
    took: Duration,
    bytes: usize,
    largest: usize,
}

/// Reads until all tasks are there, or no new one comes any more.
async fn attach_late(address: &str, count: u64) -> anyhow::Result<Late> {
    let started = Instant::now();
    let mut updates = attach(address).await?;
    let mut known = HashSet::new();
    let mut late = Late {
        tasks: 0,
        took: Duration::ZERO,
        bytes: 0,
        largest: 0,
    };
    let mut last_news = Instant::now();
    while (known.len() as u64) < count && last_news.elapsed() < SILENCE {
        let Ok(update) = timeout(SILENCE, updates.message()).await else {
            break;
        };
        let update = update?.context("the stream ends")?;
        let bytes = update.encoded_len();
        late.bytes += bytes;
        late.largest = late.largest.max(bytes);
        let before = known.len();
        let tasks = update.task_update.unwrap_or_default().new_tasks;
        known.extend(tasks.into_iter().filter_map(|task| task.id).map(|id| id.id));
        if known.len() > before {
            last_news = Instant::now();
            late.took = started.elapsed();
        }
    }
    late.tasks = known.len();
    Ok(late)
}
