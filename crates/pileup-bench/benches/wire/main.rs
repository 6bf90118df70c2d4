//! What pileup-subscriber sends to a client that attaches late, how late new tasks are, and what
//! poll ops cost, beside console-subscriber.
//!
//! Each program is a process of its own. `docs/benchmark.md` says what is measured.

#[path = "../cost/asked.rs"]
mod asked;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

use anyhow::{Context, bail};
use console_api::instrument::instrument_client::InstrumentClient;
use console_api::instrument::{InstrumentRequest, Update};
use console_subscriber::ConsoleLayer;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{interval, timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Streaming;
use tonic::transport::{Channel, Server};
use tracing_subscriber::prelude::*;

use crate::asked::asked;

/// The argument that makes a process the program.
const PROGRAM: &str = "program";
const BOTH: [&str; 2] = ["console-subscriber", "pileup-subscriber"];
/// How often each is measured: in each round all are, beginning with another one.
const ROUNDS: usize = 3;
/// Live tasks of a program that is attached to late, and who serves them. 500,000 take
/// console-subscriber 25 GB.
const LATE: [(u64, &[&str]); 4] = [
    (1_000, &BOTH),
    (20_000, &BOTH),
    (50_000, &["pileup-subscriber"]),
    (500_000, &["pileup-subscriber"]),
];
/// Permits that are taken to see what poll ops cost.
const PERMITS: u64 = 300_000;
const SPAWNS_A_SECOND: u32 = 10_000;
/// For how long new tasks are watched.
const WATCH: Duration = Duration::from_secs(10);
/// Nothing comes any more from a program that was silent for this long.
const SILENCE: Duration = Duration::from_secs(3);

fn main() -> anyhow::Result<()> {
    let asked = asked();
    match asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [PROGRAM, by, work, count] => program(by, work, count.parse()?),
        [] => measure(),
        _ => bail!("there is nothing to choose here"),
    }
}

#[tokio::main]
async fn measure() -> anyhow::Result<()> {
    println!("load of the machine before: {}", load()?);
    println!(
        "\nA client attaches late, twice: tasks that it is sent, time, bytes, largest message"
    );
    for (count, served_by) in LATE {
        for round in 0..ROUNDS {
            for by in order(served_by, round) {
                show_late(by, count).await?;
            }
        }
    }
    println!(
        "\nHow old new tasks are when a client gets them, at {SPAWNS_A_SECOND} spawns a second"
    );
    for round in 0..ROUNDS {
        for by in order(&BOTH, round) {
            let target = Target::start(by, "spawns", 0)?;
            let ages = ages(&target.address).await?;
            let oldest = ages.last().copied().unwrap_or_default();
            let middle = ages.get(ages.len() / 2).copied().unwrap_or_default();
            println!(
                "{by:>20}  {:>7} tasks, half within {:.2} s, all within {:.2} s",
                ages.len(),
                middle.as_secs_f64(),
                oldest.as_secs_f64()
            );
        }
    }
    println!("\nA permit of a semaphore is taken and given back, with a client attached");
    let kept = ["0", "10000"];
    for round in 0..ROUNDS * 3 {
        let mut nanos = [0.0; 2];
        for index in [round % 2, (round + 1) % 2] {
            nanos[index] = permits(kept[index]).await?;
        }
        let [without, with] = nanos;
        println!(
            "{without:>6.0} ns without poll ops, {with:>6.0} ns with them: {:.3}",
            with / without
        );
    }
    println!("\nload of the machine after: {}", load()?);
    Ok(())
}

/// How many processes want to run, on average over one, five and fifteen minutes.
fn load() -> anyhow::Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    let averages = load.split_whitespace().take(3);
    Ok(averages.collect::<Vec<_>>().join(", "))
}

