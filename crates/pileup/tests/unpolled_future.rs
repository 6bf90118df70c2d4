//! A real program that keeps futures in the queue of a lock which Tokio does not instrument, and
//! no longer polls them: found by its await stacks (PU16), with those that queue behind.

#[path = "support/machine.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod machine;

use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use async_lock::Mutex;
use pileup_subscriber::Sampling;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

/// A request comes in each of these.
const EVERY: Duration = Duration::from_millis(100);
/// How long a writer waits for the cache until it notes a delay.
const PATIENCE: Duration = Duration::from_millis(200);
/// How many writers wait for the one that has the cache.
const WRITERS: u64 = 3;
/// For the writers to note their delay, on a machine that is busy.
const LONGEST: Duration = Duration::from_secs(60);

type Cache = Arc<Mutex<u64>>;

/// How many writers have lost their patience.
static DELAYED: AtomicU64 = AtomicU64::new(0);

/// Writes to the cache; notes the delay in the same cache, while its first attempt is in the
/// queue.
async fn write(cache: Cache) {
    let mut first = pin!(cache.lock());
    tokio::select! {
        mut entry = &mut first => *entry += 1,
        () = sleep(PATIENCE) => {
            DELAYED.fetch_add(1, Ordering::Relaxed);
            *cache.lock().await += 1;
        }
    }
}

async fn request(cache: Cache) {
    *cache.lock().await += 1;
}

/// A writer holds the cache for longer than the patience of the others, once. The lock is then
/// handed to the first in the queue, and nobody takes it there. Requests that come later find it
/// free, so nothing piles up: those that wait since then stay.
///
/// Returns the line that spawns the writers, and a channel that receives once the lock is free.
fn run(program: &Runtime) -> (u32, Receiver<()>) {
    let (sender, is_free) = channel();
    let cache = Cache::default();
    // It has the lock before any of the others asks for it.
    let entry = cache.lock_arc_blocking();
    program.spawn(async move {
        while DELAYED.load(Ordering::Relaxed) < WRITERS {
            sleep(PATIENCE).await;
        }
        sleep(PATIENCE).await;
        drop(entry);
        let _ = sender.send(());
    });
    program.spawn(async move {
        for _ in 0..WRITERS {
            tokio::spawn(write(Arc::clone(&cache)));
        }
        loop {
            sleep(EVERY).await;
            tokio::spawn(request(Arc::clone(&cache)));
        }
    });
    (line!() - 7, is_free)
}

#[test]
fn futures_that_are_queued_and_not_polled_are_found_with_those_behind_them() {
    let address = pileup_subscriber::builder()
        .server_addr(([127, 0, 0, 1], 0))
        .sampling(Sampling::ALL)
        .try_init()
        .expect("the only subscriber")
        .expect("a port");
    let program = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (line, is_free) = run(&program);
    let is_free = is_free.recv_timeout(LONGEST);
    is_free.expect("the writers lose their patience");

    let watch = format!("{}s", machine::seconds(8));
    let report = Command::new(env!("CARGO_BIN_EXE_pileup"))
        .args(["diagnose", &format!("http://{address}"), "--for", &watch])
        .args(["--max-lifetime", "10s", "--fail-on", "never"])
        .args(["--format", "json"])
        .output()
        .expect("pileup can be run");
    program.shutdown_background();
    let report: Value = serde_json::from_slice(&report.stdout).expect("a report");

    let findings = report["findings"].as_array().expect("findings");
    let finding = findings.iter().find(|finding| finding["code"] == "PU16");
    let finding = finding.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(finding["grade"], "suspicious", "{report:#}");
    let site = &finding["site"];
    assert!(
        site["file"]
            .as_str()
            .is_some_and(|file| file.ends_with("unpolled_future.rs")),
        "{site:#}"
    );
    assert_eq!(site["line"], line, "{site:#}");
    let waits = finding["waits"].as_array().expect("waits");
    let waiting = finding["involved"].as_array().expect("they are counted");
    assert!(
        waiting
            .iter()
            .any(|involved| involved["role"] == "waiting" && involved["tasks"].as_u64() > Some(0)),
        "{waiting:#?}"
    );
    assert!(
        waits.iter().any(|wait| wait["passed"] == true
            && wait["kind"] == "async_lock::Mutex::lock"
            && wait["line"].is_u64()),
        "{waits:#?}"
    );
}
