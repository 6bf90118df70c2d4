//! A canal lock: the keeper opens it for one barge at a time, and the barge closes it behind
//! itself, after a quarter of a minute.
//!
//! Looks like a keeper who waits for a lock that it holds itself. But it has handed the
//! guard to the barge.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};
use tokio::time;

const PASSAGE: Duration = Duration::from_secs(20);

/// Metres above the sea.
type Level = i32;

fn let_through(mut level: OwnedMutexGuard<Level>) {
    tokio::spawn(async move {
        time::sleep(PASSAGE).await;
        *level = 12 - *level;
    });
}

/// Lets barges queue, as long as there is room on the canal, and passes them through.
pub async fn run(mut arrivals: Arrivals) {
    let (canal, mut barges) = mpsc::channel(10);
    let chamber = Arc::new(Mutex::new(4));
    tokio::spawn(async move {
        while barges.recv().await.is_some() {
            let_through(chamber.clone().lock_owned().await);
        }
    });
    loop {
        let barge = arrivals.next().await;
        canal.try_send(barge).ok();
    }
}
