//! A charging station: every car is charged in a few steps, and its driver is back a second later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep, sleep_until};

/// A car at the plug.
#[derive(Default)]
struct Session {
    tariff: u64,
    energy: u64,
    release: Option<Receiver<()>>,
}

impl Session {
    async fn draw(&mut self) {
        sleep(Duration::from_millis(5)).await;
        self.energy += 7;
    }

    /// Waits for the driver. A car without a driver to wait for is free to go.
    async fn released(&mut self) {
        if let Some(release) = &mut self.release {
            release.recv().await;
        }
    }
}

fn charge(mut session: Session, turnover: Arc<AtomicU64>) {
    tokio::spawn(async move {
        for _ in 0..3 {
            session.draw().await;
        }
        session.released().await;
        turnover.fetch_add(session.energy * session.tariff, Ordering::Relaxed);
        tracing::info!("a car leaves");
    });
}

/// Someone who has plugged in a car, and when they will be back.
struct Driver {
    back_at: Instant,
    release: Sender<()>,
}

async fn plug_in(mut arrivals: Arrivals, cafe: Sender<Driver>) {
    let turnover = Arc::new(AtomicU64::new(0));
    loop {
        arrivals.next().await;
        let (driver, release) = mpsc::channel(1);
        let session = Session {
            tariff: 39,
            release: Some(release),
            ..Session::default()
        };
        charge(session, turnover.clone());
        let driver = Driver {
            back_at: Instant::now() + Duration::from_secs(1),
            release: driver,
        };
        cafe.send(driver).await.ok();
    }
}

async fn come_back(mut cafe: Receiver<Driver>) {
    while let Some(driver) = cafe.recv().await {
        sleep_until(driver.back_at).await;
        driver.release.send(()).await.ok();
    }
}

/// Charges cars, whose drivers have a coffee meanwhile.
pub async fn run(arrivals: Arrivals) {
    let (cafe, guests) = mpsc::channel(100);
    tokio::join!(plug_in(arrivals, cafe), come_back(guests));
}
