//! Tickets for a concert go on sale: a thousand people queue at once, then it is quiet.
//!
//! Looks like growth that takes a thousand tasks along. But all are served in the end.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Semaphore;
use tokio::time;

const FANS: usize = 1000;
const COUNTERS: usize = 25;
const SALE: Duration = Duration::from_millis(500);
/// The sale begins with this arrival.
const OPENING: u64 = 20;

fn queue_up(counters: Arc<Semaphore>) {
    tokio::spawn(async move {
        let _counter = counters.acquire_owned().await;
        time::sleep(SALE).await;
    });
}

/// Sells tickets.
pub async fn run(mut arrivals: Arrivals) {
    let counters = Arc::new(Semaphore::new(COUNTERS));
    loop {
        let people = match arrivals.next().await {
            OPENING => FANS,
            _ => 1,
        };
        for _ in 0..people {
            queue_up(counters.clone());
        }
    }
}
