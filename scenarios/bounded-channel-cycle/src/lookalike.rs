//! A restaurant: at each table a waiter hands orders in to a cook, and carries the dishes to the guests.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time;

/// How many of the guests want something: to drink, as a starter, and as a main course.
const COURSES: [u32; 3] = [2, 3, 5];
/// How long a dish takes to cook.
const COOKING: Duration = Duration::from_millis(10);
/// How long it takes to carry a dish to the table.
const CARRYING: Duration = Duration::from_millis(100);

async fn hand_in(guests: u32, orders: &Sender<u32>) {
    for guest in 1..=guests {
        orders.send(guest).await.ok();
    }
}

async fn carry(guests: u32, dishes: &mut Receiver<u32>) {
    for _ in 1..=guests {
        dishes.recv().await;
        time::sleep(CARRYING).await;
    }
}

fn send_waiter(orders: Sender<u32>, mut dishes: Receiver<u32>) {
    tokio::spawn(async move {
        for guests in COURSES {
            tokio::join!(hand_in(guests, &orders), carry(guests, &mut dishes));
            tracing::info!("a course is served");
        }
    });
}

fn send_cook(mut orders: Receiver<u32>, dishes: Sender<u32>) {
    tokio::spawn(async move {
        while let Some(guest) = orders.recv().await {
            time::sleep(COOKING).await;
            if dishes.send(guest).await.is_err() {
                return;
            }
        }
    });
}

/// Seats parties. There is room for one slip at the hatch, and for one dish.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        arrivals.next().await;
        let (orders, slips) = mpsc::channel(1);
        let (plates, dishes) = mpsc::channel(1);
        send_waiter(orders, dishes);
        send_cook(slips, plates);
    }
}
