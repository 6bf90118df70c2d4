//! A laundry: every order is washed and ironed, and the desk reads out the news once a second.

use std::sync::Mutex;
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
    orders: Mutex<Vec<Order>>,
    screen: watch::Sender<String>,
}

impl Desk {
    /// Takes orders as they come.
    async fn take_in(&self, mut arrivals: Arrivals) {
        loop {
            let number = arrivals.next().await;
            let (finished, done) = mpsc::channel(1);
            process(finished);
            self.orders.lock().unwrap().push(Order { number, done });
        }
    }

    /// Announces what is new on every order, and takes those off the list that are done.
    async fn hand_out(&self) {
        loop {
            sleep(Duration::from_secs(1)).await;
            let mut orders = self.orders.lock().unwrap();
            for order in orders.iter_mut() {
                while let Ok(step) = order.done.try_recv() {
                    let news = format!("order {}: {step}", order.number);
                    self.screen.send_replace(news);
                    tracing::info!("a customer is told");
                }
            }
            orders.retain(|order| !(order.done.is_closed() && order.done.is_empty()));
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
pub async fn run(arrivals: Arrivals) {
    let desk = Desk::default();
    tokio::join!(desk.take_in(arrivals), desk.hand_out());
}
