//! A pool of six connections. Six subscriptions take one each and wait for news that nobody sends;
//! the queries that come later wait for a connection.
//!
//! Other queries have had the same connections before, and gave them back.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{Notify, Semaphore};
use tokio::time;

const CONNECTIONS: usize = 6;
const EARLY_QUERIES: u64 = 20;
const QUERY: Duration = Duration::from_millis(5);

fn query(pool: Arc<Semaphore>) {
    tokio::spawn(async move {
        let _connection = pool.acquire().await;
        time::sleep(QUERY).await;
    });
}

fn subscribe(pool: Arc<Semaphore>, news: Arc<Notify>) {
    tokio::spawn(async move {
        let _connection = pool.acquire().await;
        news.notified().await;
    });
}

/// Runs queries, then as many subscriptions as there are connections, then queries again.
pub async fn run(mut arrivals: Arrivals) {
    let pool = Arc::new(Semaphore::new(CONNECTIONS));
    let news = Arc::new(Notify::new());
    loop {
        let number = arrivals.next().await;
        if number == EARLY_QUERIES {
            for _ in 0..CONNECTIONS {
                subscribe(pool.clone(), news.clone());
            }
        } else {
            query(pool.clone());
        }
    }
}
