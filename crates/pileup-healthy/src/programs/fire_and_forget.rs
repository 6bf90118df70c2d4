//! A café: each guest's order sets off a few things that nobody waits for.
//!
//! Looks like detached tasks. But each ends within seconds.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::time;

/// To print a receipt, to grind new beans, to wash the cup, to write to the supplier.
const CHORES: [u64; 4] = [100, 600, 2500, 9000];

fn see_to(chore: Duration) {
    tokio::spawn(time::sleep(chore));
}

/// Serves guests.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        let guest = arrivals.next().await;
        for milliseconds in CHORES {
            see_to(Duration::from_millis(milliseconds + 40 * (guest % 25)));
        }
    }
}
