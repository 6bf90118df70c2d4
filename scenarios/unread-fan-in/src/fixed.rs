//! A weather station: every reading is posted to a gauge, which sets its scale by the first of them.
//!
//! Fixed: the gauge takes every reading, for as long as it is posted to.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::sleep;

const READINGS_TO_SCALE: usize = 3;
const SETTLING_TIME: Duration = Duration::from_millis(5);

/// Shows how high the water stands, on a scale up to its highest mark.
struct Gauge {
    readings: Receiver<u64>,
    highest: u64,
}

impl Gauge {
    async fn take_reading(&mut self) {
        if let Some(reading) = self.readings.recv().await {
            self.highest = self.highest.max(reading);
            tracing::info!("a reading is taken");
        }
    }
}

fn post(reading: u64, gauge: Sender<u64>) {
    tokio::spawn(async move {
        sleep(SETTLING_TIME).await;
        gauge.send(reading).await.ok();
    });
}

/// Runs the station, which measures twice in the time of one arrival.
pub async fn run(arrivals: Arrivals) {
    let mut measurements = arrivals.twice_as_often();
    let (sender, readings) = mpsc::channel(1);
    let mut gauge = Gauge {
        readings,
        highest: 0,
    };
    for _ in 0..READINGS_TO_SCALE {
        post(measurements.next().await, sender.clone());
        gauge.take_reading().await;
    }
    loop {
        post(measurements.next().await, sender.clone());
        gauge.take_reading().await;
    }
}
