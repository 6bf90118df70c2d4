//! The service that is measured.

use std::env;
use std::fs;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, bail};
use console_subscriber::ConsoleLayer;
use cpu_time::ProcessTime;
use pileup_probe::{Probe, Sampling};
use tokio::runtime::{Builder, Runtime};
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::prelude::*;

use crate::work::{self, Spawn};

/// The argument that makes a process the service.
pub const PROGRAM: &str = "service";

/// All that a service may carry.
pub const CARRIES: [&str; 10] = [
    "bare",
    "bare, once more",
    "hooks",
    "subscriber, no stacks",
    "subscriber, sampled",
    "subscriber, all",
    "wrapper, no stacks",
    "wrapper, sampled",
    "wrapper, all",
    "console-subscriber",
];

/// Unless the variable [`WORKERS_VARIABLE`] says another number. With one, the instructions of a
/// work are nearly the same in each run, so that `valgrind --tool=callgrind` can compare them.
const WORKERS: usize = 2;
const WORKERS_VARIABLE: &str = "PILEUP_BENCH_WORKERS";

/// Does some work so many times, and prints the nanoseconds of processor time that each took;
/// for `live`, the bytes of memory of each task.
pub fn run(carries: &str, work: &str, count: u64) -> anyhow::Result<()> {
    let mut builder = Builder::new_multi_thread();
    let workers = env::var(WORKERS_VARIABLE).map_or(Ok(WORKERS), |workers| workers.parse())?;
    builder.worker_threads(workers).enable_all();
    let (way, stacks) = carries.split_once(", ").unwrap_or((carries, ""));
    let probe = Probe::start()?;
    probe.set_sampling(match stacks {
        "no stacks" => Sampling::NONE,
        "all" => Sampling::ALL,
        _ => Sampling::default(),
    });
    let mut spawn = Spawn::Bare;
    match way {
        "bare" => {}
        "hooks" => {
            probe.instrument("main", &mut builder);
        }
        "subscriber" => probe.subscriber(NoSubscriber::default()).init(),
        "wrapper" => spawn = Spawn::Wrapped(probe.clone()),
        "console-subscriber" => record(),
        _ => bail!("a service carries one of {CARRIES:?}"),
    }
    let spawn = Arc::new(spawn);
    let runtime = builder.build()?;
    if work == "live" {
        println!("{}", live(&runtime, &spawn, count)?);
        return Ok(());
    }
    // Once without being timed, so that what is made once is there.
    runtime.block_on(work::run(work, count / 20 + 1, &spawn))?;
    let started = ProcessTime::now();
    runtime.block_on(work::run(work, count, &spawn))?;
    let took = started.elapsed();
    println!("{}", took.as_nanos() as f64 / count as f64);
    Ok(())
}

/// Records as a program does that calls `console_subscriber::init`, for nobody.
fn record() {
    let (layer, server) = ConsoleLayer::builder().build();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let aggregator = server.into_parts().aggregator;
        if let Ok(runtime) = runtime {
            runtime.block_on(aggregator.run());
        }
    });
    tracing_subscriber::registry().with(layer).init();
}

/// The bytes that each of so many live tasks takes.
fn live(runtime: &Runtime, spawn: &Arc<Spawn>, count: u64) -> anyhow::Result<f64> {
    let before = resident_bytes()?;
    runtime.block_on(work::wait(count, spawn));
    Ok(resident_bytes()?.saturating_sub(before) as f64 / count as f64)
}

fn resident_bytes() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("no VmRSS")?.trim().parse::<u64>()? * 1024)
}
