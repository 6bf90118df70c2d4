//! A supermarket: the items of each customer are scanned at one of its tills, and each till keeps one sum.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;

const TILLS: u64 = 40;

/// The tills that are open, and the display that shows their sums.
#[derive(Default)]
struct Market {
    bills: Mutex<HashMap<u64, Sender<u64>>>,
    display: watch::Sender<String>,
}

impl Market {
    fn open_till(&self, till: u64, bill: Sender<u64>) {
        self.bills.lock().unwrap().insert(till, bill);
    }

    async fn scan(&self, till: u64, price: u64) {
        let bill = self.bills.lock().unwrap().get(&till).cloned();
        if let Some(bill) = bill {
            bill.send(price).await.ok();
        }
    }
}

fn add_up(till: u64, mut items: Receiver<u64>, market: Arc<Market>) {
    tokio::spawn(async move {
        let mut sum = 0;
        while let Some(price) = items.recv().await {
            sum += price;
            market.display.send_replace(format!("till {till}: {sum}"));
            tracing::info!(price, "an item is added");
        }
    });
}

/// Opens all tills in the morning, and serves customers with three items each.
pub async fn run(mut arrivals: Arrivals) {
    let market = Arc::new(Market::default());
    for till in 0..TILLS {
        let (bill, items) = mpsc::channel(8);
        market.open_till(till, bill);
        add_up(till, items, market.clone());
    }
    loop {
        let customer = arrivals.next().await;
        for price in [3, 2, 5] {
            market.scan(customer % TILLS, price).await;
        }
    }
}
