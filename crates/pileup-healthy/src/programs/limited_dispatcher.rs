//! A studio has three cutting rooms. Whoever hands out the keys waits until one is back.
//!
//! Looks like a task that waits for permits which it has taken all itself. But it has
//! passed them on, and whoever cuts a film brings the key back after half a minute.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time;

const ROOMS: usize = 3;
const CUTTING: Duration = Duration::from_secs(30);
/// The studio opens with this arrival.
const OPENING: u64 = 30;

fn cut(film: u64, key: OwnedSemaphorePermit) {
    tokio::spawn(async move {
        time::sleep(CUTTING).await;
        drop(key);
        film
    });
}

/// Queues films, as long as there is room on the shelf, and has them cut.
pub async fn run(mut arrivals: Arrivals) {
    let (shelf, mut films) = mpsc::channel(10);
    let rooms = Arc::new(Semaphore::new(ROOMS));
    tokio::spawn(async move {
        while let Some(film) = films.recv().await {
            if let Ok(key) = rooms.clone().acquire_owned().await {
                cut(film, key);
            }
        }
    });
    loop {
        let film = arrivals.next().await;
        if film >= OPENING {
            shelf.try_send(film).ok();
        }
    }
}
