//! Every van that leaves gets a plan: in which order its courier reaches the houses of the street.
//! The next house is the nearest one, up or down the street, so that the list runs empty.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::watch;
use tokio::time::sleep;

/// The house from which all vans leave.
const DEPOT: u64 = 20;
/// How long a plan pauses after each step.
const PAUSE: Duration = Duration::from_millis(200);

/// Puts the houses in order, one after the other, and lets other plans run between two steps.
async fn plan(mut houses: Vec<u64>) -> Vec<u64> {
    let mut round = vec![DEPOT];
    let mut position = DEPOT;
    while !houses.is_empty() {
        let next = houses
            .iter()
            .copied()
            .min_by_key(|house| house.abs_diff(position));
        if let Some(house) = next {
            houses.retain(|&other| other != house);
            round.push(house);
            position = house;
        }
        sleep(PAUSE).await;
    }
    round
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
