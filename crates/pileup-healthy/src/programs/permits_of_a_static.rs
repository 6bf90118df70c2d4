//! Two presses print posters. Whoever takes the orders waits for a press, and leaves it to the
//! printer.
//!
//! Looks like a task that waits for permits which it has taken all itself, and which borrow:
//! how could it have passed them on? They borrow from a static.

use std::sync::LazyLock;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::sleep;

static PRESSES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));
const PRINTING: Duration = Duration::from_secs(20);
/// The shop opens with this arrival.
const OPENING: u64 = 30;

fn print(poster: u64, press: SemaphorePermit<'static>) {
    tokio::spawn(async move {
        sleep(PRINTING).await;
        drop(press);
        poster
    });
}

/// Queues orders, as long as there is room on the desk, and has them printed.
pub async fn run(mut arrivals: Arrivals) {
    let (desk, mut orders) = mpsc::channel(10);
    tokio::spawn(async move {
        while let Some(poster) = orders.recv().await {
            if let Ok(press) = PRESSES.acquire().await {
                print(poster, press);
            }
        }
    });
    loop {
        let poster = arrivals.next().await;
        if poster >= OPENING {
            desk.try_send(poster).ok();
        }
    }
}
