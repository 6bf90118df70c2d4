//! Trios rehearse: all three players begin each movement together.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Barrier;
use tokio::time;

/// How many bars each player has in the four movements, if any.
const PARTS: [[Option<u64>; 4]; 3] = [
    [Some(24), Some(32), Some(28), Some(40)],
    [Some(24), Some(30), Some(28), Some(36)],
    [Some(20), Some(32), Some(900), Some(40)],
];

async fn play(part: [Option<u64>; 4], all_ready: Arc<Barrier>) {
    for movement in part {
        let Some(bars) = movement else { return };
        all_ready.wait().await;
        time::sleep(Duration::from_millis(bars)).await;
    }
    tracing::info!("a part is played");
}

fn seat(part: [Option<u64>; 4], all_ready: Arc<Barrier>) {
    tokio::spawn(play(part, all_ready));
}

/// Lets trios into the hall.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        arrivals.next().await;
        let all_ready = Arc::new(Barrier::new(PARTS.len()));
        for part in PARTS {
            seat(part, all_ready.clone());
        }
    }
}
