//! A bakery: three bakers wait for orders, a bell rings each second, and customers come and go.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{mpsc, oneshot};
use tokio::time;

/// How long a loaf takes.
const BAKING: Duration = Duration::from_millis(40);

struct Order {
    loaves: u32,
    bread: oneshot::Sender<u32>,
}

fn hire_baker() -> mpsc::Sender<Order> {
    let (hatch, mut orders) = mpsc::channel::<Order>(4);
    tokio::spawn(async move {
        while let Some(order) = orders.recv().await {
            time::sleep(BAKING * order.loaves).await;
            order.bread.send(order.loaves).ok();
        }
    });
    hatch
}

fn hang_up_bell() {
    tokio::spawn(async {
        let mut second = time::interval(Duration::from_secs(1));
        loop {
            second.tick().await;
        }
    });
}

fn serve(loaves: u32, baker: mpsc::Sender<Order>) {
    tokio::spawn(async move {
        let (bread, basket) = oneshot::channel();
        baker.send(Order { loaves, bread }).await.ok();
        if basket.await.is_ok() {
            tracing::info!("a customer is served");
        }
    });
}

/// Serves customers, each by the baker whose turn it is.
pub async fn run(mut arrivals: Arrivals) {
    let bakers = [hire_baker(), hire_baker(), hire_baker()];
    hang_up_bell();
    for baker in bakers.iter().cycle() {
        let customer = arrivals.next().await;
        let loaves = if customer.is_multiple_of(3) { 2 } else { 1 };
        serve(loaves, baker.clone());
    }
}
