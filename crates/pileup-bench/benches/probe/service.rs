//! The service: a process of its own, so that what one carries is no other's burden.

use std::fs;
use std::io::{self, BufRead};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context, bail};
use console_subscriber::ConsoleLayer;
use pileup_probe::Probe;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tracing_subscriber::prelude::*;

pub const PROGRAM: &str = "service";
const WORKERS: usize = 2;
/// Between two questions to the service: it is mostly idle.
const PAUSE: Duration = Duration::from_micros(500);

/// Runs the service of `Service::start`.
pub fn run(carries: &str, work: &str, count: u64) -> anyhow::Result<()> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(WORKERS).enable_all();
    let mut probe = None;
    match carries {
        "bare" => {}
        "probe" => {
            let started = Probe::start()?;
            started.instrument("main", &mut builder);
            probe = Some(started);
        }
        "console" => record(),
        _ => bail!("a service carries bare, probe or console"),
    }
    let runtime = builder.build()?;
    match work {
        "spawn" => time(count, || runtime.block_on(spawns(count))),
        "poll" => time(count, || runtime.block_on(polls(count))),
        "live" => live(&runtime, probe.as_ref(), count)?,
        _ => bail!("its work is spawn, poll or live"),
    }
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

/// Prints the nanoseconds of each.
fn time(count: u64, work: impl Fn()) {
    let started = Instant::now();
    work();
    println!("{}", started.elapsed().as_nanos() as f64 / count as f64);
}

async fn spawns(count: u64) {
    let work = tokio::spawn(async move {
        for _ in 0..count {
            // Whether it was cancelled is of no matter.
            let _ = tokio::spawn(tokio::task::yield_now()).await;
        }
    });
    let _ = work.await;
}

/// Two tasks that hand a token to each other: each poll is one wake from another task.
async fn polls(count: u64) {
    let (to_second, mut from_first) = mpsc::channel(1);
    let (to_first, mut from_second) = mpsc::channel(1);
    let first = tokio::spawn(async move {
        for _ in 0..count / 2 {
            if to_second.send(()).await.is_err() || from_second.recv().await.is_none() {
                return;
            }
        }
    });
    let second = tokio::spawn(async move {
        while from_first.recv().await.is_some() {
            if to_first.send(()).await.is_err() {
                return;
            }
        }
    });
    let _ = tokio::join!(first, second);
}

/// Has `count` tasks alive, and answers one question a line: `memory` with its resident
/// bytes, `latency` with how long a request took, of all since the question before.
fn live(runtime: &Runtime, probe: Option<&Probe>, count: u64) -> anyhow::Result<()> {
    let (requests, mut served) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
    runtime.spawn(async move {
        while let Some(answer) = served.recv().await {
            // Who asked may be gone.
            let _ = answer.send(());
        }
    });
    let before = resident_bytes()?;
    for _ in 0..count {
        runtime.spawn(std::future::pending::<()>());
    }
    while (runtime.metrics().num_alive_tasks() as u64) < count
        || runtime.metrics().global_queue_depth() > 0
    {
        thread::sleep(Duration::from_millis(1));
    }
    // For the last of them to be polled.
    thread::sleep(Duration::from_millis(500));
    println!("{}", resident_bytes()?.saturating_sub(before));
    match probe {
        Some(probe) => println!("{}", probe.serve("127.0.0.1:0")?),
        None => return Ok(()),
    }
    let (to_prober, questions) = std::sync::mpsc::channel::<()>();
    let prober = thread::spawn(move || ask_again_and_again(&requests, &questions));
    for line in io::stdin().lock().lines() {
        match line?.as_str() {
            "latency" => to_prober.send(())?,
            "memory" => println!("{}", resident_bytes()?),
            _ => bail!("there is latency and memory"),
        }
    }
    drop(to_prober);
    prober.join().ok().context("the prober panicked")
}

/// Sends requests to the service, and prints the median, the 99th percentile and the
/// longest of the microseconds that they took whenever it is asked.
fn ask_again_and_again(
    requests: &mpsc::UnboundedSender<oneshot::Sender<()>>,
    questions: &std::sync::mpsc::Receiver<()>,
) {
    let mut took = Vec::new();
    loop {
        let (answer, answered) = oneshot::channel();
        let asked = Instant::now();
        if requests.send(answer).is_err() || answered.blocking_recv().is_err() {
            return;
        }
        took.push(asked.elapsed());
        thread::sleep(PAUSE);
        match questions.try_recv() {
            Ok(()) => {
                took.sort_unstable();
                let at = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e6;
                println!("{} {} {}", at(50), at(99), at(100));
                took.clear();
            }
            Err(std::sync::mpsc::TryRecvError::Empty) => {}
            Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
        }
    }
}

fn resident_bytes() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("no VmRSS")?.trim().parse::<u64>()? * 1024)
}

/// A service in a process of its own, which ends with this.
pub struct Service {
    child: Child,
    questions: Option<ChildStdin>,
    answers: io::Lines<io::BufReader<ChildStdout>>,
}

impl Service {
    /// Starts a service that carries something, to do some work so many times.
    pub fn start(carries: &str, work: &str, count: u64) -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args([PROGRAM, carries, work, &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = child.stdout.take().context("no standard output")?;
        Ok(Self {
            questions: child.stdin.take(),
            answers: io::BufReader::new(answers).lines(),
            child,
        })
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> anyhow::Result<String> {
        Ok(self.answers.next().context("the service has ended")??)
    }

    /// The answer to a question.
    pub fn ask(&mut self, question: &str) -> anyhow::Result<String> {
        use std::io::Write;
        let questions = self.questions.as_mut().context("no standard input")?;
        writeln!(questions, "{question}")?;
        self.line()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
