//! A till: the items of each customer are scanned one by one, and their sum is shown.
//!
//! Fixed: the bill is closed by the one who scans, after the last item.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;

/// The bills that are open, and the display that shows their sums.
#[derive(Default)]
struct Till {
    bills: Mutex<HashMap<u64, Sender<u64>>>,
    display: watch::Sender<String>,
}

impl Till {
    fn open_bill(&self, customer: u64, bill: Sender<u64>) {
        self.bills.lock().unwrap().insert(customer, bill);
    }

    async fn scan(&self, customer: u64, price: u64) {
        let bill = self.bills.lock().unwrap().get(&customer).cloned();
        if let Some(bill) = bill {
            bill.send(price).await.ok();
        }
    }

    fn close_bill(&self, customer: u64) {
        self.bills.lock().unwrap().remove(&customer);
    }
}

fn add_up(customer: u64, mut items: Receiver<u64>, till: Arc<Till>) {
    tokio::spawn(async move {
        let mut sum = 0;
        while let Some(price) = items.recv().await {
            sum += price;
        }
        till.display
            .send_replace(format!("customer {customer}: {sum}"));
        tracing::info!(sum, "a sum is shown");
    });
}

/// Serves customers, each with three items.
pub async fn run(mut arrivals: Arrivals) {
    let till = Arc::new(Till::default());
    loop {
        let customer = arrivals.next().await;
        let (bill, items) = mpsc::channel(8);
        till.open_bill(customer, bill);
        add_up(customer, items, till.clone());
        for price in [3, 2, 5] {
            till.scan(customer, price).await;
        }
        till.close_bill(customer);
    }
}
