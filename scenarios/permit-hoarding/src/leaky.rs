//! A taxi office has two telephone lines, on which its drivers report what they have taken.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{Semaphore, watch};
use tokio::time;

const LINES: usize = 2;
/// How long a ride takes.
const RIDE: Duration = Duration::from_millis(40);
/// How long a call takes.
const CALL: Duration = Duration::from_millis(30);

/// A call that ended before its time.
struct CutOff;

/// Reports a fare, in euros.
async fn report(driver: u64) -> Result<u64, CutOff> {
    time::sleep(CALL).await;
    // Two of three drivers call from the valley.
    if driver % 3 != 1 {
        return Err(CutOff);
    }
    Ok(12 + driver % 10)
}

fn ring_up(driver: u64, lines: Arc<Semaphore>, takings: watch::Sender<u64>) {
    tokio::spawn(async move {
        time::sleep(RIDE).await;
        let Ok(line) = lines.acquire_owned().await else {
            return;
        };
        match report(driver).await {
            Ok(fare) => takings.send_modify(|sum| *sum += fare),
            // The line hums until it is reset.
            Err(CutOff) => line.forget(),
        }
        tracing::info!("a call has ended");
    });
}

/// Sends out drivers.
pub async fn run(mut arrivals: Arrivals) {
    let lines = Arc::new(Semaphore::new(LINES));
    let takings = watch::Sender::new(0);
    loop {
        let driver = arrivals.next().await;
        ring_up(driver, lines.clone(), takings.clone());
    }
}
