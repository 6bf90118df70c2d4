//! A film archive: forty reels are copied on threads of their own, for minutes each; who
//! wants a copy waits for it.
//!
//! Looks like polls that do not return. But a blocking thread holds no worker.

use std::thread;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::task;

const REELS: u64 = 40;
const MINUTES: Duration = Duration::from_secs(600);
const TRAILER: Duration = Duration::from_millis(700);

fn copy(length: Duration) {
    tokio::spawn(async move { task::spawn_blocking(move || thread::sleep(length)).await });
}

/// Starts to copy the reels, and copies trailers meanwhile.
pub async fn run(mut arrivals: Arrivals) {
    for _ in 0..REELS {
        copy(MINUTES);
    }
    loop {
        arrivals.next().await;
        copy(TRAILER);
    }
}
