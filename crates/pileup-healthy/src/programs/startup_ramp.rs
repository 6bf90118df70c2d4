//! A lighthouse network comes up in the evening: one light after the other is lit, for good.
//!
//! Looks like steady growth of tasks that never end, for two thirds of half a minute. But
//! the number of lights is limited.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::time;

const LIGHTS: u64 = 200;
const TURN: Duration = Duration::from_secs(3);

fn light_up() {
    tokio::spawn(async {
        let mut turn = time::interval(TURN);
        loop {
            turn.tick().await;
        }
    });
}

/// Lights one lamp at each arrival of the boat, until all are lit.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        if arrivals.next().await <= LIGHTS {
            light_up();
        }
    }
}
