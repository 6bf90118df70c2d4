//! A hundred farmers bring milk to a dairy with room for four cans, and wait in line.
//!
//! Looks like a full channel that nobody reads: it is full at all times, and a hundred wait
//! to send. But the line moves.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time;

const FARMERS: u64 = 100;
const ROOM: usize = 4;
const EMPTYING: Duration = Duration::from_millis(40);

fn run_dairy(mut cans: Receiver<u64>) {
    tokio::spawn(async move {
        while let Some(_litres) = cans.recv().await {
            time::sleep(EMPTYING).await;
        }
    });
}

fn drive_up(farmer: u64, trips: usize, dairy: Sender<u64>) {
    tokio::spawn(async move {
        for _ in 0..trips {
            if dairy.send(20 + farmer % 20).await.is_err() {
                return;
            }
        }
    });
}

/// Opens the dairy. Farmers come as long as it is open, and now and then someone with one can.
pub async fn run(mut arrivals: Arrivals) {
    let (dairy, cans) = mpsc::channel(ROOM);
    run_dairy(cans);
    for farmer in 0..FARMERS {
        drive_up(farmer, usize::MAX, dairy.clone());
    }
    loop {
        let farmer = arrivals.next().await;
        drive_up(farmer, 1, dairy.clone());
    }
}
