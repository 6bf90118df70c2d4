//! A hotel: at the desk two questions are answered at once, then the guest gets a room, and the
//! desk is done with them.
//!
//! Looks like tasks at the desk that nobody can wake, of which there are ever more. But they
//! have ended: each has opened a span for the stay of its guest, which keeps it on the console
//! until the guest leaves.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tracing::{Instrument, info_span};

const ANSWERING: Duration = Duration::from_millis(20);
const STAY: Duration = Duration::from_secs(8);

async fn receive(guest: u64) {
    let (key, key_is_ready) = oneshot::channel();
    let (bill, bill_is_open) = oneshot::channel();
    tokio::spawn(async move {
        sleep(ANSWERING).await;
        // Both wake the desk, which is polled once for the two.
        key.send(()).ok();
        bill.send(()).ok();
    });
    tokio::join!(key_is_ready, bill_is_open).0.ok();
    tokio::spawn(sleep(STAY).instrument(info_span!("stay", guest)));
}

/// Takes in guests.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        let guest = arrivals.next().await;
        tokio::spawn(receive(guest));
    }
}
