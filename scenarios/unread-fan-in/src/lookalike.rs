//! A weather station: every reading is posted to a gauge, which takes all that wait once a second.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{sleep, timeout};

const SETTLING_TIME: Duration = Duration::from_millis(5);
const PAUSE: Duration = Duration::from_secs(1);
const QUIET: Duration = Duration::from_millis(20);

/// Shows how high the water stands, on a scale up to its highest mark.
struct Gauge {
    readings: Receiver<u64>,
    highest: u64,
}

impl Gauge {
    /// Takes readings in batches: a batch ends when no reading comes for a moment.
    async fn take_readings(&mut self) {
        loop {
            sleep(PAUSE).await;
            while let Ok(Some(reading)) = timeout(QUIET, self.readings.recv()).await {
                self.highest = self.highest.max(reading);
                tracing::info!("a reading is taken");
            }
        }
    }
}

fn post(reading: u64, gauge: Sender<u64>) {
    tokio::spawn(async move {
        sleep(SETTLING_TIME).await;
        gauge.send(reading).await.ok();
    });
}

async fn measure(mut measurements: Arrivals, sender: Sender<u64>) {
    loop {
        post(measurements.next().await, sender.clone());
    }
}

/// Runs the station, which measures twice in the time of one arrival.
pub async fn run(arrivals: Arrivals) {
    let (sender, readings) = mpsc::channel(1);
    let mut gauge = Gauge {
        readings,
        highest: 0,
    };
    tokio::join!(
        measure(arrivals.twice_as_often(), sender),
        gauge.take_readings()
    );
}
