//! Counts the living tasks for the person at the terminal, and ends the scenario on time.

use std::process;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::runtime::Handle;

const COUNT_EVERY: Duration = Duration::from_secs(2);

/// Prints the number of living tasks every two seconds, and ends the process after `duration`.
///
/// It runs on a thread of its own, and ends the process rather than the runtime: a worker
/// that never yields can neither stop the count nor hold up the end.
pub(crate) fn start(runtime: &Handle, duration: Option<Duration>) -> anyhow::Result<()> {
    let metrics = runtime.metrics();
    let started = Instant::now();
    thread::Builder::new()
        .name("scenario-clock".into())
        .spawn(move || {
            loop {
                let left = duration.map(|duration| duration.saturating_sub(started.elapsed()));
                match left {
                    Some(left) if left <= COUNT_EVERY => {
                        thread::sleep(left);
                        process::exit(0);
                    }
                    _ => thread::sleep(COUNT_EVERY),
                }
                println!("tasks alive: {}", metrics.num_alive_tasks());
            }
        })
        .context("failed to start the thread that counts tasks")?;
    Ok(())
}
