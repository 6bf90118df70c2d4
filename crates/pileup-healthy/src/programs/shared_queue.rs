//! A hundred couriers take parcels from one queue, which is empty for most of the day.
//!
//! Looks like tasks behind a lock whose holder hangs: one courier holds the queue's lock
//! and waits for a parcel, the others wait for the lock. But they are as many as ever.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time;

const COURIERS: usize = 100;
const ROUND: Duration = Duration::from_millis(300);
/// The parcels of the day; then the office is closed.
const PARCELS: u64 = 60;

fn hire(parcels: Arc<Mutex<Receiver<u64>>>) {
    tokio::spawn(async move {
        loop {
            let parcel = parcels.lock().await.recv().await;
            if parcel.is_none() {
                return;
            }
            time::sleep(ROUND).await;
        }
    });
}

/// Hires couriers, hands out the parcels of the day, and keeps the office until tomorrow.
pub async fn run(mut arrivals: Arrivals) {
    let (office, parcels) = mpsc::channel(8);
    let parcels = Arc::new(Mutex::new(parcels));
    for _ in 0..COURIERS {
        hire(parcels.clone());
    }
    loop {
        let parcel = arrivals.next().await;
        if parcel <= PARCELS {
            office.send(parcel).await.ok();
        }
    }
}
