//! A shop asks its suppliers what an article costs, and marks it with the lowest price.
//!
//! Fixed: a supplier that is sold out counts who asked, and lets go of the channel.

use std::sync::Arc;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;

/// Whom the shop asks.
struct Supplier {
    price: u64,
    in_stock: bool,
    asked_meanwhile: u64,
}

impl Supplier {
    /// Quotes a price. Sold out, it notes who asked, to plan its next order.
    async fn ask(&mut self, quotes: Sender<u64>) {
        if self.in_stock {
            quotes.send(self.price).await.ok();
        } else {
            self.asked_meanwhile += 1;
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

/// Runs the shop.
pub async fn run(mut arrivals: Arrivals) {
    let price_tag = Arc::new(watch::Sender::new(None));
    let mut suppliers =
        [(1190, true), (1250, true), (990, false)].map(|(price, in_stock)| Supplier {
            price,
            in_stock,
            asked_meanwhile: 0,
        });
    loop {
        arrivals.next().await;
        let (sender, quotes) = mpsc::channel(suppliers.len());
        choose(suppliers.len(), quotes, price_tag.clone());
        for supplier in &mut suppliers {
            supplier.ask(sender.clone()).await;
        }
    }
}
