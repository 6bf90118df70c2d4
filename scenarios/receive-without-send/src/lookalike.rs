//! A shop asks its suppliers what an article costs; the one that is sold out is restocked each second.

use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;
use tokio::time::sleep;

/// Whom the shop asks.
struct Supplier {
    price: u64,
    in_stock: bool,
    asked_meanwhile: Mutex<Vec<Sender<u64>>>,
}

impl Supplier {
    /// Quotes a price. Sold out, it notes who asked, to quote when it is restocked.
    async fn ask(&self, quotes: Sender<u64>) {
        if self.in_stock {
            quotes.send(self.price).await.ok();
        } else {
            self.asked_meanwhile.lock().unwrap().push(quotes);
        }
    }

    /// Quotes to all who asked while it was sold out. What it receives is sold at once.
    async fn restock(&self) {
        let asked_meanwhile = mem::take(&mut *self.asked_meanwhile.lock().unwrap());
        for quotes in asked_meanwhile {
            quotes.send(self.price).await.ok();
        }
    }
}

fn choose(suppliers: usize, mut quotes: Receiver<u64>, price_tag: Arc<watch::Sender<Option<u64>>>) {
    tokio::spawn(async move {
        let mut prices = Vec::new();
        for _ in 0..suppliers {
            if let Some(price) = quotes.recv().await {
                prices.push(price);
            }
        }
        price_tag.send_replace(prices.iter().min().copied());
        tracing::info!(quotes = prices.len(), "a price is marked");
    });
}

async fn open_shop(mut arrivals: Arrivals, suppliers: &[Supplier]) {
    let price_tag = Arc::new(watch::Sender::new(None));
    loop {
        arrivals.next().await;
        let (sender, quotes) = mpsc::channel(suppliers.len());
        choose(suppliers.len(), quotes, price_tag.clone());
        for supplier in suppliers {
            supplier.ask(sender.clone()).await;
        }
    }
}

async fn deliver(suppliers: &[Supplier]) {
    loop {
        sleep(Duration::from_secs(1)).await;
        for supplier in suppliers {
            supplier.restock().await;
        }
    }
}

/// Runs the shop and those who supply it.
pub async fn run(arrivals: Arrivals) {
    let suppliers = [(1190, true), (1250, true), (990, false)].map(|(price, in_stock)| Supplier {
        price,
        in_stock,
        asked_meanwhile: Mutex::default(),
    });
    tokio::join!(open_shop(arrivals, &suppliers), deliver(&suppliers));
}
