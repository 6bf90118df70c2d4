//! A service with many tasks that wait.

use std::fs;
use std::future::{Future, pending};
use std::io::{self, BufRead};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, oneshot, watch};

use crate::service::{Service, Spawner};

/// Between two requests to the service: it is mostly idle.
const PAUSE: Duration = Duration::from_micros(500);
const PATIENCE: Duration = Duration::from_secs(120);

/// Has `count` tasks wait. Prints the bytes of memory that each takes, and the address of the
/// probe if there is one; then answers one question a line: `memory` with its resident bytes,
/// `latency` with how long a request to it took, of all since the question before.
pub fn run(service: &Service, count: u64) -> anyhow::Result<()> {
    let (requests, mut served) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
    service.runtime.spawn(async move {
        while let Some(answer) = served.recv().await {
            // Who asked may be gone.
            let _ = answer.send(());
        }
    });
    let before = resident_bytes()?;
    service.block_on(wait(service.spawner.clone(), count))?;
    let bytes = resident_bytes()?.saturating_sub(before);
    println!("{}", bytes as f64 / count as f64);
    let Some(probe) = &service.probe else {
        return Ok(());
    };
    println!("{}", probe.serve("127.0.0.1:0")?);
    let (to_prober, questions) = std_mpsc::channel::<()>();
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

/// What tasks wait for, shared by all of them.
struct Waited {
    notify: Notify,
    permits: Semaphore,
    news: broadcast::Sender<()>,
    state: watch::Sender<()>,
}

/// Spawns tasks that wait for good, until each has been polled.
async fn wait(spawner: Spawner, count: u64) -> anyhow::Result<()> {
    let waited = Arc::new(Waited {
        notify: Notify::new(),
        permits: Semaphore::new(0),
        news: broadcast::channel(1).0,
        state: watch::channel(()).0,
    });
    let polled = Arc::new(AtomicU64::new(0));
    for number in 0..count {
        let (waited, polled) = (Arc::clone(&waited), Arc::clone(&polled));
        drop(spawner.spawn(async move {
            polled.fetch_add(1, Ordering::Relaxed);
            waits(number, waited).await;
        }));
    }
    let deadline = Instant::now() + PATIENCE;
    while polled.load(Ordering::Relaxed) < count {
        if Instant::now() > deadline {
            bail!("not all tasks were polled within {PATIENCE:?}");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Waits in one of some ways, each at a line of its own.
fn waits(number: u64, waited: Arc<Waited>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    match number % 6 {
        0 => Box::pin(async move { waited.notify.notified().await }),
        1 => Box::pin(async move { drop(waited.permits.acquire().await) }),
        2 => Box::pin(async move { drop(waited.news.subscribe().recv().await) }),
        3 => Box::pin(async move { drop(waited.state.subscribe().changed().await) }),
        4 => Box::pin(async move {
            tokio::select! {
                () = waited.notify.notified() => {}
                _ = waited.permits.acquire() => {}
            }
        }),
        _ => Box::pin(pending()),
    }
}

/// Sends requests to the service, and prints the median, the 99th percentile and the
/// longest of the microseconds that they took whenever it is asked.
fn ask_again_and_again(
    requests: &mpsc::UnboundedSender<oneshot::Sender<()>>,
    questions: &std_mpsc::Receiver<()>,
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
            Err(std_mpsc::TryRecvError::Empty) => {}
            Err(std_mpsc::TryRecvError::Disconnected) => return,
        }
    }
}

fn resident_bytes() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("no VmRSS")?.trim().parse::<u64>()? * 1024)
}
