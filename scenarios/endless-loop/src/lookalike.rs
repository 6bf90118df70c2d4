//! Every van that leaves gets a plan: the best order of the houses that is found while it waits.

use std::time::{Duration, Instant};

use pileup_scenario::Arrivals;
use tokio::sync::watch;
use tokio::time::sleep;

/// How long a van waits at the gate for a shorter round.
const PLANNING_TIME: Duration = Duration::from_millis(800);
/// How long a plan pauses after each step.
const PAUSE: Duration = Duration::from_millis(200);

/// Exchanges one house for each of the others, and lets other plans run between two steps.
async fn plan(mut round: Vec<u64>) -> Vec<u64> {
    let started = Instant::now();
    let mut steps = 0;
    while started.elapsed() < PLANNING_TIME {
        let one = steps % round.len();
        for other in 0..round.len() {
            let before = length(&round);
            round.swap(one, other);
            if length(&round) > before {
                round.swap(one, other);
            }
        }
        steps += 1;
        sleep(PAUSE).await;
    }
    round
}

fn length(round: &[u64]) -> u64 {
    round.windows(2).map(|leg| leg[0].abs_diff(leg[1])).sum()
}

/// Plans a round for each van, and shows the latest one at the gate.
pub async fn run(mut arrivals: Arrivals) {
    let gate = watch::Sender::new(Vec::new());
    loop {
        let van = arrivals.next().await;
        let houses = [38, 7, 24, 12, 33].map(|house| house + van % 4);
        start_planning(houses.to_vec(), gate.clone());
    }
}

fn start_planning(houses: Vec<u64>, gate: watch::Sender<Vec<u64>>) {
    tokio::spawn(async move {
        let round = plan(houses).await;
        tracing::info!(stops = round.len(), "a round is shown");
        gate.send_replace(round);
    });
}
