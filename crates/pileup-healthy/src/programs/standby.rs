//! Understudies: seven actors wait for one role, which is played by another all season.
//!
//! Looks like a pile behind a lock that is never given back. But nobody is added to it, and
//! the one who plays is at work.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;
use tokio::time;

const ACTORS: usize = 8;
const SCENE: Duration = Duration::from_secs(1);

fn cast(role: Arc<Mutex<u64>>) {
    tokio::spawn(async move {
        let mut scenes = role.lock().await;
        loop {
            time::sleep(SCENE).await;
            *scenes += 1;
        }
    });
}

/// Casts the role, and admits spectators, who sleep through the first half.
pub async fn run(mut arrivals: Arrivals) {
    let role = Arc::new(Mutex::new(0));
    for _ in 0..ACTORS {
        cast(role.clone());
    }
    loop {
        arrivals.next().await;
        tokio::spawn(time::sleep(SCENE));
    }
}
