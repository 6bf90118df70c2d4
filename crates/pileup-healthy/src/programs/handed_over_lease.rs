//! Candidates stand for an office; whoever is elected hands the seal to a secretary, who
//! uses it for the whole term. Two wait for the next term.
//!
//! Looks like locks whose holders have ended and forgotten them. But they have handed the
//! guards on.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time;

const OFFICES: usize = 10;
const LETTER: Duration = Duration::from_secs(1);

/// Letters that were sealed.
type Seal = u64;

fn stand(seal: Arc<Mutex<Seal>>) -> oneshot::Receiver<OwnedMutexGuard<Seal>> {
    let (secretary, elected) = oneshot::channel();
    tokio::spawn(async move { secretary.send(seal.lock_owned().await) });
    elected
}

fn hire_secretary(elected: oneshot::Receiver<OwnedMutexGuard<Seal>>) {
    tokio::spawn(async move {
        let Ok(mut seal) = elected.await else { return };
        loop {
            time::sleep(LETTER).await;
            *seal += 1;
        }
    });
}

/// Fills the offices, and receives visitors.
pub async fn run(mut arrivals: Arrivals) {
    for _ in 0..OFFICES {
        let seal = Arc::new(Mutex::new(0));
        for _ in 0..3 {
            hire_secretary(stand(seal.clone()));
        }
    }
    loop {
        arrivals.next().await;
        tokio::spawn(time::sleep(LETTER));
    }
}
