//! A town: a depot, shops, stations, a bank, an archive, and all that goes on there at once.

use pileup_scenario::Arrivals;
use tokio::task::JoinSet;

/// Runs the town. What arrives, arrives everywhere at the same pace.
pub async fn run(arrivals: Arrivals) {
    let mut town = JoinSet::new();
    town.spawn(endless_loop::lookalike::run(arrivals.clone()));
    town.spawn(send_without_receive::lookalike::run(arrivals.clone()));
    town.spawn(receive_without_send::lookalike::run(arrivals.clone()));
    town.spawn(full_channel::lookalike::run(arrivals.clone()));
    town.spawn(unclosed_channel::lookalike::run(arrivals.clone()));
    town.spawn(nil_channel_receive::lookalike::run(arrivals.clone()));
    town.spawn(nil_channel_send::lookalike::run(arrivals.clone()));
    town.spawn(request_without_timeout::lookalike::run(arrivals.clone()));
    town.spawn(lock_never_released::lookalike::run(arrivals.clone()));
    town.spawn(waitgroup_missing_done::lookalike::run(arrivals.clone()));
    town.spawn(unread_fan_in::lookalike::run(arrivals));
    town.join_all().await;
}
