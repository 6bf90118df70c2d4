//! Vans are loaded at the ramps of a depot, one pallet after the other.
//! The loop ends when no pallet fits any more, and it awaits the forklift instead of holding its worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time;

/// What a van may carry, in kilograms.
const FULL_LOAD: u64 = 1_000;
/// What a pallet weighs, in kilograms.
const PALLET: u64 = 120;
/// How long the forklift takes for a pallet.
const FORKLIFT: Duration = Duration::from_millis(20);

/// Loads a van, and says how many kilograms it carries.
async fn load() -> u64 {
    let mut loaded = 0;
    while loaded + PALLET <= FULL_LOAD {
        loaded += PALLET;
        time::sleep(FORKLIFT).await;
    }
    loaded
}

/// Sends each van to a free ramp, or away. There is one ramp fewer than the runtime has workers.
pub async fn run(mut arrivals: Arrivals) {
    let shipped = Arc::new(AtomicU64::new(0));
    let ramps = Handle::current().metrics().num_workers() - 1;
    let mut loading: Vec<JoinHandle<()>> = Vec::new();
    loop {
        arrivals.next().await;
        loading.retain(|van| !van.is_finished());
        if loading.len() < ramps {
            loading.push(load_van(shipped.clone()));
        }
    }
}

fn load_van(shipped: Arc<AtomicU64>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let kilograms = load().await;
        shipped.fetch_add(kilograms, Ordering::Relaxed);
        tracing::info!(kilograms, "a van leaves");
    })
}
