//! A boat hire: whoever takes a boat keeps it until the hire calls it in, after six seconds.
//!
//! Looks like tasks that nobody can wake. Nobody can; but each of them is aborted in the end.

use std::future::pending;
use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::time::sleep;

const HIRE: Duration = Duration::from_secs(6);

/// Hires out boats.
pub async fn run(mut arrivals: Arrivals) {
    loop {
        let number = arrivals.next().await;
        let boat = tokio::spawn(async move {
            pending::<()>().await;
            number
        });
        tokio::spawn(async move {
            sleep(HIRE).await;
            boat.abort();
        });
    }
}
