//! An order desk: each order is checked, stored and confirmed, and offered for a second to a closed warehouse.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::watch;
use tokio::time::sleep;

/// The ways to the warehouse: the direct one, and the mail.
#[derive(Clone)]
struct Outbox {
    warehouse: Option<Sender<u64>>,
    mail: watch::Sender<u64>,
}

impl Outbox {
    /// Hands an order on. What the warehouse does not take within a second goes by mail.
    async fn post(&self, order: u64) {
        if let Some(warehouse) = &self.warehouse {
            let offer = warehouse.send_timeout(order, Duration::from_secs(1));
            if offer.await.is_err() {
                self.mail.send_replace(order);
            }
        }
    }
}

fn handle(order: u64, outbox: Outbox) {
    tokio::spawn(async move {
        for _step in ["check", "store", "confirm"] {
            sleep(Duration::from_millis(5)).await;
        }
        outbox.post(order).await;
        tracing::info!("an order is handed on");
    });
}

async fn take_orders(mut arrivals: Arrivals, outbox: Outbox) {
    loop {
        let order = arrivals.next().await;
        handle(order, outbox.clone());
    }
}

/// Runs the order desk, while the warehouse is closed for stocktaking.
pub async fn run(arrivals: Arrivals) {
    let (warehouse, _orders) = mpsc::channel(1);
    let outbox = Outbox {
        warehouse: Some(warehouse),
        mail: watch::Sender::new(0),
    };
    take_orders(arrivals, outbox).await;
}
