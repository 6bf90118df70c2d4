//! A pool of four permits. Requests take one and give it back within milliseconds, until four of
//! them forget theirs; then forty more come, and the clients give up.
//!
//! Nothing grows any more when somebody looks: the forty wait, and no other task is there.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Semaphore;
use tokio::time;

const PERMITS: usize = 4;
const EARLY_REQUESTS: u64 = 60;
const LATE_REQUESTS: u64 = 40;
const REQUEST: Duration = Duration::from_millis(5);

fn request(permits: Arc<Semaphore>, forgets: bool) {
    tokio::spawn(async move {
        let Ok(permit) = permits.acquire().await else {
            return;
        };
        time::sleep(REQUEST).await;
        if forgets {
            permit.forget();
        }
    });
}

/// Serves requests until none comes.
pub async fn run(arrivals: Arrivals) {
    let mut arrivals = arrivals.up_to(EARLY_REQUESTS + LATE_REQUESTS);
    let permits = Arc::new(Semaphore::new(PERMITS));
    loop {
        let number = arrivals.next().await;
        let forgets = number <= EARLY_REQUESTS && number > EARLY_REQUESTS - PERMITS as u64;
        request(permits.clone(), forgets);
    }
}
