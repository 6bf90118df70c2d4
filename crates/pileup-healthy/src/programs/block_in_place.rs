//! Two potters fire their kilns, and stand beside them until that is done.
//!
//! Looks like polls that hold two workers for good. But each has given up its worker first.

use std::thread;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::{task, time};

const KILNS: usize = 2;
const FIRING: Duration = Duration::from_secs(600);

fn fire_kiln() {
    tokio::spawn(async { task::block_in_place(|| thread::sleep(FIRING)) });
}

/// Fires the kilns, and sells pots.
pub async fn run(mut arrivals: Arrivals) {
    for _ in 0..KILNS {
        fire_kiln();
    }
    loop {
        arrivals.next().await;
        tokio::spawn(time::sleep(Duration::from_millis(20)));
    }
}