/// Who is measured in a round, in which order.
fn order(served_by: &[&'static str], round: usize) -> Vec<&'static str> {
    let mut order = served_by.to_vec();
    order.rotate_left(round % served_by.len());
    order
}

async fn show_late(by: &str, count: u64) -> anyhow::Result<()> {
    let target = Target::start(by, "idle", count)?;
    let memory = target.memory()?;
    for _ in 0..2 {
        let late = attach_late(&target.address, count).await?;
        println!(
            "{by:>20}  {count:>7} live  {:>7} sent  {:>6.3} s  {:>6.1} MB  {:>5.0} kB",
            late.tasks,
            late.took.as_secs_f64(),
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
    Ok(())
}

/// How long it takes to take a permit, in nanoseconds, while a client is attached and this many
/// poll ops are kept.
async fn permits(kept: &str) -> anyhow::Result<f64> {
    let mut target = Target::start_with("pileup-subscriber", "permits", PERMITS, kept)?;
    let mut updates = attach(&target.address).await?;
    updates.message().await?.context("the stream ends")?;
    let reading = tokio::spawn(async move { while let Ok(Some(_)) = updates.message().await {} });
    let mut input = target.child.0.stdin.take().context("no standard input")?;
    writeln!(input, "go")?;
    let mut output = target.output;
    let nanos = tokio::task::spawn_blocking(move || -> anyhow::Result<f64> {
        let mut line = String::new();
        output.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    });
    let nanos = nanos.await??;
    reading.abort();
    Ok(nanos)
}

struct Late {
    tasks: usize,
    took: Duration,
    bytes: usize,
    largest: usize,
}

async fn attach(address: &str) -> anyhow::Result<Streaming<Update>> {
    let channel = Channel::from_shared(format!("http://{address}"))?;
    let mut calls =
        InstrumentClient::new(channel.connect().await?).max_decoding_message_size(usize::MAX);
    Ok(calls
        .watch_updates(InstrumentRequest {})
        .await?
        .into_inner())
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

/// A program in a process of its own, which ends with this.
struct Target {
    child: Running,
    output: BufReader<ChildStdout>,
    address: String,
}

/// A process that is ended and waited for.
struct Running(Child);

impl Target {
    fn start(by: &str, work: &str, count: u64) -> anyhow::Result<Self> {
        Self::start_with(by, work, count, "0")
    }

    fn start_with(by: &str, work: &str, count: u64, poll_ops: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args([PROGRAM, by, work, &count.to_string()])
            .env("PILEUP_POLL_OPS", poll_ops)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("no standard output")?;
        let child = Running(child);
        let mut output = BufReader::new(output);
        let mut address = String::new();
        output.read_line(&mut address)?;
        Ok(Self {
            child,
            output,
            address: address.trim().to_owned(),
        })
    }

    /// The bytes of memory that it has.
    fn memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.0.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(kilobytes.context("no memory is reported")?.parse::<u64>()? * 1024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(by: &str, work: &str, count: u64) -> anyhow::Result<()> {
    let address = match by {
        "pileup-subscriber" => pileup_subscriber::builder()
            .with_default_env()
            .server_addr(([127, 0, 0, 1], 0))
            .try_init()?
            .context("a TCP address")?,
        _ => console_subscriber()?,
    };
    let spawns = work == "spawns";
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if work == "permits" {
        println!("{address}");
        std::io::stdin().read_line(&mut String::new())?;
        println!("{}", runtime.block_on(take_permits(count))?);
        return Ok(());
    }
    runtime.block_on(async {
        let notify = Arc::new(Notify::new());
        for _ in 0..count {
            let notify = Arc::clone(&notify);
            tokio::spawn(async move { notify.notified().await });
        }
        // Until each has been polled.
        tokio::time::sleep(Duration::from_secs(1)).await;
        println!("{address}");
        let mut pace = interval(Duration::from_millis(10));
        loop {
            pace.tick().await;
            for _ in 0..if spawns { SPAWNS_A_SECOND / 100 } else { 0 } {
                tokio::spawn(tokio::task::yield_now());
            }
        }
    })
}

/// Takes a permit this often, and gives how many nanoseconds that takes each time.
async fn take_permits(count: u64) -> anyhow::Result<f64> {
    let taken = tokio::spawn(async move {
        let semaphore = Semaphore::new(1);
        let began = Instant::now();
        for _ in 0..count {
            drop(semaphore.acquire().await?);
        }
        anyhow::Ok(began.elapsed())
    });
    Ok(taken.await??.as_nanos() as f64 / count as f64)
}

fn console_subscriber() -> anyhow::Result<std::net::SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let (layer, server) = ConsoleLayer::builder().build();
    thread::spawn(move || -> anyhow::Result<()> {
        let _unseen =
            tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async move {
            let clients = TcpListenerStream::new(TcpListener::from_std(listener)?);
            let parts = server.into_parts();
            tokio::spawn(parts.aggregator.run());
            let server = Server::builder().add_service(parts.instrument_server);
            server.serve_with_incoming(clients).await?;
            Ok(())
        })
    });
    tracing_subscriber::registry().with(layer).init();
    Ok(address)
}
