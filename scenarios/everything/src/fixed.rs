//! A town: a depot, shops, stations, a bank, an archive, and all that goes on there at once.
//! Each place is fixed in its own way.

use pileup_scenario::Arrivals;
use tokio::task::JoinSet;

/// Runs the town. What arrives, arrives everywhere at the same pace.
pub async fn run(arrivals: Arrivals) {
    let mut town = JoinSet::new();
    town.spawn(endless_loop::fixed::run(arrivals.clone()));
    town.spawn(send_without_receive::fixed::run(arrivals.clone()));
    town.spawn(receive_without_send::fixed::run(arrivals.clone()));
    town.spawn(full_channel::fixed::run(arrivals.clone()));
    town.spawn(unclosed_channel::fixed::run(arrivals.clone()));
    town.spawn(nil_channel_receive::fixed::run(arrivals.clone()));
    town.spawn(nil_channel_send::fixed::run(arrivals.clone()));
    town.spawn(request_without_timeout::fixed::run(arrivals.clone()));
    town.spawn(lock_never_released::fixed::run(arrivals.clone()));
    town.spawn(waitgroup_missing_done::fixed::run(arrivals.clone()));
    town.spawn(unread_fan_in::fixed::run(arrivals));
    town.join_all().await;
}
