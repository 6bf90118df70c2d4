//! A metal exchange: each client is sent prices until it sells, and leaves when the next round begins.
//! The sender is copied out of the map, and the map is free while a price is sent.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use pileup_scenario::Arrivals;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

const METALS: [&str; 3] = ["tin", "zinc", "copper"];
/// The price at which a client sells.
const HIGH: u64 = 103;

/// The metals that a client watches, and where their prices go.
type Watched = Arc<DashMap<&'static str, Sender<u64>>>;

fn start_feed(watched: Watched) {
    tokio::spawn(async move {
        for price in 100..120 {
            for metal in METALS {
                if let Some(client) = watched.get(metal).map(|client| client.clone()) {
                    client.send(price).await.ok();
                }
            }
        }
    });
}

fn start_client(watched: Watched, mut prices: Receiver<u64>, bell: Arc<Notify>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while prices.recv().await.is_some_and(|price| price < HIGH) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bell.notified().await;
        watched.clear();
        tracing::info!("a client has sold");
    })
}

/// Rings the bell for each round, and lets in a client. There is one place fewer than the runtime has workers.
pub async fn run(mut arrivals: Arrivals) {
    let bell = Arc::new(Notify::new());
    let places = Handle::current().metrics().num_workers() - 1;
    let mut clients: Vec<JoinHandle<()>> = Vec::new();
    loop {
        arrivals.next().await;
        bell.notify_waiters();
        clients.retain(|client| !client.is_finished());
        if clients.len() < places {
            let (feed, prices) = mpsc::channel(1);
            let watched = DashMap::from_iter(METALS.map(|metal| (metal, feed.clone())));
            let watched = Arc::new(watched);
            start_feed(watched.clone());
            clients.push(start_client(watched, prices, bell.clone()));
        }
    }
}
