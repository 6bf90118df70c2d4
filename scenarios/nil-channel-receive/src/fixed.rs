//! A charging station: every car is charged in a few steps, and its plug stays locked until it is released.
//!
//! Fixed: the session is given the channel on which its driver releases it.

use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::sleep;

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

    /// Waits for the driver. A car without a driver to wait for keeps its plug.
    async fn released(&mut self) {
        match &mut self.release {
            Some(release) => release.recv().await,
            None => future::pending().await,
        };
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

/// Charges the cars that come, each until its driver releases it.
pub async fn run(mut arrivals: Arrivals) {
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
        driver.send(()).await.ok();
    }
}
