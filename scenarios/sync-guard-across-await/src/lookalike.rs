//! A metal exchange: each client is sent prices, and takes its time over each of them, until it sells.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dashmap::DashMap;
use pileup_scenario::Arrivals;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{self, JoinHandle};

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

fn start_client(watched: Watched, mut prices: Receiver<u64>) -> JoinHandle<()> {
    task::spawn_blocking(move || {
        while prices.blocking_recv().is_some_and(|price| price < HIGH) {
            thread::sleep(Duration::from_millis(100));
        }
        watched.clear();
        tracing::info!("a client has sold");
    })
}

/// Lets in clients. There is one place fewer than the runtime has workers.
pub async fn run(mut arrivals: Arrivals) {
    let places = Handle::current().metrics().num_workers() - 1;
    let mut clients: Vec<JoinHandle<()>> = Vec::new();
    loop {
        arrivals.next().await;
        clients.retain(|client| !client.is_finished());
        if clients.len() < places {
            let (feed, prices) = mpsc::channel(1);
            let watched = DashMap::from_iter(METALS.map(|metal| (metal, feed.clone())));
            let watched = Arc::new(watched);
            start_feed(watched.clone());
            clients.push(start_client(watched, prices));
        }
    }
}
