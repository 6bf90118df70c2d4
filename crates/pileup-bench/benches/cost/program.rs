//! The program that is watched: it has the real console-subscriber, and does what it is
//! asked to on standard input, a line for each request and one for each answer.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{future, thread};

use anyhow::bail;
use console_subscriber::{ConsoleLayer, Server, ServerParts};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, Notify};
use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_stream::wrappers::TcpListenerStream;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::prelude::*;

/// As the scenarios have it: twenty times the default pace.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(50);
/// For how long finished tasks are kept: no longer than it takes to report them.
const RETENTION: Duration = Duration::from_secs(1);
/// By default the histograms of one task take 50 kB. They are not in the console protocol.
const LONGEST_IN_HISTOGRAM: Duration = Duration::from_micros(10);
/// How long a task of a healthy churn lives.
const MOMENT: Duration = Duration::from_millis(50);
/// Between two groups of new tasks.
const STEP: Duration = Duration::from_millis(10);

/// Runs until standard input ends. Its own argument is `target`.
pub fn run() -> anyhow::Result<()> {
    let address = record()?;
    answer(&format!("http://{address}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    for request in io::stdin().lines() {
        let said = execute(&request?, &runtime)?;
        answer(&said)?;
    }
    runtime.shutdown_background();
    Ok(())
}

fn answer(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

fn execute(request: &str, runtime: &Runtime) -> anyhow::Result<String> {
    let words: Vec<&str> = request.split_whitespace().collect();
    let took = match words[..] {
        ["spawn", count] => on_worker(runtime, spawn_yield_join(count.parse()?))?,
        ["poll", count] => on_worker(runtime, polls(count.parse()?))?,
        [kind, tasks, milliseconds] => {
            let time = Duration::from_millis(milliseconds.parse()?);
            let kind = kind.to_owned();
            on_worker(runtime, load(kind, tasks.parse()?, time))?
        }
        _ => bail!("not a request: {request}"),
    };
    Ok(took.as_nanos().to_string())
}

/// How long a future takes on the runtime's own thread.
fn on_worker(
    runtime: &Runtime,
    work: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<Duration> {
    let timed = async {
        let started = Instant::now();
        work.await;
        started.elapsed()
    };
    Ok(runtime.block_on(runtime.spawn(timed))?)
}

async fn spawn_yield_join(count: u32) {
    for _ in 0..count {
        // Nothing aborts it, and it does not panic.
        let _ = tokio::spawn(yield_now()).await;
    }
}

async fn polls(count: u32) {
    for _ in 0..count {
        yield_now().await;
    }
}

async fn load(kind: String, tasks: u32, time: Duration) {
    let lock = Arc::new(Mutex::new(()));
    let notify = Arc::new(Notify::new());
    let held = Arc::clone(&lock).lock_owned().await;
    let mut steps = interval(STEP);
    steps.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let started = Instant::now();
    let mut spawned = 0;
    while spawned < tasks {
        steps.tick().await;
        let share = (started.elapsed().as_secs_f64() / time.as_secs_f64()).min(1.0);
        while f64::from(spawned) < share * f64::from(tasks) {
            spawn_one(&kind, &lock, &notify);
            spawned += 1;
        }
    }
    // Whoever waits for them waits for good.
    std::mem::forget((held, notify));
}

fn spawn_one(kind: &str, lock: &Arc<Mutex<()>>, notify: &Arc<Notify>) {
    match kind {
        "idle" => {
            let notify = Arc::clone(notify);
            drop(tokio::spawn(async move { notify.notified().await }));
        }
        "lost" => drop(tokio::spawn(future::pending::<()>())),
        "locked" => {
            let lock = Arc::clone(lock);
            drop(tokio::spawn(async move { drop(lock.lock().await) }));
        }
        _ => drop(tokio::spawn(sleep(MOMENT))),
    }
}

/// Starts to record this program, and serves the recording on a free port.
fn record() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let (layer, server) = ConsoleLayer::builder()
        .publish_interval(PUBLISH_INTERVAL)
        .retention(RETENTION)
        .poll_duration_histogram_max(LONGEST_IN_HISTOGRAM)
        .scheduled_duration_histogram_max(LONGEST_IN_HISTOGRAM)
        .build();
    thread::spawn(move || {
        // What serves the recording is not a part of it.
        let _unrecorded = tracing::subscriber::set_default(NoSubscriber::default());
        if let Err(error) = serve(server, listener) {
            eprintln!("the target can no longer be watched: {error:#}");
        }
    });
    let from_tokio = FilterFn::new(|metadata| {
        metadata.target().starts_with("tokio") || metadata.target().starts_with("runtime")
    });
    tracing_subscriber::registry()
        .with(layer.with_filter(from_tokio))
        .init();
    Ok(address)
}

fn serve(server: Server, listener: TcpListener) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let clients = TcpListenerStream::new(tokio::net::TcpListener::from_std(listener)?);
        let ServerParts {
            instrument_server,
            aggregator,
            ..
        } = server.into_parts();
        tokio::spawn(aggregator.run());
        tonic::transport::Server::builder()
            .add_service(instrument_server)
            .serve_with_incoming(clients)
            .await?;
        Ok(())
    })
}
