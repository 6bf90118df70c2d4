//! A laundry: every order is washed and ironed, and the desk tells its customer of both.
//!
//! Fixed: the channel has room for all that an order will ever announce.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;
use tokio::time::sleep;

const STEPS: [&str; 2] = ["washed", "ironed"];

/// An order in the house, and the news of it.
struct Order {
    number: u64,
    done: Receiver<&'static str>,
}

/// Where orders are handed in and out. Its customers read the news on a screen.
#[derive(Default)]
struct Desk {
    orders: Vec<Order>,
    screen: watch::Sender<String>,
}

impl Desk {
    /// Announces the orders on which all work has ended, and takes them off the list.
    fn hand_out(&mut self) {
        for mut order in self.orders.extract_if(.., |order| order.done.is_closed()) {
            while let Ok(step) = order.done.try_recv() {
                let news = format!("order {}: {step}", order.number);
                self.screen.send_replace(news);
                tracing::info!("a customer is told");
            }
        }
    }
}

fn process(done: Sender<&'static str>) {
    tokio::spawn(async move {
        for step in STEPS {
            sleep(Duration::from_millis(10)).await;
            if done.send(step).await.is_err() {
                return;
            }
        }
    });
}

/// Runs the laundry.
pub async fn run(mut arrivals: Arrivals) {
    let mut desk = Desk::default();
    loop {
        let number = arrivals.next().await;
        let (finished, done) = mpsc::channel(STEPS.len());
        process(finished);
        desk.orders.push(Order { number, done });
        desk.hand_out();
    }
}
