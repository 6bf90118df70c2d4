//! A box office that keeps a seat for a minute, or until it is paid for. Half of the buyers
//! think it over.
//!
//! Looks like requests whose answer was forgotten: in the first minute, nothing ends. But
//! each has a deadline.

use std::time::Duration;

use pileup_scenario::Arrivals;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

const KEPT_FOR: Duration = Duration::from_secs(60);

fn reserve(payment: oneshot::Receiver<u64>) {
    tokio::spawn(async move { timeout(KEPT_FOR, payment).await });
}

fn clean(seat: u64) {
    tokio::spawn(async move {
        sleep(KEPT_FOR).await;
        seat
    });
}

/// Sells a seat for each arrival.
pub async fn run(mut arrivals: Arrivals) {
    let mut unpaid = Vec::new();
    loop {
        let seat = arrivals.next().await;
        let (pay, payment) = oneshot::channel();
        reserve(payment);
        clean(seat);
        if seat.is_multiple_of(2) {
            pay.send(seat).ok();
        } else {
            unpaid.retain(|pay: &oneshot::Sender<u64>| !pay.is_closed());
            unpaid.push(pay);
        }
    }
}
