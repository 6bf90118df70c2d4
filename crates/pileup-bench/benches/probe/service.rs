//! The service that is measured, and what it may carry.

use std::future::Future;
use std::thread;
use std::{env, io};

use anyhow::bail;
use console_subscriber::ConsoleLayer;
use cpu_time::ProcessTime;
use dial9::{Dial9HandleTokioExt, DiskBuffer, Recorder, TokioAttachOptions};
use pileup_probe::{Probe, Sampling};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::prelude::*;

use crate::floor::Floor;
use crate::{live, work};

/// The argument that makes a process the service.
pub const PROGRAM: &str = "service";

/// All that a service may carry.
pub const CARRIES: [&str; 15] = [
    "bare",
    "bare, once more",
    "hooks",
    "subscriber, no stacks",
    "subscriber, sampled",
    "subscriber, all",
    "wrapper, no stacks",
    "wrapper, sampled",
    "wrapper, all",
    "dial9",
    "console-subscriber",
    "pileup-subscriber",
    "pileup-subscriber, tasks",
    "floor",
    "floor, tasks",
];

/// Unless the variable [`WORKERS_VARIABLE`] says another number. With one, the instructions of a
/// work are nearly the same in each run, so that `valgrind --tool=callgrind` can compare them.
const WORKERS: usize = 2;
const WORKERS_VARIABLE: &str = "PILEUP_BENCH_WORKERS";

/// Bytes of a file of dial9, and of all its files.
const DIAL9_FILE: u64 = 1 << 20;
const DIAL9_FILES: u64 = 8 << 20;

/// A runtime, and what watches it.
pub struct Service {
    pub runtime: Runtime,
    pub spawner: Spawner,
    pub probe: Option<Probe>,
    /// What dial9 records into, which ends with this.
    _recorder: Option<(Recorder, TempDir)>,
}

/// How the service spawns its tasks.
#[derive(Clone)]
pub enum Spawner {
    Tokio,
    Wrapper(Probe),
    Dial9,
}

impl Spawner {
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self {
            Self::Tokio => tokio::spawn(future),
            Self::Wrapper(probe) => probe.spawn(future),
            Self::Dial9 => dial9::spawn(future),
        }
    }
}

/// Does some work `count` times, and prints the nanoseconds of processor time that each took;
/// for `live`, see [`live::run`].
pub fn run(carries: &str, work: &str, count: u64) -> anyhow::Result<()> {
    let service = Service::new(carries)?;
    if work == "live" {
        return live::run(&service, count);
    }
    // Once without being timed, so that what is made once is there.
    service.block_on(work::run(
        work.to_owned(),
        count / 20 + 1,
        service.spawner.clone(),
    ))?;
    let started = ProcessTime::now();
    service.block_on(work::run(work.to_owned(), count, service.spawner.clone()))?;
    let took = started.elapsed();
    println!("{}", took.as_nanos() as f64 / count as f64);
    Ok(())
}

impl Service {
    fn new(carries: &str) -> anyhow::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let workers = env::var(WORKERS_VARIABLE).map_or(Ok(WORKERS), |workers| workers.parse())?;
        builder.worker_threads(workers).enable_all();
        let (way, stacks) = carries.split_once(", ").unwrap_or((carries, ""));
        let mut probe = None;
        let mut spawner = Spawner::Tokio;
        match way {
            "bare" => {}
            "hooks" => {
                let started = Probe::start()?;
                started.instrument("main", &mut builder);
                probe = Some(started);
            }
            "subscriber" => {
                let started = watch(stacks)?;
                started.subscriber(NoSubscriber::default()).init();
                probe = Some(started);
            }
            "wrapper" => {
                let started = watch(stacks)?;
                spawner = Spawner::Wrapper(started.clone());
                probe = Some(started);
            }
            "console-subscriber" => record(),
            "pileup-subscriber" => serve(stacks != "tasks")?,
            "floor" => Floor {
                has_resources: stacks != "tasks",
            }
            .init(),
            "dial9" => return with_dial9(builder),
            _ => bail!("a service carries one of {CARRIES:?}"),
        }
        Ok(Self {
            runtime: builder.build()?,
            spawner,
            probe,
            _recorder: None,
        })
    }

    pub fn block_on<F>(&self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.spawner {
            Spawner::Dial9 => dial9::block_on(&self.runtime, future),
            _ => self.runtime.block_on(future),
        }
    }
}

/// A probe that keeps the await stacks of these tasks.
fn watch(stacks: &str) -> io::Result<Probe> {
    let probe = Probe::start()?;
    probe.set_sampling(match stacks {
        "no stacks" => Sampling::NONE,
        "all" => Sampling::ALL,
        _ => Sampling::default(),
    });
    Ok(probe)
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

/// Serves as a program does that calls `pileup_subscriber::init`, to nobody.
fn serve(has_resources: bool) -> anyhow::Result<()> {
    pileup_subscriber::builder()
        .server_addr(([127, 0, 0, 1], 0))
        .resources(has_resources)
        .try_init()?;
    Ok(())
}

/// Records into files of a bounded size, as the first example of dial9 does.
fn with_dial9(builder: Builder) -> anyhow::Result<Service> {
    let folder = tempfile::tempdir()?;
    let files = DiskBuffer::builder()
        .base_path(folder.path())
        .max_file_size(DIAL9_FILE)
        .max_total_size(DIAL9_FILES)
        .build()?;
    let recorder = dial9::recorder(files).build();
    let handle = recorder.handle();
    let runtime = handle.attach_tokio_runtime(builder, TokioAttachOptions::default())?;
    Ok(Service {
        runtime,
        spawner: Spawner::Dial9,
        probe: None,
        _recorder: Some((recorder, folder)),
    })
}
