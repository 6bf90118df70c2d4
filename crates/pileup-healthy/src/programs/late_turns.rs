//! Clerks queue for the key of the archive. Whoever does not get it soon makes a call first, and
//! stays in the queue meanwhile.
//!
//! Looks like tasks that keep a future in the queue of a lock and no longer poll it, with
//! everybody else behind them. But each call ends, and its clerk then takes the turn.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_millis(50);
const CALL: Duration = Duration::from_secs(10);
const FILING: Duration = Duration::from_millis(10);

async fn clerk(archive: Arc<Mutex<u64>>) {
    let mut key = pin!(archive.lock());
    let mut filed = tokio::select! {
        filed = &mut key => filed,
        () = sleep(PATIENCE) => {
            sleep(CALL).await;
            key.await
        }
    };
    sleep(FILING).await;
    *filed += 1;
}

/// A clerk comes with each arrival. The archive opens late, so that a queue is there.
pub async fn run(mut arrivals: Arrivals) {
    let archive = Arc::new(Mutex::new(0));
    tokio::spawn({
        let opening = archive.clone().lock_owned().await;
        async move {
            sleep(PATIENCE * 4).await;
            drop(opening);
        }
    });
    loop {
        arrivals.next().await;
        tokio::spawn(clerk(archive.clone()));
    }
}
