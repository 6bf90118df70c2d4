//! Fifty monks copy from the only dictionary of the monastery, one word at a time.
//!
//! Looks like tasks behind a lock that is never free. But it goes from hand to hand.

use std::sync::Arc;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::Mutex;
use tokio::time;

const MONKS: usize = 50;
const LOOKING_UP: Duration = Duration::from_millis(20);

fn copy(words: usize, dictionary: Arc<Mutex<u64>>) {
    tokio::spawn(async move {
        for _ in 0..words {
            let mut consulted = dictionary.lock().await;
            *consulted += 1;
            time::sleep(LOOKING_UP).await;
        }
    });
}

/// Has the monks copy all day, and novices a word each.
pub async fn run(mut arrivals: Arrivals) {
    let dictionary = Arc::new(Mutex::new(0));
    for _ in 0..MONKS {
        copy(usize::MAX, dictionary.clone());
    }
    loop {
        arrivals.next().await;
        copy(1, dictionary.clone());
    }
}
