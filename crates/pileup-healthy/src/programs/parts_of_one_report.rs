//! An engraver cuts the three plates of a map one after the other; the map is ordered as a
//! whole.
//!
//! Looks like a task that waits for a lock which it holds itself. It does: three of its parts
//! want the engraver, and whichever has him is asleep until the plate is cut.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;
use tokio::time::sleep;

const CUTTING: Duration = Duration::from_secs(20);
/// A map is ordered with every so-manieth arrival.
const ORDERS: u64 = 700;

/// Plates that were cut.
type Engraver = Mutex<u64>;

async fn cut(engraver: &Engraver) {
    let mut plates = engraver.lock().await;
    sleep(CUTTING).await;
    *plates += 1;
}

/// Orders maps.
pub async fn run(mut arrivals: Arrivals) {
    let engraver = Arc::new(Engraver::default());
    loop {
        if arrivals.next().await % ORDERS == 1 {
            let engraver = engraver.clone();
            tokio::spawn(async move {
                tokio::join!(cut(&engraver), cut(&engraver), cut(&engraver));
            });
        }
    }
}
