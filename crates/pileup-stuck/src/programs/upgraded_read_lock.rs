//! Requests read the configuration; a reload finds that it has changed, and asks for the write
//! lock while it still has its read lock.
//!
//! The reload waits for itself, and all later requests wait behind it.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::RwLock;
use tokio::time;

const REQUESTS_BEFORE: u64 = 20;
const REQUEST: Duration = Duration::from_millis(5);
/// Clients give up after this number of requests.
const REQUESTS: u64 = 40;

fn request(configuration: Arc<RwLock<u64>>) {
    tokio::spawn(async move {
        let _version = configuration.read().await;
        time::sleep(REQUEST).await;
    });
}

fn reload(configuration: Arc<RwLock<u64>>, version: u64) {
    tokio::spawn(async move {
        let known = configuration.read().await;
        if *known < version {
            *configuration.write().await = version;
        }
    });
}

/// Serves requests, and reloads the configuration after some of them.
pub async fn run(arrivals: Arrivals) {
    let mut arrivals = arrivals.up_to(REQUESTS);
    let configuration = Arc::new(RwLock::new(0));
    loop {
        let number = arrivals.next().await;
        if number == REQUESTS_BEFORE {
            reload(configuration.clone(), number);
        }
        request(configuration.clone());
    }
}
