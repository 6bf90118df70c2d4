//! A laundry: who brings something in goes home at once, and it is washed on another thread.
//! One machine has been running since the morning.
//!
//! Looks like tasks that nobody can wake, of which there are ever more. But they have ended:
//! the console shows them for as long as the closures run which they have started.

use std::thread;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::task;

const WASH: Duration = Duration::from_secs(4);
const CURTAINS: Duration = Duration::from_secs(600);

fn bring_in(programme: Duration) {
    tokio::spawn(async move {
        task::yield_now().await;
        task::spawn_blocking(move || thread::sleep(programme));
    });
}

/// Takes in the curtains, and then what people bring.
pub async fn run(mut arrivals: Arrivals) {
    bring_in(CURTAINS);
    loop {
        arrivals.next().await;
        bring_in(WASH);
    }
}
