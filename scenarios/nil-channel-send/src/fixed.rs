//! An order desk: each order is checked, stored and confirmed, and then the warehouse is told to pick it.
//!
//! Fixed: the outbox is connected before the desk gets its clone.

use std::future;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::sleep;

/// The way to the warehouse, once it is connected.
#[derive(Clone, Default)]
struct Outbox {
    warehouse: Option<Sender<u64>>,
}

impl Outbox {
    fn connect(&mut self, warehouse: Sender<u64>) {
        self.warehouse = Some(warehouse);
    }

    /// Hands an order on. Before the warehouse is connected, orders wait here.
    async fn post(&self, order: u64) {
        match &self.warehouse {
            Some(warehouse) => warehouse.send(order).await.ok(),
            None => future::pending().await,
        };
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

async fn pick(mut orders: Receiver<u64>) {
    while orders.recv().await.is_some() {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Runs the order desk and the warehouse.
pub async fn run(arrivals: Arrivals) {
    let (warehouse, orders) = mpsc::channel(16);
    let mut outbox = Outbox::default();
    outbox.connect(warehouse);
    let desk = take_orders(arrivals, outbox.clone());
    tokio::join!(desk, pick(orders));
}
