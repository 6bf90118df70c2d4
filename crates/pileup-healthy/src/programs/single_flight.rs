//! A map takes twenty seconds to load, once. Until then all who ask for the way wait for it.
//!
//! Looks like a pile behind a cell that nobody initialises. But then all go at once.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::OnceCell;
use tokio::time;

const LOADING: Duration = Duration::from_secs(20);

async fn load() -> Vec<u64> {
    time::sleep(LOADING).await;
    vec![47, 8]
}

fn ask_the_way(map: Arc<OnceCell<Vec<u64>>>) {
    tokio::spawn(async move { map.get_or_init(load).await.len() });
}

/// Lets people ask.
pub async fn run(mut arrivals: Arrivals) {
    let map = Arc::new(OnceCell::new());
    loop {
        arrivals.next().await;
        ask_the_way(map.clone());
    }
}
