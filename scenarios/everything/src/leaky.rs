//! A town: a depot, shops, stations, a bank, an archive, and all that goes on there at once.

use pileup_scenario::Arrivals;
use tokio::task::JoinSet;

/// Runs the town. What arrives, arrives everywhere at the same pace.
pub async fn run(arrivals: Arrivals) {
    let mut town = JoinSet::new();
    town.spawn(endless_loop::leaky::run(arrivals.clone()));
    town.spawn(send_without_receive::leaky::run(arrivals.clone()));
    town.spawn(receive_without_send::leaky::run(arrivals.clone()));
    town.spawn(full_channel::leaky::run(arrivals.clone()));
    town.spawn(unclosed_channel::leaky::run(arrivals.clone()));
    town.spawn(nil_channel_receive::leaky::run(arrivals.clone()));
    town.spawn(nil_channel_send::leaky::run(arrivals.clone()));
    town.spawn(request_without_timeout::leaky::run(arrivals.clone()));
    town.spawn(lock_never_released::leaky::run(arrivals.clone()));
    town.spawn(waitgroup_missing_done::leaky::run(arrivals.clone()));
    town.spawn(unread_fan_in::leaky::run(arrivals));
    town.join_all().await;
}
