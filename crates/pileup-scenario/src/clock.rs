//! Counts tasks and work for the person at the terminal, and ends the scenario on time.

use std::io::{self, Write};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::runtime::Handle;

use crate::work;

const COUNT_EVERY: Duration = Duration::from_secs(2);

/// Prints every two seconds how many tasks live and how much work has arrived and was done,
/// and ends the process after `duration`.
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
                let alive = metrics.num_alive_tasks();
                let (arrived, done) = work::so_far();
                let counts = format!("tasks alive: {alive}, arrived: {arrived}, work done: {done}");
                // Whoever read it has gone: programs in a pipe end then.
                if writeln!(io::stdout(), "{counts}").is_err() {
                    process::exit(0);
                }
            }
        })
        .context("failed to start the thread that counts tasks")?;
    Ok(())
}
