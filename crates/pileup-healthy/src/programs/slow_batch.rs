//! An archive is scanned: a box takes a quarter of a minute, its pages a moment each.
//!
//! Looks like tasks that hang on what they have spawned. But their pages are done one by
//! one, and so are the boxes.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::task::JoinHandle;
use tokio::time;

const PAGES: u64 = 30;
const SCAN: Duration = Duration::from_millis(500);

fn scan(number: u64) -> JoinHandle<u64> {
    tokio::spawn(async move {
        time::sleep(SCAN).await;
        number
    })
}

fn open_box() {
    tokio::spawn(async {
        for page in 1..=PAGES {
            scan(page).await?;
        }
        Ok::<_, tokio::task::JoinError>(())
    });
}

/// Opens the boxes as they come up from the cellar.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        arrivals.next().await;
        open_box();
    }
}
