//! A village waits for the bus: a request is held until the bus comes or twelve seconds are
//! over, and is then made anew. The bus does not come.
//!
//! Looks like requests that are never answered. But each is, with nothing.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::watch;
use tokio::time;

const HELD_FOR: Duration = Duration::from_secs(12);

fn hold(mut bus: watch::Receiver<u64>) {
    tokio::spawn(async move {
        let arrived = time::timeout(HELD_FOR, bus.changed()).await;
        arrived.is_ok()
    });
}

/// Holds the requests of the villagers.
pub async fn run(mut arrivals: Arrivals) {
    let bus = watch::Sender::new(0);
    loop {
        arrivals.next().await;
        hold(bus.subscribe());
    }
}
